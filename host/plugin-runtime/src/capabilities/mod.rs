//! The host side of each interface that plugins import: it checks what they ask for and
//! writes it into the declaration. Nothing here calls anything outside.
//!
//! A plugin's mistake comes back to it as an error; what only a plugin that ignores its
//! grants can do is a trap.

mod argocd;
mod efs;
mod git;
mod graph;
mod log;
mod network;
mod quota;
mod rendering;
mod route53;
mod secrets;
#[cfg(test)]
mod tests;

use wasmtime::Error;
use wasmtime::component::{HasSelf, Linker};

use crate::bindings::app::deploycenter;
use crate::state::State;

/// Links every interface; which of them a plugin may use is checked when it is loaded,
/// and again when it calls.
pub(crate) fn link(linker: &mut Linker<State>) -> Result<(), Error> {
    type Own = HasSelf<State>;
    deploycenter::types::types::add_to_linker::<_, Own>(linker, |state| state)?;
    deploycenter::plugin::contract::add_to_linker::<_, Own>(linker, |state| state)?;
    deploycenter::plugin::graph::add_to_linker::<_, Own>(linker, |state| state)?;
    deploycenter::rendering::rendering::add_to_linker::<_, Own>(linker, |state| state)?;
    deploycenter::aws::efs::add_to_linker::<_, Own>(linker, |state| state)?;
    deploycenter::aws::route53::add_to_linker::<_, Own>(linker, |state| state)?;
    deploycenter::aws::secrets::add_to_linker::<_, Own>(linker, |state| state)?;
    deploycenter::git::git::add_to_linker::<_, Own>(linker, |state| state)?;
    deploycenter::argocd::argocd::add_to_linker::<_, Own>(linker, |state| state)?;
    deploycenter::tenancy::network::add_to_linker::<_, Own>(linker, |state| state)?;
    deploycenter::tenancy::quota::add_to_linker::<_, Own>(linker, |state| state)?;
    deploycenter::log::log::add_to_linker::<_, Own>(linker, |state| state)
}

impl deploycenter::types::types::Host for State {}
impl deploycenter::plugin::contract::Host for State {}
