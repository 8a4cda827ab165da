//! What the real binary renders: the same bytes as the committed golden files, and the
//! same bytes wherever, whenever and by whomever it is run.
#![expect(clippy::unwrap_used, reason = "tests")]

mod applied;
mod edges;
mod files;
mod place;
mod surroundings;
