//! What Argo CD knows that deployments need, clusters and the repository, and what they
//! need no more: the project that all bases once shared.

use std::time::Duration;

use deploycenter_domain::naming::FORMER_BASE_PROJECT;
use deploycenter_domain::remedy::{Advice, Remedy, Targets};
use deploycenter_ports::{Check, Finding, ProviderError};
use reqwest::Method;
use serde_json::Value;

use super::{Cluster, Platform, silent};
use crate::client::{Ask, SYSTEM};
use crate::owned::INSTALLATION;

/// What is read of each application that comes from the repository.
pub(crate) const FIELDS: &str = "items.metadata.name,items.status.sync.status";

/// What is read of each application in the former project.
pub(crate) const FORMER_FIELDS: &str = "items.metadata.name,items.metadata.labels";

pub(super) fn base_check() -> Check {
    Check::new(SYSTEM, "base-project").of(FORMER_BASE_PROJECT)
}

pub(super) fn cluster_check(cluster: &Cluster) -> Check {
    Check::new(SYSTEM, "cluster").of(&cluster.region)
}

pub(super) fn repository_check(generated: Option<&str>) -> Check {
    let check = Check::new(SYSTEM, "repository");
    match generated {
        Some(url) => check.of(shown(url)),
        None => check,
    }
}

impl Platform {
    /// Whether the project that all bases once shared can go: it may make any namespace and
    /// volume in every cluster.
    pub(super) async fn former_project(&self, limit: Duration) -> Finding {
        const LOOK: &str = "look at Argo CD's server log";
        let check = base_check();
        let project = Ask::new(Method::GET, &["projects", FORMER_BASE_PROJECT]);
        let applications = Ask::new(Method::GET, &["applications"])
            .query("projects", FORMER_BASE_PROJECT)
            .query("fields", FORMER_FIELDS);
        let (asked, applications) = tokio::join!(
            tokio::time::timeout(limit, self.client.ask(project)),
            self.get(applications, limit)
        );
        let project = match asked {
            Ok(Ok(answer)) if answer.is_not_found() => {
                return check.ok("it isn't there, and nothing needs it: each customer has a project for its bases");
            }
            Ok(Ok(answer)) => answer.value(),
            Ok(Err(failure)) => Err(failure),
            Err(_) => Err(silent(limit)),
        };
        let applications = match project.and(applications) {
            Ok(applications) => applications,
            Err(failure) => return check.failed(failure, LOOK),
        };
        let label = |app: &Value| app["metadata"]["labels"][INSTALLATION] == self.installation;
        let all = items(&applications["items"]).count();
        let ours = items(&applications["items"])
            .filter(|app| label(app))
            .count();
        if ours > 0 {
            check.warn(
                format_args!(
                    "applications of ours are still in it ({ours}), though each customer has a project for its bases now"
                ),
                Advice::from(Remedy::Apply {
                    targets: Targets::All,
                    reclaim: false,
                })
                .and(" moves them; what is held moves once it is released"),
            )
        } else if all > 0 {
            check.ok(format_args!(
                "no application of ours is in it; others' are ({all})"
            ))
        } else {
            check.warn(
                "nothing that this account sees is in it any more, and it may make any namespace and volume",
                format!(
                    "an Argo CD admin may delete it now: kubectl delete appproject -n argocd {FORMER_BASE_PROJECT}"
                ),
            )
        }
    }

    pub(super) async fn known_clusters(&self, limit: Duration) -> Vec<Finding> {
        let seeing = ["account", "can-i", "clusters", "get", "*"];
        let (listed, all) = tokio::join!(
            self.get(Ask::new(Method::GET, &["clusters"]), limit),
            self.get(Ask::new(Method::GET, &seeing), limit)
        );
        // Argo CD leaves out of the list what the account may not see.
        let sees_all = all.is_ok_and(|answer| answer["value"] == "yes");
        let found = self.clusters.iter().map(|cluster| match &listed {
            Ok(listed) => judge_cluster(cluster, &listed["items"], sees_all),
            Err(failure) => unlisted(cluster_check(cluster), failure),
        });
        found.collect()
    }

    pub(super) async fn repository(&self, limit: Duration) -> Finding {
        let check = repository_check(self.generated.as_deref());
        let Some(url) = self.generated.as_deref() else {
            return check
                .skipped("nothing says yet by which address it reads the generated branches");
        };
        let applications = Ask::new(Method::GET, &["applications"])
            .query("repo", url)
            .query("fields", FIELDS);
        let (listed, applications) = tokio::join!(
            self.get(Ask::new(Method::GET, &["repositories"]), limit),
            self.get(applications, limit)
        );
        let listed = match listed {
            Ok(listed) => listed,
            Err(failure) => return unlisted(check, &failure),
        };
        let known = items(&listed["items"])
            .find(|known| known["repo"].as_str().is_some_and(|it| same(it, url)));
        if let Some(known) = known {
            let state = &known["connectionState"];
            return if state["status"] == "Failed" {
                check.fail(
                    format_args!("Argo CD can't read it: {}", words(&state["message"])),
                    "correct its address or credentials in Argo CD: argocd repo add URL --upsert …",
                )
            } else {
                check.ok("it is registered in Argo CD")
            };
        }
        let applications = applications.unwrap_or_default();
        let compared = items(&applications["items"])
            .filter(|app| {
                let sync = &app["status"]["sync"]["status"];
                sync == "Synced" || sync == "OutOfSync"
            })
            .count();
        if compared > 0 {
            let plural = if compared == 1 { " comes" } else { "s come" };
            check.ok(format_args!(
                "Argo CD reads it: {compared} application{plural} from it"
            ))
        } else {
            check.skipped("it isn't registered in Argo CD, which a public one or one with a credential template needn't be; the first sync shows")
        }
    }
}

fn judge_cluster(cluster: &Cluster, listed: &Value, sees_all: bool) -> Finding {
    let check = cluster_check(cluster);
    let server = cluster.server.trim_end_matches('/');
    let known = items(listed).find(|known| {
        known["server"]
            .as_str()
            .is_some_and(|it| it.trim_end_matches('/') == server)
    });
    let Some(known) = known else {
        return if sees_all {
            check.fail(
                format_args!("Argo CD doesn't know the cluster {server}"),
                format!(
                    "argocd cluster add CONTEXT --name {}, or correct cluster.server of {} in regions.yaml",
                    cluster.name, cluster.region
                ),
            )
        } else {
            check.skipped(format_args!(
                "the account doesn't see {server}, and may not see every cluster"
            ))
        };
    };
    let state = &known["connectionState"];
    if state["status"] == "Failed" {
        return check.fail(
            format_args!("Argo CD can't reach {server}: {}", words(&state["message"])),
            format!(
                "renew the cluster's credentials in Argo CD: argocd cluster add CONTEXT --name {} --upsert",
                cluster.name
            ),
        );
    }
    check.ok(format_args!("{server} is known"))
}

fn unlisted(check: Check, failure: &ProviderError) -> Finding {
    check.failed(failure.clone(), "look at Argo CD's server log")
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

/// The first line of Argo CD's own words, at a length that can be read.
fn words(text: &Value) -> String {
    let line = text.as_str().unwrap_or_default().lines().next();
    line.unwrap_or_default().chars().take(300).collect()
}

/// Whether two URLs are one repository's, as Argo CD compares them: without case, `.git` and
/// a final slash.
fn same(one: &str, other: &str) -> bool {
    let plain = |url: &str| {
        let url = url.trim_end_matches('/').to_ascii_lowercase();
        url.strip_suffix(".git").map_or(url.clone(), str::to_owned)
    };
    plain(one) == plain(other)
}

/// A URL without what logs in.
fn shown(url: &str) -> String {
    if let Ok(mut parsed) = url::Url::parse(url)
        && parsed.password().is_some()
        && parsed.set_password(None).is_ok()
    {
        return parsed.to_string();
    }
    url.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn one_repository_has_several_urls() {
        let url = "https://git.example.com/Fleet/deploy.git";
        assert!(same(url, "https://git.example.com/fleet/deploy/"));
        assert!(!same(url, "https://git.example.com/fleet/other"));
        assert_eq!(
            shown("https://me:secret@git.example.com/r"),
            "https://me@git.example.com/r"
        );
    }

    #[test]
    fn a_cluster_that_argo_cd_lost_is_told() {
        let cluster = Cluster {
            region: "eu".to_owned(),
            name: "prod".to_owned(),
            server: "https://k8s.example.com".to_owned(),
        };
        let listed = json!([{ "server": "https://k8s.example.com/", "connectionState": { "status": "Failed", "message": "the server has asked for the client to provide credentials\nmore" } }]);
        let found = judge_cluster(&cluster, &listed, true);
        assert_eq!(
            found.message,
            "Argo CD can't reach https://k8s.example.com: the server has asked for the client to provide credentials"
        );
        let found = judge_cluster(&cluster, &Value::Null, false);
        assert_eq!(found.status.as_str(), "skipped");
    }
}
