//! Git that fails on demand. The other systems fail in their stand-ins; a local remote
//! can't.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use deploycenter_domain::resource::{Adoption, Observed, Resource};
use deploycenter_ports::{Provider, ProviderError, ProviderErrorKind, Snapshot, Step, StepOutcome};

/// Which calls of `ensure` fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GitFault {
    /// How many calls are let through first.
    pub after: usize,
    /// How many fail then; `None`: all.
    pub times: Option<usize>,
    /// Whether what was asked for is done all the same, and only the answer is lost.
    pub done: bool,
}

/// A switch for faults, and how many calls there were since it was set.
#[derive(Debug, Default)]
pub(crate) struct Switch(Mutex<(Option<GitFault>, usize)>);

impl Switch {
    pub(crate) fn set(&self, fault: Option<GitFault>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (fault, 0);
    }

    /// Counts a call, and says how it fails.
    fn hit(&self) -> Option<GitFault> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (fault, calls) = &mut *state;
        let number = *calls;
        *calls += 1;
        fault.filter(|fault| {
            number >= fault.after && fault.times.is_none_or(|times| number < fault.after + times)
        })
    }
}

#[derive(Debug)]
pub(crate) struct FaultyGit {
    pub(crate) inner: Arc<dyn Provider>,
    pub(crate) switch: Arc<Switch>,
}

#[async_trait]
impl Provider for FaultyGit {
    fn snapshot(&self) -> Arc<dyn Snapshot> {
        self.inner.snapshot()
    }

    async fn observe(&self, wanted: &Resource) -> Result<Option<Observed>, ProviderError> {
        self.inner.observe(wanted).await
    }

    async fn observe_foreign(
        &self,
        wanted: &Resource,
        adoption: &Adoption,
    ) -> Result<Option<Observed>, ProviderError> {
        self.inner.observe_foreign(wanted, adoption).await
    }

    async fn ensure(&self, step: &Step) -> Result<StepOutcome, ProviderError> {
        let Some(fault) = self.switch.hit() else {
            return self.inner.ensure(step).await;
        };
        if fault.done {
            self.inner.ensure(step).await?;
        }
        Err(ProviderError::new(
            ProviderErrorKind::Unavailable,
            "git",
            "the remote hung up",
        ))
    }
}
