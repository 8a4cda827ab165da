//! Which of an application's resources is to blame, for a message. Pure.

use crate::model::{Node, ResourceTree};

/// How many are named.
const MOST: usize = 3;

/// The resources that aren't well, the worst first: pods before what is made of them,
/// since their words say why.
pub(crate) fn sick(tree: &ResourceTree) -> String {
    let mut sick: Vec<(u8, String)> = tree
        .nodes
        .iter()
        .filter_map(|node| {
            let badness = match node.health.status.as_str() {
                "Degraded" => 0,
                "Missing" => 2,
                "Progressing" => 4,
                _ => return None,
            };
            Some((badness + u8::from(node.kind != "Pod"), describe(node)))
        })
        .collect();
    sick.sort();
    sick.dedup();
    join(sick.into_iter().map(|(_, text)| text))
}

/// Everything that is there, for a message on a deletion that doesn't end.
pub(crate) fn left(tree: &ResourceTree) -> String {
    let mut names: Vec<String> = tree.nodes.iter().map(place).collect();
    names.sort();
    join(names)
}

fn join(texts: impl IntoIterator<Item = String>) -> String {
    let texts: Vec<String> = texts.into_iter().collect();
    let more = texts.len().saturating_sub(MOST);
    let mut text = texts
        .iter()
        .take(MOST)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join("; ");
    if more > 0 {
        text.push_str(&format!("; and {more} more"));
    }
    text
}

fn place(node: &Node) -> String {
    if node.namespace.is_empty() {
        format!("{} {}", node.kind, node.name)
    } else {
        format!("{} {}/{}", node.kind, node.namespace, node.name)
    }
}

/// A pod's state in the kubelet's words: `ImagePullBackOff`.
pub(crate) fn reason(node: &Node) -> Option<&str> {
    let mut info = node.info.iter();
    let reason = info.find(|info| info.name == "Status Reason")?;
    Some(reason.value.as_str())
}

/// Several tellings of what is wrong, each thing once: what another of them says too is
/// left out.
pub(crate) fn once(texts: &[String]) -> Vec<&str> {
    let texts: Vec<&str> = texts.iter().map(|it| it.trim()).collect();
    let told = |n: usize, text: &str| {
        let mut others = texts.iter().enumerate();
        others
            .any(|(m, other)| m != n && other.contains(text) && (other.len() > text.len() || m < n))
    };
    let mut all = texts.iter().enumerate();
    let mut kept = Vec::new();
    for (n, text) in &mut all {
        if !text.is_empty() && !told(n, text) {
            kept.push(*text);
        }
    }
    kept
}

/// `Pod acme--odoo/odoo-5d4f: ImagePullBackOff: Back-off pulling image`
fn describe(node: &Node) -> String {
    let mut text = place(node);
    for part in [reason(node), Some(node.health.message.as_str())]
        .into_iter()
        .flatten()
    {
        if !part.is_empty() && !text.contains(part) {
            text.push_str(": ");
            text.push_str(part);
        }
    }
    if text == place(node) {
        text.push_str(&format!(": {}", node.health.status));
    }
    text
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_is_told_twice() {
        let texts = ["a: b", "b", "", "c", "a: b", " c "].map(str::to_owned);
        assert_eq!(once(&texts), ["a: b", "c"]);
    }

    #[test]
    fn the_pod_and_its_reason_come_first() {
        let tree: ResourceTree = serde_json::from_value(json!({ "nodes": [
            { "kind": "Deployment", "namespace": "a", "name": "d", "health": { "status": "Degraded", "message": "exceeded its progress deadline" } },
            { "kind": "Pod", "namespace": "a", "name": "p", "health": { "status": "Degraded", "message": "Back-off pulling image" }, "info": [{ "name": "Status Reason", "value": "ImagePullBackOff" }] },
            { "kind": "Service", "namespace": "a", "name": "s", "health": { "status": "Healthy" } },
            { "kind": "PersistentVolumeClaim", "namespace": "a", "name": "c", "health": { "status": "Progressing" } },
            { "kind": "ConfigMap", "namespace": "a", "name": "m" },
        ] }))
        .unwrap();
        assert_eq!(
            sick(&tree),
            "Pod a/p: ImagePullBackOff: Back-off pulling image; Deployment a/d: exceeded its progress deadline; PersistentVolumeClaim a/c: Progressing"
        );
        assert_eq!(
            left(&tree),
            "ConfigMap a/m; Deployment a/d; PersistentVolumeClaim a/c; and 2 more"
        );
        assert_eq!(sick(&ResourceTree::default()), "");
    }
}
