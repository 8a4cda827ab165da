//! What can't change once it is made: a cluster or an operator would refuse it, or leave
//! everything as it is. So no plan holds such a change.

use std::cmp::Ordering;

use serde_json::Value;

use super::Changed;
use crate::{quantity, token};

/// How a field may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum May {
    /// Not at all.
    Never,
    /// A quantity that only grows.
    Grow,
    /// A claim's size: it grows where a storage class can make it grow, else not at all.
    GrowWithClass,
    /// Between any values but this one, which it neither takes on nor gives up: a Service's
    /// `None`. What is left out is given by the cluster.
    NeitherToNorFrom(&'static str),
    /// It may be added and changed (other rules say how), and isn't taken away.
    NeverRemoved,
    /// To a newer major version of an image and not to an older one.
    NewerMajor,
    /// Not at all, where this other field of the object is `true`.
    NeverWhere(&'static str),
}

/// One field of one kind.
struct PermanentField {
    kind: &'static str,
    /// A JSON pointer within the object.
    field: &'static str,
    may: May,
    why: &'static str,
    way: &'static str,
}

const OF_CLAIMS: &str = "nothing resizes a claim that no storage class provisioned";
const SIZE_OF_CLAIMS: &str = "put the size back: EFS takes more than that by itself";
const FIXED_CLAIM: &str = "a claim is fixed once it is made";
const ANOTHER_NAME: &str = "put the value back; or deploy an instance of another name with the new one, move the data, and destroy the old one";
const BEHIND: &str =
    "what is behind a volume is fixed once it is made, and nothing moves the files";
const LOST_OR_MOVED: &str = "put the storage back; or deploy an instance of another name with the new one, move the files, and destroy the old one; where the files are lost, destroy and purge the target, deploy it anew and restore a backup";
const FIXED_SET: &str = "a StatefulSet is fixed but for its replicas, template and update strategy";
const FIXED_IN_MARIADB: &str = "mariadb-operator refuses to change it";

const GROWS_OR_STAYS: &str = "CloudNativePG never shrinks a disk";
const OLDER_VERSION: &str = "put the version back; or deploy an instance of another name with the older one and restore a backup from before the upgrade";
const RENAME: &str =
    "put the value back; or give the object another name, so that it is made beside the old one";

const RULES: &[PermanentField] = &[
    rule(
        "PersistentVolumeClaim",
        "/spec/resources/requests/storage",
        May::GrowWithClass,
        OF_CLAIMS,
        SIZE_OF_CLAIMS,
    ),
    rule(
        "PersistentVolumeClaim",
        "/spec/storageClassName",
        May::Never,
        FIXED_CLAIM,
        ANOTHER_NAME,
    ),
    rule(
        "PersistentVolumeClaim",
        "/spec/volumeName",
        May::Never,
        FIXED_CLAIM,
        ANOTHER_NAME,
    ),
    rule(
        "PersistentVolumeClaim",
        "/spec/accessModes",
        May::Never,
        FIXED_CLAIM,
        ANOTHER_NAME,
    ),
    rule(
        "PersistentVolumeClaim",
        "/spec/volumeMode",
        May::Never,
        FIXED_CLAIM,
        ANOTHER_NAME,
    ),
    rule(
        "PersistentVolume",
        "/spec/csi",
        May::Never,
        BEHIND,
        LOST_OR_MOVED,
    ),
    rule(
        "PersistentVolume",
        "/spec/volumeMode",
        May::Never,
        BEHIND,
        LOST_OR_MOVED,
    ),
    rule(
        "Cluster",
        "/spec/storage/size",
        May::Grow,
        GROWS_OR_STAYS,
        ANOTHER_NAME,
    ),
    rule(
        "Cluster",
        "/spec/walStorage/size",
        May::Grow,
        GROWS_OR_STAYS,
        ANOTHER_NAME,
    ),
    rule(
        "Cluster",
        "/spec/walStorage",
        May::NeverRemoved,
        "CloudNativePG doesn't move the write-ahead log back",
        ANOTHER_NAME,
    ),
    rule(
        "Cluster",
        "/spec/walStorage/storageClass",
        May::Never,
        "CloudNativePG leaves the disks that there are in their class",
        ANOTHER_NAME,
    ),
    rule(
        "Cluster",
        "/spec/imageName",
        May::NewerMajor,
        "PostgreSQL doesn't read the files of a newer major version",
        OLDER_VERSION,
    ),
    rule(
        "Cluster",
        "/spec/bootstrap/initdb/database",
        May::Never,
        "CloudNativePG reads it only when it makes the database",
        ANOTHER_NAME,
    ),
    rule(
        "Cluster",
        "/spec/storage/storageClass",
        May::Never,
        "CloudNativePG leaves the disks that there are in their class",
        ANOTHER_NAME,
    ),
    rule(
        "MariaDB",
        "/spec/storage/size",
        May::Grow,
        "mariadb-operator never shrinks a disk",
        ANOTHER_NAME,
    ),
    rule(
        "MariaDB",
        "/spec/storage/storageClassName",
        May::Never,
        FIXED_IN_MARIADB,
        ANOTHER_NAME,
    ),
    rule(
        "Database",
        "/spec/mariaDbRef",
        May::Never,
        FIXED_IN_MARIADB,
        ANOTHER_NAME,
    ),
    rule(
        "Database",
        "/spec/characterSet",
        May::Never,
        FIXED_IN_MARIADB,
        ANOTHER_NAME,
    ),
    rule(
        "Database",
        "/spec/collate",
        May::Never,
        FIXED_IN_MARIADB,
        ANOTHER_NAME,
    ),
    rule(
        "User",
        "/spec/mariaDbRef",
        May::Never,
        FIXED_IN_MARIADB,
        ANOTHER_NAME,
    ),
    rule(
        "User",
        "/spec/host",
        May::Never,
        FIXED_IN_MARIADB,
        ANOTHER_NAME,
    ),
    rule(
        "Grant",
        "/spec/mariaDbRef",
        May::Never,
        FIXED_IN_MARIADB,
        ANOTHER_NAME,
    ),
    rule(
        "Grant",
        "/spec/username",
        May::Never,
        FIXED_IN_MARIADB,
        ANOTHER_NAME,
    ),
    rule(
        "Grant",
        "/spec/host",
        May::Never,
        FIXED_IN_MARIADB,
        ANOTHER_NAME,
    ),
    rule(
        "StatefulSet",
        "/spec/serviceName",
        May::Never,
        FIXED_SET,
        ANOTHER_NAME,
    ),
    rule(
        "StatefulSet",
        "/spec/selector",
        May::Never,
        FIXED_SET,
        ANOTHER_NAME,
    ),
    rule(
        "StatefulSet",
        "/spec/podManagementPolicy",
        May::Never,
        FIXED_SET,
        ANOTHER_NAME,
    ),
    rule(
        "StatefulSet",
        "/spec/volumeClaimTemplates",
        May::Never,
        FIXED_SET,
        ANOTHER_NAME,
    ),
    rule(
        "MariaDB",
        "/spec/rootPasswordSecretKeyRef",
        May::Never,
        FIXED_IN_MARIADB,
        ANOTHER_NAME,
    ),
    rule(
        "MariaDB",
        "/spec/storage/ephemeral",
        May::Never,
        FIXED_IN_MARIADB,
        ANOTHER_NAME,
    ),
    rule(
        "MariaDB",
        "/spec/image",
        May::NewerMajor,
        "MariaDB doesn't read the files of a newer major version",
        OLDER_VERSION,
    ),
    rule(
        "Service",
        "/spec/clusterIP",
        May::NeitherToNorFrom("None"),
        "a Service stays headless or stays what it is",
        RENAME,
    ),
    rule(
        "ConfigMap",
        "/data",
        May::NeverWhere("/immutable"),
        "it says itself that it is immutable",
        RENAME,
    ),
    rule(
        "ConfigMap",
        "/binaryData",
        May::NeverWhere("/immutable"),
        "it says itself that it is immutable",
        RENAME,
    ),
    rule(
        "ConfigMap",
        "/immutable",
        May::NeverWhere("/immutable"),
        "a ConfigMap stays immutable",
        RENAME,
    ),
    rule(
        "RoleBinding",
        "/roleRef",
        May::Never,
        "a binding stays with its role",
        RENAME,
    ),
    rule(
        "Deployment",
        "/spec/selector",
        May::Never,
        "the selector of a Deployment is fixed once it is made",
        ANOTHER_NAME,
    ),
];

const fn rule(
    kind: &'static str,
    field: &'static str,
    may: May,
    why: &'static str,
    way: &'static str,
) -> PermanentField {
    PermanentField {
        kind,
        field,
        may,
        why,
        way,
    }
}

/// A change that can't be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImpossibleChange {
    /// What, and why not: a clause.
    pub what: String,
    /// The way out.
    pub way: &'static str,
}

/// Every change of a base that a cluster or an operator would refuse.
#[must_use]
pub fn impossible(changes: &[Changed]) -> Vec<ImpossibleChange> {
    let broken = changes.iter().flat_map(|change| {
        let rules = RULES.iter().filter(|rule| rule.kind == change.kind);
        rules.filter_map(|rule| broken(rule, change))
    });
    broken.collect()
}

/// The fields of a change that break a rule, as JSON pointers.
pub(super) fn broken_fields(change: &Changed) -> Vec<&'static str> {
    let rules = RULES.iter().filter(|rule| rule.kind == change.kind);
    rules
        .filter(|rule| broken(rule, change).is_some())
        .map(|rule| rule.field)
        .collect()
}

fn broken(rule: &PermanentField, change: &Changed) -> Option<ImpossibleChange> {
    let (old, new) = (
        change.before.pointer(rule.field),
        change.after.pointer(rule.field),
    );
    // A part that comes or goes as a whole has a rule of its own, if any.
    let part = rule.field.rsplit_once('/').map_or("", |(part, _)| part);
    let stays = change.before.pointer(part).is_some() && change.after.pointer(part).is_some();
    if old == new || !stays || may_be(rule.may, change, old, new) {
        return None;
    }
    let field = rule.field.trim_start_matches('/').replace('/', ".");
    let fromto = match (shown(old), shown(new)) {
        (Some(old), Some(new)) => format!(" from {old} to {new}"),
        _ => String::new(),
    };
    Some(ImpossibleChange {
        what: format!(
            "{} of the {} {} can't change{fromto}: {}",
            field, rule.kind, change.name, rule.why
        ),
        way: rule.way,
    })
}

fn may_be(may: May, change: &Changed, old: Option<&Value>, new: Option<&Value>) -> bool {
    let order = || quantity::compare(old?.as_str()?, new?.as_str()?);
    let provisioned = || {
        let class = change.before.pointer("/spec/storageClassName");
        class.and_then(Value::as_str) != Some("")
    };
    match may {
        May::Never => false,
        May::Grow => matches!(order(), Some(Ordering::Less | Ordering::Equal)),
        May::GrowWithClass => match order() {
            // The same size in another spelling.
            Some(Ordering::Equal) => true,
            Some(Ordering::Less) => provisioned(),
            _ => false,
        },
        May::NeitherToNorFrom(value) => {
            let is = |field: Option<&Value>| field.and_then(Value::as_str) == Some(value);
            is(old) == is(new)
        }
        May::NeverRemoved => new.is_some(),
        May::NewerMajor => match (major(old), major(new)) {
            (Some(old), Some(new)) => old <= new,
            // Another way to name it, of which nobody can say which version it is.
            _ => true,
        },
        May::NeverWhere(flag) => change.before.pointer(flag) != Some(&Value::Bool(true)),
    }
}

/// The major version in the tag of an image: `16` of `postgresql:16.4-bookworm@sha256:…`.
fn major(image: Option<&Value>) -> Option<u32> {
    let name = image?.as_str()?.split('@').next()?;
    let (_, tag) = name.rsplit('/').next()?.split_once(':')?;
    let digits = tag.trim_start_matches('v');
    let end = digits
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    digits[..end].parse().ok()
}

/// A text as a sentence shows it; nothing of lists and maps.
fn shown(value: Option<&Value>) -> Option<String> {
    match value {
        None => Some("none".to_owned()),
        Some(Value::String(text)) if text.is_empty() => Some("\"\"".to_owned()),
        Some(Value::String(text)) => Some(token::show(text)),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests;
