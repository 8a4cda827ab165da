//! Back: each step in turn, journaled before and after, until nothing is left or one
//! can't be undone.

use deploycenter_domain::effect::{EffectId, EffectKind, OutputName};
use deploycenter_domain::journal::{Event, UndoState};
use deploycenter_domain::resource::Resource;
use deploycenter_domain::undo_step::UndoStep;
use deploycenter_domain::unwind::steps;
use deploycenter_ports::{ProviderError, ProviderErrorKind, Step};

use super::outage::{Outage, Waited};
use super::step::Undo;
use super::{CancellationToken, RunError, Saga};

impl Saga<'_> {
    /// Runs until all is undone, a step can't be, an outside system is away for too long, or
    /// someone asks to stop.
    pub(super) async fn unwind(&mut self, cancel: &CancellationToken) -> Result<(), RunError> {
        let mut steps = steps(&self.record.deployment.plan, &self.progress);
        if self.held_data().await? {
            // What guards the data stays, although the folder wasn't there.
            steps.retain(|step| !matches!(step, UndoStep::Unprotect | UndoStep::UnprotectSync));
        }
        for (at, step) in steps.iter().enumerate() {
            if self.progress.undo.get(step) == Some(&UndoState::Done) {
                continue;
            }
            if cancel.is_cancelled() {
                return Ok(());
            }
            self.write(Event::UndoIntent { step: step.clone() }).await?;
            let Some(taken) = self.outlasting(step, cancel).await? else {
                return Ok(());
            };
            match taken {
                Ok(()) => self.write(Event::Undone { step: step.clone() }).await?,
                Err(error) => {
                    self.write(Event::UndoFailed {
                        step: step.clone(),
                        message: self.engine.tell(&error),
                    })
                    .await?;
                    let leftovers = self.leftovers(&steps[at..]);
                    let why = self.progress.outline.reason.as_deref().unwrap_or_default();
                    // What stops it is often what it failed for.
                    let stopped = if why.contains(&error.message) {
                        " too".to_owned()
                    } else {
                        format!(": {}", self.engine.tell(&error))
                    };
                    let reason = format!("{why}; taking it back stopped at {step}{stopped}");
                    return self
                        .write(Event::NeedsAttention { reason, leftovers })
                        .await;
                }
            }
        }
        self.write(Event::Unwound).await
    }

    /// Whether this incarnation of the target was healthy before this deployment. Asked only
    /// where its folder wasn't there: removed by hand, or with data that was retained.
    async fn held_data(&self) -> Result<bool, RunError> {
        let plan = &self.record.deployment.plan;
        if !plan.is_first() {
            return Ok(true);
        }
        let known = self.engine.store.target(&plan.target).await?;
        Ok(known.is_some_and(|it| it.holds_data && it.incarnation == plan.incarnation))
    }

    /// Takes a step, as often as the system that it needs is away; `None`: that was in
    /// vain, or someone asked to stop.
    async fn outlasting(
        &mut self,
        step: &UndoStep,
        cancel: &CancellationToken,
    ) -> Result<Option<Result<(), ProviderError>>, RunError> {
        let engine = self.engine;
        let mut outage: Option<Outage> = None;
        loop {
            let error = match self.take(step).await {
                Err(error) if error.kind == ProviderErrorKind::Unavailable => error,
                answer => {
                    self.answered(outage.as_ref()).await?;
                    return Ok(Some(answer));
                }
            };
            if cancel.is_cancelled() {
                return Ok(None);
            }
            self.waits_for(&error).await?;
            let mut away = Outage::met(engine, outage, &error);
            let probe = self.undo_step(step).ok().and_then(|undo| undo.probe());
            let wanted = || !cancel.is_cancelled();
            match away.outlast(engine, probe.as_ref(), wanted).await {
                Waited::Answered => self.answered(Some(&away)).await?,
                Waited::Unknown => {}
                Waited::InVain | Waited::Unwanted => return Ok(None),
            }
            outage = Some(away);
        }
    }

    async fn take(&self, step: &UndoStep) -> Result<(), ProviderError> {
        let providers = &self.engine.providers;
        match self.undo_step(step)? {
            Undo::Back(kind, step) => providers.of(kind).undo(&step).await,
            Undo::Forward(kind, step) => providers.of(kind).ensure(&step).await.map(|_| ()),
            Undo::Open(unprotect) => {
                if !self.is_there(&unprotect.sync.application).await? {
                    // It was never made: nothing was synced that protects itself.
                    return Ok(());
                }
                self.engine.open(&unprotect).await
            }
            Undo::Settle(step, keep) => {
                if let Some(Resource::Sync(sync)) = &step.after
                    && self.is_gone(&sync.application).await?
                {
                    // Someone deleted it: the next plan says so.
                    return Ok(());
                }
                match keep {
                    Some(keep) => self.settle_or_keep(*step, &keep).await,
                    None => providers.argocd.ensure(&step).await.map(|_| ()),
                }
            }
        }
    }

    /// Waits until an application has settled on the folder as it was. A disk that grew
    /// doesn't shrink, whatever the folder says: where Argo CD answers that it can't, the
    /// folder keeps the new size, and the rest of it stays as it was. Whether it grew before
    /// the deployment failed nobody knows beforehand.
    async fn settle_or_keep(&self, mut step: Step, keep: &Step) -> Result<(), ProviderError> {
        let providers = &self.engine.providers;
        let is_back = match &keep.before {
            Some(earlier) => {
                let seen = providers.git.observe(earlier).await?;
                let tree = seen.and_then(|seen| seen.outputs.get(&OutputName::Tree).cloned());
                matches!(earlier, Resource::Folder(folder) if folder.tree == tree)
            }
            None => false,
        };
        if is_back {
            // Disks are the base's.
            let is_base = step.owner.effect.name() == "base";
            match providers.argocd.ensure(&step).await {
                Err(failure)
                    if is_base
                        && matches!(
                            failure.kind,
                            ProviderErrorKind::Unhealthy | ProviderErrorKind::Refused
                        ) => {}
                settled => return settled.map(|_| ()),
            }
        }
        let kept = providers.git.ensure(keep).await?;
        if let Some(Resource::Sync(sync)) = &mut step.after {
            sync.tree = kept.outputs.get(&OutputName::Tree).cloned();
        }
        providers.argocd.ensure(&step).await.map(|_| ())
    }

    /// Whether one of the plan's applications exists.
    async fn is_there(&self, application: &str) -> Result<bool, ProviderError> {
        Ok(self.seen(application).await? == Some(true))
    }

    /// Whether one of the plan's applications doesn't exist any more.
    async fn is_gone(&self, application: &str) -> Result<bool, ProviderError> {
        Ok(self.seen(application).await? == Some(false))
    }

    /// Whether an application exists; `None` when it isn't one of the plan's.
    async fn seen(&self, application: &str) -> Result<Option<bool>, ProviderError> {
        let planned = self.record.deployment.plan.of_kind(EffectKind::Application);
        let state = planned.filter_map(|effect| effect.after.as_ref()).find(
            |after| matches!(after, Resource::Application(wanted) if wanted.name == application),
        );
        let Some(state) = state else {
            return Ok(None);
        };
        let adapter = &self.engine.providers.argocd;
        let seen = adapter.observe(state).await?;
        Ok(Some(seen.is_some()))
    }

    /// What the steps that weren't taken would have removed or restored, by name.
    fn leftovers(&self, remaining: &[UndoStep]) -> Vec<String> {
        remaining
            .iter()
            .filter_map(|step| match step {
                UndoStep::Undo(id) => Some(self.leftover(id)),
                UndoStep::Unprotect | UndoStep::UnprotectSync | UndoStep::Settle(_) => None,
            })
            .collect()
    }

    fn leftover(&self, id: &EffectId) -> String {
        let key = format!("{id}:{}", OutputName::Id);
        if let Some(outside) = self.progress.bindings.get(&key) {
            return format!("{id} ({outside})");
        }
        let state = self
            .record
            .deployment
            .plan
            .effect(id)
            .and_then(|effect| effect.after.as_ref());
        match state.and_then(Resource::outside_name) {
            Some(name) => format!("{id} ({name})"),
            None => id.to_string(),
        }
    }
}
