//! The pure core of DeployCenter: what is wanted, what would change, and what a
//! journal says happened.
//!
//! Nothing here does IO, reads a clock or draws a random number; a test reads this
//! crate's manifest to prove that it could not.

pub mod address;
pub mod application;
pub mod base;
pub mod base_change;
pub mod batch;
pub mod bind;
pub mod chart;
pub mod context;
pub mod data_version;
pub mod declaration;
pub mod deployed;
pub mod desired;
pub mod digest;
pub mod effect;
pub mod escape;
pub mod former;
pub mod guardrails;
pub mod history;
pub mod hold;
pub mod journal;
pub mod lock;
pub mod manifest;
pub mod name;
pub mod naming;
pub mod operation;
pub mod plan;
pub mod problem;
pub mod quantity;
pub mod remedy;
pub mod resource;
pub mod saga;
pub mod saved;
pub mod secret_version;
pub mod selector;
pub mod stale;
pub mod sync_options;
pub mod token;
pub mod undo_step;
pub mod unwind;
pub mod wanted;
