//! Plans that leave the desired state aside: back to an earlier deployment, keeping what
//! someone committed by hand, and letting go on.

mod base;
mod hands;
mod present;
mod rollback;

use std::collections::BTreeMap;

use deploycenter_domain::effect::{EffectId, EffectKind};
use deploycenter_domain::plan::Plan;
use deploycenter_domain::resource::{File, Folder, Resource};
use deploycenter_domain::wanted::WantedEffect;

pub use rollback::Back;

use crate::{PlanError, Refusal};

/// A plan that doesn't come from the desired state.
#[derive(Debug, Clone)]
pub struct Replanned {
    /// The plan.
    pub plan: Plan,
    /// The commit of main that what it leads to came from.
    pub main_commit: Option<String>,
}

fn refused(blocked: Refusal) -> PlanError {
    PlanError::Refusal(vec![blocked])
}

fn file_effects(there: &Folder, files: &BTreeMap<String, String>) -> Vec<WantedEffect> {
    files
        .iter()
        .filter_map(|(path, content)| {
            Some(WantedEffect {
                id: EffectId::new(EffectKind::File, path.clone()).ok()?,
                depends_on: Vec::new(),
                after: Resource::File(File {
                    path: format!("{}/{path}", there.path),
                    content: content.clone(),
                }),
            })
        })
        .collect()
}
