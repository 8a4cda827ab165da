//! The plan as data: actions, changes, counts.

use deploycenter_domain::effect::{Action, EffectKind};
use deploycenter_domain::plan::{Plan, Summary, TargetPlan, action, changes};
use deploycenter_domain::resource::Resource;
use serde_json::{Value, json};

use crate::support::{
    access_point, application, file, file_system, first, folder, id, mount_target, plan, record,
    token, update,
};

#[test]
fn the_action_follows_from_the_states() {
    let (one, other) = (record(1), record(2));
    assert_eq!(action(None, None), Action::None);
    assert_eq!(action(None, Some(&one)), Action::Create);
    assert_eq!(action(Some(&one), None), Action::Delete);
    assert_eq!(action(Some(&one), Some(&one)), Action::None);
    assert_eq!(action(Some(&one), Some(&other)), Action::Update);
}

/// Path, before and after of each change.
fn shown(before: Option<&Resource>, after: Option<&Resource>) -> Vec<(String, Value, Value)> {
    changes(before, after)
        .into_iter()
        .map(|change| (change.path, change.before, change.after))
        .collect()
}

#[test]
fn only_changed_keys_are_told() {
    assert_eq!(
        shown(Some(&record(1)), Some(&record(2))),
        [("weight".to_owned(), json!(1), json!(2))]
    );
    assert_eq!(
        shown(Some(&file("a.yaml", "old")), Some(&file("a.yaml", "new"))),
        [("content".to_owned(), json!("old"), json!("new"))]
    );
}

#[test]
fn leaves_are_told_by_path() {
    let mut moved = application("base");
    if let Resource::Application(application) = &mut moved {
        application.spec =
            json!({ "source": { "path": "elsewhere" }, "list": [1, 2], "empty": {} });
        application
            .labels
            .insert("a.b/c".to_owned(), "x".to_owned());
    }
    assert_eq!(
        shown(Some(&application("base")), Some(&moved)),
        [
            ("labels".to_owned(), json!({}), Value::Null),
            ("labels.a.b/c".to_owned(), Value::Null, json!("x")),
            ("spec.empty".to_owned(), Value::Null, json!({})),
            ("spec.list".to_owned(), Value::Null, json!([1, 2])),
            (
                "spec.source.path".to_owned(),
                json!("us-west-2/chat/chart"),
                json!("elsewhere")
            ),
        ]
    );
}

#[test]
fn everything_is_new_or_gone_at_the_ends() {
    let made = shown(None, Some(&file_system()));
    assert!(
        made.iter()
            .all(|(_, before, after)| before.is_null() && !after.is_null()),
        "{made:?}"
    );
    // A key that isn't set is nothing, and where an image is kept is no change.
    let paths: Vec<&str> = made.iter().map(|(path, ..)| path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "creationToken",
            "name",
            "performanceMode",
            "region",
            "throughputMode"
        ]
    );
    let gone = shown(Some(&file_system()), None);
    assert!(
        gone.iter()
            .all(|(_, before, after)| !before.is_null() && after.is_null()),
        "{gone:?}"
    );
}

#[test]
fn what_isnt_known_yet_says_so() {
    let found = changes(None, Some(&access_point(&token("efs.file-system/data"))));
    let unknown: Vec<&str> = found
        .iter()
        .filter(|change| change.known_after_apply)
        .map(|change| change.path.as_str())
        .collect();
    assert_eq!(unknown, ["fileSystem"]);
    let change = found
        .iter()
        .find(|change| change.path == "fileSystem")
        .unwrap();
    assert_eq!(change.after, "(known after apply)");
    let inside = changes(
        None,
        Some(&file(
            "x.yaml",
            &format!("volume: {}::x\n", token("efs.file-system/data")),
        )),
    );
    assert!(
        inside
            .iter()
            .any(|change| change.after == "volume: (known after apply)::x\n"),
        "{inside:?}"
    );
    let tree = shown(Some(&folder(Some("a"))), Some(&folder(None)));
    assert_eq!(
        tree,
        [("tree".to_owned(), json!("a"), json!("(known after apply)"))]
    );
    // In a list as well.
    let mut listed = mount_target("fs-1");
    if let Resource::MountTarget(target) = &mut listed {
        target.security_groups = vec!["sg-1".to_owned(), token("efs.file-system/data")];
    }
    let found = changes(Some(&mount_target("fs-1")), Some(&listed));
    assert!(found[0].known_after_apply, "{found:?}");
    assert_eq!(found[0].after, json!(["sg-1", "(known after apply)"]));
}

#[test]
fn nothing_of_a_token_is_shown() {
    let broken: String = token("efs.file-system/data").chars().skip(1).collect();
    for change in changes(None, Some(&mount_target(&broken))) {
        assert!(
            !change
                .after
                .to_string()
                .contains(deploycenter_domain::token::is_reserved),
            "{change:?}"
        );
    }
}

#[test]
fn a_plan_is_sorted_and_counted() {
    let at = |target: &str, plan: TargetPlan| TargetPlan {
        target: target.parse().unwrap(),
        ..plan
    };
    let targets = vec![
        at("acme/chat", update()),
        at("acme-corp/chat", first()),
        at("acme/_customer", plan(vec![])),
    ];
    let whole = Plan::new(
        "testing".parse().unwrap(),
        vec!["acme*".to_owned()],
        targets,
    );
    let order: Vec<String> = whole
        .targets
        .iter()
        .map(|target| target.target.to_string())
        .collect();
    // What a customer's instances share comes before them.
    assert_eq!(order, ["acme/_customer", "acme/chat", "acme-corp/chat"]);
    assert_eq!(
        whole.summary,
        Summary {
            create: 12,
            update: 5,
            delete: 0,
            none: 7
        }
    );
    assert_eq!(whole.format, 1);
    assert!(whole.has_changes());
    let text = serde_json::to_string(&whole).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), whole);
    assert!(!Plan::new("testing".parse().unwrap(), vec![], vec![plan(vec![])]).has_changes());
}

#[test]
fn a_first_deployment_makes_its_folder() {
    assert!(first().is_first());
    assert!(!update().is_first());
    assert!(!plan(vec![]).is_first());
    assert!(first().has_changes());
    let plan = first();
    let names: Vec<&str> = plan
        .of_kind(EffectKind::Application)
        .map(|effect| effect.name.as_str())
        .collect();
    assert_eq!(names, ["base", "workload"]);
    assert_eq!(
        first().effect(&id("dns.record/domain")).unwrap().after,
        Some(record(100))
    );
    assert_eq!(first().effect(&id("dns.record/other")), None);
}
