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

/// Links the interfaces that a plugin may use: shapes and edges, and those of its
/// `permitted` grants. What isn't linked can't be called; each call asks once more.
pub(crate) fn link(linker: &mut Linker<State>, permitted: &[String]) -> Result<(), Error> {
    type Own = HasSelf<State>;
    type Add = fn(&mut Linker<State>) -> Result<(), Error>;
    deploycenter::types::types::add_to_linker::<_, Own>(linker, |state| state)?;
    deploycenter::plugin::contract::add_to_linker::<_, Own>(linker, |state| state)?;
    deploycenter::plugin::graph::add_to_linker::<_, Own>(linker, |state| state)?;
    let granted: [(&str, Add); 9] = [
        ("argocd", |linker| {
            deploycenter::argocd::argocd::add_to_linker::<_, Own>(linker, |state| state)
        }),
        ("efs", |linker| {
            deploycenter::aws::efs::add_to_linker::<_, Own>(linker, |state| state)
        }),
        ("git", |linker| {
            deploycenter::git::git::add_to_linker::<_, Own>(linker, |state| state)
        }),
        ("log", |linker| {
            deploycenter::log::log::add_to_linker::<_, Own>(linker, |state| state)
        }),
        ("network", |linker| {
            deploycenter::tenancy::network::add_to_linker::<_, Own>(linker, |state| state)
        }),
        ("quota", |linker| {
            deploycenter::tenancy::quota::add_to_linker::<_, Own>(linker, |state| state)
        }),
        ("rendering", |linker| {
            deploycenter::rendering::rendering::add_to_linker::<_, Own>(linker, |state| state)
        }),
        ("route53", |linker| {
            deploycenter::aws::route53::add_to_linker::<_, Own>(linker, |state| state)
        }),
        ("secrets", |linker| {
            deploycenter::aws::secrets::add_to_linker::<_, Own>(linker, |state| state)
        }),
    ];
    for (_, add) in granted
        .iter()
        .filter(|(grant, _)| permitted.iter().any(|given| given == grant))
    {
        add(linker)?;
    }
    Ok(())
}

impl deploycenter::types::types::Host for State {}
impl deploycenter::plugin::contract::Host for State {}
