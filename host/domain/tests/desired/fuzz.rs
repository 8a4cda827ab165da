//! No file makes the reading panic or lose a problem.

use std::collections::BTreeMap;

use deploycenter_domain::desired::{Reading, parse_yaml, read, read_all};
use deploycenter_domain::name::{CustomerName, RegionName, TargetId};
use deploycenter_domain::selector::Selector;
use proptest::prelude::*;

use crate::common::{config, edited, edited_text, soup};
use crate::support::{REGIONS, SETTINGS, STAGING, plugins};

const CUSTOMERS: &str = "\
version: 1
customers:
  - name: acme
    region: us-west-2
    apps:
      - app: odoo
        domain: erp.acme.apps.example.com
        aliases: [erp.acme.example]
        values: { version: \"18.0\", replicas: 3, smtp: { host: smtp.acme.example, port: 587 } }
      - { app: odoo, name: odoo-south, region: eu-south-2, domain: b.apps.example.com, weight: 10 }
      - { app: mattermost, environment: staging, domain: c.apps.example.com, values: { storage: { class: efs-shared, size: 5Gi } } }
";
const ONE: &str = "version: 1\nname: rivoli\nregion: eu-west-3\napps:\n  - { app: moodle, domain: d.apps.example.com, values: &v { a: 1 } }\n";
const OVERRIDES: &str = "odd: [1, 2]\nstorage: { class: efs }\n";

type Files = BTreeMap<String, Vec<u8>>;

fn files(contents: [Vec<u8>; 7]) -> Files {
    [
        "customers.yaml",
        "customers.d/rivoli.yaml",
        "regions.yaml",
        "deploycenter.toml",
        "plugins.lock",
        "environments/staging.yaml",
        "overrides/odoo/values.yaml",
    ]
    .map(str::to_owned)
    .into_iter()
    .zip(contents)
    .collect()
}

/// What holds of every reading.
fn holds(files: &Files, reading: Reading) -> Result<(), TestCaseError> {
    for problem in &reading.problems {
        prop_assert!(problem.file.is_some(), "{problem}");
        prop_assert!(!problem.message.is_empty() && !problem.message.contains('\n'));
        prop_assert!(problem.column.is_none() || problem.line.is_some());
    }
    // An instance is either right or a draft, and a draft was told of.
    prop_assert!(reading.drafts.is_empty() || !reading.problems.is_empty());
    let sound = reading.problems.is_empty();
    let desired = reading.desired.clone();
    for instance in desired.instances() {
        prop_assert!(sound || desired.customer(instance.target.customer()).is_some());
        prop_assert!(!sound || desired.instance(&instance.target) == Some(instance));
        prop_assert!(!sound || desired.region_of(instance).is_some());
    }
    match (read(files), reading.whole()) {
        (Ok(one), Ok(two)) => prop_assert_eq!(one, two),
        (Err(one), Err(two)) => prop_assert_eq!(one.to_string(), two.to_string()),
        _ => prop_assert!(false, "the two ways of reading differ"),
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(500))]

    #[test]
    fn an_edited_repo(
        customers in edited(CUSTOMERS), one in edited(ONE), regions in edited(REGIONS), settings in edited(SETTINGS),
        plugins in edited(plugins()), staging in edited(STAGING), overrides in edited(OVERRIDES),
    ) {
        let files = files([customers, one, regions, settings, plugins, staging, overrides]);
        holds(&files, read_all(&files))?;
    }

    #[test]
    fn one_edited_file(customers in edited(CUSTOMERS)) {
        let sound = [ONE, REGIONS, SETTINGS, &plugins(), STAGING, OVERRIDES].map(|text| text.as_bytes().to_vec());
        let [one, regions, settings, plugins, staging, overrides] = sound;
        let files = files([customers, one, regions, settings, plugins, staging, overrides]);
        holds(&files, read_all(&files))?;
    }

    #[test]
    fn any_names_and_bytes(path in "[a-zA-Z./ -]{0,30}", folder in prop::sample::select(vec!["", "customers.d/", "environments/", "overrides/", "overrides/odoo/templates/"]), bytes in prop::collection::vec(any::<u8>(), 0..300), text in soup()) {
        let files = BTreeMap::from([
            (format!("{folder}{path}"), bytes),
            (format!("{folder}{path}.yaml"), text.clone().into_bytes()),
            ("customers.yaml".to_owned(), text.clone().into_bytes()),
            ("deploycenter.toml".to_owned(), text.into_bytes()),
        ]);
        holds(&files, read_all(&files))?;
    }

    #[test]
    fn any_yaml(text in prop_oneof![soup(), edited_text(CUSTOMERS)]) {
        let (node, found) = parse_yaml("x.yaml", text.as_bytes());
        prop_assert!(node.is_some() || !found.is_empty());
    }

    #[test]
    fn selectors_and_names(text in soup(), short in "[a-z*/_-]{0,12}") {
        for text in [text, short] {
            if let Ok(selector) = Selector::parse(&text) {
                prop_assert_eq!(Selector::parse(&selector.to_string()), Ok(selector));
            }
            if let Ok(target) = text.parse::<TargetId>() {
                prop_assert_eq!(target.to_string().parse::<TargetId>().unwrap(), target);
            }
            if let Ok(name) = text.parse::<CustomerName>() {
                let name = name.as_str();
                prop_assert!(name.len() <= 63 && !name.contains("--") && !name.contains(['/', '.']));
            }
            let _ = text.parse::<RegionName>();
        }
    }
}
