//! `orphans`: what is ours outside and belongs to no target any more.

use super::WorkflowError;
use crate::{Engine, Orphan};

/// Everything of ours that no target uses, sorted by target, system and id. Reads everything
/// anew and changes nothing.
///
/// # Errors
/// When the desired state, the journal or a system can't be read.
pub async fn orphans(engine: &Engine) -> Result<Vec<Orphan>, WorkflowError> {
    Ok(engine.orphans().await?)
}
