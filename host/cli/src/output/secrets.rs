//! A list of secrets.

use deploycenter_engine::workflow::SecretStatus;
use serde_json::{Value, json};

use super::style::harmless;

/// For a program.
pub(crate) fn json(secrets: &[SecretStatus]) -> Value {
    let rows = secrets.iter().map(|secret| {
        json!({
            "target": secret.target,
            "name": secret.name,
            "source": secret.source.as_str(),
            "entry": secret.entry,
        })
    });
    json!({ "format": super::FORMAT, "secrets": rows.collect::<Vec<_>>() })
}

/// A line for each, ended.
pub(crate) fn human(secrets: &[SecretStatus]) -> String {
    if secrets.is_empty() {
        return "There are no secrets.\n".to_owned();
    }
    let line = |secret: &SecretStatus| {
        format!(
            "{:<32} {:<12} {:<10} {}\n",
            secret.target.to_string(),
            harmless(&secret.name),
            secret.source.as_str(),
            harmless(&secret.entry)
        )
    };
    secrets.iter().map(line).collect()
}
