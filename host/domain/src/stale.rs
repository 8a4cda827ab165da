//! Holding a reviewed plan against one that was made now: equal, done already, or moved.

use serde::Serialize;

use crate::bind::bind;
use crate::data_version::DataVersionChange;
use crate::effect::{Action, EffectId, EffectKind, FolderPart, OutputName};
use crate::plan::{PlannedEffect, TargetPlan, action, changes};
use crate::resource::Resource;
use crate::token::Bindings;
use crate::unwind::planned_folder;

/// The input that changes by a target's own deployment.
pub const OWN_FOLDER: &str = "own folder";

/// How a reviewed target's plan stands to one made now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It may be applied as reviewed, apart from effects that are done already.
    Same,
    /// Something moved since; each a phrase such as `the desired state` or
    /// `dns.record/domain: weight`.
    Stale(Vec<String>),
    /// Nothing moved, and yet the plans differ: the file isn't what was made.
    Edited(Vec<String>),
}

/// Holds `reviewed` against `fresh`, which was made for the same target just now.
#[must_use]
pub fn compare(reviewed: &TargetPlan, fresh: &TargetPlan) -> Verdict {
    let mut bindings = Bindings::new();
    for effect in &fresh.effects {
        for (output, value) in &effect.outputs {
            bindings.insert(format!("{}:{output}", effect.id), value.clone());
        }
    }
    let folder_done = folder_stands(reviewed, fresh, &bindings);
    let mut stale = Vec::new();
    for name in reviewed.inputs.keys().chain(fresh.inputs.keys()) {
        let moved = reviewed.inputs.get(name) != fresh.inputs.get(name);
        if moved && !(name == OWN_FOLDER && folder_done) && !stale.contains(&format!("the {name}"))
        {
            stale.push(format!("the {name}"));
        }
    }
    if reviewed.incarnation != fresh.incarnation {
        stale.push("the target was removed and made anew".to_owned());
    }
    let mut edited = Vec::new();
    if !in_the_same_order(reviewed, fresh) {
        edited.push("the order of the effects".to_owned());
    }
    for effect in &reviewed.effects {
        let Some(now) = fresh.effect(&effect.id) else {
            // A removal that is done leaves nothing to plan.
            if effect.action != Action::Delete {
                edited.push(effect.id.to_string());
            }
            continue;
        };
        let moved = effect.before != now.before;
        if !is_whole(effect) {
            edited.push(effect.id.to_string());
        } else if moved
            && (stands(effect, now, &bindings) || (follows_folder(effect) && folder_done))
        {
            // Done already.
        } else if moved {
            let fields: Vec<String> = changes(effect.before.as_ref(), now.before.as_ref())
                .into_iter()
                .map(|change| change.path)
                .collect();
            stale.push(format!("{}: {}", effect.id, fields.join(", ")));
        } else if effect != now && !only_bound(effect, now, &bindings) {
            edited.push(effect.id.to_string());
        }
    }
    for now in fresh
        .effects
        .iter()
        .filter(|now| reviewed.effect(&now.id).is_none())
    {
        edited.push(now.id.to_string());
    }
    for (name, differs) in [
        ("region", reviewed.region != fresh.region),
        ("app", reviewed.app != fresh.app),
        (
            "dataVersion",
            reviewed.data_version != DataVersionChange::of(&reviewed.effects),
        ),
        ("remarks", !says_the_same(reviewed, fresh)),
    ] {
        if differs {
            edited.push(name.to_owned());
        }
    }
    if !stale.is_empty() {
        Verdict::Stale(stale)
    } else if reviewed.digest != crate::digest::Digest::of_json(&reviewed.inputs) {
        Verdict::Edited(vec!["digest".to_owned()])
    } else if edited.is_empty() {
        Verdict::Same
    } else {
        Verdict::Edited(edited)
    }
}

/// Whether the effects that both have come in the same order, each once.
fn in_the_same_order(reviewed: &TargetPlan, fresh: &TargetPlan) -> bool {
    fn in_both<'a>(
        one: &'a TargetPlan,
        other: &'a TargetPlan,
    ) -> impl Iterator<Item = &'a EffectId> {
        let ids = one.effects.iter().map(|effect| &effect.id);
        ids.filter(|id| other.effect(id).is_some())
    }
    in_both(reviewed, fresh).eq(in_both(fresh, reviewed))
}

/// Whether the remarks are about the same things. Their wording may differ from one
/// version of the host to the next, and a data-version is crossed only once.
fn says_the_same(reviewed: &TargetPlan, fresh: &TargetPlan) -> bool {
    fn codes(plan: &TargetPlan) -> impl Iterator<Item = &str> {
        plan.remarks
            .iter()
            .map(|remark| remark.code.as_str())
            .filter(|code| *code != DataVersionChange::REMARK)
    }
    let warned = |plan: &TargetPlan| {
        plan.remarks
            .iter()
            .filter(|remark| remark.code == DataVersionChange::REMARK)
            .count()
    };
    warned(reviewed) == usize::from(reviewed.data_version.is_some())
        && codes(reviewed).eq(codes(fresh))
}

fn follows_folder(effect: &PlannedEffect) -> bool {
    effect.kind.facts().folder != FolderPart::Apart
}

/// Whether an effect says the same of itself everywhere: what a person is shown follows
/// from its states.
fn is_whole(effect: &PlannedEffect) -> bool {
    let (before, after) = (effect.before.as_ref(), effect.after.as_ref());
    let follows = action(before, after);
    // A sync acts also where only its application changes.
    let acts = effect.action == follows
        || (effect.kind.follows_folder()
            && follows == Action::None
            && effect.action == Action::Update);
    acts && effect.kind == effect.id.kind()
        && effect.name == effect.id.name()
        && effect.changes == changes(before, after)
}

/// Whether what was reviewed stands already.
fn stands(effect: &PlannedEffect, now: &PlannedEffect, bindings: &Bindings) -> bool {
    now.action == Action::None
        && effect.after.as_ref().is_some_and(|after| {
            bind(after, bindings).is_ok_and(|bound| Some(&bound) == now.before.as_ref())
        })
}

/// Whether the folder that was reviewed stands on the branch, file by file.
fn folder_stands(reviewed: &TargetPlan, fresh: &TargetPlan, bindings: &Bindings) -> bool {
    let Some(planned) = planned_folder(reviewed) else {
        return false;
    };
    let Ok(Resource::Folder(planned)) = bind(&Resource::Folder(planned), bindings) else {
        return false;
    };
    let there: std::collections::BTreeMap<String, String> = fresh
        .of_kind(EffectKind::File)
        .filter_map(|effect| match &effect.before {
            Some(Resource::File(file)) => Some((effect.name.clone(), file.content.clone())),
            _ => None,
        })
        .collect();
    planned.files == there
}

/// Whether the effects differ only in values that have become known since, because
/// what they wait for is done.
fn only_bound(effect: &PlannedEffect, now: &PlannedEffect, bindings: &Bindings) -> bool {
    let bound = |state: &Option<Resource>| state.as_ref().map(|state| bind(state, bindings).ok());
    let same_owner = match (&effect.owner, &now.owner) {
        // Whoever changed it and changed it back left their deployment's name on it.
        (Some(one), Some(other)) => one.same_thing(other),
        (one, other) => one == other,
    };
    // A sync has nothing left to do once the change to its application is made.
    let same_action = effect.action == now.action || effect.kind.follows_folder();
    same_action
        && same_owner
        && effect.depends_on == now.depends_on
        && effect.before == now.before
        && bound(&effect.after) == bound(&now.after)
        && effect.outputs.get(&OutputName::Id) == now.outputs.get(&OutputName::Id)
}
