//! YAML that surprises, attacks or takes long.

use std::fmt::Write as _;

use deploycenter_domain::desired::read;

use crate::support::{fleet, refused};

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
            "customers.yaml:2:1: unknown key \"customer\"; did you mean \"customers\"?",
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
