//! Domains, hosted zones and weighted sets.

use crate::support::{desired, refused, refused_apps};

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

/// Two customers with an app each, as given.
fn two(one: &str, two: &str) -> String {
    format!(
        "version: 1\ncustomers:\n  - name: acme\n    region: us-west-2\n    apps:\n      - {{ app: odoo, {one} }}\n  - name: rivoli\n    region: us-west-2\n    apps:\n      - {{ app: odoo, {two} }}\n"
    )
}

const BESIDE: &str = "\n  help: a domain and all names below it belong to one instance; choose a name beside the other";

#[test]
fn a_domain_within_another_ones_is_refused_whoever_comes_first() {
    for (one, other, said) in [
        (
            "domain: a.apps.example.com",
            "domain: x.y.a.apps.example.com",
            "10:30: the domain \"x.y.a.apps.example.com\" lies in \"a.apps.example.com\", which is taken at line 6",
        ),
        (
            "domain: x.y.a.apps.example.com",
            "domain: a.apps.example.com",
            "10:30: \"x.y.a.apps.example.com\", which is taken at line 6, lies in the domain \"a.apps.example.com\"",
        ),
        (
            "domain: apps.example.com",
            "domain: b.apps.example.com",
            "10:30: the domain \"b.apps.example.com\" lies in \"apps.example.com\", which is taken at line 6",
        ),
        (
            "domain: a.apps.example.com",
            "domain: b.apps.example.com, aliases: [x.a.apps.example.com]",
            "10:60: the domain \"x.a.apps.example.com\" lies in \"a.apps.example.com\", which is taken at line 6",
        ),
        (
            "domain: a.apps.example.com, aliases: [acme.example]",
            "domain: b.apps.example.com, aliases: [chat.Acme.example]",
            "10:60: the domain \"chat.acme.example\" lies in \"acme.example\", which is taken at line 6",
        ),
        (
            "domain: a.apps.example.com, aliases: [chat.acme.example]",
            "domain: b.apps.example.com, aliases: [acme.example]",
            "10:60: \"chat.acme.example\", which is taken at line 6, lies in the domain \"acme.example\"",
        ),
    ] {
        refused(
            &[("customers.yaml", &two(one, other))],
            &format!("customers.yaml:{said}{BESIDE}"),
        );
    }
    // A neighbour of the same customer is one too: a plugin declares records below its domain.
    refused_apps(
        "      - { app: odoo, domain: a.apps.example.com }\n      - { app: moodle, domain: b.a.apps.example.com }\n",
        &format!(
            "customers.yaml:7:32: the domain \"b.a.apps.example.com\" lies in \"a.apps.example.com\", which is taken at line 6{BESIDE}"
        ),
    );
}

#[test]
fn names_beside_each_other_and_one_instances_own_may_stand() {
    for apps in [
        "      - { app: odoo, domain: a.apps.example.com, aliases: [www.a.apps.example.com] }\n      - { app: moodle, domain: xa.apps.example.com }\n",
        "      - { app: odoo, domain: a.apps.example.com, aliases: [acme.example] }\n      - { app: moodle, domain: b.apps.example.com, aliases: [learn.acme.example] }\n",
        "      - { app: odoo, domain: a.apps.example.com, aliases: [www.a.apps.example.com], weight: 1 }\n      - { app: odoo, name: b, region: eu-west-3, domain: a.apps.example.com, aliases: [www.a.apps.example.com], weight: 2 }\n",
    ] {
        let text = format!(
            "version: 1\ncustomers:\n  - name: acme\n    region: us-west-2\n    apps:\n{apps}"
        );
        desired(&[("customers.yaml", &text)]);
    }
}
