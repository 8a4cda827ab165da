//! Someone else, who works on the outside systems by hand.

use bytes::Bytes;
use deploycenter_sandbox::service::{Request, Service as _};
use deploycenter_testkit::World;
use serde_json::{Value, json};

/// What someone else does.
#[derive(Clone, Copy)]
pub(crate) struct Hand {
    /// In words.
    pub(crate) what: &'static str,
    /// How it is reported: all of these texts.
    pub(crate) named: &'static [&'static str],
    /// Does it.
    pub(crate) act: fn(&World),
}

impl Hand {
    /// Whether it is at something that the customer's instances share.
    pub(crate) fn shared(&self) -> bool {
        self.what.contains("project")
    }

    /// Whether what it takes away comes back only as another, which no volume takes.
    pub(crate) fn loses_files(&self) -> bool {
        self.what.contains("file system")
    }
}

/// Everything that the saga's one instance has to be safe from.
pub(crate) const HANDS: [Hand; 6] = [
    Hand {
        what: "deletes the file system",
        named: &["efs.file-system/data is gone"],
        act: delete_file_system,
    },
    Hand {
        what: "edits the record",
        named: &["dns.record/domain", "weight"],
        act: edit_record,
    },
    Hand {
        what: "pushes to the customer's branch",
        named: &["us-west-2/mattermost", "Someone", "By hand"],
        act: push,
    },
    Hand {
        what: "deletes the application",
        named: &["argocd.application/workload is gone"],
        act: delete_application,
    },
    Hand {
        what: "edits the application",
        named: &["argocd.application/workload", "selfHeal"],
        act: edit_application,
    },
    Hand {
        what: "changes the project",
        named: &["argocd.project/acme", "destinations"],
        act: change_project,
    },
];

/// What someone commits in the place of the values.
pub(crate) const COMMITTED: &str = "by hand";

/// Deletes every file system that a deployment made, with what hangs on it.
pub(crate) fn delete_file_system(world: &World) {
    let taken = world.sandbox().edit_aws(|state| {
        let efs = &mut state["efs"];
        let ours: Vec<String> = entries(&efs["fileSystems"])
            .filter(|(_, state)| state.to_string().contains("deploycenter:target"))
            .map(|(id, _)| id.clone())
            .collect();
        assert!(!ours.is_empty(), "{efs}");
        for kind in ["fileSystems", "mountTargets", "accessPoints"] {
            if let Some(things) = efs[kind].as_object_mut() {
                things.retain(|id, state| {
                    !ours
                        .iter()
                        .any(|ours| ours == id || state.to_string().contains(ours))
                });
            }
        }
    });
    assert!(taken);
}

/// Gives the instance's record another weight.
pub(crate) fn edit_record(world: &World) {
    let mut found = false;
    let taken = world.sandbox().edit_aws(|state| {
        let zones = state["route53"]["zones"].as_object_mut().into_iter();
        for record in zones
            .flat_map(|zones| zones.values_mut())
            .filter_map(|zone| zone["records"].as_array_mut())
            .flatten()
        {
            if record.to_string().contains("chat.acme.") {
                record["Weight"] = json!(7);
                found = true;
            }
        }
    });
    assert!(taken && found);
}

/// Commits other values to the instance's folder.
pub(crate) fn push(world: &World) {
    commit(world, "us-west-2/mattermost/values.yaml", COMMITTED);
}

/// Commits a file to the customer's branch.
pub(crate) fn commit(world: &World, path: &str, text: &str) {
    let remote = git2::Repository::open_bare(world.remote()).unwrap();
    let name = "refs/heads/customer/acme";
    let parent = remote.find_reference(name).unwrap();
    let parent = parent.peel_to_commit().unwrap();
    let blob = remote.blob(text.as_bytes()).unwrap();
    let tree = git2::build::TreeUpdateBuilder::new()
        .upsert(path, blob, git2::FileMode::Blob)
        .create_updated(&remote, &parent.tree().unwrap())
        .unwrap();
    let tree = remote.find_tree(tree).unwrap();
    let who = git2::Signature::now("Someone", "someone@example.com").unwrap();
    remote
        .commit(Some(name), &who, &who, "By hand", &tree, &[&parent])
        .unwrap();
}

/// Takes the last commit on the customer's branch back, by a commit.
pub(crate) fn revert(world: &World) {
    let remote = git2::Repository::open_bare(world.remote()).unwrap();
    let name = "refs/heads/customer/acme";
    let last = remote.find_reference(name).unwrap();
    let last = last.peel_to_commit().unwrap();
    let tree = last.parent(0).unwrap().tree().unwrap();
    let who = git2::Signature::now("Someone", "someone@example.com").unwrap();
    remote
        .commit(Some(name), &who, &who, "Never mind", &tree, &[&last])
        .unwrap();
}

/// Takes the instance's folder off the branch.
pub(crate) fn remove_folder(world: &World) {
    let remote = git2::Repository::open_bare(world.remote()).unwrap();
    let name = "refs/heads/customer/acme";
    let parent = remote.find_reference(name).unwrap();
    let parent = parent.peel_to_commit().unwrap();
    let tree = git2::build::TreeUpdateBuilder::new()
        .remove("us-west-2/mattermost")
        .create_updated(&remote, &parent.tree().unwrap())
        .unwrap();
    let tree = remote.find_tree(tree).unwrap();
    let who = git2::Signature::now("Someone", "someone@example.com").unwrap();
    remote
        .commit(Some(name), &who, &who, "Cleared up", &tree, &[&parent])
        .unwrap();
}

/// Deletes the workload's application; what it deployed stays.
pub(crate) fn delete_application(world: &World) {
    let path = "/api/v1/applications/acme--mattermost";
    argocd(
        world,
        "DELETE",
        path,
        &[("project", "acme"), ("cascade", "false")],
        "",
    );
}

/// Deletes the base's application; what it deployed stays.
pub(crate) fn delete_base(world: &World) {
    let path = "/api/v1/applications/acme--mattermost--base";
    let query = [("project", "acme--base"), ("cascade", "false")];
    argocd(world, "DELETE", path, &query, "");
}

/// Lets the workload's application heal nothing any more.
pub(crate) fn edit_application(world: &World) {
    let path = "/api/v1/applications/acme--mattermost";
    let project = [("project", "acme")];
    let mut spec = argocd(world, "GET", path, &project, "")["spec"].take();
    let heals = spec.pointer_mut("/syncPolicy/automated/selfHeal").unwrap();
    *heals = json!(false);
    let path = format!("{path}/spec");
    argocd(world, "PUT", &path, &project, &spec.to_string());
}

/// Lets the customer's project deploy to one more namespace.
pub(crate) fn change_project(world: &World) {
    let path = "/api/v1/projects/acme";
    let mut project = argocd(world, "GET", path, &[], "");
    let destinations = project.pointer_mut("/spec/destinations").unwrap();
    let mut one = destinations[0].clone();
    one["namespace"] = json!("elsewhere");
    destinations.as_array_mut().unwrap().push(one);
    let body = json!({ "project": project }).to_string();
    argocd(world, "PUT", path, &[], &body);
}

/// Asks the Argo CD stand-in something behind the ledger's back.
pub(crate) fn argocd(
    world: &World,
    method: &str,
    path: &str,
    query: &[(&str, &str)],
    body: &str,
) -> Value {
    let answer = world.sandbox().with_argocd(|argocd, now| {
        let mut headers = http::HeaderMap::new();
        headers.insert(
            "authorization",
            "Bearer argocd-sandbox-token".parse().unwrap(),
        );
        headers.insert("content-type", "application/json".parse().unwrap());
        let query = query
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let request = Request {
            method: method.parse().unwrap(),
            path: path.to_owned(),
            query: query.collect(),
            headers,
            body: Bytes::from(body.to_owned()),
        };
        let call = argocd.classify(&request).unwrap();
        argocd.handle(&request, &call, now)
    });
    assert!(answer.status.is_success(), "{:?}", answer.body);
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}
