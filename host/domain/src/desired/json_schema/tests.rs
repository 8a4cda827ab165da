//! The schemas against their metaschema, the fleet, and the parser.
#![expect(clippy::unwrap_used, reason = "tests")]

mod agreement;
mod completeness;
mod forms;
mod layers;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::Value;

use super::{Known, SchemaKind, reference, text};
use crate::desired::{self, LockedPlugin, reading, toml, yaml};
use crate::problem::Problem;

const SETTINGS: &str = r#"version = 1
installation = "fleet-7k3m"
authority = "database"

[git]
remote = "origin"
main = "main"
generated = "https://git.example.com/generated.git"
signing = true

[argocd]
server = "argocd.example.com"
repository = "https://git.example.com/ops/deployments.git"

[timeouts]
progress_seconds = 600
outage_seconds = 1800
comparison_seconds = 120
degraded_seconds = 90
database_seconds = 600
pods_seconds = 180
operator_seconds = 20
"#;

const REGIONS: &str = include_str!("../../../../sandbox/fleet/regions.yaml");

/// The keys of a cluster that the fleet leaves out.
const CLUSTER: &str = r#"
      name: prod-euw3
      server: https://euw3.k8s.example.com
      namespaces: { ingress: web, mariadbOperator: operators, monitoring: prometheus, postgresOperator: operators }
      quota:
        most: { cpu: "64", memory: 256Gi, memoryLimit: 512Gi, storage: 20Ti, pods: 200, claims: 20 }
        extra: { cpu: 500m, memory: 1Gi, memoryLimit: 2Gi, storage: 0Gi, pods: 4, claims: 0 }"#;

const CUSTOMER: &str = r#"version: 1
name: zenith
region: us-west-2
apps:
  - app: mattermost
    name: chat
    environment: staging
    region: eu-west-3
    domain: chat.zenith.apps.example.com
    aliases: [chat.zenith.example]
    weight: 40
    values: { maxUsers: 50 }
"#;

const APPS: [(&str, &str, &str); 3] = [
    (
        "mattermost",
        include_str!("../../../../../apps/mattermost/schema.json"),
        include_str!("../../../../../apps/mattermost/values.yaml"),
    ),
    (
        "moodle",
        include_str!("../../../../../apps/moodle/schema.json"),
        include_str!("../../../../../apps/moodle/values.yaml"),
    ),
    (
        "odoo",
        include_str!("../../../../../apps/odoo/schema.json"),
        include_str!("../../../../../apps/odoo/values.yaml"),
    ),
];

/// The fleet, with a file of every kind.
fn fleet() -> BTreeMap<String, Vec<u8>> {
    let mut lock = String::from("version = 1\n");
    for (index, (app, ..)) in APPS.iter().enumerate() {
        let digits = index.to_string().repeat(64);
        lock.push_str(&format!(
            "\n[[plugin]]\napp = \"{app}\"\nversion = \"0.1.0\"\ndigest = \"sha256:{digits}\"\nsource = \"plugins/{app}-0.1.0.wasm\"\ngrants = [\"efs\", \"git\"]\ndefault = true\n"
        ));
    }
    [
        ("deploycenter.toml", SETTINGS),
        ("plugins.lock", &lock),
        (
            "regions.yaml",
            &REGIONS
                .replace("  eu-west-3:\n", "  eu-west-3:\n    awsRegion: eu-west-3\n")
                .replace(
                    "203.0.113.31]",
                    "203.0.113.31], ipv6: [\"2001:db8::30\", \"2001:db8::31\"]",
                )
                .replace(
                    "evaluateTargetHealth: true",
                    "evaluateTargetHealth: true, dualStack: true",
                )
                .replace(
                    "{ name: prod-euw3, server: https://euw3.k8s.example.com }",
                    CLUSTER,
                ),
        ),
        (
            "customers.yaml",
            include_str!("../../../../sandbox/fleet/customers.yaml"),
        ),
        ("customers.d/zenith.yaml", CUSTOMER),
        (
            "environments/staging.yaml",
            include_str!("../../../../sandbox/fleet/environments/staging.yaml"),
        ),
        (
            "overrides/odoo/values.yaml",
            "storage: { class: efs, size: 30Gi }\n",
        ),
    ]
    .into_iter()
    .map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()))
    .collect()
}

/// The schema and base values of a bundled app.
fn plugin(locked: &LockedPlugin) -> Result<(Value, String), Infallible> {
    let (_, schema, base) = APPS
        .iter()
        .find(|(app, ..)| *app == locked.app.as_str())
        .unwrap();
    Ok((serde_json::from_str(schema).unwrap(), (*base).to_owned()))
}

fn known(files: &BTreeMap<String, Vec<u8>>) -> Known {
    let Ok((known, found)) = Known::read(files, plugin);
    assert_eq!(found, []);
    known
}

/// A schema, in no door's words.
fn json_schema(kind: &SchemaKind, known: &Known) -> Option<Value> {
    super::json_schema(kind, known, ToString::to_string)
}

fn validator(schema: &Value) -> Validator {
    let checked = jsonschema::draft202012::meta::validate(schema);
    assert!(checked.is_ok(), "{checked:?}");
    jsonschema::draft202012::options()
        .offline()
        .build(schema)
        .unwrap()
}

fn validator_of(path: &str, known: &Known) -> Validator {
    let kind = SchemaKind::of_path(path).unwrap();
    validator(&json_schema(&kind, known).unwrap())
}

/// A file as the parser sees it.
fn value(path: &str, bytes: &[u8]) -> Value {
    let (node, found) = match path.rsplit_once('.') {
        Some((_, "yaml")) => yaml::parse(path, bytes),
        _ => toml::parse(path, bytes),
    };
    assert_eq!(found, []);
    node.unwrap().to_value("", &mut BTreeMap::new())
}

/// What a schema says of a file.
fn said(validator: &Validator, value: &Value) -> Vec<String> {
    validator
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

/// What the parser says of the fleet, one of its files being another, about that file.
fn parsed(path: &str, bytes: Vec<u8>) -> Vec<Problem> {
    static FLEET: LazyLock<BTreeMap<String, Vec<u8>>> = LazyLock::new(|| {
        let mut files = fleet();
        // Many customers take long, and say nothing of another file.
        files.insert(
            "customers.yaml".to_owned(),
            b"version: 1\ncustomers: []\n".to_vec(),
        );
        files
    });
    let mut files = FLEET.clone();
    files.insert(path.to_owned(), bytes);
    let mut found = reading::read(&files).problems;
    found.retain(|problem| problem.file.as_deref() == Some(path));
    found
}

#[test]
fn every_schema_is_one_and_takes_the_fleet() {
    let files = fleet();
    assert!(desired::read(&files).is_ok());
    let known = known(&files);
    for (path, bytes) in &files {
        let said = said(&validator_of(path, &known), &value(path, bytes));
        assert_eq!(said, [""; 0], "{path}");
    }
    for kind in SchemaKind::all(&known) {
        validator(&json_schema(&kind, &known).unwrap());
        assert_eq!(kind.to_string().parse(), Ok(kind.clone()));
    }
    let other = SchemaKind::Overrides("wordpress".parse().unwrap());
    assert_eq!(json_schema(&other, &known), None);
}

#[test]
fn a_checked_desired_state_has_the_same_schemas() {
    let mut files = fleet();
    // In another order, which is no other content.
    let regions = String::from_utf8(files["regions.yaml"].clone()).unwrap();
    let (head, zones) = regions.split_once("  - name: ").unwrap();
    let (zones, rest) = zones.split_once("regions:").unwrap();
    let (first, second) = zones.split_once("  - name: ").unwrap();
    let regions = format!("{head}  - name: {second}  - name: {first}regions:{rest}");
    files.insert("regions.yaml".to_owned(), regions.into_bytes());
    let Ok(checked) = Known::of(&desired::read(&files).unwrap(), plugin);
    let read = known(&files);
    for kind in SchemaKind::all(&read) {
        let schema = json_schema(&kind, &checked);
        assert_eq!(schema, json_schema(&kind, &read));
        assert_eq!(schema, json_schema(&kind, &known(&fleet())));
    }
}

#[test]
fn what_is_not_known_is_not_refused() {
    let nothing = Known::default();
    for (path, bytes) in fleet() {
        if path.starts_with("overrides/") {
            continue;
        }
        let text = String::from_utf8(bytes).unwrap();
        let text = text.replace("mattermost", "wordpress");
        let said = said(
            &validator_of(&path, &nothing),
            &value(&path, text.as_bytes()),
        );
        assert_eq!(said, [""; 0], "{path}");
    }
}

#[test]
fn a_broken_file_takes_only_its_own_names_away() {
    let mut files = fleet();
    files.insert(
        "plugins.lock".to_owned(),
        b"version = 1\nplugin = 2\n".to_vec(),
    );
    let regions = files.get_mut("regions.yaml").unwrap();
    *regions = String::from_utf8(regions.clone())
        .unwrap()
        .replace("https://euw3", "ftp://euw3")
        .into_bytes();
    let Ok((known, found)) = Known::read(&files, plugin);
    let places: Vec<&str> = found
        .iter()
        .filter_map(|problem| problem.file.as_deref())
        .collect();
    assert_eq!(places, ["plugins.lock", "regions.yaml"]);
    assert!(known.apps.is_none());
    let regions = known.regions.as_ref().unwrap();
    assert_eq!(regions["eu-west-3"], None);
    assert_eq!(regions["eu-south-2"], Some(vec!["efs".to_owned()]));
    for path in ["customers.yaml", "customers.d/zenith.yaml"] {
        let said = said(&validator_of(path, &known), &value(path, &files[path]));
        assert_eq!(said, [""; 0], "{path}");
    }
}

#[test]
fn the_line_for_editors_leads_to_the_schema() {
    for (path, line) in [
        (
            "customers.yaml",
            "# yaml-language-server: $schema=schemas/customers.json\n",
        ),
        (
            "customers.d/acme.yaml",
            "# yaml-language-server: $schema=../schemas/customer.json\n",
        ),
        (
            "overrides/odoo/values.yaml",
            "# yaml-language-server: $schema=../../schemas/overrides-odoo.json\n",
        ),
        (
            "deploycenter.toml",
            "#:schema ./schemas/deploycenter.json\n",
        ),
    ] {
        let line = line.replace("deploycenter.json", "settings.json");
        assert_eq!(reference(path), Some(line), "{path}");
    }
    assert_eq!(reference("customers.d/notes.txt"), None);
    assert_eq!(reference("overrides/odoo/templates/x.yaml"), None);
    assert_eq!(reference("README.md"), None);
}

#[test]
fn a_schema_is_named_or_its_file_is() {
    for (text, kind) in [
        ("customers", SchemaKind::Customers),
        ("customer", SchemaKind::Customer),
        ("customers.d/acme.yaml", SchemaKind::Customer),
        ("deploycenter.toml", SchemaKind::Settings),
        (
            "overrides/odoo",
            SchemaKind::Overrides("odoo".parse().unwrap()),
        ),
        (
            "overrides/odoo/values.yaml",
            SchemaKind::Overrides("odoo".parse().unwrap()),
        ),
    ] {
        assert_eq!(text.parse(), Ok(kind));
    }
    let error = "region".parse::<SchemaKind>().unwrap_err();
    assert_eq!(error.to_string(), "there is no schema \"region\"");
    assert_eq!(error.help.unwrap(), "did you mean \"regions\"?");
}

#[test]
fn the_text_ends_with_a_line_break_and_is_the_same_each_time() {
    let known = known(&fleet());
    let one = text(&json_schema(&SchemaKind::Customers, &known).unwrap());
    let two = text(&json_schema(&SchemaKind::Customers, &known.clone()).unwrap());
    assert!(one == two && one.ends_with("}\n") && one.starts_with("{\n  \"$comment\""));
}
