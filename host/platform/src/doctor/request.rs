//! What `doctor` is asked, and how it is told what is wrong.

use std::path::PathBuf;
use std::time::Duration;

use deploycenter_engine::workflow::WorkflowError;

use crate::error::PlatformError;

/// Why a part of what a deployment needs can't be looked at, or isn't sound.
#[derive(Debug, thiserror::Error)]
pub enum DoctorError {
    /// It can't be put together.
    #[error(transparent)]
    Platform(#[from] PlatformError),
    /// The desired state isn't valid.
    #[error(transparent)]
    Invalid(#[from] WorkflowError),
}

/// How a door says in short what is wrong, and what to do about it: several problems are one
/// finding.
pub type InShort = fn(DoctorError) -> (String, Option<String>);

/// What is looked at.
#[derive(Debug, Clone)]
pub struct DoctorRequest {
    /// The checkout of the deployment repo.
    pub root: PathBuf,
    /// How long each question may go unanswered.
    pub limit: Duration,
    /// The door's words.
    pub in_short: InShort,
}
