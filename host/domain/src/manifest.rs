//! Manifests for Kubernetes, read strictly and written by the host.
//!
//! What a template made is read as the subset of YAML that is JSON, so that no reader
//! could see anything else in it; what is checked is that tree, and what is committed is
//! the tree written anew in one canonical form. A remark, an order of quotes or a trick of
//! the text never reaches the branch.

mod read;
mod scalar;
mod write;

pub use read::{MAX_BYTES, MAX_DEPTH, MAX_NODES, read};
pub use write::write;

use serde_json::Value;

use crate::desired::{Content, Entry, Node, Spot};

/// A document that the host makes itself. The keys of a map are in their alphabet's order.
#[must_use]
pub fn document(value: &Value) -> Node {
    let content = match value {
        Value::Null => Content::Null,
        Value::Bool(value) => Content::Bool(*value),
        Value::Number(number) => Content::Number(number.clone()),
        Value::String(text) => Content::Text(text.clone()),
        Value::Array(items) => Content::List(items.iter().map(document).collect()),
        Value::Object(map) => Content::Map(
            map.iter()
                .map(|(key, value)| Entry {
                    key: key.clone(),
                    spot: Spot::START,
                    node: document(value),
                })
                .collect(),
        ),
    };
    Node::new(content, Spot::START)
}
