//! The calls that sync, end a sync, and roll back.

use serde_json::{Value, json};

use super::ArgoCd;
use super::answer::{Answer, Code, Failure};
use super::apply::sync_options;
use super::git::SourceError;
use super::json::{text, texts};
use super::running::OPERATION;
use super::source::Sources;
use super::spec::{is_automated, rpc_error};
use super::state::{Application, COMPARED_AFTER, Operation, Retry, Step};
use crate::service::{Millis, Request};

/// From the call to phase Running, and to the attempt.
const RUNS_AFTER: Millis = 50;
const ATTEMPT_AFTER: Millis = 150;
/// The phase of an operation that was told to end.
const TERMINATING: &str = "Terminating";

impl ArgoCd {
    /// `POST /api/v1/applications/{name}/sync`.
    pub(crate) fn sync_application(
        &mut self,
        name: &str,
        body: &Value,
        request: &Request,
        now: Millis,
    ) -> Answer {
        let application = self.for_operation(name, request)?;
        let wanted = text(body, "/revision");
        let target = match text(&application.spec, "/source/targetRevision") {
            "" => "HEAD",
            target => target,
        };
        let dry_run = body.get("dryRun") == Some(&Value::Bool(true));
        if is_automated(&application.spec) && !dry_run && !wanted.is_empty() && wanted != target {
            return Err(Failure::precondition(format!(
                "Cannot sync to {wanted}: auto-sync currently set to {target}"
            )));
        }
        let revision = if wanted.is_empty() { target } else { wanted };
        let url = text(&application.spec, "/source/repoURL");
        let revision = Sources::resolve(&self.config.git, url, revision).map_err(unresolved)?;
        let options = match body.get("syncOptions") {
            Some(Value::Object(_)) => texts(body, "/syncOptions/items")
                .map(str::to_owned)
                .collect(),
            _ => sync_options(&application.spec),
        };
        let operation = Operation {
            revision,
            source: application.spec.get("source").cloned().unwrap_or_default(),
            prune: body.get("prune") == Some(&Value::Bool(true)),
            dry_run,
            sync_options: options,
            only: body
                .get("resources")
                .and_then(Value::as_array)
                .filter(|only| !only.is_empty())
                .cloned(),
            username: Some("admin".to_owned()),
            retry: Retry::NEVER,
            ..Operation::default()
        };
        self.begin_by_hand(application, operation, now)
    }

    /// `DELETE /api/v1/applications/{name}/operation`. One that is pending and doesn't run yet
    /// can't be ended.
    pub(crate) fn terminate_operation(
        &mut self,
        name: &str,
        request: &Request,
        now: Millis,
    ) -> Answer {
        self.find(name, request)?;
        let mut application = self.existing(name)?;
        let (Some(_), Some(state)) = (&application.operation, &mut application.operation_state)
        else {
            return Err(Failure::invalid(
                "Unable to terminate operation. No operation is in progress",
            ));
        };
        if state.phase != TERMINATING {
            TERMINATING.clone_into(&mut state.phase);
            application.cancel(&OPERATION);
            let ends = now + self.state.habits.terminating_for;
            application.schedule(ends, Step::Terminated);
            self.put(application);
        }
        Ok(json!({}))
    }

    /// `POST /api/v1/applications/{name}/rollback`.
    pub(crate) fn rollback_application(
        &mut self,
        name: &str,
        body: &Value,
        request: &Request,
        now: Millis,
    ) -> Answer {
        let Some(id) = body.get("id").and_then(Value::as_u64) else {
            return Err(Failure::field_missing("id"));
        };
        let application = self.for_operation(name, request)?;
        if is_automated(&application.spec) {
            return Err(Failure::precondition(
                "rollback cannot be initiated when auto-sync is enabled",
            ));
        }
        let Some(entry) = application.history.iter().find(|entry| entry.id == id) else {
            return Err(Failure::invalid(format!(
                "application argocd/{name} does not have deployment with id {id}"
            )));
        };
        let operation = Operation {
            revision: entry.revision.clone(),
            source: entry.source.clone(),
            prune: body.get("prune") == Some(&Value::Bool(true)),
            dry_run: body.get("dryRun") == Some(&Value::Bool(true)),
            sync_options: sync_options(&application.spec),
            username: Some("admin".to_owned()),
            retry: Retry::NEVER,
            ..Operation::default()
        };
        self.begin_by_hand(application, operation, now)
    }

    fn existing(&self, name: &str) -> Result<Application, Failure> {
        self.state
            .applications
            .get(name)
            .cloned()
            .ok_or_else(Failure::denied)
    }

    /// The application, if it isn't being deleted.
    fn for_operation(&self, name: &str, request: &Request) -> Result<Application, Failure> {
        self.find(name, request)?;
        let application = self.existing(name)?;
        if application.deleting.is_some() {
            return Err(Failure::precondition("application is deleting"));
        }
        Ok(application)
    }

    fn begin_by_hand(
        &mut self,
        mut application: Application,
        operation: Operation,
        now: Millis,
    ) -> Answer {
        if application.operation.is_some() {
            return Err(Failure::precondition(
                "another operation is already in progress",
            ));
        }
        application.operation = Some(operation);
        application.operation_state = None;
        application.cancel(&[Step::Again]);
        application.schedule(now + RUNS_AFTER, Step::Begin);
        application.schedule(now + ATTEMPT_AFTER, Step::Attempt);
        if application.compared.is_none() {
            application.schedule(now + COMPARED_AFTER, Step::Compare);
        }
        Ok(self.store(application, now))
    }

    /// `GET /api/v1/applications/{name}/revisions/{sha}/metadata`.
    pub(crate) fn revision_metadata(&self, name: &str, sha: &str, request: &Request) -> Answer {
        self.find(name, request)?;
        let application = self.existing(name)?;
        let failed = |error: SourceError| Failure::new(Code::Unknown, rpc_error(&error));
        let repository = self
            .config
            .git
            .open(text(&application.spec, "/source/repoURL"))
            .map_err(failed)?;
        let id = super::git::resolve(&repository, sha).map_err(failed)?;
        let commit = repository
            .find_commit(id)
            .map_err(|_| failed(SourceError::Revision(sha.to_owned())))?;
        let author = commit.author();
        let seconds = u64::try_from(commit.time().seconds()).unwrap_or_default();
        Ok(json!({
            "author": format!(
                "{} <{}>",
                author.name().unwrap_or_default(),
                author.email().unwrap_or_default()
            ),
            "date": super::json::time(seconds * 1000),
            "message": commit.message().unwrap_or_default().trim_end(),
        }))
    }

    /// `GET /api/v1/applications/{name}/manifests`.
    pub(crate) fn manifests(&mut self, name: &str, request: &Request) -> Answer {
        self.find(name, request)?;
        let application = self.existing(name)?;
        let spec = &application.spec;
        let wanted = match request.query("revision") {
            Some(revision) if !revision.is_empty() => revision,
            _ => text(spec, "/source/targetRevision"),
        };
        let git = &self.config.git;
        let failed = |error: SourceError| Failure::new(Code::Unknown, rpc_error(&error));
        let revision =
            Sources::resolve(git, text(spec, "/source/repoURL"), wanted).map_err(failed)?;
        let rendered = self
            .sources
            .load(git, name, spec, &revision)
            .map_err(failed)?;
        let manifests: Vec<String> = rendered
            .manifests
            .iter()
            .map(|manifest| manifest.object.to_string())
            .collect();
        Ok(json!({
            "manifests": manifests,
            "namespace": text(spec, "/destination/namespace"),
            "server": super::spec::server(spec),
            "revision": revision,
            "sourceType": rendered.source_type,
        }))
    }
}

fn unresolved(error: SourceError) -> Failure {
    Failure::precondition(format!(
        "error resolving repo revision: {}",
        rpc_error(&error)
    ))
}
