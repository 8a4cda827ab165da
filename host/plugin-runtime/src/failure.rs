//! What went wrong inside a guest, for the people outside.

use wasmtime::{Error, Trap};

use crate::limits::{self, Meter};

/// How a call into a guest ended that didn't return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The guest is at fault; the same call fails the same way.
    Broken(String),
    /// It took too long by the clock; worth a retry.
    TooLong(String),
}

/// A failure that a host function found, on its way through the guest.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct HostFault(pub(crate) String);

/// Likewise, where it is worth a retry.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct HostTooLong(pub(crate) String);

impl Failure {
    /// Reads an error of the engine. `fuel` is what the call was given.
    pub(crate) fn of(error: &Error, meter: &Meter) -> Self {
        if let Some(HostFault(message)) = error.downcast_ref() {
            return Self::Broken(message.clone());
        }
        if let Some(HostTooLong(message)) = error.downcast_ref() {
            return Self::TooLong(message.clone());
        }
        match error.downcast_ref::<Trap>() {
            Some(Trap::Interrupt) => {
                Self::TooLong("took too long on this machine at this moment; try again, or look at what else the machine does".to_owned())
            }
            Some(Trap::OutOfFuel) => Self::Broken("takes more steps than it may; look for a loop without an end".to_owned()),
            Some(Trap::StackOverflow) => Self::Broken("calls itself too deeply".to_owned()),
            // A failed allocation ends in a trap of another name.
            Some(_) if meter.out_of_memory => Self::Broken(format!("needs more than the {} MiB of memory that it may have", limits::MEMORY >> 20)),
            Some(trap) => Self::Broken(format!("failed: {trap}")),
            None => Self::Broken(format!("failed: {error:#}")),
        }
    }
}
