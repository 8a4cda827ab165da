//! `customers.yaml`, `customers.d/`, and the layers of values below theirs.

use serde_json::{Map, Value, json};

use super::known::{AppValues, Known};
use super::{SchemaWords, described, forms, object, values, version, with};
use crate::name::AppName;
use crate::remedy::{Advice, Remedy};

/// `customers.yaml`.
pub(super) fn all(known: &Known, words: SchemaWords) -> Map<String, Value> {
    let mut root = object(
        "Customers",
        "Desired state: who gets which app, where.",
        &["version", "customers"],
        json!({
            "version": version(),
            "customers": {
                "title": "Customers",
                "description": "Every customer once; here or in customers.d/, not in both.",
                "type": ["array", "null"],
                "items": { "$ref": "#/$defs/customer" },
            },
        }),
    );
    let mut definitions = definitions(known, words);
    let customer = object(
        "Customer",
        "A tenant: its own git branch and Argo CD project.",
        &["name", "region", "apps"],
        Value::Object(customer(known)),
    );
    definitions.insert(
        "customer".to_owned(),
        Value::Object(by_region(customer, known)),
    );
    root.insert("$defs".to_owned(), Value::Object(definitions));
    root
}

/// A file of `customers.d/`.
pub(super) fn one(known: &Known, words: SchemaWords) -> Map<String, Value> {
    let mut properties = customer(known);
    properties.insert("version".to_owned(), version());
    let root = object(
        "Customer",
        "One customer; the file is named for it: customers.d/<name>.yaml.",
        &["version", "name", "region", "apps"],
        Value::Object(properties),
    );
    let mut root = by_region(root, known);
    root.insert("$defs".to_owned(), Value::Object(definitions(known, words)));
    root
}

/// A file of `environments/`. One without anything but comments is fine.
pub(super) fn environment(known: &Known) -> Map<String, Value> {
    let title = "Environment";
    let description = "What an environment changes of each app's values: above the app's own and the shared ones, below the customer's. A first-level key that is given replaces the one below whole.";
    let mut root = match &known.apps {
        Some(apps) => {
            let properties: Map<String, Value> = apps
                .keys()
                .map(|app| (app.as_str().to_owned(), values::reference(app)))
                .collect();
            object(title, description, &[], Value::Object(properties))
        }
        None => {
            let mut root = object(title, description, &[], json!({}));
            root.insert("propertyNames".to_owned(), forms::own_label());
            root.insert(
                "additionalProperties".to_owned(),
                json!({ "type": ["object", "null"] }),
            );
            root
        }
    };
    root.insert("type".to_owned(), json!(["object", "null"]));
    let mut definitions = app_definitions(known, |_| Vec::new());
    insert_class_names(&mut definitions, known);
    root.insert("$defs".to_owned(), Value::Object(definitions));
    root
}

/// `overrides/<app>/values.yaml`.
pub(super) fn overrides(app: &AppName, of_app: &AppValues, known: &Known) -> Map<String, Value> {
    let mut definitions = Map::new();
    definitions.insert(values::definition(app), values::layer(app, of_app, &[]));
    insert_class_names(&mut definitions, known);
    let mut root = Map::new();
    root.insert("title".to_owned(), format!("Shared values of {app}").into());
    root.insert(
        "description".to_owned(),
        "What every instance of the app gets: above the app's own values, below those of environment and customer. A first-level key that is given replaces the app's whole, and null drops it.".into(),
    );
    root.insert("type".to_owned(), json!(["object", "null"]));
    root.insert("allOf".to_owned(), json!([values::reference(app)]));
    root.insert("$defs".to_owned(), Value::Object(definitions));
    root
}

/// The keys of a customer.
fn customer(known: &Known) -> Map<String, Value> {
    let mut properties = Map::new();
    let name = described(
        forms::own_label(),
        "Name",
        "Also the name of its git branch and its Argo CD project: lower-case letters, digits and single hyphens. It never changes.",
    );
    properties.insert("name".to_owned(), with(name, "examples", json!(["acme"])));
    properties.insert(
        "region".to_owned(),
        described(
            region(known),
            "Region",
            "Where the customer's instances run unless they say otherwise: a key of regions.yaml.",
        ),
    );
    properties.insert(
        "apps".to_owned(),
        json!({
            "title": "Apps",
            "description": "The instances: one entry for each running copy of an app.",
            "type": ["array", "null"],
            "items": { "$ref": "#/$defs/instance" },
        }),
    );
    properties
}

fn region(known: &Known) -> Value {
    match &known.regions {
        Some(regions) => json!({ "type": "string", "enum": regions.keys().collect::<Vec<_>>() }),
        None => forms::label(),
    }
}

/// What `customers.yaml` and `customers.d/` share below the customer.
fn definitions(known: &Known, words: SchemaWords) -> Map<String, Value> {
    let mut definitions = app_definitions(known, values::left_to_customers);
    for (region, classes) in known.regions.iter().flatten() {
        if let Some(classes) = classes {
            definitions.insert(classes_definition(region), classes_of(classes));
        }
    }
    definitions.insert("instance".to_owned(), instance(known, words));
    definitions
}

/// The values of each installed app as one layer.
fn app_definitions(
    known: &Known,
    required: impl Fn(&AppValues) -> Vec<&str>,
) -> Map<String, Value> {
    known
        .apps
        .iter()
        .flatten()
        .map(|(app, of_app)| {
            let layer = values::layer(app, of_app, &required(of_app));
            (values::definition(app), layer)
        })
        .collect()
}

fn instance(known: &Known, words: SchemaWords) -> Value {
    let app = match &known.apps {
        Some(apps) => json!({ "type": "string", "enum": apps.keys().collect::<Vec<_>>() }),
        None => forms::own_label(),
    };
    let environment = match &known.environments {
        Some(environments) => json!({ "type": "string", "enum": environments }),
        None => forms::label(),
    };
    let about_values = Advice::from((
        "The app's values. A first-level key that is given replaces the app's own whole, and null drops it; ",
        Remedy::Explain,
    ))
    .and(" shows them all.");
    let mut domain = forms::domain();
    if let Some(zones) = known.zones.as_ref().filter(|zones| !zones.is_empty()) {
        domain = with(domain, "allOf", json!([forms::in_zones(zones)]));
    }
    let mut instance = object(
        "Instance",
        "One running copy of an app.",
        &["app", "domain"],
        json!({
            "app": described(app, "App", "What runs: an app of plugins.lock."),
            "name": described(
                forms::own_label(),
                "Name",
                "The instance's name within the customer; the app's unless said otherwise, so a second instance of an app needs one. It never changes.",
            ),
            "environment": with(
                described(
                    environment,
                    "Environment",
                    "Which file of environments/ its values come through: prod unless said otherwise.",
                ),
                "default",
                "prod",
            ),
            "region": described(
                region(known),
                "Region",
                "Where it runs, if elsewhere than the customer's other instances.",
            ),
            "domain": described(
                domain,
                "Domain",
                "Where people reach it. It lies in a hosted zone of regions.yaml and belongs to this instance alone, or to instances of the app in several regions, each with a weight.",
            ),
            "aliases": {
                "title": "Aliases",
                "description": "The customer's own names: they stand in ingress and certificate, and no record is made for them.",
                "type": ["array", "null"],
                "uniqueItems": true,
                "items": forms::domain(),
            },
            "weight": {
                "title": "Weight",
                "description": "This instance's share of a domain that several regions answer.",
                "type": "integer",
                "minimum": 0,
                "maximum": 255,
            },
            "values": {
                "title": "Values",
                "description": words(&about_values),
                "type": ["object", "null"],
            },
        }),
    );
    let mut rules = Vec::new();
    for (app, of_app) in known.apps.iter().flatten() {
        let mut then = json!({ "properties": { "values": values::reference(app) } });
        if !values::left_to_customers(of_app).is_empty() {
            then = with(then, "required", json!(["values"]));
        }
        rules.push(json!({ "if": is("app", app.as_str()), "then": then }));
    }
    for (region, classes) in known.regions.iter().flatten() {
        if classes.is_some() {
            let then = json!({ "$ref": format!("#/$defs/{}", classes_definition(region)) });
            rules.push(json!({ "if": is("region", region), "then": then }));
        }
    }
    if !rules.is_empty() {
        instance.insert("allOf".to_owned(), Value::Array(rules));
    }
    Value::Object(instance)
}

/// A customer whose instances without a region of their own have its storage classes.
fn by_region(mut customer: Map<String, Value>, known: &Known) -> Map<String, Value> {
    let mut rules = Vec::new();
    for (region, classes) in known.regions.iter().flatten() {
        if classes.is_some() {
            let classes = json!({ "$ref": format!("#/$defs/{}", classes_definition(region)) });
            let elsewhere = json!({ "required": ["region"] });
            let items = json!({ "if": elsewhere, "then": true, "else": classes });
            let then = json!({ "properties": { "apps": { "items": items } } });
            rules.push(json!({ "if": is("region", region), "then": then }));
        }
    }
    if !rules.is_empty() {
        customer.insert("allOf".to_owned(), Value::Array(rules));
    }
    customer
}

/// That a key has a value.
fn is(key: &str, value: &str) -> Value {
    json!({ "properties": { key: { "const": value } }, "required": [key] })
}

fn classes_definition(region: &str) -> String {
    format!("storage-{region}")
}

/// By every app's convention, `storage.class` names a storage class of the region.
fn classes_of(classes: &[String]) -> Value {
    json!({ "properties": { "values": class_names(classes.iter().collect()) } })
}

fn class_names(classes: Vec<&String>) -> Value {
    json!({
        "properties": {
            "storage": {
                "properties": {
                    "class": {
                        // An enumeration of nothing is no schema in older dialects.
                        "enum": if classes.is_empty() { json!([null]) } else { json!(classes) },
                    },
                },
            },
        },
    })
}

/// The storage classes of any region, for layers that instances of all regions share.
fn insert_class_names(definitions: &mut Map<String, Value>, known: &Known) {
    let Some(classes) = known.storage_classes() else {
        return;
    };
    for layer in definitions.values_mut() {
        if let Value::Object(layer) = layer {
            let names = class_names(classes.iter().copied().collect());
            layer.insert("allOf".to_owned(), json!([names]));
        }
    }
}
