//! The desired state: what is taken, and the exact words for what isn't.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use deploycenter_domain::desired::{Desired, read};
use deploycenter_domain::resource::Routing;

const SETTINGS: &str = r#"version = 1
installation = "fleet-7k3m"

[argocd]
server = "argocd.example.com"
"#;

const REGIONS: &str = include_str!("../../sandbox/fleet/regions.yaml");
const CUSTOMERS: &str = include_str!("../../sandbox/fleet/customers.yaml");
const STAGING: &str = include_str!("../../sandbox/fleet/environments/staging.yaml");

fn plugins() -> String {
    let mut text = String::from("version = 1\n");
    for (index, app) in ["mattermost", "moodle", "odoo"].iter().enumerate() {
        let digit = index.to_string();
        write!(
            text,
            "\n[[plugin]]\napp = \"{app}\"\nversion = \"0.1.0\"\ndigest = \"sha256:{}\"\nsource = \"plugins/{app}-0.1.0.wasm\"\ngrants = [\"efs\", \"git\"]\ndefault = true\n",
            digit.repeat(64)
        )
        .unwrap();
    }
    text
}

/// The fleet with some files replaced; an empty text takes the file away.
fn fleet(changes: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
    let mut files: BTreeMap<String, Vec<u8>> = [
        ("deploycenter.toml", SETTINGS),
        ("plugins.lock", &plugins()),
        ("regions.yaml", REGIONS),
        ("customers.yaml", CUSTOMERS),
        ("environments/staging.yaml", STAGING),
    ]
    .into_iter()
    .map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()))
    .collect();
    for (path, text) in changes {
        if text.is_empty() {
            files.remove(*path);
        } else {
            files.insert((*path).to_owned(), text.as_bytes().to_vec());
        }
    }
    files
}

fn desired(changes: &[(&str, &str)]) -> Desired {
    read(&fleet(changes)).unwrap_or_else(|problems| panic!("{problems}"))
}

/// All that is said about the fleet with some files replaced.
#[track_caller]
fn refused(changes: &[(&str, &str)], expected: &str) {
    let said = read(&fleet(changes))
        .map(|_| "nothing")
        .map_err(|problems| problems.to_string());
    assert_eq!(said.unwrap_err(), expected);
}

/// All that is said about a `customers.yaml` with one customer's apps.
#[track_caller]
fn refused_apps(apps: &str, expected: &str) {
    let text =
        format!("version: 1\ncustomers:\n  - name: acme\n    region: us-west-2\n    apps:\n{apps}");
    refused(&[("customers.yaml", &text)], expected);
}

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
fn yaml_that_surprises() {
    for (text, expected) in [
        (
            "\tversion: 1\ncustomers: []\n",
            "customers.yaml:1:1: holds a tab\n  help: indent with spaces; in a value write \"\\t\", with the double quotes",
        ),
        (
            "version: 1\ncustomers: []\nversion: 1\n",
            "customers.yaml:3:1: duplicate key \"version\"; the first is at line 1\n  help: keep one of them",
        ),
        (
            "version: 1\ncustomers: []\n---\nversion: 1\n",
            "customers.yaml:3:1: holds a second YAML document\n  help: keep one document a file: take the \"---\" out",
        ),
        (
            "\u{FEFF}version: 1\n",
            "customers.yaml:1:1: begins with a byte order mark\n  help: save it as UTF-8 without a byte order mark",
        ),
        (
            "version: 1\ncustomers: []\n# \u{7}\n",
            "customers.yaml:3:3: holds the character U+0007, a control character\n  help: take it out",
        ),
        (
            "version: 1\ncustomers: []\n# \u{FFFE}\n",
            "customers.yaml:3:3: holds the character U+FFFE, which is kept for values that are known only after apply\n  help: take it out",
        ),
        (
            "version: 1\ncustomers: [\n",
            "customers.yaml:3:1: isn't valid YAML: while parsing a node, did not find expected node content\n  help: look at the indentation, colons, brackets and quotes here and on the line above",
        ),
        (
            "version: 2\ncustomers: []\n",
            "customers.yaml:1:10: the version of this file's layout is the number 2, which isn't known\n  help: this DeployCenter reads version 1: write version: 1, or use a newer DeployCenter",
        ),
        (
            "customers: []\n",
            "customers.yaml:1:1: \"version\" is missing",
        ),
        (
            "[]\n",
            "customers.yaml:1:1: a map of keys is wanted here, not a list",
        ),
        (
            "version: 1\ncustomer: []\n",
            "customers.yaml:1:1: \"customers\" is missing\ncustomers.yaml:2:1: unknown key \"customer\"\n  help: did you mean \"customers\"?",
        ),
        (
            "version: 1\ncustomers: {}\n",
            "customers.yaml:2:12: \"customers\" must be a list, not a map",
        ),
        (
            "version: 1\ncustomers:\n  - <<: {}\n    name: acme\n    region: us-west-2\n    apps: []\n",
            "customers.yaml:3:5: holds the merge key \"<<\"\n  help: write the keys out, or put what is shared into environments/ or overrides/",
        ),
        (
            "version: 1\ncustomers: []\n1: 2\n",
            "customers.yaml:3:1: a key must be text, not the number 1\n  help: put it in double quotes",
        ),
        (
            "version: 1\ncustomers: !!set {}\n",
            "customers.yaml:2:12: the tag \"tag:yaml.org,2002:!set\" isn't supported\n  help: take it out\ncustomers.yaml:2:12: \"customers\" must be a list, not a map",
        ),
        (
            "version: 1\ncustomers: &all [*all]\n",
            "customers.yaml:2:18: an alias stands within what it names\n  help: write the value out",
        ),
    ] {
        refused(&[("customers.yaml", text)], expected);
    }
}

#[test]
fn yaml_that_attacks() {
    let help = "\n  help: make it flatter";
    let deep = format!("version: 1\ncustomers: {}\n", "[".repeat(5_000));
    let said = read(&fleet(&[("customers.yaml", &deep)]))
        .unwrap_err()
        .to_string();
    assert!(
        said.starts_with("customers.yaml:2:")
            && said.ends_with(&format!("is nested deeper than 64 levels{help}")),
        "{said}"
    );
    let block = format!(
        "version: 1\ncustomers:\n{}\n",
        (0..5_000).fold(String::new(), |text, depth| text
            + &" ".repeat(depth.min(900))
            + "-\n")
    );
    let said = read(&fleet(&[("customers.yaml", &block)]))
        .unwrap_err()
        .to_string();
    assert!(said.contains("is nested deeper than 64 levels"), "{said}");

    let mut bomb = String::from(
        "version: 1\ncustomers: []\na0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n",
    );
    for level in 1..10 {
        let alias = format!("*a{}, ", level - 1).repeat(10);
        writeln!(bomb, "a{level}: &a{level} [{alias}]").unwrap();
    }
    let said = read(&fleet(&[("customers.yaml", &bomb)]))
        .unwrap_err()
        .to_string();
    assert!(
        said.contains("its anchors and aliases copy more than 20000 values"),
        "{said}"
    );

    let mut utf16 = vec![0xFF, 0xFE];
    utf16.extend("version: 1\n".encode_utf16().flat_map(u16::to_le_bytes));
    let mut files = fleet(&[]);
    files.insert("customers.yaml".to_owned(), utf16);
    let said = read(&files).unwrap_err().to_string();
    assert_eq!(
        said,
        "customers.yaml:1:1: is UTF-16\n  help: save it as UTF-8 without a byte order mark"
    );
    files.insert(
        "customers.yaml".to_owned(),
        b"version: 1\n# \xFF\n".to_vec(),
    );
    assert_eq!(
        read(&files).unwrap_err().to_string(),
        "customers.yaml:2:3: isn't UTF-8 text\n  help: save it as UTF-8"
    );
    files.insert("customers.yaml".to_owned(), vec![b'#'; 11 << 20]);
    assert_eq!(
        read(&files).unwrap_err().to_string(),
        "customers.yaml: is 11 MiB long; the most is 10 MiB"
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

#[test]
fn names() {
    for (name, said) in [
        (
            "Acme",
            "customer \"Acme\" holds the capital \"A\"; names are lower case",
        ),
        (
            "a--b",
            "customer \"a--b\" holds \"--\", which joins the parts of derived names",
        ),
        ("-a", "customer \"-a\" begins or ends with a hyphen"),
        (
            "a_b",
            "customer \"a_b\" holds \"_\"; only a-z, 0-9 and single hyphens are allowed",
        ),
        (
            "аcme",
            "customer \"аcme\" holds \"а\" (U+0430), which only looks like a plain letter or digit",
        ),
        (
            "../x",
            "customer \"../x\" holds \".\"; only a-z, 0-9 and single hyphens are allowed",
        ),
        ("default", "customer \"default\" is reserved"),
        ("kube-x", "customer \"kube-x\" is reserved"),
        ("deploycenter-x", "customer \"deploycenter-x\" is reserved"),
        ("\"\"", "\"name\" is empty"),
        (
            "7",
            "\"name\" must be text, not the number 7\n  help: put it in double quotes",
        ),
    ] {
        let text = format!(
            "version: 1\ncustomers:\n  - name: {name}\n    region: us-west-2\n    apps: []\n"
        );
        refused(
            &[("customers.yaml", &text)],
            &format!("customers.yaml:3:11: {said}"),
        );
    }
    let long = "a".repeat(64);
    let text =
        format!("version: 1\ncustomers:\n  - name: {long}\n    region: us-west-2\n    apps: []\n");
    refused(
        &[("customers.yaml", &text)],
        &format!("customers.yaml:3:11: customer \"{long}\" is longer than 63 characters"),
    );
    let (customer, instance) = ("c".repeat(30), "i".repeat(22));
    let text = format!(
        "version: 1\ncustomers:\n  - name: {customer}\n    region: us-west-2\n    apps:\n      - {{ app: odoo, name: {instance}, domain: a.apps.example.com }}\n"
    );
    refused(
        &[("customers.yaml", &text)],
        &format!(
            "customers.yaml:6:28: the names made of customer \"{customer}\" and instance \"{instance}\" are 2 characters too long\n  help: the two may have 50 characters together; give the instance a shorter name"
        ),
    );
}

#[test]
fn references() {
    refused(
        &[(
            "customers.yaml",
            &CUSTOMERS.replacen("region: us-west-2", "region: us-wset-2", 1),
        )],
        "customers.yaml:7:13: unknown region \"us-wset-2\"\n  help: did you mean \"us-west-2\"?",
    );
    refused_apps(
        "      - { app: odo, domain: a.apps.example.com }\n      - { app: wordpress, domain: b.apps.example.com }\n",
        "customers.yaml:6:16: unknown app \"odo\"\n  help: did you mean \"odoo\"?\n\
         customers.yaml:7:16: unknown app \"wordpress\"\n  help: known are mattermost, moodle, odoo",
    );
    refused_apps(
        "      - { app: odoo, domain: a.apps.example.com, environment: stagin, region: mars }\n",
        "customers.yaml:6:63: unknown environment \"stagin\"\n  help: did you mean \"staging\"?\n\
         customers.yaml:6:79: unknown region \"mars\"\n  help: known are eu-south-2, eu-west-3, us-west-2",
    );
    refused_apps(
        "      - { app: odoo, domain: a.apps.example.com, values: { storage: { class: efs-shard } } }\n",
        "customers.yaml:6:71: region \"us-west-2\" has no storage class \"efs-shard\"\n  help: did you mean \"efs-shared\"?",
    );
    refused(
        &[(
            "environments/staging.yaml",
            "odoo: { storage: { class: fast } }\n",
        )],
        "environments/staging.yaml:1:20: region \"us-west-2\" has no storage class \"fast\"\n  help: known are efs, efs-shared",
    );
    refused_apps(
        "      - { app: odoo, doman: a.apps.example.com, value: {} }\n",
        "customers.yaml:6:9: \"domain\" is missing\n\
         customers.yaml:6:22: unknown key \"doman\"\n  help: did you mean \"domain\"?\n\
         customers.yaml:6:49: unknown key \"value\"\n  help: did you mean \"values\"?",
    );
}

#[test]
fn domains() {
    for (domain, said) in [
        (
            "a.notapps.example.com",
            "the domain \"a.notapps.example.com\" lies in no hosted zone\n  help: the hosted zones are apps.example.com, campus.example.org; a name of the customer's own goes under aliases",
        ),
        (
            "notapps.example.com",
            "the domain \"notapps.example.com\" lies in no hosted zone\n  help: the hosted zones are apps.example.com, campus.example.org; a name of the customer's own goes under aliases",
        ),
        ("apps", "the domain \"apps\" has no dot in it"),
        (
            "a.apps.example.com.",
            "the domain \"a.apps.example.com.\" ends with a dot; leave it out",
        ),
        (
            "ä.apps.example.com",
            "the domain \"ä.apps.example.com\" holds 'ä' (U+00E4); write the name in its xn-- form",
        ),
        (
            "\"*.apps.example.com\"",
            "the domain \"*.apps.example.com\" is a wildcard; a domain belongs to one instance",
        ),
        (
            "a..apps.example.com",
            "the domain \"a..apps.example.com\" has two dots in a row or begins with one",
        ),
        (
            "-a.apps.example.com",
            "the domain \"-a.apps.example.com\" has a part that begins or ends with a hyphen",
        ),
    ] {
        refused_apps(
            &format!("      - app: odoo\n        domain: {domain}\n"),
            &format!("customers.yaml:7:17: {said}"),
        );
    }
    refused_apps(
        "      - { app: odoo, domain: A.apps.example.com, aliases: [x.example] }\n      - { app: moodle, domain: a.Apps.example.com, aliases: [X.example] }\n",
        "customers.yaml:7:32: the domain \"a.apps.example.com\" is taken at line 6\n  help: a domain belongs to one instance; choose another\n\
         customers.yaml:7:62: the domain \"x.example\" is taken at line 6\n  help: a domain belongs to one instance; choose another",
    );
    let pair = |one: &str, two: &str| {
        format!(
            "      - {{ app: odoo, domain: a.apps.example.com{one} }}\n      - {{ app: odoo, name: b, domain: a.apps.example.com{two} }}\n"
        )
    };
    refused_apps(
        &pair(", weight: 1", ", weight: 1"),
        "customers.yaml:7:39: the domain \"a.apps.example.com\" is taken at line 6\n  help: instances that share a domain by weight run in different regions",
    );
    refused_apps(
        &pair(", weight: 1", ", region: eu-west-3"),
        "customers.yaml:7:39: the domain \"a.apps.example.com\" is taken at line 6\n  help: to share it between regions, give each of the instances a weight from 0 to 255",
    );
    refused_apps(
        "      - { app: odoo, domain: a.apps.example.com, weight: 256 }\n",
        "customers.yaml:6:58: \"weight\" must be a whole number from 0 to 255",
    );
}

#[test]
fn duplicates() {
    refused_apps(
        "      - { app: odoo, domain: a.apps.example.com }\n      - { app: odoo, domain: b.apps.example.com }\n",
        "customers.yaml:7:16: duplicate instance \"odoo\"; the first is at line 6\n  help: give this one a name of its own: name: odoo-2",
    );
    let twice = "version: 1\ncustomers:\n  - { name: acme, region: us-west-2, apps: [] }\n  - { name: acme, region: us-west-2, apps: [] }\n";
    refused(
        &[("customers.yaml", twice)],
        "customers.yaml:4:13: duplicate customer \"acme\"; the first is at line 3\n  help: put all of its apps under one entry",
    );
    refused(
        &[(
            "customers.d/acme.yaml",
            "version: 1\nname: acme\nregion: us-west-2\napps: []\n",
        )],
        "customers.d/acme.yaml:2:7: duplicate customer \"acme\"; the first is at customers.yaml:6\n  help: a customer stands in customers.yaml or in customers.d/, not in both",
    );
    refused(
        &[
            (
                "customers.d/new.yaml",
                "version: 1\nname: other\nregion: us-west-2\napps: []\n",
            ),
            ("customers.d/x.yml", "a: 1\n"),
        ],
        "customers.d/new.yaml:2:7: the file of customer \"other\" is named for \"new\"\n  help: name the file customers.d/other.yaml\n\
         customers.d/x.yml: isn't read\n  help: name it customers.d/<customer>.yaml, or take it away",
    );
}

#[test]
fn secrets_never_go_into_git() {
    let with = |values: &str| {
        format!("      - app: odoo\n        domain: a.apps.example.com\n        values: {values}\n")
    };
    let help = "\n  help: take it out (and change it, if it was ever pushed), then give it with: deploycenter secret set acme/odoo NAME";
    let jwt = format!(
        "{{ a: {}.{}.{} }}",
        "eyJhbGciOiJIUzI1NiJ9", "eyJzdWIiOiIxIn0", "c2lnbmF0dXJlLW9mLWl0"
    );
    let github = format!("{{ a: {}{} }}", "ghp_", "a".repeat(36));
    let aws = format!("{{ a: [\"id {}{}\"] }}", "AKIA", "IOSFODNN7EXAMPLE");
    for (values, column, said) in [
        (
            "{ smtp: { password: hunter2 } }",
            27,
            "\"smtp.password\" looks like a secret",
        ),
        (
            "{ dbPassword: 12345678 }",
            19,
            "\"dbPassword\" looks like a secret",
        ),
        ("{ api-key: abc }", 19, "\"api-key\" looks like a secret"),
        ("{ tokens: [abc] }", 28, "\"tokens.0\" looks like a secret"),
        (
            "{ key: \"-----BEGIN RSA PRIVATE KEY-----\" }",
            19,
            "\"key\" holds a private key",
        ),
        (&aws, 23, "\"a.0\" holds an AWS access key"),
        (&github, 19, "\"a\" holds a GitHub token"),
        (&jwt, 19, "\"a\" holds a signed token (JWT)"),
        (
            "{ db: \"postgres://user:pass@host/db\" }",
            19,
            "\"db\" holds a URL with a password in it",
        ),
    ] {
        refused_apps(
            &with(values),
            &format!("customers.yaml:8:{column}: {said}, and secrets never go into git{help}"),
        );
    }
    refused_apps(
        &with("{ image: \"odoo\", sidecar: { image: \"r.example:5000/x:latest\", tag: latest } }"),
        "customers.yaml:8:19: \"image\" names an image without a tag or digest\n  help: name a version that never changes, or a digest: image:1.2.3, image@sha256:…\n\
         customers.yaml:8:45: \"sidecar.image\" is \"latest\", which changes by itself\n  help: name a version that never changes, or a digest: image:1.2.3, image@sha256:…\n\
         customers.yaml:8:79: \"sidecar.tag\" is \"latest\", which changes by itself\n  help: name a version that never changes, or a digest: image:1.2.3, image@sha256:…",
    );
    let fine = "{ passwordPolicy: strict, existingSecret: smtp, tokenTTL: 3600, smtp: { password: \"\" }, secret: false, link: \"https://user@example.com/\", image: \"odoo:18.0\" }";
    let text = format!(
        "version: 1\ncustomers:\n  - name: acme\n    region: us-west-2\n    apps:\n{}",
        with(fine)
    );
    desired(&[("customers.yaml", &text)]);
    refused(
        &[("overrides/odoo/values.yaml", "smtp:\n  password: hunter2\n")],
        "overrides/odoo/values.yaml:2:3: \"smtp.password\" looks like a secret, and secrets never go into git\n  help: take it out (and change it, if it was ever pushed), then give it with: deploycenter secret set CUSTOMER/INSTANCE NAME",
    );
}

#[test]
fn settings() {
    refused(
        &[("deploycenter.toml", "")],
        "deploycenter.toml: is missing\n  help: run this in a deployment repo, or make one with: deploycenter init DIR",
    );
    refused(
        &[(
            "deploycenter.toml",
            "version = 1\ninstalation = \"x\"\n[git]\nremote = \"../x\"\n[timeouts]\nprogress_seconds = 0\n",
        )],
        "deploycenter.toml:1:1: \"argocd\" is missing\n\
         deploycenter.toml:1:1: \"installation\" is missing\n\
         deploycenter.toml:2:1: unknown key \"instalation\"\n  help: did you mean \"installation\"?\n\
         deploycenter.toml:4:10: \"../x\" is no name that git takes\n\
         deploycenter.toml:6:20: \"progress_seconds\" must be a whole number from 1 to 86400",
    );
    refused(
        &[(
            "deploycenter.toml",
            &format!("{SETTINGS}\n[git]\nmain = \n"),
        )],
        "deploycenter.toml:8:8: isn't valid TOML: string values must be quoted, expected literal string",
    );
    refused(
        &[(
            "deploycenter.toml",
            &SETTINGS.replace("[argocd]", "authority = \"sqlite\"\n[argocd]"),
        )],
        "deploycenter.toml:4:13: \"sqlite\" isn't one of database, server, git",
    );
}

#[test]
fn regions() {
    let cases = [
        (
            "account: \"111122223333\"",
            "account: 111122223333",
            "regions.yaml:13:14: \"account\" must be text, not the number 111122223333\n  help: put it in double quotes",
        ),
        (
            "role/deploycenter\n    cluster: { name: prod-euw3",
            "user/x\n    cluster: { name: prod-euw3",
            "regions.yaml:46:14: \"arn:aws:iam::222233334444:user/x\" is no role's ARN such as arn:aws:iam::111122223333:role/deploycenter",
        ),
        (
            "account: \"222233334444\"",
            "account: \"222233334445\"",
            "regions.yaml:46:14: the role \"arn:aws:iam::222233334444:role/deploycenter\" isn't of account 222233334445",
        ),
        (
            "ipv4: [198.51.100.20], ttl: 60, ",
            "",
            "regions.yaml:35:14: an ingress needs \"ipv4\" (addresses) or \"alias\" (a load balancer)",
        ),
        (
            "ipv4: [198.51.100.20]",
            "ipv4: [198.51.100.256]",
            "regions.yaml:35:37: \"198.51.100.256\" is no IPv4 address",
        ),
        (
            "fs-0a1000000000005e2",
            "fs-x",
            "regions.yaml:30:51: \"fs-x\" is no file system's id such as fs-0123456789abcdef0",
        ),
        (
            "kind: existing, fileSystemId: fs-0a1000000000005e2",
            "kind: existing",
            "regions.yaml:30:19: \"fileSystemId\" is missing",
        ),
        (
            "kind: existing, fileSystemId: fs-0a1000000000005e2",
            "kind: dedicated, default: true",
            "regions.yaml:30:7: a second default storage class; the first is at line 29",
        ),
        (
            "  eu-west-3:",
            "  paris:",
            "regions.yaml:45:5: \"paris\" is no AWS region such as eu-west-3\n  help: say which AWS region it is with awsRegion",
        ),
        (
            "throughputMode: bursting",
            "throughputMode: brusting",
            "regions.yaml:53:23: \"brusting\" isn't one of elastic, bursting\n  help: did you mean \"bursting\"?",
        ),
        (
            "campus.example.org",
            "apps.example.com",
            "regions.yaml:7:11: duplicate hosted zone \"apps.example.com\"; the first is at line 3\n  help: keep one of them",
        ),
    ];
    for (from, to, expected) in cases {
        assert!(REGIONS.contains(from), "{from}");
        let text = REGIONS.replacen(from, to, 1);
        let said = read(&fleet(&[("regions.yaml", &text)])).unwrap_err();
        // What the change breaks elsewhere isn't this table's matter.
        let own: Vec<String> = said
            .iter()
            .filter(|problem| problem.file.as_deref() == Some("regions.yaml"))
            .map(|problem| match &problem.help {
                Some(help) => format!("{problem}\n  help: {help}"),
                None => problem.to_string(),
            })
            .collect();
        assert_eq!(own.join("\n"), expected);
    }
}

#[test]
fn one_mistake_is_told_once() {
    // A broken region is still a known one.
    let text = REGIONS.replacen("ipv4: [203.0.113.30, 203.0.113.31]", "ipv4: []", 1);
    refused(
        &[("regions.yaml", &text)],
        "regions.yaml:48:14: \"ipv4\" is an empty list",
    );
    // An unreadable file doesn't make everything that refers to it unknown.
    refused(
        &[
            ("regions.yaml", "[\n"),
            ("plugins.lock", "version = 1\nplugin = 3\n"),
        ],
        "plugins.lock:2:10: \"plugin\" must be a list, not the number 3\n\
         regions.yaml:2:1: isn't valid YAML: while parsing a node, did not find expected node content\n  help: look at the indentation, colons, brackets and quotes here and on the line above",
    );
}

#[test]
fn plugins_lock() {
    let text = plugins();
    for (from, to, expected) in [
        (
            "plugins/odoo-0.1.0.wasm",
            "../odoo.wasm",
            "plugins.lock:23:10: \"../odoo.wasm\" is no plain path below the deployment repo's root",
        ),
        (
            "sha256:2",
            "sha256:g",
            "plugins.lock:22:10: \"sha256:g222222222222222222222222222222222222222222222222222222222222222\" is no digest of the form sha256:<64 hexadecimal digits>",
        ),
        (
            "app = \"odoo\"",
            "app = \"moodle\"",
            "plugins.lock:19:1: a second default for app \"moodle\"; the first is at line 11",
        ),
    ] {
        let said = read(&fleet(&[("plugins.lock", &text.replacen(from, to, 1))])).unwrap_err();
        let own: Vec<String> = said
            .iter()
            .filter(|problem| problem.file.as_deref() == Some("plugins.lock"))
            .map(ToString::to_string)
            .collect();
        assert_eq!(own.join("\n"), expected);
    }
    let none = text.replace("default = true", "default = false");
    let said = read(&fleet(&[("plugins.lock", &none)]))
        .unwrap_err()
        .to_string();
    assert!(
        said.contains("plugins.lock:3:1: no plugin of app \"mattermost\" is the default"),
        "{said}"
    );
}

#[test]
fn overrides() {
    let desired = desired(&[
        ("overrides/odoo/values.yaml", "workers: 4\n"),
        (
            "overrides/odoo/templates/dependencies/namespace.yaml",
            "kind: [[ kind ]]\n",
        ),
        ("overrides/odoo/.gitkeep", "\u{7}"),
        ("overrides/README.md", "notes"),
    ]);
    let odoo = &desired.overrides[&"odoo".parse().unwrap()];
    assert_eq!(odoo.values.as_ref().unwrap().values["workers"], 4);
    assert_eq!(
        odoo.templates["dependencies/namespace.yaml"],
        "kind: [[ kind ]]\n"
    );
    refused(
        &[
            ("overrides/odo/values.yaml", "a: 1\n"),
            ("overrides/odoo/x.txt", "a"),
            ("overrides/odoo/templates/a b.yaml", "a"),
            ("overrides/stray.yaml", "a"),
            ("environments/Prod.yaml", "odoo: {}\n"),
            ("environments/dev.yaml", "oddo: { a: 1 }\n"),
        ],
        "environments/Prod.yaml: environment \"Prod\" holds the capital \"P\"; names are lower case\n  help: rename the file\n\
         environments/dev.yaml:1:1: unknown app \"oddo\"\n  help: did you mean \"odoo\"?\n\
         overrides/odo/values.yaml: unknown app \"odo\"\n  help: did you mean \"odoo\"?\n\
         overrides/odoo/templates/a b.yaml: \"a b.yaml\" is no plain path below the deployment repo's root\n  help: rename the file\n\
         overrides/odoo/x.txt: isn't read\n  help: an app's folder has values.yaml and templates/; take anything else away\n\
         overrides/stray.yaml: isn't read\n  help: move it into overrides/<app>/",
    );
}

#[test]
fn no_input_takes_long() {
    let long = 100_000;
    for (what, text) in [
        ("flow lists", "[".repeat(long)),
        ("closed flow lists", "[],".repeat(long)),
        ("block lists", "- ".repeat(long)),
        ("questions", "? ".repeat(long)),
        ("anchors", "&a ".repeat(long)),
        ("quotes", "\"".repeat(long)),
        ("keys", "a: ".repeat(long)),
        ("one key", format!("{}: 1", "a".repeat(long))),
        ("plain lines", "a\n".repeat(long)),
        (
            "flow keys",
            format!(
                "{{{}}}",
                (0..long / 10).fold(String::new(), |text, key| text + &format!("k{key}: v,"))
            ),
        ),
        ("tables", format!("a = {}", "[".repeat(long))),
        ("dotted keys", format!("{}b = 1", "a.".repeat(long))),
        (
            "one line of numbers",
            format!("a = [{}]", "1,".repeat(long)),
        ),
        ("inline tables", format!("a = {}", "{a = ".repeat(long))),
    ] {
        for file in ["customers.yaml", "deploycenter.toml"] {
            let started = std::time::Instant::now();
            let _ = read(&fleet(&[(file, &text)]));
            let took = started.elapsed();
            assert!(took.as_secs() < 20, "{what} as {file} took {took:?}");
        }
    }
}
