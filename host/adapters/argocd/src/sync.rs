//! Waiting until an application has taken over a folder, and helping it along.

use std::time::Duration;

use async_trait::async_trait;
use deploycenter_domain::resource::Sync;
use deploycenter_ports::{Failure, FailureKind, Syncing};
use reqwest::Method;
use serde_json::{Value, json};

use crate::adapter::{ArgoCd, POLL_FIRST};
use crate::client::{Ask, SYSTEM};
use crate::health;
use crate::judge::{Level, Verdict, judge};
use crate::model::App;

/// How long a finished failure may stand before we sync ourselves: Argo CD may be about
/// to, after an operation was ended.
const AFTER_FAILURE: Duration = Duration::from_secs(2);
/// How long Argo CD may take to begin a sync by itself, or an older operation to get on.
const UNMOVED: Duration = Duration::from_secs(10);
/// How many progress deadlines a takeover lasts at most, however much moves.
const DEADLINES: u32 = 6;

#[async_trait]
impl Syncing for ArgoCd {
    async fn synced(&self, sync: &Sync) -> Result<(), Failure> {
        self.take_over(sync, Level::Synced).await.map(|_| ())
    }
}

/// What has been seen and done so far.
struct Watch {
    began: jiff::Timestamp,
    moved: jiff::Timestamp,
    seen: Value,
    sick_since: Option<jiff::Timestamp>,
    /// Whether we have started a sync.
    nudged: bool,
    /// The last revision that was looked up, and whether it has the tree.
    revision: Option<(String, bool)>,
    /// The last revision without the tree for which the branch was asked whether it still
    /// has it.
    asked: Option<String>,
}

impl ArgoCd {
    /// Leads an application to a folder's tree; whether it wasn't there yet.
    pub(crate) async fn take_over(&self, sync: &Sync, level: Level) -> Result<bool, Failure> {
        let Some(tree) = sync.tree.as_deref() else {
            return Err(Failure::new(
                FailureKind::Refused,
                SYSTEM,
                format!(
                    "the takeover by {} has no tree to wait for",
                    sync.application
                ),
            ));
        };
        let now = self.client.clock.now();
        let mut watch = Watch {
            began: now,
            moved: now,
            seen: Value::Null,
            sick_since: None,
            nudged: false,
            revision: None,
            asked: None,
        };
        let mut pause = POLL_FIRST;
        // Unasked, Argo CD notices a push after minutes.
        let mut refresh = true;
        let mut changed = false;
        loop {
            let Some(app) = self
                .application(&sync.application, &sync.project, refresh)
                .await?
            else {
                return Err(self.fails(sync, "it isn't there"));
            };
            let at_tree = self.is_at(&app, sync, tree, &mut watch).await?;
            if watch.look(&app, self.client.clock.now()) {
                pause = POLL_FIRST;
            }
            let verdict = judge(&app, at_tree, refresh, level);
            if verdict == Verdict::Done {
                return Ok(changed);
            }
            changed = true;
            if verdict != Verdict::Sick {
                watch.sick_since = None;
            }
            refresh = self.help(&verdict, &app, sync, &mut watch).await?;
            if !at_tree {
                self.not_overtaken(&app, sync, tree, &mut watch).await?;
            }
            self.still_hopeful(&app, sync, at_tree, &watch).await?;
            self.pause(&mut pause).await;
        }
    }

    async fn is_at(
        &self,
        app: &App,
        sync: &Sync,
        tree: &str,
        watch: &mut Watch,
    ) -> Result<bool, Failure> {
        let revision = &app.status.sync.revision;
        // On a comparison error the revision is the branch's name.
        if revision.len() != 40 || !revision.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Ok(false);
        }
        if let Some((known, answer)) = &watch.revision
            && known == revision
        {
            return Ok(*answer);
        }
        let answer = self.trees.tree_at(revision, &sync.path).await?.as_deref() == Some(tree);
        watch.revision = Some((revision.clone(), answer));
        Ok(answer)
    }

    /// Fails when someone else has changed the folder since: Argo CD will never be at the
    /// tree then. Asked once for each revision at which it rests.
    async fn not_overtaken(
        &self,
        app: &App,
        sync: &Sync,
        tree: &str,
        watch: &mut Watch,
    ) -> Result<(), Failure> {
        let revision = &app.status.sync.revision;
        if self.since(watch.moved) < UNMOVED || watch.asked.as_ref() == Some(revision) {
            return Ok(());
        }
        watch.asked = Some(revision.clone());
        let since = self.trees.overtaken(&sync.branch, &sync.path, tree).await?;
        match since {
            Some(by) => Err(self.fails(sync, &format!("it was changed since by {by}"))),
            None => Ok(()),
        }
    }

    /// Does what a verdict asks for; whether the next reading is to be a fresh one.
    async fn help(
        &self,
        verdict: &Verdict,
        app: &App,
        sync: &Sync,
        watch: &mut Watch,
    ) -> Result<bool, Failure> {
        let unmoved = self.since(watch.moved);
        match verdict {
            Verdict::Done | Verdict::Wait => Ok(false),
            Verdict::Refresh => Ok(true),
            Verdict::OldOperation { retrying } => {
                if *retrying || unmoved >= UNMOVED {
                    self.end_operation(sync).await?;
                    return Ok(true);
                }
                Ok(false)
            }
            Verdict::Unsynced { failed } => {
                if unmoved >= if *failed { AFTER_FAILURE } else { UNMOVED } {
                    if watch.nudged && *failed {
                        return Err(self.fails(sync, &operation_words(app)));
                    }
                    if !watch.nudged {
                        watch.nudged = true;
                        self.start(app, sync).await?;
                    }
                }
                Ok(false)
            }
            Verdict::Sick => {
                let now = self.client.clock.now();
                let since = *watch.sick_since.get_or_insert(now);
                if self.since(since) >= self.degraded_grace {
                    return Err(self.unwell(app, sync, "is degraded").await);
                }
                Ok(false)
            }
            Verdict::Failed(words) => Err(self.fails(sync, words)),
        }
    }

    async fn end_operation(&self, sync: &Sync) -> Result<(), Failure> {
        let ask = Ask::new(
            Method::DELETE,
            &["applications", &sync.application, "operation"],
        )
        .query("project", &sync.project);
        let answer = self.client.ask(ask).await?;
        // It may have ended by itself, or an earlier try did it.
        if answer.refuses("No operation is in progress") {
            Ok(())
        } else {
            answer.value().map(|_| ())
        }
    }

    async fn start(&self, app: &App, sync: &Sync) -> Result<(), Failure> {
        let prune = app
            .spec
            .pointer("/syncPolicy/automated/prune")
            .and_then(Value::as_bool)
            .unwrap_or(false);
        let ask = Ask::new(Method::POST, &["applications", &sync.application, "sync"])
            .query("project", &sync.project)
            .body(json!({ "prune": prune }));
        let answer = self.client.ask(ask).await?;
        if answer.refuses("another operation is already in progress") {
            Ok(())
        } else {
            answer.value().map(|_| ())
        }
    }

    async fn still_hopeful(
        &self,
        app: &App,
        sync: &Sync,
        at_tree: bool,
        watch: &Watch,
    ) -> Result<(), Failure> {
        if self.since(watch.moved) <= self.progress_deadline
            && self.since(watch.began) <= self.progress_deadline.saturating_mul(DEADLINES)
        {
            return Ok(());
        }
        let what = if at_tree {
            format!(
                "doesn't get on ({}, {}) for {} s",
                app.status.sync.status,
                app.status.health.status,
                self.since(watch.moved).as_secs()
            )
        } else {
            format!(
                "doesn't take over the commit on {} for {} s; it stands at \"{}\"",
                sync.branch,
                self.since(watch.moved).as_secs(),
                app.status.sync.revision
            )
        };
        Err(self.unwell(app, sync, &what).await)
    }

    fn fails(&self, sync: &Sync, words: &str) -> Failure {
        Failure::new(
            FailureKind::Unhealthy,
            SYSTEM,
            format!(
                "the Argo CD application {} can't take over {} on {}: {}",
                sync.application,
                sync.path,
                sync.branch,
                words.trim()
            ),
        )
    }

    /// Not well for too long; names what is sick.
    async fn unwell(&self, app: &App, sync: &Sync, what: &str) -> Failure {
        let mut reasons = vec![
            self.tree(&sync.application, &sync.project)
                .await
                .map(|tree| health::sick(&tree))
                .unwrap_or_default(),
        ];
        reasons.push(app.status.health.message.clone());
        if app.phase() != "Succeeded" {
            reasons.push(operation_words(app));
        }
        reasons.retain(|text| !text.trim().is_empty());
        reasons.dedup();
        let reasons = if reasons.is_empty() {
            String::new()
        } else {
            format!(": {}", reasons.join("; "))
        };
        Failure::new(
            FailureKind::Unhealthy,
            SYSTEM,
            format!(
                "the Argo CD application {} {what}{reasons}",
                sync.application
            ),
        )
    }
}

impl Watch {
    /// Takes in a reading; whether something got on since the last one.
    fn look(&mut self, app: &App, now: jiff::Timestamp) -> bool {
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

/// What Argo CD says of the last operation, and of what it couldn't apply.
fn operation_words(app: &App) -> String {
    let Some(state) = &app.status.operation_state else {
        return String::new();
    };
    let failed = state
        .sync_result
        .iter()
        .flat_map(|result| &result.resources)
        .filter(|it| it.status == "SyncFailed")
        .map(|it| format!("{} {}: {}", it.kind, it.name, it.message));
    let mut words = vec![state.message.clone()];
    words.extend(
        failed
            .take(3)
            .filter(|text| !state.message.contains(text.as_str())),
    );
    words.retain(|text| !text.trim().is_empty());
    words.join("; ")
}
