//! `doctor`: looks at everything that a deployment needs. A part that is missing is a
//! finding, so each is put together by itself, unlike in
//! [`deploycenter_platform::Platform`].

mod repo;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use clap::Args;
use deploycenter_argocd::{ArgoCdConfig, Cluster, Platform};
use deploycenter_aws::{Accounts, Aws, Places};
use deploycenter_domain::desired::{Region, Regions};
use deploycenter_git::Remotes;
use deploycenter_platform::{Environment, SystemClock, machine};
use deploycenter_ports::{Check, Clock, Examine, Finding, Unwatched};
use deploycenter_store::Journal;
use tokio::task::JoinSet;

use super::CommandContext;
use crate::args::duration;
use crate::fail::Fail;
use crate::output::doctor::DoctorReport;
use repo::Repo;

/// Check every outside system: reachable, credentials, rights, and what has to be there
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  deploycenter doctor\n  deploycenter doctor --timeout 30s --output json\n\nIt changes nothing outside. Each failure says what to do; exit 1 when there is one."
)]
pub(crate) struct DoctorArgs {
    /// How long each question may go unanswered: 500ms, 10s
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    pub(crate) timeout: Duration,
}

pub(super) async fn run(context: &CommandContext, args: &DoctorArgs) -> Result<ExitCode, Fail> {
    let limit = args.timeout;
    let root = context.root()?;
    let (repo, mut findings) = Repo::read(&context.environment, &root).await;
    let mut outside = JoinSet::new();
    for (place, system) in systems(&context.environment, &root, &repo)
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
    let report = DoctorReport::new(findings);
    crate::output::out!(
        "{}",
        if context.json {
            report.json()
        } else {
            report.human()
        }
    );
    Ok(if report.has_failed() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// The outside systems, in the order of the report, or why one can't be looked at.
async fn systems(
    environment: &Environment,
    root: &Path,
    repo: &Repo,
) -> Vec<Result<Box<dyn Examine>, Finding>> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let journal = Journal {
        path: environment.database(root),
        machine: machine(),
        clock: Arc::clone(&clock),
    };
    vec![
        git(repo),
        Ok(Box::new(journal)),
        aws(repo, &clock).await,
        argocd(environment, repo, &clock),
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
    repo: &Repo,
    clock: &Arc<dyn Clock>,
) -> Result<Box<dyn Examine>, Finding> {
    let reach = || Check::new("argocd", "reach");
    let Some((server, installation)) = repo.argocd() else {
        return Err(reach().skipped("deploycenter.toml doesn't say where Argo CD is"));
    };
    let address = "correct argocd.server in deploycenter.toml, or ARGOCD_SERVER";
    let refused = |fail: Fail| {
        let (message, help) = fail.in_short();
        reach().fail(message, help.unwrap_or_else(|| address.to_owned()))
    };
    let trust = repo.trust().map_err(refused)?;
    let access = trust
        .argocd(environment, server)
        .map_err(|error| refused(error.into()))?;
    let binding = access
        .bound_by
        .map(|bound| Check::new("argocd", "binding").ok(bound));
    let bindings = binding.into_iter().collect();
    let cluster = |region: &Region| Cluster {
        region: region.name.to_string(),
        name: region.cluster.name.clone(),
        server: region.cluster.server.clone(),
    };
    let platform = Platform::new(
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
