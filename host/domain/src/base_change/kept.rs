//! What a way back keeps of a base: values that a cluster or an operator wouldn't take back,
//! such as the size of a disk that grew.

use std::collections::BTreeMap;

use super::changed::Changed;
use super::permanent;
use crate::desired::{Content, Entry, Node};
use crate::manifest;

/// The earlier text of a base's file with each value of the later one that can't be taken
/// back; `None` when all of them can.
pub(crate) fn kept(earlier: &str, later: &str) -> Option<String> {
    let mut documents = manifest::read("", earlier).ok()?;
    let later = manifest::read("", later).ok()?;
    let later: BTreeMap<_, _> = later.iter().filter_map(named).collect();
    let mut found = false;
    for document in &mut documents {
        let Some((of, value)) = named(document) else {
            continue;
        };
        let Some((_, now)) = later.get_key_value(&of).map(|(of, now)| (of, now.clone())) else {
            continue;
        };
        let (kind, name) = of;
        let back = Changed {
            kind,
            name,
            before: now.clone(),
            after: value,
        };
        for field in permanent::broken_fields(&back) {
            found |= put(document, field, now.pointer(field));
        }
    }
    found.then(|| manifest::write(&documents))
}

/// Kind and name of an object, and the object.
fn named(document: &Node) -> Option<((String, String), serde_json::Value)> {
    let value = document.to_value("", &mut BTreeMap::new());
    let text = |pointer: &str| Some(value.pointer(pointer)?.as_str()?.to_owned());
    let of = (text("/kind")?, text("/metadata/name")?);
    Some((of, value))
}

/// Gives a field the value that it is to keep, or takes it away; whether the object has a
/// place for it.
fn put(object: &mut Node, field: &str, value: Option<&serde_json::Value>) -> bool {
    let Some((parents, key)) = field.rsplit_once('/') else {
        return false;
    };
    let mut at = object;
    for part in parents.split('/').filter(|part| !part.is_empty()) {
        let Content::Map(entries) = &mut at.content else {
            return false;
        };
        let Some(entry) = entries.iter_mut().find(|entry| entry.key == part) else {
            return false;
        };
        at = &mut entry.node;
    }
    let spot = at.spot;
    let Content::Map(entries) = &mut at.content else {
        return false;
    };
    let there = entries.iter().position(|entry| entry.key == key);
    match (there, value.map(manifest::document)) {
        (Some(index), Some(node)) => entries[index].node = node,
        (Some(index), None) => {
            entries.remove(index);
        }
        (None, Some(node)) => entries.push(Entry {
            key: key.to_owned(),
            spot,
            node,
        }),
        (None, None) => return false,
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(size: &str, replicas: u32, image: &str) -> String {
        format!(
            "apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata:\n  name: db\nspec:\n  imageName: postgresql:{image}\n  instances: {replicas}\n  storage:\n    size: {size}\n"
        )
    }

    #[test]
    fn what_grew_stays_grown_and_the_rest_goes_back() {
        let written = |text: &str| manifest::write(&manifest::read("", text).unwrap_or_default());
        let kept_of = |before: (&str, u32, &str), after: (&str, u32, &str)| {
            kept(
                &cluster(before.0, before.1, before.2),
                &cluster(after.0, after.1, after.2),
            )
        };
        assert_eq!(
            kept_of(("20Gi", 1, "17.1"), ("40Gi", 2, "17.2")),
            Some(written(&cluster("40Gi", 1, "17.1")))
        );
        assert_eq!(
            kept_of(("20Gi", 1, "17.1"), ("20Gi", 1, "18.0")),
            Some(written(&cluster("20Gi", 1, "18.0")))
        );
        assert_eq!(kept_of(("20Gi", 1, "17.1"), ("20Gi", 2, "17.2")), None);
        let wal = cluster("20Gi", 1, "17.1") + "  walStorage:\n    size: 5Gi\n";
        assert_eq!(kept(&cluster("20Gi", 1, "17.1"), &wal), Some(written(&wal)));
    }
}
