//! What is under way on the way forward: a call, or a wait before it is made again.

use std::pin::Pin;
use std::task::{Context, Poll};

use deploycenter_domain::effect::EffectId;
use deploycenter_ports::{ProviderError, Step, StepOutcome};

use super::CancellationToken;
use super::outage::{Outage, Probe, Waited};
use super::unprotect::Opening;
use crate::Engine;

/// A call or a wait, and for which effect.
pub(super) struct InFlight<'a> {
    id: EffectId,
    work: Pin<Box<dyn Future<Output = Came> + Send + 'a>>,
}

/// What came of it.
pub(super) enum Came {
    /// Of a call.
    Back(Box<CallResult>),
    /// Of a wait.
    Waited(Outage, Waited),
}

/// A call that came back.
pub(super) struct CallResult {
    /// Whether nothing of it could be there from before.
    pub(super) anew: bool,
    /// What shows whether its system answers.
    pub(super) probe: Option<Probe>,
    pub(super) result: Result<StepOutcome, ProviderError>,
}

impl<'a> InFlight<'a> {
    /// The call that an effect's step is; `opens` for a sync that opens a base.
    pub(super) fn call(
        engine: &'a Engine,
        id: EffectId,
        step: Step,
        opens: Option<Opening>,
    ) -> Self {
        let kind = id.kind();
        let work = async move {
            let result = match opens {
                Some(unprotect) => engine.open(&unprotect).await.map(|()| StepOutcome {
                    changed: true,
                    ..StepOutcome::default()
                }),
                None => engine.providers.of(kind).ensure(&step).await,
            };
            Came::Back(Box::new(CallResult {
                anew: !step.uncertain && step.adopt.is_none(),
                probe: Probe::of(kind, &step),
                result,
            }))
        };
        Self {
            id,
            work: Box::pin(work),
        }
    }

    /// A wait, as long as nobody asks to stop.
    pub(super) fn wait(
        engine: &'a Engine,
        id: EffectId,
        mut outage: Outage,
        probe: Option<Probe>,
        stop: CancellationToken,
    ) -> Self {
        let work = async move {
            let wanted = || !stop.is_cancelled();
            let waited = outage.outlast(engine, probe.as_ref(), wanted).await;
            Came::Waited(outage, waited)
        };
        Self {
            id,
            work: Box::pin(work),
        }
    }

    pub(super) fn id(&self) -> &EffectId {
        &self.id
    }
}

impl Future for InFlight<'_> {
    type Output = (EffectId, Came);

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.work
            .as_mut()
            .poll(context)
            .map(|came| (self.id.clone(), came))
    }
}
