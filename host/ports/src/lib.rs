//! What the engine needs from outside: the traits, and the plain data in their
//! signatures. No implementation is here.

mod call;
mod checks;
mod clock;
mod diagnosis;
mod effects;
mod holdings;
mod plugins;
mod progress;
mod repository;
mod store;

pub use call::{Call, Calls, Phase, Unwatched};
pub use checks::CheckCache;
pub use clock::{Clock, Ids};
pub use diagnosis::{Check, Examine, Finding, Verdict};
pub use effects::{
    ApplicationState, Applications, Beside, EffectAdapter, Ensured, Failure, FailureKind,
    Generated, GivenOwner, GivenSecrets, LastChange, LiveTarget, Note, Reading, SecretEntry, Step,
    Syncing, system_name,
};
pub use holdings::{HeldBy, Holding, Holdings};
pub use plugins::{PluginError, PluginFacts, Plugins, TemplateFault};
pub use progress::{Notice, Progress, Silent};
pub use repository::{DesiredFiles, MainState, Repository, RepositoryError};
pub use store::{
    DeploymentRecord, Holder, Lease, NewDeployment, Recorded, StandingRecord, Store, StoreError,
    TargetRecord, Wait,
};
