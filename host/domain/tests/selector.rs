//! Selectors: what they mean, and what is said when they mean nothing.

#![expect(clippy::unwrap_used, reason = "tests")]

use deploycenter_domain::desired::{Instance, Layer, Place};
use deploycenter_domain::name::TargetId;
use deploycenter_domain::selector::{Selection, Selector};

fn instances() -> Vec<Instance> {
    [
        ("acme/mattermost", "mattermost", "us-west-2", "prod"),
        ("acme/odoo", "odoo", "us-west-2", "prod"),
        ("acme/odoo-staging", "odoo", "us-west-2", "staging"),
        ("acme-corp/mattermost", "mattermost", "eu-west-3", "prod"),
        ("delmar/odoo", "odoo", "eu-west-3", "prod"),
    ]
    .into_iter()
    .map(|(target, app, region, environment)| Instance {
        target: target.parse().unwrap(),
        app: app.parse().unwrap(),
        environment: environment.parse().unwrap(),
        region: region.parse().unwrap(),
        domain: "x.example.com".to_owned(),
        aliases: vec![],
        weight: None,
        values: Layer::default(),
        at: Place {
            file: "customers.yaml".to_owned(),
            line: 1,
            column: 1,
        },
    })
    .collect()
}

fn selection(selectors: &[&str], region: Option<&str>, environment: Option<&str>) -> Selection {
    Selection {
        selectors: selectors
            .iter()
            .map(|text| Selector::parse(text).unwrap())
            .collect(),
        region: region.map(|region| region.parse().unwrap()),
        environment: environment.map(|environment| environment.parse().unwrap()),
    }
}

fn chosen(selection: &Selection) -> Result<String, String> {
    let instances = instances();
    match selection.select(&instances, &[]) {
        Ok(chosen) => Ok(chosen
            .iter()
            .map(|instance| instance.target.to_string())
            .collect::<Vec<_>>()
            .join(" ")),
        Err(problems) => Err(problems.to_string()),
    }
}

#[test]
fn what_selectors_mean() {
    for (selectors, region, environment, expected) in [
        (
            &[][..],
            None,
            None,
            "acme/mattermost acme/odoo acme/odoo-staging acme-corp/mattermost delmar/odoo",
        ),
        (
            &["acme"][..],
            None,
            None,
            "acme/mattermost acme/odoo acme/odoo-staging",
        ),
        (
            &["acme/*"][..],
            None,
            None,
            "acme/mattermost acme/odoo acme/odoo-staging",
        ),
        (&["acme/odoo"][..], None, None, "acme/odoo"),
        (&["*/odoo"][..], None, None, "acme/odoo delmar/odoo"),
        (
            &["delmar", "*/mattermost"][..],
            None,
            None,
            "acme/mattermost acme-corp/mattermost delmar/odoo",
        ),
        (
            &[][..],
            Some("eu-west-3"),
            None,
            "acme-corp/mattermost delmar/odoo",
        ),
        (&["acme"][..], None, Some("staging"), "acme/odoo-staging"),
        (&["*/odoo"][..], Some("eu-west-3"), None, "delmar/odoo"),
    ] {
        assert_eq!(
            chosen(&selection(selectors, region, environment)).unwrap(),
            expected
        );
    }
}

#[test]
fn a_selector_that_means_nothing_is_an_error() {
    for (selectors, region, environment, expected) in [
        (
            &["acmee"][..],
            None,
            None,
            "the selector \"acmee\" matches nothing\n  help: did you mean \"acme\"?",
        ),
        (
            &["acme/odo"][..],
            None,
            None,
            "the selector \"acme/odo\" matches nothing\n  help: did you mean \"acme/odoo\"?",
        ),
        (
            &["*/moodle"][..],
            None,
            None,
            "the selector \"*/moodle\" matches nothing\n  help: known are */mattermost, */odoo, */odoo-staging",
        ),
        (
            &["*/mattermst"][..],
            None,
            None,
            "the selector \"*/mattermst\" matches nothing\n  help: did you mean \"*/mattermost\"?",
        ),
        // The customer's name makes no other instance near.
        (
            &["delmar/ldap"][..],
            None,
            None,
            "the selector \"delmar/ldap\" matches nothing\n  help: known is delmar/odoo",
        ),
        (
            &["acmy/odoo"][..],
            None,
            None,
            "the selector \"acmy/odoo\" matches nothing\n  help: did you mean \"acme/odoo\"?",
        ),
        (
            &[][..],
            Some("eu-wset-3"),
            None,
            "no instance runs in region \"eu-wset-3\"\n  help: did you mean \"eu-west-3\"?",
        ),
        (
            &[][..],
            None,
            Some("stage"),
            "no instance is of environment \"stage\"\n  help: known are prod, staging",
        ),
        (
            &["delmar"][..],
            Some("us-west-2"),
            None,
            "no instance matches all of what was selected\n  help: each part matches something, but nothing matches them together",
        ),
    ] {
        assert_eq!(
            chosen(&selection(selectors, region, environment)).unwrap_err(),
            expected
        );
    }
}

#[test]
fn targets_that_arent_desired_any_more() {
    let gone: TargetId = "gone/odoo".parse().unwrap();
    let all = instances();
    let selection = selection(&["gone"], None, None);
    assert_eq!(
        selection
            .select(&all, std::slice::from_ref(&gone))
            .unwrap()
            .len(),
        0
    );
    assert!(selection.matches_target(&gone));
}

#[test]
fn whoever_names_what_was_removed_hears_of_its_history() {
    let former: Vec<TargetId> = [
        "acme/_customer",
        "gone/_customer",
        "gone/odoo",
        "lost/_customer",
    ]
    .into_iter()
    .map(|target| target.parse().unwrap())
    .collect();
    let all = instances();
    for (selector, expected) in [
        (
            "gone/odoo",
            "help: gone/odoo is neither desired nor deployed any more; look at its deployments: <history>",
        ),
        (
            "gone",
            "help: gone/odoo is neither desired nor deployed any more; look at its deployments: <history>",
        ),
        // What a customer's instances shared has no name that one could say.
        ("lost", "help: known are acme, acme-corp, delmar"),
        ("acmee", "help: did you mean \"acme\"?"),
    ] {
        let selection = selection(&[selector], None, None);
        let said = selection.select_beside(&all, &[], &former).unwrap_err();
        assert!(said.to_string().ends_with(expected), "{said}");
    }
}

#[test]
fn shared_targets() {
    let shared: TargetId = "acme/_customer".parse().unwrap();
    assert!(Selector::parse("acme").unwrap().matches(&shared));
    assert!(!Selector::parse("acme/odoo").unwrap().matches(&shared));
}

#[test]
fn texts_that_are_no_selector() {
    for (text, expected) in [
        (
            "",
            "\"\" is no selector; write acme, acme/odoo, acme/* or */odoo",
        ),
        (
            "a/b/c",
            "\"a/b/c\" is no selector; write acme, acme/odoo, acme/* or */odoo",
        ),
        (
            "acme/",
            "\"acme/\" is no selector; write acme, acme/odoo, acme/* or */odoo",
        ),
        (
            "Acme",
            "in the selector \"Acme\": customer \"Acme\" holds the capital \"A\"; names are lower case",
        ),
        (
            "ac*",
            "in the selector \"ac*\": customer \"ac*\" holds \"*\"; only a-z, 0-9 and single hyphens are allowed",
        ),
    ] {
        assert_eq!(Selector::parse(text).unwrap_err().to_string(), expected);
    }
    assert_eq!(Selector::parse("acme/*").unwrap().to_string(), "acme");
}
