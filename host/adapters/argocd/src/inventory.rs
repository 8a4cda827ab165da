//! What an installation has in Argo CD.

use async_trait::async_trait;
use deploycenter_domain::name::InstallationId;
use deploycenter_domain::resource::Outputs;
use deploycenter_ports::{InventoryItem, InventorySource, Marker, ProviderError};
use reqwest::Method;

use crate::adapter::ArgoCd;
use crate::adopt::as_it_is;
use crate::client::Ask;
use crate::listing::parse;
use crate::model::{App, List};
use crate::owned;
use crate::thing::Thing;

/// What is read of each application.
pub(crate) const FIELDS: &str = "items.metadata.name,items.metadata.labels,items.metadata.annotations,items.metadata.creationTimestamp,items.spec";

#[async_trait]
impl InventorySource for ArgoCd {
    async fn inventory(
        &self,
        installation: &InstallationId,
    ) -> Result<Vec<InventoryItem>, ProviderError> {
        let selector = format!("{}={installation}", owned::INSTALLATION);
        let applications = Ask::new(Method::GET, &["applications"])
            .query("selector", &selector)
            .query("fields", FIELDS);
        let applications: List<App> = parse(self.client.ask(applications).await?.value()?)?;
        // Projects can't be selected by label.
        let projects = Ask::new(Method::GET, &["projects"]);
        let projects: List<App> = parse(self.client.ask(projects).await?.value()?)?;
        let mut all = Vec::new();
        for found in &applications.items {
            let (name, project) = (found.metadata.name.as_str(), found.project());
            all.extend(held(
                found,
                Thing::Application { name, project },
                installation,
            ));
        }
        for found in &projects.items {
            all.extend(held(
                found,
                Thing::Project(&found.metadata.name),
                installation,
            ));
        }
        all.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(all)
    }
}

fn held(found: &App, thing: Thing<'_>, installation: &InstallationId) -> Option<InventoryItem> {
    let label = found.metadata.labels.get(owned::INSTALLATION)?;
    if label != installation.as_str() {
        return None;
    }
    let holder = owned::marks(&found.metadata).map_or_else(
        || Marker::Unknown("its annotations don't say which effect's it is".to_owned()),
        Marker::Effect,
    );
    Some(InventoryItem {
        system: "argocd",
        id: found.metadata.name.clone(),
        state: as_it_is(found, thing),
        outputs: Outputs::new(),
        holder,
        since: found
            .metadata
            .creation_timestamp
            .as_ref()
            .and_then(|time| time.parse().ok()),
    })
}
