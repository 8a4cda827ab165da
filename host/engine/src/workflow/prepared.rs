//! What is about to be done, before anyone agreed to it.

use deploycenter_domain::plan::Plan;
use deploycenter_domain::selector::Selection;
use deploycenter_ports::{CommitContext, DeploymentEvent};

use super::{LeftOut, WorkflowError};
use crate::{CancellationToken, Engine, Outcome, ResumeScope};

/// Whether there is something to agree to.
#[derive(Debug, Clone)]
pub enum Ready<T> {
    /// There is.
    Yes(T),
    /// The run was stopped on request while it finished what had been interrupted.
    Stopped(Vec<Outcome>),
}

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

    /// Carries it out, in `actor`'s name.
    ///
    /// # Errors
    /// As [`Engine::deploy`].
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
        Ok(engine.deploy(self.plan.targets, &commit, cancel).await?)
    }
}

/// Ends what a dead process left of the selected targets, before anything else: a plan is
/// made on settled ground.
pub(super) async fn recover(
    engine: &Engine,
    selection: &Selection,
    cancel: &CancellationToken,
) -> Result<Vec<Outcome>, WorkflowError> {
    let touched = |target: &_| selection.touches(target);
    let recovered = engine
        .resume(ResumeScope::Interrupted, touched, cancel)
        .await?;
    if !recovered.is_empty() {
        engine.progress.event(&DeploymentEvent::Recovered {
            deployments: recovered.len(),
        });
    }
    Ok(recovered)
}
