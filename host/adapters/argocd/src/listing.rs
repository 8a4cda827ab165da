//! All applications and projects, as lists give them.

use std::collections::BTreeMap;

use deploycenter_ports::{ApplicationState, ProviderError};
use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::client::{Ask, Client, SYSTEM};
use crate::model::{App, List};
use crate::owned::INSTALLATION;

/// What is read of each application. Without a selector, so that a stranger's application
/// under a name that we want is seen when planning, not only when its create fails.
///
/// Argo CD knows a fixed set of paths and gives nothing, silently, for any other, a parent or
/// a child of these included: the conditions can't be had from a list, so what stands there
/// as Synced is all that a list can say.
pub(crate) const FIELDS: &str = "items.metadata.name,items.metadata.labels,items.metadata.annotations,items.metadata.deletionTimestamp,items.spec,items.operation.sync,\
                                 items.status.sync.status,items.status.sync.revision,items.status.health,items.status.operationState.phase,items.status.operationState.operation.sync";

/// What is read for `status`.
pub(crate) const STATE_FIELDS: &str =
    "items.metadata.name,items.status.sync.status,items.status.sync.revision,items.status.health";

/// Everything there is, by name.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    pub(crate) applications: BTreeMap<String, App>,
    pub(crate) projects: BTreeMap<String, App>,
}

impl Listing {
    /// Reads it.
    pub(crate) async fn read(client: &Client) -> Result<Self, ProviderError> {
        let applications = client
            .ask(Ask::new(Method::GET, &["applications"]).query("fields", FIELDS))
            .await?
            .value()?;
        let projects = client
            .ask(Ask::new(Method::GET, &["projects"]))
            .await?
            .value()?;
        Ok(Self {
            applications: by_name(applications)?,
            projects: by_name(projects)?,
        })
    }
}

fn by_name(list: Value) -> Result<BTreeMap<String, App>, ProviderError> {
    let list: List<App> = parse(list)?;
    Ok(list
        .items
        .into_iter()
        .map(|app| (app.metadata.name.clone(), app))
        .collect())
}

/// Reads a body.
pub(crate) fn parse<T: DeserializeOwned>(value: Value) -> Result<T, ProviderError> {
    serde_json::from_value(value).map_err(|error| {
        ProviderError::new(
            deploycenter_ports::ProviderErrorKind::Refused,
            SYSTEM,
            format!("Argo CD's answer can't be read: {error}"),
        )
    })
}

/// The live states of an installation's applications.
pub(crate) async fn states(
    client: &Client,
    installation: &str,
) -> Result<Vec<ApplicationState>, ProviderError> {
    let selector = format!("{INSTALLATION}={installation}");
    let ask = Ask::new(Method::GET, &["applications"])
        .query("selector", &selector)
        .query("fields", STATE_FIELDS);
    let apps = by_name(client.ask(ask).await?.value()?)?;
    let or_unknown = |text: String| {
        if text.is_empty() {
            "Unknown".to_owned()
        } else {
            text
        }
    };
    Ok(apps
        .into_iter()
        .map(|(name, app)| ApplicationState {
            name,
            sync: or_unknown(app.status.sync.status),
            health: or_unknown(app.status.health.status),
            revision: Some(app.status.sync.revision).filter(|text| !text.is_empty()),
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a real Argo CD gives of a list's items; anything else it leaves out.
    const GIVEN: [&str; 24] = [
        "metadata.name",
        "metadata.namespace",
        "metadata.annotations",
        "metadata.labels",
        "metadata.creationTimestamp",
        "metadata.deletionTimestamp",
        "spec",
        "spec.destination",
        "spec.project",
        "spec.source",
        "spec.sources",
        "spec.sourceHydrator",
        "spec.syncPolicy",
        "status.sourceHydrator",
        "status.summary",
        "status.sync.status",
        "status.sync.revision",
        "status.health",
        "status.resources",
        "status.operationState.startedAt",
        "status.operationState.finishedAt",
        "status.operationState.phase",
        "status.operationState.operation.sync",
        "operation.sync",
    ];

    #[test]
    fn only_what_argo_cd_gives_is_asked_for() {
        let asked = [
            FIELDS,
            STATE_FIELDS,
            crate::inventory::FIELDS,
            crate::doctor::FIELDS,
            crate::doctor::FORMER_FIELDS,
        ];
        for path in asked.iter().flat_map(|fields| fields.split(',')) {
            let path = path.strip_prefix("items.").unwrap_or(path);
            assert!(GIVEN.contains(&path), "{path}");
        }
    }
}
