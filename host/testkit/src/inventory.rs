//! Everything that exists outside, in a form in which two worlds can be held against each
//! other.

use std::collections::BTreeMap;
use std::path::Path;

use git2::{ObjectType, Repository, TreeWalkMode};
use serde_json::{Value, json};

/// What exists outside: names to states. Equal inventories mean that nothing is missing,
/// nothing is double, and git holds the same bytes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Inventory(pub BTreeMap<String, String>);

/// Keys whose values say when, by whom or how often, and not what.
const PASSING: &[&str] = &[
    "deploycenter:deployment",
    "deploycenter.dev/deployment",
    "resourceVersion",
    "generation",
    "uid",
    "createdAt",
    "creationTimestamp",
    "managedFields",
    "changedAt",
    "versions",
];

impl Inventory {
    /// Git's side: every file of every generated branch, by its blob.
    ///
    /// # Errors
    /// When the remote can't be read.
    pub fn of_git(remote: &Path) -> Result<Self, git2::Error> {
        let mut found = BTreeMap::new();
        let repo = Repository::open(remote)?;
        for branch in repo.references_glob("refs/heads/customer/*")? {
            let branch = branch?;
            let name = branch.shorthand().unwrap_or_default().to_owned();
            branch
                .peel_to_tree()?
                .walk(TreeWalkMode::PreOrder, |folder, entry| {
                    if entry.kind() == Some(ObjectType::Blob) {
                        let path =
                            format!("git {name}:{folder}{}", entry.name().unwrap_or_default());
                        found.insert(path, entry.id().to_string());
                    }
                    git2::TreeWalkResult::Ok
                })?;
        }
        Ok(Self(found))
    }

    /// Adds what the stand-ins hold, as their snapshot says. Of Argo CD's side: projects,
    /// applications as they were asked for, and which objects live in which cluster.
    pub fn add_sandbox(&mut self, snapshot: &Value) {
        for (what, pointer) in [
            ("file system", "/efs/fileSystems"),
            ("mount target", "/efs/mountTargets"),
            ("access point", "/efs/accessPoints"),
            ("secret", "/secretsmanager/secrets"),
            ("project", "/argocd/projects"),
        ] {
            for (name, state) in entries(snapshot, pointer) {
                self.add(what, name, state.clone());
            }
        }
        for (_, zone) in entries(snapshot, "/route53/zones") {
            for record in zone["records"].as_array().into_iter().flatten() {
                self.add("record", &record.to_string(), Value::Null);
            }
        }
        for (name, application) in entries(snapshot, "/argocd/applications") {
            let asked = json!({
                "labels": application["labels"],
                "finalizers": application["finalizers"],
                "spec": application["spec"],
            });
            self.add("application", name, asked);
        }
        for (key, _) in entries(snapshot, "/argocd/live") {
            self.add("object", key, Value::Null);
        }
    }

    fn add(&mut self, what: &str, name: &str, mut state: Value) {
        strip(&mut state);
        self.0.insert(format!("{what} {name}"), state.to_string());
    }

    /// The names of everything that has a text in its name or state.
    #[must_use]
    pub fn mentions(&self, text: &str) -> Vec<String> {
        self.0
            .iter()
            .filter(|(name, state)| name.contains(text) || state.contains(text))
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// The lines in which two inventories differ, for a message.
    #[must_use]
    pub fn difference(&self, other: &Self) -> String {
        let mut lines = Vec::new();
        for (name, state) in &self.0 {
            match other.0.get(name) {
                None => lines.push(format!("- {name}")),
                Some(there) if there != state => {
                    lines.push(format!("~ {name}\n    {state}\n    {there}"))
                }
                Some(_) => {}
            }
        }
        lines.extend(
            other
                .0
                .keys()
                .filter(|name| !self.0.contains_key(*name))
                .map(|name| format!("+ {name}")),
        );
        lines.join("\n")
    }
}

fn entries<'a>(
    snapshot: &'a Value,
    pointer: &str,
) -> impl Iterator<Item = (&'a String, &'a Value)> {
    snapshot
        .pointer(pointer)
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|key, _| !PASSING.contains(&key.as_str()));
            map.values_mut().for_each(strip);
        }
        Value::Array(items) => {
            items.retain(|item| {
                !item["Key"]
                    .as_str()
                    .is_some_and(|key| PASSING.contains(&key))
            });
            items.iter_mut().for_each(strip);
        }
        _ => {}
    }
}
