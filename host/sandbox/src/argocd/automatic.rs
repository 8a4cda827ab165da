//! Automated sync: whether a comparison starts one, and how it is tried again.

use serde_json::Value;

use super::apply::sync_options;
use super::json::text;
use super::spec::is_automated;
use super::state::{Application, Comparison, Operation, Retry};
use crate::service::Millis;

/// Drift is healed no sooner than this after the last sync.
const HEALS_AFTER: Millis = 5_000;

/// What a comparison means for automated sync.
pub(crate) enum Due {
    No,
    Start,
    Later(Millis),
    /// Not again, for this reason.
    Blocked(String),
}

/// Whether automated sync starts now.
pub(crate) fn due(application: &Application, compared: &Comparison, at: Millis) -> Due {
    let spec = &application.spec;
    if !is_automated(spec)
        || application.operation.is_some()
        || application.deleting.is_some()
        || compared.sync != "OutOfSync"
    {
        return Due::No;
    }
    let prunes = spec.pointer("/syncPolicy/automated/prune") == Some(&Value::Bool(true));
    let differs = compared
        .resources
        .iter()
        .any(|resource| resource.sync == "OutOfSync" && !resource.requires_pruning);
    if !differs && !prunes {
        return Due::No;
    }
    if compared
        .resources
        .iter()
        .filter(|resource| !resource.hook)
        .all(|resource| resource.requires_pruning)
        && spec.pointer("/syncPolicy/automated/allowEmpty") != Some(&Value::Bool(true))
    {
        return Due::Blocked(format!(
            "Skipping sync attempt to [{}]: auto-sync will wipe out all resources",
            compared.revision
        ));
    }
    let Some(last) = &application.operation_state else {
        return Due::Start;
    };
    let failed = || {
        Due::Blocked(format!(
            "Failed last sync attempt to [{}]: {}",
            last.operation.revision, last.message
        ))
    };
    let same = last.operation.revision == compared.revision
        && Some(&last.operation.source) == spec.get("source");
    if !same {
        // After a sync by hand of a commit that doesn't compile, the next push isn't synced either.
        let by_hand = last.operation.username.is_some();
        let uncompilable = last.phase == "Error" && last.message.starts_with("ComparisonError");
        return if by_hand && uncompilable {
            failed()
        } else {
            Due::Start
        };
    }
    if last.phase != "Succeeded" {
        return failed();
    }
    if !differs || spec.pointer("/syncPolicy/automated/selfHeal") != Some(&Value::Bool(true)) {
        return Due::No;
    }
    let from = last.finished.unwrap_or(last.started) + HEALS_AFTER;
    if at >= from {
        Due::Start
    } else {
        Due::Later(from)
    }
}

/// An automatic sync to a commit.
pub(crate) fn automatic(spec: &Value, revision: String) -> Operation {
    Operation {
        revision,
        source: spec.get("source").cloned().unwrap_or_default(),
        prune: spec.pointer("/syncPolicy/automated/prune") == Some(&Value::Bool(true)),
        sync_options: sync_options(spec),
        retry: retry(spec),
        ..Operation::default()
    }
}

/// `syncPolicy.retry`, else what automatic syncs do.
fn retry(spec: &Value) -> Retry {
    let Some(given) = spec.pointer("/syncPolicy/retry") else {
        return Retry::AUTOMATIC;
    };
    let limit = given
        .get("limit")
        .and_then(Value::as_i64)
        .unwrap_or_default();
    Retry {
        limit: u32::try_from(limit).ok(),
        first: duration(text(given, "/backoff/duration")).unwrap_or(5_000),
        factor: given
            .pointer("/backoff/factor")
            .and_then(Value::as_u64)
            .unwrap_or(2),
        longest: duration(text(given, "/backoff/maxDuration")).unwrap_or(180_000),
    }
}

/// Go's durations, as far as whole numbers go: `5s`, `3m`, `1m30s`, `500ms`; a bare number is
/// seconds.
fn duration(text: &str) -> Option<Millis> {
    let mut total: Millis = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        let number: Millis = rest[..digits].parse().ok()?;
        let tail = &rest[digits..];
        let unit_end = tail
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(tail.len());
        let scale = match &tail[..unit_end] {
            "ms" => 1,
            "s" | "" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => return None,
        };
        total = total.saturating_add(number.saturating_mul(scale));
        rest = &tail[unit_end..];
    }
    (!text.is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn durations() {
        for (text, wanted) in [
            ("5s", Some(5_000)),
            ("1m30s", Some(90_000)),
            ("500ms", Some(500)),
            ("10", Some(10_000)),
            ("", None),
            ("1x", None),
        ] {
            assert_eq!(duration(text), wanted, "{text}");
        }
    }

    #[test]
    fn an_applications_own_retry_counts() {
        let spec = json!({"syncPolicy": {"retry": {"limit": 2, "backoff": {"duration": "1s", "maxDuration": "3s"}}}});
        let found = retry(&spec);
        assert_eq!(found.limit, Some(2));
        assert_eq!([0, 1, 2].map(|n| found.wait(n)), [1_000, 2_000, 3_000]);
        assert_eq!(
            retry(&json!({"syncPolicy": {"retry": {"limit": -1}}})).limit,
            None
        );
    }
}
