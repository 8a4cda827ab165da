//! The objects of a base that a plan changes.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::effect::{Action, EffectKind};
use crate::manifest;
use crate::plan::PlannedEffect;
use crate::resource::Resource;

/// An object of a base before and after, which differ.
#[derive(Debug, Clone, PartialEq)]
pub struct Changed {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) before: Value,
    pub(super) after: Value,
}

/// The objects of a target's base that stay and change, in the order of their kinds and
/// names. What can't be read was written before manifests were read strictly, and is left out.
/// A file that stays as it is isn't read: most of a fleet's plan is such files.
#[must_use]
pub fn changed(effects: &[PlannedEffect]) -> Vec<Changed> {
    let files = effects.iter().filter(|effect| {
        effect.kind == EffectKind::File
            && effect.action != Action::None
            && effect.name.starts_with("dependencies/")
    });
    let mut before = BTreeMap::new();
    let mut after = BTreeMap::new();
    for effect in files {
        objects(effect.before.as_ref(), &mut before);
        objects(effect.after.as_ref(), &mut after);
    }
    before
        .into_iter()
        .filter_map(|((kind, name), old)| {
            let new = after.remove(&(kind.clone(), name.clone()))?;
            (old != new).then_some(Changed {
                kind,
                name,
                before: old,
                after: new,
            })
        })
        .collect()
}

fn objects(file: Option<&Resource>, into: &mut BTreeMap<(String, String), Value>) {
    let Some(Resource::File(file)) = file else {
        return;
    };
    for node in manifest::read("", &file.content).unwrap_or_default() {
        let object = node.to_value("", &mut BTreeMap::new());
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
        if let (Some(kind), Some(name)) = (text("/kind"), text("/metadata/name")) {
            into.insert((kind.to_owned(), name.to_owned()), object);
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
pub(crate) fn file_effect(before: Option<&str>, after: Option<&str>) -> PlannedEffect {
    let file = |text: &str| {
        Resource::File(crate::resource::File {
            path: "us-west-2/odoo/dependencies/database.yaml".to_owned(),
            content: text.to_owned(),
        })
    };
    PlannedEffect::new(
        crate::effect::EffectId::new(EffectKind::File, "dependencies/database.yaml").unwrap(),
        Vec::new(),
        before.map(file),
        after.map(file),
    )
}
