//! The adapter: what is there, and the engine's traits.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use deploycenter_domain::name::InstallationId;
use deploycenter_domain::resource::{Adoption, Observed, Outputs, Ownership, Resource, Sync};
use deploycenter_ports::{
    ApplicationState, Applications, Calls, Clock, Provider, ProviderError, ProviderErrorKind,
    ReadFrom, Step, StepOutcome,
};
use reqwest::Method;

use crate::change::Thing;
use crate::client::{Answer, Ask, Client, SYSTEM};
use crate::config::ArgoCdConfig;
use crate::judge::{Level, Verdict, judge};
use crate::listing::{Listings, parse, states};
use crate::model::{App, ResourceTree};
use crate::owned;
use crate::patience::Patience;
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
    pub(crate) client: Client,
    pub(crate) installation: InstallationId,
    pub(crate) progress_deadline: Duration,
    pub(crate) patience: Patience,
    pub(crate) trees: Arc<dyn TreeReader>,
    listings: Listings,
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
            client: Client::new(config, clock, calls)?,
            installation: config.installation.clone(),
            progress_deadline: config.progress_deadline,
            patience: config.patience,
            trees,
            listings: Listings::default(),
        })
    }

    /// Begins another run: the next [`ReadFrom::Snapshot`] asks Argo CD again.
    pub async fn new_run(&self) {
        self.listings.forget().await;
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

    async fn observe_owned(
        &self,
        wanted: &Resource,
        reading: ReadFrom,
    ) -> Result<Option<Observed>, ProviderError> {
        let Some(thing) = Thing::of(wanted) else {
            return Err(not_ours());
        };
        let app = match reading {
            ReadFrom::Live => match (self.get(thing).await?, thing) {
                // One that is to change its project is still in the former.
                (None, Thing::Application { name, .. }) => self.anywhere(name).await?,
                (found, _) => found,
            },
            ReadFrom::Snapshot => {
                let listing = self.listings.get(&self.client).await?;
                match thing {
                    Thing::Project(name) => listing.projects.get(name).cloned(),
                    Thing::Application { name, .. } => listing.applications.get(name).cloned(),
                }
            }
        };
        Ok(app.and_then(|app| {
            let image = owned::image(&app, wanted)?;
            Some(Observed {
                image,
                ownership: owned::ownership(&app.metadata, &self.installation),
                outputs: Outputs::new(),
            })
        }))
    }

    /// What an application has taken over: `Some` only while it is settled, since what it
    /// passes through on the way moves by itself and is nothing to decide on.
    async fn observe_sync(
        &self,
        wanted: &Sync,
        reading: ReadFrom,
    ) -> Result<Option<Observed>, ProviderError> {
        let app = match reading {
            ReadFrom::Live => {
                let found = self
                    .application(&wanted.application, &wanted.project, Refresh::No)
                    .await?;
                match found {
                    Some(app) => Some(app),
                    None => self.anywhere(&wanted.application).await?,
                }
            }
            ReadFrom::Snapshot => self
                .listings
                .get(&self.client)
                .await?
                .applications
                .get(&wanted.application)
                .cloned(),
        };
        let Some(app) = app else { return Ok(None) };
        if judge(&app, true, Level::Healthy) != Verdict::Done {
            return Ok(None);
        }
        let Some(tree) = self
            .trees
            .tree_at(&app.status.sync.revision, &wanted.path)
            .await?
        else {
            return Ok(None);
        };
        let image = Resource::Sync(Sync {
            tree: Some(tree),
            ..wanted.clone()
        });
        Ok(Some(Observed {
            image,
            ownership: Ownership::ByPlace,
            outputs: Outputs::new(),
        }))
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

pub(crate) fn not_ours() -> ProviderError {
    ProviderError::new(
        ProviderErrorKind::Refused,
        SYSTEM,
        "Argo CD holds projects and applications; other effects belong to other systems",
    )
}

#[async_trait]
impl Provider for ArgoCd {
    async fn observe(
        &self,
        wanted: &Resource,
        reading: ReadFrom,
    ) -> Result<Option<Observed>, ProviderError> {
        match wanted {
            Resource::Sync(sync) => self.observe_sync(sync, reading).await,
            _ => self.observe_owned(wanted, reading).await,
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
