//! How each protocol refuses a caller.

use crate::aws::error::{ApiError, Protocol};
use crate::service::Call;

/// The refusal of a call that the caller may not make.
pub(crate) fn denied(protocol: Protocol, arn: &str, call: &Call, why: &str) -> ApiError {
    let names = Names::of(protocol);
    let prefix = match protocol {
        Protocol::RestJson => "elasticfilesystem",
        _ => call.service,
    };
    ApiError::new(
        names.status,
        names.denied,
        format!(
            "User: {arn} is not authorized to perform: {prefix}:{} ({why})",
            call.operation
        ),
    )
}

/// What a protocol calls the common errors.
pub(crate) struct Names {
    pub(crate) status: u16,
    pub(crate) missing: &'static str,
    pub(crate) incomplete: &'static str,
    pub(crate) mismatch: &'static str,
    pub(crate) unknown: &'static str,
    pub(crate) expired: &'static str,
    pub(crate) denied: &'static str,
}

impl Names {
    pub(crate) fn of(protocol: Protocol) -> Self {
        match protocol {
            Protocol::RestJson | Protocol::Json => Self {
                status: if protocol == Protocol::Json { 400 } else { 403 },
                missing: "MissingAuthenticationTokenException",
                incomplete: "IncompleteSignatureException",
                mismatch: "InvalidSignatureException",
                unknown: "UnrecognizedClientException",
                expired: "ExpiredTokenException",
                denied: "AccessDeniedException",
            },
            Protocol::RestXml | Protocol::Query => Self {
                status: 403,
                missing: "MissingAuthenticationToken",
                incomplete: "IncompleteSignature",
                mismatch: "SignatureDoesNotMatch",
                unknown: "InvalidClientTokenId",
                expired: "ExpiredToken",
                denied: "AccessDenied",
            },
        }
    }
}
