//! What would be committed for a target, without asking anyone.

use std::collections::BTreeMap;
use std::sync::Arc;

use deploycenter_domain::desired::Desired;
use deploycenter_domain::name::TargetId;
use deploycenter_domain::problem::{Problem, Problems};
use deploycenter_domain::resource::Resource;
use deploycenter_domain::secret_version::SecretVersions;
use deploycenter_domain::token::{self, Reference};

use super::problems::no_such_target;
use super::resolver::Resolver;
use super::shared::shared_files;
use crate::snapshot::PlanningSnapshot;
use crate::{Offline, PlanError};

impl Offline {
    /// The files of one target by their path on the branch, or of every instance. Values that are known only
    /// after apply are placeholders of the right shape.
    ///
    /// # Errors
    /// Every problem of the targets.
    pub async fn render(
        &self,
        desired: Arc<Desired>,
        targets: Option<&TargetId>,
    ) -> Result<BTreeMap<TargetId, BTreeMap<String, String>>, PlanError> {
        if let Some(target) = targets.filter(|target| target.is_shared()) {
            let snapshot = PlanningSnapshot::offline(Arc::clone(&desired));
            let files = shared_files(self, &snapshot, target.customer());
            let files = files.ok_or_else(|| no_such_target(&desired, target))?;
            return Ok(BTreeMap::from([(target.clone(), files)]));
        }
        let chosen: Vec<TargetId> = desired
            .instances()
            .map(|instance| instance.target.clone())
            .filter(|target| targets.is_none_or(|wanted| wanted == target))
            .collect();
        if let Some(target) = targets.filter(|_| chosen.is_empty()) {
            return Err(no_such_target(&desired, target).into());
        }
        let snapshot = Arc::new(PlanningSnapshot::offline(desired));
        let resolver = Resolver::new(self.clone(), false);
        let versions = SecretVersions::new();
        let mut rendered = BTreeMap::new();
        let mut problems = Vec::new();
        for target in chosen {
            let instance = snapshot.instance(&target);
            let wanted = match resolver.wanted(&snapshot, instance, None, &versions).await {
                Ok(wanted) => wanted,
                Err(error) => {
                    problems.extend(error.into_problems(&target)?);
                    continue;
                }
            };
            let mut files = BTreeMap::new();
            for effect in wanted.effects {
                if let Resource::File(file) = effect.after {
                    let text =
                        token::substitute(&file.content, |reference| Some(placeholder(reference)))
                            .map_err(|broken| {
                                Problems::from(Problem::new(format!(
                                    "{target}: {}: {broken}",
                                    effect.id
                                )))
                            })?;
                    files.insert(file.path, text);
                }
            }
            rendered.insert(target, files);
        }
        Problems::check(problems)?;
        Ok(rendered)
    }
}

/// An id that no AWS account has, of the shape that a schema wants.
fn placeholder(reference: &Reference) -> String {
    let sample = reference.effect.kind().facts().sample_id;
    sample.unwrap_or("known-after-apply").to_owned()
}
