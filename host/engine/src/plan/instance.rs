//! The plan of one instance, stage by stage.

use std::collections::BTreeSet;
use std::sync::Arc;

use deploycenter_domain::base_change::{self, permanent, restart};
use deploycenter_domain::data_version::DataVersionChange;
use deploycenter_domain::desired::Instance;
use deploycenter_domain::digest::Digest;
use deploycenter_domain::effect::{Action, EffectId, EffectKind};
use deploycenter_domain::hold::{self, Hold};
use deploycenter_domain::name::{Incarnation, RegionName, TargetId};
use deploycenter_domain::operation::Operation;
use deploycenter_domain::plan::{Remark, TargetPlan};
use deploycenter_domain::problem::{Problem, Problems};
use deploycenter_domain::remedy::{Adopted, Remedy, Targets};
use deploycenter_domain::resource::{File, Resource};
use deploycenter_domain::stale::OWN_FOLDER;
use deploycenter_domain::wanted::WantedEffect;

use super::effects::Looked;
use super::options::{PlanOptions, PlannedTarget, operation_of};
use super::scope::EffectScope;
use crate::resolve::{Resolver, at};
use crate::snapshot::{PlanningSnapshot, has_something, hold_of};
use crate::{PlanError, Refusal, Run, Words};

impl Run {
    /// Plans one instance: what it has of its own, what it wants, what is there, what someone
    /// else changed.
    pub(super) async fn plan_instance(
        &self,
        snapshot: &Arc<PlanningSnapshot>,
        resolver: &Resolver,
        target: &TargetId,
        options: &PlanOptions,
    ) -> Result<PlannedTarget, PlanError> {
        let instance = snapshot.instance(target);
        if let Some(unfinished) = snapshot.unfinished.get(target) {
            return Ok(PlannedTarget::Refusal(Refusal::unfinished(
                target, unfinished,
            )));
        }
        if let Some(elsewhere) = snapshot
            .live
            .get(target)
            .and_then(|live| live.region.as_ref())
            .filter(|region| **region != instance.region)
        {
            return Err(Problems::from(at(instance, cant_move(instance, elsewhere))).into());
        }
        let view = self.view(snapshot, instance).await?;
        let folder = view.folder.as_ref();
        let hold = hold_of(folder);
        let mut wanted = resolver
            .wanted(snapshot, instance, folder, &view.versions)
            .await?;
        if let Some(hold) = &hold {
            keep_hold(&mut wanted.effects, &wanted.names.folder(), hold);
        }
        let set_anew = self.given(snapshot, instance, &view, &wanted).await?;
        let incarnation = wanted.names.incarnation();
        let whose = EffectScope {
            target,
            incarnation,
        };
        let mut inputs = wanted.inputs;
        inputs.insert(
            OWN_FOLDER.to_owned(),
            Digest::of_json(&folder.map(|seen| &seen.outputs)),
        );
        let Looked { effects, beside } = self
            .effects_of_incarnation(snapshot, whose, wanted.effects, folder, &options.adopt)
            .await?;
        inputs.extend(beside.input());
        let deployed_now = snapshot.deployed_now(target, incarnation);
        let changed = effects
            .iter()
            .filter(|effect| effect.action != Action::None)
            .count();
        if let Some(hold) = hold.as_ref().filter(|_| changed > 0) {
            let options = PlanOptions::default();
            let drift = self.drift(target, deployed_now, &effects, &options).await?;
            let blocked = Refusal::held(target, hold, changed, drift.as_ref());
            return Ok(PlannedTarget::Refusal(blocked));
        }
        // What is held goes nowhere, whatever the desired state says.
        if let Some(problem) = wanted.back {
            return Err(Problems::from(problem).into());
        }
        if let Some(blocked) = self.drift(target, deployed_now, &effects, options).await? {
            return Ok(PlannedTarget::Refusal(blocked));
        }
        let changes = base_change::changed(&effects);
        let impossible = permanent::impossible(&changes);
        if !impossible.is_empty() {
            let blocked = Refusal::permanent(target, &impossible);
            return Ok(PlannedTarget::Refusal(blocked));
        }
        let data_version = DataVersionChange::of(&effects).or(wanted.data_version);
        // An incarnation that goes on without its folder has data that no failure may take along.
        let goes_on = folder.is_none() && snapshot.deployed_of(target, incarnation).is_some();
        let operation = if goes_on || snapshot.revived.contains_key(target) {
            Operation::Revive
        } else {
            operation_of(&effects, options.operation())
        };
        let warned = wanted.declaration.warnings.iter();
        let remarks = data_version
            .iter()
            .map(|change| change.remark(&instance.app, wanted.migration.as_deref()))
            .chain(warned.map(|line| Remark::new(Remark::APP_WARNING, line)))
            .chain(begins_without_data(self.words, snapshot, target))
            .chain(set_anew)
            .chain(restart::remarks(&changes))
            .chain(snapshot.desired.of_shared_name(instance))
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
fn begins_without_data(
    words: Words,
    snapshot: &PlanningSnapshot,
    target: &TargetId,
) -> Option<Remark> {
    if snapshot.present(target).is_some() || snapshot.revived.contains_key(target) {
        return None;
    }
    let journaled = snapshot.deployed.get(target).into_iter().flatten();
    let mut left: BTreeSet<Incarnation> = journaled
        .filter(|entry| has_something(entry))
        .map(|entry| entry.incarnation)
        .collect();
    left.extend(snapshot.marked.get(target));
    let incarnations: Vec<String> = left.iter().map(ToString::to_string).collect();
    let (of, several) = match incarnations.as_slice() {
        [] => return None,
        [one] => (format!("incarnation {one}"), false),
        several => (format!("the incarnations {}", several.join(", ")), true),
    };
    let adopt = Remedy::Adopt {
        targets: Targets::One(target.clone()),
        what: Adopted::Retained { several },
    };
    Some(
        Remark::new(
            "retained",
            format!("it begins without data: that of {of} is retained and isn't used"),
        )
        .help(words(&("to go on with it instead: ", adopt).into())),
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
    .help((
        format!("set its region back to {elsewhere}; give {region} an instance of another name, move the data, then take this one out and "),
        Remedy::Destroy(target.clone()),
    ))
}
