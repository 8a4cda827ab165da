//! Opening a base for its deletion: everything in it that holds data tells Argo CD not to
//! delete it. So it is committed once more without that, and Argo CD takes it over.

use std::collections::{BTreeMap, BTreeSet};

use deploycenter_domain::deployed::{self, DeployedState};
use deploycenter_domain::effect::{EffectId, EffectKind};
use deploycenter_domain::name::{Incarnation, TargetId};
use deploycenter_domain::plan::PlannedEffect;
use deploycenter_domain::resource::{Folder, Observed, Project, Resource, Sync};
use deploycenter_domain::unwind::unprotected;
use deploycenter_domain::wanted;
use serde_json::Value;

use crate::effect_ids::{application, folder_commit, ids};
use crate::plan::scope::EffectScope;
use crate::snapshot::progress;
use crate::{PlanError, Run};

/// Where the base goes to be opened, when its target's folder is gone or another incarnation's.
/// No instance's name has two hyphens in a row.
fn opened_path(region: &str, instance: &str, incarnation: Incarnation) -> String {
    format!("{region}/{instance}--i{incarnation}")
}

impl Run {
    /// The base without what protects it, taken over by Argo CD. Nothing where the
    /// journal doesn't know the base any more.
    pub(crate) async fn unprotect(
        &self,
        whose: EffectScope<'_>,
        deployed: &DeployedState,
        folder: Option<&Observed>,
    ) -> Result<Vec<PlannedEffect>, PlanError> {
        let target = whose.target;
        let base = application("base");
        let (there, files, base_image) = match folder.map(|seen| &seen.state) {
            Some(Resource::Folder(there)) => (
                Some(there.without_files()),
                there.clone(),
                deployed.states.get(&base).cloned(),
            ),
            _ => {
                let Some(last) = self.last_whole(target, whose.incarnation).await? else {
                    return Ok(Vec::new());
                };
                let Some(instance) = target.instance() else {
                    return Ok(Vec::new());
                };
                let path = opened_path(
                    deployed.region.as_str(),
                    instance.as_str(),
                    whose.incarnation,
                );
                let mut files = last.0;
                files.retain(|path, _| path.starts_with("dependencies/"));
                let folder = Folder {
                    branch: target.branch(),
                    path: path.clone(),
                    tree: None,
                    files,
                };
                (None, folder, last.1.map(|state| pointed_at(state, &path)))
            }
        };
        let Some(base_image) = base_image.filter(|_| !files.files.is_empty()) else {
            return Ok(Vec::new());
        };
        let opened = unprotected(&files);
        let commit = PlannedEffect {
            on: Some(folder_commit()),
            ..PlannedEffect::new(
                named(EffectKind::Commit, "opened"),
                Vec::new(),
                there.map(Resource::Folder),
                Some(Resource::Folder(opened.clone())),
            )
        };
        let mut effects = vec![commit];
        let seen = self.systems.argocd.observe(&base_image).await?;
        let base_image = if seen.is_none() {
            let (project, base_image) = self.in_a_project_of_its_own(target, base_image);
            if let Some(project) = project {
                effects.push(PlannedEffect {
                    on: Some(named(EffectKind::Project, &project.name)),
                    ..PlannedEffect::new(
                        named(EffectKind::Project, "opened"),
                        Vec::new(),
                        None,
                        Some(Resource::Project(project)),
                    )
                });
            }
            effects.push(PlannedEffect {
                on: Some(base.clone()),
                ..PlannedEffect::new(
                    named(EffectKind::Application, "base.opened"),
                    ids(&effects),
                    None,
                    Some(base_image.clone()),
                )
            });
            base_image
        } else {
            base_image
        };
        if let Resource::Application(application) = &base_image {
            let sync = Sync {
                application: application.name.clone(),
                project: application.project.clone(),
                branch: opened.branch.clone(),
                path: opened.path.clone(),
                tree: None,
                ailing: true,
            };
            effects.push(PlannedEffect::new(
                named(EffectKind::Sync, "base.opened"),
                ids(&effects),
                None,
                Some(Resource::Sync(sync)),
            ));
        }
        Ok(effects)
    }

    /// A base that is made once more, for its deletion: the customer's project doesn't list
    /// the namespace of an incarnation that is gone, and may be gone itself. So this one lists that
    /// namespace alone, and goes with the base. It is called as the application is, which no
    /// customer's project can be.
    fn in_a_project_of_its_own(
        &self,
        target: &TargetId,
        base: Resource,
    ) -> (Option<Project>, Resource) {
        let Resource::Application(mut base) = base else {
            return (None, base);
        };
        let place = |pointer: &str| {
            let text = base.spec.pointer(pointer).and_then(Value::as_str);
            text.unwrap_or_default().to_owned()
        };
        let destinations = wanted::Destinations::from([(
            place("/destination/server"),
            place("/destination/namespace"),
        )]);
        let project = wanted::base_project(
            &self.offline.installation,
            target.customer(),
            &base.name,
            &destinations,
            &BTreeSet::from([place("/source/repoURL")]),
        );
        base.project.clone_from(&project.name);
        base.spec["project"] = Value::from(project.name.clone());
        (Some(project), Resource::Application(base))
    }

    /// The files and the base application that the last whole deployment of an incarnation left.
    pub(crate) async fn last_whole(
        &self,
        target: &TargetId,
        incarnation: Incarnation,
    ) -> Result<Option<(BTreeMap<String, String>, Option<Resource>)>, PlanError> {
        let last = self.last_success(target, incarnation).await?;
        let Some(record) = last else {
            return Ok(None);
        };
        let progress = progress(&record)?;
        let plan = &record.deployment.plan;
        let base = DeployedState::after(None, plan, &progress.bindings)
            .states
            .remove(&application("base"));
        Ok(Some((deployed::files(plan, &progress.bindings), base)))
    }
}

fn named(kind: EffectKind, name: &str) -> EffectId {
    EffectId::new(kind, name).expect("these names are effect names")
}

/// The base application, following another folder.
fn pointed_at(state: Resource, path: &str) -> Resource {
    match state {
        Resource::Application(mut application) => {
            if let Some(source) = application.spec.get_mut("source") {
                source["path"] = format!("{path}/dependencies").into();
            }
            Resource::Application(application)
        }
        other => other,
    }
}
