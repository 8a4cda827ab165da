//! Values: merging, where each came from, and what a schema says about them.

#![expect(clippy::unwrap_used, reason = "tests")]

use deploycenter_domain::declaration::Violation;
use deploycenter_domain::desired::{
    Layer, LayerKind, Merged, Place, Region, Schema, ValueOrigin, merge, repaired,
    violation_problem,
};
use serde_json::json;

fn layer(file: &str, text: &str) -> Layer {
    Layer::parse(file, text.as_bytes()).unwrap()
}

fn instance() -> Place {
    Place {
        file: "customers.yaml".to_owned(),
        line: 40,
        column: 9,
    }
}

fn merged() -> Merged {
    let base = layer(
        "plugin odoo 0.1.0: values.yaml",
        "version: \"17.0\"\nreplicas: 1\nsmtp:\n  host: mail\n  port: 25\n",
    );
    let shared = layer("overrides/odoo/values.yaml", "replicas: 2\nworkers: 2\n");
    let mut environment = layer("environments/staging.yaml", "workers: 3\n");
    environment.pointer = "/odoo".to_owned();
    let own = layer(
        "customers.yaml",
        "version: \"18.0\"\nsmtp:\n  host: smtp.acme.example\n",
    );
    // The order that they are given in doesn't matter.
    merge(&[
        (LayerKind::Customer, &own),
        (LayerKind::App, &base),
        (LayerKind::Environment, &environment),
        (LayerKind::Shared, &shared),
    ])
}

/// Nothing but the app's base values.
fn app_only() -> Merged {
    let base = layer(
        "plugin odoo 0.1.0: values.yaml",
        "version: \"17.0\"\nreplicas: 1\nsmtp:\n  host: mail\n  port: 25\n",
    );
    merge(&[(LayerKind::App, &base)])
}

#[test]
fn later_layers_replace_first_level_keys() {
    let merged = merged();
    assert_eq!(
        merged.to_value(),
        json!({ "version": "18.0", "replicas": 2, "workers": 3, "smtp": { "host": "smtp.acme.example" } })
    );
    let came = |pointer: &str| {
        merged.origin(pointer).map(|origin| {
            format!(
                "{} {}:{}:{}",
                origin.layer, origin.file, origin.line, origin.column
            )
        })
    };
    assert_eq!(came("/version").unwrap(), "customer customers.yaml:1:1");
    assert_eq!(came("/smtp/host").unwrap(), "customer customers.yaml:3:3");
    // Not written out: the nearest that holds it.
    assert_eq!(came("/smtp/port").unwrap(), "customer customers.yaml:2:1");
    assert_eq!(
        came("/replicas").unwrap(),
        "shared overrides/odoo/values.yaml:1:1"
    );
    assert_eq!(
        came("/workers").unwrap(),
        "environment environments/staging.yaml:1:1"
    );
    assert_eq!(came("/nothing"), None);
    assert_eq!(came(""), None);
    assert_eq!(
        merged.problem("/workers", "x").path.unwrap(),
        "/odoo/workers"
    );
}

#[test]
fn a_null_drops_what_the_layers_below_give() {
    let base = layer("plugin odoo", "version: \"18.0\"\nreplicas: 1\n");
    let shared = layer(
        "overrides/odoo/values.yaml",
        "name: x\nsmtp:\n  host: mail\n  port: 25\n",
    );
    let environment = layer("environments/prod.yaml", "name: null\nreplicas: null\n");
    let own = layer(
        "customers.yaml",
        "debug: null\nsmtp: null\nreplicas: 3\nname: ~\n",
    );
    let merged = merge(&[
        (LayerKind::App, &base),
        (LayerKind::Shared, &shared),
        (LayerKind::Environment, &environment),
        (LayerKind::Customer, &own),
    ]);
    // A later layer gives again what one before it dropped.
    assert_eq!(
        merged.to_value(),
        json!({ "version": "18.0", "replicas": 3 })
    );
    let at = |origin: &ValueOrigin| format!("{} {}:{}", origin.layer, origin.file, origin.line);
    let dropped: Vec<(&str, String, Option<String>)> = merged
        .dropped
        .iter()
        .map(|(key, it)| (key.as_str(), at(&it.by), it.of.as_ref().map(at)))
        .collect();
    let shared = |line: u32| Some(format!("shared overrides/odoo/values.yaml:{line}"));
    assert_eq!(
        dropped,
        [
            ("debug", "customer customers.yaml:1".to_owned(), None),
            ("name", "customer customers.yaml:4".to_owned(), shared(1)),
            ("smtp", "customer customers.yaml:2".to_owned(), shared(2)),
        ]
    );
    assert_eq!(schema().problems(&merged, &instance()), []);
}

#[test]
fn a_null_that_drops_nothing_that_may_be_dropped_is_an_error_with_the_way() {
    let base = layer("plugin odoo", "version: \"18.0\"\n");
    let own = layer(
        "customers.yaml",
        "version: null\nsmpt: null\nsmtp: { host: null, port: 25 }\n",
    );
    let merged = merge(&[(LayerKind::App, &base), (LayerKind::Customer, &own)]);
    let said: Vec<String> = schema()
        .problems(&merged, &instance())
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        said,
        [
            "customers.yaml:1:1: \"version\" can't be dropped: the app needs it",
            "customers.yaml:2:1: unknown value \"smpt\"; did you mean \"smtp\"?",
            "customers.yaml:3:9: \"smtp.host\" must be text, not nothing",
        ]
    );
}

#[test]
fn keys_with_slashes_and_tildes() {
    let own = layer("customers.yaml", "\"a/b~c\": { \"d/e\": 1 }\n\"a\": 2\n");
    let merged = merge(&[(LayerKind::Customer, &own)]);
    assert_eq!(merged.origin("/a~1b~0c/d~1e").unwrap().column, 12);
    assert_eq!(merged.origin("/a").unwrap().line, 2);
}

fn schema() -> Schema {
    Schema::new(&json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["version"],
        "properties": {
            "version": { "enum": ["17.0", "18.0"] },
            "replicas": { "type": "integer", "minimum": 1, "maximum": 50 },
            "debug": { "type": "boolean" },
            "name": { "type": "string", "minLength": 1, "maxLength": 8 },
            "tag": { "type": "string", "not": { "enum": ["latest"] }, "examples": ["1.2.3"] },
            "languages": { "type": "array", "minItems": 1, "maxItems": 4, "uniqueItems": true },
            "language": { "type": "string", "pattern": "^[a-z]{2}_[A-Z]{2}$", "examples": ["es_ES"] },
            "smtp": {
                "type": "object",
                "additionalProperties": false,
                "required": ["host", "port"],
                "properties": { "host": { "type": "string" }, "port": { "type": "integer" } }
            }
        }
    }))
    .unwrap()
}

#[track_caller]
fn said(text: &str, expected: &[&str]) {
    let own = layer("customers.yaml", text);
    let merged = merge(&[(LayerKind::Customer, &own)]);
    let found: Vec<String> = schema()
        .problems(&merged, &instance())
        .into_iter()
        .map(|problem| match &problem.help {
            Some(help) => format!("{problem} | {help}"),
            None => problem.to_string(),
        })
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn what_a_schema_says() {
    said("version: \"18.0\"\nreplicas: 3\n", &[]);
    said(
        "{}",
        &["customers.yaml:40:9: the value \"version\" is missing"],
    );
    said(
        "version: 17.5\nreplicas: 0\nreplcas: 3\nworkers: 1\n",
        &[
            "customers.yaml:1:1: \"version\" is 17.5, and must be one of 17.0, 18.0",
            "customers.yaml:2:1: \"replicas\" is 0, and must be at least 1",
            "customers.yaml:3:1: unknown value \"replcas\"; did you mean \"replicas\"?",
            "customers.yaml:4:1: unknown value \"workers\" | known are debug, language, languages, name, replicas, smtp, tag, version",
        ],
    );
    said(
        "version: 18.0\n",
        &[
            "customers.yaml:1:1: \"version\" is 18.0, and must be one of 17.0, 18.0 | put it in double quotes: \"18.0\"",
        ],
    );
    said(
        "version: \"18.0\"\nreplicas: \"3\"\ndebug: yes\nlanguage: es\n",
        &[
            "customers.yaml:2:1: \"replicas\" must be a whole number, not \"3\" | write it without quotes: 3",
            "customers.yaml:3:1: \"debug\" must be true or false, not \"yes\" | write true",
            "customers.yaml:4:1: \"language\" is \"es\", which isn't of the right form | for example es_ES",
        ],
    );
    said(
        "version: \"18.0\"\nsmtp:\n  host: 5\n  prot: 25\n",
        &[
            "customers.yaml:3:3: \"smtp.host\" must be text, not 5 | put it in double quotes: \"5\"",
            // Once: what was misspelled isn't missing as well.
            "customers.yaml:4:3: unknown value \"smtp.prot\"; did you mean \"port\"?",
        ],
    );
    said(
        "version: \"18.0\"\nsmtp: { host: mail }\n",
        &[
            "customers.yaml:2:1: \"smtp\" has no \"port\" | a first-level key replaces the app's whole; write all of \"smtp\" out",
        ],
    );
    said(
        "version: 18.00\nname: \"\"\ntag: latest\nlanguages: [a, a, b, c, d]\n",
        &[
            "customers.yaml:1:1: \"version\" is 18.0, and must be one of 17.0, 18.0 | put it in double quotes: \"18.0\"",
            "customers.yaml:2:1: \"name\" is shorter than 1 character",
            "customers.yaml:3:1: \"tag\" is \"latest\", which isn't taken | for example 1.2.3",
            "customers.yaml:4:1: \"languages\" has more than 4 items",
            "customers.yaml:4:1: \"languages\" holds an item twice | take one of them out",
        ],
    );
    said(
        "version: \"18.0\"\nname: abcdefghij\nlanguages: []\n",
        &[
            "customers.yaml:2:1: \"name\" is longer than 8 characters",
            "customers.yaml:3:1: \"languages\" has fewer than 1 items",
        ],
    );
}

#[test]
fn a_schema_that_is_none() {
    assert!(Schema::new(&json!({ "type": "strin" })).is_err());
    let error = Schema::new(&json!({ "$ref": "https://example.com/schema.json" })).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("the plugin's values schema is no valid JSON schema: "),
        "{error}"
    );
    // Nothing that backtracks: a pattern from a plugin can't take exponential time.
    assert!(Schema::new(&json!({ "pattern": "(a+)+\\1" })).is_err());
}

#[test]
fn a_long_list_of_words_is_cut_short() {
    let words: Vec<String> = (0..80).map(|number| format!("word-{number:02}")).collect();
    let schema = Schema::new(&json!({ "properties": { "w": { "enum": words } } })).unwrap();
    let said = |text: &str| {
        let own = layer("customers.yaml", text);
        let merged = merge(&[(LayerKind::Customer, &own)]);
        schema.problems(&merged, &instance())[0].to_string()
    };
    let first =
        "word-00, word-01, word-02, word-03, word-04, word-05, word-06, word-07 and 72 more";
    assert_eq!(
        said("w: nothing like it\n"),
        format!("customers.yaml:1:1: \"w\" is \"nothing like it\", and must be one of {first}")
    );
    assert_eq!(
        said("w: wrod-33\n"),
        format!(
            "customers.yaml:1:1: \"w\" is \"wrod-33\", and must be one of {first}; did you mean \"word-33\"?"
        )
    );
}

#[test]
fn what_was_refused_isnt_missing_as_well() {
    let text = "version: \"18.0\"\nsmtp: { <<: {}, host: mail }\n";
    let mut own = layer(
        "customers.yaml",
        "version: \"18.0\"\nsmtp: { host: mail }\n",
    );
    assert!(Layer::parse("customers.yaml", text.as_bytes()).is_err());
    own.partial = true;
    let merged = merge(&[(LayerKind::Customer, &own)]);
    assert!(merged.is_partial());
    assert_eq!(schema().problems(&merged, &instance()), []);
}

#[test]
fn values_are_repaired_where_the_schema_says() {
    let base = layer(
        "base",
        "version: \"18.0\"\nreplicas: 1\nsmtp: { host: mail, port: 25 }\n",
    );
    let own = layer(
        "customers.yaml",
        "replicas: many\nreplcas: 2\ndebug: 5\nlanguage: es_ES\nsmtp: { port: x }\n",
    );
    let merged = merge(&[(LayerKind::App, &base), (LayerKind::Customer, &own)]);
    let faults = schema().faults(&merged, &instance());
    assert_eq!(
        repaired(&merged, &faults, &base),
        json!({ "version": "18.0", "replicas": 1, "language": "es_ES", "smtp": { "host": "mail", "port": 25 } })
    );
    let touched = |pointer: &str| faults.iter().any(|fault| fault.touches(pointer));
    assert!(touched("/replicas") && touched("/smtp/port") && touched("/smtp"));
    assert!(!touched("") && !touched("/language") && !touched("/replicasx"));
}

#[test]
fn what_an_apps_own_check_says() {
    let violation = |pointer: &str| Violation {
        pointer: pointer.to_owned(),
        code: "too-many".to_owned(),
        message: "more than one replica needs shared storage".to_owned(),
    };
    let region: Region = serde_json::from_value(json!({
        "name": "mars", "awsRegion": "us-west-2", "account": "111122223333", "roleArn": "r",
        "cluster": { "name": "c", "server": "s" },
        "ingress": {
            "class": "nginx", "clusterIssuer": "i",
            "routing": { "addresses": { "ipv4": ["203.0.113.1"], "ttl": 60 } },
        },
        "efs": { "subnets": [], "securityGroups": [], "performanceMode": "", "throughputMode": "" },
        "addons": [], "storage": {},
    }))
    .unwrap();
    let region = Region {
        at: Place {
            file: "regions.yaml".to_owned(),
            line: 3,
            column: 5,
        },
        ..region
    };
    let at = |pointer: &str| {
        violation_problem(&violation(pointer), &merged(), &instance(), &region).to_string()
    };
    assert_eq!(
        at("/smtp/host"),
        "customers.yaml:3:3: more than one replica needs shared storage"
    );
    assert_eq!(
        at(""),
        "customers.yaml:40:9: more than one replica needs shared storage"
    );
    // What the app itself sets is told where the instance is written, which can set another.
    let own = violation_problem(&violation("/smtp/port"), &app_only(), &instance(), &region);
    assert_eq!(
        (
            own.to_string().as_str(),
            own.help.as_ref().map(ToString::to_string).as_deref()
        ),
        (
            "customers.yaml:40:9: more than one replica needs shared storage",
            Some(
                "smtp.port is the app's own value (plugin odoo 0.1.0: values.yaml:5); give another here"
            )
        )
    );
    // An add-on that no value asks for is missing where the cluster's are listed.
    let addon = |pointer: &str| Violation {
        code: "missing-addon".to_owned(),
        ..violation(pointer)
    };
    let at = |pointer: &str| {
        let problem = violation_problem(&addon(pointer), &merged(), &instance(), &region);
        (problem.to_string(), problem.path.unwrap_or_default())
    };
    assert_eq!(
        at(""),
        (
            "regions.yaml:3:5: more than one replica needs shared storage".to_owned(),
            "/regions/mars/addons".to_owned()
        )
    );
    assert!(at("/smtp/host").0.starts_with("customers.yaml:3:3: "));
}
