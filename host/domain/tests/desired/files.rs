//! The other files: settings, regions, plugins, environments, overrides.

use deploycenter_domain::desired::{QuotaRule, read};

use crate::support::{REGIONS, SETTINGS, desired, fleet, plugins, refused};

#[test]
fn settings() {
    refused(
        &[("deploycenter.toml", "")],
        "deploycenter.toml: is missing\n  help: run this in a deployment repo, or make one with: <init>",
    );
    refused(
        &[(
            "deploycenter.toml",
            "version = 1\ninstalation = \"x\"\n[git]\nremote = \"../x\"\n[timeouts]\nprogress_seconds = 0\n",
        )],
        "deploycenter.toml:1:1: \"argocd\" is missing\n\
         deploycenter.toml:2:1: unknown key \"instalation\"; did you mean \"installation\"?\n\
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
fn main_stands_beside_the_generated_branches() {
    for name in ["customer/acme", "customer"] {
        refused(
            &[(
                "deploycenter.toml",
                &format!("{SETTINGS}\n[git]\nmain = \"{name}\"\n"),
            )],
            &format!(
                "deploycenter.toml:8:8: \"{name}\" is where generated branches are: customer/<name>; the desired state needs another, such as main"
            ),
        );
    }
    desired(&[(
        "deploycenter.toml",
        &format!("{SETTINGS}\n[git]\nmain = \"customers\"\n"),
    )]);
}

#[test]
fn an_address_holds_no_login_wherever_it_stands() {
    for (address, bare, part) in [
        (
            "https://SECRET@git.example.com/x.git",
            "https://git.example.com/x.git",
            "what stands before the @",
        ),
        (
            "https://git.example.com/x.git?private_token=SECRET",
            "https://git.example.com/x.git",
            "what follows ? or #, or the name of a login in the path",
        ),
        (
            "https://git.example.com/x.git#access_token=SECRET",
            "https://git.example.com/x.git",
            "what follows ? or #, or the name of a login in the path",
        ),
        (
            "https://git.example.com/x-access-token:SECRET/x.git",
            "https://git.example.com/x-access-token/x.git",
            "what follows ? or #, or the name of a login in the path",
        ),
        (
            "https:/ci:SECRET@git.example.com/x.git",
            "https:/git.example.com/x.git",
            "what stands before the @",
        ),
        (
            "https://git.example.com/x-access-token%3ASECRET/x.git",
            "https://git.example.com/x-access-token/x.git",
            "what follows ? or #, or the name of a login in the path",
        ),
        (
            "git.example.com:x.git?private_token=SECRET",
            "git.example.com:x.git",
            "what follows ? or #, or the name of a login in the path",
        ),
        (
            "ci:SECRET@git.example.com:x.git",
            "ci@git.example.com:x.git",
            "what stands before the @",
        ),
        (
            "file:///srv/x.git?token=SECRET",
            "file:///srv/x.git",
            "what follows ? or #, or the name of a login in the path",
        ),
    ] {
        refused(
            &[(
                "deploycenter.toml",
                &format!("{SETTINGS}\n[git]\ngenerated = \"{address}\"\n"),
            )],
            &format!(
                "deploycenter.toml:8:13: \"{bare}\" is written with a login in it; take out {part}, and change that login, since it is in git's history"
            ),
        );
    }
}

#[test]
fn a_repository_and_argo_cd_have_sound_addresses() {
    refused(
        &[(
            "deploycenter.toml",
            &format!("{SETTINGS}\n[git]\ngenerated = \"https:/git.example.com/x.git\"\n"),
        )],
        "deploycenter.toml:8:13: \"https:/git.example.com/x.git\" is no address of a git repository: after its scheme stand a colon and two slashes",
    );
    let server = SETTINGS
        .lines()
        .find_map(|line| line.strip_prefix("server = "))
        .expect("the settings name Argo CD's server");
    for (address, says) in [
        (
            "argocd.example.com/oauth2:SECRET/x",
            "\"argocd.example.com/oauth2/x\" is written with a login in it",
        ),
        (
            "https://argocd.example.com/x?token=SECRET",
            "\"https://argocd.example.com/x\" is no address",
        ),
        (
            "https:/argocd.example.com",
            "\"https:/argocd.example.com\" is no address",
        ),
    ] {
        let text = SETTINGS.replacen(server, &format!("\"{address}\""), 1);
        let said = read(&fleet(&[("deploycenter.toml", &text)])).unwrap_err();
        let said = said.to_string();
        assert!(said.contains(says) && !said.contains("SECRET"), "{said}");
    }
}

#[test]
fn shards_are_named_as_what_isnt_there_yet() {
    refused(
        &[(
            "deploycenter.toml",
            &format!(
                "{SETTINGS}\n[git]\ngenerated = \"https://git.example.com/deploy-{{shard}}.git\"\n"
            ),
        )],
        "deploycenter.toml:8:13: \"https://git.example.com/deploy-{shard}.git\": {shard} isn't supported yet; all generated branches are in one repository, so write its address",
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
            "ipv4: [198.51.100.20]",
            "ipv4: [0.0.0.0]",
            "regions.yaml:35:37: \"0.0.0.0\" is the unspecified address, which nobody else reaches",
        ),
        (
            "ipv4: [198.51.100.20]",
            "ipv4: [127.0.0.1]",
            "regions.yaml:35:37: \"127.0.0.1\" is a loopback address, which nobody else reaches",
        ),
        (
            "ipv4: [198.51.100.20]",
            "ipv4: [169.254.0.1]",
            "regions.yaml:35:37: \"169.254.0.1\" is a link-local address, which nobody else reaches",
        ),
        (
            "ipv4: [198.51.100.20]",
            "ipv4: [224.0.0.1]",
            "regions.yaml:35:37: \"224.0.0.1\" is a multicast address, which nobody else reaches",
        ),
        (
            "ipv4: [198.51.100.20]",
            "ipv4: [198.51.100.20], ipv6: [\"::\"]",
            "regions.yaml:35:60: \"::\" is the unspecified address, which nobody else reaches",
        ),
        (
            "ipv4: [198.51.100.20]",
            "ipv4: [198.51.100.20], ipv6: [\"::1\"]",
            "regions.yaml:35:60: \"::1\" is a loopback address, which nobody else reaches",
        ),
        (
            "ipv4: [198.51.100.20]",
            "ipv4: [198.51.100.20], ipv6: [\"fe80::1\"]",
            "regions.yaml:35:60: \"fe80::1\" is a link-local address, which nobody else reaches",
        ),
        (
            "ipv4: [198.51.100.20]",
            "ipv4: [198.51.100.20], ipv6: [\"ff02::1\"]",
            "regions.yaml:35:60: \"ff02::1\" is a multicast address, which nobody else reaches",
        ),
        (
            "ipv4: [198.51.100.20]",
            "ipv4: [198.51.100.20], ipv6: [\"::ffff:c633:6414\"]",
            "regions.yaml:35:60: \"::ffff:c633:6414\" is an IPv4 address in the form of IPv6, which nobody else reaches",
        ),
        (
            "server: https://euw3.k8s.example.com",
            "server: https://euw3.k8s.example.com/oauth2:SECRET",
            "regions.yaml:47:41: \"https://euw3.k8s.example.com/oauth2\" is written with a login in it; take it out, and change that login, since it is in git's history",
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
            "regions.yaml:53:23: \"brusting\" isn't one of elastic, bursting; did you mean \"bursting\"?",
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
            "overrides/odoo/templates/dependencies/extra.yaml",
            "kind: [[ kind ]]\n",
        ),
        ("overrides/odoo/.gitkeep", "\u{7}"),
        ("overrides/README.md", "notes"),
    ]);
    let odoo = &desired.overrides[&"odoo".parse().unwrap()];
    assert_eq!(odoo.values.as_ref().unwrap().values["workers"], 4);
    assert_eq!(
        odoo.templates["dependencies/extra.yaml"],
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
         environments/dev.yaml:1:1: unknown app \"oddo\"; did you mean \"odoo\"?\n\
         overrides/odo/values.yaml: unknown app \"odo\"; did you mean \"odoo\"?\n\
         overrides/odoo/templates/a b.yaml: \"a b.yaml\" is no plain path below the deployment repo's root\n  help: rename the file\n\
         overrides/odoo/x.txt: isn't read\n  help: an app's folder has values.yaml and templates/; take anything else away\n\
         overrides/stray.yaml: isn't read\n  help: move it into overrides/<app>/",
    );
}

#[test]
fn no_override_makes_what_the_host_makes() {
    const PLATFORM: &str = "there is no such template any more: regions.yaml says where add-ons live\n  help: write the namespaces under `cluster.namespaces` of each region, and take this file away";
    const OWN: &str = "namespace, quota, network policies, accounts and the secret store are made by the host, from what the app's plugin declares; no template makes them\n  help: take this file away; `cluster.quota` and `cluster.namespaces` in regions.yaml are the operator's";
    for (name, said) in [
        ("shared/platform.yaml", PLATFORM),
        ("shared/tenancy/network.yaml", OWN),
        ("tenancy/guardrails.yaml", OWN),
        ("dependencies/namespace.yaml", OWN),
        ("dependencies/network.yaml", OWN),
        ("dependencies/secrets.yaml", OWN),
        ("shared/dependencies/secrets.yaml", OWN),
    ] {
        let path = format!("overrides/odoo/templates/{name}");
        refused(&[(&path, "a: 1\n")], &format!("{path}: {said}"));
    }
}

#[test]
fn a_cluster_says_where_add_ons_live_and_what_an_instance_may_take() {
    let written = REGIONS.replacen(
        "{ name: prod-usw2, server: https://usw2.k8s.example.com }",
        "\n      name: prod-usw2\n      server: https://usw2.k8s.example.com\n      namespaces: { ingress: web }\n      quota: { most: { cpu: \"64\", memory: 2Gi, pods: 200 }, extra: { cpu: 250m, storage: 999999999999999Ti } }",
        1,
    );
    let desired = desired(&[("regions.yaml", &written)]);
    let cluster = |region: &str| &desired.regions.regions[&region.parse().unwrap()].cluster;
    let said = cluster("us-west-2");
    assert_eq!(said.namespaces.ingress, "web");
    assert_eq!(said.namespaces.postgres_operator, "cnpg-system");
    let (most, extra) = (&said.quota.most, &said.quota.extra);
    assert_eq!(
        (most.cpu_millicores, most.memory),
        (Some(64_000), Some(2 << 30))
    );
    assert_eq!((most.pods, most.claims), (Some(200), None));
    assert_eq!(
        (extra.cpu_millicores, extra.storage),
        // Kubernetes lets a binary quantity be no more.
        (Some(250), Some(i64::MAX.unsigned_abs()))
    );
    assert_eq!(cluster("eu-west-3").quota, QuotaRule::default());
    refused(
        &[(
            "regions.yaml",
            &written.replacen("ingress: web", "ingress: -web", 1),
        )],
        "regions.yaml:18:30: \"-web\" is no namespace such as ingress-nginx: 1 to 63 of a-z, 0-9 and single hyphens between them",
    );
    refused(
        &[("regions.yaml", &written.replacen("250m", "0.25m", 1))],
        "regions.yaml:19:75: \"0.25m\" is no number of cores such as 4 or 1500m",
    );
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
