//! Letting go of what an earlier version's option keeps.

use deploycenter_domain::guardrails;
use deploycenter_domain::resource::Sync;
use deploycenter_domain::sync_options::PROTECTED;
use deploycenter_ports::ProviderError;

use crate::adapter::ArgoCd;
use crate::kept::words;
use crate::live::Live;
use crate::model::ResourceStatus;
use crate::watch::Watch;

impl ArgoCd {
    /// Lets go of what is kept, where it holds no data and the option is as an earlier
    /// version wrote it; fails where it isn't.
    pub(crate) async fn let_go(
        &self,
        kept: &[ResourceStatus],
        sync: &Sync,
        watch: &mut Watch,
    ) -> Result<(), ProviderError> {
        let (name, project) = (sync.application.as_str(), sync.project.as_str());
        let goes = |it: &ResourceStatus| guardrails::is_pruned(&it.group, &it.kind);
        if !kept.iter().all(goes) {
            return Err(self.fails(sync, &words(kept)));
        }
        watch.let_go = Some(self.client.clock.now());
        let objects = self.live_objects(name, project).await?;
        for it in kept {
            let object = objects
                .iter()
                .find(|object| is_of(object, it) && object.is_of(name));
            // Gone meanwhile, or open already: the next sync says.
            let Some((object, patch)) = object
                .filter(|it| it.is_kept())
                .and_then(|it| Some((it, it.unprotecting()?)))
            else {
                continue;
            };
            if object.options() != Some(PROTECTED) {
                return Err(self.fails(sync, &words(kept)));
            }
            self.open_for_deletion(object, &patch, (name, project))
                .await?;
        }
        Ok(())
    }
}

fn is_of(object: &Live, it: &ResourceStatus) -> bool {
    (&object.group, &object.kind, &object.namespace, &object.name)
        == (&it.group, &it.kind, &it.namespace, &it.name)
}
