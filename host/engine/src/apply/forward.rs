//! Forward: every effect whose dependencies are done, at once, until all are.

use std::collections::BTreeMap;

use deploycenter_domain::effect::{Action, EffectId, EffectKind};
use deploycenter_domain::journal::{EffectState, Event, Status};
use deploycenter_domain::plan::PlannedEffect;
use deploycenter_domain::resource::Resource;
use deploycenter_ports::{DeploymentEvent, ProviderError, ProviderErrorKind, Step, StepOutcome};
use futures::StreamExt;
use futures::stream::FuturesUnordered;

use super::in_flight::{CallResult, Came, InFlight};
use super::outage::{Outage, Waited};
use super::{CancellationToken, RunError, Saga};

/// One way forward, as far as it got.
struct Way<'a> {
    in_flight: FuturesUnordered<InFlight<'a>>,
    /// What waits for a system that is away, or has waited, and how much longer it may.
    outages: BTreeMap<EffectId, Outage>,
    /// What turns it round.
    failure: Option<(EffectId, ProviderError)>,
    /// That nothing new begins: something failed, was waited for in vain, or someone asked.
    halt: CancellationToken,
}

impl Way<'_> {
    fn goes_on(&self) -> bool {
        !self.halt.is_cancelled()
    }

    fn failed(&mut self, effect: EffectId, error: ProviderError) {
        self.failure.get_or_insert((effect, error));
        self.halt.cancel();
    }
}

impl<'a> Saga<'a> {
    /// Runs until all effects are done, one fails, an outside system is away for too long,
    /// or someone asks to stop. A failure starts the unwinding; it isn't run here.
    pub(super) async fn forward(&mut self, cancel: &CancellationToken) -> Result<(), RunError> {
        let mut way = Way {
            in_flight: FuturesUnordered::new(),
            outages: BTreeMap::new(),
            failure: None,
            halt: cancel.child_token(),
        };
        loop {
            if way.goes_on() {
                self.begin(&mut way).await?;
            }
            let Some((effect, came)) = way.in_flight.next().await else {
                break;
            };
            match came {
                Came::Back(back) => self.back(&mut way, effect, *back).await?,
                Came::Waited(outage, waited) => {
                    self.waited(&mut way, effect, outage, waited).await?;
                }
            }
        }
        if let Some((effect, error)) = way.failure.take() {
            let reason = format!("{effect}: {}", self.engine.tell(&error));
            match self.parked(reason) {
                Ok(attention) => self.write(attention).await?,
                Err(reason) => self.write(Event::UnwindStarted { reason }).await?,
            }
        } else if self.is_done() {
            self.write(Event::Succeeded).await?;
        }
        debug_assert!(self.progress.status() != Status::Running || !way.goes_on());
        Ok(())
    }

    /// Begins what can begin, as far as there is room.
    async fn begin(&mut self, way: &mut Way<'a>) -> Result<(), RunError> {
        let engine = self.engine;
        let running: Vec<EffectId> = way.in_flight.iter().map(InFlight::id).cloned().collect();
        let room = engine.limits.effects.saturating_sub(running.len());
        for effect in self.ready(&running).into_iter().take(room) {
            match self.step(&effect) {
                Ok(step) => {
                    self.write(intent(&effect, &step)).await?;
                    self.event(DeploymentEvent::Applying {
                        target: self.target().clone(),
                        effect: effect.id.clone(),
                    });
                    let opens = self.unprotect(&effect, &step);
                    way.in_flight
                        .push(InFlight::call(engine, effect.id, step, opens));
                }
                Err(error) => {
                    way.failed(effect.id, error);
                    break;
                }
            }
        }
        Ok(())
    }

    /// Takes in what came of a call.
    async fn back(
        &mut self,
        way: &mut Way<'a>,
        effect: EffectId,
        back: CallResult,
    ) -> Result<(), RunError> {
        let error = match back.result {
            Ok(StepOutcome { changed, outputs }) => {
                self.answered(way.outages.remove(&effect).as_ref()).await?;
                self.write(Event::Done {
                    effect: effect.clone(),
                    changed,
                    outputs,
                })
                .await?;
                self.event(DeploymentEvent::Applied {
                    target: self.target().clone(),
                    effect,
                });
                return Ok(());
            }
            Err(error) => error,
        };
        if error.kind == ProviderErrorKind::Unavailable {
            // That is no answer. What is known of it stays: it may have been made.
            if way.goes_on() {
                self.waits_for(&error).await?;
                let outage = Outage::met(self.engine, way.outages.remove(&effect), &error);
                way.in_flight.push(InFlight::wait(
                    self.engine,
                    effect,
                    outage,
                    back.probe,
                    way.halt.clone(),
                ));
            }
            return Ok(());
        }
        self.answered(way.outages.remove(&effect).as_ref()).await?;
        self.write(Event::Failed {
            effect: effect.clone(),
            message: self.engine.tell(&error),
            untouched: back.anew
                && matches!(
                    error.kind,
                    ProviderErrorKind::Moved | ProviderErrorKind::Foreign
                ),
        })
        .await?;
        way.failed(effect, error);
        Ok(())
    }

    /// Takes in how a wait ended: the call is made again, as one that may have been made.
    async fn waited(
        &mut self,
        way: &mut Way<'a>,
        effect: EffectId,
        outage: Outage,
        waited: Waited,
    ) -> Result<(), RunError> {
        match waited {
            Waited::Answered => self.answered(Some(&outage)).await?,
            Waited::Unknown => {}
            Waited::Unwanted => return Ok(()),
            Waited::InVain => {
                way.halt.cancel();
                return Ok(());
            }
        }
        let planned = self.record.deployment.plan.effect(&effect).cloned();
        let Some(planned) = planned.filter(|_| way.goes_on()) else {
            return Ok(());
        };
        match self.step(&planned) {
            Ok(step) => {
                let opens = self.unprotect(&planned, &step);
                way.outages.insert(effect.clone(), outage);
                way.in_flight
                    .push(InFlight::call(self.engine, effect, step, opens));
            }
            Err(error) => way.failed(effect, error),
        }
        Ok(())
    }

    /// The effects that can begin now, in plan order.
    fn ready(&self, running: &[EffectId]) -> Vec<PlannedEffect> {
        self.record
            .deployment
            .plan
            .effects
            .iter()
            .filter(|effect| {
                acts(effect) && !self.done(&effect.id) && !running.contains(&effect.id)
            })
            .filter(|effect| effect.depends_on.iter().all(|on| self.settled(on)))
            .cloned()
            .collect()
    }

    fn done(&self, id: &EffectId) -> bool {
        matches!(
            self.progress.effects.get(id),
            Some(EffectState::Done { .. })
        )
    }

    /// Whether whatever waits for an effect may go on. A file has no step: it is as far
    /// as what it waits for.
    fn settled(&self, id: &EffectId) -> bool {
        let Some(effect) = self.record.deployment.plan.effect(id) else {
            return true;
        };
        if acts(effect) {
            self.done(id)
        } else {
            effect.depends_on.iter().all(|on| self.settled(on))
        }
    }

    fn is_done(&self) -> bool {
        self.record
            .deployment
            .plan
            .effects
            .iter()
            .filter(|effect| acts(effect))
            .all(|effect| self.done(&effect.id))
    }

    /// A failure that isn't taken back by itself; `Err` gives the reason back when it is.
    fn parked(&self, reason: String) -> Result<Event, String> {
        let plan = &self.record.deployment.plan;
        // What is half removed isn't made again: someone looks, and `resume` goes on.
        if plan.operation.is_removal() {
            let leftovers = self.unremoved();
            return Ok(Event::NeedsAttention { reason, leftovers });
        }
        // Once the new version has been let at the data, the old one may not read it.
        let committed = plan.of_kind(EffectKind::Commit).any(|commit| {
            !matches!(
                self.progress.effects.get(&commit.id),
                None | Some(EffectState::Failed {
                    untouched: true,
                    ..
                })
            )
        });
        match plan.crosses_data_version() {
            Some((from, to)) if committed => Ok(Event::NeedsAttention {
                reason: format!(
                    "{reason}; it isn't taken back, because the app may have migrated its data from {from} to {to} already"
                ),
                leftovers: vec![format!("data that may be at version {to}")],
            }),
            _ => Err(reason),
        }
    }

    fn unremoved(&self) -> Vec<String> {
        let acting = self
            .record
            .deployment
            .plan
            .effects
            .iter()
            .filter(|effect| acts(effect));
        acting
            .filter(|effect| !self.done(&effect.id))
            .map(|effect| effect.id.to_string())
            .collect()
    }

    pub(super) fn event(&self, event: DeploymentEvent) {
        self.engine.progress.event(&event);
    }
}

/// Whether an effect is a step of its own.
pub(super) fn acts(effect: &PlannedEffect) -> bool {
    effect.action != Action::None && !effect.kind.rides_in_commit()
}

/// What is written before the call. A folder's files stand in the plan already.
fn intent(effect: &PlannedEffect, step: &Step) -> Event {
    let lean = |state: &Option<Resource>| match state {
        Some(Resource::Folder(folder)) => {
            let mut folder = folder.clone();
            folder.files.clear();
            Some(Resource::Folder(folder))
        }
        other => other.clone(),
    };
    Event::Intent {
        effect: effect.id.clone(),
        before: lean(&step.before),
        after: lean(&step.after),
    }
}
