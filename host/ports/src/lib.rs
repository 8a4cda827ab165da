//! What the engine needs from outside: the traits, and the plain data in their
//! signatures. No implementation is here, but for the one piece that each adapter needs to
//! keep a snapshot's word: a list that is read once for all who ask.

mod call;
mod checks;
mod clock;
mod diagnosis;
mod effects;
mod events;
mod inventory;
mod list;
mod pauses;
mod plugins;
mod repository;
mod store;

pub use call::{Call, Calls, Phase, Unwatched};
pub use checks::CheckCache;
pub use clock::{Clock, Ids};
pub use diagnosis::{Check, Examine, Finding, Verdict};
pub use effects::{
    ApplicationState, Applications, Beside, BesideCode, BranchSnapshot, CommitContext, Generated,
    LastChange, LiveTarget, ProvidedOwner, ProvidedSecrets, Provider, ProviderError,
    ProviderErrorKind, SecretEntry, SecretSnapshot, Snapshot, Step, StepOutcome, Syncing,
    system_name,
};
pub use events::{DeploymentEvent, EventSink, Silent};
pub use inventory::{InventoryItem, InventorySource, Marker};
pub use list::{List, Lists};
pub use pauses::Pauses;
pub use plugins::{PluginError, PluginFacts, Plugins, TemplateFault};
pub use repository::{DesiredFiles, MainState, Repository, RepositoryError};
pub use store::{
    Cursor, DeployedRecord, DeploymentRecord, DeploymentSummary, Deployments, HEARTBEAT, Holder,
    Journal, LEASE_TERM, Lease, Leases, NewDeployment, Page, PageRequest, Queries, Queue, Recorded,
    Store, StoreError, TargetRecord, Wait,
};
