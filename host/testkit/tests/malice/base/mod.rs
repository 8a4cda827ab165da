//! One file under `overrides/` that puts something into the base: what reaches beyond the
//! target is refused, whatever the spelling; what is the target's own stays possible.

mod contents;
mod databases;
mod elsewhere;
mod pods;
mod readings;

use std::time::{Duration, Instant};

use crate::front_door::{OVERRIDE, planned, put, validated, within, world};
use crate::measure::{Took, measured};

/// What all of the attacks take together.
const ALL: Took = Took {
    time: Duration::from_secs(600),
    host: 700,
    // Children of tests that run beside this one count too.
    child: 700,
};

/// The whole check of a file takes no longer, however it is made.
const PATIENCE: Duration = Duration::from_secs(20);

/// A file, and what is said of it.
type Attack = (String, &'static str);

const META: &str = "metadata:
  name: x
  namespace: acme--mattermost
  annotations:
    argocd.argoproj.io/sync-options: \"Delete=false,Prune=false\"
";
const CONFIG: &str = "apiVersion: v1
kind: ConfigMap
metadata:
  name: x
  namespace: acme--mattermost
";
const POD: &str = "  selector: { matchLabels: { app: x } }
  template:
    metadata:
      labels: { app: x }
    spec:
      automountServiceAccountToken: false
      securityContext: { runAsNonRoot: true, seccompProfile: { type: RuntimeDefault } }
      containers:
        - name: x
          image: example.com/x:1
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: [ALL] } }
          volumeMounts: []
      volumes: []
";

fn kept(version: &str, kind: &str, rest: &str) -> String {
    format!("apiVersion: {version}\nkind: {kind}\n{META}{rest}")
}

fn deployment() -> String {
    format!("apiVersion: apps/v1\nkind: Deployment\n{META}spec:\n{POD}")
}

fn config(more: &str) -> String {
    format!("{CONFIG}{more}")
}

/// The text with one piece of it replaced.
fn with(text: &str, piece: &str, other: &str) -> String {
    assert!(text.contains(piece), "{piece} isn't in\n{text}");
    text.replacen(piece, other, 1)
}

const GRANT: &str = "spec:
  mariaDbRef: { name: mariadb }
  privileges: [ALL PRIVILEGES]
  database: moodle
  table: \"*\"
  username: moodle
  host: \"%\"
  cleanupPolicy: Skip
";
const EXTERNAL: &str = "spec:
  refreshInterval: 1h0m0s
  secretStoreRef: { kind: SecretStore, name: secrets-manager }
  target: { name: x, creationPolicy: Owner, deletionPolicy: Retain }
  data:
    - secretKey: x
      remoteRef: { key: deploycenter/testing/acme/mattermost/i1/app, property: x }
";
const CLUSTER: &str = "spec:
  imageName: ghcr.io/cloudnative-pg/postgresql:17
  instances: 1
  bootstrap: { initdb: { database: x, owner: x } }
  storage: { size: 1Gi }
";
const MARIADB: &str = "spec:
  image: docker.io/library/mariadb:11
  replicas: 1
  rootPasswordSecretKeyRef: { name: mariadb-root, key: password, generate: true }
  storage: { size: 1Gi }
  podSecurityContext: { runAsNonRoot: true, seccompProfile: { type: RuntimeDefault } }
  securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: [ALL] } }
";
const CLAIM: &str = "spec:
  accessModes: [ReadWriteOnce]
  resources: { requests: { storage: 1Gi } }
  storageClassName: gp3
";
const SERVICE: &str = "spec:
  selector: { app: x }
  ports: [{ port: 80 }]
";

fn service() -> String {
    config(SERVICE).replace("kind: ConfigMap", "kind: Service")
}

/// What stays possible; each is the ground of attacks below.
fn sound() -> Vec<String> {
    vec![
        config("data: { a: \"yes\", b: \"kind: Secret\" }\n"),
        with(&config(""), "name: x", "name: any.valid-name.1"),
        service(),
        deployment(),
        kept("k8s.mariadb.com/v1alpha1", "Grant", GRANT),
        kept("external-secrets.io/v1", "ExternalSecret", EXTERNAL),
        // The names of the app's own objects.
        kept("postgresql.cnpg.io/v1", "Cluster", CLUSTER),
        kept("k8s.mariadb.com/v1alpha1", "MariaDB", MARIADB),
        kept("v1", "PersistentVolumeClaim", CLAIM),
    ]
}

#[test]
fn what_is_the_targets_own_stays_possible() {
    let world = world();
    let found = within(&world, async |engine| {
        let mut found = Vec::new();
        assert_eq!(validated(&engine).await, [""; 0]);
        for text in sound() {
            put(&world, OVERRIDE, &text);
            found.extend(
                validated(&engine)
                    .await
                    .into_iter()
                    .map(|said| format!("{said}\n{text}")),
            );
        }
        found
    });
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn what_reaches_further_is_refused_by_name() {
    let world = world();
    let begun = Instant::now();
    let (count, slips) = measured("attacks by a file of the base", &ALL, || {
        within(&world, async |engine| {
            let (mut count, mut slips) = (0, Vec::new());
            for cases in [
                readings::attacks(),
                elsewhere::attacks(),
                pods::attacks(),
                contents::attacks(),
                databases::attacks(),
            ] {
                for (text, says) in cases {
                    put(&world, OVERRIDE, &text);
                    let begun = Instant::now();
                    let found = validated(&engine).await;
                    count += 1;
                    let told = found
                        .iter()
                        .any(|said| said.contains("dependencies/x.yaml:") && said.contains(says));
                    if !told || begun.elapsed() > PATIENCE {
                        slips.push(format!("{says}\n{found:#?}\n{text}"));
                    }
                }
            }
            (count, slips)
        })
    });
    eprintln!("{count} attacks in {:?}", begun.elapsed());
    assert!(
        slips.is_empty(),
        "{} of {count}\n{}",
        slips.len(),
        slips.join("\n")
    );
}

#[test]
fn nothing_of_it_is_planned() {
    let world = world();
    let attack = config("items: [{kind: Secret, metadata: {namespace: kube-system}}]\n");
    world.write(OVERRIDE, &attack).unwrap();
    let found = within(&world, async |engine| planned(&engine).await);
    assert!(
        found
            .iter()
            .any(|said| said.contains("ConfigMap \"x\" has items")),
        "{found:#?}"
    );
}
