//! A desired state to change a little, and what is said of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use deploycenter_domain::desired::{Desired, read};

pub(crate) const SETTINGS: &str = r#"version = 1
installation = "fleet-7k3m"

[argocd]
server = "argocd.example.com"
"#;

pub(crate) const REGIONS: &str = include_str!("../../../sandbox/fleet/regions.yaml");
pub(crate) const CUSTOMERS: &str = include_str!("../../../sandbox/fleet/customers.yaml");
pub(crate) const STAGING: &str = include_str!("../../../sandbox/fleet/environments/staging.yaml");

pub(crate) fn plugins() -> String {
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
pub(crate) fn fleet(changes: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
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

pub(crate) fn desired(changes: &[(&str, &str)]) -> Desired {
    read(&fleet(changes)).unwrap_or_else(|problems| panic!("{problems}"))
}

/// All that is said about the fleet with some files replaced.
#[track_caller]
pub(crate) fn refused(changes: &[(&str, &str)], expected: &str) {
    let said = read(&fleet(changes))
        .map(|_| "nothing")
        .map_err(|problems| problems.to_string());
    assert_eq!(said.unwrap_err(), expected);
}

/// All that is said about a `customers.yaml` with one customer's apps.
#[track_caller]
pub(crate) fn refused_apps(apps: &str, expected: &str) {
    let text =
        format!("version: 1\ncustomers:\n  - name: acme\n    region: us-west-2\n    apps:\n{apps}");
    refused(&[("customers.yaml", &text)], expected);
}
