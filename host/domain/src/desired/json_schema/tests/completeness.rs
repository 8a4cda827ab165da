//! Every key that the parser knows is in the schema, and no other. The parser itself says
//! which it knows: its reader notes them down while it reads files in which every key
//! stands.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{fleet, json_schema, known, value};
use crate::desired::json_schema::SchemaKind;
use crate::desired::reader::{NOTED, Noted};
use crate::desired::reading;

/// The schemas that hold for a part of a document, by its pointer: all that a validator
/// would come through, whatever the branch.
fn at<'s>(root: &'s Value, document: &Value, pointer: &str) -> Vec<&'s Value> {
    let mut schemas = spread(root, vec![root]);
    let mut part = document;
    for segment in pointer.split('/').skip(1) {
        let mut below = Vec::new();
        for schema in &schemas {
            if part.is_array() {
                below.extend(schema.get("items"));
                continue;
            }
            match schema.get("properties").and_then(|all| all.get(segment)) {
                Some(property) => below.push(property),
                None => below.extend(schema.get("additionalProperties")),
            }
        }
        schemas = spread(root, below);
        part = match part {
            Value::Array(items) => &items[segment.parse::<usize>().unwrap()],
            other => &other[segment],
        };
    }
    schemas
}

/// The same with what they refer to and are put together of.
fn spread<'s>(root: &'s Value, schemas: Vec<&'s Value>) -> Vec<&'s Value> {
    let mut all = Vec::new();
    for schema in schemas {
        all.push(schema);
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            let target = root.pointer(target.strip_prefix('#').unwrap()).unwrap();
            all.extend(spread(root, vec![target]));
        }
    }
    all
}

#[test]
fn every_key_of_the_parser_is_in_the_schema() {
    let files = fleet();
    let known = known(&files);
    NOTED.with_borrow_mut(Vec::clear);
    assert_eq!(reading::read(&files).problems, []);
    let noted = NOTED.take();
    assert!(noted.len() > 50, "{}", noted.len());

    // Objects of one kind are those in which the parser knows the same keys.
    let mut written: BTreeMap<Vec<String>, BTreeSet<String>> = BTreeMap::new();
    for Noted {
        file,
        pointer,
        known: keys,
    } in noted
    {
        let kind = SchemaKind::of_path(&file).unwrap();
        let root = json_schema(&kind, &known).unwrap();
        let document = value(&file, &files[&file]);
        let described: BTreeSet<&str> = at(&root, &document, &pointer)
            .into_iter()
            .filter(|schema| schema.get("additionalProperties") == Some(&Value::Bool(false)))
            .filter_map(|schema| schema["properties"].as_object())
            .flat_map(|properties| properties.keys().map(String::as_str))
            .collect();
        assert_eq!(
            described,
            keys.iter().map(String::as_str).collect(),
            "the parser and the schema know other keys at {file}{pointer}"
        );
        let object = document.pointer(&pointer).and_then(Value::as_object);
        written
            .entry(keys)
            .or_default()
            .extend(object.unwrap().keys().cloned());
    }
    // Else what lies below a key that nobody writes would never be looked at.
    for (keys, written) in written {
        for key in &keys {
            assert!(
                written.contains(key),
                "no file of this test has the key {key:?}, one of {keys:?}"
            );
        }
    }
}
