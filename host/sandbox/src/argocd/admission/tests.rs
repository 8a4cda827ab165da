#![expect(clippy::unwrap_used, reason = "tests")]
use super::*;

fn manifest(object: Value) -> Manifest {
    Manifest::new(object, "n").unwrap()
}

#[test]
fn a_service_has_sound_ports() {
    let service = |port: u64| {
        manifest(
            json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"},
                        "spec": {"ports": [{"port": port}]}}),
        )
    };
    assert_eq!(of_itself(&service(80)), Vec::<String>::new());
    assert!(of_itself(&service(99_999_999))[0].contains("between 1 and 65535"));
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let said = invalid("Service \"s\"", &["a: b".to_owned(), "c: d".to_owned()]);
    assert_eq!(said, "Service \"s\" is invalid: [a: b, c: d]");
}

/// Kind, what stands, what is wanted instead (as specs), and a part of what is said.
type Row = (
    &'static str,
    &'static str,
    Value,
    Value,
    Option<&'static str>,
);

#[test]
fn what_cannot_change_is_refused() {
    let rows: Vec<Row> = vec![
        (
            "v1",
            "PersistentVolume",
            json!({"csi": {"volumeHandle": "fs-1::fsap-1"}}),
            json!({"csi": {"volumeHandle": "fs-1::fsap-2"}}),
            Some(
                "is invalid: spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation",
            ),
        ),
        (
            "v1",
            "PersistentVolume",
            json!({"csi": {"volumeHandle": "h"}, "capacity": {"storage": "1Gi"}}),
            json!({"csi": {"volumeHandle": "h"}, "capacity": {"storage": "2Gi"}, "storageClassName": "x"}),
            None,
        ),
        (
            "v1",
            "PersistentVolumeClaim",
            json!({"storageClassName": "a"}),
            json!({"storageClassName": "b"}),
            Some("spec is immutable after creation except resources.requests"),
        ),
        (
            "v1",
            "PersistentVolumeClaim",
            json!({}),
            json!({"volumeMode": "Filesystem"}),
            None,
        ),
        (
            "apps/v1",
            "StatefulSet",
            json!({"serviceName": "a", "replicas": 1}),
            json!({"serviceName": "b", "replicas": 1}),
            Some("updates to statefulset spec for fields other than 'replicas'"),
        ),
        (
            "apps/v1",
            "StatefulSet",
            json!({"serviceName": "a", "replicas": 1}),
            json!({"serviceName": "a", "replicas": 2}),
            None,
        ),
        (
            "apps/v1",
            "Deployment",
            json!({"selector": {"a": "b"}}),
            json!({"selector": {"a": "c"}}),
            Some("spec.selector: Invalid value: {\"a\":\"c\"}: field is immutable"),
        ),
        (
            "batch/v1",
            "Job",
            json!({"template": 1}),
            json!({"template": 2}),
            Some("spec.template: Invalid value"),
        ),
    ];
    for (version, kind, before, after, wanted) in rows {
        let object = |spec: &Value| json!({"apiVersion": version, "kind": kind, "metadata": {"name": "x"}, "spec": spec});
        let wrong = of_change(&manifest(object(&after)), &object(&before));
        let said = (!wrong.is_empty()).then(|| invalid("X \"x\"", &wrong));
        match wanted {
            None => assert_eq!(said, None, "{kind} {after}"),
            Some(part) => assert!(
                said.as_ref().is_some_and(|said| said.contains(part)),
                "{kind} {after}: {said:?}"
            ),
        }
    }
}

#[test]
fn what_lies_beside_the_spec_is_looked_at_too() {
    let settings = |immutable: bool, text: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "s"}, "immutable": immutable, "data": {"a": text}});
    let said = |before: &Value, after: Value| of_change(&manifest(after), before);
    assert_eq!(
        said(&settings(true, "1"), settings(true, "2")),
        ["data: Forbidden: field is immutable when `immutable` is set"]
    );
    assert_eq!(
        said(&settings(false, "1"), settings(true, "2")),
        Vec::<String>::new()
    );
    let binding = |role: &str| json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "b"}, "roleRef": {"name": role}});
    assert_eq!(
        said(&binding("a"), binding("b")),
        ["roleRef: Invalid value: {\"name\":\"b\"}: cannot change roleRef"]
    );
}

#[test]
fn operators_refuse_in_their_own_words() {
    let cluster = |spec: Value| json!({"apiVersion": "postgresql.cnpg.io/v1", "kind": "Cluster", "metadata": {"name": "db"}, "spec": spec});
    let mariadb = |spec: Value| json!({"apiVersion": "k8s.mariadb.com/v1alpha1", "kind": "MariaDB", "metadata": {"name": "db"}, "spec": spec});
    let user = |spec: Value| json!({"apiVersion": "k8s.mariadb.com/v1alpha1", "kind": "User", "metadata": {"name": "u"}, "spec": spec});
    let storage = |size: &str| json!({"storage": {"size": size}});
    let buffers = |buffers: &str| {
        json!({
            "resources": {"requests": {"memory": "256Mi"}, "limits": {"memory": "1Gi"}},
            "postgresql": {"parameters": {"shared_buffers": buffers}},
        })
    };
    for (before, after, wanted) in [
        (
            Some(cluster(storage("20Gi"))),
            cluster(storage("10Gi")),
            Some(
                "admission webhook \"vcluster.cnpg.io\" denied the request: Cluster.cluster.cnpg.io \"db\" is invalid: \
                  spec.storage: Invalid value: \"10Gi\": can't shrink existing storage from 20Gi to 10Gi",
            ),
        ),
        (
            Some(cluster(storage("20Gi"))),
            cluster(storage("40Gi")),
            None,
        ),
        (
            None,
            cluster(buffers("512MB")),
            Some("Memory request is lower than PostgreSQL `shared_buffers` value"),
        ),
        (None, cluster(buffers("256MB")), None),
        (
            Some(mariadb(storage("20Gi"))),
            mariadb(storage("10Gi")),
            Some(
                "admission webhook \"vmariadb-v1alpha1.kb.io\" denied the request: spec.storage: Invalid value: \
                  {\"size\":\"10Gi\"}: Storage size cannot be decreased",
            ),
        ),
        (
            Some(cluster(json!({"imageName": "postgresql:17.5@sha256:0a"}))),
            cluster(json!({"imageName": "postgresql:16.9@sha256:0b"})),
            Some("spec.imageName: Invalid value: \"16\": can't downgrade from major 17 to 16"),
        ),
        (
            Some(cluster(json!({"imageName": "postgresql:17.5"}))),
            cluster(json!({"imageName": "postgresql:18.0"})),
            None,
        ),
        (
            Some(mariadb(json!({"rootPasswordSecretKeyRef": {"name": "a"}}))),
            mariadb(json!({"rootPasswordSecretKeyRef": {"name": "b"}})),
            Some("'spec.rootPasswordSecretKeyRef' field is immutable"),
        ),
        (
            None,
            mariadb(json!({"replicas": 3})),
            Some("spec.replicas: Invalid value: 3: Multiple replicas can only be specified"),
        ),
        (
            None,
            mariadb(json!({"replicas": 3, "replication": {"enabled": true}})),
            None,
        ),
        (
            Some(user(json!({"mariaDbRef": {"name": "a"}}))),
            user(json!({"mariaDbRef": {"name": "b"}})),
            Some("field is immutable"),
        ),
    ] {
        let said = denied_by_operator(&manifest(after.clone()), before.as_ref());
        match wanted {
            None => assert_eq!(said, None, "{after}"),
            Some(part) => assert!(
                said.as_ref().is_some_and(|said| said.contains(part)),
                "{after}: {said:?}"
            ),
        }
    }
    let without_image = mariadb(json!({"replication": {"initContainer": {}}}));
    assert_eq!(
        of_itself(&manifest(without_image)),
        ["spec.replication.initContainer.image: Required value"]
    );
}
