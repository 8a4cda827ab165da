//! The adapter: what is there, and the engine's traits.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use deploycenter_domain::name::InstallationId;
use deploycenter_domain::resource::{Adoption, Observed, Outputs, Resource};
use deploycenter_ports::{
    ApplicationState, Applications, Calls, Clock, Provider, ProviderError, Snapshot, Step,
    StepOutcome,
};
use reqwest::Method;

use crate::client::{Answer, Ask, Client};
use crate::config::ArgoCdConfig;
use crate::judge::Level;
use crate::listing::{parse, states};
use crate::model::{App, ResourceTree};
use crate::observed::Observer;
use crate::patience::Patience;
use crate::snapshot::ArgoCdSnapshot;
use crate::thing::{Thing, not_ours};
use crate::trees::TreeReader;

/// How long a poll waits at first and at most.
pub(crate) const POLL_FIRST: Duration = Duration::from_millis(200);
pub(crate) const POLL_MOST: Duration = Duration::from_secs(2);

/// How far Argo CD looks before it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refresh {
    /// Not at all: what it knows.
    No,
    /// It compares with git.
    Normal,
    /// It compares with git and makes the manifests anew: it remembers a failure to make
    /// them for minutes.
    Hard,
}

/// Argo CD as the engine uses it.
pub struct ArgoCd {
    pub(crate) client: Arc<Client>,
    pub(crate) installation: InstallationId,
    pub(crate) progress_deadline: Duration,
    pub(crate) patience: Patience,
    pub(crate) trees: Arc<dyn TreeReader>,
}

impl fmt::Debug for ArgoCd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArgoCd")
            .field("client", &self.client)
            .field("installation", &self.installation)
            .finish_non_exhaustive()
    }
}

impl ArgoCd {
    /// An adapter; asks nothing yet.
    ///
    /// # Errors
    /// When the address is none, or this machine's certificates can't be read.
    pub fn new(
        config: &ArgoCdConfig,
        trees: Arc<dyn TreeReader>,
        clock: Arc<dyn Clock>,
        calls: Arc<dyn Calls>,
    ) -> Result<Self, ProviderError> {
        Ok(Self {
            client: Arc::new(Client::new(config, clock, calls)?),
            installation: config.installation.clone(),
            progress_deadline: config.progress_deadline,
            patience: config.patience,
            trees,
        })
    }

    /// The application as it is.
    pub(crate) async fn application(
        &self,
        name: &str,
        project: &str,
        refresh: Refresh,
    ) -> Result<Option<App>, ProviderError> {
        let ask = Thing::Application { name, project }.ask(Method::GET);
        let ask = match refresh {
            Refresh::No => ask,
            Refresh::Normal => ask.query("refresh", "normal"),
            Refresh::Hard => ask.query("refresh", "hard"),
        };
        found(self.client.ask(ask).await?)
    }

    pub(crate) async fn tree(
        &self,
        name: &str,
        project: &str,
    ) -> Result<ResourceTree, ProviderError> {
        let ask = Ask::new(Method::GET, &["applications", name, "resource-tree"])
            .query("project", project);
        let answer = self.client.ask(ask).await?;
        if answer.is_not_found() {
            Ok(ResourceTree::default())
        } else {
            parse(answer.value()?)
        }
    }

    pub(crate) async fn get(&self, thing: Thing<'_>) -> Result<Option<App>, ProviderError> {
        found(self.client.ask(thing.ask(Method::GET)).await?)
    }

    fn observer(&self) -> Observer {
        Observer {
            installation: self.installation.clone(),
            trees: Arc::clone(&self.trees),
        }
    }

    pub(crate) fn since(&self, then: jiff::Timestamp) -> Duration {
        Duration::try_from(self.client.clock.now().duration_since(then)).unwrap_or_default()
    }

    /// Waits, longer each time.
    pub(crate) async fn pause(&self, pause: &mut Duration) {
        self.client.clock.sleep(*pause).await;
        *pause = pause.saturating_mul(2).min(POLL_MOST);
    }
}

fn found(answer: Answer) -> Result<Option<App>, ProviderError> {
    if answer.is_not_found() {
        Ok(None)
    } else {
        parse(answer.value()?).map(Some)
    }
}

#[async_trait]
impl Provider for ArgoCd {
    fn snapshot(&self) -> Arc<dyn Snapshot> {
        Arc::new(ArgoCdSnapshot::new(
            Arc::clone(&self.client),
            self.observer(),
        ))
    }

    async fn observe(&self, wanted: &Resource) -> Result<Option<Observed>, ProviderError> {
        let observer = self.observer();
        match wanted {
            Resource::Sync(sync) => {
                let (name, project) = (&sync.application, &sync.project);
                let found = self.application(name, project, Refresh::No).await?;
                let found = match found {
                    Some(app) => Some(app),
                    None => self.anywhere(name).await?,
                };
                observer.sync(sync, found.as_ref()).await
            }
            _ => {
                let thing = Thing::of(wanted).ok_or_else(not_ours)?;
                let found = match (self.get(thing).await?, thing) {
                    // One that is to change its project is still in the former.
                    (None, Thing::Application { name, .. }) => self.anywhere(name).await?,
                    (found, _) => found,
                };
                Ok(observer.owned(wanted, found.as_ref()))
            }
        }
    }

    async fn observe_foreign(
        &self,
        wanted: &Resource,
        _adoption: &Adoption,
    ) -> Result<Option<Observed>, ProviderError> {
        self.observe_foreign_thing(wanted).await
    }

    /// As the trait says. A takeover ([`Resource::Sync`]) has no state of its own to go
    /// back to: undoing one is nothing, and settling on a restored folder is a step
    /// forward with that folder's tree.
    async fn ensure(&self, step: &Step) -> Result<StepOutcome, ProviderError> {
        match (&step.before, &step.after) {
            (_, Some(Resource::Sync(_))) | (Some(Resource::Sync(_)), None) if step.undo => {
                Ok(StepOutcome::default())
            }
            (_, Some(Resource::Sync(sync))) => {
                let level = if sync.ailing {
                    Level::Synced
                } else {
                    Level::Healthy
                };
                let changed = self.take_over(sync, level).await?;
                Ok(StepOutcome {
                    changed,
                    outputs: Outputs::new(),
                })
            }
            (Some(Resource::Sync(_)), None) => Ok(StepOutcome::default()),
            _ => self.ensure_owned(step).await,
        }
    }
}

#[async_trait]
impl Applications for ArgoCd {
    async fn states(&self) -> Result<Vec<ApplicationState>, ProviderError> {
        states(&self.client, self.installation.as_str()).await
    }
}
