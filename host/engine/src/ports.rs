//! What an engine is made of.

use std::sync::Arc;
use std::time::Duration;

use deploycenter_domain::effect::{EffectKind, System};
use deploycenter_domain::name::InstallationId;
use deploycenter_domain::remedy::Advice;
use deploycenter_ports::{
    Applications, Clock, EventSink, Generated, Ids, InventorySource, Plugins, ProvidedSecrets,
    Provider, ProviderError, Repository, Store, Syncing,
};

/// One adapter per outside system.
#[derive(Debug, Clone)]
pub struct Providers {
    /// File systems, mount targets, access points.
    pub efs: Arc<dyn Provider>,
    /// Records.
    pub dns: Arc<dyn Provider>,
    /// Generated secrets.
    pub secrets: Arc<dyn Provider>,
    /// Secrets that a person gives.
    pub provided: Arc<dyn ProvidedSecrets>,
    /// Folders on the customers' branches.
    pub git: Arc<dyn Provider>,
    /// Those branches as a whole.
    pub generated: Arc<dyn Generated>,
    /// Projects, applications and their syncs.
    pub argocd: Arc<dyn Provider>,
    /// What Argo CD says of all applications.
    pub applications: Arc<dyn Applications>,
    /// Waiting for Argo CD beyond what an effect says.
    pub syncing: Arc<dyn Syncing>,
    /// What the installation has in each of these systems.
    pub inventory: Vec<Arc<dyn InventorySource>>,
}

impl Providers {
    /// The adapter that serves a kind. Files have none of their own: they go out with
    /// their commit.
    #[must_use]
    pub fn of(&self, kind: EffectKind) -> &dyn Provider {
        match kind.facts().system {
            System::Efs => &*self.efs,
            System::Route53 => &*self.dns,
            System::SecretsManager => &*self.secrets,
            System::Git => &*self.git,
            System::ArgoCd => &*self.argocd,
        }
    }
}

/// How much happens at once, and how long is waited for what is away.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Targets being deployed at the same time.
    pub targets: usize,
    /// Effects of one target at the same time.
    pub effects: usize,
    /// Targets being planned at the same time: they wait for the same few lists.
    pub plans: usize,
    /// For how long one step of a deployment waits in all for outside systems that can't
    /// be reached.
    pub outage: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            targets: 8,
            effects: 8,
            plans: 32,
            outage: Duration::from_secs(3600),
        }
    }
}

/// Plans and applies, through ports. Kept for a process's life: it holds clients,
/// credentials and compiled code, and nothing that was read. What is read is a [`Run`]'s.
///
/// [`Run`]: crate::Run
#[derive(Debug, Clone)]
pub struct Engine {
    /// Whose deployment repo this is.
    pub installation: InstallationId,
    /// The URL of the repository with the generated branches, as Argo CD reads it.
    pub generated_url: String,
    /// The outside systems.
    pub providers: Providers,
    /// Locks, journal, history.
    pub store: Arc<dyn Store>,
    /// The apps.
    pub plugins: Arc<dyn Plugins>,
    /// The deployment repo.
    pub repository: Arc<dyn Repository>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn Ids>,
    /// Who watches.
    pub progress: Arc<dyn EventSink>,
    /// How much at once.
    pub limits: Limits,
    /// How whoever runs this words ways out: what a plan remarks and what a journal says of
    /// a failure is kept as text.
    pub words: Words,
}

/// A door's words for ways out.
pub type Words = fn(&Advice) -> String;

impl Engine {
    /// A failure with its advice, as one text.
    pub(crate) fn tell(&self, failure: &ProviderError) -> String {
        match &failure.help {
            Some(help) => format!("{} ({})", failure.message, (self.words)(help)),
            None => failure.message.clone(),
        }
    }
}
