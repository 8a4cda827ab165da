//! What the token's account may do, by Argo CD's own answer to that question.

use std::time::Duration;

use deploycenter_ports::{Check, Finding};
use futures::future::join_all;
use reqwest::Method;
use serde_json::Value;

use super::{Platform, silent};
use crate::client::{Ask, SYSTEM};

/// Rights on one kind of thing.
struct Needed {
    resource: &'static str,
    actions: &'static [&'static str],
    /// The object asked about: any, in the parts of its path. A cluster can't be named by its
    /// URL here: Argo CD's server takes the slashes of that for its own.
    object: &'static [&'static str],
    /// Why it matters, where deployments can do without for a while.
    without: Option<&'static str>,
}

/// What deployments need. A project that comes to another cluster, or whose lists of kinds
/// change, needs `clusters, update` (Argo CD's `ProjectService.Update`).
const NEEDED: [Needed; 4] = [
    Needed {
        resource: "applications",
        actions: &["get", "create", "update", "delete", "sync"],
        object: &["*", "*"],
        without: None,
    },
    Needed {
        resource: "projects",
        actions: &["get", "create", "update", "delete"],
        object: &["*"],
        without: None,
    },
    Needed {
        resource: "clusters",
        actions: &["get", "update"],
        object: &["*"],
        without: Some(
            "clusters can't be checked without `get`, nor a customer come to a second cluster, or the kinds in its projects change, without `update`",
        ),
    },
    Needed {
        resource: "repositories",
        actions: &["get"],
        object: &["*"],
        without: Some("whether Argo CD can read the generated branches is only seen at a sync"),
    },
];

/// The objects of applications: what is in the clusters.
const OBJECTS: &str = "applications' objects";

/// An application that there never is: nobody may use a name that begins so.
const NOBODY: &str = "deploycenter-doctor";

/// What is asked about, in the order of the report.
pub(super) const RESOURCES: [&str; 5] = [
    "applications",
    OBJECTS,
    "projects",
    "clusters",
    "repositories",
];

impl Platform {
    pub(super) async fn rights(&self, limit: Duration) -> Vec<Finding> {
        let (mut found, objects) = tokio::join!(
            join_all(NEEDED.iter().map(|needed| self.right(needed, limit))),
            self.objects(limit)
        );
        found.insert(1, objects);
        found
    }

    /// Whether the account may change and delete the objects of applications. Since Argo CD
    /// 3.0 that is a right of its own, and the question that others are asked by doesn't
    /// know it. The calls themselves do: they are refused for want of it before the
    /// application is looked for, and there is none of this name.
    async fn objects(&self, limit: Duration) -> Finding {
        let check = Check::new(SYSTEM, "rights").of(OBJECTS);
        let call = |method: Method| {
            Ask::new(method, &["applications", NOBODY, "resource"])
                .query("project", NOBODY)
                .query("version", "v1")
                .query("kind", "ConfigMap")
                .query("namespace", NOBODY)
                .query("resourceName", NOBODY)
        };
        let update = call(Method::POST)
            .query("patchType", "application/merge-patch+json")
            .body(Value::String("{}".to_owned()));
        let mut missing = Vec::new();
        for (action, ask) in [("update", update), ("delete", call(Method::DELETE))] {
            match tokio::time::timeout(limit, self.client.ask(ask)).await {
                Ok(Ok(answer)) if answer.is_not_found() => {}
                Ok(Ok(answer)) if answer.is_forbidden() => missing.push(action),
                Ok(Ok(answer)) => {
                    return check.failed(answer.failure(), "look at Argo CD's server log");
                }
                Ok(Err(failure)) => return check.failed(failure, "look at Argo CD's server log"),
                Err(_) => return check.failed(silent(limit), "look at Argo CD's server log"),
            }
        }
        if missing.is_empty() {
            return check.ok("may update, delete");
        }
        let policies = missing
            .iter()
            .map(|action| format!("p, role:deploycenter, applications, {action}/*, */*, allow"));
        check.warn(
            format_args!(
                "may not {}: a deployment with an object that the API server rejects can't be taken back whole",
                missing.join(", ")
            ),
            format!(
                "have an Argo CD admin give the account's role these in argocd-rbac-cm: {}",
                policies.collect::<Vec<_>>().join("; ")
            ),
        )
    }

    async fn right(&self, needed: &Needed, limit: Duration) -> Finding {
        let Needed {
            resource, actions, ..
        } = needed;
        let check = Check::new(SYSTEM, "rights").of(*resource);
        let answers = actions.iter().map(async |action| {
            let path = ["account", "can-i", resource, action];
            let path = [&path, needed.object].concat();
            let answer = self.get(Ask::new(Method::GET, &path), limit).await?;
            Ok((*action, answer["value"] == "yes"))
        });
        let mut missing = Vec::new();
        for answer in join_all(answers).await {
            match answer {
                Ok((_, true)) => {}
                Ok((action, false)) => missing.push(action),
                Err(failure) => return check.failed(failure, "look at Argo CD's server log"),
            }
        }
        if missing.is_empty() {
            return check.ok(format_args!("may {}", actions.join(", ")));
        }
        let message = format!("may not {} all {resource}", missing.join(", "));
        let policies = missing.iter().map(|action| {
            let object = needed.object.join("/");
            format!("p, role:deploycenter, {resource}, {action}, {object}, allow")
        });
        let help = format!(
            "have an Argo CD admin give the account's role these in argocd-rbac-cm: {}",
            policies.collect::<Vec<_>>().join("; ")
        );
        match needed.without {
            None => check.fail(message, help),
            Some(why) => check.warn(format_args!("{message}: {why}"), help),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `init` writes for an Argo CD admin.
    const SCAFFOLD: &str = include_str!("../../../../platform/scaffold/argocd/rbac.csv");

    #[test]
    fn every_right_that_is_asked_for_is_in_the_scaffold() {
        let needed = NEEDED.iter().flat_map(|needed| {
            let actions = needed.actions.iter();
            actions.map(|action| (needed.resource, *action))
        });
        let objects = [("applications", "update/*"), ("applications", "delete/*")];
        for (resource, action) in needed.chain(objects) {
            let line = format!("p, role:deploycenter, {resource}, {action}, ");
            assert!(SCAFFOLD.lines().any(|it| it.starts_with(&line)), "{line}");
        }
    }

    #[test]
    fn every_kind_is_in_the_report() {
        let mut asked = NEEDED.map(|needed| needed.resource).to_vec();
        asked.insert(1, OBJECTS);
        assert_eq!(asked, RESOURCES);
    }
}
