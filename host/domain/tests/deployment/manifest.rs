//! Manifests: what is read, what isn't, and the one form that they are written in.

use deploycenter_domain::desired::Node;
use deploycenter_domain::manifest::{self, MAX_BYTES, MAX_DEPTH, MAX_NODES};
use deploycenter_domain::token::{self, Bindings};
use serde_json::{Value, json};

use crate::support::token as token_of;

const PATH: &str = "dependencies/x.yaml";

fn values(text: &str) -> Vec<Value> {
    let read = manifest::read(PATH, text).unwrap_or_else(|found| panic!("{text}\n{found:#?}"));
    read.iter().map(plain).collect()
}

fn plain(node: &Node) -> Value {
    node.to_value("", &mut std::collections::BTreeMap::new())
}

/// The one problem of a text: its line, and that it says this.
fn refused(text: &str, line: u32, what: &str) {
    let found = manifest::read(PATH, text).expect_err(text);
    assert_eq!(found.len(), 1, "{text}\n{found:#?}");
    let problem = &found[0];
    assert_eq!(problem.file.as_deref(), Some(PATH));
    assert_eq!(problem.line, Some(line), "{text}\n{problem}");
    assert!(problem.message.contains(what), "{text}\n{problem}");
    assert!(problem.help.is_some(), "{problem}");
}

#[test]
fn block_and_flow_are_json() {
    let text = "# a remark\n---\na: {b: [1, -2.5, true, null, \"yes\"]}\nc:\n  - d: >-\n      folded\n      text\n    e: |\n      lines\n      more\n---\n---\nf: ''\n";
    assert_eq!(
        values(text),
        [
            json!({"a": {"b": [1, -2.5, true, null, "yes"]}, "c": [{"d": "folded text", "e": "lines\nmore\n"}]}),
            json!({"f": ""}),
        ]
    );
    assert_eq!(values(""), [Value::Null; 0]);
    assert_eq!(values("---\n---\n# nothing\n"), [Value::Null; 0]);
}

#[test]
fn what_has_a_second_reading_is_refused() {
    refused("a: &x 1\n", 1, "an anchor");
    refused("a: &x [1]\n", 1, "an anchor");
    refused("a: &x {b: 1}\n", 1, "an anchor");
    refused("a: !!str 1\n", 1, "the tag");
    refused("a: ! 1\n", 1, "the tag");
    refused("--- !!map\na: 1\n", 1, "the tag");
    refused("a: !!binary aGk=\n", 1, "the tag");
    refused("a: 1\nb:\n  <<: {c: 1}\n", 3, "merges keys");
    refused("a: 1\n\"<<\": {c: 1}\n", 2, "merges keys");
    refused("a: 1\na: 2\n", 2, "the key \"a\" stands twice");
    refused("a: 1\n\"\\x61\": 2\n", 2, "the key \"a\" stands twice");
    refused("{a: 1, 'a': 2}\n", 1, "the key \"a\" stands twice");
    refused("%YAML 1.1\n---\na: 1\n", 1, "as a directive does");
    refused("a: 1\n---\n%TAG ! tag:x,\n", 3, "as a directive does");
    refused("1: a\n", 1, "a key is the number 1");
    refused("[a]: b\n", 1, "a key is a list");
    refused("? {a: b}\n: c\n", 1, "a key is a map");
    refused("null: a\n", 1, "a key is nothing");
    refused("ключ: a\n", 1, "of ASCII");
    refused("a:\nb: 1\n", 1, "has no value here");
    refused("a: [1,,2]\n", 1, "isn't valid YAML");
    refused("- a\n- b\n", 1, "a document is a list");
    refused("a: 1\n---\ntext\n", 3, "a document is text");
    refused("a: \"\\0\"\n", 1, "U+0000");
    refused("a: \u{1}\n", 1, "U+0001");
    refused("\u{FEFF}a: 1\n", 1, "U+FEFF");
    refused("a: b: c\n", 1, "isn't valid YAML");
    let both = manifest::read(PATH, "a: &x 1\nb: *x\n").expect_err("an alias");
    assert!(both[1].message.contains("an alias") && both[1].line == Some(2));
}

#[test]
fn plain_scalars_are_read_alike_by_every_version() {
    for unclear in [
        "yes",
        "No",
        "ON",
        "off",
        "y",
        "N",
        "~",
        "Null",
        "NULL",
        "True",
        "FALSE",
        "=",
        ".inf",
        "-.INF",
        ".nan",
        "0x1F",
        "-0x1",
        "0o17",
        "017",
        "08",
        "0b11",
        "1_000",
        "1,000",
        "12:30",
        "190:20:30.15",
        "-1:30",
        "+1",
        "1.",
        ".5",
        "1e3",
        "1E-3",
        "1.5e+3",
        "-0",
        "-0.0",
        ".",
        "2026-01-31",
        "2026-1-1",
        "2026-01-31T12:00:00Z",
        "2026-01-31 12:00:00",
        "1234567890123456789",
        "0.1234567890123456",
        "<<",
    ] {
        refused(
            &format!("a: 1\nb: {unclear}\n"),
            2,
            "by one version of YAML",
        );
        let what = match unclear {
            "=" | "<<" => "merges keys",
            _ => "by one version of YAML",
        };
        refused(&format!("a: 1\n{unclear}: b\n"), 2, what);
        for quotes in ["'", "\""] {
            assert_eq!(
                values(&format!("b: {quotes}{unclear}{quotes}\n")),
                [json!({ "b": unclear })]
            );
        }
    }
    for text in [
        "10m",
        "64Mi",
        "1h0m0s",
        "1.2.3",
        "10.0.0.0/8",
        "8.8.0-alpine",
        "2026-01",
        "1-2-3",
        "nope",
        "yes please",
        "12ab",
        "0xfg",
        "a=b",
        "--",
        "nul",
        "0.0.0.0",
        "3d",
        "-x",
        "<",
        "a:b",
    ] {
        assert_eq!(values(&format!("b: {text}\n")), [json!({ "b": text })]);
    }
    assert_eq!(
        values("a: [0, -7, 123456789012345678, 0.5, -12.25, true, false, null]\n"),
        [json!({ "a": [0, -7, 123_456_789_012_345_678_i64, 0.5, -12.25, true, false, null] })]
    );
}

#[test]
fn what_is_read_is_bounded() {
    let deep = |levels: usize| format!("a: {}{}\n", "[".repeat(levels), "]".repeat(levels));
    assert_eq!(values(&deep(MAX_DEPTH - 1)).len(), 1);
    refused(&deep(MAX_DEPTH), 1, "nested deeper than");
    let deep: String = (0..100_000).map(|_| "[").collect();
    assert!(manifest::read(PATH, &format!("a: {deep}")).is_err());
    let many = format!("a: [{}]\n", "1,".repeat(MAX_NODES));
    refused(&many, 1, "more than");
    refused(
        &format!("a: \"{}\"\n", "x".repeat(MAX_BYTES)),
        1,
        "longer than",
    );
    refused(
        &format!("{}: 1\n", "k".repeat(321)),
        1,
        "at most 320 characters",
    );
    let noise: String = (0..500).map(|at| format!("k{at}: yes\n")).collect();
    assert_eq!(manifest::read(PATH, &noise).expect_err("noise").len(), 50);
}

#[test]
fn one_form() {
    let text = "z: {b: 1, 'a': [x, {k: v, l: [[], {}]}]}\ntext: \"lines\\n  more\\n\"\nopen: \"lines\\nmore\"\n---\n'on': off-line\nt: 'yes'\n'n': 'null'\nnumber: '12'\nsize: 10m\nurl: https://example.com/a?b=c\nimage: docker.io/library/redis:8.8.0\ntail: \"a \\nb\\n\"\nspace: \" a\\nb\"\nmore: \"a\\n\\n\"\nodd: \"\\x85\\u2028\\u202e\\U0001F600\\ta\\r\\n\\\"\\\\ é\"\nends: \"a:\"\nempty: ''\n";
    let written = manifest::write(&manifest::read(PATH, text).unwrap());
    same(
        &written,
        r#"z:
  b: 1
  a:
    - x
    - k: v
      l:
        - []
        - {}
text: |
  lines
    more
open: |-
  lines
  more
---
"on": off-line
t: "yes"
"n": "null"
number: "12"
size: "10m"
url: "https://example.com/a?b=c"
image: docker.io/library/redis:8.8.0
tail: "a \nb\n"
space: " a\nb"
more: "a\n\n"
odd: "\u0085\u2028\u202E\U0001F600\ta\r\n\"\\ é"
ends: "a:"
empty: ""
"#,
    );
    // Written again, it is the same.
    assert_eq!(
        manifest::write(&manifest::read(PATH, &written).unwrap()),
        written
    );
    assert_eq!(values(&written), values(text));
}

fn same(found: &str, expected: &str) {
    assert!(found == expected, "{found}");
}

#[test]
fn what_the_host_makes_is_written_alike() {
    let made =
        json!({"kind": "X", "apiVersion": "v1", "on": 1.5, "far": 1e30, "list": [{"a": null}]});
    let written = manifest::write(&[manifest::document(&made)]);
    assert_eq!(
        written,
        "apiVersion: v1\nfar: \"1e+30\"\nkind: X\nlist:\n  - a: null\n\"on\": 1.5\n"
    );
}

#[test]
fn a_token_is_a_text_that_takes_its_value_later() {
    let (own, other) = (
        token_of("efs.file-system/data"),
        token_of("efs.access-point/data"),
    );
    for text in [
        format!("a: {own}::{other}\n"),
        format!("a: \"{own}::{other}\"\n"),
        format!("a: |\n  {own}::{other}\n"),
    ] {
        let read = manifest::read(PATH, &text).unwrap();
        let written = manifest::write(&read);
        assert!(written.contains(&format!("{own}::{other}")), "{written:?}");
        let bindings = Bindings::from([
            ("efs.file-system/data:id".to_owned(), "fs-1".to_owned()),
            ("efs.access-point/data:id".to_owned(), "012".to_owned()),
        ]);
        let bound = token::bind(&written, &bindings).unwrap();
        let expected = plain(&read[0]).to_string();
        let expected = token::bind(&expected, &bindings).unwrap();
        assert_eq!(values(&bound)[0].to_string(), expected);
    }
    // A token alone that turns out to be a number is a text all the same.
    let written = manifest::write(&manifest::read(PATH, &format!("a: {own}\n")).unwrap());
    let bindings = Bindings::from([("efs.file-system/data:id".to_owned(), "12".to_owned())]);
    assert_eq!(
        values(&token::bind(&written, &bindings).unwrap()),
        [json!({"a": "12"})]
    );
    // What would end the quotes takes no token's place.
    for value in ["a\"\nb: c", "a\\", "", "a b", "a\n", "é", &"x".repeat(600)] {
        let bindings = Bindings::from([("efs.file-system/data:id".to_owned(), value.to_owned())]);
        assert_eq!(token::bind(&written, &bindings).unwrap(), written);
    }
    refused(&format!("a: 1\n{own}: b\n"), 2, "of ASCII");
    let cut: String = own.chars().skip(1).collect();
    refused(&format!("a: 1\nb: {cut}\n"), 2, "known only after apply");
    refused("a: 1\nb: \"\\U0000FFFEaZ\"\n", 2, "known only after apply");
}
