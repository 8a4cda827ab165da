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
}

/// One field of one kind.
struct Rule {
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

const RULES: &[Rule] = &[
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
        "CloudNativePG never shrinks a disk",
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
) -> Rule {
    Rule {
        kind,
        field,
        may,
        why,
        way,
    }
}

/// A change that can't be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impossible {
    /// What, and why not: a clause.
    pub what: String,
    /// The way out.
    pub way: &'static str,
}

/// Every change of a base that a cluster or an operator would refuse.
#[must_use]
pub fn impossible(changes: &[Changed]) -> Vec<Impossible> {
    let broken = changes.iter().flat_map(|change| {
        let rules = RULES.iter().filter(|rule| rule.kind == change.kind);
        rules.filter_map(|rule| broken(rule, change))
    });
    broken.collect()
}

fn broken(rule: &Rule, change: &Changed) -> Option<Impossible> {
    let (old, new) = (
        change.before.pointer(rule.field),
        change.after.pointer(rule.field),
    );
    if old == new || may_be(rule.may, change, old, new) {
        return None;
    }
    let field = rule.field.trim_start_matches('/').replace('/', ".");
    let fromto = match (shown(old), shown(new)) {
        (Some(old), Some(new)) => format!(" from {old} to {new}"),
        _ => String::new(),
    };
    Some(Impossible {
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
    }
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
mod tests {
    use super::*;
    use crate::base_change::{changed, file_effect};

    fn said(text: &str, from: &str, to: &str) -> Vec<String> {
        let after = text.replace(from, to);
        assert_ne!(text, after, "{from}");
        impossible(&changed(&[file_effect(Some(text), Some(&after))]))
            .into_iter()
            .map(|impossible| impossible.what)
            .collect()
    }

    const VOLUME: &str = "\
apiVersion: v1
kind: PersistentVolume
metadata:
  name: acme--odoo--data
spec:
  capacity:
    storage: 20Gi
  csi:
    driver: efs.csi.aws.com
    volumeHandle: \"fs-1::fsap-1\"
";
    const CLAIM: &str = "\
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: data
spec:
  resources:
    requests:
      storage: 20Gi
  storageClassName: \"\"
  volumeName: acme--odoo--data
";
    const POSTGRES: &str = "\
apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata:
  name: postgres
spec:
  instances: 2
  storage:
    size: 20Gi
    storageClass: gp3
";
    const MARIADB: &str = "\
apiVersion: k8s.mariadb.com/v1alpha1
kind: MariaDB
metadata:
  name: mariadb
spec:
  replicas: 1
  storage:
    size: 20Gi
---
apiVersion: k8s.mariadb.com/v1alpha1
kind: Database
metadata:
  name: moodle
spec:
  collate: utf8mb4_unicode_ci
  mariaDbRef:
    name: mariadb
";
    const REDIS: &str = "\
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: redis
spec:
  replicas: 1
  serviceName: redis
  selector:
    matchLabels:
      app: redis
";

    #[test]
    fn what_a_cluster_or_an_operator_refuses_is_no_plan() {
        let cases: &[(&str, &str, &str, &[&str])] = &[
            (
                VOLUME,
                "fs-1::fsap-1",
                "fs-2::fsap-1",
                &[
                    "spec.csi of the PersistentVolume acme--odoo--data can't change: what is behind a volume is fixed once it is made, and nothing moves the files",
                ],
            ),
            (VOLUME, "20Gi", "40Gi", &[]),
            (
                CLAIM,
                "20Gi",
                "40Gi",
                &[
                    "spec.resources.requests.storage of the PersistentVolumeClaim data can't change from 20Gi to 40Gi: nothing resizes a claim that no storage class provisioned",
                ],
            ),
            (
                CLAIM,
                "20Gi",
                "10Gi",
                &[
                    "spec.resources.requests.storage of the PersistentVolumeClaim data can't change from 20Gi to 10Gi: nothing resizes a claim that no storage class provisioned",
                ],
            ),
            (CLAIM, "20Gi", "20480Mi", &[]),
            (
                CLAIM,
                "\"\"",
                "gp3",
                &[
                    "spec.storageClassName of the PersistentVolumeClaim data can't change from \"\" to gp3: a claim is fixed once it is made",
                ],
            ),
            (
                POSTGRES,
                "20Gi",
                "10Gi",
                &[
                    "spec.storage.size of the Cluster postgres can't change from 20Gi to 10Gi: CloudNativePG never shrinks a disk",
                ],
            ),
            (POSTGRES, "20Gi", "1Ti", &[]),
            (
                POSTGRES,
                "    storageClass: gp3\n",
                "",
                &[
                    "spec.storage.storageClass of the Cluster postgres can't change from gp3 to none: CloudNativePG leaves the disks that there are in their class",
                ],
            ),
            (POSTGRES, "instances: 2", "instances: 3", &[]),
            (
                MARIADB,
                "20Gi",
                "19Gi",
                &[
                    "spec.storage.size of the MariaDB mariadb can't change from 20Gi to 19Gi: mariadb-operator never shrinks a disk",
                ],
            ),
            (MARIADB, "20Gi", "30Gi", &[]),
            (MARIADB, "replicas: 1", "replicas: 3", &[]),
            (
                MARIADB,
                "unicode_ci",
                "bin",
                &[
                    "spec.collate of the Database moodle can't change from utf8mb4_unicode_ci to utf8mb4_bin: mariadb-operator refuses to change it",
                ],
            ),
            (
                REDIS,
                "serviceName: redis",
                "serviceName: other",
                &[
                    "spec.serviceName of the StatefulSet redis can't change from redis to other: a StatefulSet is fixed but for its replicas, template and update strategy",
                ],
            ),
            (
                REDIS,
                "app: redis",
                "app: other",
                &[
                    "spec.selector of the StatefulSet redis can't change: a StatefulSet is fixed but for its replicas, template and update strategy",
                ],
            ),
            (REDIS, "replicas: 1", "replicas: 2", &[]),
        ];
        for (text, from, to, expected) in cases {
            assert_eq!(said(text, from, to), *expected, "{from} → {to}");
        }
    }

    #[test]
    fn what_is_made_under_another_name_may_be_anything() {
        assert!(said(VOLUME, "acme--odoo--data", "acme--odoo--files").is_empty());
        assert!(impossible(&changed(&[file_effect(None, Some(POSTGRES))])).is_empty());
        assert!(impossible(&changed(&[file_effect(Some(POSTGRES), None)])).is_empty());
    }
}
