//! What is about to be done, before anyone agreed to it.

use deploycenter_domain::plan::Plan;
use deploycenter_domain::selector::Selection;
use deploycenter_ports::{CommitContext, DeploymentEvent};

use super::{LeftOut, WorkflowError};
use crate::{CancellationToken, Engine, Outcome, ResumeScope, RunError};

/// What is about to be done.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// Exactly what [`Prepared::run`] does.
    pub plan: Plan,
    /// What came of deployments that had been interrupted.
    pub recovered: Vec<Outcome>,
    /// Targets that were asked for and aren't in the plan.
    pub left_out: Vec<LeftOut>,
    /// The commit of main that it leads to.
    pub main_commit: Option<String>,
}

impl Prepared {
    /// A plan that nothing was recovered for and nothing left out of.
    #[must_use]
    pub fn plain(plan: Plan, main_commit: Option<String>) -> Self {
        Self {
            plan,
            recovered: Vec::new(),
            left_out: Vec::new(),
            main_commit,
        }
    }

    /// Carries it out, in `actor`'s name. First come the outcomes of what had been
    /// interrupted, then its own: the last one of a target is how it stands.
    ///
    /// # Errors
    /// As [`Engine::deploy`]; [`WorkflowError::Stopped`] where nothing of it began.
    pub async fn run(
        self,
        engine: &Engine,
        actor: String,
        cancel: &CancellationToken,
    ) -> Result<Vec<Outcome>, WorkflowError> {
        let commit = CommitContext {
            actor,
            main_commit: self.main_commit,
        };
        let mut outcomes = self.recovered;
        match engine.deploy(self.plan.targets, &commit, cancel).await {
            Ok(own) => {
                outcomes.extend(own);
                Ok(outcomes)
            }
            Err(RunError::Stopped) => Err(WorkflowError::Stopped(outcomes)),
            Err(error) => Err(error.into()),
        }
    }
}

/// Ends what a dead process left of the selected targets, before anything else: a plan is
/// made on settled ground. A run that was stopped until then goes no further.
///
/// # Errors
/// [`WorkflowError::Stopped`] with what came of them so far; else as [`Engine::resume`].
pub(super) async fn recover(
    engine: &Engine,
    selection: &Selection,
    cancel: &CancellationToken,
) -> Result<Vec<Outcome>, WorkflowError> {
    if cancel.is_cancelled() {
        return Err(WorkflowError::Stopped(Vec::new()));
    }
    let touched = |target: &_| selection.touches(target);
    let recovered = engine
        .resume(ResumeScope::Interrupted, touched, cancel)
        .await?;
    if !recovered.is_empty() {
        engine.progress.event(&DeploymentEvent::Recovered {
            deployments: recovered.len(),
        });
    }
    if cancel.is_cancelled() {
        return Err(WorkflowError::Stopped(recovered));
    }
    Ok(recovered)
}
