//! `regions.yaml`: the places where customers run, and the hosted zones of their domains.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::formats;
use super::layer;
use super::node::{Content, Node, join};
use super::reader::{Object, Reader};
use super::regions_cluster::{Cluster, cluster};
use super::regions_parts::{efs, hosted_zone, ingress, storage};
use super::yaml;
use crate::name::RegionName;
use crate::problem::Problem;
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

/// What was read, and which names were written even where the rest was wrong: so that one
/// mistake isn't told again at everything that refers to it.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) regions: Regions,
    /// Every key under `regions`.
    pub(super) names: Vec<String>,
    /// Every zone's name.
    pub(super) zones: Vec<String>,
}

/// Reads the file.
pub(super) fn read(bytes: &[u8]) -> (Option<Read>, Vec<Problem>) {
    let (node, found) = yaml::parse(FILE, bytes);
    let mut reader = Reader::new(FILE, found);
    let read = node.and_then(|node| all(&mut reader, &node));
    (read, reader.found)
}

fn all(reader: &mut Reader<'_>, node: &Node) -> Option<Read> {
    let root = reader.object(node, "", &["version", "hostedZones", "regions"])?;
    reader.version(&root);
    let mut read = Read::default();
    let mut lines = BTreeMap::new();
    for (index, node) in reader.list(&root, "hostedZones").iter().enumerate() {
        let (name, zone) = hosted_zone(reader, node, &format!("/hostedZones/{index}"));
        let Some(name) = name else { continue };
        if let Some(first) = lines.insert(name.value.clone(), name.spot.line) {
            let message = format!(
                "duplicate hosted zone {:?}; the first is at line {first}",
                name.value
            );
            reader.problem(
                name.spot,
                &name.pointer,
                message,
                Some("keep one of them".to_owned()),
            );
            continue;
        }
        read.zones.push(name.value);
        read.regions.hosted_zones.extend(zone);
    }
    read.regions
        .hosted_zones
        .sort_by(|a, b| a.name.cmp(&b.name));

    if let Some(entry) = reader.need(&root, "regions")
        && let Some(regions) = reader.any_object(&entry.node, "/regions")
    {
        for entry in regions.entries() {
            read.names.push(entry.key.clone());
            let pointer = join("/regions", &entry.key);
            let name = match entry.key.parse::<RegionName>() {
                Ok(name) if entry.key.len() <= NAME_MAX => Some(name),
                Ok(_) => {
                    let message = format!(
                        "region {:?} is longer than {NAME_MAX} characters",
                        entry.key
                    );
                    reader.problem(entry.spot, &pointer, message, None);
                    None
                }
                Err(error) => {
                    reader.problem(entry.spot, &pointer, error.to_string(), None);
                    None
                }
            };
            let place = Place {
                pointer: &pointer,
                key: &entry.key,
            };
            if let Some(region) = region(reader, &entry.node, place, name) {
                read.regions.regions.insert(region.name.clone(), region);
            }
        }
    }
    Some(read)
}

#[derive(Clone, Copy)]
struct Place<'a> {
    pointer: &'a str,
    key: &'a str,
}

fn region(
    reader: &mut Reader<'_>,
    node: &Node,
    place: Place<'_>,
    name: Option<RegionName>,
) -> Option<Region> {
    let object = reader.object(
        node,
        place.pointer,
        &[
            "awsRegion",
            "account",
            "roleArn",
            "cluster",
            "ingress",
            "efs",
            "addons",
            "storage",
        ],
    )?;
    let aws_region = match reader.text(&object, "awsRegion") {
        None if object.entry("awsRegion").is_none() => match formats::aws_region(place.key) {
            Ok(key) => Some(key),
            Err(message) => {
                let help = "say which AWS region it is with awsRegion";
                reader.problem(object.spot, place.pointer, message, Some(help.to_owned()));
                None
            }
        },
        written => reader
            .checked(written, formats::aws_region)
            .map(|text| text.value),
    };
    let (account, role_arn) = account_and_role(reader, &object);
    let cluster = match reader.need(&object, "cluster") {
        None => None,
        Some(_) => cluster(reader, &object),
    };
    let ingress = match reader.need(&object, "ingress") {
        None => None,
        Some(_) => ingress(reader, &object),
    };
    let storage = storage(reader, &object);
    let dedicated = storage
        .values()
        .any(|class| class.kind == StorageKind::Dedicated);
    let efs = efs(reader, &object, dedicated);
    let addons = addons(reader, &object);
    let spot = object
        .entry("addons")
        .map_or(object.spot, |entry| entry.spot);
    let at = layer::Place {
        file: FILE.to_owned(),
        line: spot.line,
        column: spot.column,
    };
    Some(Region {
        name: name?,
        aws_region: aws_region?,
        account: account?,
        role_arn: role_arn?,
        cluster: cluster?,
        ingress: ingress?,
        efs: efs?,
        addons,
        storage,
        at,
    })
}

/// An account's number, and a role that has to be of that account.
pub(super) fn account_and_role(
    reader: &mut Reader<'_>,
    object: &Object<'_>,
) -> (Option<String>, Option<String>) {
    let account = reader.need_text(object, "account");
    let account = reader.checked(account, formats::account);
    let role = reader.need_text(object, "roleArn");
    let role = reader.checked(role, formats::role_arn);
    if let (Some(account), Some(role)) = (&account, &role)
        && formats::account_of(&role.value) != Some(account.value.as_str())
    {
        let message = format!(
            "the role {:?} isn't of account {}",
            role.value, account.value
        );
        reader.problem(role.spot, &role.pointer, message, None);
        return (None, None);
    }
    (account.map(|text| text.value), role.map(|text| text.value))
}

fn addons(reader: &mut Reader<'_>, object: &Object<'_>) -> Option<Vec<String>> {
    let entry = object.entry("addons")?;
    let mut addons: Vec<String> = reader
        .texts(object, "addons")
        .into_iter()
        .map(|text| text.value)
        .collect();
    addons.sort();
    addons.dedup();
    matches!(entry.node.content, Content::List(_)).then_some(addons)
}
