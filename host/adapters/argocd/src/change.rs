//! Projects and applications led from one state to the next.

use deploycenter_domain::resource::{Outputs, Ownership, Resource};
use deploycenter_domain::saga::decide::Decision;
use deploycenter_ports::{ProviderError, ProviderErrorKind, Step, StepOutcome};
use reqwest::Method;
use serde_json::json;

use crate::adapter::ArgoCd;
use crate::client::{Ask, SYSTEM};
use crate::decide::{decide, foreign};
use crate::listing::parse;
use crate::model::{App, List};
use crate::owned;
use crate::thing::{Thing, not_ours};

/// How often a step looks again when what it found moves under it.
const ROUNDS: u32 = 6;

impl ArgoCd {
    /// Leads a project or application to its state; as the trait says.
    pub(crate) async fn ensure_owned(&self, step: &Step) -> Result<StepOutcome, ProviderError> {
        let named = step.after.as_ref().or(step.before.as_ref());
        let Some(wanted) = named.and_then(Thing::of) else {
            return Err(not_ours());
        };
        let done = |changed| {
            Ok(StepOutcome {
                changed,
                outputs: Outputs::new(),
            })
        };
        for _ in 0..ROUNDS {
            let (thing, present) = self.present(step, wanted).await?;
            if present.as_ref().is_some_and(App::is_deleting) {
                // A create now would be answered with the dying one, and adopt nothing.
                if step.after.is_some() && step.before.is_some() {
                    return Err(ProviderError::new(
                        ProviderErrorKind::Moved,
                        SYSTEM,
                        format!("{} is being deleted", thing.shown()),
                    ));
                }
                self.gone(thing).await?;
                continue;
            }
            let ownership = present
                .as_ref()
                .map(|app| owned::ownership(&app.metadata, &self.installation));
            let decision = decide(step, present.as_ref().zip(ownership.as_ref()))?;
            let made = match (decision, &step.after, &present) {
                (Decision::Done(ours), ..) => return done(ours),
                (Decision::Create, Some(after), _) => self.create(thing, after, step).await?,
                (Decision::Update, Some(after), Some(app)) => {
                    self.update(thing, after, step, app).await?
                }
                (Decision::Delete, _, Some(_)) => self.remove(thing).await?,
                _ => false,
            };
            if made {
                return done(true);
            }
        }
        Err(ProviderError::new(
            ProviderErrorKind::Unavailable,
            SYSTEM,
            format!("{} keeps changing under us", wanted.shown()),
        )
        .help("someone else is at work on it; try again later"))
    }

    /// What is there, and where: an application that changes its project is found in the one
    /// that it leaves until it has left.
    async fn present<'a>(
        &self,
        step: &'a Step,
        wanted: Thing<'a>,
    ) -> Result<(Thing<'a>, Option<App>), ProviderError> {
        let present = self.get(wanted).await?;
        let before = step.before.as_ref().and_then(Thing::of);
        match (present, before) {
            (None, Some(before)) if before != wanted => {
                let present = self.get(before).await?;
                Ok((before, present))
            }
            (present, _) => Ok((wanted, present)),
        }
    }

    /// Whether it was made, and is ours; if not, look again.
    async fn create(
        &self,
        thing: Thing<'_>,
        after: &Resource,
        step: &Step,
    ) -> Result<bool, ProviderError> {
        let (path, body) = match (thing, after) {
            (Thing::Project(name), Resource::Project(project)) => (
                "projects",
                json!({ "project": { "metadata": owned::metadata(name, &project.labels, Some(&step.owner), None), "spec": project.spec } }),
            ),
            (Thing::Application { name, .. }, Resource::Application(application)) => {
                let mut metadata =
                    owned::metadata(name, &application.labels, Some(&step.owner), None);
                metadata["finalizers"] = json!([owned::CASCADE]);
                (
                    "applications",
                    json!({ "metadata": metadata, "spec": application.spec }),
                )
            }
            _ => return Err(not_ours()),
        };
        let answer = self
            .client
            .ask(Ask::new(Method::POST, &[path]).body(body))
            .await?;
        if answer.refuses("spec is different") {
            // Someone was quicker; or it stands in another project, where it can't be read.
            if let Thing::Application { name, .. } = thing
                && self.get(thing).await?.is_none()
                && let Some(other) = self.anywhere(name).await?
            {
                let text = format!("it is there already, in the project {}", other.project());
                return Err(foreign(step, after, &text));
            }
            return Ok(false);
        }
        if answer.refuses("object is being deleted") {
            self.gone(thing).await?;
            return Ok(false);
        }
        let app: App = parse(answer.value()?)?;
        if app.is_deleting() {
            self.gone(thing).await?;
            return Ok(false);
        }
        // An identical POST is answered with what was there: its annotations say whose.
        Ok(
            matches!(owned::ownership(&app.metadata, &self.installation), Ownership::Owned(owner) if owner == step.owner),
        )
    }

    /// The application of that name, in whatever project it is.
    pub(crate) async fn anywhere(&self, name: &str) -> Result<Option<App>, ProviderError> {
        let list: List<App> = parse(
            self.client
                .ask(Ask::new(Method::GET, &["applications"]).query("name", name))
                .await?
                .value()?,
        )?;
        Ok(list.items.into_iter().next())
    }

    /// Whether it was changed; if not, someone else was quicker.
    async fn update(
        &self,
        thing: Thing<'_>,
        after: &Resource,
        step: &Step,
        present: &App,
    ) -> Result<bool, ProviderError> {
        // What is given back bears its former owner's marks again, or none.
        let owner = match &step.adopt {
            Some(adoption) if step.undo => adoption.former.as_ref(),
            _ => Some(&step.owner),
        };
        let body = match (thing, after) {
            (Thing::Project(name), Resource::Project(project)) => {
                let mut metadata =
                    owned::metadata(name, &project.labels, owner, Some(&present.metadata));
                metadata["resourceVersion"] = json!(present.metadata.resource_version);
                if !present.metadata.finalizers.is_empty() {
                    metadata["finalizers"] = json!(present.metadata.finalizers);
                }
                json!({ "project": { "metadata": metadata, "spec": project.spec } })
            }
            (Thing::Application { name, .. }, Resource::Application(application)) => {
                let mut metadata =
                    owned::metadata(name, &application.labels, owner, Some(&present.metadata));
                // A PUT replaces them all. Whoever gets an adopted one back doesn't expect
                // that deleting it deletes what it made; our own deletion asks for that.
                let mut finalizers = present.metadata.finalizers.clone();
                let cascade = finalizers.iter().any(|it| it == owned::CASCADE);
                if !cascade && step.adopt.is_none() {
                    finalizers.push(owned::CASCADE.to_owned());
                }
                metadata["finalizers"] = json!(finalizers);
                json!({ "metadata": metadata, "spec": application.spec })
            }
            _ => return Err(not_ours()),
        };
        let mut ask = thing.ask(Method::PUT).body(body);
        if step.undo && step.adopt.is_some() && matches!(thing, Thing::Application { .. }) {
            // It stood there so; whether it is sound is its owner's business.
            ask = ask.query("validate", "false");
        }
        let answer = self.client.ask(ask).await?;
        if answer.is_conflict() || answer.is_not_found() {
            return Ok(false);
        }
        answer.value().map(|_| true)
    }
}
