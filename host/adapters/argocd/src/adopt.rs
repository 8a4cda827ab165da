//! Projects and applications that someone else made, as they would be taken over.

use deploycenter_domain::resource::{Application, Observed, Outputs, Ownership, Project, Resource};
use deploycenter_ports::{ProviderError, ProviderErrorKind};

use crate::adapter::ArgoCd;
use crate::client::SYSTEM;
use crate::model::App;
use crate::owned;
use crate::thing::Thing;

impl ArgoCd {
    /// What would be taken over, in whatever project it is.
    pub(crate) async fn observe_foreign_thing(
        &self,
        wanted: &Resource,
    ) -> Result<Option<Observed>, ProviderError> {
        let Some(thing) = Thing::of(wanted) else {
            return Err(
                refused("a sync can't be adopted: it is no thing of its own")
                    .help("adopt its application"),
            );
        };
        let found = match (self.get(thing).await?, thing) {
            (None, Thing::Application { name, .. }) => self.anywhere(name).await?,
            (found, _) => found,
        };
        let Some(found) = found else { return Ok(None) };
        if found.is_deleting() {
            return Err(refused(format!("{} is being deleted", thing.shown()))
                .help("wait until it is gone; then ours is made anew"));
        }
        if let Some(maker) = found.maker() {
            let text = format!(
                "{} can't be adopted: {maker} makes it, and would change it back",
                thing.shown()
            );
            return Err(refused(text).help("take it out of there first, without deleting it"));
        }
        let ownership = owned::marks(&found.metadata).map_or_else(
            || owned::ownership(&found.metadata, &self.installation),
            Ownership::Owned,
        );
        Ok(Some(Observed {
            state: as_it_is(&found, thing),
            ownership,
            outputs: Outputs::new(),
        }))
    }
}

/// Something as it stands, to the letter, so that it can be given back so.
pub(crate) fn as_it_is(found: &App, thing: Thing<'_>) -> Resource {
    let labels = owned::our_labels(&found.metadata);
    let name = found.metadata.name.clone();
    let spec = found.spec.clone();
    match thing {
        Thing::Project(_) => Resource::Project(Project { name, labels, spec }),
        Thing::Application { .. } => Resource::Application(Application {
            name,
            project: found.project().to_owned(),
            labels,
            spec,
        }),
    }
}

fn refused(text: impl std::fmt::Display) -> ProviderError {
    ProviderError::new(ProviderErrorKind::Refused, SYSTEM, text)
}

#[cfg(test)]
mod tests {
    use deploycenter_domain::resource::{Adoption, Owner};
    use deploycenter_domain::saga::decide::Decision;
    use deploycenter_ports::{CommitContext, Step};

    use super::*;
    use crate::decide::tests::{found, owner, state};

    #[test]
    fn each_case_of_an_adoption_has_its_answer() {
        use ProviderErrorKind::{Foreign, Moved};
        let (ours, later) = (
            Ownership::Owned(owner("d2", "workload")),
            Ownership::Owned(owner("d3", "workload")),
        );
        let former = owner("d1", "base");
        let (theirs, stranger) = (
            Ownership::Owned(former.clone()),
            Ownership::Foreign("not ours".to_owned()),
        );
        let nothing = |ours| Ok(Decision::Done(ours));
        // what, former, undo, what is there and whose; before is "old", after is "new", and
        // the other way round when undone
        type AdoptionCase<'a> = (
            Option<&'a Owner>,
            bool,
            Option<(&'a str, &'a Ownership)>,
            Result<Decision, ProviderErrorKind>,
        );
        let cases: Vec<AdoptionCase<'_>> = vec![
            (None, false, None, Err(Moved)),
            (None, false, Some(("old", &stranger)), Ok(Decision::Update)),
            (None, false, Some(("edited", &stranger)), Err(Moved)),
            (None, false, Some(("new", &ours)), nothing(true)),
            (None, false, Some(("new", &later)), nothing(false)),
            (None, false, Some(("edited", &ours)), Err(Moved)),
            (None, false, Some(("old", &theirs)), Err(Foreign)),
            (
                Some(&former),
                false,
                Some(("old", &theirs)),
                Ok(Decision::Update),
            ),
            (Some(&former), true, Some(("old", &theirs)), nothing(true)),
            (None, true, None, Err(Moved)),
            (None, true, Some(("new", &ours)), Ok(Decision::Update)),
            (None, true, Some(("edited", &ours)), Err(Moved)),
            (None, true, Some(("new", &later)), Err(Moved)),
            (None, true, Some(("old", &stranger)), nothing(true)),
            (None, true, Some(("edited", &stranger)), nothing(true)),
        ];
        for (n, (former, undo, there, expected)) in cases.into_iter().enumerate() {
            let (before, after) = if undo { ("new", "old") } else { ("old", "new") };
            let step = Step {
                owner: owner("d2", "workload"),
                before: Some(state(before)),
                after: Some(state(after)),
                uncertain: undo,
                undo,
                commit: CommitContext::default(),
                adopt: Some(Adoption {
                    id: None,
                    former: former.cloned(),
                }),
            };
            let there = there.map(|(path, ownership)| (found(path), ownership));
            let answer = crate::decide::decide(
                &step,
                there.as_ref().map(|(app, ownership)| (app, *ownership)),
            );
            assert_eq!(answer.map_err(|failure| failure.kind), expected, "case {n}");
        }
    }
}
