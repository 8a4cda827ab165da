//! The saga, through real clients against the stand-ins: killed at every point, failed at
//! every call, run twice.
#![expect(clippy::unwrap_used, reason = "tests")]

mod crash;
mod fail;
mod refuse;
mod scene;
mod twice;
