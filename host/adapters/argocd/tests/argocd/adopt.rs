//! Projects and applications that someone else made, taken over and given back; and what
//! the installation has.

use super::support::{Cluster, DEPLOYMENT, SERVER, owner, step};
use deploycenter_domain::name::Incarnation;
use deploycenter_domain::remedy::{Adopted, Remedy, Targets};
use deploycenter_domain::resource::{Adoption, Observed, Owner, Ownership, Resource};
use deploycenter_ports::{
    InventorySource, Marker, Provider, ProviderError, ProviderErrorKind, Step,
};
use reqwest::Method;
use serde_json::{Value, json};

const APPLICATION: &str = "/api/v1/applications/acme--odoo";

/// What stands there, but for what Argo CD moves by itself.
async fn deployed(world: &Cluster, path: &str) -> Value {
    let found = world.get(path).await;
    let metadata = &found["metadata"];
    json!({
        "labels": metadata["labels"],
        "annotations": metadata["annotations"],
        "finalizers": metadata["finalizers"],
        "spec": found["spec"],
    })
}

async fn make_project(world: &Cluster) {
    let body = json!({ "project": {
        "metadata": { "name": "acme", "labels": { "team": "x" }, "annotations": { "note": "theirs" }, "finalizers": ["example.com/theirs"] },
        "spec": {
            "description": "made by hand",
            "sourceRepos": ["*"],
            "destinations": [{ "server": SERVER, "namespace": "*" }],
        },
    }});
    let made = world
        .raw(Method::POST, "/api/v1/projects", Some(body))
        .await;
    assert_eq!(made["metadata"]["name"], "acme", "{made}");
}

async fn make_application(world: &Cluster, project: &str) {
    let body = json!({
        "metadata": {
            "name": "acme--odoo",
            "labels": { "team": "x", "app.kubernetes.io/managed-by": "Helm" },
            "annotations": { "note": "theirs" },
        },
        "spec": {
            "project": project,
            "source": { "repoURL": world.remote, "targetRevision": "customer/acme", "path": "us-west-2/odoo/chart" },
            "destination": { "server": SERVER, "namespace": "acme--odoo" },
            "syncPolicy": { "automated": {} },
        },
    });
    let made = world
        .raw(Method::POST, "/api/v1/applications", Some(body))
        .await;
    assert_eq!(made["metadata"]["name"], "acme--odoo", "{made}");
}

async fn foreign(world: &Cluster, wanted: &Resource) -> Result<Option<Observed>, ProviderError> {
    let adoption = Adoption::default();
    world.argocd.observe_foreign(wanted, &adoption).await
}

async fn seen(world: &Cluster, wanted: &Resource) -> Observed {
    foreign(world, wanted).await.unwrap().unwrap()
}

fn taking(name: &str, seen: &Observed, wanted: &Resource) -> Step {
    Step {
        adopt: Some(Adoption::default()),
        ..step(name, 1, Some(seen.state.clone()), Some(wanted.clone()))
    }
}

/// Takes a thing over, again, and gives it back. Whoever has `old` as its address has `new`
/// while it is ours.
async fn round(world: &Cluster, name: &str, wanted: &Resource, old: &str, new: &str) {
    let before = deployed(world, old).await;
    let there = seen(world, wanted).await;
    assert!(
        matches!(there.ownership, Ownership::Foreign(_)),
        "{there:?}"
    );
    let step = taking(name, &there, wanted);
    for _ in 0..2 {
        assert!(world.argocd.ensure(&step).await.unwrap().changed);
        let found = world.argocd.observe(wanted).await;
        let found = found.unwrap().unwrap();
        assert_eq!(found.state, *wanted);
        assert_eq!(found.ownership, Ownership::Owned(owner(name, 1)));
    }
    let other = Step {
        owner: owner(name, 2),
        ..step.clone()
    };
    assert!(!world.argocd.ensure(&other).await.unwrap().changed);
    let ours = deployed(world, new).await;
    assert_eq!(ours["labels"]["team"], "x", "what others set stays");
    assert_eq!(ours["annotations"]["note"], "theirs");
    assert_eq!(ours["finalizers"], before["finalizers"]);

    let failure = world.argocd.undo(&other).await.unwrap_err();
    assert_eq!(failure.kind, ProviderErrorKind::Moved);
    for _ in 0..2 {
        world.argocd.undo(&step).await.unwrap();
        assert_eq!(deployed(world, old).await, before);
    }
    assert!(world.argocd.ensure(&step).await.unwrap().changed);
}

#[tokio::test]
async fn a_project_and_an_application_are_adopted_and_given_back() {
    let world = Cluster::new().await;
    world.commit(1, "odoo:1", DEPLOYMENT).await;
    make_project(&world).await;
    make_application(&world, "acme").await;
    let path = "/api/v1/projects/acme";
    round(&world, "project", &world.project("x"), path, path).await;
    let path = &format!("{APPLICATION}?project=acme");
    round(&world, "workload", &world.application(true), path, path).await;
}

#[tokio::test]
async fn an_application_is_adopted_from_another_project_and_goes_back_there() {
    let world = Cluster::new().await;
    world.commit(1, "odoo:1", DEPLOYMENT).await;
    let project = step("project", 1, None, Some(world.project("x")));
    world.argocd.ensure(&project).await.unwrap();
    make_application(&world, "default").await;
    let wanted = world.application(true);

    // Nothing is taken over by itself, and the way is said.
    let failure = world
        .argocd
        .ensure(&step("workload", 1, None, Some(wanted.clone())))
        .await
        .unwrap_err();
    assert_eq!(failure.kind, ProviderErrorKind::Foreign);
    assert!(
        failure.message.contains("in the project default"),
        "{failure}"
    );
    let adopt = Remedy::Adopt {
        targets: Targets::One("acme/odoo".parse().unwrap()),
        what: Adopted::Effect {
            effect: "argocd.application/workload".parse().unwrap(),
            id: None,
        },
    };
    assert!(failure.help.unwrap().remedies().eq([&adopt]));

    let there = seen(&world, &wanted).await;
    let Resource::Application(state) = &there.state else {
        panic!()
    };
    assert_eq!(state.project, "default");
    let old = format!("{APPLICATION}?project=default");
    let new = format!("{APPLICATION}?project=acme");
    round(&world, "workload", &wanted, &old, &new).await;
}

#[tokio::test]
async fn another_installations_application_gets_its_marks_back() {
    let world = Cluster::new().await;
    world.deploy().await;
    // Its marks are those of an earlier incarnation, of another installation.
    let former = Owner {
        installation: "example".parse().unwrap(),
        incarnation: Incarnation(7),
        ..owner("base", 3)
    };
    let mut app = world.get(&format!("{APPLICATION}?project=acme")).await;
    let labels = &mut app["metadata"]["labels"];
    labels["deploycenter.dev/installation"] = "elsewhere".into();
    let annotations = &mut app["metadata"]["annotations"];
    for (key, value) in [
        ("effect", former.effect.to_string()),
        ("incarnation", "7".to_owned()),
        ("deployment", former.deployment.to_string()),
    ] {
        annotations[format!("deploycenter.dev/{key}")] = value.into();
    }
    let path = format!("{APPLICATION}?project=acme");
    world.raw(Method::PUT, &path, Some(app)).await;
    let former = Owner {
        installation: "elsewhere".parse().unwrap(),
        ..former
    };
    let before = deployed(&world, &path).await;

    let wanted = world.application(false);
    let there = seen(&world, &wanted).await;
    assert_eq!(there.ownership, Ownership::Owned(former.clone()));
    let step = Step {
        adopt: Some(Adoption {
            id: None,
            former: Some(former),
        }),
        ..taking("workload", &there, &wanted)
    };
    for _ in 0..2 {
        assert!(world.argocd.ensure(&step).await.unwrap().changed);
    }
    for _ in 0..2 {
        world.argocd.undo(&step).await.unwrap();
        assert_eq!(deployed(&world, &path).await, before);
    }
}

#[tokio::test]
async fn what_changed_before_it_was_adopted_is_left() {
    let world = Cluster::new().await;
    world.commit(1, "odoo:1", DEPLOYMENT).await;
    make_project(&world).await;
    let wanted = world.application(true);
    assert_eq!(foreign(&world, &wanted).await, Ok(None));
    make_application(&world, "acme").await;
    let step = taking("workload", &seen(&world, &wanted).await, &wanted);

    let path = format!("{APPLICATION}?project=acme");
    let mut app = world.get(&path).await;
    app["spec"]["syncPolicy"]["automated"]["selfHeal"] = true.into();
    world.raw(Method::PUT, &path, Some(app)).await;
    let edited = deployed(&world, &path).await;
    let failure = world.argocd.ensure(&step).await.unwrap_err();
    assert_eq!(failure.kind, ProviderErrorKind::Moved);
    assert!(failure.message.contains("automated.selfHeal"), "{failure}");
    world.argocd.undo(&step).await.unwrap();
    assert_eq!(deployed(&world, &path).await, edited);

    let cascade = format!("{path}&cascade=true");
    world.raw(Method::DELETE, &cascade, None).await;
    let failure = world.argocd.ensure(&step).await.unwrap_err();
    assert_eq!(failure.kind, ProviderErrorKind::Moved);
}

#[tokio::test]
async fn a_sync_is_no_thing_to_adopt() {
    let world = Cluster::new().await;
    let sync = world.commit(1, "odoo:1", DEPLOYMENT).await;
    let sync = Resource::Sync(sync);
    let refused = foreign(&world, &sync).await.unwrap_err();
    assert_eq!(refused.kind, ProviderErrorKind::Refused);
}

#[tokio::test]
async fn all_that_is_ours_is_listed_and_nothing_foreign() {
    let world = Cluster::new().await;
    world.deploy().await;
    let other = json!({ "project": {
        "metadata": { "name": "globex", "labels": { "deploycenter.dev/installation": "example-2" } },
        "spec": { "sourceRepos": ["*"], "destinations": [] },
    }});
    world
        .raw(Method::POST, "/api/v1/projects", Some(other))
        .await;
    let odd = json!({ "project": {
        "metadata": { "name": "odd", "labels": { "deploycenter.dev/installation": "example" } },
        "spec": { "sourceRepos": ["*"], "destinations": [] },
    }});
    world.raw(Method::POST, "/api/v1/projects", Some(odd)).await;

    let list = async |installation: &str| {
        let installation = installation.parse().unwrap();
        world.argocd.inventory(&installation).await.unwrap()
    };
    let all = list("example").await;
    let found: Vec<(&str, &Marker)> = all
        .iter()
        .map(|one| (one.id.as_str(), &one.holder))
        .collect();
    let effect = |name: &str| Marker::Effect(owner(name, 1));
    let unknown = all[4].holder.clone();
    assert!(matches!(unknown, Marker::Unknown(_)), "{unknown:?}");
    assert_eq!(
        found,
        [
            ("acme", &effect("project")),
            ("acme--base", &effect("base-project")),
            ("acme--odoo", &effect("workload")),
            ("acme--odoo--base", &effect("base")),
            ("odd", &unknown),
        ]
    );
    assert!(
        all.iter()
            .all(|one| one.system == "argocd" && one.since.is_some())
    );
    assert_eq!(list("example-2").await.len(), 1);
    assert_eq!(list("example-3").await, []);

    // Each state is what a removal starts from.
    for (name, one) in [
        ("workload", &all[2]),
        ("base", &all[3]),
        ("base-project", &all[1]),
        ("project", &all[0]),
    ] {
        let removal = step(name, 1, Some(one.state.clone()), None);
        assert!(world.argocd.ensure(&removal).await.unwrap().changed);
    }
    assert_eq!(list("example").await.len(), 1);
}
