//! Forward: every effect whose dependencies are done, at once, until all are.

use deploycenter_domain::effect::{Action, EffectId, EffectKind};
use deploycenter_domain::journal::{EffectState, Event, Status};
use deploycenter_domain::plan::PlannedEffect;
use deploycenter_domain::resource::Resource;
use deploycenter_ports::{Ensured, Failure, Notice, Step};
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
            let Some((effect, result)) = in_flight.next().await else {
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
                    })
                    .await?;
                    failure.get_or_insert((effect, error));
                }
            }
        }
        drop(in_flight);
        if let Some((effect, error)) = failure {
            let reason = format!("{effect}: {}", tell(&error));
            if self.is_removal() {
                // What is half removed isn't made again: someone looks, and `resume`
                // goes on.
                let leftovers = self.unremoved();
                self.write(Event::NeedsAttention { reason, leftovers })
                    .await?;
            } else {
                self.write(Event::UnwindStarted { reason }).await?;
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

    /// Whether this deployment only takes things away.
    fn is_removal(&self) -> bool {
        let mut acting = self
            .record
            .deployment
            .plan
            .effects
            .iter()
            .filter(|effect| acts(effect));
        acting.all(|effect| effect.action == Action::Delete)
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
    call: std::pin::Pin<Box<dyn Future<Output = Result<Ensured, Failure>> + Send + 'a>>,
}

impl<'a> InFlight<'a> {
    fn new(engine: &'a crate::Engine, id: EffectId, step: Step) -> Self {
        let kind = id.kind();
        Self {
            id,
            call: Box::pin(async move { engine.adapters.of(kind).ensure(&step).await }),
        }
    }

    fn id(&self) -> &EffectId {
        &self.id
    }
}

impl Future for InFlight<'_> {
    type Output = (EffectId, Result<Ensured, Failure>);

    fn poll(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Self::Output> {
        self.call
            .as_mut()
            .poll(context)
            .map(|result| (self.id.clone(), result))
    }
}
