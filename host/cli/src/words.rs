//! The command line's words for ways out: each operation as the command that asks for it.

use deploycenter_domain::effect::EffectKind;
use deploycenter_domain::remedy::{Adopted, Advice, Part, Remedy, Targets};

/// An advice as a sentence. A command that a colon leads to and that nothing but another
/// clause follows stands bare, to be copied; one within a sentence stands in backticks.
pub(crate) fn advice(advice: &Advice) -> String {
    let mut out = String::new();
    let mut parts = advice.parts().iter().peekable();
    while let Some(part) = parts.next() {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Remedy(remedy) => {
                let led_to = out.is_empty() || out.ends_with(": ");
                let ends = match parts.peek() {
                    Some(Part::Text(more)) => more.starts_with([';', ',']),
                    Some(Part::Remedy(_)) | None => true,
                };
                let command = command(remedy);
                if led_to && ends {
                    out.push_str(&command);
                } else {
                    out.push('`');
                    out.push_str(&command);
                    out.push('`');
                }
            }
        }
    }
    out
}

/// The command that asks for an operation.
pub(crate) fn command(remedy: &Remedy) -> String {
    let arguments = match remedy {
        Remedy::Apply { targets, reclaim } => {
            format!("apply{}{}", flag(*reclaim, "--reclaim"), named(targets))
        }
        Remedy::Resume(targets) => format!("resume{}", named(targets)),
        Remedy::Cancel(target) => format!("cancel {target}"),
        Remedy::Rollback {
            target,
            to,
            reclaim,
            data_compatible,
        } => {
            let to = to.as_ref().map(|to| format!(" --to {to}"));
            format!(
                "rollback {target}{}{}{}",
                to.unwrap_or_default(),
                flag(*reclaim, "--reclaim"),
                flag(*data_compatible, "--data-compatible")
            )
        }
        Remedy::Release(target) => format!("release {target}"),
        Remedy::Accept(targets) => format!("accept{}", named(targets)),
        Remedy::Destroy(target) => format!("destroy {target}"),
        Remedy::Purge {
            target,
            unused,
            incarnation,
        } => {
            let named = incarnation.map(|named| format!(" --incarnation {named}"));
            format!(
                "purge {target}{} --confirm {target}{}",
                flag(*unused, "--unused"),
                named.unwrap_or_default()
            )
        }
        Remedy::Adopt { targets, what } => format!("adopt{}{}", named(targets), adopted(what)),
        Remedy::SecretSet { target, name } => {
            let target = target.as_ref().map(ToString::to_string);
            format!(
                "secret set {} {}",
                target.as_deref().unwrap_or("CUSTOMER/INSTANCE"),
                name.as_deref().unwrap_or("NAME")
            )
        }
        Remedy::Sync(targets) => format!("sync{}", named(targets)),
        Remedy::History(target) => format!("history {target}"),
        Remedy::Orphans => "orphans".to_owned(),
        Remedy::Status => "status".to_owned(),
        Remedy::Doctor => "doctor".to_owned(),
        Remedy::Init => "init DIR".to_owned(),
        Remedy::Validate => "validate".to_owned(),
        Remedy::Explain => "explain".to_owned(),
        Remedy::RenewSchemas => "schema --write".to_owned(),
    };
    format!("deploycenter {arguments}")
}

fn flag(set: bool, flag: &str) -> String {
    if set {
        format!(" {flag}")
    } else {
        String::new()
    }
}

fn named(targets: &Targets) -> String {
    match targets {
        Targets::All => String::new(),
        Targets::Customer(customer) => format!(" {customer}"),
        Targets::One(target) => format!(" {target}"),
        Targets::Named => " TARGET".to_owned(),
    }
}

fn adopted(what: &Adopted) -> String {
    match what {
        Adopted::Retained { several } => flag(*several, "--incarnation N"),
        Adopted::Any => " EFFECT[=ID]".to_owned(),
        Adopted::Effect { effect, id: None } => format!(" {effect}"),
        Adopted::Effect {
            effect,
            id: Some(id),
        } => format!(" {effect}={id}"),
        Adopted::OneOf(kind) => {
            let id = match kind {
                EffectKind::FileSystem => "fs-…",
                EffectKind::Record => "SET-IDENTIFIER",
                _ => "ID",
            };
            format!(" {}/NAME={id}", kind.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use deploycenter_domain::name::{Incarnation, TargetId};

    use super::*;

    fn chat() -> TargetId {
        "acme/chat".parse().unwrap()
    }

    #[test]
    fn every_operation_is_a_command() {
        let one = || Targets::One(chat());
        let rollback = |to: Option<&str>, reclaim, data_compatible| Remedy::Rollback {
            target: chat(),
            to: to.map(|to| to.parse().unwrap()),
            reclaim,
            data_compatible,
        };
        let adopt = |targets, what| Remedy::Adopt { targets, what };
        let effect = |id: Option<&str>| Adopted::Effect {
            effect: "efs.file-system/data".parse().unwrap(),
            id: id.map(str::to_owned),
        };
        let all: Vec<String> = [
            Remedy::apply(&chat()),
            Remedy::reclaim(&chat()),
            Remedy::Apply {
                targets: Targets::Customer(chat().customer().clone()),
                reclaim: true,
            },
            Remedy::Apply {
                targets: Targets::All,
                reclaim: false,
            },
            Remedy::Resume(Targets::All),
            Remedy::Cancel(chat()),
            rollback(None, false, true),
            rollback(Some("d-000001"), true, false),
            Remedy::Release(chat()),
            Remedy::Accept(Targets::Named),
            Remedy::Destroy(chat()),
            Remedy::purge(&chat(), None),
            Remedy::purge(&chat(), Some(Incarnation(2))),
            Remedy::Purge {
                target: chat(),
                unused: true,
                incarnation: None,
            },
            Remedy::adopt_any(&chat()),
            adopt(one(), Adopted::Retained { several: false }),
            adopt(one(), Adopted::Retained { several: true }),
            adopt(one(), effect(None)),
            adopt(one(), effect(Some("fs-1"))),
            adopt(Targets::Named, Adopted::OneOf(EffectKind::FileSystem)),
            adopt(Targets::Named, Adopted::OneOf(EffectKind::Record)),
            Remedy::SecretSet {
                target: Some(chat()),
                name: Some("smtp".to_owned()),
            },
            Remedy::SecretSet {
                target: None,
                name: None,
            },
            Remedy::Sync(one()),
            Remedy::History(chat()),
            Remedy::Orphans,
            Remedy::Status,
            Remedy::Doctor,
            Remedy::Init,
            Remedy::Validate,
            Remedy::Explain,
            Remedy::RenewSchemas,
        ]
        .iter()
        .map(command)
        .collect();
        insta::assert_snapshot!(all.join("\n"), @"
        deploycenter apply acme/chat
        deploycenter apply --reclaim acme/chat
        deploycenter apply --reclaim acme
        deploycenter apply
        deploycenter resume
        deploycenter cancel acme/chat
        deploycenter rollback acme/chat --data-compatible
        deploycenter rollback acme/chat --to d-000001 --reclaim
        deploycenter release acme/chat
        deploycenter accept TARGET
        deploycenter destroy acme/chat
        deploycenter purge acme/chat --confirm acme/chat
        deploycenter purge acme/chat --confirm acme/chat --incarnation 2
        deploycenter purge acme/chat --unused --confirm acme/chat
        deploycenter adopt acme/chat EFFECT[=ID]
        deploycenter adopt acme/chat
        deploycenter adopt acme/chat --incarnation N
        deploycenter adopt acme/chat efs.file-system/data
        deploycenter adopt acme/chat efs.file-system/data=fs-1
        deploycenter adopt TARGET efs.file-system/NAME=fs-…
        deploycenter adopt TARGET dns.record/NAME=SET-IDENTIFIER
        deploycenter secret set acme/chat smtp
        deploycenter secret set CUSTOMER/INSTANCE NAME
        deploycenter sync acme/chat
        deploycenter history acme/chat
        deploycenter orphans
        deploycenter status
        deploycenter doctor
        deploycenter init DIR
        deploycenter validate
        deploycenter explain
        deploycenter schema --write
        ");
    }

    #[test]
    fn a_command_within_a_sentence_is_quoted() {
        let resume = || Remedy::Resume(Targets::One(chat()));
        let cancel = ("; or take it back: ", Remedy::Cancel(chat()));
        let all = [
            Advice::from(resume()),
            Advice::from(("go on with it: ", resume())).and(cancel),
            Advice::from(("take a backup first; it waits until ", resume())),
            Advice::from(Remedy::Orphans).and(" lists what is left"),
            Advice::from(("nothing is to be released: ", resume())).and(" goes on"),
            Advice::from("look ").and("at it"),
        ];
        let all: Vec<String> = all.iter().map(advice).collect();
        insta::assert_snapshot!(all.join("\n"), @"
        deploycenter resume acme/chat
        go on with it: deploycenter resume acme/chat; or take it back: deploycenter cancel acme/chat
        take a backup first; it waits until `deploycenter resume acme/chat`
        `deploycenter orphans` lists what is left
        nothing is to be released: `deploycenter resume acme/chat` goes on
        look at it
        ");
    }
}
