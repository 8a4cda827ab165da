//! All applications and projects, read once a run.

use std::collections::BTreeMap;
use std::sync::Arc;

use deploycenter_ports::{ApplicationState, Failure};
use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::client::{Ask, Client, SYSTEM};
use crate::model::{App, List};
use crate::owned::INSTALLATION;

/// What is read of each application. Without a selector, so that a stranger's application
/// under a name that we want is seen when planning, not only when its create fails.
const FIELDS: &str = "items.metadata.name,items.metadata.labels,items.metadata.annotations,items.metadata.deletionTimestamp,items.spec,items.operation,\
                      items.status.sync,items.status.health,items.status.conditions,items.status.operationState";

/// What is read for `status`.
const STATE_FIELDS: &str = "items.metadata.name,items.status.sync,items.status.health";

/// Everything there is, by name.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    pub(crate) applications: BTreeMap<String, App>,
    pub(crate) projects: BTreeMap<String, App>,
}

/// The listing of this run.
#[derive(Debug, Default)]
pub(crate) struct Listings(Mutex<Option<Arc<Listing>>>);

impl Listings {
    /// Reads it, or gives what was read.
    pub(crate) async fn get(&self, client: &Client) -> Result<Arc<Listing>, Failure> {
        let mut kept = self.0.lock().await;
        if let Some(listing) = &*kept {
            return Ok(Arc::clone(listing));
        }
        let applications = client
            .ask(Ask::new(Method::GET, &["applications"]).query("fields", FIELDS))
            .await?
            .value()?;
        let projects = client
            .ask(Ask::new(Method::GET, &["projects"]))
            .await?
            .value()?;
        let listing = Arc::new(Listing {
            applications: by_name(applications)?,
            projects: by_name(projects)?,
        });
        *kept = Some(Arc::clone(&listing));
        Ok(listing)
    }

    pub(crate) async fn forget(&self) {
        *self.0.lock().await = None;
    }
}

fn by_name(list: Value) -> Result<BTreeMap<String, App>, Failure> {
    let list: List<App> = parse(list)?;
    Ok(list
        .items
        .into_iter()
        .map(|app| (app.metadata.name.clone(), app))
        .collect())
}

/// Reads a body.
pub(crate) fn parse<T: DeserializeOwned>(value: Value) -> Result<T, Failure> {
    serde_json::from_value(value).map_err(|error| {
        Failure::new(
            deploycenter_ports::FailureKind::Refused,
            SYSTEM,
            format!("Argo CD's answer can't be read: {error}"),
        )
    })
}

/// The live states of an installation's applications.
pub(crate) async fn states(
    client: &Client,
    installation: &str,
) -> Result<Vec<ApplicationState>, Failure> {
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
