//! What a plan changes in objects of a base that are there already.

mod changed;
mod kept;
pub mod permanent;
pub mod restart;

#[cfg(test)]
pub(crate) use changed::file_effect;
pub use changed::{Changed, changed};
pub(crate) use kept::kept;
