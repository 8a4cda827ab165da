//! The application controller: comparing with git, syncing by itself, and the order in which
//! its status shows all that.
//!
//! Nothing runs in the background. Each application has an agenda; [`ArgoCd::advance`] does
//! what has come due since it was last called, in order of time, then of name.

use super::ArgoCd;
use super::apply::Applied;
use super::automatic::{Due, automatic, due};
use super::json::{digest, kitchen};
use super::running::{AGAIN_AFTER, ALL_RUN, STALE_FOR, again, begin, end, retried};
use super::spec::server;
use super::state::{Application, COMPARED_AFTER, Step};
use crate::service::Millis;

/// From an automatic sync's start to phase Running, and to its first attempt, when it wasn't asked for.
const RUNS_AFTER: Millis = 100;
const SHOWN_AFTER: Millis = 150;
const UNASKED_ATTEMPT_AFTER: Millis = 250;
/// From a refresh, or from Running, to the first attempt.
const ATTEMPT_AFTER: Millis = 100;
/// From an attempt that starts no pods to phase Succeeded.
const ENDS_AFTER: Millis = 60;

impl ArgoCd {
    /// Does everything that has come due by `now`.
    pub fn advance(&mut self, now: Millis) {
        while let Some((at, name)) = self.next_due(now) {
            let Some(mut application) = self.state.applications.remove(&name) else {
                return;
            };
            let Some((_, step)) = application.agenda.pop_first() else {
                return;
            };
            // A process that slept through many resyncs does one for all.
            let at = if step == Step::Resync && application.agenda.is_empty() {
                let every = self.config.resync_after.max(1);
                at + (now - at) / every * every
            } else {
                at
            };
            let stays = self.step(&mut application, step, at);
            if stays {
                application.resource_version = self.state.bump();
                self.state.applications.insert(name, application);
            } else {
                self.state.bump();
            }
        }
    }

    fn next_due(&self, now: Millis) -> Option<(Millis, String)> {
        self.state
            .applications
            .iter()
            .filter_map(|(name, application)| Some((application.agenda.first()?.0, name)))
            .filter(|(at, _)| *at <= now)
            .min()
            .map(|(at, name)| (at, name.clone()))
    }

    /// Does one step; `false`: the application is gone.
    fn step(&mut self, application: &mut Application, step: Step, at: Millis) -> bool {
        match step {
            // The controller leaves an application alone that is being deleted, but for its
            // operation.
            Step::Resync | Step::Compare | Step::Publish if application.deleting.is_some() => {}
            Step::Resync => {
                application.known_revision = None;
                self.reconcile(application, at, false);
            }
            Step::Compare => {
                let compared = self.compare(application, at);
                let due = due(application, &compared, at);
                self.publish(application, compared, &due, at);
                self.follow(application, due, at, |application| {
                    application.schedule(at + COMPARED_AFTER, Step::Begin);
                    application.schedule(at + COMPARED_AFTER + ATTEMPT_AFTER, Step::Attempt);
                });
            }
            Step::Begin => begin(application, at),
            Step::Publish => {
                let compared = self.compare(application, at);
                self.publish(application, compared, &Due::No, at);
            }
            Step::Attempt => self.attempt(application, at),
            Step::Again => again(application, at),
            Step::Finish => {
                if let Some(operation) = application.operation.take() {
                    let results = operation.results.clone();
                    end(
                        application,
                        operation,
                        "Succeeded",
                        ALL_RUN,
                        Some(results),
                        at,
                    );
                    application.schedule(at + COMPARED_AFTER, Step::Compare);
                }
            }
            Step::Terminated => self.terminated(application, at),
            Step::Vanish => {
                self.delete_objects(&application.name, server(&application.spec), at);
                return false;
            }
        }
        true
    }

    /// `?refresh=`: asks git now, and answers once that is compared. What a watcher would see
    /// before (old revision, operation pending) happens while this request waits.
    pub(crate) fn refresh(&mut self, application: &mut Application, at: Millis) {
        if application.deleting.is_some() {
            return;
        }
        // Left behind by the API server that was observed.
        let annotations = &mut application.annotations;
        annotations.insert("argocd.argoproj.io/hydrate".into(), "normal".into());
        annotations.insert(
            "argocd.argoproj.io/hydrate-timestamp".into(),
            super::json::time(at),
        );
        application.known_revision = None;
        self.reconcile(application, at, true);
    }

    fn reconcile(&mut self, application: &mut Application, at: Millis, asked: bool) {
        let compared = self.compare(application, at);
        let due = due(application, &compared, at);
        // Unasked, the automatic sync is visible before the comparison that led to it.
        if asked || !matches!(due, Due::Start) {
            self.publish(application, compared, &due, at);
        } else {
            self.plan_resync(application, at);
        }
        self.follow(application, due, at, |application| {
            if asked {
                begin(application, at);
                application.schedule(at + ATTEMPT_AFTER, Step::Attempt);
            } else {
                application.schedule(at + RUNS_AFTER, Step::Begin);
                application.schedule(at + SHOWN_AFTER, Step::Publish);
                application.schedule(at + UNASKED_ATTEMPT_AFTER, Step::Attempt);
            }
        });
    }

    fn follow(
        &self,
        application: &mut Application,
        due: Due,
        at: Millis,
        schedule: impl FnOnce(&mut Application),
    ) {
        match due {
            Due::Start => {
                let revision = application.known_revision.clone().unwrap_or_default();
                application.operation = Some(automatic(&application.spec, revision));
                application.operation_state = None;
                application.cancel(&[Step::Again]);
                schedule(application);
            }
            Due::Later(later) => application.schedule(later.max(at + 1), Step::Compare),
            Due::No | Due::Blocked(_) => {}
        }
    }

    pub(crate) fn plan_resync(&self, application: &mut Application, at: Millis) {
        application.cancel(&[Step::Resync]);
        application.schedule(at + self.config.resync_after.max(1), Step::Resync);
    }

    fn attempt(&mut self, application: &mut Application, at: Millis) {
        let Some(mut operation) = application.operation.take() else {
            return;
        };
        let health_before = self.health(application, at);
        match self.apply(application, &mut operation, at) {
            Applied::Waiting(message) => self.wait(application, operation, message, at),
            Applied::Error(message) => {
                end(
                    application,
                    operation,
                    "Error",
                    &message,
                    Some(Vec::new()),
                    at,
                );
                application.schedule(at + COMPARED_AFTER, Step::Compare);
            }
            Applied::Refused { message, results } => {
                application.stale_health = health_before;
                if operation
                    .retry
                    .limit
                    .is_some_and(|limit| operation.retries >= limit)
                {
                    let message = format!("{message}{}", retried(operation.retries));
                    end(
                        application,
                        operation,
                        "Failed",
                        &message,
                        Some(results),
                        at,
                    );
                    application.schedule(at + COMPARED_AFTER, Step::Compare);
                    return;
                }
                application.schedule(at + operation.retry.wait(operation.retries), Step::Attempt);
                operation.retries += 1;
                operation.waves = 0;
                operation.waits_since = None;
                if let Some(state) = &mut application.operation_state {
                    state.message = format!(
                        "{message}. Retrying attempt #{} at {}.",
                        operation.retries,
                        kitchen(at)
                    );
                    state.finished = Some(at);
                    state.result = Some(results);
                    state.operation.retries = operation.retries;
                }
                application.operation = Some(operation);
            }
            Applied::Done {
                message,
                results,
                rolled,
            } => {
                let automatic = operation.username.is_none();
                let revision = operation.revision.clone();
                if !automatic {
                    application.known_revision = None;
                }
                if rolled && operation.waits_since.is_none() {
                    application.stale_health = health_before;
                    end(
                        application,
                        operation,
                        "Succeeded",
                        message,
                        Some(results),
                        at,
                    );
                    // Seen in three of four pushes.
                    let seed = digest(&format!("{} {revision}", application.name));
                    if automatic && !seed.starts_with(['0', '1', '2', '3']) {
                        application.schedule(at + AGAIN_AFTER, Step::Again);
                    } else {
                        application.schedule(at + STALE_FOR, Step::Compare);
                    }
                } else if message == ALL_RUN {
                    let compared = self.compare(application, at);
                    self.publish(application, compared, &Due::No, at);
                    operation.results = results;
                    application.operation = Some(operation);
                    application.schedule(at + ENDS_AFTER, Step::Finish);
                } else {
                    end(
                        application,
                        operation,
                        "Succeeded",
                        message,
                        Some(results),
                        at,
                    );
                }
            }
        }
    }
}
