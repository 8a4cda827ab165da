//! Whether Argo CD is there, who we are to it, and whether it knows what deployments need.
//! Only reads.

mod known;
mod rights;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use deploycenter_ports::{
    Calls, Check, Clock, Examine, Finding, Pauses, ProviderError, ProviderErrorKind,
};
use reqwest::Method;
use serde_json::Value;

#[cfg(test)]
pub(crate) use known::{FIELDS, FORMER_FIELDS};

use crate::client::{Ask, Client, SYSTEM};
use crate::config::{ArgoCdConfig, Backoff};

/// The minor versions that the adapter was tried with.
const TRIED: [&str; 1] = ["3.6"];

/// Enough for a hiccup, few enough for an absent server to be named before the time is up.
const HASTY: Backoff = Backoff {
    attempts: 2,
    pauses: Pauses {
        first: Duration::from_millis(500),
        most: Duration::from_millis(500),
    },
    retry_after_cap: Duration::from_secs(2),
    give_up: Duration::from_secs(10),
};

/// Where the token comes from.
const TOKEN: &str = "set ARGOCD_AUTH_TOKEN to a token that `argocd account generate-token` made";

/// Where the address comes from.
const ADDRESS: &str =
    "check argocd.server in deploycenter.toml (or ARGOCD_SERVER), and that Argo CD is up";

/// A cluster that deployments go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// The region's key in `regions.yaml`.
    pub region: String,
    /// The cluster's name there.
    pub name: String,
    /// The URL of its API server.
    pub server: String,
}

/// An Argo CD, looked at.
#[derive(Debug)]
pub struct Platform {
    client: Client,
    has_token: bool,
    clusters: Vec<Cluster>,
    generated: Option<String>,
    installation: String,
}

impl Platform {
    /// The Argo CD of a configuration, which is to serve these clusters and read the
    /// generated branches from that URL; `None`: there is no such URL yet. Asks nothing.
    ///
    /// # Errors
    /// As [`ArgoCd::new`](crate::ArgoCd::new).
    pub fn new(
        config: &ArgoCdConfig,
        clusters: Vec<Cluster>,
        generated: Option<String>,
        clock: Arc<dyn Clock>,
        calls: Arc<dyn Calls>,
    ) -> Result<Self, ProviderError> {
        let config = ArgoCdConfig {
            backoff: HASTY,
            ..config.clone()
        };
        Ok(Self {
            client: Client::new(&config, clock, calls)?,
            has_token: !config.token.is_empty(),
            clusters,
            generated,
            installation: config.installation.to_string(),
        })
    }

    async fn get(&self, ask: Ask<'_>, limit: Duration) -> Result<Value, ProviderError> {
        match tokio::time::timeout(limit, self.client.ask(ask)).await {
            Ok(answer) => answer?.value(),
            Err(_) => Err(silent(limit)),
        }
    }

    async fn version(&self, limit: Duration) -> Result<Finding, Finding> {
        let check = Check::new(SYSTEM, "reach").of(self.client.server());
        let ask = Ask::new(Method::GET, &["version"]).unversioned();
        match self.get(ask, limit).await {
            Ok(answer) => Ok(judge(check, answer["Version"].as_str().unwrap_or_default())),
            // A refusal, such as a redirect, has its own advice.
            Err(failure) if failure.kind == ProviderErrorKind::Refused => {
                Err(check.failed(failure, ADDRESS))
            }
            Err(failure) => Err(check.fail(failure.message, ADDRESS)),
        }
    }

    async fn token(&self, limit: Duration) -> Result<Finding, Finding> {
        let check = Check::new(SYSTEM, "token");
        if !self.has_token {
            return Err(check.fail("there is no token for Argo CD", TOKEN));
        }
        // A 200 for everybody: only what is in it tells.
        let ask = Ask::new(Method::GET, &["session", "userinfo"]);
        match self.get(ask, limit).await {
            Ok(answer) if answer["loggedIn"] == Value::Bool(true) => {
                let name = answer["username"].as_str().unwrap_or_default();
                Ok(check.ok(format_args!("valid, for the account {name}")))
            }
            Ok(_) => Err(check.fail("the token is wrong, revoked or expired", TOKEN)),
            Err(failure) => Err(check.failed(failure, TOKEN)),
        }
    }

    /// What can't be asked without a token.
    fn skipped(&self, why: &str) -> Vec<Finding> {
        let mut findings: Vec<Finding> = rights::RESOURCES
            .iter()
            .map(|resource| Check::new(SYSTEM, "rights").of(*resource).skipped(why))
            .collect();
        findings.push(known::base_check().skipped(why));
        findings.extend(
            self.clusters
                .iter()
                .map(|cluster| known::cluster_check(cluster).skipped(why)),
        );
        findings.push(known::repository_check(self.generated.as_deref()).skipped(why));
        findings
    }
}

#[async_trait]
impl Examine for Platform {
    async fn examine(&self, limit: Duration) -> Vec<Finding> {
        let reached = match self.version(limit).await {
            Ok(found) => found,
            Err(found) => {
                let why = "Argo CD doesn't answer";
                let mut findings = vec![found, Check::new(SYSTEM, "token").skipped(why)];
                findings.extend(self.skipped(why));
                return findings;
            }
        };
        let known = match self.token(limit).await {
            Ok(found) => found,
            Err(found) => {
                let mut findings = vec![reached, found];
                findings.extend(self.skipped("there is no valid token"));
                return findings;
            }
        };
        let (rights, base, clusters, repository) = tokio::join!(
            self.rights(limit),
            self.former_project(limit),
            self.known_clusters(limit),
            self.repository(limit)
        );
        let mut findings = vec![reached, known];
        findings.extend(rights);
        findings.push(base);
        findings.extend(clusters);
        findings.push(repository);
        findings
    }
}

fn silent(limit: Duration) -> ProviderError {
    ProviderError::new(
        ProviderErrorKind::Unavailable,
        SYSTEM,
        format!("Argo CD gave no answer within {} s", limit.as_secs()),
    )
    .help(
        "see whether Argo CD's server is overloaded, or something on the way drops the connection",
    )
}

/// `v3.6.0+unknown` is 3.6.
fn judge(check: Check, version: &str) -> Finding {
    let mut parts = version.trim_start_matches('v').split('.');
    let minor = match (parts.next(), parts.next()) {
        (Some(major), Some(minor)) => format!("{major}.{minor}"),
        _ => String::new(),
    };
    let tried = TRIED.join(", ");
    if minor.is_empty() {
        check.warn(
            format_args!("it answers, and doesn't tell its version; {tried} is what was tried"),
            "see whether that address is an Argo CD's",
        )
    } else if TRIED.contains(&minor.as_str()) {
        check.ok(format_args!("Argo CD {version}"))
    } else {
        check.warn(
            format_args!("Argo CD {version}; what was tried is {tried}"),
            "watch the first deployment, or use a version that was tried",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use deploycenter_ports::Verdict;

    #[test]
    fn versions_that_were_not_tried_are_told() {
        for (version, verdict) in [
            ("v3.6.0", Verdict::Ok),
            ("v3.6.2+ab12cd3", Verdict::Ok),
            ("v3.60.0", Verdict::Warn),
            ("v2.14.1", Verdict::Warn),
            ("v99.99.99+unknown", Verdict::Warn),
            ("", Verdict::Warn),
            ("latest", Verdict::Warn),
        ] {
            let found = judge(Check::new(SYSTEM, "reach"), version);
            assert_eq!(found.status, verdict, "{version}");
        }
    }
}
