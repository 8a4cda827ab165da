//! Plans: what is wanted held against what is there.

mod adopt;
mod drift;
mod effects;
mod fleet;
mod hold;
mod instance;
mod options;
mod provided;
mod remove;
mod revive;
mod scope;
mod shared;

pub use fleet::Planned;
pub use hold::{Back, Replanned};
pub use options::PlanOptions;
pub use provided::{ProvidedEntries, ProvidedEntry, Standstill};
pub(crate) use remove::removal_of_shared;
