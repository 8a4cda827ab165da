//! Domains, hosted zones and weighted sets.

use crate::support::refused_apps;

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
