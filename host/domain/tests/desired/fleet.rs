//! What is taken: the sample fleet, and what is like it.

use std::fmt::Write as _;

use deploycenter_domain::desired::Desired;
use deploycenter_domain::resource::Routing;

use crate::support::{CUSTOMERS, desired, refused_apps};

#[test]
fn the_fleet() {
    let desired = desired(&[]);
    assert_eq!(desired.customers.len(), 24);
    assert_eq!(desired.instances().count(), 36);
    let count = |app: &str| {
        desired
            .instances()
            .filter(|instance| instance.app.as_str() == app)
            .count()
    };
    assert_eq!(
        (count("odoo"), count("moodle"), count("mattermost")),
        (16, 9, 11)
    );

    let chat = desired
        .instance(&"voltaire/mattermost".parse().unwrap())
        .unwrap();
    assert_eq!(chat.region.as_str(), "eu-south-2");
    assert_eq!(desired.region_of(chat).unwrap().account, "111122223333");
    let south = desired
        .instance(&"quai-nord/mattermost-south".parse().unwrap())
        .unwrap();
    assert_eq!((south.weight, south.app.as_str()), (Some(10), "mattermost"));
    let note = &desired
        .instance(&"rivoli/odoo".parse().unwrap())
        .unwrap()
        .values
        .values["note"];
    assert!(
        note.as_str()
            .unwrap()
            .contains("{{ .Values.untouched }} and [[ not a template ]]\n")
    );
    let staging = desired
        .instance(&"acme/odoo-staging".parse().unwrap())
        .unwrap();
    assert_eq!(
        desired.environment_layer(staging).unwrap().values["workers"],
        2
    );
    assert!(desired.environment_layer(chat).is_none());

    let west = &desired.regions.regions[&"us-west-2".parse().unwrap()];
    assert!(
        matches!(&west.ingress.routing, Routing::Alias { hosted_zone_id, .. } if hosted_zone_id == "Z18D5FSROUN65G")
    );
    assert_eq!(west.default_storage_class(), Some("efs"));
    assert_eq!(west.aws_region, "us-west-2");
    let zone = |domain: &str| {
        desired
            .regions
            .zone_for(domain)
            .map(|zone| zone.id.as_str())
    };
    assert_eq!(
        zone("erp.acme.apps.example.com"),
        Some("Z04444444APPSEXAMPLE")
    );
    assert_eq!(zone("apps.example.com"), Some("Z04444444APPSEXAMPLE"));
    assert_eq!(zone("notapps.example.com"), None);
}

#[test]
fn order_and_place_dont_matter() {
    let mut blocks: Vec<&str> = CUSTOMERS.split("\n  - name: ").collect();
    let head = blocks.remove(0);
    let acme = blocks.remove(0);
    let file = format!("version: 1\nname: {}", acme.replace("\n    ", "\n"));
    blocks.reverse();
    let rest = format!("{head}\n  - name: {}", blocks.join("\n  - name: "));
    let (one, two) = (
        desired(&[]),
        desired(&[("customers.yaml", &rest), ("customers.d/acme.yaml", &file)]),
    );
    let inputs = |desired: &Desired| {
        desired
            .instances()
            .map(|instance| instance.inputs())
            .collect::<Vec<_>>()
    };
    assert_eq!(inputs(&one), inputs(&two));
    assert_eq!(
        two.instance(&"acme/odoo".parse().unwrap()).unwrap().at.file,
        "customers.d/acme.yaml"
    );
}

#[test]
fn the_lock_file_round_trips() {
    let lock = desired(&[]).plugins;
    let text = lock.render();
    assert_eq!(desired(&[("plugins.lock", &text)]).plugins, lock);
    assert_eq!(
        lock.default(&"odoo".parse().unwrap()).unwrap().source,
        "plugins/odoo-0.1.0.wasm"
    );
    assert!(
        lock.by_digest(&format!("sha256:{}", "2".repeat(64)).parse().unwrap())
            .is_some()
    );
    assert!(lock.default(&"wordpress".parse().unwrap()).is_none());
}

#[test]
fn thousands_of_customers_fit() {
    let mut text = String::from("version: 1\ncustomers:\n");
    for customer in 0..2_000 {
        write!(
            text,
            "  - name: c{customer}\n    region: eu-west-3\n    apps:\n"
        )
        .unwrap();
        for app in ["odoo", "moodle", "mattermost"] {
            writeln!(text, "      - {{ app: {app}, domain: {app}.c{customer}.apps.example.com, values: {{ replicas: 2 }} }}").unwrap();
        }
    }
    assert_eq!(
        desired(&[("customers.yaml", &text)]).instances().count(),
        6_000
    );
}

#[test]
fn norway_and_numbers() {
    let values = "      - app: odoo\n        domain: a.apps.example.com\n        values: { country: no, on: yes, tilde: ~, octal: 0o17, hex: 0xff, half: .5, exp: 1e3, neg: -7, text: \"1\", str: !!str 2, date: 2024-01-01, v: 1.2.3 }\n";
    let text = format!(
        "version: 1\ncustomers:\n  - name: acme\n    region: us-west-2\n    apps:\n{values}"
    );
    let desired = desired(&[("customers.yaml", &text)]);
    let values =
        serde_json::Value::Object(desired.instances().next().unwrap().values.values.clone());
    assert_eq!(
        values,
        serde_json::json!({
            "country": "no", "on": "yes", "tilde": null, "octal": 15, "hex": 255, "half": 0.5, "exp": 1000.0,
            "neg": -7, "text": "1", "str": "2", "date": "2024-01-01", "v": "1.2.3",
        })
    );
    refused_apps(
        "      - app: odoo\n        domain: a.apps.example.com\n        values: { mode: 0750, big: 99999999999999999999, nan: .nan, nul: \"a\\0\" }\n",
        "customers.yaml:8:25: the number 0750 begins with a zero\n  help: put it in double quotes if it is text\n\
         customers.yaml:8:36: the number 99999999999999999999 is too large\n  help: put it in double quotes if it is text\n\
         customers.yaml:8:63: .nan is no number that can be used\n  help: put it in double quotes if it is text\n\
         customers.yaml:8:74: holds the character U+0000, a control character\n  help: take it out",
    );
}
