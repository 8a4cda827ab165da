//! The HTTP side: each call ticks the clock, is named, entered in the ledger, hit by faults,
//! delayed, done under a lock, saved and answered.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::aws::{ApiError, Protocol};
use crate::clock::Clock;
use crate::fault::{DropWhen, Effect, Faults, InjectedError};
use crate::ledger::Ledger;
use crate::locked::lock;
use crate::service::{Call, Millis, Request, Response, Service};
use crate::state_file::StateFile;

/// The largest body that is read; the services' own limits are far lower.
const LARGEST_BODY: usize = 128 << 20;
/// How many calls may be under way at once.
pub(crate) const CALLS_AT_ONCE: u32 = 4_096;

/// What all stand-ins of a sandbox share.
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    pub(crate) ledger: Mutex<Ledger>,
    pub(crate) faults: Mutex<Faults>,
    pub(crate) latency: Duration,
    /// One permit for each call under way; whoever holds all knows that none is.
    pub(crate) calls: Arc<Semaphore>,
}

/// By how much a refused connection moves time that is stepped, in milliseconds.
const REFUSED_STEP: Millis = 1_000;

/// Account and region.
type SignedFor = (Option<String>, Option<String>);

/// One listener's stand-in.
pub(crate) struct Lane<S> {
    pub(crate) shared: Arc<Shared>,
    pub(crate) service: Mutex<S>,
    pub(crate) file: Option<StateFile>,
    /// Until when this server is away.
    pub(crate) away: Mutex<Millis>,
    pub(crate) signed_for: fn(&S, &Request) -> SignedFor,
    /// The answer to a request that the service can't name.
    pub(crate) unknown: fn(&Request) -> Response,
}

impl<S: Service + 'static> Lane<S> {
    /// Accepts connections until it is dropped.
    pub(crate) async fn listen(self: Arc<Self>, listener: TcpListener) {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) if self.is_away() => {
                        // Reset rather than closed in order: nobody is there.
                        let _ = stream.set_zero_linger();
                        self.shared.clock.advance(REFUSED_STEP);
                    }
                    Ok((stream, _)) => {
                        connections.spawn(Arc::clone(&self).connection(stream));
                    }
                    // No more file descriptors, most likely: some will be closed soon.
                    Err(error) => {
                        tracing::warn!(%error, "the sandbox couldn't accept a connection");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                },
                Some(_) = connections.join_next() => {}
            }
        }
    }

    fn is_away(&self) -> bool {
        *lock(&self.away) > self.shared.clock.now()
    }

    async fn connection(self: Arc<Self>, stream: TcpStream) {
        // Small answers would wait for the peer's acknowledgement otherwise.
        let _ = stream.set_nodelay(true);
        let service = service_fn(move |request| {
            let lane = Arc::clone(&self);
            async move { lane.exchange(request).await }
        });
        // An error is a client that went away, or a connection that a fault drops.
        let _ = http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .await;
    }

    async fn exchange(
        self: Arc<Self>,
        request: hyper::Request<Incoming>,
    ) -> Result<hyper::Response<Full<Bytes>>, Dropped> {
        let (head, body) = request.into_parts();
        let body = Limited::new(body, LARGEST_BODY)
            .collect()
            .await
            .map_err(|_| Dropped)?
            .to_bytes();
        let query = head.uri.query().unwrap_or_default();
        let request = Request {
            method: head.method,
            path: head.uri.path().to_owned(),
            query: url::form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
            headers: head.headers,
            body,
        };
        // On a task of its own: a call that arrived is done, even when its client goes away.
        let response = tokio::spawn(self.call(request)).await;
        match response {
            Ok(Some(response)) => Ok(wire(response)),
            Ok(None) => Err(Dropped),
            Err(error) => {
                tracing::error!(%error, "a stand-in failed");
                Err(Dropped)
            }
        }
    }

    /// Does one call; none: the connection is to be dropped.
    async fn call(self: Arc<Self>, request: Request) -> Option<Response> {
        // One that came by a connection from before.
        if self.is_away() {
            self.shared.clock.advance(REFUSED_STEP);
            return None;
        }
        let _permit = Arc::clone(&self.shared.calls).acquire_owned().await.ok()?;
        let at = self.shared.clock.tick();
        let lane = Arc::clone(&self);
        let named = blocking(move || {
            let service = lock(&lane.service);
            let call = service.classify(&request);
            let signed_for = (lane.signed_for)(&service, &request);
            drop(service);
            (request, call, signed_for)
        });
        let (request, call, (account, region)) = named.await?;
        let known = call.is_some();
        let call = call.unwrap_or_else(|| unknown_call(&request));
        let index = lock(&self.shared.ledger).begin(at, &call, account, region);

        let hit = lock(&self.shared.faults).hit(&call);
        if let Some(effect) = &hit {
            lock(&self.shared.ledger).fault(index, effect.label());
        }
        let delay = match &hit {
            Some(Effect::DelayMs(millis)) => Duration::from_millis(*millis),
            _ => Duration::ZERO,
        } + self.shared.latency;
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }

        let response = match hit {
            Some(Effect::Drop(DropWhen::Before)) => None,
            Some(Effect::AwayMs(millis)) => {
                *lock(&self.away) = self.shared.clock.now().saturating_add(millis);
                None
            }
            Some(Effect::Error(error)) => Some(injected(&call, error)),
            other => {
                let lane = Arc::clone(&self);
                let response = blocking(move || {
                    if known {
                        lane.handle(&request, &call)
                    } else {
                        (lane.unknown)(&request)
                    }
                })
                .await;
                response.filter(|_| other != Some(Effect::Drop(DropWhen::After)))
            }
        };
        let status = response.as_ref().map(|response| response.status.as_u16());
        lock(&self.shared.ledger).end(index, status);
        response
    }

    fn handle(&self, request: &Request, call: &Call) -> Response {
        let mut service = lock(&self.service);
        let response = service.handle(request, call, self.shared.clock.now());
        drop(service);
        if call.write {
            self.save();
        }
        response
    }

    /// Writes the state down, if it has a place.
    pub(crate) fn save(&self) {
        if let Some(file) = &self.file {
            file.save(|| {
                let service = lock(&self.service);
                (self.shared.clock.now(), service.snapshot())
            });
        }
    }
}

/// Runs what may take a while (git, files, a lock) off the runtime's threads; none: it panicked.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => Some(value),
        Err(error) => {
            tracing::error!(%error, "a stand-in failed");
            None
        }
    }
}

/// The connection closes without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the sandbox drops this connection")]
struct Dropped;

fn wire(response: Response) -> hyper::Response<Full<Bytes>> {
    let mut answer = hyper::Response::new(Full::new(response.body));
    *answer.status_mut() = response.status;
    for (name, value) in response.headers {
        if let Ok(value) = value.parse() {
            answer.headers_mut().append(name, value);
        }
    }
    answer
}

fn unknown_call(request: &Request) -> Call {
    Call {
        service: "unknown",
        operation: format!("{} {}", request.method, request.path),
        subject: String::new(),
        write: request.method != Method::GET,
    }
}

/// An injected error in the shape of the service's protocol.
fn injected(call: &Call, error: InjectedError) -> Response {
    if call.service != "argocd" {
        return ApiError::from(error).respond(Protocol::of(call.service));
    }
    let status = StatusCode::from_u16(error.status)
        .ok()
        .filter(|status| status.is_client_error() || status.is_server_error())
        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    // 2 is gRPC's Unknown, which is what a code that Argo CD doesn't know comes to.
    let code: i64 = error.code.parse().unwrap_or(2);
    let body = json!({ "error": error.message, "code": code, "message": error.message });
    let mut headers = vec![(header::CONTENT_TYPE, "application/json".to_owned())];
    if let Some(seconds) = error.retry_after {
        headers.push((header::RETRY_AFTER, seconds.to_string()));
    }
    Response {
        status,
        headers,
        body: Bytes::from(body.to_string()),
    }
}
