//! The one place where requests to AWS leave this crate.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Connector, ConnectorBuilder};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use deploycenter_domain::address::Origin;
use deploycenter_ports::{Calls, Phase};

use super::operation;

/// How long a connection may take to stand.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a service may take to begin its answer.
const READ: Duration = Duration::from_secs(30);
/// How long the whole exchange may take. None of these services streams.
const WHOLE: Duration = Duration::from_secs(60);

/// An HTTP client for the SDK that tells a watcher of each request, and reads each answer
/// in full before anyone sees it. Its limits go by real time, whatever the SDK is told
/// to sleep by.
#[derive(Debug, Clone)]
pub(crate) struct Watched {
    connectors: Arc<Connectors>,
    calls: Arc<dyn Calls>,
}

impl Watched {
    /// Makes no connection yet; `proxied`: as `HTTPS_PROXY` and its like say.
    pub(crate) fn new(calls: Arc<dyn Calls>, proxied: bool) -> Self {
        let connectors = Connectors {
            proxied,
            near: OnceLock::new(),
            far: OnceLock::new(),
        };
        Self {
            connectors: Arc::new(connectors),
            calls,
        }
    }
}

/// A pool of connections to stand-ins on this machine, and one to everywhere else. Each is
/// made when it is first needed, for the second reads the machine's root certificates: some
/// hundred files.
#[derive(Debug)]
struct Connectors {
    proxied: bool,
    near: OnceLock<Connector>,
    far: OnceLock<Connector>,
}

impl Connectors {
    fn to(&self, uri: &str) -> &Connector {
        if Origin::of(uri).is_some_and(|origin| origin.needs_no_certificate()) {
            let nobody = TrustStore::empty();
            self.near.get_or_init(|| self.connector(nobody))
        } else {
            self.far
                .get_or_init(|| self.connector(TrustStore::default()))
        }
    }

    fn connector(&self, trusted: TrustStore) -> Connector {
        let limits = HttpConnectorSettings::builder()
            .connect_timeout(CONNECT)
            .read_timeout(READ)
            .build();
        let proxy = if self.proxied {
            ProxyConfig::from_env()
        } else {
            ProxyConfig::disabled()
        };
        let tls = TlsContext::builder()
            .with_trust_store(trusted)
            .build()
            .expect("no certificate of ours is in it that could be unreadable");
        ConnectorBuilder::default()
            .sleep_impl(TokioSleep::new())
            .connector_settings(limits)
            .proxy_config(proxy)
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .tls_context(tls)
            .build()
    }
}

impl HttpClient for Watched {
    fn http_connector(
        &self,
        _settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Watched {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Self { connectors, calls } = self.clone();
        HttpConnectorFuture::new(async move {
            let path = request.uri().split(['?', '#']).next().unwrap_or_default();
            let path = path.split_once("://").map_or(path, |(_, rest)| rest);
            let path = path.find('/').map_or("/", |at| &path[at..]);
            let form = request
                .headers()
                .get("content-type")
                .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
            let body = if form { request.body().bytes() } else { None };
            let target = request.headers().get("x-amz-target");
            let call = operation::name(request.method(), path, target, body);

            calls.at(&call, Phase::Before).await;
            let exchange = connectors.to(request.uri()).call(request);
            // Nobody may hold up the exchange itself, so the limit is around it alone.
            let answer = match tokio::time::timeout(WHOLE, exchange).await {
                Ok(answer) => answer,
                Err(elapsed) => Err(ConnectorError::timeout(elapsed.into())),
            };
            calls.at(&call, Phase::Sent).await;
            let answer = match answer {
                Ok(response) => read(response).await,
                Err(error) => Err(error),
            };
            calls.at(&call, Phase::Replied).await;
            answer
        })
    }
}

async fn read(mut response: HttpResponse) -> Result<HttpResponse, ConnectorError> {
    let body = ByteStream::new(response.take_body());
    let bytes = match tokio::time::timeout(WHOLE, body.collect()).await {
        Ok(Ok(bytes)) => bytes.into_bytes(),
        Ok(Err(error)) => return Err(ConnectorError::io(error.into())),
        Err(elapsed) => return Err(ConnectorError::timeout(elapsed.into())),
    };
    *response.body_mut() = SdkBody::from(bytes);
    Ok(response)
}
