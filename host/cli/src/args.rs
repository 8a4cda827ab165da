//! Arguments that commands share.

use std::time::Duration;

use clap::{Args as ClapArgs, ValueEnum};

/// What is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    Text,
    /// For programs; its formats are numbered and stable.
    Json,
    /// Problems as annotations of a GitHub workflow; the rest as for people.
    Github,
}

/// Which targets.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Selectors {
    /// acme, acme/odoo, '*/odoo'; everything when absent
    #[arg(value_name = "SELECTOR")]
    pub(crate) selectors: Vec<String>,
    /// Only instances in this region
    #[arg(long)]
    pub(crate) region: Option<String>,
    /// Only instances in this environment
    #[arg(long)]
    pub(crate) environment: Option<String>,
}

/// The shortest wait that leaves others room.
const SHORTEST: Duration = Duration::from_millis(200);

/// A duration that doesn't hammer whoever is asked.
pub(crate) fn interval(text: &str) -> Result<Duration, String> {
    let interval = duration(text)?;
    if interval < SHORTEST {
        return Err(format!("{text} is shorter than {SHORTEST:?}"));
    }
    Ok(interval)
}

/// `150ms`, `2s`, `1m`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits
        .parse()
        .map_err(|_| format!("\"{text}\" is no duration like 150ms or 2s"))?;
    match &text[digits.len()..] {
        "ms" => Ok(Duration::from_millis(number)),
        "s" => Ok(Duration::from_secs(number)),
        "m" => Ok(Duration::from_secs(number.saturating_mul(60))),
        _ => Err(format!("\"{text}\" needs a unit: ms, s or m")),
    }
}
