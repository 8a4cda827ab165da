//! Plugin files that say more than they may, or that are no files.

use std::collections::BTreeMap;
use std::time::Duration;

use deploycenter_domain::desired::LockedPlugin;
use deploycenter_plugin_package::Source;
use deploycenter_plugin_runtime::{
    Library, LoadError, PluginFile, Runtime, RuntimeConfig, read_below,
};
use serde_json::{Map, Value, json};

use crate::guest::{locked, packaged, planning, plugin, source};
use crate::measure::{Took, measured};

const AT_ONCE: Took = Took {
    time: Duration::from_secs(20),
    host: 300,
    child: 0,
};

fn library() -> Library {
    Library::new(Runtime::new(RuntimeConfig::default()).unwrap())
}

#[test]
fn a_plugin_may_what_it_asks_for_and_what_is_approved() {
    let bytes = plugin(planning(""), &source());
    let entry = |change: fn(&mut LockedPlugin)| {
        let mut entry = locked(&bytes);
        change(&mut entry);
        library().add(bytes.clone(), &entry).map(drop)
    };
    entry(|_| {}).unwrap();
    // The shape's imports are those that it calls; a grant less, and it isn't taken.
    for grant in ["git", "log", "rendering", "secrets"] {
        let mut entry = locked(&bytes);
        entry.grants.retain(|given| given != grant);
        let refused = library().add(bytes.clone(), &entry).unwrap_err();
        assert!(
            matches!(&refused, LoadError::NotApproved { grant: missing, .. } if *missing == grant),
            "{refused}"
        );
    }
    for change in [
        (|it| it.app = "odoo".parse().unwrap()) as fn(&mut LockedPlugin),
        |it| it.version = "9.9.9".to_owned(),
    ] {
        let refused = entry(change).unwrap_err();
        assert!(
            matches!(refused, LoadError::OtherPlugin { .. }),
            "{refused}"
        );
    }
}

/// Why a plugin with such a schema isn't taken.
#[track_caller]
fn refused(name: &str, change: impl FnOnce(&mut Source)) -> String {
    let mut source = source();
    change(&mut source);
    let core = planning("");
    let taken = measured(name, &AT_ONCE, || packaged(core, &source));
    taken.unwrap_err().to_string()
}

/// `pairs` definitions, each of which leads to the next one twice.
fn doubling(keyword: &str, pairs: usize) -> Value {
    let mut defs = Map::new();
    for number in 0..pairs {
        let next = json!({ "$ref": format!("#/$defs/d{}", number + 1) });
        defs.insert(format!("d{number}"), json!({ keyword: [next, next] }));
    }
    defs.insert(format!("d{pairs}"), json!({ "type": "object" }));
    json!({ "$ref": "#/$defs/d0", "$defs": defs })
}

#[test]
fn schemas_whose_work_has_no_bound_are_refused() {
    for keyword in ["allOf", "anyOf", "oneOf"] {
        let why = refused(&format!("26 nested pairs of {keyword}"), |it| {
            it.schema = doubling(keyword, 26);
        });
        assert!(why.contains("deploycenter:schema"), "{why}");
        assert!(why.contains("parts") || why.contains("deeper"), "{why}");
    }
    let why = refused("a schema that leads back to itself", |it| {
        it.schema = json!({ "allOf": [{ "properties": { "a": { "$ref": "#" } } }, { "properties": { "a": { "$ref": "#" } } }] });
    });
    assert!(why.contains("leads back"), "{why}");
    let why = refused("a pattern of many states", |it| {
        it.schema = json!({ "pattern": "((a{100}){100}){100}" });
    });
    assert!(why.contains("deploycenter:schema"), "{why}");
}

#[test]
fn what_is_no_regular_file_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let made = std::process::Command::new("mkfifo")
        .arg(root.join("pipe.wasm"))
        .status()
        .unwrap();
    assert!(made.success());
    std::os::unix::fs::symlink("/dev/zero", root.join("zero.wasm")).unwrap();
    std::os::unix::fs::symlink("/", root.join("root")).unwrap();
    let large = std::fs::File::create(root.join("large.wasm")).unwrap();
    large.set_len(1 << 40).unwrap();
    for (source, wanted) in [
        ("pipe.wasm", "no regular file"),
        ("zero.wasm", "link"),
        ("root/dev/zero", "link"),
        ("large.wasm", "at most"),
    ] {
        let why = measured(source, &AT_ONCE, || read_below(root, source)).unwrap_err();
        assert!(why.to_string().contains(wanted), "{source}: {why}");
    }
}

#[test]
fn a_file_that_repeats_itself_takes_no_memory_without_bound() {
    // Lists inside of a list take many times their text.
    let mut bytes = plugin(planning(""), &source());
    let text = format!("{{\"a\":[{}0]}}", "[],".repeat(5 << 20));
    let name = "deploycenter:schema";
    bytes.push(0);
    leb(&mut bytes, 1 + name.len() + text.len());
    bytes.push(name.len() as u8);
    bytes.extend(name.as_bytes());
    bytes.extend(text.as_bytes());
    let answer = measured("a second schema of 15 MiB", &AT_ONCE, || {
        PluginFile::read(&bytes)
    });
    assert!(
        matches!(answer, Err(LoadError::Section { .. })),
        "{answer:?}"
    );
    let templates = BTreeMap::from([("a".to_owned(), "x".repeat(9 << 20))]);
    let why = refused("templates of 9 MiB", |it| it.templates = templates);
    assert!(why.contains("deploycenter:templates"), "{why}");
}

fn leb(bytes: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}
