//! What a hostile plugin tries: each with its outcome, and with the host's memory and time
//! bounded and printed.
#![expect(clippy::unwrap_used, reason = "tests")]

mod compiling;
mod files;
mod guest;
mod measure;
mod running;
