//! The parts of a region: ingress, file systems, storage classes; and hosted zones.

use std::collections::BTreeMap;

use super::formats;
use super::node::{Node, Spot, join};
use super::reader::{Located, Object, Reader};
use super::regions::{Challenge, Efs, HostedZone, Ingress, StorageClass, StorageKind};
use crate::resource::Routing;

/// Seconds that resolvers keep an address unless set otherwise.
const TTL: u32 = 60;

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

pub(super) fn hosted_zone(
    reader: &mut Reader<'_>,
    node: &Node,
    pointer: &str,
) -> (Option<Located<String>>, Option<HostedZone>) {
    let Some(object) = reader.object(node, pointer, &["name", "id", "account", "roleArn"]) else {
        return (None, None);
    };
    let name = reader.need_text(&object, "name");
    let name = reader.checked(name, formats::domain);
    let id = reader.need_text(&object, "id");
    let id = reader.checked(id, formats::zone_id);
    let (account, role_arn) = account_and_role(reader, &object);
    let zone = match (&name, id, account, role_arn) {
        (Some(name), Some(id), Some(account), Some(role_arn)) => Some(HostedZone {
            name: name.value.clone(),
            id: id.value,
            account,
            role_arn,
        }),
        _ => None,
    };
    (name, zone)
}

pub(super) fn ingress(reader: &mut Reader<'_>, object: &Object<'_>) -> Option<Ingress> {
    let object = reader.inner(
        object,
        "ingress",
        &[
            "class",
            "ipv4",
            "ipv6",
            "ttl",
            "alias",
            "clusterIssuer",
            "challenge",
            "maxBodySize",
        ],
    )?;
    let class = reader.need_text(&object, "class");
    let cluster_issuer = reader.need_text(&object, "clusterIssuer");
    let size = reader.text(&object, "maxBodySize");
    let max_body_size = reader
        .checked(size, formats::quantity)
        .map(|text| text.value);
    let challenge = reader.text(&object, "challenge");
    let words = [("http-01", Challenge::Http01), ("dns-01", Challenge::Dns01)];
    let challenge = reader.word(challenge, &words);
    let places = match (object.entry("ipv4"), object.entry("alias")) {
        (Some(_), None) => addresses(reader, &object),
        (None, Some(_)) => {
            for (key, help) in [
                (
                    "ttl",
                    "an alias takes the load balancer's own; take \"ttl\" out",
                ),
                (
                    "ipv6",
                    "take it out; of a load balancer that has IPv6, say alias.dualStack: true",
                ),
            ] {
                let Some(entry) = object.entry(key) else {
                    continue;
                };
                let message = format!("\"{key}\" has no meaning for an alias");
                let pointer = join(&object.pointer, key);
                reader.problem(entry.spot, &pointer, message, Some(help.to_owned()));
            }
            alias(reader, &object)
        }
        (both, _) => {
            let message = if both.is_some() {
                "an ingress has either \"ipv4\" or \"alias\", not both"
            } else {
                "an ingress needs \"ipv4\" (addresses) or \"alias\" (a load balancer)"
            };
            reader.problem(object.spot, &object.pointer, message, None);
            None
        }
    };
    let (routing, aaaa) = places?;
    Some(Ingress {
        class: class?.value,
        routing,
        aaaa,
        cluster_issuer: cluster_issuer?.value,
        challenge,
        max_body_size,
    })
}

/// Where A records point, and AAAA records where there are such.
type Places = (Routing, Option<Routing>);

fn addresses(reader: &mut Reader<'_>, object: &Object<'_>) -> Option<Places> {
    let before = reader.found.len();
    let texts = reader.texts(object, "ipv4");
    let ipv4 = sorted(reader, texts, formats::public_ipv4);
    let texts = reader.texts(object, "ipv6");
    let ipv6 = sorted(reader, texts, formats::public_ipv6);
    if reader.found.len() == before {
        let said6 = object.entry("ipv6").is_some();
        for (key, empty) in [
            ("ipv4", ipv4.is_empty()),
            ("ipv6", said6 && ipv6.is_empty()),
        ] {
            if empty {
                let message = format!("\"{key}\" is an empty list");
                let pointer = join(&object.pointer, key);
                reader.problem(object.spot, &pointer, message, None);
            }
        }
    }
    let ttl = match reader.integer(object, "ttl", 1, 86_400) {
        Some(ttl) => u32::try_from(ttl.value).unwrap_or(TTL),
        None => TTL,
    };
    let aaaa = (!ipv6.is_empty()).then_some(Routing::Addresses6 { ipv6, ttl });
    (reader.found.len() == before).then_some((Routing::Addresses { ipv4, ttl }, aaaa))
}

fn alias(reader: &mut Reader<'_>, object: &Object<'_>) -> Option<Places> {
    let object = reader.inner(
        object,
        "alias",
        &[
            "dnsName",
            "hostedZoneId",
            "evaluateTargetHealth",
            "dualStack",
        ],
    )?;
    let dns_name = reader.need_text(&object, "dnsName");
    let dns_name = reader.checked(dns_name, formats::domain);
    let zone = reader.need_text(&object, "hostedZoneId");
    let zone = reader.checked(zone, formats::zone_id);
    let evaluate_target_health = reader.flag(&object, "evaluateTargetHealth").unwrap_or(true);
    let dual_stack = reader.flag(&object, "dualStack").unwrap_or(false);
    let routing = Routing::Alias {
        dns_name: dns_name?.value,
        hosted_zone_id: zone?.value,
        evaluate_target_health,
    };
    let aaaa = dual_stack.then(|| routing.clone());
    Some((routing, aaaa))
}

/// Checked texts, sorted; one that stands twice is a problem.
fn sorted(
    reader: &mut Reader<'_>,
    texts: Vec<Located<String>>,
    check: fn(&str) -> Result<String, String>,
) -> Vec<String> {
    let mut values: Vec<String> = Vec::new();
    for text in texts {
        let Some(text) = reader.checked(Some(text), check) else {
            continue;
        };
        if values.contains(&text.value) {
            reader.problem(
                text.spot,
                &text.pointer,
                format!("{:?} stands twice", text.value),
                None,
            );
        } else {
            values.push(text.value);
        }
    }
    values.sort();
    values
}

pub(super) fn efs(reader: &mut Reader<'_>, object: &Object<'_>, needed: bool) -> Option<Efs> {
    let keys = [
        "subnets",
        "securityGroups",
        "performanceMode",
        "throughputMode",
        "kmsKeyId",
    ];
    let Some(entry) = object.entry("efs") else {
        if !needed {
            return Some(Efs::default());
        }
        let help = "name the subnets and security groups under \"efs\"".to_owned();
        let message = "a dedicated storage class needs \"efs\"";
        reader.problem(object.spot, &object.pointer, message, Some(help));
        return None;
    };
    let efs = reader.object(&entry.node, &join(&object.pointer, "efs"), &keys)?;
    let before = reader.found.len();
    let texts = reader.texts(&efs, "subnets");
    let subnets = sorted(reader, texts, formats::subnet);
    let texts = reader.texts(&efs, "securityGroups");
    let security_groups = sorted(reader, texts, formats::security_group);
    if reader.found.len() == before && needed {
        for (key, empty) in [
            ("subnets", subnets.is_empty()),
            ("securityGroups", security_groups.is_empty()),
        ] {
            if empty {
                let message = format!("a dedicated storage class needs \"efs.{key}\"");
                reader.problem(efs.spot, &efs.pointer, message, None);
            }
        }
    }
    let mut mode = |key: &str, words: [&'static str; 2]| {
        let text = reader.text(&efs, key);
        if text.is_none() {
            return words[0];
        }
        reader
            .word(text, &words.map(|word| (word, word)))
            .unwrap_or(words[0])
    };
    let performance_mode = mode("performanceMode", ["generalPurpose", "maxIO"]);
    let throughput_mode = mode("throughputMode", ["elastic", "bursting"]);
    // EFS: "Max I/O performance mode is not supported with elastic throughput".
    if performance_mode == "maxIO" && throughput_mode == "elastic" {
        let help = "use throughputMode: bursting, or performanceMode: generalPurpose".to_owned();
        reader.problem(
            efs.spot,
            &efs.pointer,
            "EFS has no elastic throughput with maxIO",
            Some(help),
        );
    }
    let key = reader.text(&efs, "kmsKeyId");
    let kms_key_id = reader.checked(key, formats::kms_key).map(|text| text.value);
    Some(Efs {
        subnets,
        security_groups,
        performance_mode: performance_mode.to_owned(),
        throughput_mode: throughput_mode.to_owned(),
        kms_key_id,
    })
}

pub(super) fn storage(
    reader: &mut Reader<'_>,
    object: &Object<'_>,
) -> BTreeMap<String, StorageClass> {
    let mut classes = BTreeMap::new();
    let Some(entry) = object.entry("storage") else {
        return classes;
    };
    let pointer = join(&object.pointer, "storage");
    let Some(storage) = reader.any_object(&entry.node, &pointer) else {
        return classes;
    };
    let mut default_line: Option<Spot> = None;
    for entry in storage.entries() {
        let pointer = join(&pointer, &entry.key);
        if let Err(message) = formats::short_name(&entry.key) {
            reader.problem(entry.spot, &pointer, message, None);
        }
        let Some(class) =
            reader.object(&entry.node, &pointer, &["kind", "fileSystemId", "default"])
        else {
            continue;
        };
        let kind = reader.need_text(&class, "kind");
        let existing = reader.word(kind, &[("dedicated", false), ("existing", true)]);
        let id = match existing {
            Some(true) => reader.need_text(&class, "fileSystemId"),
            _ => reader.text(&class, "fileSystemId"),
        };
        let id = reader.checked(id, formats::file_system);
        let default = reader.flag(&class, "default").unwrap_or(false);
        if default && let Some(first) = default_line.replace(entry.spot) {
            let message = format!(
                "a second default storage class; the first is at line {}",
                first.line
            );
            reader.problem(entry.spot, &pointer, message, None);
        }
        let kind = match (existing, id) {
            (Some(false), Some(id)) => {
                let message = "\"fileSystemId\" has no meaning for a dedicated class";
                let help = "take it out, or write kind: existing".to_owned();
                reader.problem(id.spot, &id.pointer, message, Some(help));
                continue;
            }
            (Some(false), None) => StorageKind::Dedicated,
            (Some(true), Some(id)) => StorageKind::Existing {
                file_system_id: id.value,
            },
            _ => continue,
        };
        classes.insert(entry.key.clone(), StorageClass { kind, default });
    }
    classes
}
