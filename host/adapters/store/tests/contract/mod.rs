//! What every store has to do, whatever database is under it.
//!
//! A driver gives [`Database`]; each function of [`cases`] takes a fresh one.

use std::sync::Arc;

use async_trait::async_trait;
use deploycenter_domain::digest::Digest;
use deploycenter_domain::effect::EffectId;
use deploycenter_domain::journal::Event;
use deploycenter_domain::name::{DeploymentId, Incarnation, TargetId};
use deploycenter_domain::operation::Operation;
use deploycenter_domain::plan::TargetPlan;
use deploycenter_ports::{Clock, Lease, NewDeployment, Store};

pub(crate) mod cases;

/// An empty database that any number of processes can open.
#[async_trait]
pub(crate) trait Database: Send + Sync {
    /// Opens it as one more process would.
    async fn open(&self, owner: &str) -> Arc<dyn Store>;
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

pub(crate) async fn begin(store: &dyn Store, lease: &Lease, new: NewDeployment) {
    store.begin(&[(lease.clone(), new)]).await.unwrap();
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
