//! From configuration to an engine, for whoever asks: the command line, a server, a worker.
//!
//! [`Platform`] reads the deployment repo and puts the adapters together that its settings
//! name. What surrounds it (tokens, the user's cache, the journal's place) stands in an
//! [`Environment`], which a process reads once or whoever asks fills. Nothing here prints,
//! asks a person or knows an exit code: what goes wrong is a [`PlatformError`], which each
//! door words.

mod bundle;
mod checked;
mod doctor;
mod environment;
mod error;
mod machine;
mod new_repo;
mod platform;
mod plugins;
mod schemas;
mod source;
mod trust;

pub use bundle::{BundleError, Files, bundled_files};
pub use checked::CheckedOnDisk;
pub use deploycenter_store::LOST as JOURNAL_LOST;
pub use doctor::{DoctorError, DoctorRequest, InShort, doctor};
pub use environment::{Environment, Variable};
pub use error::{PlatformError, TrustError};
pub use machine::SystemClock;
pub use new_repo::{MadeRepo, NewRepo, NewRepoError};
pub use platform::{Platform, checkout, offline};
pub use schemas::{
    Readable, SchemaError, Schemas, WrittenSchemas, complete, readable, readable_in, stale_schemas,
    unnamed,
};
pub use trust::{ArgoCdAccess, Trust};
