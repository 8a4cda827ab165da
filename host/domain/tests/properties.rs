//! Laws that hold for every input.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use deploycenter_domain::desired::{Layer, LayerKind, merge, parse_yaml, read};
use deploycenter_domain::effect::{EffectId, EffectKind, OutputName};
use deploycenter_domain::plan::changes;
use deploycenter_domain::resource::{FileSystem, Record, Resource, Routing, Secret};
use deploycenter_domain::token::{self, Piece, Reference};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Map, Value};

const CUSTOMERS: &str = include_str!("../../sandbox/fleet/customers.yaml");
const REGIONS: &str = include_str!("../../sandbox/fleet/regions.yaml");
const SETTINGS: &str =
    "version = 1\ninstallation = \"fleet-7k3m\"\n[argocd]\nserver = \"argocd.example.com\"\n";
const PLUGINS: &str = "version = 1\n[[plugin]]\napp = \"odoo\"\nversion = \"0.1.0\"\ndigest = \"sha256:0000000000000000000000000000000000000000000000000000000000000000\"\nsource = \"plugins/odoo.wasm\"\ngrants = []\ndefault = true\n";

/// Pieces that YAML and TOML make something of.
const PIECES: &[&str] = &[
    "\n",
    "  ",
    "- ",
    ": ",
    "\"",
    "'",
    "[",
    "]",
    "{",
    "}",
    ",",
    "&a ",
    "*a",
    "!!str ",
    "!x ",
    "|\n",
    ">-\n",
    "? ",
    "---\n",
    "...\n",
    "%YAML 1.2\n",
    "#",
    "<<: ",
    "~",
    "name: ",
    "apps:\n",
    "values: ",
    "0x",
    "1e",
    "\t",
    "\r\n",
    "\u{0}",
    "\u{FEFF}",
    "\u{FFFE}",
    "\u{2028}",
    "[[",
    "\\u0000",
    "=",
    "\"\"\"",
];

fn files(
    customers: Vec<u8>,
    regions: Vec<u8>,
    settings: Vec<u8>,
    plugins: Vec<u8>,
) -> BTreeMap<String, Vec<u8>> {
    BTreeMap::from([
        ("customers.yaml".to_owned(), customers),
        ("regions.yaml".to_owned(), regions),
        ("deploycenter.toml".to_owned(), settings),
        ("plugins.lock".to_owned(), plugins),
    ])
}

/// A text cut and patched in a few places.
fn mutated(text: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let edit = (
        any::<prop::sample::Index>(),
        0..6usize,
        prop::sample::select(PIECES),
    );
    vec(edit, 1..6).prop_map(move |edits| {
        let mut bytes = text.as_bytes().to_vec();
        for (at, cut, piece) in edits {
            let at = at.index(bytes.len());
            let end = (at + cut).min(bytes.len());
            bytes.splice(at..end, piece.bytes());
        }
        bytes
    })
}

fn soup() -> impl Strategy<Value = Vec<u8>> {
    vec(
        prop_oneof![
            prop::sample::select(PIECES).prop_map(str::to_owned),
            "[a-z0-9]{1,3}".prop_map(String::from)
        ],
        0..60,
    )
    .prop_map(|pieces| pieces.concat().into_bytes())
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z ]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map("[a-c/~]{1,2}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn layer() -> impl Strategy<Value = Layer> {
    btree_map("[a-e]", value(), 0..5).prop_map(|values| {
        let values: Map<String, Value> = values.into_iter().collect();
        // JSON is YAML, so this comes with true places.
        Layer::parse("x.yaml", Value::Object(values).to_string().as_bytes()).unwrap()
    })
}

fn reference() -> impl Strategy<Value = Reference> {
    (
        prop::sample::select(EffectKind::all().collect::<Vec<_>>()),
        "[a-zA-Z0-9._/-]{1,40}",
    )
        .prop_map(|(kind, name)| Reference {
            effect: EffectId::new(kind, name).unwrap(),
            output: OutputName::Id,
        })
}

fn resource() -> impl Strategy<Value = Resource> {
    let region = || "us-west-2".parse().unwrap();
    prop_oneof![
        ("[a-z]{1,8}", any::<bool>()).prop_map(move |(name, key)| Resource::FileSystem(
            FileSystem {
                region: region(),
                creation_token: format!("dc-{name}"),
                name,
                performance_mode: "generalPurpose".to_owned(),
                throughput_mode: "elastic".to_owned(),
                kms_key_id: key.then(|| "arn".to_owned()),
            }
        )),
        (any::<u8>(), vec("[0-9.]{1,8}", 0..3), any::<u32>()).prop_map(|(weight, ipv4, ttl)| {
            Resource::Record(Record {
                zone: "Z1".to_owned(),
                name: "a.example.com".to_owned(),
                set_identifier: "s".to_owned(),
                weight,
                routing: Routing::Addresses { ipv4, ttl },
                aaaa: None,
            })
        }),
        "[a-z]{1,8}".prop_map(move |name| Resource::Secret(Secret {
            region: region(),
            name,
            keys: vec![]
        })),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_the_parser_panic(bytes in vec(any::<u8>(), 0..200), other in soup()) {
        let _ = parse_yaml("x.yaml", &bytes);
        let _ = parse_yaml("x.yaml", &other);
        let _ = read(&files(bytes.clone(), other.clone(), other, bytes));
    }

    #[test]
    fn no_edit_makes_it_panic_and_every_problem_has_a_file(
        customers in mutated(CUSTOMERS), regions in mutated(REGIONS), settings in mutated(SETTINGS), plugins in mutated(PLUGINS),
    ) {
        if let Err(problems) = read(&files(customers, regions, settings, plugins)) {
            for problem in problems.iter() {
                prop_assert!(problem.file.is_some(), "{problem}");
            }
        }
    }

    #[test]
    fn json_is_read_as_itself(value in value()) {
        let text = value.to_string();
        let (node, found) = parse_yaml("x.yaml", text.as_bytes());
        prop_assert_eq!(found, vec![]);
        prop_assert_eq!(node.unwrap().to_value("", &mut BTreeMap::new()), value);
    }

    #[test]
    fn merging_keeps_what_wins(app in layer(), shared in layer(), own in layer()) {
        let merged = merge(&[(LayerKind::App, &app), (LayerKind::Shared, &shared), (LayerKind::Customer, &own)]);
        // Every key of every layer, each from the latest that has it, and nothing else.
        for (key, value) in &merged.values {
            let (kind, layer) = [(LayerKind::Customer, &own), (LayerKind::Shared, &shared), (LayerKind::App, &app)]
                .into_iter().find(|(_, layer)| layer.values.contains_key(key)).unwrap();
            prop_assert_eq!(value, &layer.values[key]);
            prop_assert_eq!(merged.provenance[key].layer, kind);
        }
        for key in app.values.keys().chain(shared.values.keys()).chain(own.values.keys()) {
            let above = [&own, &shared].into_iter().find_map(|layer| layer.values.get(key));
            // A null drops what the layers below give, and says so.
            let drops = above.is_some_and(Value::is_null);
            prop_assert_eq!(merged.dropped.contains_key(key), drops);
            prop_assert_eq!(merged.values.contains_key(key), !drops);
        }
        // Merging with itself or with nothing changes nothing but what a null drops.
        let twice = merge(&[(LayerKind::App, &own), (LayerKind::Customer, &own)]);
        let mut kept = own.values.clone();
        kept.retain(|_, value| !value.is_null());
        prop_assert_eq!(&twice.values, &kept);
        let nothing = Layer::default();
        let same = merge(&[(LayerKind::App, &app), (LayerKind::Shared, &nothing), (LayerKind::Customer, &nothing)]);
        prop_assert_eq!(&same.values, &app.values);
        // In two steps as in one.
        let first = merge(&[(LayerKind::App, &app), (LayerKind::Shared, &shared)]);
        let first = Layer { values: first.values, ..Layer::default() };
        let stepwise = merge(&[(LayerKind::App, &first), (LayerKind::Customer, &own)]);
        prop_assert_eq!(&stepwise.values, &merged.values);
    }

    #[test]
    fn every_position_leads_to_a_value(layer in layer()) {
        let value = Value::Object(layer.values.clone());
        for pointer in layer.positions.keys() {
            prop_assert!(value.pointer(pointer).is_some(), "{pointer}");
        }
    }

    #[test]
    fn tokens_round_trip(texts in vec("[ -~\n]{0,12}", 1..5), references in vec(reference(), 0..4)) {
        prop_assume!(texts.iter().all(|text| token::is_plain(text)));
        let mut text = String::new();
        for (index, plain) in texts.iter().enumerate() {
            text.push_str(plain);
            if let Some(reference) = references.get(index) {
                text.push_str(&reference.token());
            }
        }
        let pieces = token::split(&text).unwrap();
        let joined: String = pieces.iter().map(|piece| match piece {
            Piece::Text(plain) => (*plain).to_owned(),
            Piece::Token(reference) => reference.token(),
        }).collect();
        prop_assert_eq!(&joined, &text);
        // What isn't known stays; what is known is gone.
        prop_assert_eq!(&token::substitute(&text, |_| None).unwrap(), &text);
        let bound = token::substitute(&text, |_| Some("fs-1".to_owned())).unwrap();
        prop_assert!(!bound.contains(token::is_reserved));
        let placed: Vec<&Reference> = references.iter().take(texts.len()).collect();
        for reference in token::references(&text).unwrap() {
            prop_assert!(placed.contains(&&reference));
        }
    }

    #[test]
    fn an_altered_token_is_found(reference in reference(), at in any::<prop::sample::Index>()) {
        let token = reference.token();
        let chars: Vec<char> = token.chars().collect();
        let cut = at.index(chars.len());
        let altered: String = chars.iter().enumerate().filter(|(index, _)| *index != cut).map(|(_, c)| *c).collect();
        // Without one character it is broken, or else another token, but never plain text.
        prop_assert!(!token::is_plain(&altered));
        if let Ok(pieces) = token::split(&altered) {
            prop_assert!(pieces.iter().all(|piece| *piece != Piece::Token(reference.clone())));
        }
    }

    #[test]
    fn a_thing_doesnt_differ_from_itself(one in resource(), other in resource()) {
        prop_assert_eq!(changes(Some(&one), Some(&one)), vec![]);
        prop_assert_eq!(changes(None, None), vec![]);
        if std::mem::discriminant(&one) == std::mem::discriminant(&other) {
            prop_assert_eq!(changes(Some(&one), Some(&other)).is_empty(), one == other);
        }
        prop_assert!(!changes(None, Some(&one)).is_empty());
    }
}
