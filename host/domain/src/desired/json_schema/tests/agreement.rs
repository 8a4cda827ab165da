//! What the parser refuses by shape the schema refuses, and what the parser takes the
//! schema takes: over every small change to files in which every key stands.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{CUSTOMER, fleet, known, parsed, said, validator_of, value};
use crate::desired::dotted;

/// What only the parser can tell: it looks at several places at once, or at the text.
const BEYOND: &[&str] = &[
    "duplicate ",
    " is taken at ",
    "isn't of account",
    "is named for",
    "a second default",
    "no plugin of app",
    "stands at line",
    "names made of customer",
];

/// One change to a document.
struct Change {
    what: String,
    document: Value,
}

/// Every change: a key more, a key less, another value in its place.
fn changes(document: &Value) -> Vec<Change> {
    let mut all = Vec::new();
    let mut pointers = vec![String::new()];
    while let Some(pointer) = pointers.pop() {
        // An app's values are the app's own to describe.
        if pointer.ends_with("/values") {
            continue;
        }
        let part = document.pointer(&pointer).unwrap();
        let mut change = |what: String, edit: &dyn Fn(&mut Value)| {
            let mut document = document.clone();
            edit(document.pointer_mut(&pointer).unwrap());
            all.push(Change { what, document });
        };
        let place = dotted(&pointer);
        for other in [
            json!(null),
            json!(true),
            json!(-1),
            json!(1_000_000),
            json!(""),
            json!("No such thing!"),
            json!([]),
            json!({}),
            json!([[]]),
        ] {
            // A single value left empty counts as not written, to the parser alone.
            let single = !(part.is_array() || part.is_object());
            if single && other.is_null() {
                continue;
            }
            change(format!("{place}: {other}"), &|part| *part = other.clone());
        }
        match part {
            Value::Object(entries) => {
                change(format!("{place}.newKey"), &|part| {
                    part["newKey"] = json!("x")
                });
                for key in entries.keys() {
                    change(format!("{place} without {key}"), &|part| {
                        part.as_object_mut().unwrap().remove(key);
                    });
                    pointers.push(crate::desired::node::join(&pointer, key));
                }
            }
            Value::Array(items) => {
                change(format!("{place} twice"), &|part| {
                    let items = part.as_array_mut().unwrap();
                    items.extend(items.first().cloned());
                });
                pointers.extend((0..items.len()).map(|index| format!("{pointer}/{index}")));
            }
            _ => {}
        }
    }
    all
}

/// A document as a file: JSON is YAML.
fn written(path: &str, document: &Value) -> Option<Vec<u8>> {
    if path.ends_with(".yaml") {
        return Some(document.to_string().into_bytes());
    }
    // TOML has no null, and a file of it is a table.
    ::toml::to_string(document).ok().map(String::into_bytes)
}

fn agree(path: &str, document: &Value, least: usize) {
    let validator = validator_of(path, &known(&fleet()));
    let mut compared = 0;
    for Change { what, document } in changes(document) {
        let Some(bytes) = written(path, &document) else {
            continue;
        };
        let mut problems = parsed(path, bytes);
        problems.retain(|problem| !BEYOND.iter().any(|text| problem.message.contains(text)));
        let said = said(&validator, &document);
        assert_eq!(
            problems.is_empty(),
            said.is_empty(),
            "{path}, {what}:\nthe parser says {problems:#?}\nthe schema says {said:#?}"
        );
        compared += 1;
    }
    assert!(compared >= least, "{path}: {compared}");
}

#[test]
fn of_customers() {
    let all: Value = value("customers.d/zenith.yaml", CUSTOMER.as_bytes());
    agree("customers.d/zenith.yaml", &all, 100);
    let mut one = all;
    one.as_object_mut().unwrap().remove("version");
    one["name"] = "other".into();
    let domain = json!("chat.other.apps.example.com");
    one["apps"][0]["domain"] = domain;
    one["apps"][0]["aliases"] = json!(["chat.other.example"]);
    let all = json!({ "version": 1, "customers": [one] });
    agree("customers.yaml", &all, 100);
}

#[test]
fn of_regions() {
    let mut all = value("regions.yaml", &fleet()["regions.yaml"]);
    all["regions"].as_object_mut().unwrap().remove("eu-west-3");
    agree("regions.yaml", &all, 400);
    let mut named = all;
    let west = named["regions"]
        .as_object_mut()
        .unwrap()
        .remove("us-west-2");
    let mut far = west.unwrap();
    far["awsRegion"] = "ap-south-1".into();
    far["storage"] = json!({ "shared": { "kind": "existing", "fileSystemId": "fs-0123456789", "default": true } });
    far["efs"] = json!({ "performanceMode": "maxIO", "throughputMode": "bursting" });
    named["regions"] = json!({ "far": far });
    agree("regions.yaml", &named, 200);
}

#[test]
fn of_settings_and_plugins() {
    for (path, least) in [("deploycenter.toml", 50), ("plugins.lock", 50)] {
        agree(path, &value(path, &fleet()[path]), least);
    }
}

#[test]
fn of_environments() {
    let path = "environments/staging.yaml";
    let document = value(path, &fleet()[path]);
    let validator = validator_of(path, &known(&fleet()));
    for (document, fine) in [
        (document, true),
        (json!(null), true),
        (json!({ "odoo": null }), true),
        (json!({ "odoo": [] }), false),
        (json!({ "wordpress": {} }), false),
        (json!([]), false),
    ] {
        assert_eq!(said(&validator, &document).is_empty(), fine, "{document}");
        let problems = parsed(path, document.to_string().into_bytes());
        assert_eq!(problems.is_empty(), fine, "{document}");
    }
}

/// What people get wrong, one thing at a time: text in the fleet, and what stands there
/// instead. Parser and schema refuse each.
#[test]
fn what_people_get_wrong_is_refused_by_both() {
    let acme = "domain: erp.acme.apps.example.com";
    let known = known(&fleet());
    let mut validators = BTreeMap::new();
    for (path, old, new) in [
        ("customers.yaml", "version: 1", "version: 2"),
        ("customers.yaml", "version: 1", "Version: 1"),
        ("customers.yaml", "customers:", "customer:"),
        ("customers.yaml", "- name: acme\n", "- nmae: acme\n"),
        ("customers.yaml", "- name: acme\n", "- name: Acme\n"),
        ("customers.yaml", "- name: acme\n", "- name: a--cme\n"),
        ("customers.yaml", "- name: acme\n", "- name: main\n"),
        ("customers.yaml", "- name: acme\n", "- name: kube-acme\n"),
        ("customers.yaml", "- name: acme\n", "- name: \u{430}cme\n"),
        ("customers.yaml", "- name: acme\n", "- name: 7\n"),
        ("customers.yaml", "region: us-west-2", "region: us-wset-2"),
        (
            "customers.yaml",
            "- app: odoo\n        domain",
            "- app: odo\n        domain",
        ),
        (
            "customers.yaml",
            "environment: staging",
            "environment: stagging",
        ),
        (
            "customers.yaml",
            acme,
            "domain: erp.acme.notapps.example.com",
        ),
        ("customers.yaml", acme, "domain: erp_acme.apps.example.com"),
        ("customers.yaml", acme, "domain: \"*.apps.example.com\""),
        ("customers.yaml", acme, "domain: apps"),
        (
            "customers.yaml",
            "aliases: [erp.acme.example]",
            "aliases: erp.acme.example",
        ),
        (
            "customers.yaml",
            "aliases: [erp.acme.example]",
            "aliases: [erp acme]",
        ),
        ("customers.yaml", "weight: 10", "weight: 300"),
        ("customers.yaml", "weight: 10", "weight: \"10\""),
        (
            "customers.yaml",
            "values: { maxUsers: 400 }",
            "values: maxUsers",
        ),
        (
            "customers.yaml",
            "class: efs, size: 100Gi",
            "class: ebs, size: 100Gi",
        ),
        (
            "regions.yaml",
            "account: \"444455556666\"",
            "account: 444455556666",
        ),
        (
            "regions.yaml",
            "id: Z04444444APPSEXAMPLE",
            "id: /hostedzone/Z04",
        ),
        (
            "regions.yaml",
            "kind: existing, fileSystemId",
            "kind: dedicated, fileSystemId",
        ),
        ("regions.yaml", "kind: dedicated", "kind: dedicate"),
        (
            "regions.yaml",
            "ipv4: [198.51.100.20]",
            "ipv4: [198.51.100.420]",
        ),
        ("regions.yaml", "ipv4: [198.51.100.20], ", ""),
        (
            "regions.yaml",
            "ipv4: [198.51.100.20]",
            "ipv4: [198.51.100.20], ipv6: [\"2001:db8:::20\"]",
        ),
        (
            "regions.yaml",
            "ipv4: [198.51.100.20]",
            "ipv6: [\"2001:db8::20\"]",
        ),
        ("regions.yaml", "challenge: dns-01", "challenge: http01"),
        ("regions.yaml", "maxBodySize: 2Gi", "maxBodySize: 2 GB"),
        ("regions.yaml", "ingress: web", "ingress: Web_1"),
        ("regions.yaml", "cpu: 500m", "cpu: 0.5"),
        ("regions.yaml", "pods: 200", "pods: \"200\""),
        ("regions.yaml", "memoryLimit: 512Gi", "memoryLimits: 512Gi"),
        ("regions.yaml", "  eu-south-2:\n", "  south:\n"),
        ("deploycenter.toml", "\"database\"", "\"databse\""),
        (
            "deploycenter.toml",
            "progress_seconds = 600",
            "progress_seconds = 0",
        ),
        (
            "deploycenter.toml",
            "outage_seconds = 1800",
            "outage_seconds = 86401",
        ),
        ("deploycenter.toml", "[argocd]", "[argo]"),
        ("plugins.lock", "sha256:0", "sha256:g"),
    ] {
        let text = String::from_utf8(fleet().remove(path).unwrap()).unwrap();
        assert!(text.contains(old), "{path} has no {old:?}");
        let text = text.replacen(old, new, 1);
        assert!(!parsed(path, text.clone().into_bytes()).is_empty(), "{new}");
        let validator = validators
            .entry(path)
            .or_insert_with(|| validator_of(path, &known));
        let said = said(validator, &value(path, text.as_bytes()));
        assert!(!said.is_empty(), "{path}: {new}");
    }
}
