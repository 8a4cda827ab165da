//! What an application or a project that was read is, to the engine.

use std::sync::Arc;

use deploycenter_domain::name::InstallationId;
use deploycenter_domain::resource::{Observed, Outputs, Ownership, Resource, Sync};
use deploycenter_ports::ProviderError;

use crate::judge::{Level, Verdict, judge};
use crate::model::App;
use crate::owned;
use crate::trees::TreeReader;

/// Tells what was read, whether alone or in a list.
#[derive(Debug)]
pub(crate) struct Observer {
    pub(crate) installation: InstallationId,
    pub(crate) trees: Arc<dyn TreeReader>,
}

impl Observer {
    /// A project or an application.
    pub(crate) fn owned(&self, wanted: &Resource, found: Option<&App>) -> Option<Observed> {
        let found = found?;
        Some(Observed {
            state: owned::state(found, wanted)?,
            ownership: owned::ownership(&found.metadata, &self.installation),
            outputs: Outputs::new(),
        })
    }

    /// What an application has taken over: `Some` only while it is settled, since what it
    /// passes through on the way moves by itself and is nothing to decide on.
    ///
    /// # Errors
    /// When the tree of its revision can't be read.
    pub(crate) async fn sync(
        &self,
        wanted: &Sync,
        found: Option<&App>,
    ) -> Result<Option<Observed>, ProviderError> {
        let settled = |app: &&App| judge(app, true, Level::Healthy) == Verdict::Done;
        let Some(app) = found.filter(settled) else {
            return Ok(None);
        };
        let revision = &app.status.sync.revision;
        let tree = self.trees.tree_at(revision, &wanted.path).await?;
        Ok(tree.map(|tree| Observed {
            state: Resource::Sync(Sync {
                tree: Some(tree),
                ..wanted.clone()
            }),
            ownership: Ownership::ByPlace,
            outputs: Outputs::new(),
        }))
    }
}
