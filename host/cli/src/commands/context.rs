//! What every command works with.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use deploycenter_domain::desired::Reading;
use deploycenter_domain::problem::Problems;
use deploycenter_domain::selector::Selection;
use deploycenter_engine::{Limits, Offline, workflow};
use deploycenter_platform::{CheckedOnDisk, Environment, Platform, PlatformError};
use deploycenter_ports::{EventSink, Silent};

use crate::args::Selectors;
use crate::deployment_repo::find_repo;
use crate::fail::Fail;
use crate::output::progress::{Busy, LiveProgress};
use crate::words;

/// What every command gets beside its own arguments.
pub(crate) struct CommandContext {
    /// The deployment repo that was named, instead of the one around the current folder.
    pub(crate) repo: Option<PathBuf>,
    pub(crate) environment: Environment,
    pub(crate) json: bool,
    /// Whether a GitHub workflow reads what is printed.
    pub(crate) github: bool,
    /// Shows what is being done.
    pub(crate) progress: Arc<LiveProgress>,
}

impl CommandContext {
    /// The deployment repo.
    pub(crate) fn root(&self) -> Result<PathBuf, Fail> {
        find_repo(self.repo.as_deref())
    }

    async fn platform(&self, limits: Limits) -> Result<Platform, Fail> {
        self.platform_telling(limits, self.progress.clone()).await
    }

    async fn platform_telling(
        &self,
        limits: Limits,
        progress: Arc<dyn EventSink>,
    ) -> Result<Platform, Fail> {
        let root = self.root()?;
        Ok(
            Platform::of_checkout(&self.environment, &root, limits, progress, words::advice)
                .await?,
        )
    }

    /// Opens the deployment repo; asks no outside system yet.
    pub(crate) async fn open(&self) -> Result<(Platform, Busy), Fail> {
        let busy = self.progress.busy(READING);
        let place = self.platform(Limits::default()).await?;
        Ok((place, busy))
    }

    /// The same, for a command whose own words are all that is shown.
    pub(crate) async fn open_silently(&self) -> Result<Platform, Fail> {
        self.platform_telling(Limits::default(), Arc::new(Silent))
            .await
    }

    /// The same, for a command that may commit without planning anew.
    pub(crate) async fn open_to_commit(&self) -> Result<(Platform, Busy), Fail> {
        let busy = self.progress.busy(READING);
        let place = self
            .platform(Limits::default())
            .await?
            .ready_to_commit()
            .await?;
        Ok((place, busy))
    }

    /// The same, for a command that plans what is deployed.
    pub(crate) async fn open_to_plan(&self, limits: Limits) -> Result<(Platform, Busy), Fail> {
        let busy = self.progress.busy(READING);
        let (root, events) = (self.root()?, self.progress.clone());
        let opened =
            Platform::of_checkout(&self.environment, &root, limits, events, words::advice).await;
        let place = match opened {
            Err(PlatformError::Desired(found)) => return Err(self.all_wrong(&root, found).await),
            opened => opened?.ready_to_plan().await?,
        };
        busy.with("planning");
        Ok((place, busy))
    }

    /// Everything that is wrong with a desired state that can't be read whole, as `validate`
    /// tells it: `found` is what kept it from being read.
    async fn all_wrong(&self, root: &Path, found: Problems) -> Fail {
        let read = deploycenter_platform::offline(&self.environment, root).await;
        let Ok((offline, reading)) = read else {
            return found.into();
        };
        let checked = Arc::new(CheckedOnDisk::open(&self.environment, root));
        match workflow::validate(&offline, reading, checked).await {
            Err(error) => error.into(),
            // Someone mended it in between.
            Ok(_) => found.into(),
        }
    }

    /// Reads the working tree alone, past whatever is wrong with it.
    pub(crate) async fn offline(&self) -> Result<(Offline, Reading, Busy), Fail> {
        let busy = self.progress.busy(READING);
        let root = self.root()?;
        let (offline, reading) = deploycenter_platform::offline(&self.environment, &root).await?;
        Ok((offline, reading, busy))
    }
}

/// What takes the first moments of a command.
const READING: &str = "reading the deployment repo and its plugins";

/// Reads the selectors of a command line.
pub(crate) fn selection(args: &Selectors) -> Result<Selection, Fail> {
    let usage = |error: &dyn std::fmt::Display| Fail::usage(error.to_string());
    Ok(Selection {
        selectors: args
            .selectors
            .iter()
            .map(|text| {
                deploycenter_domain::selector::Selector::parse(text).map_err(|error| usage(&error))
            })
            .collect::<Result<_, _>>()?,
        region: args
            .region
            .as_deref()
            .map(str::parse)
            .transpose()
            .map_err(|error| usage(&error))?,
        environment: args
            .environment
            .as_deref()
            .map(str::parse)
            .transpose()
            .map_err(|error| usage(&error))?,
    })
}
