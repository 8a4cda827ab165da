//! What an installation has in Route 53.

use async_trait::async_trait;
use aws_sdk_route53::types::{ResourceRecordSet, RrType};
use deploycenter_domain::name::InstallationId;
use deploycenter_ports::{Failure, HeldBy, Holding, Holdings};

use super::Route53;
use super::convert::normal;
use super::read::image;

#[async_trait]
impl Holdings for Route53 {
    async fn holdings(&self, installation: &InstallationId) -> Result<Vec<Holding>, Failure> {
        let mut all = Vec::new();
        for id in self.aws.shared.places.zones.keys() {
            let sets = self.aws.zone(id)?.read_from(None, None).await?;
            all.extend(sets.iter().filter_map(|set| held(id, set, installation)));
        }
        all.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(all)
    }
}

/// A record of ours; its set-identifier says so.
fn held(zone: &str, set: &ResourceRecordSet, installation: &InstallationId) -> Option<Holding> {
    let identifier = set.set_identifier.as_deref()?;
    let rest = identifier
        .strip_prefix("deploycenter/")?
        .strip_prefix(installation.as_str())?
        .strip_prefix('/')?;
    if set.r#type != RrType::A || set.weight.is_none() {
        return None;
    }
    let parts = rest.split_once('/').and_then(|(customer, region)| {
        Some(HeldBy::Customer {
            customer: customer.parse().ok()?,
            region: region.parse().ok()?,
        })
    });
    let holder = parts.unwrap_or_else(|| {
        HeldBy::Unknown("its set-identifier doesn't end with customer and region".to_owned())
    });
    Some(Holding {
        system: "route53",
        id: format!("{zone} {} {identifier}", normal(&set.name)),
        image: image(zone, set),
        outputs: Default::default(),
        holder,
        since: None,
    })
}
