//! What the network of an instance lets through beside names (DNS): nothing that isn't
//! opened here by its purpose. The host makes the network policies.

mod opening;

use crate::PlanError;
use crate::host::call;

pub use opening::{Opening, Port, Protocol};

/// Opens the network for one purpose; each is declared once.
///
/// # Errors
/// When a port is 0, stands twice, or there are none or too many.
pub fn open(opening: &Opening) -> Result<(), PlanError> {
    call(|host| host.open(opening)).map_err(PlanError::Refused)
}
