//! What isn't wanted any more and stays all the same: a sync that prunes skips an object
//! whose own option says `Prune=false`, succeeds, and leaves the application out of sync for
//! ever. No waiting mends that.
//!
//! Earlier versions wrote the option on every object of a base. From what guards and holds
//! no data it is taken off ([`let_go`](crate::let_go)), once the object is no longer wanted; all else is a
//! person's to decide.

use crate::model::{App, ResourceStatus};

/// How many are told.
const MOST: usize = 3;
/// What Argo CD says of an object that its own option keeps.
const SKIPPED: (&str, &str) = ("PruneSkipped", "no prune");

/// What alone keeps the application out of sync, after a sync of the present revision that
/// succeeded: objects that their own option keeps. Empty: there is something else.
pub(crate) fn kept(app: &App) -> Vec<ResourceStatus> {
    let Some(state) = &app.status.operation_state else {
        return Vec::new();
    };
    let revision = app.status.sync.revision.as_str();
    if state.phase != "Succeeded" || app.operation_revision() != Some(revision) {
        return Vec::new();
    }
    let skipped = |it: &ResourceStatus| {
        let mut results = state.sync_result.iter().flat_map(|it| &it.resources);
        results.any(|result| {
            is_same(result, it) && result.status == SKIPPED.0 && result.message.contains(SKIPPED.1)
        })
    };
    let resources = app.status.resources.iter();
    let out_of_sync: Vec<&ResourceStatus> =
        resources.filter(|it| it.status == "OutOfSync").collect();
    if out_of_sync
        .iter()
        .all(|&it| it.requires_pruning && skipped(it))
    {
        out_of_sync.into_iter().cloned().collect()
    } else {
        Vec::new()
    }
}

fn is_same(a: &ResourceStatus, b: &ResourceStatus) -> bool {
    (&a.group, &a.kind, &a.namespace, &a.name) == (&b.group, &b.kind, &b.namespace, &b.name)
}

/// `ExternalSecret acme--odoo/odoo-smtp is no longer wanted, and its own option Prune=false
/// keeps it: …`
pub(crate) fn words(kept: &[ResourceStatus]) -> String {
    let mut names: Vec<String> = kept.iter().take(MOST).map(ResourceStatus::shown).collect();
    if kept.len() > MOST {
        names.push(format!("{} more", kept.len() - MOST));
    }
    let names = names.join(", ");
    if kept.len() == 1 {
        format!(
            "{names} is no longer wanted, and its own option Prune=false keeps it: delete it by hand, or take the option off"
        )
    } else {
        format!(
            "{names} are no longer wanted, and their own option Prune=false keeps them: delete them by hand, or take the option off"
        )
    }
}
