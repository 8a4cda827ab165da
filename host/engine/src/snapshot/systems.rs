//! The outside systems, as one run sees them.

use std::sync::Arc;

use deploycenter_domain::effect::{EffectKind, System};
use deploycenter_ports::{BranchSnapshot, SecretSnapshot, Snapshot};

use crate::Providers;

/// What one run sees of each outside system: nothing until it is asked for, then the same
/// for all who ask. Cheap to clone; clones see the same.
#[derive(Debug, Clone)]
pub(crate) struct Systems {
    efs: Arc<dyn Snapshot>,
    dns: Arc<dyn Snapshot>,
    /// Projects and applications.
    pub(crate) argocd: Arc<dyn Snapshot>,
    /// Entries, given and drawn.
    pub(crate) secrets: Arc<dyn SecretSnapshot>,
    /// The generated branches.
    pub(crate) branches: Arc<dyn BranchSnapshot>,
}

impl Systems {
    /// Opens all of them; asks nobody yet.
    pub(crate) fn open(providers: &Providers) -> Self {
        Self {
            efs: providers.efs.snapshot(),
            dns: providers.dns.snapshot(),
            argocd: providers.argocd.snapshot(),
            secrets: providers.provided.entries(),
            branches: providers.generated.branches(),
        }
    }

    /// The one that serves a kind, as [`Providers::of`].
    pub(crate) fn of(&self, kind: EffectKind) -> &dyn Snapshot {
        match kind.facts().system {
            System::Efs => &*self.efs,
            System::Route53 => &*self.dns,
            System::SecretsManager => &*self.secrets,
            System::Git => &*self.branches,
            System::ArgoCd => &*self.argocd,
        }
    }
}
