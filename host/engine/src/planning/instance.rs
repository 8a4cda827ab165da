//! The plan of one instance: pins, values, plugin, graph.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use deploycenter_domain::base_change::{self, permanent, restart};
use deploycenter_domain::data_version::DataVersionChange;
use deploycenter_domain::desired::Instance;
use deploycenter_domain::digest::Digest;
use deploycenter_domain::effect::{Action, EffectId, EffectKind};
use deploycenter_domain::hold::{self, Hold};
use deploycenter_domain::name::{Incarnation, RegionName, TargetId};
use deploycenter_domain::naming::Names;
use deploycenter_domain::operation::Operation;
use deploycenter_domain::plan::{Remark, TargetPlan};
use deploycenter_domain::problem::{Problem, Problems};
use deploycenter_domain::resource::{File, Folder, Resource};
use deploycenter_domain::stale::OWN_FOLDER;
use deploycenter_domain::wanted::WantedEffect;

use super::blocked::{Blocked, hold_of};
use super::effects::{Looked, Whose};
use super::users::has_something;
use super::wanted::at;
use super::{Ground, PlanError, PlannedTarget, Wishes, given};
use crate::Engine;

impl Engine {
    pub(super) async fn plan_instance(
        &self,
        ground: &Arc<Ground>,
        target: &TargetId,
        wishes: &Wishes,
    ) -> Result<PlannedTarget, PlanError> {
        let instance = ground.instance(target);
        if let Some(unfinished) = ground.unfinished.get(target) {
            return Ok(PlannedTarget::Blocked(Blocked::unfinished(
                target, unfinished,
            )));
        }
        if let Some(elsewhere) = ground
            .live
            .get(target)
            .and_then(|live| live.region.as_ref())
            .filter(|region| **region != instance.region)
        {
            return Err(Problems::from(at(instance, cant_move(instance, elsewhere))).into());
        }
        let names = Names::new(&self.installation, instance, ground.incarnation(target));
        let place = Resource::Folder(Folder {
            branch: target.branch(),
            path: names.folder(),
            tree: None,
            files: BTreeMap::new(),
        });
        let folder = self.folder_at(target, &place).await?;
        let hold = hold_of(folder.as_ref());
        let secrets = self.given_entries(ground, instance, &names).await?;
        let versions = given::versions(ground, &names, &secrets);
        let mut wanted = self
            .offline()
            .wanted(ground, instance, folder.as_ref(), &versions)
            .await?;
        if let Some(hold) = &hold {
            keep_hold(&mut wanted.effects, &names.folder(), hold);
        }
        self.check_given(instance, &wanted, &secrets).await?;
        let incarnation = wanted.names.incarnation();
        let whose = Whose {
            target,
            incarnation,
        };
        let mut inputs = wanted.inputs;
        inputs.insert(
            OWN_FOLDER.to_owned(),
            Digest::of_json(&folder.as_ref().map(|seen| &seen.outputs)),
        );
        let Looked {
            mut effects,
            beside,
        } = self
            .effects(
                ground,
                whose,
                wanted.effects,
                folder.as_ref(),
                &wishes.adopt,
            )
            .await?;
        inputs.extend(beside.input());
        let stood = ground.stood(target, incarnation);
        if let Some(stood) = stood {
            let gone = self.superseded(ground, target, stood, &effects).await?;
            effects.extend(gone);
        }
        let changed = effects
            .iter()
            .filter(|effect| effect.action != Action::None)
            .count();
        if let Some(hold) = hold.as_ref().filter(|_| changed > 0) {
            let wishes = Wishes::default();
            let drift = self.drift(target, stood, &effects, &wishes).await?;
            let blocked = Blocked::held(target, hold, changed, drift.as_ref());
            return Ok(PlannedTarget::Blocked(blocked));
        }
        // What is held goes nowhere, whatever the desired state says.
        if let Some(problem) = wanted.back {
            return Err(Problems::from(problem).into());
        }
        if let Some(blocked) = self.drift(target, stood, &effects, wishes).await? {
            return Ok(PlannedTarget::Blocked(blocked));
        }
        let changes = base_change::changed(&effects);
        let impossible = permanent::impossible(&changes);
        if !impossible.is_empty() {
            let blocked = Blocked::permanent(target, &impossible);
            return Ok(PlannedTarget::Blocked(blocked));
        }
        let data_version = DataVersionChange::of(&effects).or(wanted.data_version);
        // A life that goes on without its folder has data that no failure may take along.
        let goes_on = folder.is_none() && ground.standing_of(target, incarnation).is_some();
        let operation = if goes_on || ground.revived.contains_key(target) {
            Operation::Revive
        } else {
            super::operation_of(&effects, wishes.operation())
        };
        let warned = wanted.declaration.warnings.iter();
        let set_anew = given::set_anew(
            ground,
            folder.as_ref(),
            &wanted.names,
            &wanted.declaration,
            wanted.secret_versions,
        );
        let remarks = data_version
            .iter()
            .map(|change| change.remark(&instance.app, wanted.migration.as_deref()))
            .chain(warned.map(|line| Remark::new(Remark::APP_WARNING, line)))
            .chain(begins_without_data(ground, target))
            .chain(set_anew)
            .chain(restart::remarks(&changes))
            .chain(ground.desired.of_shared_name(instance))
            .chain(beside.remarks())
            .collect();
        Ok(PlannedTarget::Planned {
            plan: TargetPlan {
                target: target.clone(),
                region: instance.region.clone(),
                app: Some(instance.app.clone()),
                incarnation,
                operation,
                digest: Digest::of_json(&inputs),
                inputs,
                data_version,
                remarks,
                effects,
            },
            hold,
        })
    }
}

/// What to know of a target that begins anew although data of it is retained.
fn begins_without_data(ground: &Ground, target: &TargetId) -> Option<Remark> {
    if ground.present(target).is_some() || ground.revived.contains_key(target) {
        return None;
    }
    let journaled = ground.standing.get(target).into_iter().flatten();
    let mut left: BTreeSet<Incarnation> = journaled
        .filter(|life| has_something(life))
        .map(|life| life.incarnation)
        .collect();
    left.extend(ground.marked.get(target));
    let lives: Vec<String> = left.iter().map(ToString::to_string).collect();
    let (of, which) = match lives.as_slice() {
        [] => return None,
        [one] => (format!("incarnation {one}"), ""),
        several => (
            format!("the incarnations {}", several.join(", ")),
            " --incarnation N",
        ),
    };
    Some(
        Remark::new(
            "retained",
            format!("it begins without data: that of {of} is retained and isn't used"),
        )
        .help(format!(
            "to go on with it instead: deploycenter adopt {target}{which}"
        )),
    )
}

/// A held target is planned as it would go on, with its hold in place.
fn keep_hold(wanted: &mut Vec<WantedEffect>, folder: &str, hold: &Hold) {
    let Ok(id) = EffectId::new(EffectKind::File, hold::FILE) else {
        return;
    };
    let content = hold.text();
    for effect in wanted.iter_mut() {
        if let Resource::Folder(folder) = &mut effect.after {
            folder.files.insert(hold::FILE.to_owned(), content.clone());
            effect.depends_on.push(id.clone());
        }
    }
    wanted.insert(
        0,
        WantedEffect {
            id,
            depends_on: Vec::new(),
            after: Resource::File(File {
                path: format!("{folder}/{}", hold::FILE),
                content,
            }),
        },
    );
}

/// A target that runs holds data, and that doesn't move by itself.
fn cant_move(instance: &Instance, elsewhere: &RegionName) -> Problem {
    let Instance { target, region, .. } = instance;
    Problem::new(format!(
        "{target} runs in {elsewhere} and holds data; it can't be moved to {region} in place"
    ))
    .help(format!(
        "set its region back to {elsewhere}; give {region} an instance of another name, move the data, then take this one out and `deploycenter destroy {target}`"
    ))
}

impl Ground {
    pub(super) fn instance(&self, target: &TargetId) -> &Instance {
        self.desired
            .instance(target)
            .expect("targets are chosen from this desired state")
    }
}
