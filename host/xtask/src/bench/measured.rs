//! Figures as they come from a measurement, before anyone judges them.

use anyhow::{Context as _, Result};
use serde::Deserialize;

/// One figure of ours, and of a peer where there is one, round by round.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Measured {
    /// Which goal it is held against: `B1.minijinja`.
    pub(crate) id: String,
    /// What was done.
    pub(crate) what: String,
    /// `ms`, `s`, `MB`, `calls` or `×`.
    pub(crate) unit: String,
    /// Ours, one a round.
    pub(crate) ours: Vec<f64>,
    /// The peer's, of the same rounds.
    pub(crate) peer: Option<Peer>,
}

/// Whom we are compared with.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Peer {
    /// Its name and version.
    pub(crate) name: String,
    /// One a round.
    pub(crate) values: Vec<f64>,
}

/// Reads one JSON document a line.
pub(crate) fn read(stdout: &[u8]) -> Result<Vec<Measured>> {
    String::from_utf8_lossy(stdout)
        .lines()
        .map(|line| serde_json::from_str(line).with_context(|| format!("no measurement: {line}")))
        .collect()
}
