//! Databases that a plan restarts: changes of their manifests that no operator carries out
//! on a running server.

use std::cmp::Ordering;

use serde_json::Value;

use super::Changed;
use crate::plan::Remark;
use crate::quantity::compare;

/// What PostgreSQL reads only when it starts (`postmaster` in `pg_settings`), as far as an
/// app would set it. CloudNativePG restarts its instances for these and reloads for others.
const READ_AT_START: &[&str] = &[
    "archive_mode",
    "autovacuum_freeze_max_age",
    "autovacuum_max_workers",
    "huge_pages",
    "max_connections",
    "max_files_per_process",
    "max_locks_per_transaction",
    "max_logical_replication_workers",
    "max_prepared_transactions",
    "max_replication_slots",
    "max_wal_senders",
    "max_worker_processes",
    "shared_buffers",
    "superuser_reserved_connections",
    "track_activity_query_size",
    "track_commit_timestamp",
    "wal_buffers",
    "wal_level",
    "wal_log_hints",
];

/// For each kind of database: its name for people, and the fields, as JSON pointers within
/// the object, at whose change its pods are made anew.
const KINDS: &[(&str, &str, &[&str])] = &[
    (
        "Cluster",
        "PostgreSQL",
        &["/spec/imageName", "/spec/resources", "/spec/affinity"],
    ),
    (
        "MariaDB",
        "MariaDB",
        &[
            "/spec/image",
            "/spec/resources",
            "/spec/myCnf",
            "/spec/affinity",
            "/spec/podSecurityContext",
            "/spec/securityContext",
            "/spec/tls",
            "/spec/replication",
        ],
    ),
    ("StatefulSet", "", &["/spec/template"]),
    ("Deployment", "", &["/spec/template"]),
];

/// The code of these remarks.
pub const REMARK: &str = "database-restart";

/// A remark for each database of a target's base that runs and will be restarted, with what
/// changes. What is made or removed doesn't restart.
#[must_use]
pub fn remarks(changes: &[Changed]) -> Vec<Remark> {
    let restarted = changes.iter().filter_map(|change| {
        let (_, database, fields) = KINDS.iter().find(|(known, ..)| *known == change.kind)?;
        let found = fields_that_restart(change, fields);
        let shown = if database.is_empty() {
            &change.name
        } else {
            *database
        };
        (!found.is_empty()).then(|| remark(shown, &found))
    });
    restarted.collect()
}

fn remark(database: &str, changed: &[String]) -> Remark {
    Remark::new(
        REMARK,
        format!("{database} is restarted, since {} changes", changed.join(", ")),
    )
    .help("while a single instance restarts the app has none; with more, its operator switches over between them")
}

/// Whether two values are the same to an operator: a quantity is, however it is written.
fn same(before: Option<&Value>, after: Option<&Value>) -> bool {
    match (before, after) {
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            let mut keys = before.keys().chain(after.keys());
            keys.all(|key| same(before.get(key), after.get(key)))
        }
        (Some(Value::String(before)), Some(Value::String(after))) => {
            before == after || compare(before, after) == Some(Ordering::Equal)
        }
        (before, after) => before == after,
    }
}

/// What differs of that which needs a restart, in the words of the manifest.
fn fields_that_restart(change: &Changed, fields: &[&str]) -> Vec<String> {
    let differs = |pointer: &str| {
        !same(
            change.before.pointer(pointer),
            change.after.pointer(pointer),
        )
    };
    let name = |pointer: &str| pointer.trim_start_matches("/spec/").replace('/', ".");
    let mut found: Vec<String> = fields
        .iter()
        .filter(|pointer| differs(pointer))
        .map(|pointer| name(pointer))
        .collect();
    if change.kind == "Cluster" {
        let parameters = READ_AT_START
            .iter()
            .filter(|parameter| differs(&format!("/spec/postgresql/parameters/{parameter}")));
        found.extend(parameters.map(|parameter| (*parameter).to_owned()));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base_change::{changed, file_effect};

    const POSTGRES: &str = "\
apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata:
  name: postgres
spec:
  instances: 2
  imageName: ghcr.io/acme/postgres:17.1
  resources:
    requests:
      memory: 1Gi
  postgresql:
    parameters:
      max_connections: \"100\"
      work_mem: 4MB
---
apiVersion: v1
kind: Service
metadata:
  name: other
spec: {}
";
    const MARIADB: &str = "\
apiVersion: k8s.mariadb.com/v1alpha1
kind: MariaDB
metadata:
  name: mariadb
spec:
  replicas: 1
  myCnf: |
    [mariadb]
    max_connections=100
";
    const REDIS: &str = "\
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: redis-cache
spec:
  replicas: 1
  template:
    spec:
      containers:
        - name: redis
          image: docker.io/library/redis:7.2.5
";

    fn said(before: Option<&str>, after: Option<&str>) -> Vec<String> {
        remarks(&changed(&[file_effect(before, after)]))
            .into_iter()
            .map(|remark| remark.message)
            .collect()
    }

    #[test]
    fn what_restarts_a_database_is_told_with_its_reason() {
        let cases: &[(&str, &str, &str, &[&str])] = &[
            (
                POSTGRES,
                "\"100\"",
                "\"200\"",
                &["PostgreSQL is restarted, since max_connections changes"],
            ),
            (
                POSTGRES,
                "1Gi",
                "2Gi",
                &["PostgreSQL is restarted, since resources changes"],
            ),
            // As much as before.
            (POSTGRES, "1Gi", "1024Mi", &[]),
            (
                POSTGRES,
                "17.1",
                "17.2",
                &["PostgreSQL is restarted, since imageName changes"],
            ),
            // Reloaded, scaled, or another's.
            (POSTGRES, "4MB", "8MB", &[]),
            (POSTGRES, "instances: 2", "instances: 3", &[]),
            (POSTGRES, "spec: {}", "spec: { clusterIP: None }", &[]),
            (
                MARIADB,
                "=100",
                "=200",
                &["MariaDB is restarted, since myCnf changes"],
            ),
            (MARIADB, "replicas: 1", "replicas: 3", &[]),
            (
                REDIS,
                "7.2.5",
                "7.2.6",
                &["redis-cache is restarted, since template changes"],
            ),
            (REDIS, "replicas: 1", "replicas: 2", &[]),
        ];
        for (text, from, to, expected) in cases {
            let changed = text.replace(from, to);
            assert_ne!(*text, changed, "{from}");
            assert_eq!(said(Some(text), Some(&changed)), *expected, "{from} → {to}");
        }
    }

    #[test]
    fn what_is_made_or_removed_does_not_restart() {
        assert!(said(None, Some(POSTGRES)).is_empty());
        assert!(said(Some(POSTGRES), None).is_empty());
        assert!(said(Some("a: *b"), Some(POSTGRES)).is_empty());
    }
}
