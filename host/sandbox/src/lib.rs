//! Stand-ins for EFS, Route 53, STS, Secrets Manager and Argo CD, spoken to over their real
//! protocols on loopback, so that the production clients talk to them unchanged.
//!
//! A [`Sandbox`] has one address for AWS (what `AWS_ENDPOINT_URL` takes) and one for Argo CD. It
//! starts with a [`World`], keeps a ledger of the calls, and injects latency and faults. With a
//! directory, which becomes its user's alone, its state survives a restart: what is given to the
//! stand-ins as a secret stands in it.

pub mod argocd;
mod aws;
mod clock;
mod fault;
mod ledger;
mod locked;
pub mod sample;
mod server;
pub mod service;
mod start;
mod state_file;
mod world;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinHandle;
use url::Url;

use argocd::ArgoCd;
use aws::Aws;
use locked::lock;
use server::{CALLS_AT_ONCE, Lane, Shared};
use service::{Millis, Service as _};

pub use aws::{ACCESS_KEY_ID, ADMINISTRATOR_ACCOUNT, SECRET_ACCESS_KEY};
pub use clock::{STEPPED_START, SandboxClock};
pub use fault::{DropWhen, Effect, Fault, FaultFile, InjectedError};
pub use ledger::LedgerEntry;
pub use start::{SandboxState, StartError};
pub use world::{World, WorldError, WorldRegion, WorldZone};

/// What a sandbox is started with.
#[derive(Clone, Debug)]
pub struct SandboxConfig {
    /// Where `aws.json`, `argocd.json`, `ledger.jsonl` and `ports.json` are kept; none: in memory
    /// only.
    pub dir: Option<PathBuf>,
    /// Which time the stand-ins go by.
    pub clock: SandboxClock,
    /// By how much each call is slowed.
    pub latency: Duration,
    /// The faults in force from the start.
    pub faults: Vec<Fault>,
    /// What exists before the first call.
    pub world: World,
    /// The port for AWS on 127.0.0.1; 0: the one that `dir` remembers if it is free, else any.
    pub aws_port: u16,
    /// The port for Argo CD, likewise.
    pub argocd_port: u16,
    /// What the Argo CD stand-in needs to know.
    pub argocd: argocd::Config,
}

/// Running stand-ins. Dropping it closes its listeners; [`Sandbox::stop`] does so in order.
pub struct Sandbox {
    shared: Arc<Shared>,
    aws: Arc<Lane<Aws>>,
    argocd: Arc<Lane<ArgoCd>>,
    aws_address: SocketAddr,
    argocd_address: SocketAddr,
    argocd_token: String,
    listeners: Listeners,
    /// Held so that no second sandbox uses the directory.
    _lock: Option<std::fs::File>,
}

/// Ends its tasks when it is dropped.
struct Listeners([JoinHandle<()>; 2]);

impl Listeners {
    /// Returns once the ports are free.
    async fn close(mut self) {
        for task in &mut self.0 {
            task.abort();
            // It was cancelled: that's what this waits for.
            let _ = task.await;
        }
    }
}

impl Drop for Listeners {
    fn drop(&mut self) {
        for task in &self.0 {
            task.abort();
        }
    }
}

fn url_of(address: SocketAddr) -> Url {
    Url::parse(&format!("http://{address}")).expect("a socket address makes a URL")
}

impl Sandbox {
    /// Where EFS, Route 53, STS and Secrets Manager are.
    #[must_use]
    pub fn aws_url(&self) -> Url {
        url_of(self.aws_address)
    }

    /// Where Argo CD is.
    #[must_use]
    pub fn argocd_url(&self) -> Url {
        url_of(self.argocd_address)
    }

    /// The token that the Argo CD stand-in accepts.
    #[must_use]
    pub fn argocd_token(&self) -> &str {
        &self.argocd_token
    }

    /// All calls so far, those of earlier runs in the same directory included, in the order of
    /// their arrival.
    #[must_use]
    pub fn ledger(&self) -> Vec<LedgerEntry> {
        lock(&self.shared.ledger).entries()
    }

    /// Puts these faults in the place of those in force; their counts start anew.
    pub fn set_faults(&self, faults: Vec<Fault>) {
        *lock(&self.shared.faults) = fault::Faults::new(faults);
    }

    /// From now on Argo CD's server takes no connections for so many milliseconds, as with
    /// [`Effect::AwayMs`] at a call.
    pub fn argocd_away(&self, lasts: Millis) {
        *lock(&self.argocd.away) = self.now().saturating_add(lasts);
    }

    /// The sandbox's present time.
    #[must_use]
    pub fn now(&self) -> Millis {
        self.shared.clock.now()
    }

    /// Lets time pass without a request. Does nothing where time is real.
    pub fn advance(&self, by: Millis) {
        self.shared.clock.advance(by);
    }

    /// Everything that the stand-ins hold, by service: `sts`, `efs`, `route53`,
    /// `secretsmanager`, `argocd`. What is gone by now isn't in it.
    #[must_use]
    pub fn snapshot(&self) -> Value {
        let mut aws = lock(&self.aws.service);
        aws.settle(self.now());
        let mut all = aws.snapshot();
        drop(aws);
        all["argocd"] = lock(&self.argocd.service).snapshot();
        all
    }

    /// Does something with the Argo CD stand-in directly, at the present time.
    pub fn with_argocd<R>(&self, f: impl FnOnce(&mut ArgoCd, Millis) -> R) -> R {
        let now = self.now();
        let result = f(&mut lock(&self.argocd.service), now);
        self.argocd.save();
        result
    }

    /// Changes what the AWS stand-ins hold past their protocols, as someone with other
    /// tools would: `edit` gets their part of [`Sandbox::snapshot`]. Whether it could be
    /// taken on; nothing has changed otherwise.
    pub fn edit_aws(&self, edit: impl FnOnce(&mut Value)) -> bool {
        let mut aws = lock(&self.aws.service);
        aws.settle(self.now());
        let mut state = aws.snapshot();
        edit(&mut state);
        let taken = aws.restore(state).is_ok();
        drop(aws);
        self.aws.save();
        taken
    }

    /// Takes no more connections, lets the calls under way end, and saves the state.
    pub async fn stop(self) {
        let Self {
            shared,
            aws,
            argocd,
            listeners,
            ..
        } = self;
        // Fails only if the semaphore were closed, which nobody does.
        let _all = shared.calls.acquire_many(CALLS_AT_ONCE).await;
        listeners.close().await;
        aws.save();
        argocd.save();
    }
}
