//! What lies between the AWS SDK and the rest: connection, credentials, waiting, errors.

pub(crate) mod attempt;
pub(crate) mod connector;
pub(crate) mod credentials;
pub(crate) mod failure;
pub(crate) mod operation;
pub(crate) mod pace;
pub(crate) mod polls;
pub(crate) mod sleep;
