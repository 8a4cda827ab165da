//! A plan as it is shown.
#![expect(clippy::unwrap_used, reason = "tests")]

use deploycenter_domain::digest::Digest;
use deploycenter_domain::effect::{Action, EffectId, OutputName};
use deploycenter_domain::name::Incarnation;
use deploycenter_domain::operation::Operation;
use deploycenter_domain::plan::{Change, PlannedEffect};
use serde_json::{Value, json};

use super::super::effect::UNKNOWN;
use super::super::plain;
use super::*;

fn effect(id: &str, action: Action, changes: &[(&str, Value, Value)]) -> PlannedEffect {
    let id: EffectId = id.parse().unwrap();
    PlannedEffect {
        kind: id.kind(),
        name: id.name().to_owned(),
        id,
        on: None,
        action,
        depends_on: Vec::new(),
        changes: changes
            .iter()
            .map(|(path, before, after)| Change {
                path: (*path).to_owned(),
                before: before.clone(),
                after: after.clone(),
                known_after_apply: after.to_string().contains(UNKNOWN),
            })
            .collect(),
        before: None,
        after: None,
        owner: None,
        outputs: Default::default(),
        adopt: None,
    }
}

fn target(name: &str, app: Option<&str>, effects: Vec<PlannedEffect>) -> TargetPlan {
    TargetPlan {
        target: name.parse().unwrap(),
        region: "eu-west-3".parse().unwrap(),
        app: app.map(|app| app.parse().unwrap()),
        incarnation: Incarnation::FIRST,
        operation: Operation::Deploy,
        digest: Digest::of(name.as_bytes()),
        inputs: Default::default(),
        data_version: None,
        remarks: Vec::new(),
        effects,
    }
}

fn plan(targets: Vec<TargetPlan>) -> Plan {
    Plan::new("test".parse().unwrap(), Vec::new(), targets)
}

fn first() -> TargetPlan {
    let unknown = || json!(UNKNOWN);
    let file = "image: mattermost\nreplicas: 1\n";
    target(
        "acme/mattermost",
        Some("mattermost"),
        vec![
            effect(
                "efs.file-system/data",
                Action::Create,
                &[
                    ("name", Value::Null, json!("acme--mattermost--data")),
                    ("throughputMode", Value::Null, json!("elastic")),
                ],
            ),
            effect(
                "efs.access-point/data",
                Action::Create,
                &[
                    ("fileSystem", Value::Null, unknown()),
                    ("uid", Value::Null, json!(2000)),
                ],
            ),
            effect(
                "git.file/values.yaml",
                Action::Create,
                &[
                    ("content", Value::Null, json!(file)),
                    (
                        "path",
                        Value::Null,
                        json!("eu-west-3/mattermost/values.yaml"),
                    ),
                ],
            ),
            effect(
                "git.commit/folder",
                Action::Create,
                &[("tree", Value::Null, unknown())],
            ),
        ],
    )
}

fn update() -> TargetPlan {
    let old = "image: mattermost\nreplicas: 1\nsmtp:\n  host: mail\n  port: 25\n";
    let new = "image: mattermost\nreplicas: 3\nsmtp:\n  host: mail\n  port: 25\n  tls: true";
    let mut gone = effect(
        "efs.mount-target/subnet-1",
        Action::Delete,
        &[("subnet", json!("subnet-1"), Value::Null)],
    );
    gone.outputs.insert(OutputName::Id, "fsmt-0123".to_owned());
    let mut kept = effect("efs.file-system/data", Action::None, &[]);
    kept.outputs.insert(OutputName::Id, "fs-0123".to_owned());
    target(
        "globex/chat",
        Some("mattermost"),
        vec![
            kept,
            gone,
            effect(
                "dns.record/main",
                Action::Update,
                &[
                    (
                        "routing.addresses.ipv4",
                        json!(["192.0.2.1"]),
                        json!(["192.0.2.1", "192.0.2.2"]),
                    ),
                    ("weight", json!(100), json!(50)),
                ],
            ),
            effect(
                "git.file/values.yaml",
                Action::Update,
                &[("content", json!(old), json!(new))],
            ),
            effect(
                "argocd.application/workload",
                Action::Update,
                &[
                    ("spec.ignoreDifferences", json!([]), Value::Null),
                    (
                        "spec.source.helm.values",
                        Value::Null,
                        json!("a: 1\nb: \u{1b}[31m\n"),
                    ),
                ],
            ),
            effect(
                "git.commit/folder",
                Action::Update,
                &[("tree", json!("0123"), json!(UNKNOWN))],
            ),
        ],
    )
}

fn same() -> TargetPlan {
    let mut shared = target(
        "acme/_customer",
        None,
        vec![effect("argocd.project/acme", Action::None, &[])],
    );
    shared.incarnation = Incarnation(2);
    shared
}

#[test]
fn changes_by_target() {
    insta::assert_snapshot!(plain(&render(
        &plan(vec![update(), same(), first()]),
        0,
        false
    )));
}

#[test]
fn everything_when_verbose() {
    insta::assert_snapshot!(plain(&render(&plan(vec![same(), update()]), 0, true)));
}

#[test]
fn remarks_stand_under_their_target() {
    let odd = remarked(
        update(),
        &[
            Remark::new("data-version", "the data goes from version 17.0 to 18.0")
                .help("take a backup first"),
            Remark::new(
                Remark::APP_WARNING,
                "two servers\u{1b}[31m wait\nfor a licence",
            ),
        ],
    );
    let text = plain(&render(&plan(vec![odd.clone(), same()]), 0, false));
    let head: Vec<&str> = text.lines().take(5).collect();
    assert_eq!(
        head,
        [
            "globex/chat (eu-west-3, mattermost)",
            "  ! the data goes from version 17.0 to 18.0",
            "    help: take a backup first",
            "  ! two servers\\u{1b}[31m wait\\u{a}for a licence",
            "  - efs.mount-target/subnet-1 (fsmt-0123)",
        ]
    );
    assert!(
        text.ends_with("unchanged.\n! read the remarks on globex/chat\n"),
        "{text}"
    );
    // Where nothing changes, there is nothing to think about first.
    let quiet = remarked(same(), &[Remark::new("app-warning", "as ever")]);
    let text = plain(&render(&plan(vec![quiet.clone()]), 0, false));
    assert!(!text.contains('!'), "{text}");
    let text = plain(&render(&plan(vec![quiet]), 0, true));
    assert!(text.contains("  ! as ever\n"), "{text}");
    let many = (0..7).map(|number| TargetPlan {
        target: format!("c{number}/chat").parse().unwrap(),
        ..odd.clone()
    });
    let text = plain(&summary_line(&plan(many.collect())));
    assert!(
        text.ends_with("on c0/chat, c1/chat, c2/chat, c3/chat, c4/chat and 2 more\n"),
        "{text}"
    );
}

fn remarked(mut plan: TargetPlan, remarks: &[Remark]) -> TargetPlan {
    plan.remarks = remarks.to_vec();
    plan
}

#[test]
fn nothing_to_do() {
    insta::assert_snapshot!(plain(&render(&plan(vec![same()]), 0, false)), @"Nothing to do: 1 target as wanted (1 effect).");
    let mut two = same();
    two.effects.extend(same().effects);
    insta::assert_snapshot!(plain(&render(&plan(vec![two]), 0, false)), @"Nothing to do: 1 target as wanted (2 effects).");
}

#[test]
fn what_is_left_out_has_something_to_do() {
    let shown = |targets, left_out| plain(&render(&plan(targets), left_out, false));
    insta::assert_snapshot!(shown(vec![], 1), @"Nothing to apply: 0 targets as wanted, 1 target left out.");
    insta::assert_snapshot!(shown(vec![same()], 2), @"Nothing to apply: 1 target as wanted, 2 targets left out.");
    let changes = plain(&render(&plan(vec![update()]), 0, false));
    assert_eq!(shown(vec![update()], 2), changes);
}

#[test]
fn colour_says_nothing_that_signs_do_not() {
    let styled = render(&plan(vec![update()]), 0, false);
    assert!(styled.contains("\u{1b}[33m~"), "{styled:?}");
    for (sign, count) in [("  + ", 0), ("  ~ ", 4), ("  - ", 1)] {
        let lines = plain(&styled)
            .lines()
            .filter(|line| line.starts_with(sign))
            .count();
        assert_eq!(lines, count, "{sign}");
    }
}

#[test]
fn a_value_cannot_paint() {
    let styled = render(&plan(vec![update()]), 0, false);
    assert!(!styled.contains("b: \u{1b}"), "{styled:?}");
    assert!(styled.contains("b: \\u{1b}[31m"), "{styled:?}");
}

/// A fleet of that many first deployments, each with an address of its own.
fn fleet(count: usize) -> Vec<TargetPlan> {
    let targets = (0..count).map(|nth| {
        let mut one = first();
        one.target = format!("customer-{nth}/mattermost").parse().unwrap();
        one.effects[1].changes[1].after = json!(2000 + nth);
        one
    });
    targets.collect()
}

#[test]
fn a_fleet_is_shown_by_its_shapes() {
    let mut targets = fleet(7);
    // Another shape, another region, an equal change of two, and what is never folded.
    targets[3].effects.remove(0);
    targets[4].region = "us-west-2".parse().unwrap();
    let warned = Remark::new("alone", "this one is to be read");
    targets[5].remarks.push(warned);
    let changed = effect(
        "git.file/values.yaml",
        Action::Update,
        &[("content", json!("replicas: 1\n"), json!("replicas: 2\n"))],
    );
    for name in ["globex/chat", "initech/chat"] {
        targets.push(target(name, Some("mattermost"), vec![changed.clone()]));
    }
    let removed = || {
        effect(
            "efs.mount-target/a",
            Action::Delete,
            &[("subnet", json!("subnet-1"), Value::Null)],
        )
    };
    for name in ["rivoli/wiki", "rivoli/wiki-two"] {
        targets.push(target(name, Some("wiki"), vec![removed()]));
    }
    let plan = plan(targets);
    insta::assert_snapshot!(plain(&render(&plan, 0, false)));
    let each = plain(&render(&plan, 0, true));
    for target in &plan.targets {
        assert!(each.contains(&format!("{} (", target.target)), "{each}");
    }
}

#[test]
fn a_handful_is_shown_one_by_one() {
    let shown = plain(&render(&plan(fleet(5)), 0, false));
    assert!(!shown.contains("same for"), "{shown}");
    assert_eq!(shown.matches("first deployment").count(), 5, "{shown}");
}

#[test]
fn what_leads_people_elsewhere_is_said_of_targets_without_changes() {
    let mut unchanged = same();
    unchanged.remarks = vec![
        Remark::new("app-warning", "only where something changes"),
        Remark::new("delegated", "dns.record/main: the name is delegated").help("look at it"),
    ];
    let shown = plain(&render(&plan(vec![unchanged]), 0, false));
    assert!(
        shown.contains("! dns.record/main: the name is delegated\n    help: look at it"),
        "{shown}"
    );
    assert!(!shown.contains("only where"), "{shown}");
    assert!(shown.contains("Nothing to do"), "{shown}");
}
