//! What a takeover has seen and done so far.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::complaint::Standing;
use crate::illness::Illness;
use crate::model::App;
use crate::rejection::rejection;

/// What a takeover has seen and done so far.
pub(crate) struct Watch {
    pub(crate) began: Timestamp,
    pub(crate) moved: Timestamp,
    seen: Value,
    pub(crate) illness: Illness,
    /// When the resource tree was looked at last.
    pub(crate) examined: Option<Timestamp>,
    pub(crate) complaint: Option<Standing>,
    /// Whether what was rejected was so before we came: a retry in between may have been
    /// what it needed, so that is made first.
    pub(crate) rejected_before: bool,
    /// Since when a custom resource's operator hasn't written its status.
    pub(crate) unwritten_since: Option<Timestamp>,
    /// Whether we have started a sync.
    pub(crate) nudged: bool,
    /// When what isn't wanted any more was let go.
    pub(crate) let_go: Option<Timestamp>,
    /// The last revision that was looked up, and whether it has the tree.
    pub(crate) revision: Option<(String, bool)>,
    /// The last revision without the tree for which the branch was asked whether it still
    /// has it.
    pub(crate) asked: Option<String>,
}

impl Watch {
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            began: now,
            moved: now,
            seen: Value::Null,
            illness: Illness::default(),
            examined: None,
            complaint: None,
            rejected_before: false,
            unwritten_since: None,
            nudged: false,
            let_go: None,
            revision: None,
            asked: None,
        }
    }

    /// Takes in a reading; whether something got on since the last one.
    pub(crate) fn look(&mut self, app: &App, now: Timestamp) -> bool {
        let rejected = rejection(app).is_some();
        self.rejected_before = rejected && (self.seen.is_null() || self.rejected_before);
        let seen = fingerprint(app);
        if seen == self.seen {
            return false;
        }
        self.seen = seen;
        self.moved = now;
        true
    }
}

/// What counts as getting on. Not an operation's message: a retry writes the time into it.
fn fingerprint(app: &App) -> Value {
    let resources: Vec<Value> = app
        .status
        .resources
        .iter()
        .map(|it| {
            json!([
                it.kind,
                it.namespace,
                it.name,
                it.status,
                it.health.status,
                it.health.message
            ])
        })
        .collect();
    json!([
        app.status.sync.status,
        app.status.sync.revision,
        app.status.health.status,
        app.phase(),
        app.operation_revision(),
        app.is_operating(),
        resources
    ])
}
