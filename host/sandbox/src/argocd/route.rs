//! Which call of Argo CD's API a request is.

use http::Method;
use percent_encoding::percent_decode_str;

use super::answer::Failure;
use crate::service::Call;

/// The calls that the stand-in knows, by the names that the ledger shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Healthz,
    Version,
    CreateSession,
    DeleteSession,
    UserInfo,
    CanI(String, String),
    ListClusters,
    ListRepositories,
    ListProjects,
    CreateProject,
    GetProject(String),
    UpdateProject(String),
    DeleteProject(String),
    ListApplications,
    CreateApplication,
    GetApplication(String),
    UpdateApplication(String),
    PatchApplication(String),
    DeleteApplication(String),
    UpdateApplicationSpec(String),
    SyncApplication(String),
    TerminateOperation(String),
    RollbackApplication(String),
    ResourceTree(String),
    ManagedResources(String),
    GetResource(String),
    PatchResource(String),
    DeleteResource(String),
    Manifests(String),
    RevisionMetadata(String, String),
    Stream,
    Sicken,
    Heal,
    SetHabits,
}

impl Route {
    /// Finds the route of a method and a raw path.
    ///
    /// # Errors
    /// The API server's own 404 and 405, which are plain text.
    pub(crate) fn find(method: &Method, path: &str) -> Result<Route, Failure> {
        let decoded: Vec<String> = path
            .trim_start_matches('/')
            .split('/')
            .map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned())
            .collect();
        let parts: Vec<&str> = decoded.iter().map(String::as_str).collect();
        let m = method.as_str();
        let name = |at: usize| decoded.get(at).cloned().unwrap_or_default();
        let route = match parts[..] {
            ["healthz"] => one(m, "GET", Route::Healthz),
            ["api", "version"] => one(m, "GET", Route::Version),
            ["_sandbox", "sicken"] => one(m, "POST", Route::Sicken),
            ["_sandbox", "heal"] => one(m, "POST", Route::Heal),
            ["_sandbox", "habits"] => one(m, "POST", Route::SetHabits),
            ["api", "v1", "session"] => match m {
                "POST" => Some(Route::CreateSession),
                "DELETE" => Some(Route::DeleteSession),
                _ => None,
            },
            ["api", "v1", "session", "userinfo"] => one(m, "GET", Route::UserInfo),
            ["api", "v1", "account", "can-i", _, _, ..] => {
                one(m, "GET", Route::CanI(name(4), name(5)))
            }
            ["api", "v1", "clusters"] => one(m, "GET", Route::ListClusters),
            ["api", "v1", "repositories"] => one(m, "GET", Route::ListRepositories),
            ["api", "v1", "stream", "applications", ..] => one(m, "GET", Route::Stream),
            ["api", "v1", "projects"] => match m {
                "GET" => Some(Route::ListProjects),
                "POST" => Some(Route::CreateProject),
                _ => None,
            },
            ["api", "v1", "projects", _] => match m {
                "GET" => Some(Route::GetProject(name(3))),
                "PUT" => Some(Route::UpdateProject(name(3))),
                "DELETE" => Some(Route::DeleteProject(name(3))),
                _ => None,
            },
            ["api", "v1", "applications"] => match m {
                "GET" => Some(Route::ListApplications),
                "POST" => Some(Route::CreateApplication),
                _ => None,
            },
            ["api", "v1", "applications", _] => match m {
                "GET" => Some(Route::GetApplication(name(3))),
                "PUT" => Some(Route::UpdateApplication(name(3))),
                "PATCH" => Some(Route::PatchApplication(name(3))),
                "DELETE" => Some(Route::DeleteApplication(name(3))),
                _ => None,
            },
            ["api", "v1", "applications", _, part] => match part {
                "spec" => one(m, "PUT", Route::UpdateApplicationSpec(name(3))),
                "sync" => one(m, "POST", Route::SyncApplication(name(3))),
                "operation" => one(m, "DELETE", Route::TerminateOperation(name(3))),
                "rollback" => one(m, "POST", Route::RollbackApplication(name(3))),
                "resource-tree" => one(m, "GET", Route::ResourceTree(name(3))),
                "managed-resources" => one(m, "GET", Route::ManagedResources(name(3))),
                "resource" => match m {
                    "GET" => Some(Route::GetResource(name(3))),
                    "POST" => Some(Route::PatchResource(name(3))),
                    "DELETE" => Some(Route::DeleteResource(name(3))),
                    _ => None,
                },
                "manifests" => one(m, "GET", Route::Manifests(name(3))),
                _ => return Err(not_found()),
            },
            ["api", "v1", "applications", _, "revisions", _, "metadata"] => {
                one(m, "GET", Route::RevisionMetadata(name(3), name(5)))
            }
            _ => return Err(not_found()),
        };
        route.ok_or(Failure::Plain(
            http::StatusCode::METHOD_NOT_ALLOWED,
            "Method Not Allowed",
        ))
    }

    /// What the ledger says of it: the operation, its subject, and whether it changes anything.
    /// `body_name` is the name in the body, where the path has none.
    pub(crate) fn call(&self, body_name: impl FnOnce() -> String) -> Call {
        let (operation, subject, write) = match self {
            Route::Healthz => ("Healthz", String::new(), false),
            Route::Version => ("GetVersion", String::new(), false),
            Route::CreateSession => ("CreateSession", String::new(), false),
            Route::DeleteSession => ("DeleteSession", String::new(), false),
            Route::UserInfo => ("GetUserInfo", String::new(), false),
            Route::CanI(resource, action) => ("CanI", format!("{resource}/{action}"), false),
            Route::ListClusters => ("ListClusters", String::new(), false),
            Route::ListRepositories => ("ListRepositories", String::new(), false),
            Route::ListProjects => ("ListProjects", String::new(), false),
            Route::CreateProject => ("CreateProject", body_name(), true),
            Route::GetProject(name) => ("GetProject", name.clone(), false),
            Route::UpdateProject(name) => ("UpdateProject", name.clone(), true),
            Route::DeleteProject(name) => ("DeleteProject", name.clone(), true),
            Route::ListApplications => ("ListApplications", String::new(), false),
            Route::CreateApplication => ("CreateApplication", body_name(), true),
            Route::GetApplication(name) => ("GetApplication", name.clone(), false),
            Route::UpdateApplication(name) => ("UpdateApplication", name.clone(), true),
            Route::PatchApplication(name) => ("PatchApplication", name.clone(), true),
            Route::DeleteApplication(name) => ("DeleteApplication", name.clone(), true),
            Route::UpdateApplicationSpec(name) => ("UpdateApplicationSpec", name.clone(), true),
            Route::SyncApplication(name) => ("SyncApplication", name.clone(), true),
            Route::TerminateOperation(name) => ("TerminateOperation", name.clone(), true),
            Route::RollbackApplication(name) => ("RollbackApplication", name.clone(), true),
            Route::ResourceTree(name) => ("GetResourceTree", name.clone(), false),
            Route::ManagedResources(name) => ("ListManagedResources", name.clone(), false),
            Route::GetResource(name) => ("GetResource", name.clone(), false),
            Route::PatchResource(name) => ("PatchResource", name.clone(), true),
            Route::DeleteResource(name) => ("DeleteResource", name.clone(), true),
            Route::Manifests(name) => ("GetManifests", name.clone(), false),
            Route::RevisionMetadata(name, _) => ("GetRevisionMetadata", name.clone(), false),
            Route::Stream => ("WatchApplications", String::new(), false),
            // They set the stage for a test; nothing that a client of Argo CD may call.
            Route::Sicken => ("Sicken", String::new(), false),
            Route::Heal => ("Heal", String::new(), false),
            Route::SetHabits => ("SetHabits", String::new(), false),
        };
        Call {
            service: "argocd",
            operation: operation.to_owned(),
            subject,
            write,
        }
    }
}

fn one(method: &str, wanted: &str, route: Route) -> Option<Route> {
    (method == wanted).then_some(route)
}

fn not_found() -> Failure {
    Failure::Plain(http::StatusCode::NOT_FOUND, "Not Found")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trailing_slash_is_an_application_without_a_name() {
        let found = Route::find(&Method::GET, "/api/v1/applications/").ok();
        assert_eq!(found, Some(Route::GetApplication(String::new())));
    }

    #[test]
    fn unknown_paths_and_methods_are_told_apart() {
        for (method, path, wanted) in [
            (Method::GET, "/api/v1/nothing", 404),
            (Method::PATCH, "/api/v1/projects/x", 405),
            (Method::GET, "/api/v1/applications/a/nothing", 404),
            (Method::GET, "/api/v1/applications/a/sync", 405),
        ] {
            let status = Route::find(&method, path)
                .err()
                .map(|failure| failure.response().status);
            assert_eq!(status.map(|status| status.as_u16()), Some(wanted), "{path}");
        }
    }
}
