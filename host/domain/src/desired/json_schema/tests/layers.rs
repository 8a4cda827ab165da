//! Apps' values as layers within another schema.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{APPS, fleet, json_schema, known, said, validator};
use crate::desired::json_schema::{AppValues, Known, SchemaKind};

/// What the schema of `customers.d/` says of an Odoo instance with these values.
#[track_caller]
fn odoo(values: Value) -> Vec<String> {
    let known = known(&fleet());
    let schema = json_schema(&SchemaKind::Customer, &known).unwrap();
    said(&validator(&schema), &customer(values))
}

fn customer(values: Value) -> Value {
    json!({
        "version": 1,
        "name": "acme",
        "region": "eu-south-2",
        "apps": [{ "app": "odoo", "domain": "erp.apps.example.com", "values": values }],
    })
}

#[test]
fn a_layer_is_a_part_whose_keys_are_whole() {
    for fine in [
        json!({}),
        json!(null),
        json!({ "replicas": 3 }),
        json!({ "smtp": { "host": "smtp.acme.example", "port": 587, "from": "erp@acme.example" } }),
        json!({ "storage": { "class": "efs", "size": "30Gi" } }),
        // An optional key may be dropped, whatever its schema is made of.
        json!({ "smtp": null, "image": null, "language": null, "maxUploadSize": null, "addons": null }),
    ] {
        assert_eq!(odoo(fine.clone()), [""; 0], "{fine}");
    }
    for (broken, place) in [
        (json!({ "replica": 3 }), "/apps/0/values"),
        (json!({ "replicas": "3" }), "/apps/0/values/replicas"),
        (json!({ "replicas": null }), "/apps/0/values/replicas"),
        (json!({ "smtp": { "host": null } }), "/apps/0/values/smtp"),
        (json!({ "version": 18.0 }), "/apps/0/values/version"),
        (
            json!({ "storage": { "class": "efs" } }),
            "/apps/0/values/storage",
        ),
        (
            json!({ "storage": { "size": "30 GB" } }),
            "/apps/0/values/storage/size",
        ),
        (
            json!({ "resources": { "requests": { "cpu": "1" }, "limits": { "memory": "1Gi" } } }),
            "/apps/0/values/resources/requests",
        ),
        (
            json!({ "storage": { "class": "efs-shared", "size": "30Gi" } }),
            "/apps/0/values/storage/class",
        ),
        (json!([]), "/apps/0/values"),
    ] {
        let said = odoo(broken.clone());
        assert!(
            said.iter()
                .any(|said| said.starts_with(&format!("{place}: "))),
            "{broken}: {said:?}"
        );
    }
}

#[test]
fn values_are_those_of_the_instances_own_app() {
    let known = known(&fleet());
    let schema = validator(&json_schema(&SchemaKind::Customer, &known).unwrap());
    let mut customer = customer(json!({ "maxUsers": 20 }));
    assert_ne!(said(&schema, &customer), [""; 0]);
    customer["apps"][0]["app"] = "mattermost".into();
    assert_eq!(said(&schema, &customer), [""; 0]);
}

#[test]
fn a_storage_class_is_one_of_the_instances_own_region() {
    let known = known(&fleet());
    let schema = validator(&json_schema(&SchemaKind::Customer, &known).unwrap());
    let mut customer = customer(json!({ "storage": { "class": "efs-shared", "size": "1Gi" } }));
    assert_ne!(said(&schema, &customer), [""; 0]);
    customer["apps"][0]["region"] = "eu-west-3".into();
    assert_eq!(said(&schema, &customer), [""; 0]);
    customer["region"] = "us-west-2".into();
    customer["apps"][0]["region"] = "eu-south-2".into();
    assert_ne!(said(&schema, &customer), [""; 0]);

    for (kind, wrap) in [
        (SchemaKind::Environment, true),
        (SchemaKind::Overrides("odoo".parse().unwrap()), false),
    ] {
        let schema = validator(&json_schema(&kind, &known).unwrap());
        for (class, fine) in [("efs-shared", true), ("ebs", false)] {
            let values = json!({ "storage": { "class": class, "size": "1Gi" } });
            let layer = if wrap {
                json!({ "odoo": values })
            } else {
                values
            };
            assert_eq!(said(&schema, &layer).is_empty(), fine, "{kind} {class}");
        }
    }
}

fn only(schema: Value, given: &[&str]) -> Known {
    let values = AppValues {
        schema,
        given: given.iter().map(|key| (*key).to_owned()).collect(),
    };
    Known {
        apps: Some(BTreeMap::from([("odoo".parse().unwrap(), values)])),
        ..Known::default()
    }
}

#[test]
fn a_value_that_nobody_gives_is_the_customers_to_give() {
    let schema = json!({
        "required": ["licence", "replicas"],
        "properties": { "licence": { "type": "string" }, "replicas": { "type": "integer" } },
    });
    let known = only(schema, &["replicas"]);
    let of = |kind| validator(&json_schema(&kind, &known).unwrap());
    let customers = of(SchemaKind::Customer);
    assert_eq!(
        said(&customers, &customer(json!({ "licence": "x" }))),
        [""; 0]
    );
    let missing = said(&customers, &customer(json!({})));
    assert_eq!(missing.len(), 1, "{missing:?}");
    let mut none = customer(json!({}));
    none["apps"][0].as_object_mut().unwrap().remove("values");
    assert_eq!(said(&customers, &none).len(), 1);
    assert_eq!(
        said(&of(SchemaKind::Environment), &json!({ "odoo": {} })),
        [""; 0]
    );
}

#[test]
fn references_move_along() {
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://example.com/values.json",
        "additionalProperties": false,
        "$defs": {
            "even": { "$anchor": "even", "multipleOf": 2 },
            "whole": { "$id": "https://example.com/whole.json", "$ref": "#/$defs/it", "$defs": { "it": { "type": "integer" } } },
        },
        "properties": {
            "pointer": { "$ref": "#/$defs/even" },
            "anchor": { "$ref": "#even" },
            "absolute": { "$ref": "https://example.com/values.json#/$defs/even" },
            "resource": { "$ref": "https://example.com/whole.json" },
            "other": { "$ref": "#/properties/pointer" },
            "tree": { "type": "array", "items": { "$ref": "#" } },
            // A key of that name is no reference, and neither is data.
            "$ref": { "const": { "$ref": "#/x" } },
        },
    });
    let schema = validator(&json_schema(&SchemaKind::Customer, &only(schema, &[])).unwrap());
    for (values, fine) in [
        (
            json!({ "pointer": 2, "anchor": 2, "absolute": 2, "resource": 2, "other": 2 }),
            true,
        ),
        (
            json!({ "tree": [{ "pointer": 4, "tree": [] }], "$ref": { "$ref": "#/x" } }),
            true,
        ),
        (json!({ "pointer": 3 }), false),
        (json!({ "anchor": 3 }), false),
        (json!({ "absolute": 3 }), false),
        (json!({ "resource": "x" }), false),
        (json!({ "other": 3 }), false),
        (json!({ "tree": [{ "pointer": 3 }] }), false),
        (json!({ "tree": [{ "version": 1 }] }), false),
    ] {
        let said = said(&schema, &customer(values.clone()));
        assert_eq!(said.is_empty(), fine, "{values}: {said:?}");
    }
}

#[test]
fn what_holds_for_all_layers_together_isnt_asked_of_one() {
    let schema = json!({
        "required": ["a"],
        "minProperties": 2,
        "anyOf": [{ "required": ["a"] }, { "required": ["b"] }],
        "if": { "properties": { "c": { "const": true } } },
        "then": { "required": ["d"] },
        "allOf": [{ "properties": { "e": {} } }],
        "properties": { "c": { "type": "boolean" } },
        "unevaluatedProperties": false,
    });
    let schema = validator(&json_schema(&SchemaKind::Customer, &only(schema, &["a"])).unwrap());
    for values in [json!({}), json!({ "c": true }), json!({ "e": 1 })] {
        assert_eq!(said(&schema, &customer(values)), [""; 0]);
    }
    assert_ne!(said(&schema, &customer(json!({ "c": 1 }))), [""; 0]);
}

#[test]
fn a_schema_of_another_dialect_is_left_out() {
    let schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "items": [{ "type": "string" }],
        "required": [],
    });
    let schema = json_schema(&SchemaKind::Customer, &only(schema, &[])).unwrap();
    assert_eq!(
        said(&validator(&schema), &customer(json!({ "any": 1 }))),
        [""; 0]
    );
}

#[test]
fn every_key_of_an_app_can_be_completed() {
    let known = known(&fleet());
    let customers = json_schema(&SchemaKind::Customers, &known).unwrap();
    for (app, schema, _) in APPS {
        let schema: Value = serde_json::from_str(schema).unwrap();
        let inside = &customers["$defs"][format!("values-{app}")]["properties"];
        let keys = |value: &Value| {
            value
                .as_object()
                .unwrap()
                .keys()
                .cloned()
                .collect::<Vec<_>>()
        };
        assert_eq!(keys(inside), keys(&schema["properties"]));
    }
}
