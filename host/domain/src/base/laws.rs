//! Laws of the lists that go over several fields of an object.

use std::cmp::Ordering;

use super::{at, items, text_at};
use crate::desired::{Content, Node};
use crate::quantity::compare;

/// A law, by what it asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Law {
    /// A claim without a storage class names the volume that it takes, else it could take
    /// a stranger's.
    NamesItsVolume,
    /// Nothing is opened to everything.
    Narrow,
    /// PostgreSQL's shared buffers are at most what is requested, else CloudNativePG refuses.
    Buffers,
    /// InnoDB's buffer pool is less than the limit, else the server is killed as it fills.
    BufferPool,
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
            "the buffers fit in what is requested" => Some(Self::Buffers),
            "the buffer pool fits in the limit" => Some(Self::BufferPool),
            _ => None,
        }
    }

    /// Where an object breaks the law: the line, and what it does, as a clause.
    pub(super) fn broken(self, object: &Node) -> Vec<(u32, String)> {
        match self {
            Self::NamesItsVolume => names_its_volume(object),
            Self::Narrow => narrow(object),
            Self::Buffers => buffers(object),
            Self::BufferPool => buffer_pool(object),
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

fn buffers(object: &Node) -> Vec<(u32, String)> {
    const BUFFERS: &[&str] = &["spec", "postgresql", "parameters", "shared_buffers"];
    let requested = text_at(object, &["spec", "resources", "requests", "memory"]);
    let (Some(node), Some(requested)) = (at(object, BUFFERS), requested) else {
        return Vec::new();
    };
    let Content::Text(buffers) = &node.content else {
        return Vec::new();
    };
    // PostgreSQL's units are Kubernetes' binary ones under other names.
    let size = buffers
        .strip_suffix('B')
        .map(|size| format!("{}i", size.replace('k', "K")));
    let is_above = size.is_some_and(|size| compare(&size, requested) == Some(Ordering::Greater));
    let said = format!(
        "has shared_buffers {buffers:?} above the {requested} of spec.resources.requests.memory, which CloudNativePG refuses; request more memory or keep less"
    );
    is_above
        .then_some((node.spot.line, said))
        .into_iter()
        .collect()
}

fn buffer_pool(object: &Node) -> Vec<(u32, String)> {
    let limit = text_at(object, &["spec", "resources", "limits", "memory"]);
    let (Some(node), Some(limit)) = (at(object, &["spec", "myCnf"]), limit) else {
        return Vec::new();
    };
    let Content::Text(settings) = &node.content else {
        return Vec::new();
    };
    let pools = settings.lines().filter_map(|line| {
        let (name, size) = line.split_once('=')?;
        let is_pool = name.trim().replace('-', "_") == "innodb_buffer_pool_size";
        is_pool.then_some(size.trim())
    });
    let is_above = |size: &str| {
        let unit = size.trim_start_matches(|c: char| c.is_ascii_digit());
        let number = &size[..size.len() - unit.len()];
        let unit = match unit.to_ascii_uppercase().as_str() {
            "" => String::new(),
            unit => format!("{unit}i"),
        };
        compare(&format!("{number}{unit}"), limit).is_some_and(Ordering::is_ge)
    };
    pools
        .filter(|size| is_above(size))
        .map(|size| {
            let said = format!(
                "has innodb_buffer_pool_size {size:?}, which leaves nothing of the {limit} of spec.resources.limits.memory; raise the limit or keep less"
            );
            (node.spot.line, said)
        })
        .collect()
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
