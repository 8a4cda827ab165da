//! `explain`.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use deploycenter_domain::desired::{Dropped, Merged, did_you_mean};
use deploycenter_domain::name::TargetId;
use serde::Serialize;
use serde_json::Value;

use super::CommandContext;
use crate::fail::Fail;
use crate::output::{self, harmless};

/// One value and where it came from.
#[derive(Debug, Serialize)]
struct ExplainRow {
    /// Dotted: `smtp.host`.
    path: String,
    value: Value,
    /// The layer, in words.
    layer: &'static str,
    file: String,
    line: u32,
}

/// A first-level key that a layer drops.
#[derive(Debug, Serialize)]
struct Drop {
    path: String,
    /// The layer that says `null`, in words.
    layer: &'static str,
    file: String,
    line: u32,
    /// What would hold without it; left out when no layer below gives the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<At>,
}

/// Where a value stands that doesn't hold.
#[derive(Debug, Serialize)]
struct At {
    layer: &'static str,
    file: String,
    line: u32,
}

impl Drop {
    fn new(key: &str, dropped: &Dropped) -> Self {
        Self {
            path: key.to_owned(),
            layer: dropped.by.layer.as_str(),
            file: dropped.by.file.clone(),
            line: dropped.by.line,
            of: dropped.of.as_ref().map(|of| At {
                layer: of.layer.as_str(),
                file: of.file.clone(),
                line: of.line,
            }),
        }
    }

    fn in_words(&self) -> String {
        let place = format!("{} ({}:{})", self.layer, self.file, self.line);
        match &self.of {
            Some(of) => format!("{place} drops {} ({}:{})", of.layer, of.file, of.line),
            None => format!("{place}; nothing below gives it"),
        }
    }
}

/// Where each value of a target comes from: layer, file and line
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  deploycenter explain acme/mattermost\n  deploycenter explain acme/mattermost smtp.host"
)]
pub(crate) struct ExplainArgs {
    /// <customer>/<instance>, or <customer>/_customer
    pub(crate) target: TargetId,
    /// Only this value and those below it: smtp, smtp.host
    pub(crate) path: Option<String>,
}

pub(super) async fn run(context: &CommandContext, args: &ExplainArgs) -> Result<ExitCode, Fail> {
    let (target, path) = (&args.target, args.path.as_deref());
    let (offline, reading, busy) = context.offline().await?;
    let desired = Arc::new(reading.whole()?);
    if target.is_shared() {
        offline.render(desired, Some(target)).await?;
        drop(busy);
        return shared(context, target);
    }
    let merged = offline.explain(desired, target).await?;
    drop(busy);
    let mut rows = Vec::new();
    for (key, value) in &merged.values {
        leaves(
            &merged,
            key,
            &format!("/{}", escaped(key)),
            value,
            &mut rows,
        );
    }
    let mut dropped: Vec<Drop> = merged
        .dropped
        .iter()
        .map(|(key, dropped)| Drop::new(key, dropped))
        .collect();
    if let Some(path) = path {
        let below = format!("{path}.");
        let known = rows.iter().map(|row| row.path.clone());
        let known: Vec<String> = known
            .chain(dropped.iter().map(|row| row.path.clone()))
            .collect();
        rows.retain(|row| row.path == path || row.path.starts_with(&below));
        // What was asked for may lie below what was dropped.
        dropped.retain(|row| {
            let rest = path.strip_prefix(row.path.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        });
        if rows.is_empty() && dropped.is_empty() {
            let fail = Fail::new("unknown-value", format!("{target} has no value \"{path}\""));
            return Err(match did_you_mean(path, known.iter().map(String::as_str)) {
                Some(help) => fail.help(help),
                None => fail,
            });
        }
    }
    if context.json {
        crate::output::outln!(
            "{}",
            serde_json::json!({
                "format": output::FORMAT,
                "target": target,
                "values": rows,
                "dropped": dropped,
            })
        );
    } else {
        crate::output::out!("{}", human(&rows, &dropped));
    }
    Ok(ExitCode::SUCCESS)
}

/// What a customer's instances share comes from no value.
fn shared(context: &CommandContext, target: &TargetId) -> Result<ExitCode, Fail> {
    if context.json {
        output::outln!(
            "{}",
            serde_json::json!({ "format": output::FORMAT, "target": target, "values": [] })
        );
    } else {
        output::errln!(
            "{target} has no values: it follows from where the customer's instances run. `deploycenter render {target}` shows it."
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// A value's leaves: lists and empty maps are leaves.
fn leaves(merged: &Merged, path: &str, pointer: &str, value: &Value, rows: &mut Vec<ExplainRow>) {
    if let Value::Object(map) = value
        && !map.is_empty()
    {
        for (key, value) in map {
            leaves(
                merged,
                &format!("{path}.{key}"),
                &format!("{pointer}/{}", escaped(key)),
                value,
                rows,
            );
        }
        return;
    }
    if let Some(origin) = merged.origin(pointer) {
        rows.push(ExplainRow {
            path: path.to_owned(),
            value: value.clone(),
            layer: origin.layer.as_str(),
            file: origin.file,
            line: origin.line,
        });
    }
}

/// A key in a JSON pointer (RFC 6901).
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn human(rows: &[ExplainRow], dropped: &[Drop]) -> String {
    let values = rows.iter().map(|row| {
        let place = format!("{} ({}:{})", row.layer, row.file, row.line);
        [&row.path, &row.value.to_string(), &place].map(|text| harmless(text))
    });
    let dropped = dropped
        .iter()
        .map(|row| [&row.path, "(dropped)", &row.in_words()].map(harmless));
    let rows: Vec<[String; 3]> = values.chain(dropped).collect();
    let width = |cell: usize| rows.iter().map(|row| row[cell].len()).max().unwrap_or(0);
    let (path, value) = (width(0), width(1).min(48));
    rows.iter()
        .map(|row| format!("{:path$}  {:value$}  {}\n", row[0], row[1], row[2]))
        .collect()
}
