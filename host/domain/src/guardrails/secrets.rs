//! The store of the target's secrets, and one external secret for each declared entry.

use serde_json::{Value, json};

use super::Place;
use crate::declaration::Declaration;

const VERSION: &str = "external-secrets.io/v1";
const STORE: &str = "secrets-manager";

/// Each entry becomes the Kubernetes secret `<app>-<entry>` with all of its keys; git
/// holds names only. What External Secrets would fill in by itself is written out, else
/// Argo CD would see a difference for ever.
pub(super) fn objects(place: Place<'_>, declaration: &Declaration) -> Vec<Value> {
    let generated = declaration.generated.iter().map(|(name, keys)| {
        let mut keys: Vec<&str> = keys.iter().map(|key| key.key.as_str()).collect();
        keys.sort_unstable();
        (name, keys)
    });
    let given = declaration
        .given
        .iter()
        .map(|(name, secret)| (name, vec![secret.key.as_str()]));
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

fn external(place: Place<'_>, entry: &str, keys: &[&str]) -> Value {
    let name = format!("{}-{entry}", place.names.app());
    let full = format!("{}{entry}", place.names.secret_prefix());
    let data: Vec<Value> = keys
        .iter()
        .map(|key| {
            json!({
                "secretKey": key,
                "remoteRef": {
                    "key": full,
                    "property": key,
                    "conversionStrategy": "Default",
                    "decodingStrategy": "None",
                    "metadataPolicy": "None",
                },
            })
        })
        .collect();
    place.object(
        VERSION,
        "ExternalSecret",
        &name,
        json!({ "spec": {
            "refreshInterval": "1h0m0s",
            "secretStoreRef": { "kind": "SecretStore", "name": STORE },
            "target": {
                "name": name,
                "creationPolicy": "Owner",
                "deletionPolicy": "Retain",
            },
            "data": data,
        } }),
    )
}
