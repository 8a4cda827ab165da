//! What a base may hold, and each refusal.

use std::collections::BTreeMap;

use deploycenter_domain::base::{BaseOrigin, Bounds, written};
use deploycenter_domain::sync_options::PROTECTION;

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

/// What comes of a template's file.
fn committed(text: &str) -> Result<String, Vec<String>> {
    committed_of(BaseOrigin::Templates, text)
}

pub(crate) fn committed_of(origin: BaseOrigin, text: &str) -> Result<String, Vec<String>> {
    let files = BTreeMap::from([(PATH.to_owned(), text.to_owned())]);
    let bounds = Bounds {
        namespace: NAMESPACE,
        handles: &[handle()],
        secret_prefix: "deploycenter/testing/acme/chat/i1/",
        aws_region: "us-west-2",
        labels: &BTreeMap::from([("deploycenter.dev/customer".to_owned(), "acme".to_owned())]),
        origin,
    };
    written(&files, bounds).map(|mut files| files.remove(PATH).unwrap())
}

fn problems(text: &str) -> Vec<String> {
    committed(text).err().unwrap_or_default()
}

/// An object that carries the annotation.
fn object(version: &str, kind: &str, place: &str, rest: &str) -> String {
    format!(
        "---\napiVersion: {version}\nkind: {kind}\nmetadata:\n{place}  annotations:\n    {PROTECTION}\n{rest}"
    )
}

pub(crate) fn within(version: &str, kind: &str, rest: &str) -> String {
    object(version, kind, "  name: x\n  namespace: acme--chat\n", rest)
}

fn volume(name: &str, handle: &str, claim: &str) -> String {
    let spec = format!(
        "spec:
  capacity: {{ storage: 1Gi }}
  accessModes: [ReadWriteMany]
  persistentVolumeReclaimPolicy: Retain
  storageClassName: \"\"
  mountOptions: [tls]
  csi:
    driver: efs.csi.aws.com
    volumeHandle: \"{handle}\"
  claimRef:
    name: data
    namespace: {claim}
"
    );
    object(
        "v1",
        "PersistentVolume",
        &format!("  name: {name}\n"),
        &spec,
    )
}

pub(crate) fn namespace(name: &str) -> String {
    let labels: String = ["audit", "enforce", "warn"]
        .map(|mode| format!("    pod-security.kubernetes.io/{mode}: restricted\n"))
        .concat();
    let place = format!("  name: {name}\n  labels:\n    deploycenter.dev/customer: acme\n{labels}");
    object("v1", "Namespace", &place, "")
}

const CONFIG: &str =
    "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x, namespace: acme--chat }\n";

/// The text is refused for this alone.
fn says(text: &str, what: &str) {
    let found = problems(text);
    assert!(
        found.len() == 1 && found[0].contains(what),
        "{text}\n{found:#?}"
    );
    assert!(found[0].starts_with(PATH), "{found:?}");
}

#[test]
fn a_good_base_is_written_anew() {
    let text = [
        volume("acme--chat--data", &handle(), NAMESPACE),
        volume("acme--chat", &handle(), NAMESPACE),
        // Empty documents and comments are nothing.
        "---\n# only a remark\n---\n".to_owned(),
        // What keeps no data needs no protection, and may have it.
        CONFIG.to_owned(),
        within("v1", "Service", "spec:\n  ports: [{ port: 80 }]\n"),
    ]
    .concat();
    let committed = committed(&text).unwrap();
    assert!(
        !committed.contains('#') && !committed.contains('{'),
        "{committed}"
    );
    assert_eq!(committed.matches(PROTECTION).count(), 3);
    assert!(committed.contains(&format!("    volumeHandle: \"{}\"\n", handle())));
    assert!(
        committed.ends_with("spec:\n  ports:\n    - port: 80\n"),
        "{committed}"
    );
}

#[test]
fn kinds_that_reach_further_are_refused() {
    for (version, kind) in [
        ("v1", "Pod"),
        ("v1", "Secret"),
        ("v1", "List"),
        ("v1", "ConfigMapList"),
        ("rbac.authorization.k8s.io/v1", "ClusterRole"),
        ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"),
        ("external-secrets.io/v1", "ClusterSecretStore"),
        ("argoproj.io/v1alpha1", "Application"),
        ("storage.k8s.io/v1", "StorageClass"),
        // The kind is known, but in another group or version.
        ("apps/v1", "Namespace"),
        ("v1", "NetworkPolicy"),
        ("policy/v1beta1", "PodDisruptionBudget"),
    ] {
        says(
            &within(version, kind, ""),
            &format!(":2: {kind} \"x\" ({version}) is of a kind that a base may not hold"),
        );
    }
    says(
        "name: not an object\n",
        "is of a kind that a base may not hold",
    );
}

#[test]
fn other_namespaces_are_refused() {
    says(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x, namespace: acme--chat-2 }\n",
        "has metadata.namespace \"acme--chat-2\", which has to be the target's own namespace",
    );
    // Without one it would go where the application points; that is said nowhere else.
    says(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x }\n",
        "has no metadata.namespace, which has to be the target's own namespace",
    );
    says(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: { namespace: acme--chat }\n",
        "has no metadata.name",
    );
}

#[test]
fn other_volumes_are_refused() {
    let own = handle();
    says(
        &volume("acme--chat2", &own, NAMESPACE),
        "has metadata.name \"acme--chat2\", which has to be the target's own namespace, or begin with it and two hyphens",
    );
    // Another volume of the same file system, or all of it.
    let other = format!(
        "{}::{}",
        token("efs.file-system/data"),
        token("efs.access-point/other")
    );
    for handle in ["fs-0a1::fsap-0b2", &other, &token("efs.file-system/data")] {
        says(
            &volume("acme--chat--data", handle, NAMESPACE),
            "which has to be a volume that the target asked for",
        );
    }
    says(
        &volume("acme--chat--data", &own, "acme-corp--chat"),
        "has spec.claimRef.namespace \"acme-corp--chat\"",
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
    let bare = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: { name: x, namespace: acme--chat }\nspec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }\n";
    says(
        bare,
        "keeps or guards data and has to carry the annotation that protects it",
    );
    // What holds it may not be pruned either.
    let pruned = bare.replace(
        "acme--chat }",
        "acme--chat, annotations: { 'argocd.argoproj.io/sync-options': 'Delete=false' } }",
    );
    says(
        &pruned,
        "keeps or guards data and has to carry the annotation that protects it",
    );
    // However it is written.
    let flow = bare.replace(
        "acme--chat }",
        "acme--chat, annotations: { 'argocd.argoproj.io/sync-options': 'Delete=false,Prune=false' } }",
    );
    let written = committed(&flow).unwrap();
    assert!(
        written.contains(&format!("    {PROTECTION}\n")),
        "{written}"
    );
    // A text that looks like it is none, and stays.
    let stray = format!("{CONFIG}data:\n  text: |\n    {PROTECTION}\n");
    let written = committed(&stray).unwrap();
    assert!(
        written.contains(&format!("    {PROTECTION}\n")),
        "{written}"
    );
}

#[test]
fn what_cannot_be_read_is_refused() {
    says("a: b: c\n", "isn't valid YAML");
    says("a: [1\n", "isn't valid YAML");
    says(
        &format!("{CONFIG}data: {{ a: yes }}\n"),
        "dependencies/x.yaml:4:12: \"yes\" is read as one thing by one version of YAML and as another by the next; quote it",
    );
    let cut: String = token("efs.file-system/data").chars().skip(1).collect();
    says(
        &format!("---\na: {cut}\n"),
        "dependencies/x.yaml:2:1: holds what is left of a value that is known only after apply",
    );
}

#[test]
fn an_object_stands_once() {
    says(
        &format!("{CONFIG}---\n{CONFIG}"),
        "dependencies/x.yaml:5: ConfigMap \"x\" stands twice in the base",
    );
}

#[test]
fn everything_is_told_of() {
    let text = [
        within("v1", "Pod", ""),
        within("v1", "Secret", ""),
        format!("---\n{CONFIG}items: []\nkinds: x\n"),
    ]
    .concat();
    let found = problems(&text);
    assert_eq!(found.len(), 4, "{found:#?}");
    let many: String = (0..1000).map(|at| format!("k{at}: 1\n")).collect();
    let found = problems(&format!("{CONFIG}{many}"));
    assert_eq!(found.len(), 101);
    assert_eq!(found[100], "… and 900 more problems of the base");
}

const CLUSTER: &str = "spec:
  imageName: ghcr.io/cloudnative-pg/postgresql:17
  instances: 1
  bootstrap: { initdb: { database: x, owner: x } }
  storage: { size: 1024Gi }
  resources:
    requests: { cpu: \"1.5\", memory: 256Mi }
    limits: { cpu: 2, memory: 2048Mi }
  postgresql: { parameters: { shared_buffers: 256MB } }
";

/// An operator's webhook writes the object anew, quantities in Kubernetes' canonical form; what
/// stands in git is that form from the start.
#[test]
fn quantities_are_committed_in_their_canonical_form() {
    let text = within("postgresql.cnpg.io/v1", "Cluster", CLUSTER);
    let done = committed(&text).unwrap();
    for line in [
        "      cpu: \"1500m\"\n",
        "      memory: \"256Mi\"\n",
        "      cpu: \"2\"\n",
        "      memory: \"2Gi\"\n",
        "    size: \"1Ti\"\n",
        // No field of quantities.
        "      shared_buffers: \"256MB\"\n",
    ] {
        assert!(done.contains(line), "{line}{done}");
    }
    assert_eq!(committed(&done).unwrap(), done);
}

#[test]
fn a_database_keeps_no_more_than_it_may() {
    let above = CLUSTER.replace("256MB", "1GB");
    says(
        &within("postgresql.cnpg.io/v1", "Cluster", &above),
        "has shared_buffers \"1GB\" above the 256Mi of spec.resources.requests.memory, which CloudNativePG refuses",
    );
    let mariadb = |pool: &str| {
        let spec = format!(
            "spec:
  image: docker.io/library/mariadb:11.4.13
  replicas: 1
  rootPasswordSecretKeyRef: {{ name: x, key: password }}
  storage: {{ size: 1Gi }}
  resources: {{ requests: {{ memory: 1Gi }}, limits: {{ memory: 1Gi }} }}
  podSecurityContext: {{ runAsNonRoot: true, seccompProfile: {{ type: RuntimeDefault }} }}
  securityContext: {{ allowPrivilegeEscalation: false, capabilities: {{ drop: [ALL] }} }}
  myCnf: \"[mariadb]\\n{pool}\\n\"
"
        );
        within("k8s.mariadb.com/v1alpha1", "MariaDB", &spec)
    };
    assert_eq!(problems(&mariadb("innodb_buffer_pool_size=512M")), [""; 0]);
    for pool in [
        "innodb_buffer_pool_size=1G",
        "innodb-buffer-pool-size = 2048m",
        "innodb_buffer_pool_size=1073741824",
    ] {
        says(&mariadb(pool), "leaves nothing of the 1Gi");
    }
}
