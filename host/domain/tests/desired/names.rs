//! Names, and what they refer to.

use crate::support::{CUSTOMERS, refused, refused_apps};

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
            "customer \"аcme\" holds \"а\" (U+0430), which isn't the plain letter it may look like",
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
        "customers.yaml:7:13: unknown region \"us-wset-2\"; did you mean \"us-west-2\"?",
    );
    refused_apps(
        "      - { app: odo, domain: a.apps.example.com }\n      - { app: wordpress, domain: b.apps.example.com }\n",
        "customers.yaml:6:16: unknown app \"odo\"; did you mean \"odoo\"?\n\
         customers.yaml:7:16: unknown app \"wordpress\"\n  help: known are mattermost, moodle, odoo",
    );
    refused_apps(
        "      - { app: odoo, domain: a.apps.example.com, environment: stagin, region: mars }\n",
        "customers.yaml:6:63: unknown environment \"stagin\"; did you mean \"staging\"?\n\
         customers.yaml:6:79: unknown region \"mars\"\n  help: known are eu-south-2, eu-west-3, us-west-2",
    );
    refused_apps(
        "      - { app: odoo, domain: a.apps.example.com, values: { storage: { class: efs-shard } } }\n",
        "customers.yaml:6:71: region \"us-west-2\" has no storage class \"efs-shard\"; did you mean \"efs-shared\"?",
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
        "customers.yaml:6:22: unknown key \"doman\"; did you mean \"domain\"?\n\
         customers.yaml:6:49: unknown key \"value\"; did you mean \"values\"?",
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
