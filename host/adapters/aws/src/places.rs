//! Where things are: which AWS region, which account, through which role.

use std::collections::BTreeMap;

use deploycenter_domain::desired::{HostedZone, Region, Regions};
use deploycenter_domain::name::RegionName;

/// The regions and hosted zones of a deployment repo, as this crate needs them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    /// The regions by their key in `regions.yaml`.
    pub regions: BTreeMap<RegionName, RegionPlace>,
    /// The hosted zones by id, without `/hostedzone/`.
    pub zones: BTreeMap<String, ZonePlace>,
}

impl Places {
    /// As the deployment repo's `regions.yaml` has them.
    #[must_use]
    pub fn of(regions: &Regions) -> Self {
        let region = |region: &Region| RegionPlace {
            aws_region: region.aws_region.clone(),
            account: region.account.clone(),
            role_arn: Some(region.role_arn.clone()),
        };
        let zone = |zone: &HostedZone| ZonePlace {
            name: zone.name.clone(),
            account: zone.account.clone(),
            role_arn: Some(zone.role_arn.clone()),
        };
        Self {
            regions: regions
                .regions
                .iter()
                .map(|(name, place)| (name.clone(), region(place)))
                .collect(),
            zones: regions
                .hosted_zones
                .iter()
                .map(|place| (place.id.clone(), zone(place)))
                .collect(),
        }
    }
}

/// A region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegionPlace {
    /// AWS's name for it: `eu-west-3`.
    pub aws_region: String,
    /// Twelve digits; for messages.
    pub account: String,
    /// The role to assume there; `None`: the base credentials are the account's own.
    pub role_arn: Option<String>,
}

/// A hosted zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZonePlace {
    /// The domain, without a final dot.
    pub name: String,
    /// Twelve digits; for messages.
    pub account: String,
    /// The role to assume for it; `None`: the base credentials are the account's own.
    pub role_arn: Option<String>,
}
