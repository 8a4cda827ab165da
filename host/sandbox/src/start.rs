//! Starting a sandbox: its directory, its state, its ports.

use std::fs::{File, TryLockError};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderName, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::argocd::ArgoCd;
use crate::aws::Aws;
use crate::clock::Clock;
use crate::fault::Faults;
use crate::ledger::Ledger;
use crate::server::{CALLS_AT_ONCE, Lane, Shared};
use crate::service::{Millis, Request, Response, Service};
use crate::state_file::StateFile;
use crate::{Listeners, Sandbox, SandboxConfig};

/// Why a sandbox didn't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A file or a directory of the sandbox can't be used.
    #[error("the sandbox can't use {path}; check its permissions, or choose another directory")]
    Directory {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Another sandbox runs in the directory.
    #[error("another sandbox is running in {path}; stop it, or choose another directory")]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// A saved state can't be read.
    #[error(
        "the sandbox can't read its saved state in {path}; remove the sandbox's directory to start afresh"
    )]
    SandboxState {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A port can't be listened on.
    #[error("the sandbox can't listen on {address}; choose another port, or 0 for any")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

/// The ports of the last run.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Ports {
    aws: u16,
    argocd: u16,
}

/// Everything that a sandbox holds at one moment, to start others from.
#[derive(Debug, Clone)]
pub struct SandboxState {
    clock: Millis,
    aws: serde_json::Value,
    argocd: serde_json::Value,
}

impl SandboxState {
    fn put_into(self, aws: &mut Aws, argocd: &mut ArgoCd) -> Result<Millis, StartError> {
        let broken = |source| StartError::SandboxState {
            path: "the state of another sandbox".into(),
            source,
        };
        aws.restore(self.aws)
            .map_err(|error| broken(error.into()))?;
        argocd
            .restore(self.argocd)
            .map_err(|error| broken(error.into()))?;
        Ok(self.clock)
    }
}

impl Sandbox {
    /// What it holds now.
    #[must_use]
    pub fn state(&self) -> SandboxState {
        SandboxState {
            clock: self.now(),
            aws: crate::lock(&self.aws.service).snapshot(),
            argocd: crate::lock(&self.argocd.service).snapshot(),
        }
    }

    /// Starts the stand-ins; when it returns they can be spoken to.
    ///
    /// # Errors
    /// See [`StartError`]. Nothing is left running then.
    pub async fn start(config: SandboxConfig) -> Result<Self, StartError> {
        Self::start_from(config, None).await
    }

    /// The same, with what another sandbox held when its [`SandboxState`] was taken. What is
    /// saved in the configuration's directory comes before that.
    ///
    /// # Errors
    /// As [`Sandbox::start`].
    pub async fn start_from(
        config: SandboxConfig,
        state: Option<SandboxState>,
    ) -> Result<Self, StartError> {
        let lock = config.dir.as_deref().map(claim).transpose()?;
        let file = |name: &str| config.dir.as_ref().map(|dir| dir.join(name));
        let ledger = match file("ledger.jsonl") {
            None => Ledger::default(),
            Some(path) => {
                Ledger::open(&path).map_err(|source| StartError::Directory { path, source })?
            }
        };
        let argocd_token = config.argocd.token.clone();
        let mut aws = Aws::new(config.world, config.clock.is_real());
        let mut argocd = ArgoCd::new(config.argocd);
        let aws_file = file("aws.json").map(StateFile::new);
        let argocd_file = file("argocd.json").map(StateFile::new);
        let given = state
            .map(|state| state.put_into(&mut aws, &mut argocd))
            .transpose()?;
        let resumed = restore(&mut aws, aws_file.as_ref())?
            .max(restore(&mut argocd, argocd_file.as_ref())?)
            .max(given);

        let remembered = file("ports.json")
            .map(|path| remembered(&path))
            .unwrap_or_default();
        let aws_listener = bind(config.aws_port, remembered.aws).await?;
        let argocd_listener = bind(config.argocd_port, remembered.argocd).await?;
        let (aws_listener, aws_address) = aws_listener;
        let (argocd_listener, argocd_address) = argocd_listener;
        if let Some(path) = file("ports.json") {
            let ports = Ports {
                aws: aws_address.port(),
                argocd: argocd_address.port(),
            };
            deploycenter_private::replace(&path, &[json!(ports).to_string().as_bytes()])
                .map_err(|source| StartError::Directory { path, source })?;
        }

        let shared = Arc::new(Shared {
            clock: Clock::new(config.clock, resumed),
            ledger: Mutex::new(ledger),
            faults: Mutex::new(Faults::new(config.faults)),
            latency: config.latency,
            calls: Arc::new(Semaphore::new(CALLS_AT_ONCE as usize)),
        });
        let aws = Arc::new(Lane {
            shared: Arc::clone(&shared),
            service: Mutex::new(aws),
            file: aws_file,
            away: Mutex::default(),
            signed_for: Aws::signed_for,
            unknown: unknown_to_aws,
        });
        let argocd = Arc::new(Lane {
            shared: Arc::clone(&shared),
            service: Mutex::new(argocd),
            file: argocd_file,
            away: Mutex::default(),
            signed_for: |_, _| (None, None),
            unknown: unknown_to_argocd,
        });
        let listeners = Listeners([
            tokio::spawn(Arc::clone(&aws).listen(aws_listener)),
            tokio::spawn(Arc::clone(&argocd).listen(argocd_listener)),
        ]);
        Ok(Self {
            shared,
            aws,
            argocd,
            aws_address,
            argocd_address,
            argocd_token,
            listeners,
            _lock: lock,
        })
    }
}

/// Makes the directory and sees to it that nobody else uses it.
fn claim(dir: &Path) -> Result<File, StartError> {
    let directory = |source| StartError::Directory {
        path: dir.to_owned(),
        source,
    };
    deploycenter_private::own_folder(dir).map_err(directory)?;
    let file = deploycenter_private::open(&dir.join("lock")).map_err(directory)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StartError::InUse {
            path: dir.to_owned(),
        }),
        Err(TryLockError::Error(source)) => Err(directory(source)),
    }
}

/// Puts a saved state back; gives the time at which it was saved.
fn restore(
    service: &mut impl Service,
    file: Option<&StateFile>,
) -> Result<Option<Millis>, StartError> {
    let Some(file) = file else {
        return Ok(None);
    };
    let broken = |source: Box<dyn std::error::Error + Send + Sync>| StartError::SandboxState {
        path: file.path().clone(),
        source,
    };
    let Some(saved) = file.load().map_err(|error| broken(error.into()))? else {
        return Ok(None);
    };
    service
        .restore(saved.state)
        .map_err(|error| broken(error.into()))?;
    Ok(Some(saved.clock))
}

/// Ports are a convenience: what can't be read is as good as nothing.
fn remembered(path: &Path) -> Ports {
    std::fs::read(path)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default()
}

async fn bind(wanted: u16, remembered: u16) -> Result<(TcpListener, SocketAddr), StartError> {
    let address = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut listener =
        TcpListener::bind(address(if wanted == 0 { remembered } else { wanted })).await;
    if listener.is_err() && wanted == 0 {
        listener = TcpListener::bind(address(0)).await;
    }
    let failed = |source| StartError::Listen {
        address: address(wanted),
        source,
    };
    let listener = listener.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

fn unknown_to_aws(request: &Request) -> Response {
    let message = format!(
        "The sandbox has no operation {} {}",
        request.method, request.path
    );
    Response {
        status: StatusCode::NOT_FOUND,
        headers: vec![
            (header::CONTENT_TYPE, "application/json".to_owned()),
            (
                HeaderName::from_static("x-amzn-errortype"),
                "UnknownOperationException".to_owned(),
            ),
        ],
        body: Bytes::from(
            json!({ "__type": "UnknownOperationException", "message": message }).to_string(),
        ),
    }
}

fn unknown_to_argocd(_: &Request) -> Response {
    Response {
        status: StatusCode::NOT_FOUND,
        headers: vec![(header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned())],
        body: Bytes::from_static(b"Not Found\n"),
    }
}
