//! Plans that take targets away, with their data or without.

mod destroy;
mod purge;
mod shared;
mod unprotect;

pub(crate) use shared::removal_of_shared;
