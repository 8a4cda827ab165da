//! The call that deletes an application, with or without what it applied.

use serde_json::json;

use super::ArgoCd;
use super::answer::{Answer, Failure};
use super::running::OPERATION;
use super::spec::server;
use super::state::{Application, Deleting, Step};
use crate::service::{Millis, Request};

/// The finalizer that makes a deletion cascade.
const FINALIZER: &str = "resources-finalizer.argocd.argoproj.io";
/// How long a cascading deletion takes that no operation holds up.
const DELETED_AFTER: Millis = 150;

impl ArgoCd {
    /// `DELETE /api/v1/applications/{name}`. An operation that is under way goes on, and the
    /// deletion waits until it has ended, by itself or by someone who ends it.
    pub(crate) fn delete_application(
        &mut self,
        name: &str,
        request: &Request,
        now: Millis,
    ) -> Answer {
        self.find(name, request)?;
        let cascade = request.query("cascade") != Some("false");
        let policy = request.query("propagationPolicy").unwrap_or_default();
        if !cascade && !policy.is_empty() {
            return Err(Failure::invalid(
                "cannot set propagation policy when cascading is disabled",
            ));
        }
        let finalizer = match policy {
            "" => FINALIZER.to_owned(),
            "foreground" | "background" => format!("{FINALIZER}/{policy}"),
            other => {
                return Err(Failure::invalid(format!(
                    "invalid propagation policy: {other}"
                )));
            }
        };
        let application = self
            .state
            .applications
            .get(name)
            .ok_or_else(Failure::denied)?;
        let mut application = application.clone();
        if cascade {
            if !application.finalizers.contains(&finalizer) {
                application.finalizers.push(finalizer);
            }
        } else {
            application
                .finalizers
                .retain(|kept| !kept.starts_with(FINALIZER));
        }
        if application.deleting.is_none() {
            let waits = application.operation.is_some();
            application
                .agenda
                .retain(|(_, step)| OPERATION.contains(step));
            if cascade && !waits {
                application.schedule(now + DELETED_AFTER, Step::Vanish);
            }
            let error = waits.then(|| self.first_object(&application)).flatten();
            application.deleting = Some(Deleting {
                since: now,
                error,
                waits,
            });
        }
        self.store(application, now);
        Ok(json!({}))
    }

    /// What a deletion that races with a sync complains of: an object that is gone already.
    fn first_object(&self, application: &Application) -> Option<String> {
        let server = server(&application.spec);
        self.state
            .live
            .iter()
            .find(|(key, live)| live.application == application.name && key.server == server)
            .map(|(key, _)| format!("{}s \"{}\" not found", key.kind.to_lowercase(), key.name))
    }
}
