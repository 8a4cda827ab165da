//! What belongs to no target any more, by target and the command that ends it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use deploycenter_engine::Orphan;

use super::FORMAT;
use super::style::{BOLD, DIM, harmless, paint};
use super::table;
use crate::words;

/// For programs.
pub(crate) fn json(orphans: &[Orphan]) -> String {
    super::json(&serde_json::json!({ "format": FORMAT, "orphans": worded(orphans) }))
}

fn worded(orphans: &[Orphan]) -> Vec<Orphan<String>> {
    let orphans = orphans.iter();
    orphans.map(|orphan| orphan.worded(words::advice)).collect()
}

/// For people.
pub(crate) fn human(orphans: &[Orphan]) -> String {
    if orphans.is_empty() {
        return "Nothing is left that no target uses.\n".to_owned();
    }
    let orphans = worded(orphans);
    let mut groups: BTreeMap<_, Vec<&Orphan<String>>> = BTreeMap::new();
    for orphan in &orphans {
        let key = (&orphan.target, &orphan.command);
        groups.entry(key).or_default().push(orphan);
    }
    let mut out = String::new();
    for ((target, command), members) in &groups {
        let heading = target
            .as_ref()
            .map_or_else(|| "nobody known".to_owned(), ToString::to_string);
        let _ = writeln!(out, "{}", paint(BOLD, heading));
        let rows: Vec<[table::Cell; 3]> = members
            .iter()
            .map(|orphan| {
                let since = orphan
                    .since
                    .map_or_else(String::new, |since| format!("since {}", day(since)));
                [orphan.system.into(), (&orphan.id).into(), since.into()]
            })
            .collect();
        for line in table::plain(&rows).lines() {
            let _ = writeln!(out, "  {line}");
        }
        for reason in reasons(members) {
            let _ = writeln!(out, "  {}", paint(DIM, harmless(&reason)));
        }
        let _ = writeln!(out, "  {}\n", harmless(command));
    }
    let _ = writeln!(
        out,
        "{} {} that no target uses.",
        orphans.len(),
        if orphans.len() == 1 {
            "thing"
        } else {
            "things"
        }
    );
    out
}

/// Each reason once; of one that only adds something to another, what it adds.
fn reasons(members: &[&Orphan<String>]) -> Vec<String> {
    let mut reasons: Vec<String> = Vec::new();
    for orphan in members {
        let added = members.iter().find_map(|other| {
            let more = orphan.reason.strip_prefix(&other.reason)?;
            more.strip_prefix("; ")
        });
        let reason = match added {
            Some(more) => format!("{}: {more}", orphan.id),
            None => orphan.reason.clone(),
        };
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    // What is said of one thing stands below what is said of all.
    reasons.sort_by_key(|reason| !members.iter().any(|orphan| orphan.reason == *reason));
    reasons
}

fn day(time: jiff::Timestamp) -> String {
    time.strftime("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use deploycenter_domain::remedy::Remedy;

    use super::super::plain;
    use super::*;

    fn orphan(target: Option<&str>, system: &'static str, id: &str, reason: &str) -> Orphan {
        Orphan {
            target: target.map(|target| target.parse().unwrap()),
            system,
            id: id.to_owned(),
            reason: reason.into(),
            since: Some("2026-01-02T03:04:05Z".parse().unwrap()),
            command: match target {
                Some(target) => Remedy::purge(&target.parse().unwrap(), None).into(),
                None => format!("argocd app delete {id}").into(),
            },
        }
    }

    fn found() -> Vec<Orphan> {
        let retained = "retained: acme/odoo was destroyed by 01kaf3 on 2026-01-02";
        vec![
            orphan(None, "argocd", "stray", "its annotations don't say"),
            orphan(Some("acme/odoo"), "efs", "fs-0123", retained),
            orphan(
                Some("acme/odoo"),
                "kubernetes",
                "acme--odoo",
                &format!("{retained}; with databases"),
            ),
        ]
    }

    #[test]
    fn for_people() {
        insta::assert_snapshot!(plain(&human(&found())), @r"
        nobody known
          argocd  stray  since 2026-01-02
          its annotations don't say
          argocd app delete stray

        acme/odoo
          efs         fs-0123     since 2026-01-02
          kubernetes  acme--odoo  since 2026-01-02
          retained: acme/odoo was destroyed by 01kaf3 on 2026-01-02
          acme--odoo: with databases
          deploycenter purge acme/odoo --confirm acme/odoo

        3 things that no target uses.
        ");
        assert_eq!(human(&[]), "Nothing is left that no target uses.\n");
    }

    #[test]
    fn for_programs() {
        let json: serde_json::Value = serde_json::from_str(&json(&found()[..1])).unwrap();
        assert_eq!(
            json,
            serde_json::json!({ "format": 1, "orphans": [{
                "target": null,
                "system": "argocd",
                "id": "stray",
                "reason": "its annotations don't say",
                "since": "2026-01-02T03:04:05Z",
                "command": "argocd app delete stray",
            }] })
        );
    }
}
