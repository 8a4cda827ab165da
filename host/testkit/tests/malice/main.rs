//! What a hostile plugin or override tries: each with its outcome, and with the host's memory and time
//! bounded and printed.
#![expect(clippy::unwrap_used, reason = "tests")]

mod base;
mod compiling;
mod files;
mod front_door;
mod guest;
mod measure;
mod running;
