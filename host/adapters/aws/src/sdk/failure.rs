//! What an AWS error means to whoever deploys.

use std::error::Error;
use std::fmt;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use deploycenter_ports::{ProviderError, ProviderErrorKind};

/// Where a call goes, for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Context {
    /// `efs`, `route53`, `secretsmanager` or `sts`.
    pub(crate) system: &'static str,
    /// `eu-west-3 (account 222233334444)`.
    pub(crate) place: String,
}

impl Context {
    /// A failure of our own finding.
    pub(crate) fn fail(&self, kind: ProviderErrorKind, what: impl fmt::Display) -> ProviderError {
        ProviderError::new(kind, self.system, format!("{what}, in {}", self.place))
    }

    /// What an error of the SDK means; `what` is what was tried: `create file system X`.
    pub(crate) fn failure<E>(
        &self,
        what: impl fmt::Display,
        error: &SdkError<E, HttpResponse>,
    ) -> ProviderError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        if let Some(inner) = of_credentials(error) {
            return inner;
        }
        let (kind, why, help) = match error {
            SdkError::ServiceError(answer) => {
                let (code, status) = (answer.err().code(), answer.raw().status().as_u16());
                let mut why = code.unwrap_or("an error without a code").to_owned();
                if let Some(message) = answer.err().message() {
                    why = format!("{why}: {}", message.trim_end_matches('.'));
                }
                let busy = is_throttling(code, status) || status >= 500;
                let kind = if busy {
                    ProviderErrorKind::Unavailable
                } else {
                    ProviderErrorKind::Refused
                };
                let help = if busy {
                    None
                } else {
                    help_for(code.unwrap_or_default())
                };
                (kind, format!("{why} (HTTP {status})"), help)
            }
            SdkError::ConstructionFailure(_) => (ProviderErrorKind::Refused, roots(error), None),
            _ => (ProviderErrorKind::Unavailable, roots(error), None),
        };
        let failure = ProviderError::new(
            kind,
            self.system,
            format!("can't {what} in {}: {why}", self.place),
        );
        match help {
            Some(help) => failure.help(help),
            None => failure,
        }
    }
}

/// Whether a service says "slower".
pub(crate) fn is_throttling(code: Option<&str>, status: u16) -> bool {
    status == 429
        || matches!(
            code,
            Some(
                "Throttling"
                    | "ThrottlingException"
                    | "ThrottledException"
                    | "RequestThrottled"
                    | "RequestThrottledException"
                    | "TooManyRequests"
                    | "TooManyRequestsException"
                    | "RequestLimitExceeded"
                    | "BandwidthLimitExceeded"
                    | "PriorRequestNotComplete"
                    | "SlowDown"
            )
        )
}

fn help_for(code: &str) -> Option<&'static str> {
    let denied = code.contains("AccessDenied")
        || code.contains("NotAuthorized")
        || code.contains("UnauthorizedOperation");
    let credentials = [
        "UnrecognizedClient",
        "InvalidClientTokenId",
        "InvalidSignature",
        "SignatureDoesNotMatch",
        "MissingAuthenticationToken",
        "IncompleteSignature",
    ];
    if denied {
        Some("let the role that regions.yaml names there do this")
    } else if code.contains("ExpiredToken") || code == "RequestExpired" {
        Some("the credentials have expired: log in again")
    } else if credentials.iter().any(|known| code.starts_with(known)) {
        Some("these credentials aren't known there: check AWS_PROFILE or the AWS_ variables")
    } else if code.contains("LimitExceeded") || code.contains("NoFreeAddresses") {
        Some("the account's quota is used up: raise it or remove what isn't needed, then resume")
    } else if code == "NoSuchHostedZone" {
        Some("check the hosted zone's id, account and role in regions.yaml")
    } else if code == "SubnetNotFound" || code == "SecurityGroupNotFound" {
        Some("check the region's efs.subnets and efs.securityGroups in regions.yaml")
    } else {
        None
    }
}

/// A failure to get credentials, which the SDK wraps several times.
pub(crate) fn of_credentials(error: &(dyn Error + 'static)) -> Option<ProviderError> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(failure) = error.downcast_ref::<ProviderError>() {
            return Some(failure.clone());
        }
        next = error.source();
    }
    None
}

/// An error's causes, each once: the SDK's outer layers repeat or say nothing.
pub(crate) fn roots(error: &(dyn Error + 'static)) -> String {
    let mut said: Vec<String> = Vec::new();
    let mut next = error.source();
    while let Some(error) = next {
        let text = error.to_string();
        // A layer's bare class says nothing that its cause doesn't.
        let bare = matches!(text.as_str(), "other" | "io error" | "dispatch failure");
        if !bare && said.last().is_none_or(|last| !last.contains(&text)) {
            said.push(text);
        }
        next = error.source();
    }
    if said.is_empty() {
        error.to_string()
    } else {
        said.join(": ")
    }
}
