//! The deployment repo itself, as far as it can be read.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use deploycenter_domain::address::is_same_repository;
use deploycenter_domain::desired::{
    self, Authority, Desired, GitSettings, Reading, Regions, Settings,
};
use deploycenter_domain::name::InstallationId;
use deploycenter_domain::problem::Problem;
use deploycenter_domain::remedy::{Advice, Remedy};
use deploycenter_engine::workflow::WorkflowError;
use deploycenter_engine::{Offline, workflow};
use deploycenter_git::DeploymentRepo;
use deploycenter_ports::{Check, Finding};

use super::request::{DoctorError, DoctorRequest, InShort};
use crate::checked::CheckedOnDisk;
use crate::environment::Environment;
use crate::error::{PlatformError, TrustError};
use crate::platform;
use crate::trust::Trust;

const SYSTEM: &str = "repository";

/// A deployment repo, whatever is wrong with it.
pub(super) struct Repo {
    checkout: Option<DeploymentRepo>,
    trust: Result<Trust, TrustError>,
    in_short: InShort,
    desired: Desired,
    problems: Vec<Problem>,
}

impl Repo {
    /// Reads it, and says what is wrong with its files.
    pub(super) async fn read(
        environment: &Environment,
        request: &DoctorRequest,
    ) -> (Self, Vec<Finding>) {
        let DoctorRequest { root, in_short, .. } = request;
        let (offline, reading) = match platform::offline(environment, root).await {
            Ok((offline, reading)) => (Some(offline), reading),
            Err(error) => {
                let nothing = desired::read_all(&BTreeMap::new());
                let check = Check::new(SYSTEM, "files");
                let finding = failed(check, *in_short, error.into());
                return (
                    Self::new(environment, request, nothing.desired, nothing.problems),
                    vec![finding],
                );
            }
        };
        let repo = Self::new(
            environment,
            request,
            reading.desired.clone(),
            reading.problems.clone(),
        );
        let mut findings = vec![repo.settings(), repo.files(), repo.plugins()];
        if repo.sound_settings().is_some() {
            findings.push(repo.address());
        }
        let values = Check::new(SYSTEM, "values");
        findings.push(match offline {
            Some(offline) if reading.problems.is_empty() => {
                match valid(environment, root, &offline, reading).await {
                    Ok(()) => values.ok("every instance's values and templates are valid"),
                    Err(error) => failed(values, *in_short, error.into()),
                }
            }
            _ => values.skipped("something is wrong with the files"),
        });
        (repo, findings)
    }

    fn new(
        environment: &Environment,
        request: &DoctorRequest,
        desired: Desired,
        problems: Vec<Problem>,
    ) -> Self {
        Self {
            trust: Trust::read(environment, &request.root),
            in_short: request.in_short,
            checkout: checkout(environment, &request.root),
            desired,
            problems,
        }
    }

    /// None when it is in no git checkout.
    pub(super) fn checkout(&self) -> Option<&DeploymentRepo> {
        self.checkout.as_ref()
    }

    /// Where tokens may go, or why that can't be known.
    pub(super) fn trust(&self) -> Result<&Trust, &TrustError> {
        self.trust.as_ref()
    }

    /// The regions that can be read.
    pub(super) fn regions(&self) -> &Regions {
        &self.desired.regions
    }

    pub(super) fn git(&self) -> &GitSettings {
        &self.desired.settings.git
    }

    /// Where Argo CD is by the settings, and whose deployments; none when those are wrong.
    pub(super) fn argocd(&self) -> Option<(&str, &InstallationId)> {
        let settings = self.sound_settings()?;
        Some((&settings.argocd.server, &settings.installation))
    }

    /// The address by which Argo CD reads the generated branches.
    pub(super) fn repository(&self) -> Option<String> {
        self.desired.settings.repository().map(str::to_owned)
    }

    /// Whether that address is set.
    fn address(&self) -> Finding {
        let check = Check::new(SYSTEM, "address");
        let settings = &self.desired.settings;
        match (settings.repository(), self.checkout()) {
            (Some(address), checkout) => {
                let of_remote = || checkout?.remote_url(&settings.git.remote);
                let pushed = settings.git.generated.clone().or_else(of_remote);
                match pushed.filter(|pushed| !is_same_repository(pushed, address)) {
                    None => check.ok(format_args!("Argo CD reads {address}")),
                    Some(pushed) => check.warn(
                        format_args!("Argo CD reads {address}, and the generated branches are pushed to {pushed}"),
                        "see that both are one repository; argocd.repository and git.generated in deploycenter.toml say which",
                    ),
                }
            }
            (None, Some(checkout)) => {
                let unset = PlatformError::RepositoryUnset {
                    remote: checkout.remote_url(&settings.git.remote),
                };
                failed(check, self.in_short, unset.into())
            }
            (None, None) => check.skipped("the folder isn't a git checkout"),
        }
    }

    fn sound_settings(&self) -> Option<&Settings> {
        let sound = first(&self.problems, |file| file == desired::file::SETTINGS).is_none();
        sound.then_some(&self.desired.settings)
    }

    fn settings(&self) -> Finding {
        let check = Check::new(SYSTEM, "settings");
        let wrong = first(&self.problems, |file| file == desired::file::SETTINGS);
        match wrong {
            Some(wrong) => check.fail(wrong, every_problem()),
            None if self.desired.settings.authority != Authority::Database => check.fail(
                "only authority = \"database\" is there yet",
                "set it in deploycenter.toml",
            ),
            None => check.ok(format_args!(
                "installation {}",
                self.desired.settings.installation
            )),
        }
    }

    fn files(&self) -> Finding {
        let check = Check::new(SYSTEM, "files");
        let others = [desired::file::SETTINGS, desired::file::PLUGINS];
        match first(&self.problems, |file| !others.contains(&file)) {
            Some(wrong) => check.fail(wrong, every_problem()),
            None => check.ok(format_args!(
                "{}, {}, {}",
                count(self.desired.regions.regions.len(), "region"),
                count(self.desired.customers.len(), "customer"),
                count(self.desired.instances().count(), "instance")
            )),
        }
    }

    /// Whether each plugin of `plugins.lock` is the file that it names, and sound.
    fn plugins(&self) -> Finding {
        let check = Check::new(SYSTEM, "plugins");
        match first(&self.problems, |file| file == desired::file::PLUGINS) {
            Some(wrong) => check.fail(
                wrong,
                "restore the files from git, or install the plugins again",
            ),
            None => check.ok(format_args!(
                "{}, as plugins.lock has them",
                count(self.desired.plugins.plugins.len(), "plugin")
            )),
        }
    }
}

/// The checkout, logging in nowhere where that can't be said.
fn checkout(environment: &Environment, root: &Path) -> Option<DeploymentRepo> {
    match platform::checkout(environment, root) {
        Ok((checkout, ..)) => Some(checkout),
        Err(_) => DeploymentRepo::open(root).ok(),
    }
}

async fn valid(
    environment: &Environment,
    root: &Path,
    offline: &Offline,
    reading: Reading,
) -> Result<(), WorkflowError> {
    let checked = CheckedOnDisk::open(environment, root);
    workflow::validate(offline, reading, Arc::new(checked)).await?;
    Ok(())
}

fn failed(check: Check, in_short: InShort, error: DoctorError) -> Finding {
    let (message, help) = in_short(error);
    check.fail(message, help.map_or_else(every_problem, Advice::from))
}

/// What lists every problem.
fn every_problem() -> Advice {
    Advice::from(Remedy::Validate).and(" lists every problem with its place")
}

/// `1 region`, `2 regions`.
fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// The first problem by place, of those in such a file, and how many more there are.
fn first(problems: &[Problem], of: impl Fn(&str) -> bool) -> Option<String> {
    let some = problems.iter();
    let some = some.filter(|problem| of(problem.file.as_deref().unwrap_or_default()));
    let mut some: Vec<&Problem> = some.collect();
    some.sort();
    some.dedup();
    match some.as_slice() {
        [] => None,
        [one] => Some(one.to_string()),
        [one, more @ ..] => Some(format!("{one}, and {}", count(more.len(), "more problem"))),
    }
}
