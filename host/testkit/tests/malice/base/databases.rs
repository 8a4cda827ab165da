//! What an operator of a database would do for whoever asks.

use super::{Attack, CLUSTER, MARIADB, kept, with};

pub(super) fn attacks() -> Vec<Attack> {
    let cluster = kept("postgresql.cnpg.io/v1", "Cluster", CLUSTER);
    let mariadb = kept("k8s.mariadb.com/v1alpha1", "MariaDB", MARIADB);
    let mut cases = vec![
        (
            with(
                &cluster,
                "owner: x }",
                "owner: x, postInitSQLRefs: {secretRefs: [{name: x, key: x}]} }",
            ),
            "initdb.postInitSQLRefs",
        ),
        (
            with(
                &cluster,
                "owner: x }",
                "owner: x, postInitApplicationSQL: [\"SELECT 1\"] }",
            ),
            "initdb.postInitApplicationSQL",
        ),
        (
            with(
                &cluster,
                "owner: x }",
                "owner: x, import: {type: monolith, databases: [\"*\"], source: {externalCluster: x}} }",
            ),
            "initdb.import",
        ),
        (
            with(
                &cluster,
                "initdb: { database: x, owner: x }",
                "recovery: { source: x }",
            ),
            "bootstrap.recovery",
        ),
        (
            with(
                &cluster,
                "initdb: { database: x, owner: x }",
                "pg_basebackup: { source: x }",
            ),
            "bootstrap.pg_basebackup",
        ),
        (
            with(
                &cluster,
                "size: 1Gi }",
                "size: 1Gi, pvcTemplate: {volumeName: rivoli--moodle--data} }",
            ),
            "storage.pvcTemplate",
        ),
    ];
    for line in [
        "superuserSecret: {name: x}",
        "enableSuperuserAccess: true",
        "externalClusters: [{name: x, connectionParameters: {host: postgres-rw.rivoli--moodle}}]",
        "managed: {roles: [{name: x, superuser: true}]}",
        "managed: {services: {additional: [{selectorType: rw, serviceTemplate: {spec: {type: LoadBalancer}}}]}}",
        "backup: {barmanObjectStore: {destinationPath: s3://theirs, s3Credentials: {inheritFromIAMRole: true}}}",
        "projectedVolumeTemplate: {sources: [{serviceAccountToken: {path: t}}]}",
        "serviceAccountTemplate: {metadata: {annotations: {eks.amazonaws.com/role-arn: x}}}",
        "inheritedMetadata: {annotations: {a: b}}",
        "env: [{name: X, value: x}]",
        "imagePullSecrets: [{name: x}]",
        "certificates: {serverCASecret: x}",
        "plugins: [{name: x}]",
        "tablespaces: [{name: x, storage: {size: 1Gi}}]",
        "ephemeralVolumeSource: {volumeClaimTemplate: {}}",
        "replica: {enabled: true, source: x}",
        "seccompProfile: {type: Unconfined}",
        "postgresUID: 0",
        "schedulerName: x",
        "priorityClassName: system-node-critical",
    ] {
        cases.push((
            with(&cluster, "spec:\n", &format!("spec:\n  {line}\n")),
            "Cluster \"x\" has spec.",
        ));
    }
    for line in [
        "volumes: [{name: v, hostPath: {path: /}}]",
        "volumeMounts: [{name: v, mountPath: /x}]",
        "sidecarContainers: [{name: x, image: x}]",
        "initContainers: [{name: x, image: x}]",
        "podMetadata: {annotations: {a: b}}",
        "inheritMetadata: {annotations: {a: b}}",
        "serviceAccountName: x",
        "imagePullSecrets: [{name: x}]",
        "service: {type: LoadBalancer}",
        "primaryService: {type: NodePort}",
        "bootstrapFrom: {s3: {bucket: theirs, endpoint: x}}",
        "passwordSecretKeyRef: {name: x, key: x}",
        "myCnfConfigMapKeyRef: {name: x, key: x}",
        "env: [{name: X, value: x}]",
        "maxScale: {enabled: true}",
        "galera: {enabled: true}",
        "metrics: {enabled: true}",
        "tolerations: [{operator: Exists}]",
        "nodeSelector: {a: b}",
        "priorityClassName: system-node-critical",
    ] {
        cases.push((
            with(&mariadb, "spec:\n", &format!("spec:\n  {line}\n")),
            "MariaDB \"x\" has spec.",
        ));
    }
    cases.extend([
        (with(&mariadb, "size: 1Gi }", "size: 1Gi, volumeClaimTemplate: {volumeName: x} }"), "spec.storage.volumeClaimTemplate"),
        (with(&mariadb, "name: mariadb-root, key: password", "name: mariadb-root, namespace: rivoli--moodle, key: password"), "spec.rootPasswordSecretKeyRef.namespace"),
        (with(&mariadb, "runAsNonRoot: true, ", ""), "has no spec.podSecurityContext.runAsNonRoot"),
        (with(&mariadb, "  securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: [ALL] } }\n", ""), "has no spec.securityContext"),
        (with(&mariadb, "spec:\n", "spec:\n  replication: {enabled: true, agent: {kubernetesAuth: {enabled: true}, securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}}\n"), "spec.replication.agent"),
    ]);
    cases
}
