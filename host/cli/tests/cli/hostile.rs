//! A plugin that this binary doesn't bring: compiled apart, and its words shown, not obeyed.

use std::os::unix::fs::symlink;
use std::process::Command;

use deploycenter_domain::desired::{LockedPlugin, PluginsLock};
use deploycenter_plugin_runtime::{PluginFile, bundled};
use serde_json::Value;

use crate::place::{ACME, Place, Run};

const PLUGIN: &str = "plugins/hostile.wasm";
/// As long as what it takes the place of: code knows where its texts are.
const WORDS: (&str, &str) = ("wait for", "\u{1b}[2J\u{202e}\n");
const SHOWN: &str = "2 servers \\u{1b}[2J\\u{202e}\\u{a} a licence";

/// Mattermost's plugin, with a warning that would clear the terminal, turn the writing
/// round and begin a line.
fn hostile() -> Vec<u8> {
    let (_, bytes) = bundled()
        .iter()
        .find(|(app, _)| *app == "mattermost")
        .unwrap();
    let mut bytes = bytes.to_vec();
    let (from, to) = WORDS;
    let from = format!("servers {from} a licence");
    let to = format!("servers {to} a licence");
    let at = bytes
        .windows(from.len())
        .position(|window| window == from.as_bytes())
        .unwrap();
    bytes[at..at + from.len()].copy_from_slice(to.as_bytes());
    bytes
}

/// A place with that one instead of Mattermost's own.
fn place() -> Place {
    let place = Place::new(&ACME.replace("maxUsers: 100", "replicas: 2"));
    let bytes = hostile();
    place.put(PLUGIN, &bytes);
    let locked = |bytes: &[u8], path: String| PluginFile::read(bytes).unwrap().locked(path);
    let others = bundled().iter().filter(|(app, _)| *app != "mattermost");
    let mut plugins: Vec<LockedPlugin> = others
        .map(|(app, bytes)| locked(bytes, format!("plugins/{app}.wasm")))
        .collect();
    plugins.push(locked(&bytes, PLUGIN.to_owned()));
    place.change("plugins.lock", PluginsLock { plugins }.render());
    place
}

fn run(command: &mut Command) -> Run {
    Run::of(command.output().unwrap()).succeeded()
}

/// Nothing in it that a terminal obeys, and no line that isn't the tool's own.
#[track_caller]
fn is_harmless(text: &str) {
    let odd = |c: char| (c.is_control() && c != '\n' && c != '\t') || c == '\u{202e}';
    assert!(!text.chars().any(odd), "{text:?}");
    assert!(
        !text.lines().any(|line| line.starts_with(" a licence")),
        "{text}"
    );
}

#[test]
fn its_words_are_shown_and_not_obeyed() {
    let place = place();
    let said = place.run(&["validate"]).succeeded();
    assert!(said.stderr.contains(SHOWN), "{said}");
    is_harmless(&said.stderr);

    let said = place.run(&["plan"]).succeeded();
    assert!(said.stdout.contains(SHOWN), "{said}");
    is_harmless(&said.stdout);

    let mut logged = place.command(&["plan"]);
    let said = run(logged.env("DEPLOYCENTER_LOG", "deploycenter_plugin_runtime=debug"));
    let logged = |line: &str| line.contains("DEBUG") && line.contains("a licence");
    assert!(said.stderr.lines().any(logged), "{said}");
    is_harmless(&said.stderr);

    let said = place.run(&["validate", "--output", "json"]).succeeded();
    let json: Value = said.json();
    let message = json["warnings"][0]["message"].as_str().unwrap();
    assert!(
        message.contains(WORDS.1),
        "a program gets the words: {message:?}"
    );
    is_harmless(&said.stdout);
}

#[test]
fn a_plugin_file_is_a_file() {
    let place = place();
    let file = place.checkout().join(PLUGIN);
    let refused = |what: &str| {
        let said = place.run(&["validate"]).exits(1);
        assert!(
            said.stderr.contains(PLUGIN) && said.stderr.contains(what),
            "{said}"
        );
    };
    std::fs::rename(&file, place.checkout().join("moved.wasm")).unwrap();
    symlink("../moved.wasm", &file).unwrap();
    refused("a link is on its path");
    std::fs::remove_file(&file).unwrap();
    let made = Command::new("mkfifo").arg(&file).status().unwrap();
    assert!(made.success());
    refused("no regular file");
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    refused("no regular file");
}
