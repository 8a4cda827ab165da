//! `doctor`: looks at everything that a deployment needs. A part that is missing is a
//! finding, so each is put together by itself, unlike in [`Platform`](crate::Platform).

mod repo;
mod request;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use deploycenter_argocd::{ArgoCdConfig, Cluster, Platform as ArgoCdPlatform};
use deploycenter_aws::{Accounts, Aws, Places};
use deploycenter_domain::desired::{Region, Regions};
use deploycenter_git::Remotes;
use deploycenter_ports::{Check, Clock, Examine, Finding, Unwatched};
use deploycenter_store::Journal;
use tokio::task::JoinSet;

use self::repo::Repo;
pub use self::request::{DoctorError, DoctorRequest, InShort};
use crate::environment::Environment;
use crate::error::{PlatformError, TrustError};
use crate::machine::{SystemClock, machine};

/// Looks at the deployment repo and every outside system that it names. Changes nothing
/// outside.
pub async fn doctor(environment: &Environment, request: &DoctorRequest) -> Vec<Finding> {
    let limit = request.limit;
    let (repo, mut findings) = Repo::read(environment, request).await;
    let mut outside = JoinSet::new();
    for (place, system) in systems(environment, request, &repo)
        .await
        .into_iter()
        .enumerate()
    {
        outside.spawn(async move {
            let found = match system {
                Ok(system) => system.examine(limit).await,
                Err(finding) => vec![finding],
            };
            (place, found)
        });
    }
    let mut found = outside.join_all().await;
    found.sort_by_key(|(place, _)| *place);
    findings.extend(found.into_iter().flat_map(|(_, found)| found));
    findings.extend(addons(repo.regions()));
    findings
}

/// The outside systems, in the order of the report, or why one can't be looked at.
async fn systems(
    environment: &Environment,
    request: &DoctorRequest,
    repo: &Repo,
) -> Vec<Result<Box<dyn Examine>, Finding>> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let journal = Journal {
        path: environment.database(&request.root),
        machine: machine(),
        clock: Arc::clone(&clock),
    };
    vec![
        git(repo),
        Ok(Box::new(journal)),
        aws(repo, &clock).await,
        argocd(environment, request, repo, &clock),
    ]
}

fn git(repo: &Repo) -> Result<Box<dyn Examine>, Finding> {
    let Some(checkout) = repo.checkout() else {
        return Err(Check::new("git", "remote").skipped("the folder isn't a git checkout"));
    };
    let git = repo.git();
    let checkout = checkout.clone().following(&git.remote, git.main.as_deref());
    let remotes = Remotes {
        main: checkout.main_branch(),
        checkout,
        remote: git.remote.clone(),
        generated: git.generated.clone(),
        signing: git.signing,
    };
    Ok(Box::new(Bound {
        bindings: remotes.logins(),
        system: remotes,
    }))
}

async fn aws(repo: &Repo, clock: &Arc<dyn Clock>) -> Result<Box<dyn Examine>, Finding> {
    let regions = repo.regions();
    if regions.regions.is_empty() && regions.hosted_zones.is_empty() {
        let why = "regions.yaml names no region that can be read";
        return Err(Check::new("aws", "credentials").skipped(why));
    }
    let aws = Aws::new(Places::of(regions), Arc::clone(clock), Arc::new(Unwatched));
    Ok(Box::new(Accounts {
        aws: aws.await,
        regions: regions.clone(),
    }))
}

fn argocd(
    environment: &Environment,
    request: &DoctorRequest,
    repo: &Repo,
    clock: &Arc<dyn Clock>,
) -> Result<Box<dyn Examine>, Finding> {
    let reach = || Check::new("argocd", "reach");
    let Some((server, installation)) = repo.argocd() else {
        return Err(reach().skipped("deploycenter.toml doesn't say where Argo CD is"));
    };
    let address = "correct argocd.server in deploycenter.toml, or ARGOCD_SERVER";
    let refused = |error: &TrustError| {
        let (message, help) = (request.in_short)(PlatformError::from(error.clone()).into());
        reach().fail(message, help.unwrap_or_else(|| address.to_owned()))
    };
    let trust = repo.trust().map_err(refused)?;
    let access = trust
        .argocd(environment, server)
        .map_err(|error| refused(&error))?;
    let binding = access
        .bound_by
        .map(|bound| Check::new("argocd", "binding").ok(bound));
    let bindings = binding.into_iter().collect();
    let cluster = |region: &Region| Cluster {
        region: region.name.to_string(),
        name: region.cluster.name.clone(),
        server: region.cluster.server.clone(),
    };
    let platform = ArgoCdPlatform::new(
        &ArgoCdConfig::new(access.server, access.token, installation.clone()),
        repo.regions().regions.values().map(cluster).collect(),
        repo.repository(),
        Arc::clone(clock),
        Arc::new(Unwatched),
    );
    match platform {
        Ok(system) => Ok(Box::new(Bound { bindings, system })),
        Err(failure) => Err(reach().failed(failure, address)),
    }
}

/// A system, and where its tokens go.
#[derive(Debug)]
struct Bound<S> {
    bindings: Vec<Finding>,
    system: S,
}

#[async_trait]
impl<S: Examine> Examine for Bound<S> {
    async fn examine(&self, limit: Duration) -> Vec<Finding> {
        let mut findings = self.system.examine(limit).await;
        findings.extend(self.bindings.iter().cloned());
        findings
    }
}

/// What `regions.yaml` says is installed in the clusters. Nobody here talks to clusters.
fn addons(regions: &Regions) -> Vec<Finding> {
    let found = regions.regions.values().map(|region| {
        let check = Check::new("addons", "declared").of(region.name.as_str());
        match &region.addons {
            Some(addons) if addons.is_empty() => {
                check.skipped("regions.yaml says that the cluster has none; `validate` holds apps to that")
            }
            Some(addons) => check.skipped(format_args!(
                "regions.yaml declares {}, which `validate` holds apps to; whether they run in the cluster isn't visible from here",
                addons.join(", ")
            )),
            None => check.skipped(
                "regions.yaml has no `addons` for this region, so that nothing says beforehand what is missing",
            ),
        }
    });
    found.collect()
}
