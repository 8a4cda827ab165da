//! What the host keeps for one call of a plugin.

use std::collections::BTreeMap;
use std::sync::Arc;

use deploycenter_domain::declaration::{Declaration, Manifest, Request};
use deploycenter_domain::effect::{EffectId, EffectKind};
use deploycenter_domain::escape;
use wasmtime::Error;

use crate::failure::HostFault;
use crate::limits::{self, Meter};
use crate::renderer::Templates;

/// What the guest was called for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It may render, and declares nothing.
    Validate,
    /// It declares.
    Plan,
}

/// What a guest has used of the host beside its own steps and memory.
#[derive(Debug, Default)]
pub(crate) struct Spent {
    calls: usize,
    bytes: usize,
    /// Steps of the template engine.
    pub(crate) rendering: u64,
    pub(crate) log_lines: usize,
    pub(crate) log_bytes: usize,
}

/// The data of a store.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) templates: Arc<Templates>,
    pub(crate) request: Request,
    pub(crate) phase: Phase,
    pub(crate) declaration: Declaration,
    pub(crate) meter: Meter,
    pub(crate) spent: Spent,
    /// The last line that the guest logged as an error: what it says when it panics.
    pub(crate) last_error: Option<String>,
}

impl State {
    pub(crate) fn new(
        manifest: Arc<Manifest>,
        templates: Arc<Templates>,
        request: Request,
        phase: Phase,
    ) -> Self {
        Self {
            manifest,
            templates,
            request,
            phase,
            declaration: Declaration::default(),
            meter: Meter::default(),
            spent: Spent::default(),
            last_error: None,
        }
    }

    /// Counts a call, and stops the guest unless it has a grant.
    ///
    /// # Errors
    /// A trap that names the grant, or says that it calls too often.
    pub(crate) fn granted(&mut self, grant: &str) -> Result<(), Error> {
        self.called()?;
        if self.manifest.grants.iter().any(|given| given == grant) {
            return Ok(());
        }
        Err(Error::from(HostFault(format!(
            "calls `{grant}`, for which it has no grant"
        ))))
    }

    /// Counts a call that needs no grant.
    ///
    /// # Errors
    /// A trap when there were too many.
    pub(crate) fn called(&mut self) -> Result<(), Error> {
        self.spent.calls += 1;
        if self.spent.calls > limits::HOST_CALLS {
            return Err(Error::from(HostFault(format!(
                "calls the host more than {} times",
                limits::HOST_CALLS
            ))));
        }
        Ok(())
    }

    /// Counts the bytes that come with a call.
    ///
    /// # Errors
    /// A trap when there were too many.
    pub(crate) fn receive(&mut self, texts: &[&str]) -> Result<(), Error> {
        let bytes: usize = texts.iter().map(|text| text.len()).sum();
        self.spent.bytes = self.spent.bytes.saturating_add(bytes);
        if self.spent.bytes > limits::HOST_BYTES {
            return Err(Error::from(HostFault(format!(
                "gives the host more than {} MiB to work on",
                limits::HOST_BYTES >> 20
            ))));
        }
        Ok(())
    }

    /// The declaration, for one more change.
    ///
    /// # Errors
    /// A trap without the grant or while values are validated.
    pub(crate) fn declare(&mut self, grant: &str) -> Result<&mut Declaration, Error> {
        self.granted(grant)?;
        if self.phase != Phase::Plan {
            return Err(Error::from(HostFault(format!(
                "calls `{grant}` while it validates values, where nothing can be declared"
            ))));
        }
        Ok(&mut self.declaration)
    }
}

/// Puts an entry into a part of the declaration.
///
/// # Errors
/// When another content was declared under that name, or there are too many.
pub(crate) fn insert<K: Ord + std::fmt::Display, V: PartialEq>(
    declaration: &mut Declaration,
    part: impl FnOnce(&mut Declaration) -> &mut BTreeMap<K, V>,
    what: &str,
    name: K,
    value: V,
) -> Result<(), String> {
    let in_all = declared(declaration);
    let map = part(declaration);
    match map.get(&name) {
        Some(same) if *same == value => Ok(()),
        Some(_) => Err(format!(
            "the {what} {name} is declared twice, with different contents"
        )),
        None if map.len() >= limits::DECLARED => Err(format!(
            "more than {} of the kind {what} are declared",
            limits::DECLARED
        )),
        None if in_all >= limits::DECLARED_IN_ALL => Err(format!(
            "more than {} things are declared",
            limits::DECLARED_IN_ALL
        )),
        None => {
            map.insert(name, value);
            Ok(())
        }
    }
}

/// How many effects were declared.
fn declared(declaration: &Declaration) -> usize {
    declaration.files.len()
        + declaration.volumes.len()
        + declaration.records.len()
        + declaration.generated.len()
        + declaration.given.len()
        + declaration.applications.len()
}

/// Checks that a text fits in what one plan may declare, beside what it has already.
///
/// # Errors
/// A sentence for the plugin's author.
pub(crate) fn fits(declaration: &Declaration, what: &str, text: &str) -> Result<(), String> {
    if text.len() > limits::TEXT {
        return Err(format!("{what} has more than {} KiB", limits::TEXT >> 10));
    }
    let files: usize = declaration.files.values().map(String::len).sum();
    if files + text.len() > limits::TEXT_IN_ALL {
        return Err(format!(
            "with {what} the plan's files have more than {} KiB",
            limits::TEXT_IN_ALL >> 10
        ));
    }
    Ok(())
}

/// Checks the name of a volume, record or secret.
///
/// # Errors
/// A sentence for the plugin's author.
pub(crate) fn check_name(what: &str, name: &str) -> Result<(), String> {
    let fine = (1..=40).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if fine {
        return Ok(());
    }
    Err(format!(
        "\"{}\" is no name for a {what}: 1 to 40 of a-z, 0-9 and hyphens are",
        shown(name)
    ))
}

/// A guest's text as it may stand in a message.
pub(crate) fn shown(text: &str) -> String {
    escape::clipped(text, 80).escape_debug().to_string()
}

/// The id of an effect whose name was checked.
pub(crate) fn effect(kind: EffectKind, name: &str) -> Result<EffectId, String> {
    EffectId::new(kind, name).map_err(|error| error.to_string())
}
