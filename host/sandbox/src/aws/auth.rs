//! Who is calling. Signatures aren't verified; that a request is signed, with which key and for
//! which service, is.

use crate::aws::caller::{ACCESS_KEY_ID, ADMINISTRATOR_ACCOUNT, Caller};
use crate::aws::error::{ApiError, Protocol};
use crate::aws::refusal::Names;
use crate::aws::sts::Sts;
use crate::service::Request;

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
