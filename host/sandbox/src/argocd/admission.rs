//! What the API server, and the operators behind it, refuse of an object, in their own words.

mod quantity;
mod stored;

use serde_json::{Value, json};

use self::quantity::{is_less, postgres_size, size};
pub(crate) use self::stored::stored;
use super::ArgoCd;
use super::json::{is_object_name, list, text};
use super::manifest::Manifest;
use super::state::{LiveObject, ObjectKey};
use crate::service::Millis;

/// The fields of a volume that don't say what is behind it.
const NO_SOURCE: [&str; 9] = [
    "accessModes",
    "capacity",
    "claimRef",
    "mountOptions",
    "nodeAffinity",
    "persistentVolumeReclaimPolicy",
    "storageClassName",
    "volumeAttributesClassName",
    "volumeMode",
];

/// The fields of a StatefulSet that may change.
const STATEFUL_SET: [&str; 7] = [
    "minReadySeconds",
    "ordinals",
    "persistentVolumeClaimRetentionPolicy",
    "replicas",
    "revisionHistoryLimit",
    "template",
    "updateStrategy",
];

/// An object as the API server's sentences name it: `Service "web"`.
pub(crate) fn qualified_name(manifest: &Manifest) -> String {
    let Manifest {
        group, kind, name, ..
    } = manifest;
    if group.is_empty() {
        format!("{kind} \"{name}\"")
    } else {
        format!("{kind}.{group} \"{name}\"")
    }
}

impl ArgoCd {
    /// What is said against an object, of the rules that the stand-in knows; `key` is where it
    /// is live, if it is.
    pub(crate) fn objection(
        &self,
        manifest: &Manifest,
        key: &ObjectKey,
        at: Millis,
    ) -> Option<String> {
        let before = self.state.live.get(key);
        let admitted = match before {
            Some(before) => self.forbidden_claim(manifest, key, before, at),
            None => None,
        };
        if admitted.is_some() {
            return admitted;
        }
        let mut wrong = of_itself(manifest);
        if let Some(before) = before {
            wrong.extend(of_change(manifest, &before.object));
            wrong.extend(self.shrunk_claim(manifest, key, before, at));
        }
        if !wrong.is_empty() {
            return Some(invalid(&qualified_name(manifest), &wrong));
        }
        denied_by_operator(manifest, before.map(|before| &before.object))
    }

    /// An admission plugin's word against a claim that grows.
    fn forbidden_claim(
        &self,
        manifest: &Manifest,
        key: &ObjectKey,
        before: &LiveObject,
        at: Millis,
    ) -> Option<String> {
        if manifest.kind != "PersistentVolumeClaim" {
            return None;
        }
        let (old, new) = (requested(&before.object)?, requested(&manifest.object)?);
        if !is_less(old, new) {
            return None;
        }
        let forbidden = |reason: &str| {
            let name = &manifest.name;
            Some(format!(
                "persistentvolumeclaims \"{name}\" is forbidden: {reason}"
            ))
        };
        if !self.clusters(at).is_bound(key, before) {
            return forbidden("Only bound persistent volume claims can be expanded");
        }
        let class = before.object.pointer("/spec/storageClassName");
        if self.expands(&key.server, class.and_then(Value::as_str)) {
            return None;
        }
        forbidden(
            "only dynamically provisioned pvc can be resized and the storageclass that provisions \
             the pvc must support resize",
        )
    }

    /// Whether a class lets claims grow. A cluster's own classes aren't known here, and do.
    fn expands(&self, server: &str, class: Option<&str>) -> bool {
        let Some(name) = class else { return true };
        if name.is_empty() {
            return false;
        }
        let key = ObjectKey {
            server: server.to_owned(),
            group: "storage.k8s.io".to_owned(),
            kind: "StorageClass".to_owned(),
            namespace: String::new(),
            name: name.to_owned(),
        };
        let known = self.state.live.get(&key);
        known.is_none_or(|live| live.object["allowVolumeExpansion"] == json!(true))
    }

    /// A claim that shrinks to less than it has.
    fn shrunk_claim(
        &self,
        manifest: &Manifest,
        key: &ObjectKey,
        before: &LiveObject,
        at: Millis,
    ) -> Option<String> {
        if manifest.kind != "PersistentVolumeClaim" {
            return None;
        }
        let (old, new) = (requested(&before.object)?, requested(&manifest.object)?);
        let volume = ObjectKey {
            kind: "PersistentVolume".to_owned(),
            namespace: String::new(),
            name: text(&before.object, "/spec/volumeName").to_owned(),
            ..key.clone()
        };
        // What is provisioned is as large as it was asked to be.
        let volume = self.state.live.get(&volume);
        let capacity = volume.map_or(old, |live| text(&live.object, "/spec/capacity/storage"));
        let holds = self.clusters(at).is_bound(key, before) && !is_less(capacity, new);
        (is_less(new, old) && holds).then(|| {
            "spec.resources.requests.storage: Forbidden: field can not be less than status.capacity"
                .to_owned()
        })
    }
}

/// The size that a claim asks for.
fn requested(claim: &Value) -> Option<&str> {
    claim.pointer("/spec/resources/requests/storage")?.as_str()
}

/// The API server's sentence about everything that is wrong.
fn invalid(name: &str, wrong: &[String]) -> String {
    match wrong {
        [one] => format!("{name} is invalid: {one}"),
        many => format!("{name} is invalid: [{}]", many.join(", ")),
    }
}

/// What is wrong with an object, whatever stood there before.
fn of_itself(manifest: &Manifest) -> Vec<String> {
    let Manifest {
        group,
        kind,
        name,
        object,
        ..
    } = manifest;
    let mut wrong = Vec::new();
    if !is_object_name(name) {
        wrong.push(format!(
            "metadata.name: Invalid value: \"{name}\": a lowercase RFC 1123 subdomain must consist \
             of lower case alphanumeric characters, '-' or '.', and must start and end with an \
             alphanumeric character"
        ));
    }
    if kind == "Service" && group.is_empty() {
        for (index, port) in list(object, "/spec/ports").iter().enumerate() {
            let number = port.get("port").and_then(Value::as_i64).unwrap_or_default();
            if !(1..=65535).contains(&number) {
                wrong.push(format!(
                    "spec.ports[{index}].port: Invalid value: {number}: must be between 1 and \
                     65535, inclusive"
                ));
            }
        }
    }
    let replication = "/spec/replication/initContainer";
    if kind == "MariaDB"
        && object.pointer(replication).is_some_and(Value::is_object)
        && text(object, &format!("{replication}/image")).is_empty()
    {
        wrong.push("spec.replication.initContainer.image: Required value".to_owned());
    }
    wrong
}

/// What is wrong with a change.
fn of_change(manifest: &Manifest, before: &Value) -> Vec<String> {
    let object = &manifest.object;
    let differs = |at: &str| before.pointer(at) != object.pointer(at);
    let any = |fields: &[&str]| fields.iter().any(|field| differs(field));
    let wrong = match (manifest.group.as_str(), manifest.kind.as_str()) {
        ("", "PersistentVolumeClaim") => {
            let fixed = [
                "/spec/volumeName",
                "/spec/storageClassName",
                "/spec/accessModes",
                "/spec/selector",
                "/spec/dataSource",
            ];
            (any(&fixed) || volume_mode(before) != volume_mode(object)).then(|| {
                "spec: Forbidden: spec is immutable after creation except resources.requests and \
                 volumeAttributesClassName for bound claims"
                    .to_owned()
            })
        }
        ("", "PersistentVolume") if !same_but(before, object, &NO_SOURCE) => Some(
            "spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable \
             after creation"
                .to_owned(),
        ),
        ("", "PersistentVolume") if volume_mode(before) != volume_mode(object) => Some(format!(
            "spec.volumeMode: Invalid value: \"{}\": field is immutable",
            volume_mode(object)
        )),
        ("apps", "StatefulSet") if !same_but(before, object, &STATEFUL_SET) => Some(
            "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', \
             'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', \
             'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
                .to_owned(),
        ),
        ("apps", "Deployment" | "DaemonSet") if differs("/spec/selector") => {
            Some(immutable(object, "spec.selector"))
        }
        ("batch", "Job") if differs("/spec/template") => Some(immutable(object, "spec.template")),
        ("", "ConfigMap") if before.pointer("/immutable") == Some(&json!(true)) => {
            let fixed = ["immutable", "data", "binaryData"];
            let changed = fixed.iter().find(|field| differs(&format!("/{field}")));
            changed.map(|field| {
                format!("{field}: Forbidden: field is immutable when `immutable` is set")
            })
        }
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding")
            if differs("/roleRef") =>
        {
            Some(format!(
                "roleRef: Invalid value: {}: cannot change roleRef",
                object["roleRef"]
            ))
        }
        ("", "Service") if headless(before) != headless(object) => Some(format!(
            "spec.clusterIPs[0]: Invalid value: [\"{}\"]: may not change once set",
            text(object, "/spec/clusterIP")
        )),
        _ => None,
    };
    wrong.into_iter().collect()
}

fn headless(service: &Value) -> bool {
    text(service, "/spec/clusterIP") == "None"
}

fn immutable(object: &Value, path: &str) -> String {
    let value = object.pointer(&format!("/{}", path.replace('.', "/")));
    format!(
        "{path}: Invalid value: {}: field is immutable",
        value.unwrap_or(&Value::Null)
    )
}

fn volume_mode(object: &Value) -> &str {
    match text(object, "/spec/volumeMode") {
        "" => "Filesystem",
        mode => mode,
    }
}

/// Whether two specs are the same but for these fields.
fn same_but(before: &Value, after: &Value, fields: &[&str]) -> bool {
    let rest = |object: &Value| {
        let mut spec = object.get("spec").cloned().unwrap_or_else(|| json!({}));
        if let Some(spec) = spec.as_object_mut() {
            spec.retain(|key, _| !fields.contains(&key.as_str()));
        }
        spec
    };
    rest(before) == rest(after)
}

/// What an operator's webhook says against an object.
fn denied_by_operator(manifest: &Manifest, before: Option<&Value>) -> Option<String> {
    let (webhook, wrong) = match (manifest.group.as_str(), manifest.kind.as_str()) {
        ("postgresql.cnpg.io", "Cluster") => {
            let wrong = postgres(manifest, before);
            let name = format!("Cluster.cluster.cnpg.io \"{}\"", manifest.name);
            let wrong = (!wrong.is_empty()).then(|| invalid(&name, &wrong));
            ("vcluster.cnpg.io", wrong)
        }
        ("k8s.mariadb.com", "MariaDB") => {
            ("vmariadb-v1alpha1.kb.io", mariadb(&manifest.object, before))
        }
        ("k8s.mariadb.com", kind @ ("Database" | "User" | "Grant")) => {
            let fixed = ["mariaDbRef", "characterSet", "collate", "username", "host"];
            let before = before?;
            let changed = fixed
                .iter()
                .find(|field| before["spec"].get(**field) != manifest.object["spec"].get(**field));
            let wrong = changed.map(|field| {
                let value = &manifest.object["spec"][*field];
                format!(
                    "{} is invalid: spec.{field}: Invalid value: {value}: 'spec.{field}' field is \
                     immutable",
                    qualified_name(manifest)
                )
            });
            let webhook = match kind {
                "Database" => "vdatabase-v1alpha1.kb.io",
                "User" => "vuser-v1alpha1.kb.io",
                _ => "vgrant-v1alpha1.kb.io",
            };
            (webhook, wrong)
        }
        _ => return None,
    };
    let wrong = wrong?;
    Some(format!(
        "admission webhook \"{webhook}\" denied the request: {wrong}"
    ))
}

/// CloudNativePG's rules, as far as apps can break them.
fn postgres(manifest: &Manifest, before: Option<&Value>) -> Vec<String> {
    let object = &manifest.object;
    let mut wrong = Vec::new();
    if manifest.name.len() > 50 {
        wrong.push(format!(
            "metadata.name: Invalid value: \"{}\": the maximum length of a cluster name is 50 \
             characters",
            manifest.name
        ));
    }
    let resource = |list: &str, name: &str| text(object, &format!("/spec/resources/{list}/{name}"));
    for (name, said) in [("cpu", "CPU"), ("memory", "Memory")] {
        let (request, limit) = (resource("requests", name), resource("limits", name));
        if is_less(limit, request) {
            wrong.push(format!(
                "spec.resources.requests.{name}: Invalid value: \"{request}\": {said} request is \
                 greater than the limit"
            ));
        }
    }
    let memory = resource("requests", "memory");
    let buffers = postgres_size(text(object, "/spec/postgresql/parameters/shared_buffers"));
    if let (Some(memory_size), Some(buffers)) = (size(memory), buffers)
        && memory_size < buffers
    {
        wrong.push(format!(
            "spec.resources.requests: Invalid value: \"{memory}\": Memory request is lower than \
             PostgreSQL `shared_buffers` value"
        ));
    }
    if let Some(before) = before {
        let image = "/spec/imageName";
        let (old, new) = (text(before, image), text(object, image));
        if let (Some(old), Some(major)) = (postgres_major(old), postgres_major(new))
            && major < old
        {
            wrong.push(format!(
                "spec.imageName: Invalid value: \"{major}\": can't downgrade from major {old} to \
                 {major}"
            ));
        }
        for path in ["storage", "walStorage"] {
            let at = format!("/spec/{path}/size");
            let (old, new) = (text(before, &at), text(object, &at));
            if path == "walStorage" && !old.is_empty() && new.is_empty() {
                wrong.push(
                    "spec.walStorage: Invalid value: null: walStorage cannot be disabled once the \
                     cluster is created"
                        .to_owned(),
                );
            } else if is_less(new, old) {
                wrong.push(format!(
                    "spec.{path}: Invalid value: \"{new}\": can't shrink existing storage from \
                     {old} to {new}"
                ));
            }
        }
    }
    wrong
}

/// The major version that CloudNativePG reads in the tag of an image.
fn postgres_major(image: &str) -> Option<u32> {
    let (_, tag) = image
        .split('@')
        .next()?
        .rsplit('/')
        .next()?
        .split_once(':')?;
    tag.split(['.', '-']).next()?.parse().ok()
}

/// mariadb-operator's rules, likewise; it says the first that is broken.
fn mariadb(object: &Value, before: Option<&Value>) -> Option<String> {
    let enabled =
        |what: &str| object.pointer(&format!("/spec/{what}/enabled")) == Some(&json!(true));
    let available = enabled("replication") || enabled("galera");
    let replicas = object
        .pointer("/spec/replicas")
        .and_then(Value::as_i64)
        .unwrap_or(1);
    let replicas_invalid = |reason: &str| {
        Some(format!(
            "spec.replicas: Invalid value: {replicas}: {reason}"
        ))
    };
    if let Some(before) = before {
        let root = "/spec/rootPasswordSecretKeyRef";
        if before.pointer(root).is_some() && before.pointer(root) != object.pointer(root) {
            return Some(format!(
                "spec.rootPasswordSecretKeyRef: Invalid value: {}: \
                 'spec.rootPasswordSecretKeyRef' field is immutable",
                object.pointer(root).unwrap_or(&Value::Null)
            ));
        }
        for field in ["storageClassName", "ephemeral"] {
            let at = format!("/spec/storage/{field}");
            if before.pointer(&at) != object.pointer(&at) {
                let value = object.pointer(&at).unwrap_or(&Value::Null);
                return Some(format!(
                    "spec.storage.{field}: Invalid value: {value}: 'spec.storage.{field}' field is \
                     immutable"
                ));
            }
        }
    }
    if !available && replicas > 1 {
        return replicas_invalid(
            "Multiple replicas can only be specified when 'spec.replication' or 'spec.galera' are \
             configured",
        );
    }
    if available && replicas <= 1 {
        return replicas_invalid(
            "Multiple replicas must be specified when 'spec.replication' or 'spec.galera' are \
             configured",
        );
    }
    let at = "/spec/storage/size";
    let old = before.map_or("", |before| text(before, at));
    is_less(text(object, at), old).then(|| {
        format!(
            "spec.storage: Invalid value: {}: Storage size cannot be decreased",
            object["spec"]["storage"]
        )
    })
}

#[cfg(test)]
mod tests;
