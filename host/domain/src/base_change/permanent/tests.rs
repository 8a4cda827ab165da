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

const WAL: &str = "\
apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata:
  name: postgres
spec:
  imageName: ghcr.io/cloudnative-pg/postgresql:17.5-standard@sha256:0a
  storage:
    size: 20Gi
  walStorage:
    size: 5Gi
";
const ROOT: &str = "\
apiVersion: k8s.mariadb.com/v1alpha1
kind: MariaDB
metadata:
  name: mariadb
spec:
  image: docker.io/library/mariadb:11.8.2
  rootPasswordSecretKeyRef:
    name: root
    key: password
  storage:
    size: 20Gi
";
const HEADLESS: &str = "\
apiVersion: v1
kind: Service
metadata:
  name: redis
spec:
  clusterIP: None
  ports:
  - port: 6379
";
const SETTINGS: &str = "\
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
immutable: true
data:
  a: one
";
const BINDING: &str = "\
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: reader
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: reader
subjects: []
";

#[test]
fn so_are_the_siblings_of_other_kinds() {
    let cases: &[(&str, &str, &str, &[&str])] = &[
        (WAL, "size: 5Gi", "size: 8Gi", &[]),
        (
            WAL,
            "size: 5Gi",
            "size: 4Gi",
            &[
                "spec.walStorage.size of the Cluster postgres can't change from 5Gi to 4Gi: CloudNativePG never shrinks a disk",
            ],
        ),
        (
            WAL,
            "  walStorage:\n    size: 5Gi\n",
            "",
            &[
                "spec.walStorage of the Cluster postgres can't change: CloudNativePG doesn't move the write-ahead log back",
            ],
        ),
        (
            WAL,
            "17.5-standard@sha256:0a",
            "18.0-standard@sha256:0b",
            &[],
        ),
        (WAL, "17.5-standard", "17.2-standard", &[]),
        (
            WAL,
            "17.5-standard@sha256:0a",
            "16.9-standard@sha256:0b",
            &[
                "spec.imageName of the Cluster postgres can't change from ghcr.io/cloudnative-pg/postgresql:17.5-standard@sha256:0a to ghcr.io/cloudnative-pg/postgresql:16.9-standard@sha256:0b: PostgreSQL doesn't read the files of a newer major version",
            ],
        ),
        // Which version that is nobody can say.
        (WAL, ":17.5-standard@sha256:0a", "@sha256:0b", &[]),
        (ROOT, "11.8.2", "12.0.2", &[]),
        (
            ROOT,
            "11.8.2",
            "10.11.2",
            &[
                "spec.image of the MariaDB mariadb can't change from docker.io/library/mariadb:11.8.2 to docker.io/library/mariadb:10.11.2: MariaDB doesn't read the files of a newer major version",
            ],
        ),
        (
            ROOT,
            "key: password",
            "key: root",
            &[
                "spec.rootPasswordSecretKeyRef of the MariaDB mariadb can't change: mariadb-operator refuses to change it",
            ],
        ),
        (
            HEADLESS,
            "  clusterIP: None\n",
            "",
            &[
                "spec.clusterIP of the Service redis can't change from None to none: a Service stays headless or stays what it is",
            ],
        ),
        (HEADLESS, "6379", "6380", &[]),
        (
            SETTINGS,
            "a: one",
            "a: two",
            &["data of the ConfigMap settings can't change: it says itself that it is immutable"],
        ),
        (
            SETTINGS,
            "immutable: true\n",
            "",
            &["immutable of the ConfigMap settings can't change: a ConfigMap stays immutable"],
        ),
        (
            BINDING,
            "Role\n  name: reader",
            "Role\n  name: writer",
            &["roleRef of the RoleBinding reader can't change: a binding stays with its role"],
        ),
    ];
    for (text, from, to, expected) in cases {
        assert_eq!(said(text, from, to), *expected, "{from} → {to}");
    }
    // The other way round a part comes, or a mark that nothing forbids.
    let without = WAL.replace("  walStorage:\n    size: 5Gi\n", "");
    let added = changed(&[file_effect(Some(&without), Some(WAL))]);
    assert!(impossible(&added).is_empty());
    let open = SETTINGS.replace("immutable: true\n", "");
    let closed = changed(&[file_effect(Some(&open), Some(SETTINGS))]);
    assert!(impossible(&closed).is_empty());
}

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
