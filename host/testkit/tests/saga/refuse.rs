//! What a plan refuses before anything is touched: what isn't there that has to be, what
//! is there that isn't ours, and what would have to move.

use deploycenter_domain::journal::Status;
use deploycenter_engine::{PlanError, RefusalCode};
use deploycenter_testkit::World;

use crate::hands::argocd;
use crate::scene::{before_deploy, before_update, deployed, left_out, sicken, tried};

/// What `apply` says instead of doing anything; nothing was written.
fn refused(world: &World) -> String {
    let (began, before) = (world.sandbox().ledger().len(), world.inventory().unwrap());
    let problems = match tried(world) {
        Err(PlanError::Problems(problems)) => problems.to_string(),
        other => panic!("{other:?}"),
    };
    assert!(world.inventory().unwrap() == before);
    assert!(
        world.sandbox().ledger()[began..]
            .iter()
            .all(|entry| !entry.write)
    );
    problems
}

#[test]
fn projects_that_arent_ours() {
    let world = before_deploy();
    let body = r#"{"project":{"metadata":{"name":"acme"},"spec":{"sourceRepos":["*"],"destinations":[]}}}"#;
    argocd(&world, "POST", "/api/v1/projects", &[], body);
    let bases = body.replace("acme", "acme--base");
    argocd(&world, "POST", "/api/v1/projects", &[], &bases);
    let said = left_out(&world);
    assert!(
        said.iter().all(|one| one.code == RefusalCode::Exists),
        "{said:?}"
    );
    let said: Vec<String> = said.iter().map(|one| one.problem().to_string()).collect();
    for there in [
        "acme/_customer: argocd.project/acme exists already",
        "acme/_customer: argocd.project/acme--base exists already",
        "acme/mattermost: acme/_customer comes before it: argocd.project/acme",
    ] {
        assert!(said.iter().any(|one| one.contains(there)), "{said:?}");
    }
}

#[test]
fn a_move_to_another_region() {
    let world = before_update();
    let moved = std::fs::read_to_string(world.checkout().join("customers.yaml")).unwrap();
    world
        .write("customers.yaml", &moved.replace("us-west-2", "eu-west-3"))
        .unwrap();
    let said = refused(&world);
    assert!(
        said.contains("acme/mattermost runs in us-west-2 and holds data; it can't be moved to eu-west-3 in place"),
        "{said}"
    );
}

#[test]
fn a_move_is_a_first_deployment_where_none_got_well_yet() {
    let world = before_deploy();
    let before = world.inventory().unwrap();
    sicken(&world, "maxUsers: 100");
    let outcomes = tried(&world).unwrap();
    assert!(
        outcomes
            .iter()
            .any(|outcome| outcome.status == Status::Unwound),
        "{outcomes:?}"
    );
    let now = world.inventory().unwrap();
    assert!(now == before, "{}", before.difference(&now));
    world
        .sandbox()
        .with_argocd(|argocd, _| argocd.heal("acme--mattermost"));
    let customers = std::fs::read_to_string(world.checkout().join("customers.yaml")).unwrap();
    world
        .write(
            "customers.yaml",
            &customers.replace("us-west-2", "eu-west-3"),
        )
        .unwrap();
    deployed(&world);
    let now = world.inventory().unwrap();
    assert!(
        now.0
            .contains_key("git customer/acme:eu-west-3/mattermost/values.yaml")
    );
    assert_eq!(now.mentions("us-west-2/mattermost"), Vec::<String>::new());
}

#[test]
fn a_plugin_that_the_target_is_pinned_to_and_that_is_gone() {
    let world = before_update();
    let lock = std::fs::read_to_string(world.checkout().join("plugins.lock")).unwrap();
    let digest = lock
        .lines()
        .find(|line| line.starts_with("digest"))
        .unwrap();
    let other =
        "digest = \"sha256:0000000000000000000000000000000000000000000000000000000000000000\"";
    world
        .write("plugins.lock", &lock.replace(digest, other))
        .unwrap();
    let said = refused(&world);
    assert!(
        said.contains("is pinned to the plugin mattermost") && said.contains("plugins.lock"),
        "{said}"
    );
}
