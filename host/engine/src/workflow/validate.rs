//! `validate`: every problem of the desired state, the plugins and the templates at once.

use std::sync::Arc;

use deploycenter_domain::desired::Reading;
use deploycenter_ports::CheckCache;

use super::WorkflowError;
use crate::{Offline, Valid};

/// Checks what was read, and every instance against its app. What `checks` know to be sound
/// isn't checked again.
///
/// # Errors
/// Every problem found, at once.
pub async fn validate(
    offline: &Offline,
    reading: Reading,
    checks: Arc<dyn CheckCache>,
) -> Result<Valid, WorkflowError> {
    Ok(offline.validate(reading, checks).await?)
}
