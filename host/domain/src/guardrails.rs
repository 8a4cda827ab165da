//! What keeps a target within its bounds: namespace, quota, network, the workload's
//! account and the store of its secrets. The host makes these objects itself, from what
//! the plugin *declares* ([`Quota`], [`Openings`]); no template and no override can leave
//! one out or loosen it, and a plugin that declares nothing gets the tightest ones.
//!
//! [`Quota`]: crate::declaration::Quota
//! [`Openings`]: crate::declaration::Openings

mod namespace;
mod network;
pub mod quota;
mod reach;
mod secrets;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::declaration::Declaration;
use crate::desired::Region;
use crate::manifest;
use crate::naming::Names;
use crate::secret_version::SecretVersions;
use crate::sync_options::{SYNC_OPTIONS, UNDELETED};

pub use reach::reach;
pub use secrets::PULL_SECRET;

/// Files of a target's folder that only the host writes, sorted.
pub const FILES: [&str; 4] = [
    "dependencies/guardrails.yaml",
    "dependencies/namespace.yaml",
    NETWORK,
    SECRETS,
];

const NETWORK: &str = "dependencies/network.yaml";

/// The file of [`FILES`] with the secret store and the external secrets.
pub const SECRETS: &str = "dependencies/secrets.yaml";

/// Kinds that only the host makes, by API group.
const KINDS: [(&str, &str); 8] = [
    ("", "LimitRange"),
    ("", "Namespace"),
    ("", "ResourceQuota"),
    ("", "ServiceAccount"),
    ("external-secrets.io", "SecretStore"),
    ("networking.k8s.io", "NetworkPolicy"),
    ("rbac.authorization.k8s.io", "Role"),
    ("rbac.authorization.k8s.io", "RoleBinding"),
];

/// Why a file of a plugin or an override is refused, and what to do; `None` for a path
/// that isn't the host's.
#[must_use]
pub fn refused_file(path: &str) -> Option<String> {
    FILES.contains(&path).then(|| {
        format!(
            "{path} is the host's own: it makes it from what the plugin declares (quota, openings of the network, secrets). Take the template away: a plugin declares with the SDK's Deployment::quota and Deployment::open. A target that is pinned to a plugin from before moves on when it is synced"
        )
    })
}

/// Whether only the host makes objects of that kind.
#[must_use]
pub fn is_own_kind(group: &str, kind: &str) -> bool {
    KINDS.contains(&(group, kind))
}

/// Whether an object of that kind guards and holds nothing itself: it outlives its
/// application, and goes once it isn't wanted any more.
#[must_use]
pub fn is_pruned(group: &str, kind: &str) -> bool {
    let holds_all = (group, kind) == ("", "Namespace");
    (is_own_kind(group, kind) && !holds_all)
        || (group, kind) == ("external-secrets.io", "ExternalSecret")
}

/// The files of [`FILES`] for one target, by path; the one of secrets is left out where
/// there are none, since a cluster without External Secrets doesn't know its kinds.
/// `versions`: those of given secrets that are known.
///
/// # Errors
/// What was declared and can't be had, each a sentence.
pub fn files(
    names: &Names,
    region: &Region,
    declaration: &Declaration,
    versions: &SecretVersions,
) -> Result<BTreeMap<String, String>, Vec<String>> {
    let place = TargetPlace { names, region };
    let mut problems = Vec::new();
    let quota = quota::objects(place, declaration.quota.as_ref()).unwrap_or_else(|found| {
        problems.extend(found);
        Vec::new()
    });
    let policies = network::policies(place, &declaration.openings).unwrap_or_else(|found| {
        problems.push(found);
        Vec::new()
    });
    if !problems.is_empty() {
        return Err(problems);
    }
    let [guardrails, namespace, network, secrets] = FILES;
    let accounts = namespace::accounts(place, &secrets::pull_secrets(place, declaration));
    let all = [
        (guardrails, [quota, accounts].concat()),
        (namespace, vec![namespace::namespace(place)]),
        (network, policies),
        (secrets, secrets::objects(place, declaration, versions)),
    ];
    Ok(all
        .into_iter()
        .filter(|(_, objects)| !objects.is_empty())
        .map(|(path, objects)| (path.to_owned(), written(&objects)))
        .collect())
}

fn written(objects: &[Value]) -> String {
    let documents: Vec<_> = objects.iter().map(manifest::document).collect();
    manifest::write(&documents)
}

/// Whose objects they are.
#[derive(Clone, Copy)]
struct TargetPlace<'a> {
    names: &'a Names,
    region: &'a Region,
}

impl TargetPlace<'_> {
    /// What every object says of itself; `options`: how Argo CD syncs it.
    fn metadata(self, name: &str, options: &str) -> Value {
        json!({
            "name": name,
            "labels": self.names.labels(),
            "annotations": {
                SYNC_OPTIONS: options,
                "deploycenter.dev/target": self.names.target(),
            },
        })
    }

    /// An object of the namespace; `body` is its other keys. None of them holds data, so
    /// what isn't wanted any more is pruned: kept, it would leave the application out of
    /// sync for ever.
    fn object(self, version: &str, kind: &str, name: &str, body: Value) -> Value {
        let mut object = json!({
            "apiVersion": version,
            "kind": kind,
            "metadata": self.metadata(name, UNDELETED),
        });
        object["metadata"]["namespace"] = json!(self.names.namespace());
        if let (Value::Object(object), Value::Object(body)) = (&mut object, body) {
            object.extend(body);
        }
        object
    }
}
