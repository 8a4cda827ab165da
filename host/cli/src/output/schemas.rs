//! What there is of schemas, and what became of them.

use deploycenter_domain::desired::SchemaKind;
use deploycenter_domain::problem::Problem;
use deploycenter_engine::ErrorCode;
use deploycenter_platform::WrittenSchemas;
use serde_json::{Value, json};

use super::error::ErrorReport;
use super::style::harmless;
use super::{FORMAT, count};
use crate::words;

/// Which there are, on stdout.
pub(crate) fn list(as_json: bool, kinds: &[SchemaKind]) {
    if as_json {
        let rows = kinds.iter().map(|kind| {
            json!({
                "name": kind.to_string(),
                "describes": kind.describes(),
                "path": kind.path(),
            })
        });
        let rows: Vec<Value> = rows.collect();
        super::outln!("{}", json!({ "format": FORMAT, "schemas": rows }));
        return;
    }
    let names = kinds.iter().map(|kind| kind.to_string().len());
    let width = names.max().unwrap_or_default();
    for kind in kinds {
        super::outln!("{:width$}  {}", kind.to_string(), kind.describes());
    }
}

/// What was written and removed, on stdout.
pub(crate) fn written(as_json: bool, outcome: &WrittenSchemas) {
    let WrittenSchemas {
        written,
        removed,
        same,
    } = outcome;
    if as_json {
        super::outln!(
            "{}",
            json!({ "format": FORMAT, "written": written, "removed": removed })
        );
        return;
    }
    for (verb, paths) in [("Wrote", written), ("Removed", removed)] {
        for path in paths {
            super::outln!("{verb} {path}");
        }
    }
    if *same > 0 {
        super::outln!("Up to date: {}.", count(*same, "schema"));
    }
}

/// That all are as they should be, on stdout.
pub(crate) fn up_to_date(as_json: bool, all: usize) {
    if as_json {
        super::outln!("{}", json!({ "format": FORMAT, "stale": [] }));
    } else {
        super::outln!("Up to date: {}.", count(all, "schema"));
    }
}

/// Names the files whose editors don't know of their schema, on stderr.
pub(crate) fn unnamed(files: &[(String, String)]) {
    for (path, line) in files {
        super::errln!(
            "{path} doesn't name its schema; for editors, let it begin with\n  {}",
            line.trim_end()
        );
    }
}

/// Says why a schema knows less than it might, on stderr.
pub(crate) fn tell(problems: &[Problem]) {
    if !problems.is_empty() {
        let report = ErrorReport::of_problems(
            ErrorCode::Invalid,
            "the schema doesn't hold what can't be read",
            problems.to_vec(),
        );
        super::err!("{}", report.warning());
    }
}

/// Says that schemas in a deployment repo are out of date, where people or their workflow
/// read it.
pub(crate) fn warn(github: bool, stale: &Problem) {
    if github {
        let report = ErrorReport::of_problems(ErrorCode::SchemaStale, "", vec![stale.clone()]);
        super::out!("{}", report.github_warning());
    } else {
        super::errln!("! {}", harmless(&stale.message));
        if let Some(help) = &stale.help {
            super::errln!("  help: {}", harmless(&words::advice(help)));
        }
    }
}
