//! What one reading of an application says about a takeover. Pure.
//!
//! Argo CD misleads whoever looks at one field: a finished operation at the new commit
//! with healthy pods may mean the old pods, and a broken template reads Healthy, with the
//! branch's name as revision. So all of it has to fit, in one reading.

use crate::complaint::{Complaint, complaint};
use crate::kept::kept;
use crate::model::{App, OperationState, ResourceStatus};
use crate::rejection::rejection;

/// How far the application has to get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// The manifests stand.
    Synced,
    /// The manifests stand, and what they made is well.
    Healthy,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is there.
    Done,
    /// It is on its way.
    Wait,
    /// Argo CD has to look at git again: it hasn't noticed the commit.
    Refresh,
    /// An operation for an older commit stands in the way; at once when it only retries.
    OldOperation {
        /// Whether it failed and tries again: up to 310 s, which help nobody.
        retrying: bool,
    },
    /// The manifests don't stand and nothing is under way; after a failure Argo CD won't
    /// begin by itself.
    Unsynced {
        /// Whether the last operation failed.
        failed: bool,
    },
    /// The sync succeeded, and what isn't wanted any more stays by its own option.
    Kept(Vec<ResourceStatus>),
    /// Argo CD can't compare. That may pass.
    Complaint(Complaint),
    /// Something that no retry mends, in the API server's words.
    Rejected(String),
    /// It won't get there.
    Failed(String),
}

/// Reads one state. `at_tree`: whether `status.sync.revision` is a commit in which the
/// target's folder has the wanted tree.
pub(crate) fn judge(app: &App, at_tree: bool, level: Level) -> Verdict {
    if app.is_deleting() {
        return Verdict::Failed("it is being deleted".to_owned());
    }
    if let Some(complaint) = complaint(app) {
        return Verdict::Complaint(complaint);
    }
    if !at_tree {
        return Verdict::Refresh;
    }
    if app.is_operating() {
        return operating(app);
    }
    match (
        app.status.sync.status.as_str(),
        level,
        app.status.health.status.as_str(),
    ) {
        ("Synced", Level::Synced, _) | ("Synced", Level::Healthy, "Healthy") => Verdict::Done,
        // Degraded too: it may heal.
        ("Synced", ..) => Verdict::Wait,
        ("OutOfSync", ..) => {
            let kept = kept(app);
            if !kept.is_empty() {
                return Verdict::Kept(kept);
            }
            let failed = matches!(app.phase(), "Failed" | "Error");
            match rejection(app).filter(|_| failed) {
                Some(words) => Verdict::Rejected(words),
                None => Verdict::Unsynced { failed },
            }
        }
        _ => Verdict::Refresh,
    }
}

fn operating(app: &App) -> Verdict {
    let state = app.status.operation_state.as_ref();
    let retrying = state.is_some_and(is_retrying);
    let of_another = app
        .operation_revision()
        .is_some_and(|revision| revision != app.status.sync.revision);
    if of_another {
        return Verdict::OldOperation { retrying };
    }
    match rejection(app) {
        Some(words) => Verdict::Rejected(words),
        None => Verdict::Wait,
    }
}

fn is_retrying(state: &OperationState) -> bool {
    state.phase == "Running"
        && (state.retry_count > 0 || state.message.contains("Retrying attempt"))
}

#[cfg(test)]
mod tests;
