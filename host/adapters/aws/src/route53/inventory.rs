//! What an installation has in Route 53.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_route53::types::ResourceRecordSet;
use deploycenter_domain::name::InstallationId;
use deploycenter_ports::{InventoryItem, InventorySource, Marker, ProviderError};

use super::Route53;
use super::convert::{normal, state};
use super::read::is_weighted;

#[async_trait]
impl InventorySource for Route53 {
    async fn inventory(
        &self,
        installation: &InstallationId,
    ) -> Result<Vec<InventoryItem>, ProviderError> {
        let mut all = Vec::new();
        for id in self.aws.shared.places.zones.keys() {
            let sets = self.aws.zone(id)?.read_from(None, None).await?;
            // The A and the AAAA of one name and set-identifier are one record of ours.
            let mut places: BTreeMap<(String, &str), Vec<&ResourceRecordSet>> = BTreeMap::new();
            for set in sets.iter().filter(|set| is_weighted(set)) {
                let identifier = set.set_identifier.as_deref().unwrap_or_default();
                let place = (normal(&set.name), identifier);
                places.entry(place).or_default().push(set);
            }
            all.extend(places.iter().filter_map(|((name, identifier), sets)| {
                held(id, name, identifier, sets, installation)
            }));
        }
        all.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(all)
    }
}

/// A record of ours; its set-identifier says so.
fn held(
    zone: &str,
    name: &str,
    identifier: &str,
    sets: &[&ResourceRecordSet],
    installation: &InstallationId,
) -> Option<InventoryItem> {
    let rest = identifier
        .strip_prefix("deploycenter/")?
        .strip_prefix(installation.as_str())?
        .strip_prefix('/')?;
    let parts = rest.split_once('/').and_then(|(customer, region)| {
        Some(Marker::Customer {
            customer: customer.parse().ok()?,
            region: region.parse().ok()?,
        })
    });
    let holder = parts.unwrap_or_else(|| {
        Marker::Unknown("its set-identifier doesn't end with customer and region".to_owned())
    });
    Some(InventoryItem {
        system: "route53",
        id: format!("{zone} {name} {identifier}"),
        state: state(zone, sets)?,
        outputs: Default::default(),
        holder,
        since: None,
    })
}
