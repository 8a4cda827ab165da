#![expect(clippy::unwrap_used, reason = "tests")]
use deploycenter_domain::effect::{EffectId, EffectKind};
use deploycenter_domain::name::Incarnation;
use deploycenter_domain::remedy::{Adopted, Remedy, Targets};
use deploycenter_domain::resource::{Application, Owner};
use deploycenter_ports::CommitContext;
use serde_json::json;

use super::*;

pub(crate) fn owner(deployment: &str, effect: &str) -> Owner {
    Owner {
        installation: "example".parse().unwrap(),
        target: "acme/odoo".parse().unwrap(),
        effect: EffectId::new(EffectKind::Application, effect).unwrap(),
        incarnation: Incarnation(1),
        deployment: deployment.parse().unwrap(),
    }
}

pub(crate) fn state(path: &str) -> Resource {
    Resource::Application(Application {
        name: "acme--odoo".to_owned(),
        project: "acme".to_owned(),
        labels: [("deploycenter.dev/customer".to_owned(), "acme".to_owned())].into(),
        spec: json!({ "project": "acme", "source": { "path": path } }),
    })
}

pub(crate) fn found(path: &str) -> App {
    serde_json::from_value(json!({
        "metadata": { "name": "acme--odoo", "labels": { "deploycenter.dev/customer": "acme", "deploycenter.dev/installation": "example", "team": "x" } },
        "spec": { "project": "acme", "source": { "path": path } },
    }))
    .unwrap()
}

#[test]
fn each_case_has_its_answer() {
    use ProviderErrorKind::{Foreign, Moved};
    let (ours, earlier) = (
        Ownership::Owned(owner("d2", "workload")),
        Ownership::Owned(owner("d1", "workload")),
    );
    let (other, stranger) = (
        Ownership::Owned(owner("d2", "base")),
        Ownership::Foreign("not ours".to_owned()),
    );
    let nothing = |ours| Ok(Decision::Done(ours));
    // before, after, undo, what is there and whose
    type Case<'a> = (
        &'a str,
        Option<&'a str>,
        Option<&'a str>,
        bool,
        Option<(&'a str, &'a Ownership)>,
        Result<Decision, ProviderErrorKind>,
    );
    let cases: Vec<Case<'_>> = vec![
        (
            "create",
            None,
            Some("new"),
            false,
            None,
            Ok(Decision::Create),
        ),
        (
            "create, made already",
            None,
            Some("new"),
            false,
            Some(("new", &ours)),
            nothing(true),
        ),
        (
            "create, made by an earlier deployment",
            None,
            Some("new"),
            false,
            Some(("new", &earlier)),
            nothing(false),
        ),
        (
            "create, another is there",
            None,
            Some("new"),
            false,
            Some(("old", &earlier)),
            Err(Foreign),
        ),
        (
            "create, a stranger's is there",
            None,
            Some("new"),
            false,
            Some(("new", &stranger)),
            Err(Foreign),
        ),
        (
            "create, another effect's is there",
            None,
            Some("new"),
            false,
            Some(("new", &other)),
            Err(Foreign),
        ),
        (
            "update",
            Some("old"),
            Some("new"),
            false,
            Some(("old", &earlier)),
            Ok(Decision::Update),
        ),
        (
            "update, made already",
            Some("old"),
            Some("new"),
            false,
            Some(("new", &ours)),
            nothing(true),
        ),
        (
            "update, edited",
            Some("old"),
            Some("new"),
            false,
            Some(("edited", &earlier)),
            Err(Moved),
        ),
        (
            "update, gone",
            Some("old"),
            Some("new"),
            false,
            None,
            Err(Moved),
        ),
        (
            "update, a stranger's now",
            Some("old"),
            Some("new"),
            false,
            Some(("old", &stranger)),
            Err(Foreign),
        ),
        (
            "delete",
            Some("old"),
            None,
            false,
            Some(("old", &earlier)),
            Ok(Decision::Delete),
        ),
        (
            "delete, edited",
            Some("old"),
            None,
            false,
            Some(("edited", &earlier)),
            Err(Moved),
        ),
        (
            "delete, gone",
            Some("old"),
            None,
            false,
            None,
            nothing(false),
        ),
        (
            "delete, a stranger's",
            Some("old"),
            None,
            false,
            Some(("old", &stranger)),
            Err(Foreign),
        ),
        (
            "undo a create",
            Some("new"),
            None,
            true,
            Some(("new", &ours)),
            Ok(Decision::Delete),
        ),
        (
            "undo a create, edited since",
            Some("new"),
            None,
            true,
            Some(("edited", &ours)),
            Ok(Decision::Delete),
        ),
        (
            "undo a create, an earlier deployment's",
            Some("new"),
            None,
            true,
            Some(("new", &earlier)),
            Err(Moved),
        ),
        (
            "undo a create that met a stranger's",
            Some("new"),
            None,
            true,
            Some(("new", &stranger)),
            nothing(false),
        ),
        (
            "undo an update",
            Some("new"),
            Some("old"),
            true,
            Some(("new", &ours)),
            Ok(Decision::Update),
        ),
        (
            "undo an update, edited since",
            Some("new"),
            Some("old"),
            true,
            Some(("edited", &ours)),
            Err(Moved),
        ),
        (
            "undo an update that never was",
            Some("new"),
            Some("old"),
            true,
            Some(("old", &earlier)),
            nothing(false),
        ),
        (
            "undo a delete",
            None,
            Some("old"),
            true,
            None,
            Ok(Decision::Create),
        ),
    ];
    for (what, before, after, undo, there, expected) in cases {
        let step = Step {
            owner: owner("d2", "workload"),
            before: before.map(state),
            after: after.map(state),
            uncertain: false,
            undo,
            commit: CommitContext::default(),
            adopt: None,
        };
        let there = there.map(|(path, ownership)| (found(path), ownership));
        let answer = decide(
            &step,
            there.as_ref().map(|(app, ownership)| (app, *ownership)),
        );
        assert_eq!(answer.map_err(|failure| failure.kind), expected, "{what}");
    }
}

#[test]
fn the_way_out_is_named() {
    let step = Step {
        owner: owner("d2", "workload"),
        before: None,
        after: Some(state("new")),
        uncertain: false,
        undo: false,
        commit: CommitContext::default(),
        adopt: None,
    };
    let stranger = Ownership::Foreign("it has no label".to_owned());
    let failure = decide(&step, Some((&found("new"), &stranger))).unwrap_err();
    let adopt = Remedy::Adopt {
        targets: Targets::One(step.owner.target.clone()),
        what: Adopted::Effect {
            effect: step.owner.effect.clone(),
            id: None,
        },
    };
    assert!(failure.help.unwrap().remedies().eq([&adopt]));
    assert_eq!(
        failure.message,
        "the Argo CD application acme--odoo: it has no label"
    );
}

#[test]
fn a_difference_is_named() {
    let step = Step {
        owner: owner("d2", "workload"),
        before: Some(state("old")),
        after: Some(state("new")),
        uncertain: false,
        undo: false,
        commit: CommitContext::default(),
        adopt: None,
    };
    let failure = decide(
        &step,
        Some((&found("edited"), &Ownership::Owned(owner("d1", "workload")))),
    )
    .unwrap_err();
    assert!(failure.message.contains("spec.source.path"), "{failure}");
}
