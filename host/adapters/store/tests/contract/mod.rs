//! What every store has to do, whatever database is under it.
//!
//! A driver gives [`Database`]; each function of [`cases`] takes a fresh one.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use deploycenter_domain::digest::Digest;
use deploycenter_domain::effect::EffectId;
use deploycenter_domain::journal::Event;
use deploycenter_domain::name::{DeploymentId, Incarnation, TargetId};
use deploycenter_domain::operation::Operation;
use deploycenter_domain::plan::TargetPlan;
use deploycenter_ports::{Clock, Deployments, Lease, NewDeployment, Store};

pub(crate) mod cases;

/// An empty database that any number of processes can open.
#[async_trait]
pub(crate) trait Database: Send + Sync {
    /// Opens it as one more process would.
    async fn open(&self, owner: &str) -> Arc<dyn Store>;
    /// Opens it as a process would whose life and death nobody else can see. It tells of
    /// its life only by [`Database::beat`].
    async fn open_unseen(&self, owner: &str) -> Arc<dyn Store>;
    /// Has a store tell that its process lives.
    async fn beat(&self, store: &Arc<dyn Store>);
    /// Sets the database's clock forward, or back.
    fn pass(&self, seconds: i64);
    /// Ends a store as the death of its process would.
    async fn kill(&self, store: Arc<dyn Store>);
    /// Runs a statement behind the stores' backs.
    async fn tamper(&self, sql: &'static str);
}

/// A clock that stands at one second after the epoch.
#[derive(Debug)]
pub(crate) struct Still;

#[async_trait]
impl Clock for Still {
    fn now(&self) -> jiff::Timestamp {
        time(1)
    }

    async fn sleep(&self, _duration: std::time::Duration) {}
}

/// A clock that someone sets.
#[derive(Debug)]
pub(crate) struct Hands(AtomicI64);

impl Hands {
    pub(crate) fn new() -> Self {
        Self(AtomicI64::new(1))
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

#[async_trait]
impl Clock for Hands {
    fn now(&self) -> jiff::Timestamp {
        time(self.0.load(Ordering::SeqCst))
    }

    async fn sleep(&self, _duration: std::time::Duration) {}
}

pub(crate) fn time(second: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(second).unwrap()
}

pub(crate) fn target(text: &str) -> TargetId {
    text.parse().unwrap()
}

pub(crate) fn id(text: &str) -> DeploymentId {
    text.parse().unwrap()
}

pub(crate) fn effect() -> EffectId {
    "efs.file-system/data".parse().unwrap()
}

pub(crate) fn deployment(of: &str, name: &str, incarnation: u32) -> NewDeployment {
    NewDeployment {
        id: id(name),
        plan: TargetPlan {
            target: target(of),
            region: "eu-west-3".parse().unwrap(),
            app: None,
            incarnation: Incarnation(incarnation),
            operation: Operation::Deploy,
            digest: Digest::of(name.as_bytes()),
            inputs: [("desired state".to_owned(), Digest::of(b"in"))].into(),
            data_version: None,
            remarks: Vec::new(),
            effects: Vec::new(),
        },
        actor: "Ada <ada@example.com>".to_owned(),
        main_commit: Some(format!("commit-of-{name}")),
        at: time(10),
    }
}

pub(crate) fn intent() -> Event {
    Event::Intent {
        effect: effect(),
        before: None,
        after: None,
    }
}

/// Enqueues and claims.
pub(crate) async fn begin(store: &dyn Store, lease: &Lease, new: NewDeployment) {
    let (name, at) = (new.id.clone(), new.at);
    store.enqueue(&[(lease.clone(), new)]).await.unwrap();
    store.claim(lease, &name, at).await.unwrap();
}

/// A deployment's journal, without its times.
pub(crate) async fn events(store: &dyn Store, name: &str) -> Vec<Event> {
    let record = store.deployment(&id(name)).await.unwrap().unwrap();
    record.events.into_iter().map(|entry| entry.event).collect()
}

/// The deployments of a list, by their ids.
pub(crate) async fn ids(store: &dyn Store, which: &Deployments) -> Vec<DeploymentId> {
    let all = store.all_deployments(which).await.unwrap();
    all.into_iter().map(|summary| summary.id).collect()
}

/// Acquires, begins, ends with that event, releases.
pub(crate) async fn run(store: &dyn Store, new: NewDeployment, end: &Event) {
    let lease = store.acquire(&new.plan.target).await.unwrap();
    let name = new.id.clone();
    begin(store, &lease, new).await;
    if matches!(end, Event::Unwound) {
        let reason = "no room".to_owned();
        store
            .append(&lease, &name, &Event::UnwindStarted { reason }, time(11))
            .await
            .unwrap();
    }
    store.append(&lease, &name, end, time(12)).await.unwrap();
    store.release(&lease).await.unwrap();
}
