//! Every step taken twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use deploycenter_domain::resource::{Adoption, Observed, Resource};
use deploycenter_ports::{Provider, ProviderError, Snapshot, Step, StepOutcome};

/// Takes every step a second time, as a process would that died before it could write
/// that the first went well.
#[derive(Debug)]
pub(crate) struct Twice {
    pub(crate) inner: Arc<dyn Provider>,
    pub(crate) switch: Arc<AtomicBool>,
}

#[async_trait]
impl Provider for Twice {
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
        let first = self.inner.ensure(step).await?;
        if self.switch.load(Ordering::SeqCst) {
            let again = Step {
                uncertain: true,
                ..step.clone()
            };
            let second = self.inner.ensure(&again).await?;
            assert_eq!(
                first.outputs, second.outputs,
                "a second {} gives other values",
                step.owner.effect
            );
        }
        Ok(first)
    }
}
