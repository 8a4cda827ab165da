//! Where values come from.

use deploycenter_domain::desired::Dropped;
use deploycenter_domain::name::TargetId;
use deploycenter_engine::workflow::{Explained, ExplainedValue};
use serde::Serialize;
use serde_json::{Value, json};

use super::style::harmless;

/// One value and where it came from.
#[derive(Debug, Serialize)]
struct ExplainRow<'a> {
    /// Dotted: `smtp.host`.
    path: &'a str,
    value: &'a Value,
    /// The layer, in words.
    layer: &'static str,
    file: &'a str,
    line: u32,
}

/// A first-level key that a layer drops.
#[derive(Debug, Serialize)]
struct Drop<'a> {
    path: &'a str,
    /// The layer that says `null`, in words.
    layer: &'static str,
    file: &'a str,
    line: u32,
    /// What would hold without it; left out when no layer below gives the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<At<'a>>,
}

/// Where a value stands that doesn't hold.
#[derive(Debug, Serialize)]
struct At<'a> {
    layer: &'static str,
    file: &'a str,
    line: u32,
}

impl<'a> Drop<'a> {
    fn new(key: &'a str, dropped: &'a Dropped) -> Self {
        Self {
            path: key,
            layer: dropped.by.layer.as_str(),
            file: &dropped.by.file,
            line: dropped.by.line,
            of: dropped.of.as_ref().map(|of| At {
                layer: of.layer.as_str(),
                file: &of.file,
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

/// For a program.
pub(crate) fn json(target: &TargetId, explained: &Explained) -> Value {
    let Explained::Values { values, dropped } = explained else {
        return json!({ "format": super::FORMAT, "target": target, "values": [] });
    };
    let values: Vec<ExplainRow<'_>> = values.iter().map(row).collect();
    let dropped = dropped.iter().map(|(key, it)| Drop::new(key, it));
    json!({
        "format": super::FORMAT,
        "target": target,
        "values": values,
        "dropped": dropped.collect::<Vec<_>>(),
    })
}

fn row(value: &ExplainedValue) -> ExplainRow<'_> {
    ExplainRow {
        path: &value.path,
        value: &value.value,
        layer: value.origin.layer.as_str(),
        file: &value.origin.file,
        line: value.origin.line,
    }
}

/// A table, each line ended; none of what has no values.
pub(crate) fn human(explained: &Explained) -> Option<String> {
    let Explained::Values { values, dropped } = explained else {
        return None;
    };
    let values = values.iter().map(row).map(|row| {
        let place = format!("{} ({}:{})", row.layer, row.file, row.line);
        [row.path, &row.value.to_string(), &place].map(harmless)
    });
    let dropped = dropped.iter().map(|(key, it)| {
        let row = Drop::new(key, it);
        [row.path, "(dropped)", &row.in_words()].map(harmless)
    });
    let rows: Vec<[String; 3]> = values.chain(dropped).collect();
    let width = |cell: usize| rows.iter().map(|row| row[cell].len()).max().unwrap_or(0);
    let (path, value) = (width(0), width(1).min(48));
    let lines = rows
        .iter()
        .map(|row| format!("{:path$}  {:value$}  {}\n", row[0], row[1], row[2]));
    Some(lines.collect())
}
