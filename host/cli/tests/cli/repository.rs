//! The address by which Argo CD reads the generated branches is a setting, whatever remote
//! the operator's checkout has.

use crate::place::{ACME, Place, holds};

/// The settings without that address.
fn unset(place: &Place) -> String {
    let path = place.checkout().join("deploycenter.toml");
    let text = std::fs::read_to_string(path).unwrap();
    let kept = text.lines().filter(|line| !line.starts_with("repository"));
    kept.map(|line| format!("{line}\n")).collect()
}

#[test]
fn unset_it_is_named_where_it_is_needed() {
    let place = Place::new(ACME);
    place.change("deploycenter.toml", unset(&place));
    place.run(&["validate"]).succeeded();
    let rendered = place.run(&["render", "acme/mattermost"]).succeeded();
    holds(&rendered.stderr, &["argocd.repository isn't set"]);
    holds(
        &rendered.stdout,
        &["\"repoURL\": \"https://unset.invalid/argocd.repository.git\""],
    );
    let origin = place.remote().path().display().to_string();
    let origin = origin.trim_end_matches('/');
    for verb in [&["plan"][..], &["apply", "--yes"], &["sync", "--yes"]] {
        let said = place
            .run(&[verb, &["--output", "json"]].concat())
            .refused("repository-unset");
        holds(&said, &["argocd.repository", "below [argocd]", origin]);
    }
    let report = place.run(&["doctor"]).exits(1);
    holds(
        &report.stdout,
        &["fail  address: argocd.repository isn't set"],
    );
    place.run(&["status"]).succeeded();
}

#[test]
fn the_repo_of_the_generated_branches_is_read_by_its_own_address() {
    let place = Place::new(ACME);
    let generated = "[git]\ngenerated = \"https://git.example.com/fleet.git\"\n\n[argocd]";
    place.put(
        "deploycenter.toml",
        unset(&place).replacen("[argocd]", generated, 1),
    );
    let rendered = place.run(&["render", "acme/mattermost"]).succeeded();
    holds(
        &rendered.stdout,
        &["\"repoURL\": \"https://git.example.com/fleet.git\""],
    );
}

#[test]
fn another_spelling_of_the_operators_remote_changes_nothing() {
    let place = Place::new(ACME);
    place.deploy();
    let git = git2::Repository::open(place.checkout()).unwrap();
    let url = format!("file://{}", place.remote().path().display());
    git.remote_set_url("origin", &url).unwrap();
    place.run(&["plan", "--detailed-exitcode"]).succeeded();
}

/// The addresses that the customer's project permits.
fn permitted(place: &Place) -> Vec<String> {
    let project = place.committed("acme", "project.json");
    let project: serde_json::Value = serde_json::from_str(&project).unwrap();
    let listed = project["spec"]["sourceRepos"].as_array().unwrap();
    let texts = listed.iter().map(|it| it.as_str().unwrap().to_owned());
    texts.collect()
}

#[test]
fn while_it_moves_the_project_permits_both_and_is_narrowed_then() {
    let place = Place::new(ACME);
    place.deploy();
    let old = permitted(&place);
    let [before] = old.as_slice() else {
        panic!("{old:?}")
    };
    let after = format!("file://{before}");
    let settings = unset(&place) + &format!("repository = \"{after}\"\n");
    place.change("deploycenter.toml", settings);

    place.deploy();
    assert_eq!(permitted(&place), [before.clone(), after.clone()]);
    let chart = place.committed("acme", "us-west-2/mattermost/application.json");
    holds(&chart, &[&after]);

    let plan = place.run(&["plan"]).succeeded();
    holds(&plan.stdout, &["acme/_customer", "sourceRepos"]);
    place.deploy();
    assert_eq!(permitted(&place), [after]);
    place.run(&["plan", "--detailed-exitcode"]).succeeded();
}

#[test]
fn init_takes_it() {
    let place = Place::new(ACME);
    let folder = tempfile::tempdir().unwrap();
    let init = |name: &str, address: &str| {
        let dir = folder.path().join(name);
        let args = ["init", dir.to_str().unwrap(), "--repository", address];
        (place.run(&args), dir)
    };
    let (made, dir) = init("fresh", "https://git.example.com/ops/deploy.git");
    made.succeeded();
    let text = std::fs::read_to_string(dir.join("deploycenter.toml")).unwrap();
    holds(
        &text,
        &["\nrepository = \"https://git.example.com/ops/deploy.git\"\n"],
    );
    let dir = dir.to_str().unwrap();
    place.run(&["-C", dir, "validate"]).succeeded();
    for wrong in ["https://ci:secret@git.example.com/x.git", "a\"b", ""] {
        let (run, dir) = init("wrong", wrong);
        let said = run.exits(64).stderr;
        assert!(!said.contains("secret"), "{said}");
        assert!(!dir.exists());
    }
}

/// Where the customer's project lets applications be deployed.
fn destinations(place: &Place) -> Vec<String> {
    let project = place.committed("acme", "project.json");
    let project: serde_json::Value = serde_json::from_str(&project).unwrap();
    let listed = project["spec"]["destinations"].as_array().unwrap();
    let servers = listed
        .iter()
        .map(|it| it["server"].as_str().unwrap().to_owned());
    servers.collect()
}

#[test]
fn while_a_clusters_address_moves_both_are_permitted_too() {
    const OLD: &str = "https://usw2.k8s.example.com";
    const NEW: &str = "https://usw2-b.k8s.example.com";
    let place = Place::new(ACME);
    place.deploy();
    assert_eq!(destinations(&place), [OLD]);
    place
        .sandbox()
        .with_argocd(|argocd, _| argocd.add_cluster(NEW));
    let path = place.checkout().join("regions.yaml");
    let regions = std::fs::read_to_string(path).unwrap();
    assert!(regions.contains(OLD));
    place.change("regions.yaml", regions.replace(OLD, NEW));

    let plan = place.run(&["plan"]).succeeded();
    holds(&plan.stdout, &["acme/_customer", "destinations", NEW]);
    place.deploy();
    assert_eq!(destinations(&place), [NEW, OLD]);
    for file in ["application.json", "base.json"] {
        let there = place.committed("acme", &format!("us-west-2/mattermost/{file}"));
        holds(&there, &[NEW]);
        assert!(!there.contains(OLD), "{there}");
    }

    let plan = place.run(&["plan"]).succeeded();
    holds(&plan.stdout, &["acme/_customer", "destinations", OLD]);
    place.deploy();
    assert_eq!(destinations(&place), [NEW]);
    place.run(&["plan", "--detailed-exitcode"]).succeeded();
}
