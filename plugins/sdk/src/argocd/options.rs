//! What can be chosen of an application.

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Namespace, guardrails, volumes and databases: plain manifests.
    Base,
    /// The app itself: its Helm chart.
    Workload,
}

/// How Argo CD syncs an application, beside the host's own policy: it prunes, heals itself
/// and makes no namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SyncOption {
    /// Only what is out of sync is applied.
    ApplyOutOfSyncOnly,
    /// A sync fails where another application has an object already.
    FailOnSharedResource,
    /// An object that is pruned goes at once, its dependents after it.
    PruneInBackground,
    /// Pruning is a sync's last step.
    PruneLast,
    /// What differs where differences are ignored isn't applied either.
    RespectIgnoreDifferences,
    /// Objects are applied by the API server, field by field.
    ServerSideApply,
    /// An object whose kind isn't there yet isn't tried before it is.
    SkipDryRunOnMissingResource,
}

/// Fields that someone else in the cluster sets, and that Argo CD is to leave. Kinds that
/// guard the target or keep its data can't be named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IgnoredDifference {
    /// The API group; empty for the core's.
    pub group: String,
    /// One kind, without wildcards.
    pub kind: String,
    /// One object of that kind; all of them when absent.
    pub name: Option<String>,
    /// Which fields: JSON pointers such as `/spec/replicas`; none into the metadata.
    pub json_pointers: Vec<String>,
}

/// All that can be chosen of an application.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// How it is synced.
    pub sync_options: Vec<SyncOption>,
    /// What it leaves to others.
    pub ignored_differences: Vec<IgnoredDifference>,
}
