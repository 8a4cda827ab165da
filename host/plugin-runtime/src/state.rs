//! What the host keeps for one call of a plugin.

use std::sync::Arc;

use deploycenter_domain::declaration::{Declaration, Manifest, Request};
use deploycenter_domain::effect::{EffectId, EffectKind};
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

/// The data of a store.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) templates: Arc<Templates>,
    pub(crate) request: Request,
    pub(crate) phase: Phase,
    pub(crate) declaration: Declaration,
    pub(crate) meter: Meter,
    pub(crate) log_lines: usize,
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
            log_lines: 0,
            last_error: None,
        }
    }

    /// Stops the guest unless it has a grant.
    ///
    /// # Errors
    /// A trap that names the grant.
    pub(crate) fn granted(&self, grant: &str) -> Result<(), Error> {
        if self.manifest.grants.iter().any(|given| given == grant) {
            return Ok(());
        }
        Err(Error::from(HostFault(format!(
            "calls `{grant}`, for which it has no grant"
        ))))
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
    map: &mut std::collections::BTreeMap<K, V>,
    what: &str,
    name: K,
    value: V,
) -> Result<(), String> {
    match map.get(&name) {
        Some(same) if *same == value => Ok(()),
        Some(_) => Err(format!(
            "the {what} {name} is declared twice, with different contents"
        )),
        None if map.len() >= limits::DECLARED => Err(format!(
            "more than {} of the kind {what} are declared",
            limits::DECLARED
        )),
        None => {
            map.insert(name, value);
            Ok(())
        }
    }
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
    text.chars()
        .take(80)
        .collect::<String>()
        .escape_debug()
        .to_string()
}

/// The id of an effect whose name was checked.
pub(crate) fn effect(kind: EffectKind, name: &str) -> Result<EffectId, String> {
    EffectId::new(kind, name).map_err(|error| error.to_string())
}
