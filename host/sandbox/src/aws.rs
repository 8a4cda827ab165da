//! The AWS stand-ins behind one address, told apart as clients send them: by path, by
//! `X-Amz-Target`, by form `Action`. Wire formats and error shapes are those of the services'
//! published models (API versions 2015-02-01, 2013-04-01, 2017-10-17, 2011-06-15).

mod auth;
mod caller;
mod efs;
mod error;
mod id;
mod refusal;
mod route53;
mod secretsmanager;
mod sts;

use serde_json::{Value, json};

use crate::service::{Call, Millis, Request, Response, Service};
use crate::world::World;

use caller::Caller;
pub(crate) use error::{ApiError, Protocol};

pub use caller::{ACCESS_KEY_ID, ADMINISTRATOR_ACCOUNT, SECRET_ACCESS_KEY};

/// All AWS services of the sandbox.
pub(crate) struct Aws {
    world: World,
    /// Whether sessions end and rates are limited: only where time is real.
    real_time: bool,
    sts: sts::Sts,
    efs: efs::Efs,
    route53: route53::Route53,
    secrets: secretsmanager::Secrets,
}

impl Aws {
    pub(crate) fn new(world: World, real_time: bool) -> Self {
        Self {
            sts: sts::Sts::default(),
            efs: efs::Efs::new(&world),
            route53: route53::Route53::new(&world),
            secrets: secretsmanager::Secrets::default(),
            world,
            real_time,
        }
    }

    /// The account and the region that a request was signed for, as far as they are known.
    pub(crate) fn signed_for(&self, request: &Request) -> (Option<String>, Option<String>) {
        let Some(scope) = auth::scope(request) else {
            return (None, None);
        };
        (
            self.sts.account_of(scope.access_key),
            Some(scope.region.to_owned()),
        )
    }

    /// Forgets what is gone by `now`, so that a snapshot shows only what still is.
    pub(crate) fn settle(&mut self, now: Millis) {
        self.efs.settle(now);
        self.sts.settle(now, self.real_time);
        self.secrets.settle(now);
    }

    fn answer(
        &mut self,
        request: &Request,
        call: &Call,
        now: Millis,
    ) -> Result<Response, ApiError> {
        self.settle(now);
        let protocol = Protocol::of(call.service);
        let caller = auth::authenticate(&self.sts, request, protocol)?;
        if call.write && caller.account.is_none() && call.service != "sts" {
            return Err(self.assume_a_role_first(call, &caller, protocol));
        }
        match call.service {
            "efs" => self.efs.handle(request, call, &caller, &self.world, now),
            "route53" => {
                if self.real_time {
                    self.route53.throttle(&caller, now)?;
                }
                self.route53.handle(request, call, &caller, now)
            }
            "secretsmanager" => self.secrets.handle(request, call, &caller, now),
            _ => self.sts.handle(request, call, &caller, &self.world, now),
        }
    }

    /// The administrator may look at everything, but changes things only through a role, as the
    /// host does it.
    fn assume_a_role_first(&self, call: &Call, caller: &Caller, protocol: Protocol) -> ApiError {
        let accounts: Vec<&str> = if call.service == "route53" {
            self.world
                .zones
                .iter()
                .map(|zone| zone.account.as_str())
                .collect()
        } else {
            self.world
                .regions
                .iter()
                .filter(|region| region.aws_region == caller.region)
                .map(|region| region.account.as_str())
                .collect()
        };
        let roles: Vec<&str> = self
            .world
            .roles
            .iter()
            .map(String::as_str)
            .filter(|role| {
                caller::role_account(role).is_some_and(|account| accounts.contains(&account))
            })
            .collect();
        let way_out = if roles.is_empty() {
            format!("no role that may be assumed reaches {}", caller.region)
        } else {
            format!("assume one of the roles first: {}", roles.join(", "))
        };
        refusal::denied(protocol, &caller.arn, call, &way_out)
    }
}

impl Service for Aws {
    fn classify(&self, request: &Request) -> Option<Call> {
        if request.path.starts_with("/2015-02-01/") {
            efs::classify(request)
        } else if request.path.starts_with("/2013-04-01/") {
            route53::classify(request)
        } else if request.header("x-amz-target").is_some() {
            secretsmanager::classify(request)
        } else {
            sts::classify(request)
        }
    }

    fn handle(&mut self, request: &Request, call: &Call, now: Millis) -> Response {
        self.answer(request, call, now)
            .unwrap_or_else(|error| error.respond(Protocol::of(call.service)))
    }

    fn snapshot(&self) -> Value {
        json!({
            "sts": self.sts.snapshot(),
            "efs": self.efs.snapshot(),
            "route53": self.route53.snapshot(),
            "secretsmanager": self.secrets.snapshot(),
        })
    }

    fn restore(&mut self, mut state: Value) -> Result<(), serde_json::Error> {
        let sts = sts::Sts::restored(state["sts"].take())?;
        let efs = efs::Efs::restored(state["efs"].take(), &self.world)?;
        let route53 = route53::Route53::restored(state["route53"].take(), &self.world)?;
        let secrets = secretsmanager::Secrets::restored(state["secretsmanager"].take())?;
        self.sts = sts;
        self.efs = efs;
        self.route53 = route53;
        self.secrets = secrets;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use http::{HeaderMap, Method, header};

    use super::*;

    const ROLE: &str = "arn:aws:iam::111122223333:role/deploycenter";

    fn signed(
        access_key: &str,
        token: &str,
        service: &str,
        method: Method,
        path: &str,
        body: String,
    ) -> Request {
        let mut headers = HeaderMap::new();
        let scope = format!(
            "AWS4-HMAC-SHA256 Credential={access_key}/20400101/eu-west-3/{service}/aws4_request, Signature=0"
        );
        headers.insert(header::AUTHORIZATION, scope.parse().unwrap());
        headers.insert("x-amz-security-token", token.parse().unwrap());
        Request {
            method,
            path: path.to_owned(),
            query: Vec::new(),
            headers,
            body: body.into(),
        }
    }

    fn send(aws: &mut Aws, request: &Request, now: Millis) -> (u16, String) {
        let call = aws.classify(request).unwrap();
        let response = aws.handle(request, &call, now);
        (
            response.status.as_u16(),
            String::from_utf8(response.body.to_vec()).unwrap(),
        )
    }

    /// The status of a list with a session that is 899 and then 900 seconds old.
    fn list_around_the_end(real_time: bool) -> [u16; 2] {
        let world = World {
            roles: vec![ROLE.to_owned()],
            ..World::default()
        };
        let mut aws = Aws::new(world, real_time);
        let form =
            format!("Action=AssumeRole&RoleArn={ROLE}&RoleSessionName=test&DurationSeconds=900");
        let assume = signed(ACCESS_KEY_ID, "", "sts", Method::POST, "/", form);
        let (status, answer) = send(&mut aws, &assume, 0);
        assert_eq!(status, 200, "{answer}");
        let element = |name: &str| {
            let (_, rest) = answer.split_once(&format!("<{name}>")).unwrap();
            rest.split_once('<').unwrap().0.to_owned()
        };
        assert_eq!(element("Expiration"), "1970-01-01T00:15:00.000Z");
        let list = signed(
            &element("AccessKeyId"),
            &element("SessionToken"),
            "elasticfilesystem",
            Method::GET,
            "/2015-02-01/file-systems",
            String::new(),
        );
        let early = send(&mut aws, &list, 899_999);
        let (late, text) = send(&mut aws, &list, 900_000);
        assert_eq!(
            late == 403,
            text.contains("ExpiredTokenException"),
            "{text}"
        );
        [early.0, late]
    }

    #[test]
    fn a_session_ends_where_time_is_real() {
        assert_eq!(list_around_the_end(true), [200, 403]);
        assert_eq!(list_around_the_end(false), [200, 200]);
    }
}
