//! The saga, through real clients against the stand-ins: killed at every point, failed at
//! every call, run twice.
#![expect(clippy::unwrap_used, reason = "tests")]

mod change;
mod crash;
mod data_version;
mod dual_stack;
mod fail;
mod foreign;
mod former;
mod habits;
mod hands;
mod hold;
mod life;
mod orphans;
mod outage;
mod queue;
mod refuse;
mod rollout;
mod runs;
mod scene;
mod stopped;
mod twice;
mod two;
