//! What was checked is what others read: for any text that is taken, the tree equals what
//! two other readers make of the bytes that are committed. One, libyaml with YAML 1.2's
//! rules for plain scalars, is in this process; PyYAML reads YAML 1.1.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use deploycenter_domain::manifest;
use deploycenter_domain::token::{self, Bindings};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{TestRng, TestRunner};
use serde::Deserialize as _;
use serde_json::{Value, json};

use crate::common::{config, edited_text, soup};
use crate::support::token as token_of;

/// Texts that some reader takes for something else, or that end a line, quotes or a block.
const NASTY: &[&str] = &[
    "yes",
    "No",
    "on",
    "OFF",
    "y",
    "N",
    "~",
    "null",
    "Null",
    "true",
    "False",
    "=",
    "<<",
    "",
    " ",
    "0",
    "-0",
    "007",
    "0o17",
    "0x1F",
    "0b11",
    "1_000",
    "1,000",
    "12:30:45",
    "1e3",
    "1.5e+3",
    "1.",
    ".5",
    ".inf",
    "-.INF",
    ".NaN",
    "2026-01-31",
    "2026-1-1 12:00:00",
    "1.2.3",
    "+1",
    "-",
    "--",
    "---",
    "...",
    "- a",
    "? a",
    ": a",
    "a: b",
    "a:",
    "a #b",
    "#a",
    "&a",
    "*a",
    "!a",
    "!!str a",
    "|",
    ">",
    "%a",
    "@a",
    "`a",
    "{a",
    "[a",
    "\"",
    "'",
    "\\",
    "\\n",
    "a\n",
    "a\nb",
    "a\n\nb\n",
    "\na",
    " a\nb",
    "a \nb",
    "a\n ",
    "a\n\n",
    "\ta\nb",
    "a\tb",
    "a\r\nb",
    "\r",
    "---\na",
    "a\n---\nb",
    "a\n...\n",
    "\u{85}",
    "\u{a0}",
    "\u{2028}a",
    "\u{feff}",
    "\u{200b}",
    "\u{202e}",
    "\u{e000}",
    "\u{1f600}",
    "é",
    "ключ",
    "# a\nb",
    "  a",
    "a  ",
    "a\n  b\n",
    "{{ x }}",
    "$(X)",
];

const SEED: &str = "\
# a remark
a: {b: [1, -2.5, true, null, \"yes\"], 'c': plain text}
d:
  - e: >-
      folded
      text
    f: |
      lines
        more
  - - nested
    - []
g: \"\\x41\\u00e9\\n\"
---
h: 'it''s'
i: |+
  kept

j: k
";

fn texts() -> impl Strategy<Value = String> {
    let token = format!(
        "{}::{}",
        token_of("efs.file-system/data"),
        token_of("efs.access-point/data")
    );
    let text = prop_oneof![
        4 => prop::sample::select(NASTY).prop_map(str::to_owned),
        2 => vec(prop::sample::select(NASTY), 2..4).prop_map(|parts| parts.concat()),
        2 => any::<String>(),
        1 => Just(token),
    ];
    let leaf = prop_oneof![
        6 => text.prop_map(Value::from),
        1 => any::<i32>().prop_map(Value::from),
        1 => (-9999..9999i32).prop_map(|number| json!(f64::from(number) / 8.0)),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    let key = prop_oneof![
        prop::sample::select(NASTY).prop_map(str::to_owned),
        "[ -~]{1,12}"
    ];
    let tree = leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            btree_map(key.clone(), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    });
    let document = vec(("[a-z]{1,4}", tree), 1..5).prop_map(|entries| {
        let map: BTreeMap<String, Value> = entries.into_iter().collect();
        // JSON is YAML in flow style.
        json!(map).to_string() + "\n"
    });
    prop_oneof![
        3 => vec(document, 1..3).prop_map(|documents| documents.join("---\n")),
        2 => edited_text(SEED),
        1 => soup().prop_map(|soup| format!("a: {soup}\n")),
        1 => prop::sample::select(NASTY).prop_map(|text| format!("a: {text}\n'b': [{text}]\n")),
    ]
}

/// A PyYAML that reads a text a line.
struct PyYaml {
    child: Child,
    ask: ChildStdin,
    answer: BufReader<ChildStdout>,
}

const READER: &str = "
import json, sys, yaml
for line in sys.stdin:
    try:
        answer = list(yaml.safe_load_all(json.loads(line)))
        print(json.dumps(answer, default=lambda odd: '!' + repr(odd)), flush=True)
    except Exception as error:
        print(json.dumps('! ' + str(error)), flush=True)
";

impl PyYaml {
    /// `None` where it isn't installed; where tests are to pass over nothing, that fails.
    fn start() -> Option<Self> {
        let python = |code: &str| {
            let mut command = Command::new("python3");
            command
                .env("PYTHONUTF8", "1")
                .args(["-c", code])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped());
            command
        };
        let there = python("import yaml").stderr(Stdio::null()).status();
        if !there.is_ok_and(|status| status.success()) {
            assert!(
                std::env::var_os("CI").is_none(),
                "python3 with PyYAML is missing"
            );
            eprintln!("passed over: python3 with PyYAML isn't here");
            return None;
        }
        let mut child = python(READER).spawn().unwrap();
        Some(Self {
            ask: child.stdin.take().unwrap(),
            answer: BufReader::new(child.stdout.take().unwrap()),
            child,
        })
    }

    fn read(&mut self, text: &str) -> Value {
        writeln!(self.ask, "{}", json!(text)).unwrap();
        let mut line = String::new();
        self.answer.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    fn end(mut self) {
        drop(self.ask);
        assert!(self.child.wait().unwrap().success());
    }
}

fn by_libyaml(text: &str) -> Value {
    serde_norway::Deserializer::from_str(text)
        .map(|document| {
            Value::deserialize(document).unwrap_or_else(|error| json!(error.to_string()))
        })
        .collect()
}

#[test]
fn others_read_what_was_checked() {
    let Some(mut pyyaml) = PyYaml::start() else {
        return;
    };
    let config = config(1500);
    let seed = match config.rng_seed {
        proptest::test_runner::RngSeed::Fixed(seed) => seed,
        proptest::test_runner::RngSeed::Random => 0,
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(config.rng_algorithm, &bytes);
    let runs = config.cases;
    let mut runner = TestRunner::new_with_rng(config, rng);
    let strategy = texts();
    let bindings = Bindings::from([
        ("efs.file-system/data:id".to_owned(), "fs-1".to_owned()),
        ("efs.access-point/data:id".to_owned(), "0123".to_owned()),
    ]);
    let bound = |text: &str| token::bind(text, &bindings).unwrap();
    let mut taken = 0;
    for _ in 0..runs {
        let text = strategy.new_tree(&mut runner).unwrap().current();
        let Ok(documents) = manifest::read("x.yaml", &text) else {
            continue;
        };
        taken += 1;
        let checked: Value = documents
            .iter()
            .map(|document| document.to_value("", &mut BTreeMap::new()))
            .collect();
        let checked: Value = serde_json::from_str(&bound(&checked.to_string())).unwrap();
        let committed = bound(&manifest::write(&documents));
        assert!(!committed.contains(token::is_reserved), "{committed:?}");
        let read = manifest::read("x.yaml", &committed).unwrap();
        assert_eq!(manifest::write(&read), committed);
        if documents.is_empty() {
            continue;
        }
        assert_eq!(
            by_libyaml(&committed),
            checked,
            "libyaml of {committed:?}, from {text:?}"
        );
        assert_eq!(
            pyyaml.read(&committed),
            checked,
            "PyYAML of {committed:?}, from {text:?}"
        );
    }
    pyyaml.end();
    eprintln!("{taken} of {runs} texts were taken");
    assert!(taken > runs / 4, "{taken} of {runs} texts were taken");
}
