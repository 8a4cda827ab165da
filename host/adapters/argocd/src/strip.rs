//! Protection taken off live objects, where a sync can't do it.
//!
//! A base whose manifests the API server rejects never syncs, so a commit without the
//! annotations that protect data never reaches the cluster, and deleting the application
//! would leave what it made. The way back can't depend on that becoming right.

use deploycenter_domain::resource::Sync;
use deploycenter_ports::{ProviderError, ProviderErrorKind};
use reqwest::Method;
use serde_json::{Value, json};

use crate::adapter::{ArgoCd, POLL_FIRST, Refresh};
use crate::client::SYSTEM;
use crate::live::Live;
use crate::model::App;
use crate::owned;
use crate::thing::Thing;

impl ArgoCd {
    /// Looks at what there is and does the next thing, until nothing is left to do: so it
    /// may be begun anew after any of its calls.
    pub(crate) async fn strip(&self, sync: &Sync) -> Result<(), ProviderError> {
        let (name, project) = (sync.application.as_str(), sync.project.as_str());
        let mut since = self.client.clock.now();
        let mut left = usize::MAX;
        let mut pause = POLL_FIRST;
        loop {
            let Some(app) = self.application(name, project, Refresh::No).await? else {
                return Ok(());
            };
            if !owned::is_of(&app.metadata, &self.installation) {
                return Err(self.fails(sync, "it isn't ours; what it made is left as it is"));
            }
            let deployed = !app.is_deleting();
            let mut doing = "its operation doesn't end".to_owned();
            if deployed && app.is_automated() {
                // Before anything else, or it would put back what is taken off.
                self.stop_automated_sync(&app, name, project).await?;
                "its automated sync doesn't stay off".clone_into(&mut doing);
            } else if app.is_operating() {
                self.end_operation(&app, name, project).await?;
            } else {
                // The objects are those of the last comparison.
                let refresh = if deployed {
                    Refresh::Normal
                } else {
                    Refresh::No
                };
                let compared = self.application(name, project, refresh).await?;
                if let Some(wrong) = compared.as_ref().and_then(App::unknown_objects) {
                    return Err(self.fails(sync, &wrong));
                }
                let objects = self.live_objects(name, project).await?;
                let protected: Vec<(&Live, Value)> = objects
                    .iter()
                    .filter(|object| object.is_of(name) && !object.is_deleting())
                    .filter_map(|object| Some((object, object.unprotecting()?)))
                    .collect();
                if protected.is_empty() {
                    return Ok(());
                }
                if protected.len() < left {
                    left = protected.len();
                    since = self.client.clock.now();
                }
                for (object, patch) in &protected {
                    self.open_for_deletion(object, patch, (name, project))
                        .await?;
                }
                let names: Vec<String> = protected.iter().map(|(it, _)| it.shown()).collect();
                doing = format!("the protection comes back on {}", names.join(", "));
            }
            if self.since(since) > self.progress_deadline {
                return Err(self.fails(sync, &doing));
            }
            self.pause(&mut pause).await;
        }
    }

    /// Takes automated sync off an application and marks it, so that its removal doesn't
    /// take that for someone else's change.
    async fn stop_automated_sync(
        &self,
        app: &App,
        name: &str,
        project: &str,
    ) -> Result<(), ProviderError> {
        let mut spec = app.spec.clone();
        if let Some(Value::Object(policy)) = spec.get_mut("syncPolicy") {
            policy.remove("automated");
        }
        let mut annotations = app.metadata.annotations.clone();
        annotations.insert(owned::STRIPPED.to_owned(), "true".to_owned());
        let metadata = json!({
            "name": name,
            "labels": app.metadata.labels,
            "annotations": annotations,
            "finalizers": app.metadata.finalizers,
        });
        // Its manifests may be just what is broken: they aren't generated for this. A
        // PATCH would, whatever it is told.
        let ask = Thing::Application { name, project }
            .ask(Method::PUT)
            .query("validate", "false")
            .body(json!({ "metadata": metadata, "spec": spec }));
        let answer = self.client.ask(ask).await?;
        if answer.is_not_found() || answer.is_conflict() {
            return Ok(());
        }
        answer.value().map(|_| ())
    }

    /// An application that doesn't get where it is led.
    pub(crate) fn fails(&self, sync: &Sync, words: &str) -> ProviderError {
        ProviderError::new(
            ProviderErrorKind::Unhealthy,
            SYSTEM,
            format!(
                "the Argo CD application {} can't take over {} on {}: {}",
                sync.application,
                sync.path,
                sync.branch,
                words.trim()
            ),
        )
    }
}
