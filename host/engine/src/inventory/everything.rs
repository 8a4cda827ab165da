//! Everything outside that bears the installation's marks.

use std::collections::BTreeSet;

use deploycenter_domain::name::TargetId;
use deploycenter_ports::InventoryItem;

use crate::snapshot::PlanningSnapshot;
use crate::{PlanError, Run};

impl Run {
    /// Looks whether something outside bears the marks of targets that are about to begin
    /// and that this journal knows nothing of: their next incarnation is a later one, so that
    /// none gets another's data.
    pub(crate) async fn look_for_earlier_incarnations(
        &self,
        snapshot: &mut PlanningSnapshot,
        targets: impl Iterator<Item = &TargetId>,
    ) -> Result<(), PlanError> {
        let unknown: BTreeSet<TargetId> = targets
            .filter(|target| {
                !snapshot.live.contains_key(*target) && !snapshot.records.contains_key(*target)
            })
            .cloned()
            .collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let everything = self.everything_held().await?;
        snapshot.mark(&everything, |target| unknown.contains(target));
        Ok(())
    }

    /// Everything outside that says it belongs to the installation, by system.
    pub(crate) async fn everything_held(&self) -> Result<Vec<InventoryItem>, PlanError> {
        let mut all = Vec::new();
        for adapter in &self.providers.inventory {
            all.extend(adapter.inventory(&self.offline.installation).await?);
        }
        Ok(all)
    }
}
