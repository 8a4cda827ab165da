//! What Argo CD knows that deployments need: the base project, clusters, the repository.

use std::time::Duration;

use deploycenter_domain::naming::BASE_PROJECT;
use deploycenter_ports::{Check, Failure, Finding};
use reqwest::Method;
use serde_json::Value;

use super::{Cluster, Platform, silent};
use crate::client::{Ask, SYSTEM};

/// How the base project comes to be.
const MAKE_BASE: &str = "have an Argo CD admin apply argocd/deploycenter-base.yaml, which `deploycenter init` writes: kubectl apply -n argocd -f argocd/deploycenter-base.yaml";

/// What is read of each application that comes from the repository.
pub(crate) const FIELDS: &str = "items.metadata.name,items.status.sync.status";

/// The kinds without a namespace that a base is made of, and their group, which is the
/// core's.
const BASE_KINDS: [&str; 2] = ["Namespace", "PersistentVolume"];

pub(super) fn base_check() -> Check {
    Check::new(SYSTEM, "base-project").of(BASE_PROJECT)
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
    pub(super) async fn base_project(&self, limit: Duration) -> Finding {
        let check = base_check();
        let ask = Ask::new(Method::GET, &["projects", BASE_PROJECT]);
        let asked = tokio::time::timeout(limit, self.client.ask(ask)).await;
        let answer = match asked {
            Ok(Ok(answer)) if answer.is_not_found() => {
                return check.fail("there is no such project", MAKE_BASE);
            }
            Ok(Ok(answer)) => answer.value(),
            Ok(Err(failure)) => Err(failure),
            Err(_) => Err(silent(limit)),
        };
        match answer {
            Ok(project) => {
                let wrong = self.wrong_with(&project["spec"]);
                if wrong.is_empty() {
                    check.ok("it is there, and permits what bases are made of")
                } else {
                    check.fail(format_args!("it {}", wrong.join("; ")), MAKE_BASE)
                }
            }
            Err(failure) => check.failed(failure, MAKE_BASE),
        }
    }

    /// What a base would be refused for.
    fn wrong_with(&self, spec: &Value) -> Vec<String> {
        let mut wrong = Vec::new();
        for cluster in &self.clusters {
            let any = items(&spec["destinations"]).any(|destination| {
                destination["namespace"] == "*" && matches(&destination["server"], &cluster.server)
            });
            if !any {
                wrong.push(format!(
                    "doesn't permit every namespace of {}",
                    cluster.server
                ));
            }
        }
        let lists = |list: &Value, kind: &str| {
            items(list).any(|entry| matches(&entry["group"], "") && matches(&entry["kind"], kind))
        };
        for kind in BASE_KINDS {
            let listed = lists(&spec["clusterResourceWhitelist"], kind)
                && !lists(&spec["clusterResourceBlacklist"], kind);
            if !listed {
                wrong.push(format!("doesn't permit the cluster's kind {kind}"));
            }
        }
        if let Some(url) = &self.generated
            && !items(&spec["sourceRepos"]).any(|pattern| matches(pattern, url))
        {
            wrong.push(format!("doesn't permit the repository {}", shown(url)));
        }
        for list in ["namespaceResourceBlacklist", "namespaceResourceWhitelist"] {
            if items(&spec[list]).next().is_some() {
                wrong.push(format!("restricts kinds within namespaces ({list})"));
            }
        }
        wrong
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
            return check.skipped("the checkout has no remote for the generated branches");
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

fn unlisted(check: Check, failure: &Failure) -> Finding {
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

/// Whether a project's pattern takes a text; `*` stands for any characters. One that begins
/// with `!` takes nothing.
fn matches(pattern: &Value, text: &str) -> bool {
    let pattern = pattern.as_str().unwrap_or_default();
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut left) = text.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match left.find(part) {
            Some(at) => left = &left[at + part.len()..],
            None => return false,
        }
    }
    left.ends_with(last)
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
    fn patterns_are_a_projects() {
        for (pattern, text, fits) in [
            ("*", "", true),
            ("*", "https://a", true),
            ("https://*.example.com", "https://a.example.com", true),
            ("https://*.example.com", "https://a.example.org", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("a*a", "a", false),
            ("https://a", "https://a", true),
            ("", "Namespace", false),
            ("!https://a", "https://a", false),
        ] {
            assert_eq!(matches(&json!(pattern), text), fits, "{pattern} on {text}");
        }
    }

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
