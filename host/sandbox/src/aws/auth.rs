//! Who is calling. Signatures aren't verified; that a request is signed, with which key and for
//! which service, is.

use crate::aws::error::{ApiError, Protocol};
use crate::aws::sts::Sts;
use crate::service::{Call, Request};

/// The access key of the sandbox's administrator, who may assume roles and read everything.
pub const ACCESS_KEY_ID: &str = "AKIASANDBOXADMIN0001";
/// The administrator's secret key. Not a secret: a sandbox listens on loopback only.
pub const SECRET_ACCESS_KEY: &str = "sandbox-administrator";
/// The account of the administrator, which owns nothing.
pub const ADMINISTRATOR_ACCOUNT: &str = "000000000000";

/// Whose call it is.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// The account whose things the caller sees; none: the administrator, who sees all.
    pub(crate) account: Option<String>,
    /// The caller's ARN.
    pub(crate) arn: String,
    /// The caller's unique id, as `GetCallerIdentity` gives it.
    pub(crate) user_id: String,
    /// The region that the request was signed for.
    pub(crate) region: String,
}

impl Caller {
    /// Whether something of this account may be shown to the caller.
    pub(crate) fn sees(&self, account: &str) -> bool {
        self.account.as_deref().is_none_or(|own| own == account)
    }

    /// The account in which the caller's writes land. Only sessions write.
    pub(crate) fn writes_to(&self) -> &str {
        self.account.as_deref().unwrap_or(ADMINISTRATOR_ACCOUNT)
    }
}

/// A signature's credential scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scope<'a> {
    pub(crate) access_key: &'a str,
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
}

/// Reads `AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, …`.
pub(crate) fn scope(request: &Request) -> Option<Scope<'_>> {
    let fields = request
        .header("authorization")?
        .strip_prefix("AWS4-HMAC-SHA256")?;
    let credential = fields
        .split(',')
        .find_map(|field| field.trim().strip_prefix("Credential="))?;
    let mut parts = credential.split('/');
    let access_key = parts.next()?;
    let _date = parts.next()?;
    let region = parts.next()?;
    let service = parts.next()?;
    (parts.next() == Some("aws4_request")).then_some(Scope {
        access_key,
        region,
        service,
    })
}

/// The account in a role's ARN.
pub(crate) fn role_account(role: &str) -> Option<&str> {
    let mut parts = role.split(':');
    (parts.nth(2) == Some("iam")).then_some(())?;
    parts.nth(1).filter(|account| !account.is_empty())
}

/// Finds out who calls, or refuses as the service does.
pub(crate) fn authenticate(
    sts: &Sts,
    request: &Request,
    protocol: Protocol,
) -> Result<Caller, ApiError> {
    let names = Names::of(protocol);
    let Some(scope) = scope(request) else {
        return Err(if request.header("authorization").is_some() {
            ApiError::new(
                names.status,
                names.incomplete,
                "Authorization header requires 'Credential' parameter.",
            )
        } else {
            ApiError::new(names.status, names.missing, "Missing Authentication Token")
        });
    };
    let signed = match protocol {
        Protocol::RestJson => "elasticfilesystem",
        Protocol::RestXml => "route53",
        Protocol::Json => "secretsmanager",
        Protocol::Query => "sts",
    };
    if scope.service != signed {
        return Err(ApiError::new(
            names.status,
            names.mismatch,
            format!("Credential should be scoped to correct service: '{signed}'."),
        ));
    }
    if scope.access_key == ACCESS_KEY_ID {
        return Ok(Caller {
            account: None,
            arn: format!("arn:aws:iam::{ADMINISTRATOR_ACCOUNT}:user/administrator"),
            user_id: "AIDASANDBOXADMIN0001".to_owned(),
            region: scope.region.to_owned(),
        });
    }
    match sts.session(scope.access_key) {
        Some(session) if request.header("x-amz-security-token") == Some(&session.token) => {
            Ok(Caller {
                account: Some(session.account.clone()),
                arn: session.arn.clone(),
                user_id: session.assumed_role_id.clone(),
                region: scope.region.to_owned(),
            })
        }
        Some(_) => Err(ApiError::new(
            names.status,
            names.unknown,
            "The security token included in the request is invalid.",
        )),
        None if sts.has_ended(scope.access_key) => Err(ApiError::new(
            names.status,
            names.expired,
            "The security token included in the request is expired",
        )),
        None => Err(ApiError::new(
            names.status,
            names.unknown,
            "The security token included in the request is invalid.",
        )),
    }
}

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
struct Names {
    status: u16,
    missing: &'static str,
    incomplete: &'static str,
    mismatch: &'static str,
    unknown: &'static str,
    expired: &'static str,
    denied: &'static str,
}

impl Names {
    fn of(protocol: Protocol) -> Self {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_is_read_from_a_role() {
        assert_eq!(
            role_account("arn:aws:iam::111122223333:role/deploycenter"),
            Some("111122223333")
        );
        assert_eq!(role_account("arn:aws:s3:::bucket"), None);
        assert_eq!(role_account("deploycenter"), None);
    }
}
