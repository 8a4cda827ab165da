//! What a stand-in is: it names a call, does it, and can be written down and read back.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, StatusCode};

/// Time as the stand-ins see it, in milliseconds since the Unix epoch.
pub type Millis = u64;

/// One HTTP request as a stand-in sees it.
#[derive(Clone, Debug)]
pub struct Request {
    /// The HTTP method.
    pub method: Method,
    /// The path, raw: still percent-encoded, without the query.
    pub path: String,
    /// The query's pairs, decoded, in the order in which they were sent.
    pub query: Vec<(String, String)>,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl Request {
    /// The first value of a query parameter.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// A header's value, if it is there and is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The path's segments, each decoded; a trailing slash adds none.
    #[must_use]
    pub fn segments(&self) -> Vec<Cow<'_, str>> {
        let path = self.path.trim_matches('/');
        if path.is_empty() {
            return Vec::new();
        }
        path.split('/')
            .map(|segment| percent_encoding::percent_decode_str(segment).decode_utf8_lossy())
            .collect()
    }
}

/// What a stand-in answers.
#[derive(Clone, Debug)]
pub struct Response {
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers; the length is added by the server.
    pub headers: Vec<(HeaderName, String)>,
    /// The whole body.
    pub body: Bytes,
}

/// What the ledger and the faults know of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// `efs`, `route53`, `sts`, `secretsmanager` or `argocd`.
    pub service: &'static str,
    /// The operation by its API's name: `CreateFileSystem`, `GetApplication`, …
    pub operation: String,
    /// A readable name of the thing: creation token, file system id, record name, secret name,
    /// application name; empty where the call has none.
    pub subject: String,
    /// Whether the call means to change something.
    pub write: bool,
}

/// A stand-in for one outside service.
pub trait Service: Send {
    /// Names the call without doing it, for the ledger and the faults; `None`: not this service's.
    fn classify(&self, request: &Request) -> Option<Call>;

    /// Does the call. Whatever passes with time (creating → available, PENDING → INSYNC, syncs,
    /// deletions) is computed from `now`, so that the same requests at the same times give the
    /// same answers.
    fn handle(&mut self, request: &Request, call: &Call, now: Millis) -> Response;

    /// The whole state.
    fn snapshot(&self) -> serde_json::Value;

    /// Takes on a state that [`Service::snapshot`] gave.
    ///
    /// # Errors
    /// When `state` isn't such a value; nothing has changed then.
    fn restore(&mut self, state: serde_json::Value) -> Result<(), serde_json::Error>;
}
