//! What of ours is outside, and whose it is: by its marks, by the journal and by name.

mod everything;
mod known;
mod orphans;
mod usages;

pub use orphans::Orphan;
pub(crate) use usages::{Usage, Usages};
