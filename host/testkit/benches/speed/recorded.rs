//! Adapters that answer from a recording, and the engine over them. They plan; whoever
//! would change something with them is refused.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use async_trait::async_trait;
use deploycenter_domain::desired;
use deploycenter_domain::journal::Event;
use deploycenter_domain::name::{DeploymentId, Incarnation, RegionName, TargetId};
use deploycenter_domain::resource::{Observed, Resource, Sync};
use deploycenter_engine::{Engine, Limits, Providers};
use deploycenter_ports::{
    ApplicationState, Applications, BranchSnapshot, Clock, DeployedRecord, DeploymentRecord,
    DeploymentSummary, Deployments, DesiredFiles, Generated, Holder, Ids, Journal, LastChange,
    Lease, Leases, LiveTarget, MainState, NewDeployment, Page, PageRequest, Plugins, ProvidedOwner,
    ProvidedSecrets, Provider, ProviderError, ProviderErrorKind, Queries, Queue, Repository,
    RepositoryError, SecretEntry, SecretSnapshot, Silent, Snapshot, Step, StepOutcome, StoreError,
    Syncing, TargetRecord,
};

use crate::recording::Recording;

/// As manifests name the generated repository.
const REPOSITORY: &str = "https://git.example.com/fleet.git";
const REFUSED: &str = "a recording can only be read";

/// An engine that plans over a recording.
pub(crate) fn engine(
    files: Arc<Files>,
    plugins: Arc<dyn Plugins>,
    recording: Arc<Recording>,
) -> Result<Engine> {
    let settings = files.read(desired::file::SETTINGS)?;
    let installation = toml_installation(&settings)?;
    let world = Arc::new(Recorded(recording));
    Ok(Engine {
        installation,
        generated_url: REPOSITORY.to_owned(),
        providers: Providers {
            efs: world.clone(),
            dns: world.clone(),
            secrets: world.clone(),
            provided: world.clone(),
            git: world.clone(),
            generated: world.clone(),
            argocd: world.clone(),
            applications: world.clone(),
            syncing: world.clone(),
            inventory: Vec::new(),
        },
        store: world,
        plugins,
        repository: files,
        clock: Arc::new(Now),
        ids: Arc::new(Now),
        progress: Arc::new(Silent),
        limits: Limits::default(),
        words: ToString::to_string,
    })
}

/// What would be committed for a target, or for all, without asking the recording.
pub(crate) async fn rendered(engine: &Engine, target: Option<&TargetId>) -> Result<()> {
    let desired = engine.desired().await?;
    engine.offline().render(desired, target).await?;
    Ok(())
}

/// The one key that is needed before anything is read.
fn toml_installation(settings: &[u8]) -> Result<deploycenter_domain::name::InstallationId> {
    let text = String::from_utf8_lossy(settings);
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("installation = "))
        .unwrap_or_default();
    Ok(line.trim_matches('"').parse()?)
}

/// A deployment repo's desired state.
#[derive(Debug)]
pub(crate) enum Files {
    /// In memory.
    Held(DesiredFiles),
    /// In a folder, read anew each time.
    Below(PathBuf),
}

impl Files {
    fn read(&self, name: &str) -> Result<Vec<u8>> {
        match self {
            Self::Held(files) => Ok(files.get(name).cloned().unwrap_or_default()),
            Self::Below(folder) => Ok(std::fs::read(folder.join(name))?),
        }
    }
}

fn unreadable(error: impl std::fmt::Display) -> RepositoryError {
    RepositoryError {
        message: error.to_string(),
        help: None,
    }
}

#[async_trait]
impl Repository for Files {
    async fn desired_files(&self) -> Result<DesiredFiles, RepositoryError> {
        match self {
            Self::Held(files) => Ok(files
                .iter()
                .filter(|(path, _)| !path.starts_with("plugins/"))
                .map(|(path, bytes)| (path.clone(), bytes.clone()))
                .collect()),
            Self::Below(_) => {
                let mut files = BTreeMap::new();
                for name in [
                    desired::file::SETTINGS,
                    desired::file::CUSTOMERS,
                    desired::file::REGIONS,
                    desired::file::PLUGINS,
                    "environments/staging.yaml",
                ] {
                    files.insert(name.to_owned(), self.read(name).map_err(unreadable)?);
                }
                Ok(files)
            }
        }
    }

    async fn files_at(
        &self,
        _commit: &str,
        _folder: &str,
    ) -> Result<DesiredFiles, RepositoryError> {
        Err(unreadable(REFUSED))
    }

    async fn last_change(&self, _folder: &str) -> Result<Option<String>, RepositoryError> {
        Ok(None)
    }

    async fn head(&self) -> Option<String> {
        None
    }

    async fn main_state(&self) -> Result<MainState, RepositoryError> {
        Err(unreadable(REFUSED))
    }

    async fn is_ancestor(&self, _older: &str, _newer: &str) -> Result<bool, RepositoryError> {
        Err(unreadable(REFUSED))
    }
}

/// All outside systems.
#[derive(Debug)]
struct Recorded(Arc<Recording>);

fn refused() -> ProviderError {
    ProviderError::new(ProviderErrorKind::Refused, "recording", REFUSED)
}

#[async_trait]
impl Provider for Recorded {
    fn snapshot(&self) -> Arc<dyn Snapshot> {
        Arc::new(Self(Arc::clone(&self.0)))
    }

    async fn observe(&self, wanted: &Resource) -> Result<Option<Observed>, ProviderError> {
        self.0
            .observe(wanted)
            .map_err(|error| ProviderError::new(ProviderErrorKind::Unavailable, "recording", error))
    }

    async fn ensure(&self, _step: &Step) -> Result<StepOutcome, ProviderError> {
        Err(refused())
    }
}

/// The recording never changes, so a run sees what every other does.
#[async_trait]
impl Snapshot for Recorded {
    async fn observe(&self, wanted: &Resource) -> Result<Option<Observed>, ProviderError> {
        Provider::observe(self, wanted).await
    }
}

impl Generated for Recorded {
    fn branches(&self) -> Arc<dyn BranchSnapshot> {
        Arc::new(Self(Arc::clone(&self.0)))
    }
}

#[async_trait]
impl BranchSnapshot for Recorded {
    async fn live(&self) -> Result<Vec<LiveTarget>, ProviderError> {
        Ok(self.0.live().to_vec())
    }

    async fn last_change(
        &self,
        _branch: &str,
        _path: &str,
    ) -> Result<Option<LastChange>, ProviderError> {
        Ok(None)
    }
}

#[async_trait]
impl SecretSnapshot for Recorded {
    async fn list(
        &self,
        _region: &RegionName,
        _prefix: &str,
    ) -> Result<Vec<SecretEntry>, ProviderError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl ProvidedSecrets for Recorded {
    fn entries(&self) -> Arc<dyn SecretSnapshot> {
        Arc::new(Self(Arc::clone(&self.0)))
    }

    async fn set(
        &self,
        _region: &RegionName,
        _name: &str,
        _key: &str,
        _value: &str,
        _owner: &ProvidedOwner,
    ) -> Result<(), ProviderError> {
        Err(refused())
    }

    async fn now(
        &self,
        _region: &RegionName,
        _name: &str,
    ) -> Result<Option<SecretEntry>, ProviderError> {
        Ok(None)
    }
}

#[async_trait]
impl Applications for Recorded {
    async fn states(&self) -> Result<Vec<ApplicationState>, ProviderError> {
        Err(refused())
    }
}

#[async_trait]
impl Syncing for Recorded {
    async fn synced(&self, _sync: &Sync) -> Result<(), ProviderError> {
        Err(refused())
    }

    async fn strip_protection(&self, _sync: &Sync) -> Result<(), ProviderError> {
        Err(refused())
    }
}

fn no_journal<T>() -> Result<T, StoreError> {
    Err(StoreError::Failed(REFUSED.to_owned()))
}

fn nothing<T>() -> Result<Page<T>, StoreError> {
    Ok(Page {
        items: Vec::new(),
        next: None,
    })
}

#[async_trait]
impl Leases for Recorded {
    async fn acquire(&self, _target: &TargetId) -> Result<Lease, StoreError> {
        no_journal()
    }

    async fn release(&self, _lease: &Lease) -> Result<(), StoreError> {
        no_journal()
    }

    async fn holders(&self, _page: PageRequest) -> Result<Page<(TargetId, Holder)>, StoreError> {
        nothing()
    }
}

#[async_trait]
impl Queue for Recorded {
    async fn enqueue(&self, _deployments: &[(Lease, NewDeployment)]) -> Result<(), StoreError> {
        no_journal()
    }

    async fn claim(
        &self,
        _lease: &Lease,
        _id: &DeploymentId,
        _at: jiff::Timestamp,
    ) -> Result<DeploymentRecord, StoreError> {
        no_journal()
    }
}

#[async_trait]
impl Journal for Recorded {
    async fn append(
        &self,
        _lease: &Lease,
        _id: &DeploymentId,
        _event: &Event,
        _at: jiff::Timestamp,
    ) -> Result<(), StoreError> {
        no_journal()
    }

    async fn deployment(&self, _id: &DeploymentId) -> Result<Option<DeploymentRecord>, StoreError> {
        Ok(None)
    }
}

#[async_trait]
impl Queries for Recorded {
    async fn deployments(
        &self,
        _which: &Deployments,
        _page: PageRequest,
    ) -> Result<Page<DeploymentSummary>, StoreError> {
        nothing()
    }

    async fn summary(&self, _id: &DeploymentId) -> Result<Option<DeploymentSummary>, StoreError> {
        Ok(None)
    }

    async fn target(&self, target: &TargetId) -> Result<Option<TargetRecord>, StoreError> {
        let all = self.all_targets().await?;
        Ok(all.into_iter().find(|record| record.target == *target))
    }

    async fn targets(&self, _page: PageRequest) -> Result<Page<TargetRecord>, StoreError> {
        let last = Ids::deployment(&Now);
        let live = self.0.live();
        let items = live.iter().map(|live| TargetRecord {
            target: live.target.clone(),
            incarnation: Incarnation::FIRST,
            holds_data: !live.target.is_shared(),
            last: last.clone(),
            last_succeeded: Some(last.clone()),
            main_commit: None,
            is_deployed: false,
        });
        Ok(Page {
            items: items.collect(),
            next: None,
        })
    }

    async fn deployed_of(&self, _target: &TargetId) -> Result<Option<DeployedRecord>, StoreError> {
        Ok(None)
    }

    async fn deployed(&self, _page: PageRequest) -> Result<Page<DeployedRecord>, StoreError> {
        nothing()
    }
}

/// The system's time, and always the same deployment.
#[derive(Debug)]
pub(crate) struct Now;

#[async_trait]
impl Clock for Now {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

impl Ids for Now {
    fn deployment(&self) -> DeploymentId {
        "d-000001".parse().expect("letters, a hyphen and digits")
    }
}
