//! Reads `regions.yaml`.

use std::collections::BTreeMap;

use super::formats;
use super::layer;
use super::node::{Content, Node, join};
use super::reader::{Object, Reader};
use super::regions::{FILE, NAME_MAX, Region, Regions, StorageKind};
use super::regions_cluster::cluster;
use super::regions_parts::{account_and_role, efs, hosted_zone, ingress, storage};
use super::yaml;
use crate::name::RegionName;
use crate::problem::Problem;

/// What was read, and which names were written even where the rest was wrong: so that one
/// mistake isn't told again at everything that refers to it.
#[derive(Debug, Default)]
pub(super) struct ReadRegions {
    pub(super) regions: Regions,
    /// Every key under `regions`.
    pub(super) names: Vec<String>,
    /// Every zone's name.
    pub(super) zones: Vec<String>,
}

/// Reads the file.
pub(super) fn read(bytes: &[u8]) -> (Option<ReadRegions>, Vec<Problem>) {
    let (node, found) = yaml::parse(FILE, bytes);
    let mut reader = Reader::new(FILE, found);
    let read = node.and_then(|node| all(&mut reader, &node));
    (read, reader.found)
}

fn all(reader: &mut Reader<'_>, node: &Node) -> Option<ReadRegions> {
    let root = reader.object(node, "", &["version", "hostedZones", "regions"])?;
    reader.version(&root);
    let mut read = ReadRegions::default();
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
            let place = RegionPlace {
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
struct RegionPlace<'a> {
    pointer: &'a str,
    key: &'a str,
}

fn region(
    reader: &mut Reader<'_>,
    node: &Node,
    place: RegionPlace<'_>,
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
