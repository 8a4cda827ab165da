//! An outside system that can't be reached: whatever was called there is waited for, and
//! called again in the same direction. Only an answer turns a deployment round.

use std::time::Duration;

use deploycenter_domain::effect::{EffectKind, System};
use deploycenter_domain::journal::Event;
use deploycenter_domain::resource::Resource;
use deploycenter_ports::{DeploymentEvent, ProviderError, ProviderErrorKind, Step, system_name};

use super::{RunError, Saga};
use crate::Engine;

/// How long is waited before the first look and, doubled each time, at most.
const FIRST: Duration = Duration::from_secs(2);
const MOST: Duration = Duration::from_secs(30);
/// How often a wait looks whether it is still wanted.
const SLICE: Duration = Duration::from_millis(500);

/// What is read to see whether a system answers again: the thing that the call was about.
#[derive(Debug, Clone)]
pub(super) struct Probe {
    pub(super) kind: EffectKind,
    pub(super) thing: Resource,
}

impl Probe {
    /// The thing that a step is about.
    pub(super) fn of(kind: EffectKind, step: &Step) -> Option<Self> {
        let thing = step.after.as_ref().or(step.before.as_ref())?.clone();
        Some(Self { kind, thing })
    }

    /// Whether reading it asks that system. A takeover looks into git too.
    fn asks(&self, system: &str) -> bool {
        let reads_argocd = self.kind.facts().system == System::ArgoCd;
        reads_argocd == (system == "argocd")
    }
}

/// How a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waited {
    /// The system answers: the call is made again.
    Answered,
    /// Nothing shows that but the call itself, which is made again.
    Unknown,
    /// The deadline has passed.
    InVain,
    /// Nobody wants it any more.
    Unwanted,
}

/// One call's patience with systems that are away. What it waits is counted over all its
/// tries: a system that answers reads and is away for the write isn't tried for ever.
#[derive(Debug, Clone)]
pub(super) struct Outage {
    system: &'static str,
    left: Duration,
    pause: Duration,
}

impl Outage {
    /// A call that found a system away, again where `earlier` says so.
    pub(super) fn met(engine: &Engine, earlier: Option<Self>, failure: &ProviderError) -> Self {
        let told = failure.retry_after.unwrap_or_default();
        let (left, pause) = match earlier {
            Some(earlier) => (earlier.left, earlier.pause),
            None => (engine.limits.outage, FIRST),
        };
        Self {
            system: failure.system,
            left,
            pause: pause.max(told),
        }
    }

    /// Waits until the system answers a reading of `probe`; without one, for a while.
    pub(super) async fn outlast(
        &mut self,
        engine: &Engine,
        probe: Option<&Probe>,
        wanted: impl Fn() -> bool,
    ) -> Waited {
        let probe = probe.filter(|probe| probe.asks(self.system));
        while !self.left.is_zero() {
            let began = engine.clock.now();
            if !slept(engine, self.pause.min(self.left), &wanted).await {
                return Waited::Unwanted;
            }
            self.pause = self.pause.saturating_mul(2).min(MOST);
            let seen = match probe {
                Some(Probe { kind, thing }) => {
                    let adapter = engine.providers.of(*kind);
                    Some(adapter.observe(thing).await)
                }
                None => None,
            };
            let spent = engine.clock.now().duration_since(began);
            let spent = Duration::try_from(spent).unwrap_or_default();
            self.left = self.left.saturating_sub(spent);
            match seen {
                None => return Waited::Unknown,
                Some(Err(error)) if error.kind == ProviderErrorKind::Unavailable => {}
                Some(_) => return Waited::Answered,
            }
        }
        Waited::InVain
    }
}

/// Sleeps; `false` when that was no longer wanted.
async fn slept(engine: &Engine, pause: Duration, wanted: &impl Fn() -> bool) -> bool {
    let mut left = pause;
    while !left.is_zero() {
        if !wanted() {
            return false;
        }
        let slice = left.min(SLICE);
        engine.clock.sleep(slice).await;
        left -= slice;
    }
    wanted()
}

impl Saga<'_> {
    /// Journals that a system is waited for, once for all that wait for it.
    pub(super) async fn waits_for(&mut self, failure: &ProviderError) -> Result<(), RunError> {
        if self.progress.outline.waiting.contains_key(failure.system) {
            return Ok(());
        }
        let since = self.engine.clock.now();
        self.write(Event::Waiting {
            system: failure.system.to_owned(),
            message: failure.message.clone(),
        })
        .await?;
        self.event(DeploymentEvent::Waiting {
            target: self.target().clone(),
            system: system_name(failure.system),
            since,
            message: failure.message.clone(),
        });
        Ok(())
    }

    /// Journals that the system of an outage answers again, where that isn't known yet.
    pub(super) async fn answered(&mut self, outage: Option<&Outage>) -> Result<(), RunError> {
        let Some(Outage { system, .. }) = outage.cloned() else {
            return Ok(());
        };
        if !self.progress.outline.waiting.contains_key(system) {
            return Ok(());
        }
        self.write(Event::Answered {
            system: system.to_owned(),
        })
        .await?;
        self.event(DeploymentEvent::Answered {
            target: self.target().clone(),
            system: system_name(system),
        });
        Ok(())
    }
}
