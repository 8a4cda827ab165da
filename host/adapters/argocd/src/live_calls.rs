//! Reading an application's live objects, and changing a single one.

use deploycenter_ports::{ProviderError, ProviderErrorKind};
use reqwest::Method;
use serde_json::Value;

use crate::adapter::ArgoCd;
use crate::client::{Answer, Ask, SYSTEM};
use crate::listing::parse;
use crate::live::{Live, Managed};
use crate::model::List;

/// Whether an answer says that the object isn't there, or isn't the application's any more.
fn is_gone(answer: &Answer) -> bool {
    answer.is_not_found() || answer.refuses("not found as part of application")
}

impl ArgoCd {
    /// What is there of an application's manifests and of what it once made from them, as
    /// of the last comparison; nothing when there is no such application.
    pub(crate) async fn live_objects(
        &self,
        name: &str,
        project: &str,
    ) -> Result<Vec<Live>, ProviderError> {
        let ask = Ask::new(Method::GET, &["applications", name, "managed-resources"])
            .query("project", project);
        let answer = self.client.ask(ask).await?;
        if answer.is_not_found() {
            return Ok(Vec::new());
        }
        let list: List<Managed> = parse(answer.value()?)?;
        Ok(list.items.into_iter().filter_map(Live::read).collect())
    }

    /// Takes the protection off one live object; deletes the object where Argo CD or the
    /// cluster refuses that. What isn't there any more is done.
    pub(crate) async fn open_for_deletion(
        &self,
        object: &Live,
        patch: &Value,
        (application, project): (&str, &str),
    ) -> Result<(), ProviderError> {
        let ask = object
            .ask(Method::POST, application, project)
            .query("patchType", "application/merge-patch+json")
            // The patch itself is a text, which is the whole body.
            .body(Value::String(patch.to_string()));
        let refused = match self.client.ask(ask).await {
            Ok(answer) if answer.is_ok() || is_gone(&answer) => return Ok(()),
            Ok(answer) if answer.is_unauthorized() => return Err(answer.failure()),
            Ok(answer) => answer.failure(),
            Err(failure) if failure.kind == ProviderErrorKind::Refused => failure,
            Err(failure) => return Err(failure),
        };
        let answer = self
            .client
            .ask(object.ask(Method::DELETE, application, project))
            .await?;
        if answer.is_ok() || is_gone(&answer) {
            return Ok(());
        }
        Err(ProviderError::new(
            ProviderErrorKind::Refused,
            SYSTEM,
            format!(
                "the protection of {} can't be taken off ({refused}), nor can it be deleted: {}",
                object.shown(),
                answer.words().trim()
            ),
        )
        .help("give the token's account `applications, update/*` and `applications, delete/*`, or take the annotation argocd.argoproj.io/sync-options off that object by hand, then resume"))
    }
}
