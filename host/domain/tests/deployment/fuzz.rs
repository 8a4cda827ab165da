//! No JSON, template result or manifest makes the domain panic.

use std::collections::BTreeMap;

use deploycenter_domain::base::{self, Bounds};
use deploycenter_domain::hold::Hold;
use deploycenter_domain::lock::Lock;
use deploycenter_domain::plan::{Plan, TargetPlan};
use deploycenter_domain::{stale, token};
use proptest::prelude::*;

use crate::common::{config, edited, edited_text, soup};
use crate::support::{first, token as token_of, update};

const LOCK: &str = r#"{
  "format": 1, "app": "odoo", "incarnation": 1,
  "plugin": { "version": "0.1.0", "digest": "sha256:0000000000000000000000000000000000000000000000000000000000000000" },
  "overrides": { "commit": "0000000000000000000000000000000000000000", "digest": "sha256:1111111111111111111111111111111111111111111111111111111111111111" },
  "dataVersion": "18", "bindings": { "efs.file-system/data:id": "fs-1" }
}"#;
const HOLD: &str = r#"{ "format": 1, "deployment": "01k0000000000000000000000a", "by": "Ada", "reason": "looks wrong" }"#;
const MANIFESTS: &str = "\
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: data
  namespace: acme--odoo
  annotations:
    argocd.argoproj.io/sync-options: \"Delete=false,Prune=false\"
spec:
  accessModes: [ReadWriteMany]
  resources: { requests: { storage: 1Gi } }
  storageClassName: ''
  volumeName: acme--odoo--data
---
apiVersion: v1
kind: PersistentVolume
metadata:
  name: acme--odoo--data
  annotations:
    argocd.argoproj.io/sync-options: \"Delete=false,Prune=false\"
spec:
  capacity: { storage: 1Gi }
  accessModes: [ReadWriteMany]
  persistentVolumeReclaimPolicy: Retain
  storageClassName: ''
  mountOptions: [tls]
  csi: { driver: efs.csi.aws.com, volumeHandle: fs-1::fsap-1 }
  claimRef: { namespace: acme--odoo, name: data }
";

fn whole(plan: TargetPlan) -> Plan {
    Plan::new("testing".parse().unwrap(), vec![], vec![plan])
}

proptest! {
    #![proptest_config(config(1000))]

    #[test]
    fn an_edited_plan(bytes in edited(serde_json::to_vec(&whole(first())).unwrap())) {
        if let Ok(plan) = serde_json::from_slice::<Plan>(&bytes) {
            let again: Plan = serde_json::from_slice(&serde_json::to_vec(&plan).unwrap()).unwrap();
            prop_assert_eq!(&again, &plan);
            for target in &plan.targets {
                for fresh in [first(), update()] {
                    let _ = stale::compare(target, &fresh);
                    let _ = stale::compare(&fresh, target);
                }
                let _ = target.has_changes();
            }
        }
    }

    #[test]
    fn edited_locks_and_holds(lock in edited_text(LOCK), hold in edited_text(HOLD), other in soup()) {
        if let Ok(lock) = Lock::read(&lock) {
            prop_assert_eq!(Lock::read(&lock.text()).unwrap(), lock);
        }
        if let Ok(hold) = Hold::read(&hold) {
            prop_assert_eq!(Hold::read(&hold.text()).unwrap(), hold);
        }
        let _ = (Lock::read(&other), Hold::read(&other));
    }

    #[test]
    fn what_comes_of_templates(text in edited_text(format!("a: {}\nb: 1\n", token_of("efs.file-system/data"))), other in soup()) {
        for text in [text, other] {
            let shown = token::show(&text);
            prop_assert!(!shown.contains(token::is_reserved));
            match token::substitute(&text, |_| Some("fs-1".to_owned())) {
                // Nothing with a token in it is committed.
                Ok(bound) => prop_assert!(token::is_plain(&bound)),
                Err(broken) => prop_assert!(broken.line as usize <= text.matches('\n').count() + 1),
            }
        }
    }

    #[test]
    fn edited_manifests(text in edited_text(MANIFESTS), other in soup()) {
        for text in [text, other] {
            match written(&text) {
                // What is committed says the same when it is read and written again.
                Ok(committed) => prop_assert_eq!(written(&committed), Ok(committed)),
                Err(problems) => {
                    for problem in problems {
                        prop_assert!(problem.starts_with("dependencies/x.yaml"), "{problem}");
                    }
                }
            }
        }
    }
}

fn written(text: &str) -> Result<String, Vec<String>> {
    let path = "dependencies/x.yaml";
    let files = BTreeMap::from([(path.to_owned(), text.to_owned())]);
    let bounds = Bounds {
        namespace: "acme--odoo",
        handles: &["fs-1::fsap-1".to_owned()],
        secret_prefix: "deploycenter/testing/acme/odoo/i1/",
        aws_region: "us-west-2",
        labels: &BTreeMap::new(),
        origin: base::BaseOrigin::Templates,
    };
    base::written(&files, bounds).map(|mut files| files.remove(path).unwrap())
}

#[test]
fn what_is_edited_is_sound() {
    assert!(Lock::read(LOCK).is_ok() && Hold::read(HOLD).is_ok());
    assert!(written(MANIFESTS).is_ok(), "{:?}", written(MANIFESTS));
}
