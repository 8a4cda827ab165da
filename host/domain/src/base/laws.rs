//! Laws of the lists that go over several fields of an object.

use super::{at, items, text_at};
use crate::desired::{Content, Node};

/// A law, by what it asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Law {
    /// A claim without a storage class names the volume that it takes, else it could take
    /// a stranger's.
    NamesItsVolume,
    /// Nothing is opened to everything.
    Narrow,
}

/// The addresses of a node's own services, among them its credentials.
const LINK_LOCAL: &str = "169.254.0.0/16";
const EVERYWHERE: &str = "0.0.0.0/0";
/// The address of a node's cache of names.
const DNS_CACHE: &str = "169.254.20.10/32";
const DNS: i64 = 53;
/// The label that names a namespace, and the one that names are asked in.
const NAMESPACE: &str = "kubernetes.io/metadata.name";
const SYSTEM: &str = "kube-system";

impl Law {
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "a claim without a class names its volume" => Some(Self::NamesItsVolume),
            "nothing is opened to everything" => Some(Self::Narrow),
            _ => None,
        }
    }

    /// Where an object breaks the law: the line, and what it does, as a clause.
    pub(super) fn broken(self, object: &Node) -> Vec<(u32, String)> {
        match self {
            Self::NamesItsVolume => names_its_volume(object),
            Self::Narrow => narrow(object),
        }
    }
}

fn names_its_volume(object: &Node) -> Vec<(u32, String)> {
    let class = text_at(object, &["spec", "storageClassName"]);
    let volume = text_at(object, &["spec", "volumeName"]);
    if (class == Some("")) == volume.is_some() {
        return Vec::new();
    }
    vec![(
        object.spot.line,
        "has to name a storage class or, with an empty one, its volume".to_owned(),
    )]
}

fn narrow(object: &Node) -> Vec<(u32, String)> {
    let mut found = Vec::new();
    let selects = matches!(
        at(object, &["spec", "podSelector", "matchLabels"]).map(|node| &node.content),
        Some(Content::Map(labels)) if !labels.is_empty()
    );
    for (direction, peers) in [("ingress", "from"), ("egress", "to")] {
        for rule in items(object, &["spec", direction]) {
            let line = rule.spot.line;
            let ports = items(rule, &["ports"]);
            let there = items(rule, &[peers]);
            if there.is_empty() && (direction == "egress" || ports.is_empty() || !selects) {
                found.push((line, format!("has a rule of {direction} that opens everything; it has to say {peers} and ports")));
            }
            if ports.is_empty() && there.iter().any(reaches_out) {
                found.push((line, format!("has a rule of {direction} that opens every port beyond the namespace; it has to say which")));
            }
            let asks_names = |node: &Node| matches!(&at(node, &["port"]).map(|node| &node.content), Some(Content::Number(port)) if port.as_i64() == Some(DNS));
            for peer in there {
                let is_system = text_at(peer, &["namespaceSelector", "matchLabels", NAMESPACE])
                    == Some(SYSTEM)
                    || text_at(peer, &["ipBlock", "cidr"]) == Some(DNS_CACHE);
                if is_system && !ports.iter().all(asks_names) {
                    found.push((peer.spot.line, format!("reaches {SYSTEM}, or a node's own address, at another port than {DNS}, where names are asked")));
                }
                if at(peer, &["podSelector"]).is_none()
                    && at(peer, &["namespaceSelector"]).is_none()
                    && at(peer, &["ipBlock"]).is_none()
                {
                    found.push((
                        peer.spot.line,
                        format!("has a rule of {direction} whose peer says nothing"),
                    ));
                }
                let excepted = items(peer, &["ipBlock", "except"])
                    .iter()
                    .any(|node| matches!(&node.content, Content::Text(text) if text == LINK_LOCAL));
                if text_at(peer, &["ipBlock", "cidr"]) == Some(EVERYWHERE) && !excepted {
                    found.push((peer.spot.line, format!("opens {EVERYWHERE} and has to except {LINK_LOCAL}, where a node's credentials are")));
                }
            }
        }
    }
    found
}

/// Whether a peer is beyond the own namespace.
fn reaches_out(peer: &Node) -> bool {
    at(peer, &["namespaceSelector"]).is_some() || at(peer, &["ipBlock"]).is_some()
}
