//! Waiting until an application has taken over a folder, and helping it along.

use std::time::Duration;

use async_trait::async_trait;
use deploycenter_domain::resource::Sync;
use deploycenter_ports::{ProviderError, ProviderErrorKind, Syncing};
use reqwest::Method;
use serde_json::{Value, json};

use crate::adapter::{ArgoCd, POLL_FIRST, Refresh};
use crate::client::{Ask, SYSTEM};
use crate::complaint::{Complaint, Nature, Standing, complaint};
use crate::health;
use crate::judge::{Level, Verdict, judge};
use crate::kept;
use crate::model::App;
use crate::patience::{is_written_by_an_operator, tells_by_phase};
use crate::rejection::operation_words;
use crate::watch::Watch;
use crate::written::unwritten;

/// How long a finished failure may stand before we sync ourselves: Argo CD may be about
/// to, after an operation was ended.
const AFTER_FAILURE: Duration = Duration::from_secs(2);
/// How long Argo CD may take to begin a sync by itself, or an older operation to get on.
const UNMOVED: Duration = Duration::from_secs(10);
/// How many progress deadlines a takeover lasts at most, however much moves.
const DEADLINES: u32 = 6;
/// How often the resources are looked through while something isn't well.
const EXAMINE: Duration = Duration::from_secs(5);

#[async_trait]
impl Syncing for ArgoCd {
    async fn synced(&self, sync: &Sync) -> Result<(), ProviderError> {
        self.take_over(sync, Level::Synced).await.map(|_| ())
    }

    async fn strip_protection(&self, sync: &Sync) -> Result<(), ProviderError> {
        self.strip(sync).await
    }
}

impl ArgoCd {
    /// Leads an application to a folder's tree; whether it wasn't there yet. When Argo CD
    /// can't be reached, that is passed on as it is: what it does meanwhile isn't known.
    pub(crate) async fn take_over(&self, sync: &Sync, level: Level) -> Result<bool, ProviderError> {
        let Some(tree) = sync.tree.as_deref() else {
            return Err(ProviderError::new(
                ProviderErrorKind::Refused,
                SYSTEM,
                format!(
                    "the takeover by {} has no tree to wait for",
                    sync.application
                ),
            ));
        };
        let mut watch = Watch::new(self.client.clock.now());
        let mut pause = POLL_FIRST;
        // Unasked, Argo CD notices a push after minutes.
        let mut refresh = Refresh::Normal;
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
            let verdict = judge(&app, at_tree, level);
            if verdict == Verdict::Done
                && (level == Level::Synced || self.is_written(&app, sync, &mut watch).await?)
            {
                return Ok(changed);
            }
            changed |= verdict != Verdict::Done;
            if !matches!(verdict, Verdict::Complaint(_)) {
                watch.complaint = None;
            }
            if level == Level::Healthy && at_tree {
                self.examine(&app, sync, &mut watch).await?;
            }
            refresh = self.help(&verdict, refresh, &app, sync, &mut watch).await?;
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
    ) -> Result<bool, ProviderError> {
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

    /// Whether the health of custom resources is that of after their last change, or their
    /// operators have had time enough to say otherwise.
    async fn is_written(
        &self,
        app: &App,
        sync: &Sync,
        watch: &mut Watch,
    ) -> Result<bool, ProviderError> {
        let mut resources = app.status.resources.iter();
        if !resources.any(|it| is_written_by_an_operator(&it.group, &it.kind)) {
            return Ok(true);
        }
        let now = self.client.clock.now();
        let since = *watch.unwritten_since.get_or_insert(now);
        if self.since(since) >= self.patience.operator {
            return Ok(true);
        }
        let objects = self.live_objects(&sync.application, &sync.project).await?;
        Ok(unwritten(&objects, now, &self.patience).is_empty())
    }

    /// Fails when something has been degraded for longer than its kind heals in.
    async fn examine(
        &self,
        app: &App,
        sync: &Sync,
        watch: &mut Watch,
    ) -> Result<(), ProviderError> {
        if !matches!(
            app.status.health.status.as_str(),
            "Degraded" | "Progressing"
        ) {
            return Ok(());
        }
        // While an operation is at work, what is sick may be what it is about to mend.
        if app.is_operating() && self.since(watch.moved) < self.patience.degraded {
            return Ok(());
        }
        if let Some(last) = watch.examined
            && self.since(last) < EXAMINE
        {
            return Ok(());
        }
        let now = self.client.clock.now();
        watch.examined = Some(now);
        let tree = self.tree(&sync.application, &sync.project).await?;
        let by_phase = app
            .status
            .resources
            .iter()
            .any(|it| it.health.status == "Degraded" && tells_by_phase(&it.group, &it.kind));
        let objects = if by_phase {
            self.live_objects(&sync.application, &sync.project).await?
        } else {
            Vec::new()
        };
        let over = watch
            .illness
            .take_in(app, &tree, &objects, now, &self.patience);
        if over.is_empty() {
            return Ok(());
        }
        Err(self
            .unwell(app, sync, "is degraded", ProviderErrorKind::Unhealthy)
            .await)
    }

    /// Fails when someone else has changed the folder since: Argo CD will never be at the
    /// tree then. Asked once for each revision at which it rests.
    async fn not_overtaken(
        &self,
        app: &App,
        sync: &Sync,
        tree: &str,
        watch: &mut Watch,
    ) -> Result<(), ProviderError> {
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

    /// Does what a verdict asks for; how the next reading is to be made.
    async fn help(
        &self,
        verdict: &Verdict,
        refreshed: Refresh,
        app: &App,
        sync: &Sync,
        watch: &mut Watch,
    ) -> Result<Refresh, ProviderError> {
        let (name, project) = (sync.application.as_str(), sync.project.as_str());
        let unmoved = self.since(watch.moved);
        match verdict {
            Verdict::Done | Verdict::Wait => Ok(Refresh::No),
            Verdict::Refresh => Ok(Refresh::Normal),
            Verdict::Complaint(complaint) => self.hear(complaint, refreshed, sync, watch),
            Verdict::OldOperation { retrying } => {
                if *retrying || unmoved >= UNMOVED {
                    self.end_operation(app, name, project).await?;
                    return Ok(Refresh::Normal);
                }
                Ok(Refresh::No)
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
                Ok(Refresh::No)
            }
            Verdict::Kept(kept) => {
                match watch.let_go {
                    None => self.let_go(kept, sync, watch).await?,
                    Some(since) if self.since(since) >= self.patience.comparison => {
                        return Err(self.fails(sync, &kept::words(kept)));
                    }
                    // Argo CD has to see the change first, or the sync skips it once more.
                    Some(since) => {
                        if unmoved >= AFTER_FAILURE && self.since(since) >= AFTER_FAILURE {
                            self.start(app, sync).await?;
                        }
                    }
                }
                Ok(Refresh::Normal)
            }
            // What was rejected before may be mended: it is tried once more.
            Verdict::Rejected(_) if watch.rejected_before && !watch.nudged => {
                if app.is_operating() {
                    self.end_operation(app, name, project).await?;
                } else {
                    watch.nudged = true;
                    watch.rejected_before = false;
                    self.start(app, sync).await?;
                }
                Ok(Refresh::No)
            }
            Verdict::Rejected(words) | Verdict::Failed(words) => Err(self.fails(sync, words)),
        }
    }

    /// A complaint of Argo CD's: whether it is to be believed yet.
    fn hear(
        &self,
        complaint: &Complaint,
        refreshed: Refresh,
        sync: &Sync,
        watch: &mut Watch,
    ) -> Result<Refresh, ProviderError> {
        // An older reading's may be about an older commit.
        if refreshed == Refresh::No {
            return Ok(Refresh::Normal);
        }
        let believed = Standing::take_in(
            &mut watch.complaint,
            complaint,
            refreshed == Refresh::Hard,
            self.client.clock.now(),
            &self.patience,
        );
        if believed {
            return Err(self.fails(sync, &complaint.words));
        }
        let standing = watch.complaint.as_ref();
        Ok(if standing.is_some_and(Standing::wants_hard_refresh) {
            Refresh::Hard
        } else {
            Refresh::Normal
        })
    }

    async fn start(&self, app: &App, sync: &Sync) -> Result<(), ProviderError> {
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
    ) -> Result<(), ProviderError> {
        if self.since(watch.moved) <= self.progress_deadline
            && self.since(watch.began) <= self.progress_deadline.saturating_mul(DEADLINES)
        {
            return Ok(());
        }
        let seconds = self.since(watch.moved).as_secs();
        // Then what stands in git hasn't even been looked at.
        if complaint(app).is_some_and(|it| it.nature == Nature::Away) {
            let what = format!("can't be compared with git for {seconds} s");
            return Err(self
                .unwell(app, sync, &what, ProviderErrorKind::Unavailable)
                .await);
        }
        let what = if at_tree {
            format!(
                "doesn't get on ({}, {}) for {seconds} s",
                app.status.sync.status, app.status.health.status,
            )
        } else {
            format!(
                "doesn't take over the commit on {} for {seconds} s; it stands at \"{}\"",
                sync.branch, app.status.sync.revision
            )
        };
        Err(self
            .unwell(app, sync, &what, ProviderErrorKind::Unhealthy)
            .await)
    }

    /// Not well for too long; names what is sick.
    async fn unwell(
        &self,
        app: &App,
        sync: &Sync,
        what: &str,
        kind: ProviderErrorKind,
    ) -> ProviderError {
        let tree = self.tree(&sync.application, &sync.project).await;
        let mut reasons = vec![
            tree.map(|tree| health::sick(&tree)).unwrap_or_default(),
            app.status.health.message.clone(),
        ];
        reasons.extend(complaint(app).map(|it| it.words));
        if app.phase() != "Succeeded" {
            reasons.push(operation_words(app));
        }
        let reasons = health::once(&reasons);
        let reasons = if reasons.is_empty() {
            String::new()
        } else {
            format!(": {}", reasons.join("; "))
        };
        ProviderError::new(
            kind,
            SYSTEM,
            format!(
                "the Argo CD application {} {what}{reasons}",
                sync.application
            ),
        )
    }
}
