//! Figures as `cargo xtask bench` reads them.

use serde_json::{Value, json};

/// One figure of ours against one of a peer, round by round; without a peer where the
/// goal is a figure itself.
pub(crate) struct Measurement<'a> {
    /// Which goal: `B1.minijinja`.
    pub(crate) id: &'a str,
    /// What was done, and how often.
    pub(crate) what: String,
    /// `ms`, `s`, `MB` or `calls`.
    pub(crate) unit: &'a str,
    /// Ours, one a round.
    pub(crate) ours: &'a [f64],
    /// The peer's name and its figures, of the same rounds in the same order.
    pub(crate) peer: Option<(&'a str, &'a [f64])>,
}

impl Measurement<'_> {
    /// Prints the line.
    pub(crate) fn print(&self) {
        let peer = self.peer.map_or(
            Value::Null,
            |(name, values)| json!({ "name": name, "values": values }),
        );
        println!(
            "{}",
            json!({ "id": self.id, "what": self.what, "unit": self.unit, "ours": self.ours, "peer": peer })
        );
    }
}
