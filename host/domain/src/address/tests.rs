//! Addresses, and the logins in them.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;

#[test]
fn an_origin_is_scheme_host_and_port() {
    let same = [
        "git.example.com",
        "GIT.example.com:443",
        "https://git.example.com/",
        "https://git.example.com:443/a/b.git?x#y",
    ];
    for text in same {
        let origin = Origin::read(text).unwrap();
        assert_eq!(origin.to_string(), "https://git.example.com", "{text}");
        assert_eq!(origin.in_short(), "git.example.com");
    }
    let others = [
        "http://git.example.com",
        "https://git.example.com:8443",
        "git.example.com:80",
        "git.example.com.",
        "evil.git.example.com",
    ];
    for text in others {
        assert_ne!(Origin::read(text), Origin::read(same[0]), "{text}");
    }
    for ambiguous in [
        "https://git.example.com\\@evil.example.com/x",
        "https://git.example.com%2F@evil.example.com@other/x",
        "https://git.example.com%2eevil.example.com/x",
        "https://git\t.example.com/x",
        "https:///git.example.com/x",
    ] {
        assert_eq!(Origin::of(ambiguous), None, "{ambiguous}");
    }
    assert_eq!(
        Origin::of("https://ci:a%2Fb@git.example.com/x"),
        Origin::read(same[0]).ok()
    );
    assert_eq!(
        Origin::read("http://[::1]:8080").unwrap().to_string(),
        "http://[::1]:8080"
    );
    for text in [
        "",
        "/a/b",
        "ssh://git@host/x",
        "a b",
        "https://",
        "user@host",
        "https://t@h",
        "a\\b",
    ] {
        assert!(Origin::read(text).is_err(), "{text}");
    }
}

#[test]
fn only_this_machine_is_private_without_https() {
    for (text, private) in [
        ("https://git.example.com", true),
        ("http://127.0.0.1:1", true),
        ("http://localhost:1", true),
        ("http://[::1]:1", true),
        ("http://git.example.com", false),
        ("http://10.0.0.7:8080", false),
        ("http://127.0.0.1.example.com", false),
    ] {
        let origin = Origin::read(text).unwrap();
        assert_eq!(origin.is_private(), private, "{text}");
        let plain = text.starts_with("http:");
        assert_eq!(origin.needs_no_certificate(), private && plain, "{text}");
    }
}

#[test]
fn spellings_of_one_address_are_one() {
    for (written, address) in [
        (
            "HTTPS://Git.Example.com:443/Ops/x.git/",
            "https://git.example.com/Ops/x.git",
        ),
        (
            "https://git.example.com:8443/x",
            "https://git.example.com:8443/x",
        ),
        ("ssh://git@Host:22/x/", "ssh://git@host/x"),
        ("git@Host:ops/x.git", "git@host:ops/x.git"),
        ("/srv/X.git", "/srv/X.git"),
        ("file:///srv/X.git", "file:///srv/X.git"),
    ] {
        assert_eq!(canonical(written), address);
        assert_eq!(canonical(address), address);
    }
}

#[test]
fn addresses_of_one_repository_are_known_by_whatever_protocol() {
    let one = [
        "https://git.example.com/ops/deploy.git",
        "https://GIT.example.com:443/ops/deploy/",
        "http://ci:x@git.example.com/ops/deploy",
        "ssh://git@git.example.com/ops/deploy.git",
        "ssh://git@git.example.com:22/ops/deploy",
        "git@git.example.com:ops/deploy.git",
        "git@git.example.com:/ops/deploy",
    ];
    for a in one {
        for b in one {
            assert!(is_same_repository(a, b), "{a} and {b}");
        }
    }
    for other in [
        "https://git.example.com/ops/other.git",
        "https://git.example.com/OPS/deploy.git",
        "https://example.com/ops/deploy.git",
        "https://git.example.com:8443/ops/deploy.git",
        "/ops/deploy.git",
    ] {
        assert!(!is_same_repository(one[0], other), "{other}");
    }
    assert!(is_same_repository("/srv/a.git", "file:///srv/a"));
    assert!(!is_same_repository("/srv/a.git", "/srv/b.git"));
}

#[test]
fn a_text_loses_the_logins_in_it() {
    for (text, bare) in [
        ("no address: a@b, c:d@e", "no address: a@b, c:d@e"),
        (
            "'https://ci:SECRET@git.example.com/a' and\nhttps://SECRET@h/b, refused",
            "'https://git.example.com/a' and\nhttps://h/b, refused",
        ),
        ("(url=ssh://git:SECRET@h/x)", "(url=ssh://git@h/x)"),
        ("é://a@b", "é://a@b"),
        (
            "('https://h/a?private_token=SECRET', \"https://h/b#access_token=SECRET\").\nIs it https://h/c?",
            "('https://h/a', \"https://h/b\").\nIs it https://h/c?",
        ),
        (
            "http://a,https://ci:SECRET@b/x,c=https://SECRET@d",
            "http://a,https://b/x,c=https://d",
        ),
        (
            "GET https://h/x-access-token:SECRET/a.git: 404",
            "GET https://h/x-access-token/a.git: 404",
        ),
        ("\"https:/ci:SECRET@h/x\" is none", "\"https:/h/x\" is none"),
        (
            "'host:x.git?private_token=SECRET', (ci:SECRET@host:path)",
            "'host:x.git', (ci@host:path)",
        ),
        (
            "host/private_token=SECRET/x and git@host:oauth2:SECRET/x",
            "host/private_token/x and git@host:oauth2/x",
        ),
        ("open file:///x?token=SECRET: no", "open file:///x: no"),
        (
            "image:1@sha256:ab, registry/oauth2:1.0, a.yaml:3:1: {\"a\":\"b@c:d\"}",
            "image:1@sha256:ab, registry/oauth2:1.0, a.yaml:3:1: {\"a\":\"b@c:d\"}",
        ),
    ] {
        let hidden = hide_logins(text);
        assert!(!hidden.contains("SECRET"), "{hidden}");
        if text.is_ascii() {
            assert_eq!(hidden, bare);
        }
    }
}

#[test]
fn a_url_has_two_slashes() {
    for (address, misspelt) in [
        ("https:/h/x", true),
        ("https:///h/x", true),
        ("SSH:/git@h/x", true),
        ("https:\\\\h\\x", true),
        ("https://h/x", false),
        ("git:/srv/x.git", false),
        ("file:///srv/x.git", false),
        ("git@h:/x", false),
        ("/srv/https:/x", false),
    ] {
        assert_eq!(is_misspelt_url(address), misspelt, "{address}");
    }
}

#[test]
fn an_address_loses_its_login_and_nothing_else() {
    for (address, bare) in [
        (
            "https://ci:SECRET@git.example.com/a.git",
            "https://git.example.com/a.git",
        ),
        (
            "https://SECRET@git.example.com:8443/a",
            "https://git.example.com:8443/a",
        ),
        ("http://a@SECRET@host/x", "http://host/x"),
        ("HTTPS://u:SECRET@Host/x@y", "HTTPS://Host/x@y"),
        ("https://u:SEC%2FRET@host", "https://host"),
        ("ssh://git:SECRET@host:22/x", "ssh://git@host:22/x"),
        ("ssh://git@host/x", "ssh://git@host/x"),
        ("git@host:a/b.git", "git@host:a/b.git"),
        ("git:SECRET@host:a/b.git", "git@host:a/b.git"),
        ("git://u:SECRET@host/x", "git://host/x"),
        ("https://git.example.com/a@b", "https://git.example.com/a@b"),
        ("/srv/a@b.git", "/srv/a@b.git"),
        ("file:///srv/a@b.git", "file:///srv/a@b.git"),
        ("file:///srv/a?b#c.git", "file:///srv/a?b#c.git"),
        ("https://h/a.git?private_token=SECRET", "https://h/a.git"),
        ("https://h/a.git?SECRET", "https://h/a.git"),
        ("https://h/a.git#access_token=SECRET", "https://h/a.git"),
        ("https://h?x=/SECRET@y", "https://h"),
        ("ssh://git@h/a?token=SECRET", "ssh://git@h/a"),
        ("https://h/OAuth2:SECRET/a.git", "https://h/OAuth2/a.git"),
        ("https://h:8443/a:b/c", "https://h:8443/a:b/c"),
        ("https:/ci:SECRET@h/x", "https:/h/x"),
        ("https:///ci:SECRET@h/x", "https:///h/x"),
        ("HTTPS:/h/x?a=://SECRET", "HTTPS:/h/x"),
        ("https://ci%3ASECRET%40h/x", "https://h/x"),
        (
            "https://h/x-access-token%3ASECRET/x",
            "https://h/x-access-token/x",
        ),
        ("https://h/oauth2%253aSECRET/x", "https://h/oauth2/x"),
        (
            "https://h/access_token=SECRET/x",
            "https://h/access_token/x",
        ),
        (
            "https://h/private_token=SECRET;a/x",
            "https://h/private_token/x",
        ),
        ("https://h/x.git;token=SECRET", "https://h/x.git;token"),
        ("https://h/x%3Ftoken=SECRET", "https://h/x?token"),
        ("https://h/a%3Ab%20c/x", "https://h/a%3Ab%20c/x"),
        ("https://token:8443/x", "https://token:8443/x"),
        ("host:x.git?private_token=SECRET", "host:x.git"),
        ("git@host:oauth2:SECRET/x.git", "git@host:oauth2/x.git"),
        ("ci:SECRET@host:path", "ci@host:path"),
        ("ci:SECRET@host:a?x=://b", "ci@host:a"),
        ("file:///x?token=SECRET", "file:///x"),
        ("/srv/x.git?a=b&private_token=SECRET", "/srv/x.git"),
        ("host:8080/oauth2:SECRET", "host:8080/oauth2"),
        ("host/oauth2:SECRET/x", "host/oauth2/x"),
        ("host:8080", "host:8080"),
    ] {
        assert_eq!(without_login(address), bare);
        assert_eq!(has_login(address), address != bare, "{address}");
    }
}
