//! One deployment's way through the domain: what is wanted, what would change, what the
//! journal says, whether a plan still holds, and the way back.
#![expect(clippy::unwrap_used, reason = "tests")]

mod adopt;
mod base;
mod base_guards;
mod base_page;
mod batch;
mod bind;
#[path = "../common/mod.rs"]
mod common;
mod data_version;
mod fuzz;
mod guardrails;
mod history;
mod journal;
mod laws;
mod lock;
mod manifest;
mod plan;
mod readers;
mod refused;
mod saved;
mod scene;
mod stale;
mod support;
mod unwind;
mod wanted;
