//! The adapter: projects and applications led from one image to the next.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use deploycenter_domain::name::InstallationId;
use deploycenter_domain::resource::{Observed, Outputs, Ownership, Resource, Sync};
use deploycenter_ports::{ApplicationState, Applications, Calls, Clock, EffectAdapter, Ensured, Failure, FailureKind, Reading, Step};
use reqwest::Method;
use serde_json::json;

use crate::client::{Answer, Ask, Client, SYSTEM};
use crate::config::ArgoCdConfig;
use crate::decide::{Act, decide, name};
use crate::health;
use crate::judge::{Level, Verdict, judge};
use crate::listing::{Listings, parse, states};
use crate::model::{App, List, ResourceTree};
use crate::owned;
use crate::trees::TreeReader;

/// How often a step looks again when what it found moves under it.
const ROUNDS: u32 = 6;
/// How long a poll waits at first and at most.
pub(crate) const POLL_FIRST: Duration = Duration::from_millis(200);
pub(crate) const POLL_MOST: Duration = Duration::from_secs(2);

/// Argo CD as the engine uses it.
pub struct ArgoCd {
    pub(crate) client: Client,
    installation: InstallationId,
    pub(crate) progress_deadline: Duration,
    pub(crate) degraded_grace: Duration,
    pub(crate) trees: Arc<dyn TreeReader>,
    listings: Listings,
}

impl fmt::Debug for ArgoCd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArgoCd").field("client", &self.client).field("installation", &self.installation).finish_non_exhaustive()
    }
}

/// Which project or application a step is about.
#[derive(Debug, Clone, Copy)]
enum Thing<'a> {
    Project(&'a str),
    Application { name: &'a str, project: &'a str },
}

impl<'a> Thing<'a> {
    fn of(resource: &'a Resource) -> Option<Self> {
        match resource {
            Resource::Project(project) => Some(Self::Project(&project.name)),
            Resource::Application(application) => Some(Self::Application { name: &application.name, project: &application.project }),
            _ => None,
        }
    }

    /// A request about it; an application's always says its project, without which Argo
    /// CD answers 403 when there is no such application.
    fn ask(self, method: Method) -> Ask<'a> {
        match self {
            Self::Project(name) => Ask::new(method, &["projects", name]),
            Self::Application { name, project } => Ask::new(method, &["applications", name]).query("project", project),
        }
    }

    fn shown(self) -> String {
        match self {
            Self::Project(name) => format!("the Argo CD project {name}"),
            Self::Application { name, .. } => format!("the Argo CD application {name}"),
        }
    }
}

impl ArgoCd {
    /// An adapter; asks nothing yet.
    ///
    /// # Errors
    /// When the address is none, or this machine's certificates can't be read.
    pub fn new(config: &ArgoCdConfig, trees: Arc<dyn TreeReader>, clock: Arc<dyn Clock>, calls: Arc<dyn Calls>) -> Result<Self, Failure> {
        Ok(Self {
            client: Client::new(config, clock, calls)?,
            installation: config.installation.clone(),
            progress_deadline: config.progress_deadline,
            degraded_grace: config.degraded_grace,
            trees,
            listings: Listings::default(),
        })
    }

    /// Begins another run: the next [`Reading::Listed`] asks Argo CD again.
    pub async fn new_run(&self) {
        self.listings.forget().await;
    }

    /// The application as it is; `refresh`: after Argo CD has compared it with git.
    pub(crate) async fn application(&self, name: &str, project: &str, refresh: bool) -> Result<Option<App>, Failure> {
        let mut ask = Thing::Application { name, project }.ask(Method::GET);
        if refresh {
            ask = ask.query("refresh", "normal");
        }
        found(self.client.ask(ask).await?)
    }

    pub(crate) async fn tree(&self, name: &str, project: &str) -> Result<ResourceTree, Failure> {
        let ask = Ask::new(Method::GET, &["applications", name, "resource-tree"]).query("project", project);
        let answer = self.client.ask(ask).await?;
        if answer.is_not_found() { Ok(ResourceTree::default()) } else { parse(answer.value()?) }
    }

    async fn get(&self, thing: Thing<'_>) -> Result<Option<App>, Failure> {
        found(self.client.ask(thing.ask(Method::GET)).await?)
    }

    async fn observe_owned(&self, wanted: &Resource, reading: Reading) -> Result<Option<Observed>, Failure> {
        let Some(thing) = Thing::of(wanted) else {
            return Err(not_ours());
        };
        let app = match reading {
            Reading::Fresh => self.get(thing).await?,
            Reading::Listed => {
                let listing = self.listings.get(&self.client).await?;
                match thing {
                    Thing::Project(name) => listing.projects.get(name).cloned(),
                    Thing::Application { name, .. } => listing.applications.get(name).cloned(),
                }
            }
        };
        Ok(app.and_then(|app| {
            let image = owned::image(&app, wanted)?;
            Some(Observed { image, ownership: owned::ownership(&app.metadata, &self.installation), outputs: Outputs::new() })
        }))
    }

    /// What an application has taken over: `Some` only while it is settled, since what it
    /// passes through on the way moves by itself and is nothing to decide on.
    async fn observe_sync(&self, wanted: &Sync, reading: Reading) -> Result<Option<Observed>, Failure> {
        let app = match reading {
            Reading::Fresh => self.application(&wanted.application, &wanted.project, false).await?,
            Reading::Listed => self.listings.get(&self.client).await?.applications.get(&wanted.application).cloned(),
        };
        let Some(app) = app else { return Ok(None) };
        if judge(&app, true, false, Level::Healthy) != Verdict::Done {
            return Ok(None);
        }
        let Some(tree) = self.trees.tree_at(&app.status.sync.revision, &wanted.path).await? else {
            return Ok(None);
        };
        let image = Resource::Sync(Sync { tree: Some(tree), ..wanted.clone() });
        Ok(Some(Observed { image, ownership: Ownership::ByPlace, outputs: Outputs::new() }))
    }

    async fn ensure_owned(&self, step: &Step) -> Result<Ensured, Failure> {
        let named = step.after.as_ref().or(step.before.as_ref());
        let Some(thing) = named.and_then(Thing::of) else {
            return Err(not_ours());
        };
        let done = |changed| Ok(Ensured { changed, outputs: Outputs::new() });
        for _ in 0..ROUNDS {
            let present = self.get(thing).await?;
            if present.as_ref().is_some_and(App::is_deleting) {
                // A create now would be answered with the dying one, and adopt nothing.
                if step.after.is_some() && step.before.is_some() {
                    return Err(Failure::new(FailureKind::Moved, SYSTEM, format!("{} is being deleted", thing.shown())));
                }
                self.gone(thing).await?;
                continue;
            }
            let ownership = present.as_ref().map(|app| owned::ownership(&app.metadata, &self.installation));
            let act = decide(step, present.as_ref().zip(ownership.as_ref()))?;
            let made = match (act, &step.after, &present) {
                (Act::Nothing { ours }, ..) => return done(ours),
                (Act::Create, Some(after), _) => self.create(thing, after, step).await?,
                (Act::Update, Some(after), Some(app)) => self.update(thing, after, step, app).await?,
                (Act::Delete, _, Some(_)) => {
                    self.delete(thing).await?;
                    return done(true);
                }
                _ => false,
            };
            if made {
                return done(true);
            }
        }
        Err(Failure::new(FailureKind::Unavailable, SYSTEM, format!("{} keeps changing under us", thing.shown())).help("someone else is at work on it; try again later"))
    }

    /// Whether it was made, and is ours; if not, look again.
    async fn create(&self, thing: Thing<'_>, after: &Resource, step: &Step) -> Result<bool, Failure> {
        let (path, body) = match (thing, after) {
            (Thing::Project(name), Resource::Project(project)) => {
                ("projects", json!({ "project": { "metadata": owned::metadata(name, &project.labels, &step.owner, None), "spec": project.spec } }))
            }
            (Thing::Application { name, .. }, Resource::Application(application)) => {
                let mut metadata = owned::metadata(name, &application.labels, &step.owner, None);
                metadata["finalizers"] = json!([owned::CASCADE]);
                ("applications", json!({ "metadata": metadata, "spec": application.spec }))
            }
            _ => return Err(not_ours()),
        };
        let answer = self.client.ask(Ask::new(Method::POST, &[path]).body(body)).await?;
        if answer.refuses("spec is different") {
            // Someone was quicker; or it stands in another project, where it can't be read.
            if let Thing::Application { name, .. } = thing
                && self.get(thing).await?.is_none()
                && let Some(other) = self.anywhere(name).await?
            {
                let project = other.spec.get("project").and_then(serde_json::Value::as_str).unwrap_or("default").to_owned();
                return Err(Failure::new(FailureKind::Foreign, SYSTEM, format!("{} is there already, in the project {project}", name_of(after)))
                    .help("rename the customer or instance, or remove that application"));
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
        Ok(matches!(owned::ownership(&app.metadata, &self.installation), Ownership::Owned(owner) if owner == step.owner))
    }

    async fn anywhere(&self, name: &str) -> Result<Option<App>, Failure> {
        let list: List<App> = parse(self.client.ask(Ask::new(Method::GET, &["applications"]).query("name", name)).await?.value()?)?;
        Ok(list.items.into_iter().next())
    }

    /// Whether it was changed; if not, someone else was quicker.
    async fn update(&self, thing: Thing<'_>, after: &Resource, step: &Step, present: &App) -> Result<bool, Failure> {
        let body = match (thing, after) {
            (Thing::Project(name), Resource::Project(project)) => {
                let mut metadata = owned::metadata(name, &project.labels, &step.owner, Some(&present.metadata));
                metadata["resourceVersion"] = json!(present.metadata.resource_version);
                if !present.metadata.finalizers.is_empty() {
                    metadata["finalizers"] = json!(present.metadata.finalizers);
                }
                json!({ "project": { "metadata": metadata, "spec": project.spec } })
            }
            (Thing::Application { name, .. }, Resource::Application(application)) => {
                let mut metadata = owned::metadata(name, &application.labels, &step.owner, Some(&present.metadata));
                // A PUT replaces them all.
                let mut finalizers = present.metadata.finalizers.clone();
                if !finalizers.iter().any(|it| it == owned::CASCADE) {
                    finalizers.push(owned::CASCADE.to_owned());
                }
                metadata["finalizers"] = json!(finalizers);
                json!({ "metadata": metadata, "spec": application.spec })
            }
            _ => return Err(not_ours()),
        };
        let answer = self.client.ask(thing.ask(Method::PUT).body(body)).await?;
        if answer.is_conflict() || answer.is_not_found() {
            return Ok(false);
        }
        answer.value().map(|_| true)
    }

    /// Deletes it, with all that it made, and waits until it is gone.
    async fn delete(&self, thing: Thing<'_>) -> Result<(), Failure> {
        let since = self.client.clock.now();
        let mut pause = POLL_FIRST;
        loop {
            let ask = thing.ask(Method::DELETE);
            let ask = if matches!(thing, Thing::Application { .. }) { ask.query("cascade", "true") } else { ask };
            let answer = self.client.ask(ask).await?;
            if answer.is_ok() || answer.is_not_found() {
                return self.gone(thing).await;
            }
            // A project's last application counts until it is gone.
            if !answer.refuses("project is referenced by") {
                return Err(answer.failure());
            }
            if self.since(since) > self.progress_deadline {
                return Err(Failure::new(FailureKind::Unhealthy, SYSTEM, format!("{} can't be deleted: {}", thing.shown(), answer.words()))
                    .help("delete those applications, or move them to another project, then resume"));
            }
            self.pause(&mut pause).await;
        }
    }

    /// Waits until it is gone, for as long as something gets less.
    async fn gone(&self, thing: Thing<'_>) -> Result<(), Failure> {
        let mut since = self.client.clock.now();
        let mut left = None;
        let mut pause = POLL_FIRST;
        while let Some(app) = self.get(thing).await? {
            let now_left = app.status.resources.len();
            if left != Some(now_left) {
                left = Some(now_left);
                since = self.client.clock.now();
            }
            if !app.is_deleting() && left.is_some() && matches!(thing, Thing::Application { .. }) {
                // It was made anew by someone, or the deletion was taken back.
                return Ok(());
            }
            if self.since(since) > self.progress_deadline {
                return Err(self.stuck(thing).await);
            }
            self.pause(&mut pause).await;
        }
        Ok(())
    }

    async fn stuck(&self, thing: Thing<'_>) -> Failure {
        let still = match thing {
            Thing::Project(_) => String::new(),
            Thing::Application { name, project } => self.tree(name, project).await.map(|tree| health::left(&tree)).unwrap_or_default(),
        };
        let still = if still.is_empty() { String::new() } else { format!("; still there: {still}") };
        Failure::new(FailureKind::Unhealthy, SYSTEM, format!("{} was deleted but isn't gone after {} s{still}", thing.shown(), self.progress_deadline.as_secs()))
            .help("look at the finalizers of what is still there, then resume")
    }

    pub(crate) fn since(&self, then: jiff::Timestamp) -> Duration {
        Duration::try_from(self.client.clock.now().duration_since(then)).unwrap_or_default()
    }

    /// Waits, longer each time.
    pub(crate) async fn pause(&self, pause: &mut Duration) {
        self.client.clock.sleep(*pause).await;
        *pause = pause.saturating_mul(2).min(POLL_MOST);
    }
}

fn name_of(resource: &Resource) -> String {
    name(resource)
}

fn found(answer: Answer) -> Result<Option<App>, Failure> {
    if answer.is_not_found() { Ok(None) } else { parse(answer.value()?).map(Some) }
}

fn not_ours() -> Failure {
    Failure::new(FailureKind::Refused, SYSTEM, "Argo CD holds projects and applications; other effects belong to other systems")
}

#[async_trait]
impl EffectAdapter for ArgoCd {
    async fn observe(&self, wanted: &Resource, reading: Reading) -> Result<Option<Observed>, Failure> {
        match wanted {
            Resource::Sync(sync) => self.observe_sync(sync, reading).await,
            _ => self.observe_owned(wanted, reading).await,
        }
    }

    /// As the trait says. A takeover ([`Resource::Sync`]) has no state of its own to go
    /// back to: undoing one is nothing, and settling on a restored folder is a step
    /// forward with that folder's tree.
    async fn ensure(&self, step: &Step) -> Result<Ensured, Failure> {
        match (&step.before, &step.after) {
            (_, Some(Resource::Sync(_))) | (Some(Resource::Sync(_)), None) if step.undo => Ok(Ensured::default()),
            (_, Some(Resource::Sync(sync))) => {
                let changed = self.take_over(sync, Level::Healthy).await?;
                Ok(Ensured { changed, outputs: Outputs::new() })
            }
            (Some(Resource::Sync(_)), None) => Ok(Ensured::default()),
            _ => self.ensure_owned(step).await,
        }
    }
}

#[async_trait]
impl Applications for ArgoCd {
    async fn states(&self) -> Result<Vec<ApplicationState>, Failure> {
        states(&self.client, self.installation.as_str()).await
    }
}
