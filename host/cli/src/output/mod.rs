//! What people and other programs are shown. Everything is made as text first, styled with
//! escape codes; `anstream` takes those out where a stream is no terminal or `NO_COLOR`
//! is set. No meaning is in colour alone.

pub(crate) mod diff;
pub(crate) mod doctor;
mod effect;
pub(crate) mod error;
pub(crate) mod grouped;
pub(crate) mod history;
pub(crate) mod notes;
pub(crate) mod orphans;
pub(crate) mod plan;
pub(crate) mod print;
pub(crate) mod progress;
pub(crate) mod status;
mod style;
mod table;

pub(crate) use print::{err, errln, out, outln};
pub(crate) use style::harmless;
pub(crate) mod watch;

/// The version of the JSON that `status` and `history` print.
pub(crate) const FORMAT: u32 = 1;

/// Plain data as JSON over several lines, ended.
fn json(value: &impl serde::Serialize) -> String {
    let text =
        serde_json::to_string_pretty(value).expect("reports are plain data with string keys");
    text + "\n"
}

/// A text for snapshots: what is shown where there is no colour.
#[cfg(test)]
fn plain(styled: &str) -> String {
    anstream::adapter::strip_str(styled).to_string()
}
