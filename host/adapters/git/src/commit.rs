//! What a generated commit says: who, when, which deployment. None of it is in the tree.

use deploycenter_domain::name::DeploymentId;
use deploycenter_domain::resource::Owner;
use deploycenter_ports::CommitContext;
use git2::{Error, Signature, Time};

const DEPLOYMENT: &str = "Deployment: ";

/// The mail of an actor that has none. `.invalid` can't be anybody's (RFC 2606).
const NO_MAIL: &str = "noreply@deploycenter.invalid";

/// What a commit does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Deploy,
    Undo,
    Remove,
}

/// The message of a commit to the folder at `path`.
pub(crate) fn message(verb: Verb, owner: &Owner, path: &str, commit: &CommitContext) -> String {
    let (verb, preposition) = match verb {
        Verb::Deploy => ("Deploy", "to"),
        Verb::Undo => ("Undo", "in"),
        Verb::Remove => ("Remove", "from"),
    };
    let region = path
        .split_once('/')
        .map(|(region, _)| format!(" {preposition} {region}"))
        .unwrap_or_default();
    let mut text = format!(
        "{verb} {target}{region}\n\n{DEPLOYMENT}{}\nTarget: {target}\n",
        owner.deployment,
        target = owner.target
    );
    if let Some(main) = &commit.main_commit {
        text.push_str(&format!("Main-Commit: {}\n", one_line(main)));
    }
    text
}

/// Whether a commit's message says that this deployment made it.
pub(crate) fn is_of(message: &str, wanted: &DeploymentId) -> bool {
    deployment(message).as_ref() == Some(wanted)
}

/// The deployment that made a commit, as its message says.
pub(crate) fn deployment(message: &str) -> Option<DeploymentId> {
    message
        .lines()
        .find_map(|line| line.strip_prefix(DEPLOYMENT)?.trim().parse().ok())
}

/// Author and committer: `Name <mail>` or a name alone.
pub(crate) fn signature(actor: &str, at: jiff::Timestamp) -> Result<Signature<'static>, Error> {
    let (name, mail) = match actor.split_once('<') {
        Some((name, rest)) => (name, rest.split('>').next().unwrap_or_default()),
        None => (actor, ""),
    };
    let (name, mail) = (clean(name), clean(mail));
    Signature::new(
        if name.is_empty() {
            "DeployCenter"
        } else {
            &name
        },
        if mail.is_empty() { NO_MAIL } else { &mail },
        &Time::new(at.as_second(), 0),
    )
}

/// Without what would end the field early in a commit object.
fn clean(text: &str) -> String {
    one_line(text).replace(['<', '>'], "").trim().to_owned()
}

fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn an_actor_becomes_a_signature_whatever_it_holds() {
        let cases = [
            (
                "Ada Lovelace <ada@example.com>",
                "Ada Lovelace",
                "ada@example.com",
            ),
            ("ada", "ada", NO_MAIL),
            ("", "DeployCenter", NO_MAIL),
            ("<>", "DeployCenter", NO_MAIL),
            ("a\nTarget: x <m\0@x>> y", "a Target: x", "m @x"),
        ];
        for (actor, name, mail) in cases {
            let signature = signature(actor, jiff::Timestamp::UNIX_EPOCH).unwrap();
            assert_eq!(
                (signature.name().unwrap(), signature.email().unwrap()),
                (name, mail),
                "{actor:?}"
            );
        }
    }

    #[test]
    fn a_deployment_is_known_by_its_trailer_alone() {
        let id: DeploymentId = "01jd3z6q8zk5v5w5x5y5z5a5b5".parse().unwrap();
        assert!(is_of(
            &format!("Deploy a/b\n\nDeployment: {id}\nTarget: a/b\n"),
            &id
        ));
        assert!(!is_of(&format!("Deploy {id}\n\nTarget: a/b\n"), &id));
    }
}
