//! Projects and applications removed, and waited for until they are gone.
//!
//! Argo CD deletes what an application made only once its operation is over, and one that
//! waits for a wave's health or runs a hook may never be. So whatever is in flight is
//! ended, before the deletion and during it.

use std::time::Duration;

use deploycenter_ports::{ProviderError, ProviderErrorKind};
use reqwest::Method;

use crate::adapter::{ArgoCd, POLL_FIRST};
use crate::client::SYSTEM;
use crate::health;
use crate::live::Live;
use crate::model::App;
use crate::owned;
use crate::thing::Thing;

/// How long an operation may take to end before its application is deleted all the same:
/// automated sync may begin another one again and again, but not in one that goes.
const ENDS: Duration = Duration::from_secs(15);

impl ArgoCd {
    /// Deletes it, with all that it made; whether it is gone.
    pub(crate) async fn remove(&self, thing: Thing<'_>) -> Result<bool, ProviderError> {
        self.quiet(thing).await?;
        let since = self.client.clock.now();
        let mut pause = POLL_FIRST;
        loop {
            let ask = thing.ask(Method::DELETE);
            let ask = if matches!(thing, Thing::Application { .. }) {
                ask.query("cascade", "true")
            } else {
                ask
            };
            let answer = self.client.ask(ask).await?;
            if answer.is_ok() || answer.is_not_found() {
                return self.gone(thing).await;
            }
            // A project's last application counts until it is gone.
            if !answer.refuses("project is referenced by") {
                return Err(answer.failure());
            }
            if self.since(since) > self.progress_deadline {
                return Err(ProviderError::new(
                    ProviderErrorKind::Unhealthy,
                    SYSTEM,
                    format!("{} can't be deleted: {}", thing.shown(), answer.words()),
                )
                .help("delete those applications, or move them to another project, then resume"));
            }
            self.pause(&mut pause).await;
        }
    }

    /// Ends what an application has in flight, and sees it ended.
    async fn quiet(&self, thing: Thing<'_>) -> Result<(), ProviderError> {
        let Thing::Application { name, project } = thing else {
            return Ok(());
        };
        let since = self.client.clock.now();
        let mut pause = POLL_FIRST;
        while let Some(app) = self.get(thing).await? {
            if !app.is_operating() || self.since(since) > ENDS {
                break;
            }
            self.end_operation(&app, name, project).await?;
            self.pause(&mut pause).await;
        }
        Ok(())
    }

    /// Waits until what is being deleted is gone, for as long as something gets less, and
    /// ends the operations that keep it. `false`: one that isn't being deleted stands there
    /// now.
    pub(crate) async fn gone(&self, thing: Thing<'_>) -> Result<bool, ProviderError> {
        let mut since = self.client.clock.now();
        let mut left = None;
        let mut pause = POLL_FIRST;
        while let Some(app) = self.get(thing).await? {
            let now_left = (app.status.resources.len(), app.is_operating());
            if left != Some(now_left) {
                left = Some(now_left);
                since = self.client.clock.now();
            }
            if !app.is_deleting() {
                return Ok(false);
            }
            if let Thing::Application { name, project } = thing
                && app.is_operating()
                // A stranger's is only waited for.
                && owned::is_of(&app.metadata, &self.installation)
            {
                self.end_operation(&app, name, project).await?;
            }
            if self.since(since) > self.progress_deadline {
                return Err(self.stuck(thing, &app).await);
            }
            self.pause(&mut pause).await;
        }
        Ok(true)
    }

    async fn stuck(&self, thing: Thing<'_>, app: &App) -> ProviderError {
        let (mut still, mut objects) = (String::new(), Vec::new());
        if let Thing::Application { name, project } = thing {
            let tree = self.tree(name, project).await;
            still = tree.map(|tree| health::left(&tree)).unwrap_or_default();
            objects = self.live_objects(name, project).await.unwrap_or_default();
        }
        if !still.is_empty() {
            still = format!("; still there: {still}");
        }
        let held = held(app, &objects);
        if !held.is_empty() {
            still.push_str(&format!("; held by finalizers: {}", held.join(", ")));
        }
        let help = if !held.is_empty() {
            "see why what set those finalizers doesn't take them off, then resume"
        } else if app.is_operating() {
            "its operation doesn't end: look at the log of argocd-application-controller, then resume"
        } else {
            "look at the log of argocd-application-controller, then resume"
        };
        ProviderError::new(
            ProviderErrorKind::Unhealthy,
            SYSTEM,
            format!(
                "{} was deleted but isn't gone after {} s{still}",
                thing.shown(),
                self.progress_deadline.as_secs()
            ),
        )
        .help(help)
    }
}

/// Who holds what: finalizers on objects that are being deleted, and others' than Argo CD's
/// own on the thing itself.
fn held(app: &App, objects: &[Live]) -> Vec<String> {
    let own = app.metadata.finalizers.iter();
    let own = own
        .filter(|it| !it.starts_with(owned::CASCADE))
        .map(|it| format!("{it} on itself"));
    let others = objects.iter().filter(|object| object.is_deleting());
    let others = others.flat_map(|object| {
        let finalizers = object.finalizers().into_iter();
        finalizers.map(|it| format!("{it} on {}", object.shown()))
    });
    own.chain(others).take(5).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_holds_is_named() {
        let app: App = serde_json::from_value(json!({ "metadata": { "name": "a", "finalizers": [owned::CASCADE, format!("{}/background", owned::CASCADE), "x.example.com/y"] } })).unwrap();
        let object = |name: &str, metadata: serde_json::Value| Live {
            group: String::new(),
            kind: "PersistentVolumeClaim".to_owned(),
            namespace: "n".to_owned(),
            name: name.to_owned(),
            object: json!({ "metadata": metadata }),
        };
        let objects = [
            object(
                "goes",
                json!({ "deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["kubernetes.io/pvc-protection"] }),
            ),
            object(
                "stays",
                json!({ "finalizers": ["kubernetes.io/pvc-protection"] }),
            ),
            object(
                "ends",
                json!({ "deletionTimestamp": "2026-01-01T00:00:00Z" }),
            ),
        ];
        assert_eq!(
            held(&app, &objects),
            [
                "x.example.com/y on itself",
                "kubernetes.io/pvc-protection on PersistentVolumeClaim n/goes"
            ]
        );
    }
}
