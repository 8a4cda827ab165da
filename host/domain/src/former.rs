//! What an earlier layout left: bases in a project that all customers shared. Images and
//! files of then are read as they would be written now.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::lock;
use crate::name::CustomerName;
use crate::naming::{self, FORMER_BASE_PROJECT};
use crate::resource::Resource;

/// The file of the base's application in a target's folder.
const BASE_FILE: &str = "base.json";

/// Leads an application or a sync of the former project to the customer's own; whether it
/// was one.
pub fn rehome(resource: &mut Resource, customer: &CustomerName) -> bool {
    let project = match resource {
        Resource::Application(application) => {
            if application.project == FORMER_BASE_PROJECT {
                application.spec["project"] = Value::from(naming::base_project(customer));
            }
            &mut application.project
        }
        Resource::Sync(sync) => &mut sync.project,
        _ => return false,
    };
    let is_former = *project == FORMER_BASE_PROJECT;
    if is_former {
        *project = naming::base_project(customer);
    }
    is_former
}

/// Likewise for the files of a target's folder, of which one names the project.
pub fn rehome_files(files: &mut BTreeMap<String, String>, customer: &CustomerName) -> bool {
    let Some(text) = files.get_mut(BASE_FILE) else {
        return false;
    };
    let Ok(mut manifest) = serde_json::from_str::<Value>(text) else {
        return false;
    };
    match manifest.pointer_mut("/spec/project") {
        Some(project) if *project == FORMER_BASE_PROJECT => {
            *project = Value::from(naming::base_project(customer));
            *text = lock::pretty(&manifest);
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use serde_json::json;

    use super::*;
    use crate::resource::{Application, Sync};

    fn application(project: &str) -> Resource {
        Resource::Application(Application {
            name: "acme--odoo--base".to_owned(),
            project: project.to_owned(),
            labels: BTreeMap::new(),
            spec: json!({ "project": project, "source": { "path": "x" } }),
        })
    }

    fn sync(project: &str) -> Resource {
        Resource::Sync(Sync {
            application: "acme--odoo--base".to_owned(),
            project: project.to_owned(),
            branch: "customer/acme".to_owned(),
            path: "us-west-2/odoo".to_owned(),
            tree: None,
            ailing: false,
        })
    }

    #[test]
    fn what_was_in_the_shared_project_is_the_customers_own() {
        let acme = "acme".parse().unwrap();
        for state in [application, sync] {
            let mut former = state("deploycenter-base");
            assert!(rehome(&mut former, &acme));
            assert_eq!(former, state("acme--base"));
            assert!(!rehome(&mut former, &acme));
            let mut workload = state("acme");
            assert!(!rehome(&mut workload, &acme));
            assert_eq!(workload, state("acme"));
        }
    }

    #[test]
    fn so_is_its_file() {
        let acme = "acme".parse().unwrap();
        let text = |project: &str| lock::pretty(&json!({ "spec": { "project": project } }));
        let files = |text: String| BTreeMap::from([("base.json".to_owned(), text)]);
        let mut former = files(text("deploycenter-base"));
        assert!(rehome_files(&mut former, &acme));
        assert_eq!(former, files(text("acme--base")));
        for other in [text("acme--base"), "{}\n".to_owned(), "no JSON".to_owned()] {
            let mut kept = files(other.clone());
            assert!(!rehome_files(&mut kept, &acme));
            assert_eq!(kept, files(other));
        }
        assert!(!rehome_files(&mut BTreeMap::new(), &acme));
    }
}
