//! What becomes of an object's fields when it is applied and compared: those of which
//! differences are ignored, and the number of pods where a manifest doesn't say it.

use serde_json::{Value, json};

use super::json::{list, text, texts};
use super::manifest::Manifest;
use super::patch::json_patch;
use super::state::LiveObject;

const REPLICAS: &str = "/spec/replicas";

/// The object as the cluster has it once the manifest is applied with these options.
pub(crate) fn applied(
    spec: &Value,
    options: &[String],
    manifest: &Manifest,
    before: Option<&LiveObject>,
) -> Manifest {
    let mut applied = manifest.clone();
    let respected = options
        .iter()
        .any(|option| option == "RespectIgnoreDifferences=true");
    if let Some(before) = before.filter(|_| respected) {
        for pointer in ignored(spec, manifest) {
            if let Some(found) = before.object.pointer(pointer) {
                set(&mut applied.object, pointer, found);
            }
        }
    }
    if is_scaled(manifest) && applied.object.pointer(REPLICAS).is_none() {
        // A field that was applied before and is left out now is taken away, and the API
        // server fills in its default.
        let kept = before
            .filter(|before| !before.says_replicas)
            .and_then(|before| before.object.pointer(REPLICAS));
        set(&mut applied.object, REPLICAS, kept.unwrap_or(&json!(1)));
    }
    applied
}

/// Whether a manifest says how many pods there are to be.
pub(crate) fn says_replicas(manifest: &Manifest) -> bool {
    is_scaled(manifest) && manifest.object.pointer(REPLICAS).is_some()
}

/// Whether what is live is what is wanted, as far as the application looks.
pub(crate) fn same(spec: &Value, manifest: &Manifest, live: &LiveObject) -> bool {
    let (mut wanted, mut found) = (manifest.object.clone(), live.object.clone());
    for pointer in ignored(spec, manifest) {
        remove(&mut wanted, pointer);
        remove(&mut found, pointer);
    }
    if is_scaled(manifest) && wanted.pointer(REPLICAS).is_none() {
        remove(&mut found, REPLICAS);
    }
    wanted == found
}

/// Where the application ignores differences of this object.
fn ignored<'a>(spec: &'a Value, manifest: &Manifest) -> Vec<&'a str> {
    list(spec, "/ignoreDifferences")
        .iter()
        .filter(|entry| {
            text(entry, "/group") == manifest.group
                && text(entry, "/kind") == manifest.kind
                && ["", manifest.name.as_str()].contains(&text(entry, "/name"))
        })
        .flat_map(|entry| texts(entry, "/jsonPointers"))
        .collect()
}

/// Kinds whose number of pods an autoscaler may set.
fn is_scaled(manifest: &Manifest) -> bool {
    manifest.group == "apps" && matches!(manifest.kind.as_str(), "Deployment" | "StatefulSet")
}

fn set(object: &mut Value, pointer: &str, value: &Value) {
    // Where there is nothing to put it into, it stays out.
    json_patch(
        object,
        &json!([{ "op": "add", "path": pointer, "value": value }]),
    )
    .ok();
}

fn remove(object: &mut Value, pointer: &str) {
    // What isn't there is removed already.
    json_patch(object, &json!([{ "op": "remove", "path": pointer }])).ok();
}
