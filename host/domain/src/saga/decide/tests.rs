#![expect(clippy::unwrap_used, reason = "tests")]

use super::Marks::{AtMaking, WithEachChange};
use super::*;
use crate::name::Incarnation;

fn owner(deployment: &str) -> Owner {
    Owner {
        installation: "inst-1".parse().unwrap(),
        target: "acme/odoo".parse().unwrap(),
        effect: "efs.file-system/data".parse().unwrap(),
        incarnation: Incarnation::FIRST,
        deployment: deployment.parse().unwrap(),
    }
}

/// Whose a thing is, as a row says it; the step is `d2`'s.
fn ownership(said: &str) -> Ownership {
    match said {
        "ours" => Ownership::Owned(owner("d2")),
        "earlier's" => Ownership::Owned(owner("d1")),
        "another incarnation's" => Ownership::Owned(Owner {
            incarnation: Incarnation(2),
            ..owner("d2")
        }),
        "the former's" => Ownership::Owned(former()),
        "place's" => Ownership::ByPlace,
        "stranger's" => Ownership::Foreign("is nobody's".to_owned()),
        other => panic!("nobody is called {other}"),
    }
}

fn former() -> Owner {
    Owner {
        target: "globex/odoo".parse().unwrap(),
        ..owner("d1")
    }
}

/// One row: before, after and what is there are states by a letter; `None`: nothing.
/// `-` between two letters is a state on the way from one to the other.
struct Row {
    before: Option<&'static str>,
    after: Option<&'static str>,
    /// Some of `undo`, `doubt`, `adopt`, `inherit`.
    how: &'static str,
    found: Option<(&'static str, &'static str)>,
}

fn answer(row: &Row, marks: Marks) -> Result<Decision, Obstacle> {
    let adoption = Adoption {
        id: None,
        former: row.how.contains("inherit").then(former),
    };
    let owner = owner("d2");
    let aim = Aim {
        owner: &owner,
        before: row.before.is_some(),
        after: row.after.is_some(),
        undo: row.how.contains("undo"),
        doubt: row.how.contains("doubt"),
        adopt: (row.how.contains("adopt") || row.how.contains("inherit")).then_some(&adoption),
        marks,
    };
    let ownership = row.found.map(|(_, whose)| ownership(whose));
    let found = row.found.zip(ownership.as_ref());
    let found = found.map(|((state, _), ownership)| {
        let (as_before, as_after) = (row.before == Some(state), row.after == Some(state));
        Found {
            ownership,
            as_before,
            as_after,
            between: as_before || as_after || state == "-",
        }
    });
    decide(&aim, found.as_ref())
}

/// Rows whose answer is the same however the system marks its things, or differs as the
/// two columns say.
#[test]
fn every_case_of_a_step() {
    use Decision::{Create, Delete, Done, Update};
    use Obstacle::{Changed, Foreign, Gone, Incomplete, Taken};
    const A: Option<&str> = Some("a");
    const B: Option<&str> = Some("b");
    type Answer = Result<Decision, Obstacle>;
    type Case = (
        Option<&'static str>,
        Option<&'static str>,
        &'static str,
        Option<(&'static str, &'static str)>,
        Answer,
        Answer,
    );
    let same = |before, after, how, found, answer: Answer| -> Case {
        (before, after, how, found, answer, answer)
    };
    let cases: Vec<Case> = vec![
        // Make.
        same(None, A, "", None, Ok(Create)),
        same(None, A, "doubt", None, Ok(Create)),
        same(None, A, "", Some(("a", "ours")), Ok(Done(true))),
        same(None, A, "", Some(("a", "earlier's")), Ok(Done(false))),
        same(None, A, "doubt", Some(("a", "earlier's")), Ok(Done(false))),
        same(None, A, "", Some(("a", "place's")), Ok(Done(false))),
        same(None, A, "doubt", Some(("a", "place's")), Ok(Done(true))),
        same(None, A, "", Some(("x", "ours")), Err(Changed)),
        same(None, A, "", Some(("x", "earlier's")), Err(Changed)),
        same(None, A, "", Some(("x", "place's")), Err(Changed)),
        same(None, A, "", Some(("a", "stranger's")), Err(Foreign)),
        same(
            None,
            A,
            "",
            Some(("a", "another incarnation's")),
            Err(Foreign),
        ),
        same(None, A, "", Some(("a", "the former's")), Err(Foreign)),
        // Change. Only a mark that comes with each change tells whose it was.
        same(A, B, "", None, Err(Gone)),
        same(A, B, "", Some(("a", "earlier's")), Ok(Update)),
        same(A, B, "", Some(("a", "place's")), Ok(Update)),
        same(A, B, "", Some(("x", "earlier's")), Err(Changed)),
        same(A, B, "", Some(("a", "stranger's")), Err(Foreign)),
        same(A, B, "", Some(("b", "earlier's")), Ok(Done(false))),
        same(A, B, "", Some(("b", "place's")), Ok(Done(false))),
        same(A, B, "doubt", Some(("b", "place's")), Ok(Done(true))),
        (
            A,
            B,
            "",
            Some(("b", "ours")),
            Ok(Done(false)),
            Ok(Done(true)),
        ),
        (
            A,
            B,
            "doubt",
            Some(("b", "earlier's")),
            Ok(Done(true)),
            Ok(Done(false)),
        ),
        // Change back.
        same(B, A, "undo doubt", Some(("b", "ours")), Ok(Update)),
        same(B, A, "undo doubt", Some(("x", "ours")), Err(Changed)),
        same(B, A, "undo doubt", Some(("b", "place's")), Ok(Update)),
        (
            B,
            A,
            "undo doubt",
            Some(("b", "earlier's")),
            Ok(Update),
            Err(Taken),
        ),
        // Remove.
        same(A, None, "", None, Ok(Done(false))),
        same(A, None, "doubt", None, Ok(Done(true))),
        same(A, None, "", Some(("a", "earlier's")), Ok(Delete)),
        same(A, None, "", Some(("a", "place's")), Ok(Delete)),
        same(A, None, "", Some(("x", "earlier's")), Err(Changed)),
        same(A, None, "", Some(("a", "stranger's")), Err(Foreign)),
        same(
            A,
            None,
            "",
            Some(("a", "another incarnation's")),
            Err(Foreign),
        ),
        // Take back what was made; make again what was removed.
        same(A, None, "undo doubt", None, Ok(Done(true))),
        same(A, None, "undo doubt", Some(("a", "ours")), Ok(Delete)),
        same(A, None, "undo doubt", Some(("x", "ours")), Ok(Delete)),
        same(A, None, "undo doubt", Some(("a", "earlier's")), Err(Taken)),
        same(A, None, "undo doubt", Some(("a", "place's")), Ok(Delete)),
        same(A, None, "undo doubt", Some(("x", "place's")), Err(Changed)),
        same(
            A,
            None,
            "undo",
            Some(("a", "another incarnation's")),
            Err(Foreign),
        ),
        (
            A,
            None,
            "undo doubt",
            Some(("a", "stranger's")),
            Err(Foreign),
            Ok(Done(false)),
        ),
        same(None, A, "undo doubt", None, Ok(Create)),
        // Take over.
        same(None, B, "adopt", Some(("b", "stranger's")), Err(Incomplete)),
        same(A, None, "adopt", Some(("a", "stranger's")), Err(Incomplete)),
        same(A, B, "adopt", None, Err(Gone)),
        same(A, B, "adopt", Some(("a", "stranger's")), Ok(Update)),
        same(A, B, "adopt", Some(("x", "stranger's")), Err(Changed)),
        same(A, B, "adopt", Some(("b", "stranger's")), Err(Changed)),
        same(A, B, "adopt", Some(("b", "ours")), Ok(Done(true))),
        same(A, B, "adopt", Some(("b", "earlier's")), Ok(Done(false))),
        same(A, B, "adopt", Some(("-", "ours")), Ok(Update)),
        same(A, B, "adopt", Some(("x", "ours")), Err(Changed)),
        same(A, B, "adopt", Some(("x", "earlier's")), Err(Changed)),
        same(A, A, "adopt", Some(("a", "ours")), Ok(Done(true))),
        same(A, B, "adopt", Some(("b", "place's")), Ok(Done(false))),
        same(A, B, "adopt doubt", Some(("b", "place's")), Ok(Done(true))),
        same(A, B, "adopt", Some(("a", "the former's")), Err(Foreign)),
        same(A, B, "inherit", Some(("a", "the former's")), Ok(Update)),
        same(
            A,
            B,
            "inherit",
            Some(("a", "another incarnation's")),
            Err(Foreign),
        ),
        (
            A,
            B,
            "adopt",
            Some(("a", "earlier's")),
            Err(Changed),
            Ok(Update),
        ),
        // Give back.
        same(B, A, "adopt undo doubt", None, Err(Gone)),
        same(B, A, "adopt undo doubt", Some(("b", "ours")), Ok(Update)),
        same(B, A, "adopt undo doubt", Some(("-", "ours")), Ok(Update)),
        same(B, A, "adopt undo doubt", Some(("x", "ours")), Err(Changed)),
        same(
            B,
            A,
            "adopt undo doubt",
            Some(("b", "earlier's")),
            Err(Taken),
        ),
        same(
            B,
            A,
            "adopt undo doubt",
            Some(("a", "stranger's")),
            Ok(Done(true)),
        ),
        same(
            B,
            A,
            "adopt undo doubt",
            Some(("x", "stranger's")),
            Ok(Done(true)),
        ),
        same(
            B,
            A,
            "inherit undo doubt",
            Some(("a", "the former's")),
            Ok(Done(true)),
        ),
    ];
    for (before, after, how, found, at_making, with_each_change) in cases {
        let row = Row {
            before,
            after,
            how,
            found,
        };
        let told = format!("{before:?} to {after:?}, {how:?}, found {found:?}");
        assert_eq!(answer(&row, AtMaking), at_making, "{told}, marked once");
        assert_eq!(
            answer(&row, WithEachChange),
            with_each_change,
            "{told}, marked with each change"
        );
    }
}
