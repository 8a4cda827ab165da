//! Logging in, and the tokens that this gives.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::header;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::ArgoCd;
use super::answer::{Answer, Code, Failure, json_response};
use super::json::{text, uid};
use crate::service::{Millis, Request, Response};

/// The one account with a password.
const USER: &str = "admin";
/// Its password.
const PASSWORD: &str = "sandbox";
/// How long a login lasts.
const LASTS: Millis = 24 * 3600 * 1000;

impl ArgoCd {
    /// Who asks, by the `Authorization` header or the cookie.
    ///
    /// # Errors
    /// 401 in the words for what is wrong with the token.
    pub(crate) fn authenticate(
        &self,
        request: &Request,
        now: Millis,
    ) -> Result<&'static str, Failure> {
        let refused = |text: &str| Failure::new(Code::Unauthenticated, text);
        let token = request
            .header("authorization")
            .and_then(|value| value.strip_prefix("Bearer "))
            .or_else(|| {
                let cookies = request.header("cookie")?;
                cookies
                    .split(';')
                    .find_map(|cookie| cookie.trim().strip_prefix("argocd.token="))
            })
            .unwrap_or_default();
        if !token.is_empty() && token == self.config.token {
            return Ok(USER);
        }
        let Some((signed, claims)) = read_claims(token) else {
            return Err(refused("no session information"));
        };
        if token != format!("{signed}.{}", self.signature(signed)) {
            return Err(refused(
                "invalid session: token signature is invalid: signature is invalid",
            ));
        }
        let expires = claims
            .get("exp")
            .and_then(Value::as_u64)
            .unwrap_or_default();
        if expires.saturating_mul(1000) <= now {
            return Err(refused(
                "invalid session: token has invalid claims: token is expired",
            ));
        }
        Ok(USER)
    }

    /// `POST /api/v1/session`.
    pub(crate) fn create_session(
        &mut self,
        body: &Value,
        now: Millis,
    ) -> Result<Response, Failure> {
        let refused = |text: &str| Failure::new(Code::Unauthenticated, text);
        let password = text(body, "/password");
        if password.is_empty() {
            return Err(refused("no credentials supplied"));
        }
        if text(body, "/username") != USER || password != PASSWORD {
            return Err(refused("Invalid username or password"));
        }
        let counted = self.state.bump();
        let claims = json!({
            "iss": "argocd",
            "sub": "admin:login",
            "exp": (now + LASTS) / 1000,
            "nbf": now / 1000,
            "iat": now / 1000,
            "jti": uid(&format!("session {counted}")),
        });
        let header = json!({"alg": "HS256", "typ": "JWT"});
        let signed = format!(
            "{}.{}",
            BASE64_URL_SAFE_NO_PAD.encode(header.to_string()),
            BASE64_URL_SAFE_NO_PAD.encode(claims.to_string())
        );
        let token = format!("{signed}.{}", self.signature(&signed));
        let mut response = json_response(http::StatusCode::OK, &json!({"token": token}));
        response.headers.push((
            header::SET_COOKIE,
            format!("argocd.token={token}; path=/; SameSite=lax; httpOnly"),
        ));
        Ok(response)
    }

    /// `GET /api/v1/session/userinfo`: a 200 for everybody, so only `loggedIn` tells.
    pub(crate) fn user_info(&self, request: &Request, now: Millis) -> Answer {
        Ok(match self.authenticate(request, now) {
            Ok(username) => json!({"loggedIn": true, "username": username, "iss": "argocd"}),
            Err(_) => json!({}),
        })
    }

    /// HMAC-SHA256 keyed by the configured token, so that logins outlive a restart.
    fn signature(&self, signed: &str) -> String {
        let key = Sha256::digest(self.config.token.as_bytes());
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes a key of any length");
        mac.update(signed.as_bytes());
        BASE64_URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }
}

/// What is signed, and the claims, if a token is shaped like a JWT.
fn read_claims(token: &str) -> Option<(&str, Value)> {
    let (signed, _) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let read = |part: &str| -> Option<Value> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).ok()?;
        serde_json::from_slice(&bytes).ok()
    };
    read(header)?.get("alg")?;
    Some((signed, read(claims)?))
}
