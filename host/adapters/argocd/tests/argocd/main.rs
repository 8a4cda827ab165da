//! Against the stand-in, which answers as a real Argo CD was seen to.
#![expect(clippy::unwrap_used, reason = "tests")]

mod adopt;
mod doctor;
mod habits;
mod owned;
mod support;
mod takeover;
