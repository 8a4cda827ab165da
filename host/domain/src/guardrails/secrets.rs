//! The store of the target's secrets, and one external secret for each declared entry.

use serde_json::{Value, json};

use super::TargetPlace;
use crate::declaration::Declaration;
use crate::secret_version::SecretVersions;

const VERSION: &str = "external-secrets.io/v1";
const STORE: &str = "secrets-manager";

/// The key of a login at a registry of images: Kubernetes' own for secrets of the type.
pub const PULL_SECRET: &str = ".dockerconfigjson";
const PULL_SECRET_TYPE: &str = "kubernetes.io/dockerconfigjson";

/// The names of the Kubernetes secrets that images are pulled with, sorted.
pub(super) fn pull_secrets(place: TargetPlace<'_>, declaration: &Declaration) -> Vec<String> {
    let given = declaration.given.iter();
    given
        .filter(|(_, secret)| secret.key == PULL_SECRET)
        .map(|(entry, _)| name(place, entry))
        .collect()
}

fn name(place: TargetPlace<'_>, entry: &str) -> String {
    format!("{}-{entry}", place.names.app())
}

/// Each entry becomes the Kubernetes secret `<app>-<entry>` with all of its keys; git
/// holds names only. What External Secrets would fill in by itself is written out, else
/// Argo CD would see a difference for ever. What a person gave is there by its version too
/// (see [`crate::secret_version`]): an entry more in `data` has it fetched at once.
pub(super) fn objects(
    place: TargetPlace<'_>,
    declaration: &Declaration,
    versions: &SecretVersions,
) -> Vec<Value> {
    let generated = declaration.generated.iter().map(|(name, keys)| {
        let mut keys: Vec<&str> = keys.iter().map(|key| key.key.as_str()).collect();
        keys.sort_unstable();
        let keys = keys.into_iter().map(|key| (key.to_owned(), key)).collect();
        (name, keys)
    });
    let given = declaration.given.iter().map(|(name, secret)| {
        let key = secret.key.as_str();
        let mut keys = vec![(key.to_owned(), key)];
        let versions = versions.get(name).into_iter().flatten();
        keys.extend(versions.map(|version| (version.key(key), key)));
        (name, keys)
    });
    let secrets: Vec<Value> = generated
        .chain(given)
        .map(|(name, keys)| external(place, name, &keys))
        .collect();
    if secrets.is_empty() {
        return secrets;
    }
    let store = place.object(
        VERSION,
        "SecretStore",
        STORE,
        json!({ "spec": { "provider": { "aws": {
            "service": "SecretsManager",
            "region": place.region.aws_region,
        } } } }),
    );
    [vec![store], secrets].concat()
}

/// `keys`: those of the Kubernetes secret, each with the entry's own.
fn external(place: TargetPlace<'_>, entry: &str, keys: &[(String, &str)]) -> Value {
    let name = name(place, entry);
    let full = format!("{}{entry}", place.names.secret_prefix());
    let data: Vec<Value> = keys
        .iter()
        .map(|(key, property)| {
            json!({
                "secretKey": key,
                "remoteRef": {
                    "key": full,
                    "property": property,
                    "conversionStrategy": "Default",
                    "decodingStrategy": "None",
                    "metadataPolicy": "None",
                },
            })
        })
        .collect();
    let mut target = json!({
        "name": name,
        "creationPolicy": "Owner",
        "deletionPolicy": "Retain",
    });
    if keys.iter().any(|(key, _)| key == PULL_SECRET) {
        target["template"] = json!({
            "engineVersion": "v2",
            "mergePolicy": "Replace",
            "type": PULL_SECRET_TYPE,
        });
    }
    place.object(
        VERSION,
        "ExternalSecret",
        &name,
        json!({ "spec": {
            "refreshInterval": "1h0m0s",
            "secretStoreRef": { "kind": "SecretStore", "name": STORE },
            "target": target,
            "data": data,
        } }),
    )
}
