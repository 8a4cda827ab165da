//! The patterns against the parser's own checks.

use std::sync::LazyLock;

use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::Value;

use super::validator;
use crate::desired::formats;
use crate::desired::json_schema::forms;
use crate::desired::lockfile::{interface_name, plugin_version, relative_path};
use crate::desired::settings::{main_branch, ref_name, server_address};
use crate::digest::Digest;
use crate::name::{AppName, InstallationId, RegionName};

type Check = fn(&str) -> bool;

/// Each form with the parser's check and texts on both sides of it.
fn all() -> Vec<(&'static str, Value, Check, &'static [&'static str])> {
    const NAMES: &[&str] = &[
        "acme",
        "a",
        "0",
        "acme-corp",
        "a--b",
        "-a",
        "a-",
        "Acme",
        "a_b",
        "a.b",
        "prod",
        "kube-x",
        "kubex",
        "deploycenter",
        "deploycenter-x",
        "deploycenters",
        "main",
        "system",
        "аcme",
        "a b",
        "a\n",
        "0123456789012345678901234567890123456789012345678901234567890123",
        "012345678901234567890123456789012345678901234567890123456789012",
        "abc",
        "01234567890123456789012345678901",
        "012345678901234567890123456789012",
    ];
    const IDS: &[&str] = &[
        "subnet-01234567",
        "subnet-0123456",
        "sg-0123456789abcdef0",
        "sg-0123456G",
        "fs-01234567",
        "fs-0123456789012345678901234567890123456789",
        "fs-01234567890123456789012345678901234567890",
        "subnet-ABCDEF01",
    ];
    const DOMAINS: &[&str] = &[
        "a.b",
        "erp.acme.example",
        "ERP.Acme.example",
        "localhost",
        "a..b",
        ".a.b",
        "a.b.",
        "-a.b",
        "a-.b",
        "a_b.c",
        "*.a.b",
        "1.2.3.4",
        "a.1",
        "a.1b",
        "a.b1",
        "xn--bcher-kva.example",
        "bücher.example",
        "a.b c",
        "a.0123456789012345678901234567890123456789012345678901234567890123",
        "a.b\n",
    ];
    const ARNS: &[&str] = &[
        "arn:aws:iam::111122223333:role/deploycenter",
        "arn:aws-cn:iam::111122223333:role/a/b",
        "arn:aws:iam::11112222333:role/x",
        "arn:aws:iam::111122223333:role/",
        "arn:aws:iam::111122223333:user/x",
        "arn:aws:iam:eu:111122223333:role/x",
        "arn:aws:iam::111122223333:role/a b",
        "arn:aws:iam::111122223333:role/a:b",
        "arn:aws:kms:us-west-2:111122223333:key/8d3c",
        "arn:aws:kms::111122223333:key/8d3c",
        "arn:aws:kms:us-west-2:111122223333:alias/x",
        "arn:aws:kms:us-west-2:111122223333:key/",
    ];
    const IPV6: &[&str] = &[
        "2001:db8::20",
        "2001:0DB8:0:0:0:0:0:20",
        "::",
        "::1",
        "fe80::",
        "1:2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7::",
        "::2:3:4:5:6:7:8",
        "1:2:3::5:6:7:8",
        "1:2:3:4::5:6:7:8",
        "1:2:3:4:5:6:7:8::",
        "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7",
        "1::2::3",
        "2001:db8:::20",
        "12345::",
        ":1",
        "1:",
        "g::",
        "::ffff:192.0.2.1",
        "fe80::1%eth0",
        "[::1]",
        "198.51.100.20",
    ];
    const ADDRESSES: &[&str] = &[
        "https://usw2.k8s.example.com",
        "http://a:6443/x?y=1",
        "https://",
        "https:///x",
        "https://:1",
        "https://.a",
        "ftp://a",
        "https://u@a",
        "https://a b",
        "https://a\"",
        "https://[::1]:6443",
        "argocd.example.com",
        "127.0.0.1:8080",
        "http://127.0.0.1:8080",
        "/x",
        "a/b",
        "a@b",
        "é",
        "198.51.100.20",
        "198.51.100.256",
        "198.51.100",
        "198.51.100.020",
        "1.2.3.4.5",
        "0.0.0.0",
    ];
    const QUANTITIES: &[&str] = &[
        "4",
        "0",
        "500m",
        "1500m",
        "1.5",
        "m",
        "",
        "-1",
        "4 ",
        "4M",
        "123456789",
        "1234567890",
        "123456789m",
        "1234567890m",
    ];
    const WORDS: &[&str] = &[
        "eu-west-3",
        "us-gov-west-1",
        "eu-west",
        "eu-west-123",
        "EU-west-3",
        "west-2",
        "eu--west-3",
        "eu-west-3a",
        "Z0123456789ABC",
        "z0",
        "012345678901234567890123456789AB",
        "012345678901234567890123456789ABC",
        "111122223333",
        "11112222333",
        "2Gi",
        "512Mi",
        "1G",
        "1g",
        "Gi",
        "1.5Gi",
        "0123456789012345",
        "012345678901234k",
        "origin",
        "customer",
        "customer/acme",
        "customers",
        "a/b",
        "a//b",
        "a..b",
        "a.lock",
        "-a",
        ".a",
        "a.",
        "a/",
        "/a",
        "a b",
        "0.1.0",
        "1.0.0-rc.1+x",
        "plugins/a-0.1.0.wasm",
        "../a",
        "a/../b",
        "a/.b",
        "efs",
        "Efs",
        "efs-shared",
        "efs_shared",
        "sha256:0000000000000000000000000000000000000000000000000000000000000000",
        "sha256:000000000000000000000000000000000000000000000000000000000000000",
        "sha256:A000000000000000000000000000000000000000000000000000000000000000",
        "x",
        " ",
        "",
    ];
    vec![
        (
            "app name",
            forms::own_label(),
            |text| text.parse::<AppName>().is_ok(),
            NAMES,
        ),
        (
            "label",
            forms::label(),
            |text| text.parse::<RegionName>().is_ok(),
            NAMES,
        ),
        (
            "region name",
            forms::region_name(),
            |text| text.parse::<RegionName>().is_ok() && text.len() <= 32,
            NAMES,
        ),
        (
            "installation",
            forms::installation(),
            |text| text.parse::<InstallationId>().is_ok(),
            NAMES,
        ),
        (
            "domain",
            forms::domain(),
            |text| formats::domain(text).is_ok(),
            DOMAINS,
        ),
        (
            "account",
            forms::account(),
            |text| formats::account(text).is_ok(),
            WORDS,
        ),
        (
            "role",
            forms::role_arn(),
            |text| formats::role_arn(text).is_ok(),
            ARNS,
        ),
        (
            "key",
            forms::kms_key(),
            |text| formats::kms_key(text).is_ok(),
            ARNS,
        ),
        (
            "AWS region",
            forms::aws_region(),
            |text| formats::aws_region(text).is_ok(),
            WORDS,
        ),
        (
            "zone id",
            forms::zone_id(),
            |text| formats::zone_id(text).is_ok(),
            WORDS,
        ),
        (
            "address",
            forms::ipv4(),
            |text| formats::ipv4(text).is_ok(),
            ADDRESSES,
        ),
        (
            "IPv6 address",
            forms::ipv6(),
            |text| formats::ipv6(text).is_ok(),
            IPV6,
        ),
        (
            "URL",
            forms::url(),
            |text| formats::url(text).is_ok(),
            ADDRESSES,
        ),
        (
            "server",
            forms::server_address(),
            |text| !text.trim().is_empty() && server_address(text).is_ok(),
            ADDRESSES,
        ),
        (
            "subnet",
            forms::aws_id("subnet-"),
            |text| formats::subnet(text).is_ok(),
            IDS,
        ),
        (
            "security group",
            forms::aws_id("sg-"),
            |text| formats::security_group(text).is_ok(),
            IDS,
        ),
        (
            "file system",
            forms::aws_id("fs-"),
            |text| formats::file_system(text).is_ok(),
            IDS,
        ),
        (
            "quantity",
            forms::quantity(),
            |text| formats::quantity(text).is_ok(),
            WORDS,
        ),
        (
            "cores",
            forms::cores(),
            |text| formats::millicores(text).is_ok(),
            QUANTITIES,
        ),
        (
            "namespace",
            forms::namespace(),
            |text| formats::namespace(text).is_ok(),
            WORDS,
        ),
        (
            "short name",
            serde_json::json!({ "pattern": forms::SHORT_NAME }),
            |text| formats::short_name(text).is_ok(),
            WORDS,
        ),
        (
            "ref name",
            forms::ref_name(),
            |text| !text.is_empty() && ref_name(text).is_ok(),
            WORDS,
        ),
        (
            "main branch",
            forms::main_branch(),
            |text| !text.is_empty() && main_branch(text).is_ok(),
            WORDS,
        ),
        (
            "plugin version",
            forms::plugin_version(),
            |text| plugin_version(text).is_ok(),
            WORDS,
        ),
        (
            "digest",
            forms::digest(),
            |text| text.parse::<Digest>().is_ok(),
            WORDS,
        ),
        (
            "path",
            forms::relative_path(),
            |text| relative_path(text).is_ok(),
            WORDS,
        ),
        (
            "interface",
            forms::interface_name(),
            |text| interface_name(text).is_ok(),
            WORDS,
        ),
        (
            "any text",
            forms::any_text(),
            |text| !text.trim().is_empty(),
            WORDS,
        ),
    ]
}

#[test]
fn patterns_and_checks_agree() {
    for (what, form, check, texts) in FORMS.iter() {
        let taken: Vec<bool> = texts
            .iter()
            .map(|text| {
                let taken = form.is_valid(&Value::from(*text));
                assert_eq!(taken, check(text), "{what}: {text:?}");
                taken
            })
            .collect();
        assert!(taken.contains(&true) && taken.contains(&false), "{what}");
    }
}

#[test]
fn a_zone_ends_a_domain_at_a_dot() {
    let zones = [
        "apps.example.com".to_owned(),
        "campus-2.example.org".to_owned(),
    ];
    let form = validator(&forms::in_zones(&zones));
    for (domain, inside) in [
        ("erp.apps.example.com", true),
        ("ERP.Apps.EXAMPLE.com", true),
        ("apps.example.com", true),
        ("a.campus-2.example.org", true),
        ("notapps.example.com", false),
        ("appsxexample.com", false),
        ("apps.example.com.evil.example", false),
        ("example.org", false),
    ] {
        assert_eq!(form.is_valid(&Value::from(domain)), inside, "{domain}");
    }
}

type Form = (&'static str, Validator, Check, &'static [&'static str]);

static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| {
    all()
        .into_iter()
        .map(|(what, form, check, texts)| (what, validator(&form), check, texts))
        .collect()
});

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// A text near the border: a sample with a character changed, doubled or taken out.
    #[test]
    fn patterns_and_checks_agree_nearby(
        at in any::<prop::sample::Index>(),
        spot in any::<prop::sample::Index>(),
        new in prop::sample::select("aZ09-._/:@é\n \"[+".chars().collect::<Vec<_>>()),
        how in 0..3,
    ) {
        for (what, form, check, texts) in FORMS.iter() {
            let mut text: Vec<char> = at.get(texts).chars().collect();
            if text.is_empty() {
                text.push('a');
            }
            let spot = spot.index(text.len());
            match how {
                0 => text[spot] = new,
                1 => text.insert(spot, new),
                _ => { text.remove(spot); }
            }
            let text: String = text.into_iter().collect();
            prop_assert_eq!(form.is_valid(&Value::from(text.as_str())), check(&text), "{}: {:?}", what, text);
        }
    }
}
