//! Rights: the account may do everything but what it was denied. A right on an application
//! says nothing of the rights on its objects, whose actions are
//! `update/<group>/<kind>/<namespace>/<name>` and `delete/…`; that is Argo CD's default since 3.0.

use serde_json::{Value, json};

use super::ArgoCd;
use super::answer::{Answer, Code, Failure};
use super::json::glob;
use super::route::Route;
use crate::service::{Millis, Request};

/// What the question knows, in the order of Argo CD's `util/rbac`.
const RESOURCES: [&str; 12] = [
    "clusters",
    "projects",
    "applications",
    "applicationsets",
    "repositories",
    "write-repositories",
    "certificates",
    "accounts",
    "gpgkeys",
    "logs",
    "exec",
    "extensions",
];
/// Likewise.
const ACTIONS: [&str; 6] = ["get", "create", "update", "delete", "sync", "override"];

impl ArgoCd {
    /// From now on the account may not do that to anything: `deny("projects", "create")`,
    /// `deny("applications", "delete/*/PersistentVolumeClaim/*")`, where `*` is any run of
    /// characters. The question for it is answered so, and the calls are refused. Nobody can
    /// ask for an action on an object: the question knows the plain ones only.
    pub fn deny(&mut self, resource: &str, action: &str) {
        self.denied.insert((resource.to_owned(), action.to_owned()));
    }

    /// `GET /api/v1/account/can-i/{resource}/{action}/{object}`.
    pub(crate) fn can_i(&self, resource: &str, action: &str) -> Answer {
        for (known, asked) in [(&ACTIONS[..], action), (&RESOURCES[..], resource)] {
            if !known.contains(&asked) {
                let known = known.join(" ");
                return Err(Failure::invalid(format!(
                    "[{known}] does not contain {asked}"
                )));
            }
        }
        let value = if self.is_denied(resource, action) {
            "no"
        } else {
            "yes"
        };
        Ok(json!({ "value": value }))
    }

    /// What a call is answered for want of a right; `None`: it may be made.
    pub(crate) fn refusal(
        &self,
        route: &Route,
        body: &Value,
        request: &Request,
        now: Millis,
    ) -> Option<Answer> {
        let (resource, action) = right(route)?;
        let action = match route {
            Route::PatchResource(_) | Route::DeleteResource(_) => {
                let parts = ["group", "kind", "namespace", "resourceName"];
                let parts = parts.map(|part| request.query(part).unwrap_or_default());
                format!("{action}/{}", parts.join("/"))
            }
            _ => action.to_owned(),
        };
        let action = action.as_str();
        if !self.is_denied(resource, action) {
            return None;
        }
        let object = || {
            let named = body.pointer("/metadata/name");
            let named = named.or_else(|| body.pointer("/project/metadata/name"));
            let name = named.and_then(Value::as_str).unwrap_or_default().to_owned();
            route.call(|| name).subject
        };
        Some(match route {
            // What may not be seen isn't in a list.
            Route::ListClusters
            | Route::ListRepositories
            | Route::ListProjects
            | Route::ListApplications => Ok(json!({ "metadata": {}, "items": null })),
            // Only these name the policy.
            Route::CreateApplication
            | Route::CreateProject
            | Route::GetProject(_)
            | Route::UpdateProject(_)
            | Route::DeleteProject(_) => Err(lacking(resource, action, &object(), now)),
            _ => Err(Failure::denied()),
        })
    }

    /// A right that only the call's own content shows to be wanted.
    pub(crate) fn asks(
        &self,
        resource: &str,
        action: &str,
        object: &str,
        now: Millis,
    ) -> Result<(), Failure> {
        if self.is_denied(resource, action) {
            return Err(lacking(resource, action, object, now));
        }
        Ok(())
    }

    fn is_denied(&self, resource: &str, action: &str) -> bool {
        self.denied
            .iter()
            .any(|(of, what)| of == resource && glob(what, action, false))
    }
}

fn lacking(resource: &str, action: &str, object: &str, now: Millis) -> Failure {
    Failure::new(
        Code::PermissionDenied,
        format!(
            "permission denied: {resource}, {action}, {object}, sub: admin, iat: {}",
            super::json::time(now)
        ),
    )
}

/// The right that a call needs.
fn right(route: &Route) -> Option<(&'static str, &'static str)> {
    Some(match route {
        Route::ListClusters => ("clusters", "get"),
        Route::ListRepositories => ("repositories", "get"),
        Route::ListProjects | Route::GetProject(_) => ("projects", "get"),
        Route::CreateProject => ("projects", "create"),
        Route::UpdateProject(_) => ("projects", "update"),
        Route::DeleteProject(_) => ("projects", "delete"),
        Route::CreateApplication => ("applications", "create"),
        Route::UpdateApplication(_)
        | Route::PatchApplication(_)
        | Route::UpdateApplicationSpec(_) => ("applications", "update"),
        Route::PatchResource(_) => ("applications", "update"),
        Route::DeleteApplication(_) | Route::DeleteResource(_) => ("applications", "delete"),
        Route::SyncApplication(_)
        | Route::TerminateOperation(_)
        | Route::RollbackApplication(_) => ("applications", "sync"),
        Route::ListApplications
        | Route::GetApplication(_)
        | Route::ResourceTree(_)
        | Route::ManagedResources(_)
        | Route::GetResource(_)
        | Route::Manifests(_)
        | Route::RevisionMetadata(..) => ("applications", "get"),
        _ => return None,
    })
}
