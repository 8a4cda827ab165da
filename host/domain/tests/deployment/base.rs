//! What a base may hold, and each refusal.

use deploycenter_domain::base::{Bounds, check};
use deploycenter_domain::unwind::PROTECTION;

use crate::support::token;

const NAMESPACE: &str = "acme--chat";
const PATH: &str = "dependencies/x.yaml";

/// The target's own volume, with tokens, as its plan has it.
fn handle() -> String {
    format!(
        "{}::{}",
        token("efs.file-system/data"),
        token("efs.access-point/data")
    )
}

fn problems(text: &str) -> Vec<String> {
    check(
        PATH,
        text,
        Bounds {
            namespace: NAMESPACE,
            handles: &[handle()],
        },
    )
}

/// An object that carries the annotation.
fn object(version: &str, kind: &str, place: &str, rest: &str) -> String {
    format!(
        "---\napiVersion: {version}\nkind: {kind}\nmetadata:\n{place}  annotations:\n    {PROTECTION}\n{rest}"
    )
}

fn within(version: &str, kind: &str, rest: &str) -> String {
    object(version, kind, "  name: x\n  namespace: acme--chat\n", rest)
}

fn volume(name: &str, handle: &str, claim: &str) -> String {
    let spec = format!(
        "spec:\n  csi:\n    driver: efs.csi.aws.com\n    volumeHandle: \"{handle}\"\n  claimRef:\n    name: data\n    namespace: {claim}\n"
    );
    object(
        "v1",
        "PersistentVolume",
        &format!("  name: {name}\n"),
        &spec,
    )
}

fn says(text: &str, what: &str) {
    let found = problems(text);
    assert!(
        found.len() == 1 && found[0].contains(what),
        "{text}\n{found:#?}"
    );
    assert!(found[0].starts_with(PATH), "{found:?}");
}

#[test]
fn a_good_base_has_no_problems() {
    let text = [
        within("postgresql.cnpg.io/v1", "Cluster", "spec: {}\n"),
        within("external-secrets.io/v1", "ExternalSecret", "spec: {}\n"),
        volume("acme--chat--data", &handle(), NAMESPACE),
        volume("acme--chat", &handle(), NAMESPACE),
        // Empty documents and comments are nothing.
        "---\n# only a remark\n---\n".to_owned(),
        // What keeps no data needs no protection, and may have it.
        "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x, namespace: acme--chat }\n"
            .to_owned(),
        within("v1", "Service", ""),
    ]
    .concat();
    assert_eq!(problems(&text), Vec::<String>::new());
}

#[test]
fn kinds_that_reach_further_are_refused() {
    for (version, kind) in [
        ("v1", "Pod"),
        ("v1", "Secret"),
        ("v1", "List"),
        ("rbac.authorization.k8s.io/v1", "ClusterRole"),
        ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"),
        ("external-secrets.io/v1", "ClusterSecretStore"),
        ("argoproj.io/v1alpha1", "Application"),
        ("storage.k8s.io/v1", "StorageClass"),
        // The kind is known, but in another group.
        ("apps/v1", "Namespace"),
        ("v1", "NetworkPolicy"),
    ] {
        says(
            &within(version, kind, ""),
            &format!("{kind} \"x\" ({version}) is of a kind that a base may not hold"),
        );
    }
    says(
        "name: not an object\n",
        "is of a kind that a base may not hold",
    );
    says("- a\n- list\n", "is of a kind that a base may not hold");
}

#[test]
fn other_namespaces_are_refused() {
    says(
        &object(
            "v1",
            "ConfigMap",
            "  name: x\n  namespace: acme--chat-2\n",
            "",
        ),
        "isn't in the namespace \"acme--chat\"",
    );
    // Without one it would go where the application points; that is said nowhere else.
    says(
        &object("v1", "ConfigMap", "  name: x\n", ""),
        "isn't in the namespace \"acme--chat\"",
    );
    says(
        &object("v1", "ConfigMap", "  namespace: acme--chat\n", ""),
        "has no name",
    );
}

#[test]
fn other_volumes_are_refused() {
    let own = handle();
    says(
        &volume("acme--chat2", &own, NAMESPACE),
        "has to be named \"acme--chat\" or \"acme--chat--…\"",
    );
    says(
        &volume("acme--chat--data", "fs-0a1::fsap-0b2", NAMESPACE),
        "mounts a volume that the target didn't ask for",
    );
    // Another volume of the same file system, or all of it.
    let other = format!(
        "{}::{}",
        token("efs.file-system/data"),
        token("efs.access-point/other")
    );
    says(
        &volume("acme--chat--data", &other, NAMESPACE),
        "mounts a volume that the target didn't ask for",
    );
    says(
        &volume(
            "acme--chat--data",
            &token("efs.file-system/data"),
            NAMESPACE,
        ),
        "mounts a volume that the target didn't ask for",
    );
    says(
        &volume("acme--chat--data", &own, "acme-corp--chat"),
        "isn't bound to a claim in the namespace \"acme--chat\"",
    );
    let elsewhere =
        "spec:\n  hostPath:\n    path: /\n  claimRef:\n    name: data\n    namespace: acme--chat\n";
    says(
        &object("v1", "PersistentVolume", "  name: acme--chat\n", elsewhere),
        "mounts a volume that the target didn't ask for",
    );
}

/// A second one could loosen the host's own: rights, quotas and openings add up.
#[test]
fn what_the_host_makes_is_refused_of_anyone_else() {
    for (version, kind) in [
        ("v1", "Namespace"),
        ("v1", "ResourceQuota"),
        ("v1", "LimitRange"),
        ("v1", "ServiceAccount"),
        ("networking.k8s.io/v1", "NetworkPolicy"),
        ("rbac.authorization.k8s.io/v1", "Role"),
        ("rbac.authorization.k8s.io/v1beta1", "RoleBinding"),
        ("external-secrets.io/v1beta1", "SecretStore"),
    ] {
        says(
            &within(version, kind, "spec: {}\n"),
            &format!("{kind} \"x\" is of a kind that the host makes itself"),
        );
    }
}

#[test]
fn what_keeps_data_is_protected() {
    let bare = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: { name: x, namespace: acme--chat }\n";
    says(
        bare,
        "keeps or guards data and has to carry the annotation that protects it",
    );
    let half = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: x\n  namespace: acme--chat\n  annotations:\n    argocd.argoproj.io/sync-options: \"Prune=false\"\n";
    says(half, "keeps or guards data");
    // Purging takes the line out, so it has to be a line.
    let flow = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x, namespace: acme--chat, annotations: { argocd.argoproj.io/sync-options: \"Delete=false,Prune=false\" } }\n";
    says(flow, "has to stand on a line of its own");
    let other_quotes = within("v1", "ConfigMap", "").replace('"', "'");
    says(&other_quotes, "has to stand on a line of its own");
    // A line that is none of an object's annotations would be taken out with them.
    let stray = format!(
        "{}data:\n  text: |\n    {PROTECTION}\n",
        within("v1", "ConfigMap", "")
    );
    says(&stray, "has to stand on a line of its own");
}

#[test]
fn what_cannot_be_read_is_refused() {
    says("a: b: c\n", "isn't YAML that Kubernetes would take");
    says("a: [1\n", "isn't YAML that Kubernetes would take");
    let cut: String = token("efs.file-system/data").chars().skip(1).collect();
    says(
        &format!("---\na: {cut}\n"),
        "line 2 holds what is left of a value that is known only after apply",
    );
}

#[test]
fn every_object_is_told_of() {
    let text = [
        within("v1", "Pod", ""),
        within("v1", "Secret", ""),
        within("v1", "ConfigMap", ""),
    ]
    .concat();
    assert_eq!(problems(&text).len(), 2);
}
