//! Contents of kinds that are allowed, which reach a neighbour or beyond.

use super::{Attack, CLAIM, EXTERNAL, GRANT, kept, service, with};

pub(super) fn attacks() -> Vec<Attack> {
    let external = kept("external-secrets.io/v1", "ExternalSecret", EXTERNAL);
    let grant = kept("k8s.mariadb.com/v1alpha1", "Grant", GRANT);
    let claim = kept("v1", "PersistentVolumeClaim", CLAIM);
    let own_key = "deploycenter/testing/acme/mattermost/i1/app";
    let user = kept(
        "k8s.mariadb.com/v1alpha1",
        "User",
        "spec:\n  mariaDbRef: { name: mariadb, namespace: rivoli--moodle }\n  passwordSecretKeyRef: { name: x, key: x }\n  cleanupPolicy: Skip\n",
    );
    let database = kept(
        "k8s.mariadb.com/v1alpha1",
        "Database",
        "spec:\n  mariaDbRef: { name: mariadb }\n  cleanupPolicy: Delete\n",
    );
    let volume = "spec:\n  capacity: { storage: 1Gi }\n  accessModes: [ReadWriteMany]\n  persistentVolumeReclaimPolicy: Retain\n  storageClassName: \"\"\n  mountOptions: [tls]\n  csi: { driver: efs.csi.aws.com, volumeHandle: \"[[ volumes.data.handle ]]\" }\n  claimRef: { name: more, namespace: acme--mattermost }\n";
    let volume = with(
        &kept("v1", "PersistentVolume", volume),
        "  name: x\n  namespace: acme--mattermost\n",
        "  name: acme--mattermost--more\n",
    );
    let mut cases = vec![
        (
            with(
                &external,
                own_key,
                "deploycenter/testing/rivoli/moodle/i1/app",
            ),
            "remoteRef.key \"deploycenter/testing/rivoli/moodle/i1/app\", which has to be an entry in Secrets Manager that is the target's own",
        ),
        (
            with(
                &external,
                own_key,
                "deploycenter/testing/acme/mattermost/i1/../../../rivoli/moodle/i1/app",
            ),
            "has to be an entry in Secrets Manager",
        ),
        (
            with(
                &external,
                own_key,
                "deploycenter/testing/acme/mattermost/i10/app",
            ),
            "has to be an entry in Secrets Manager",
        ),
        (
            with(
                &external,
                "kind: SecretStore, name: secrets-manager",
                "kind: ClusterSecretStore, name: all",
            ),
            "secretStoreRef.kind \"ClusterSecretStore\"",
        ),
        (
            with(&external, "kind: SecretStore, name", "name"),
            "has no spec.secretStoreRef.kind",
        ),
        (
            with(
                &external,
                "  data:\n",
                "  dataFrom: [{find: {name: {regexp: \".*\"}}}]\n  data:\n",
            ),
            "spec.dataFrom",
        ),
        (
            with(
                &external,
                "creationPolicy: Owner,",
                "creationPolicy: Owner, template: {metadata: {annotations: {a: b}}},",
            ),
            "spec.target.template",
        ),
        (
            with(&external, "creationPolicy: Owner", "creationPolicy: Merge"),
            "spec.target.creationPolicy \"Merge\"",
        ),
        (
            with(
                &external,
                "    - secretKey: x\n",
                "    - secretKey: x\n      sourceRef: {storeRef: {kind: ClusterSecretStore, name: all}}\n",
            ),
            "spec.data[0].sourceRef",
        ),
        (
            with(
                &grant,
                "name: mariadb }",
                "name: mariadb, namespace: rivoli--moodle }",
            ),
            "spec.mariaDbRef.namespace",
        ),
        (
            with(
                &grant,
                "mariaDbRef: { name: mariadb }",
                "mariaDbRef: { name: mariadb, kind: ExternalMariaDB }",
            ),
            "spec.mariaDbRef.kind",
        ),
        (
            with(&grant, "database: moodle", "database: \"*\""),
            "spec.database \"*\"",
        ),
        (
            with(&grant, "host: \"%\"", "grantOption: true"),
            "spec.grantOption",
        ),
        (user, "spec.mariaDbRef.namespace"),
        (database, "spec.cleanupPolicy \"Delete\""),
        (
            with(&claim, "gp3", "\"\""),
            "has to name a storage class or, with an empty one, its volume",
        ),
        (
            with(&claim, "gp3", "gp3\n  volumeName: acme--mattermost--data"),
            "has to name a storage class or, with an empty one, its volume",
        ),
        (
            with(
                &claim,
                "storageClassName: gp3",
                "storageClassName: \"\"\n  volumeName: rivoli--moodle--data",
            ),
            "spec.volumeName \"rivoli--moodle--data\"",
        ),
        (
            with(
                &claim,
                "gp3",
                "gp3\n  dataSource: {kind: VolumeSnapshot, name: x}",
            ),
            "spec.dataSource",
        ),
        (
            with(
                &claim,
                "gp3",
                "gp3\n  dataSourceRef: {kind: PersistentVolumeClaim, name: x, namespace: rivoli--moodle}",
            ),
            "spec.dataSourceRef",
        ),
        (
            with(&claim, "gp3", "gp3\n  selector: {matchLabels: {a: b}}"),
            "spec.selector",
        ),
        (
            with(&claim, "Delete=false,Prune=false", "Prune=false"),
            "keeps or guards data and has to carry the annotation that protects it",
        ),
        (
            with(
                &volume,
                "driver: efs.csi.aws.com",
                "driver: ebs.csi.aws.com",
            ),
            "spec.csi.driver \"ebs.csi.aws.com\"",
        ),
        (
            with(&volume, "[tls]", "[tls, iam]"),
            "spec.mountOptions[1] \"iam\"",
        ),
        (
            with(&volume, "\"[[ volumes.data.handle ]]\"", "fs-1::fsap-1"),
            "spec.csi.volumeHandle \"fs-1::fsap-1\", which has to be a volume that the target asked for",
        ),
        (
            with(
                &volume,
                "\"[[ volumes.data.handle ]]\"",
                "\"[[ volumes.data.handle ]]:/x\"",
            ),
            "which has to be a volume that the target asked for",
        ),
        (
            with(
                &volume,
                "driver: efs.csi.aws.com,",
                "driver: efs.csi.aws.com, volumeAttributes: {path: /},",
            ),
            "spec.csi.volumeAttributes",
        ),
        (
            with(
                &volume,
                "driver: efs.csi.aws.com,",
                "driver: efs.csi.aws.com, nodeStageSecretRef: {name: x, namespace: kube-system},",
            ),
            "spec.csi.nodeStageSecretRef",
        ),
        (
            with(
                &volume,
                "  mountOptions",
                "  hostPath: {path: /}\n  mountOptions",
            ),
            "spec.hostPath",
        ),
        (
            with(&volume, "Retain\n", "Delete\n"),
            "spec.persistentVolumeReclaimPolicy \"Delete\"",
        ),
        (
            with(
                &volume,
                "name: more, namespace: acme--mattermost",
                "name: more, namespace: rivoli--moodle",
            ),
            "spec.claimRef.namespace",
        ),
        (
            with(
                &volume,
                "name: acme--mattermost--more",
                "name: acme--mattermost-more",
            ),
            "has metadata.name",
        ),
    ];
    for (line, says) in [
        ("type: LoadBalancer", "spec.type \"LoadBalancer\""),
        ("type: NodePort", "spec.type \"NodePort\""),
        (
            "type: ExternalName\n  externalName: metadata.google.internal",
            "spec.type \"ExternalName\"",
        ),
        ("externalIPs: [10.0.0.1]", "spec.externalIPs"),
        ("loadBalancerIP: 10.0.0.1", "spec.loadBalancerIP"),
        ("clusterIP: 10.100.0.10", "spec.clusterIP \"10.100.0.10\""),
        ("healthCheckNodePort: 30000", "spec.healthCheckNodePort"),
        ("externalTrafficPolicy: Local", "spec.externalTrafficPolicy"),
    ] {
        cases.push((
            with(&service(), "spec:\n", &format!("spec:\n  {line}\n")),
            says,
        ));
    }
    cases.push((
        with(&service(), "port: 80", "port: 80, nodePort: 30000"),
        "spec.ports[0].nodePort",
    ));
    // What the host makes itself adds up, so a second one could loosen it.
    for (version, kind) in [
        ("v1", "Namespace"),
        ("v1", "ResourceQuota"),
        ("v1", "LimitRange"),
        ("v1", "ServiceAccount"),
        ("networking.k8s.io/v1", "NetworkPolicy"),
        ("rbac.authorization.k8s.io/v1", "Role"),
        ("rbac.authorization.k8s.io/v1", "RoleBinding"),
        ("external-secrets.io/v1", "SecretStore"),
    ] {
        cases.push((
            kept(version, kind, "spec: {}\n"),
            "is of a kind that the host makes itself",
        ));
    }
    cases
}
