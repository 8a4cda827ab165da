//! The one place where requests to Argo CD leave.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use deploycenter_domain::address::Origin;
use deploycenter_domain::remedy::{Advice, Remedy};
use deploycenter_ports::{Call, Calls, Clock, Phase, ProviderError, ProviderErrorKind};
use reqwest::header::{ACCEPT, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;
use url::Url;

use crate::complaint::tells_of_away;
use crate::config::{ArgoCdConfig, Backoff};

/// The name of this system in failures and calls.
pub(crate) const SYSTEM: &str = "argocd";

/// The longest answer that is read, in bytes: a list of 30,000 applications has about 100 MiB.
const LONGEST: usize = 256 << 20;
/// How long one request may take. A refresh holds it until the comparison is done.
const TIMEOUT: Duration = Duration::from_secs(60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Talks to one Argo CD.
pub(crate) struct Client {
    http: reqwest::Client,
    server: Url,
    token: String,
    backoff: Backoff,
    calls: Arc<dyn Calls>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("server", &self.server.as_str())
            .finish_non_exhaustive()
    }
}

/// A request: where, with what.
#[derive(Debug, Clone)]
pub(crate) struct Ask<'a> {
    method: Method,
    versioned: bool,
    path: Vec<&'a str>,
    query: Vec<(&'a str, &'a str)>,
    body: Option<Value>,
}

impl<'a> Ask<'a> {
    /// A request to `/api/v1/<path>`; the path's parts are encoded here.
    pub(crate) fn new(method: Method, path: &[&'a str]) -> Self {
        Self {
            method,
            versioned: true,
            path: path.to_vec(),
            query: Vec::new(),
            body: None,
        }
    }

    /// The same below `/api/`, where what is the same in all versions stands.
    pub(crate) fn unversioned(mut self) -> Self {
        self.versioned = false;
        self
    }

    pub(crate) fn query(mut self, name: &'a str, value: &'a str) -> Self {
        self.query.push((name, value));
        self
    }

    pub(crate) fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }
}

/// An answer that another try wouldn't change.
#[derive(Debug)]
pub(crate) struct Answer {
    status: StatusCode,
    body: Value,
    text: String,
    operation: String,
}

impl Answer {
    pub(crate) fn is_ok(&self) -> bool {
        self.status.is_success()
    }

    /// Whether Argo CD says that there is no such thing.
    pub(crate) fn is_not_found(&self) -> bool {
        self.status == StatusCode::NOT_FOUND && self.is_argo_cds()
    }

    /// Whether it is a refusal in Argo CD's own words, not one of a proxy before it: those
    /// have a gRPC code.
    fn is_argo_cds(&self) -> bool {
        self.body.get("code").is_some_and(Value::is_number)
    }

    /// Whether it says nothing of what was asked: Argo CD, or something that it needs, is
    /// away or busy.
    fn is_away(&self) -> bool {
        match self.status {
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => true,
            // What stands before it has nobody to pass the request to.
            StatusCode::NOT_FOUND => !self.is_argo_cds(),
            status if status.is_server_error() => {
                !self.is_argo_cds() || tells_of_away(self.words())
            }
            _ => false,
        }
    }

    pub(crate) fn is_unauthorized(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED
    }

    pub(crate) fn is_forbidden(&self) -> bool {
        self.status == StatusCode::FORBIDDEN
    }

    pub(crate) fn is_conflict(&self) -> bool {
        self.status == StatusCode::CONFLICT
    }

    /// What a refusal says: Argo CD's own words. Its error bodies aren't always JSON.
    pub(crate) fn words(&self) -> &str {
        self.body
            .get("message")
            .and_then(Value::as_str)
            .unwrap_or(&self.text)
    }

    /// Whether it is a 400 that says so: Argo CD's conflicts come so.
    pub(crate) fn refuses(&self, words: &str) -> bool {
        self.status == StatusCode::BAD_REQUEST && self.words().contains(words)
    }

    /// The body of a success.
    pub(crate) fn value(self) -> Result<Value, ProviderError> {
        if self.is_ok() {
            Ok(self.body)
        } else {
            Err(self.failure())
        }
    }

    /// The failure that a refusal is.
    pub(crate) fn failure(&self) -> ProviderError {
        let words: String = self.words().trim().chars().take(2000).collect();
        let failure = ProviderError::new(
            ProviderErrorKind::Refused,
            SYSTEM,
            format!(
                "Argo CD refused {} with {}: {words}",
                self.operation,
                self.status.as_u16()
            ),
        );
        match self.status {
            StatusCode::UNAUTHORIZED => failure.help("ARGOCD_AUTH_TOKEN is missing, wrong or expired; make one with `argocd account generate-token`"),
            StatusCode::FORBIDDEN => failure.help(
                Advice::from((
                    "the token's account lacks a right: it needs applications and projects (get, create, update, delete, sync; update/* and delete/* of applications), and clusters update where a project lists cluster-scoped kinds or gets a further cluster; ",
                    Remedy::Doctor,
                ))
                .and(" names what is missing"),
            ),
            status if status.is_redirection() => failure.help("put the address that it redirects to into ARGOCD_SERVER"),
            _ => failure,
        }
    }
}

/// Why one try gave no answer.
struct Again {
    message: String,
    retry_after: Option<Duration>,
    /// What it was answered with, when it was Argo CD that did and it isn't away: then it
    /// has failed at it.
    answer: Option<Answer>,
}

impl Client {
    pub(crate) fn new(
        config: &ArgoCdConfig,
        clock: Arc<dyn Clock>,
        calls: Arc<dyn Calls>,
    ) -> Result<Self, ProviderError> {
        // Whoever came first has set it, and that is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            // A redirect would carry the token to who knows where.
            .redirect(reqwest::redirect::Policy::none());
        let origin = Origin::of(config.server.as_str());
        if origin.is_some_and(|origin| origin.needs_no_certificate()) {
            // Else the machine's root certificates are read: some hundred files.
            builder = builder.tls_certs_only([]);
        }
        let http = builder.build().map_err(|error| {
            ProviderError::new(
                ProviderErrorKind::Refused,
                SYSTEM,
                format!("no HTTP client for Argo CD can be made: {error}"),
            )
        })?;
        if config.server.cannot_be_a_base() {
            return Err(ProviderError::new(
                ProviderErrorKind::Refused,
                SYSTEM,
                format!("{} is no address of an Argo CD", config.server),
            )
            .help("ARGOCD_SERVER is an address such as https://argocd.example.com"));
        }
        Ok(Self {
            http,
            server: config.server.clone(),
            token: config.token.clone(),
            backoff: config.backoff,
            calls,
            clock,
        })
    }

    /// Its address, for messages: it holds no login.
    pub(crate) fn server(&self) -> &str {
        self.server.as_str().trim_end_matches('/')
    }

    /// Asks until there is an answer: 429, 5xx and lost connections are tried again. What
    /// stays so is [`ProviderErrorKind::Unavailable`] when nobody answered, and
    /// [`ProviderErrorKind::Refused`] when Argo CD did, and can't do it.
    pub(crate) async fn ask(&self, ask: Ask<'_>) -> Result<Answer, ProviderError> {
        let mut url = self.server.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments
                .pop_if_empty()
                .push("api")
                .extend(ask.versioned.then_some("v1"))
                .extend(&ask.path);
        }
        let operation = format!("{} {}", ask.method, url.path());
        if !ask.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&ask.query);
        }
        let mut attempt = 1;
        let since = self.clock.now();
        loop {
            let again = match self.once(&ask, url.clone(), &operation).await {
                Ok(answer) => return Ok(answer),
                Err(again) => again,
            };
            let tried = Duration::try_from(self.clock.now().duration_since(since));
            let too_long =
                again.retry_after.is_none() && tried.is_ok_and(|it| it > self.backoff.give_up);
            if attempt >= self.backoff.attempts || too_long {
                if let Some(answer) = again.answer {
                    return Err(answer.failure());
                }
                let tries = if attempt == 1 {
                    "one try".to_owned()
                } else {
                    format!("{attempt} tries")
                };
                let mut failure = ProviderError::new(
                    ProviderErrorKind::Unavailable,
                    SYSTEM,
                    format!(
                        "Argo CD didn't answer {operation} in {tries}: {}",
                        again.message
                    ),
                )
                .help("check that ARGOCD_SERVER is right and that Argo CD is up, then resume");
                failure.retry_after = again.retry_after;
                failure.since = Some(since);
                return Err(failure);
            }
            tracing::debug!(
                operation,
                attempt,
                problem = again.message,
                "Argo CD is asked again"
            );
            self.clock
                .sleep(
                    self.backoff
                        .wait(attempt, again.retry_after, rand::random()),
                )
                .await;
            attempt += 1;
        }
    }

    async fn once(&self, ask: &Ask<'_>, url: Url, operation: &str) -> Result<Answer, Again> {
        let call = Call {
            system: SYSTEM,
            operation: operation.to_owned(),
        };
        let mut request = self
            .http
            .request(ask.method.clone(), url)
            .bearer_auth(&self.token)
            .header(ACCEPT, "application/json");
        if ask.method != Method::GET {
            // Exactly this, bodiless DELETE included: Argo CD answers 415 to anything else.
            request = request.header(CONTENT_TYPE, "application/json");
        }
        if let Some(body) = &ask.body {
            request = request.body(body.to_string());
        }
        self.calls.at(&call, Phase::Before).await;
        let sent = request.send().await;
        self.calls.at(&call, Phase::Sent).await;
        let read = match sent {
            Ok(response) => {
                let status = response.status();
                let retry_after = retry_after(&response, self.clock.now());
                let location = response
                    .headers()
                    .get(LOCATION)
                    .and_then(|it| it.to_str().ok())
                    .map(str::to_owned);
                let text = bounded_text(response).await;
                text.map(|text| (status, retry_after, location, text))
            }
            Err(error) => Err(error),
        };
        self.calls.at(&call, Phase::Replied).await;
        let (status, retry_after, location, text) = read.map_err(|error| lost(&error))?;
        let body: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
        let text = location.unwrap_or(text);
        let answer = Answer {
            status,
            body,
            text,
            operation: operation.to_owned(),
        };
        let away = answer.is_away();
        if away || status.is_server_error() {
            let words: String = answer.words().trim().chars().take(500).collect();
            return Err(Again {
                message: format!("{} {words}", status.as_u16()),
                retry_after,
                answer: (!away).then_some(answer),
            });
        }
        if status.is_success() && answer.body.is_null() && answer.text.trim() != "null" {
            return Err(Again {
                message: "the answer isn't JSON; is that an Argo CD?".to_owned(),
                retry_after,
                answer: None,
            });
        }
        Ok(answer)
    }
}

/// A connection that broke. The message names the cause; the token is in no URL.
fn lost(error: &reqwest::Error) -> Again {
    let mut message = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        message = cause.to_string();
        source = cause.source();
    }
    Again {
        message,
        retry_after: None,
        answer: None,
    }
}

/// `Retry-After` in either of its forms (RFC 9110): seconds or a date.
fn retry_after(response: &Response, now: jiff::Timestamp) -> Option<Duration> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let until = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Duration::try_from(until.duration_since(now)).ok()
}
/// A body as text, read as far as any answer of Argo CD's goes: a longer one is of something
/// else, and is cut to a sentence that no JSON is.
async fn bounded_text(mut response: reqwest::Response) -> Result<String, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > LONGEST {
            return Ok(format!("an answer of more than {} MiB", LONGEST >> 20));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(String::from_utf8_lossy(&body).into_owned())
}
