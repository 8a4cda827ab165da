//! Forward: every effect whose dependencies are done, at once, until all are.

use deploycenter_domain::effect::{Action, EffectId, EffectKind};
use deploycenter_domain::journal::{EffectState, Event, Status};
use deploycenter_domain::plan::PlannedEffect;
use deploycenter_domain::resource::Resource;
use deploycenter_ports::{Ensured, Failure, FailureKind, Notice, Step};
use futures::StreamExt;
use futures::stream::FuturesUnordered;

use super::{Cancel, RunError, Saga};

impl Saga<'_> {
    /// Runs until all effects are done, one fails, or someone asks to stop. A failure
    /// starts the unwinding; it isn't run here.
    pub(super) async fn forward(&mut self, cancel: &Cancel) -> Result<(), RunError> {
        let engine = self.engine;
        let mut in_flight = FuturesUnordered::new();
        let mut failure: Option<(EffectId, Failure)> = None;
        loop {
            if failure.is_none() && !cancel.is_asked() {
                let running: Vec<EffectId> = in_flight.iter().map(InFlight::id).cloned().collect();
                let room = engine.limits.effects.saturating_sub(running.len());
                for effect in self.ready(&running).into_iter().take(room) {
                    match self.step(&effect) {
                        Ok(step) => {
                            self.write(intent(&effect, &step)).await?;
                            self.notice(Notice::Applying {
                                target: self.target().clone(),
                                effect: effect.id.clone(),
                            });
                            in_flight.push(InFlight::new(engine, effect.id, step));
                        }
                        Err(error) => {
                            failure = Some((effect.id, error));
                            break;
                        }
                    }
                }
            }
            let Some((effect, anew, result)) = in_flight.next().await else {
                break;
            };
            match result {
                Ok(Ensured { changed, outputs }) => {
                    self.write(Event::Done {
                        effect: effect.clone(),
                        changed,
                        outputs,
                    })
                    .await?;
                    self.notice(Notice::Applied {
                        target: self.target().clone(),
                        effect,
                    });
                }
                Err(error) => {
                    self.write(Event::Failed {
                        effect: effect.clone(),
                        message: tell(&error),
                        untouched: anew
                            && matches!(error.kind, FailureKind::Moved | FailureKind::Foreign),
                    })
                    .await?;
                    failure.get_or_insert((effect, error));
                }
            }
        }
        drop(in_flight);
        if let Some((effect, error)) = failure {
            let reason = format!("{effect}: {}", tell(&error));
            match self.parked(reason) {
                Ok(attention) => self.write(attention).await?,
                Err(reason) => self.write(Event::UnwindStarted { reason }).await?,
            }
        } else if self.is_done() {
            self.write(Event::Succeeded).await?;
        }
        debug_assert!(self.progress.status() != Status::Running || cancel.is_asked());
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

    pub(super) fn notice(&self, notice: Notice) {
        self.engine.progress.notice(&notice);
    }
}

/// Whether an effect is a step of its own.
pub(super) fn acts(effect: &PlannedEffect) -> bool {
    effect.action != Action::None && effect.kind != EffectKind::File
}

/// What is written before the call. A folder's files stand in the plan already.
fn intent(effect: &PlannedEffect, step: &Step) -> Event {
    let lean = |image: &Option<Resource>| match image {
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

/// A failure with its advice, as one text.
pub(super) fn tell(failure: &Failure) -> String {
    match &failure.help {
        Some(help) => format!("{} ({help})", failure.message),
        None => failure.message.clone(),
    }
}

/// A call under way, and whose it is.
struct InFlight<'a> {
    id: EffectId,
    /// Whether nothing of it can be there from before.
    anew: bool,
    call: std::pin::Pin<Box<dyn Future<Output = Result<Ensured, Failure>> + Send + 'a>>,
}

impl<'a> InFlight<'a> {
    fn new(engine: &'a crate::Engine, id: EffectId, step: Step) -> Self {
        let kind = id.kind();
        Self {
            id,
            anew: !step.uncertain && step.adopt.is_none(),
            call: Box::pin(async move { engine.adapters.of(kind).ensure(&step).await }),
        }
    }

    fn id(&self) -> &EffectId {
        &self.id
    }
}

impl Future for InFlight<'_> {
    type Output = (EffectId, bool, Result<Ensured, Failure>);

    fn poll(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Self::Output> {
        self.call
            .as_mut()
            .poll(context)
            .map(|result| (self.id.clone(), self.anew, result))
    }
}
