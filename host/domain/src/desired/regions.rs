//! `regions.yaml`: the places where customers run, and the hosted zones of their domains.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::layer;
use super::regions_cluster::Cluster;
use crate::name::RegionName;
use crate::resource::Routing;

/// The file's name.
pub const FILE: &str = "regions.yaml";

/// The longest name of a region. A weighted record's set identifier (128 characters)
/// holds installation, customer and region.
pub(super) const NAME_MAX: usize = 32;

/// All regions and hosted zones.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Regions {
    /// Sorted by name.
    pub hosted_zones: Vec<HostedZone>,
    /// By name.
    pub regions: BTreeMap<RegionName, Region>,
}

/// A hosted zone of Route 53 in which domains may lie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HostedZone {
    /// Its domain, lower case, without a final dot.
    pub name: String,
    /// Its id, without `/hostedzone/`.
    pub id: String,
    /// The AWS account: 12 digits.
    pub account: String,
    /// The role to take for it.
    pub role_arn: String,
}

/// A place where customers run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Region {
    /// Its key.
    pub name: RegionName,
    /// AWS's name for it: `eu-west-3`.
    pub aws_region: String,
    /// The AWS account: 12 digits.
    pub account: String,
    /// The role to take in it.
    pub role_arn: String,
    /// The Kubernetes cluster.
    pub cluster: Cluster,
    /// How traffic gets in.
    pub ingress: Ingress,
    /// What a `dedicated` storage class needs; empty where there is none.
    pub efs: Efs,
    /// What is installed in the cluster, sorted; `None`: not said, so not checked.
    pub addons: Option<Vec<String>>,
    /// Storage classes by name.
    pub storage: BTreeMap<String, StorageClass>,
    /// Where its add-ons are listed, or else where it is written; no part of its data.
    #[serde(skip)]
    pub at: layer::Place,
}

impl Region {
    /// The class for volumes that name none: the one marked so, or else the only one.
    #[must_use]
    pub fn default_storage_class(&self) -> Option<&str> {
        let marked = self.storage.iter().find(|(_, class)| class.default);
        let only = self
            .storage
            .iter()
            .next()
            .filter(|_| self.storage.len() == 1);
        marked.or(only).map(|(name, _)| name.as_str())
    }
}

/// How traffic gets into a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ingress {
    /// The ingress class.
    pub class: String,
    /// Where A records point.
    pub routing: Routing,
    /// Where AAAA records point; `None`: there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aaaa: Option<Routing>,
    /// cert-manager's issuer.
    pub cluster_issuer: String,
    /// How that issuer shows that a domain is ours; `None`: not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub challenge: Option<Challenge>,
    /// The largest request body that gets through, as a Kubernetes quantity: `2Gi`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_body_size: Option<String>,
}

/// What a certificate's issuer asks for, to see that a domain is ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Challenge {
    /// A file under the domain: whichever cluster answers the name has to have it.
    #[serde(rename = "http-01")]
    Http01,
    /// A TXT record below the domain.
    #[serde(rename = "dns-01")]
    Dns01,
}

/// How file systems of our own are made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Efs {
    /// Subnets that get a mount target, sorted.
    pub subnets: Vec<String>,
    /// Security groups of the mount targets, sorted.
    pub security_groups: Vec<String>,
    /// `generalPurpose` or `maxIO`.
    pub performance_mode: String,
    /// `bursting` or `elastic`.
    pub throughput_mode: String,
    /// The key's ARN; AWS's own key for EFS when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kms_key_id: Option<String>,
}

/// A storage class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StorageClass {
    /// Where its volumes lie.
    pub kind: StorageKind,
    /// Whether volumes that name no class get this one.
    pub default: bool,
}

/// Where the volumes of a class lie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum StorageKind {
    /// On a file system of each instance's own.
    Dedicated,
    /// On the operator's file system, where only an access point is ours.
    #[serde(rename_all = "camelCase")]
    Existing {
        /// `fs-…`.
        file_system_id: String,
    },
}

impl Regions {
    /// The hosted zone that a domain lies in: the longest whose name ends the domain at a
    /// dot. The domain is in lower case.
    #[must_use]
    pub fn zone_for(&self, domain: &str) -> Option<&HostedZone> {
        self.hosted_zones
            .iter()
            .filter(|zone| lies_in(domain, &zone.name))
            .max_by_key(|zone| zone.name.len())
    }
}

/// Whether a domain is a zone's own name or ends with it at a dot.
pub(super) fn lies_in(domain: &str, zone: &str) -> bool {
    domain
        .strip_suffix(zone)
        .is_some_and(|before| before.is_empty() || before.ends_with('.'))
}
