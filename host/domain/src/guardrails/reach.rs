//! How far a target's network reaches beyond its cluster, as its committed file says it.

use serde::Deserialize;
use serde_json::Value;

use super::network::{ANYWHERE, PRIVATE};

/// What a file of network policies opens to or from any address, in a few words; `None`
/// where it opens nothing so far, and for another file. Whose pods they are is what the
/// policy is named after; databases ask the Kubernetes API, whose address nobody knows.
#[must_use]
pub fn reach(path: &str, text: &str) -> Option<String> {
    if path != super::NETWORK {
        return None;
    }
    let mut said: Vec<String> = Vec::new();
    for document in serde_norway::Deserializer::from_str(text) {
        let policy = Value::deserialize(document).ok()?;
        let name = policy.pointer("/metadata/name").and_then(Value::as_str);
        let name = name.unwrap_or_default();
        let whose = name.strip_prefix("allow-").unwrap_or(name);
        for rule in rules(&policy, "/spec/ingress") {
            if rule.get("from").is_none() {
                said.push(format!("any address reaches {whose} at {}", ports(rule)));
            }
        }
        for rule in rules(&policy, "/spec/egress") {
            for block in rules(rule, "/to").iter().filter_map(|to| to.get("ipBlock")) {
                if block.get("cidr").and_then(Value::as_str) != Some(ANYWHERE) {
                    continue;
                }
                let except = rules(block, "/except");
                let public = PRIVATE.iter().all(|net| except.iter().any(|e| e == net));
                let whom = if public {
                    "public addresses"
                } else {
                    "any address"
                };
                said.push(format!("{whose} reaches {whom} at {}", ports(rule)));
            }
        }
    }
    (!said.is_empty()).then(|| said.join(", "))
}

fn rules<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// `443` for TCP, `8443/UDP` for another; all where a rule names none.
fn ports(rule: &Value) -> String {
    let ports: Vec<String> = rules(rule, "/ports")
        .iter()
        .map(|port| {
            let number = port
                .get("port")
                .map(ToString::to_string)
                .unwrap_or_default();
            match port.get("protocol").and_then(Value::as_str) {
                Some("TCP") | None => number,
                Some(protocol) => format!("{number}/{protocol}"),
            }
        })
        .collect();
    match ports.as_slice() {
        [] => "all ports".to_owned(),
        ports => ports.join(" and "),
    }
}
