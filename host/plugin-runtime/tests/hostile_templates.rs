//! Templates that would take a process down, each through a real plugin as an override:
//! a clear error that names the template, bounded memory, and the next call works.
#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use std::collections::BTreeMap;

use common::{load, mattermost, no_overrides, request, templates};
use deploycenter_plugin_runtime::{LoadError, PluginError};
use serde_json::json;

fn plan(overrides: &BTreeMap<String, String>) -> Result<String, PluginError> {
    let request = request(mattermost(), json!({}));
    let declaration = load(mattermost(), overrides).unwrap().plan(&request)?;
    Ok(declaration.files["values.yaml"].clone())
}

/// The template and the message with which a source for `values.yaml` fails.
#[track_caller]
fn failure(source: &str) -> (String, u32, String) {
    match plan(&templates([("values.yaml", source)])) {
        Err(PluginError::Render {
            template,
            line,
            message,
        }) => (template, line, message),
        other => panic!("wanted a template error, got {other:?}"),
    }
}

/// The most memory that this process ever had, in MiB.
fn peak_memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<usize>()
        .unwrap()
        / 1024
}

#[test]
fn templates_that_want_the_world_are_stopped() {
    let doubling = "[% set ns = namespace(s='xxxxxxxx') %][% for i in range(100) %][% set ns.s = ns.s ~ ns.s %][% endfor %]";
    let before = peak_memory();
    for source in [
        "a\n[[ \"%200000000s\"|format(1) ]]",
        doubling,
        "[[ 'a\\nb'|indent(200000000) ]]",
        "[[ ([0]*200000000)|length ]][[ [0]*200000000 ]]",
        "[% for i in range(9999) %][% for j in range(9999) %][[ 'x' * 1000 ]][% endfor %][% endfor %]",
        "[% for i in range(9999) %][% for j in range(9999) %][% endfor %][% endfor %]",
        "[% include 'values.yaml' %]",
        "[% macro m(n) %][[ m(n + 1) ]][% endmacro %][[ m(0) ]]",
        "[[ range(10000)|list|tojson(indent=100000) ]]",
    ] {
        let (template, _, message) = failure(source);
        assert_eq!(template, "values.yaml", "{source}");
        let clear = [
            "MiB of memory",
            "KiB",
            "steps",
            "recursion",
            "too large",
            "too big",
            "too deeply",
            "exceed",
            "maximum",
            "limit",
        ];
        assert!(
            clear.iter().any(|word| message.contains(word)),
            "{source}: {message}"
        );
        // The instance that failed is gone; the next one is fine.
        assert!(plan(&no_overrides()).is_ok());
    }
    // What this process took beside what it had: an instance's memory and a little more.
    let took = peak_memory() - before;
    assert!(took < 256, "{took} MiB");
}

#[test]
fn an_error_names_template_line_and_what_is_undefined() {
    let (template, line, message) = failure("a: 1\nb: [[ values.nope ]]\n");
    assert_eq!((template.as_str(), line), ("values.yaml", 2));
    assert!(message.contains("values.nope"), "{message}");
}

#[test]
fn what_is_left_of_a_token_is_an_error_with_its_line() {
    for altered in [
        "[: 20]",
        "|urlencode",
        "|reverse",
        "|upper",
        "|lower",
        "|title",
        "|capitalize",
        "|list",
        "[2:]",
        "|string|tojson|tojson|urlencode",
    ] {
        let source = format!("a: 1\nb: 2\nc: [[ volumes.data.handle {altered} ]]\n");
        let (template, line, message) = failure(&source);
        assert_eq!(
            (template.as_str(), line),
            ("values.yaml", 3),
            "{altered}: {message}"
        );
        assert!(
            message.contains("known only after apply"),
            "{altered}: {message}"
        );
    }
}

#[test]
fn a_whole_token_passes_however_it_is_placed() {
    let text = plan(&templates([(
        "values.yaml",
        "a: [[ volumes.data.handle ]]\nb: [[ volumes|tojson ]]\n",
    )]))
    .unwrap();
    let shown = deploycenter_domain::token::show(&text);
    let after = "(known after apply)";
    assert!(
        shown.starts_with(&format!("a: {after}::{after}\nb: ")),
        "{shown}"
    );
    assert!(
        shown.contains(&format!(r#""handle": "{after}::{after}""#)),
        "{shown}"
    );
}

#[test]
fn an_override_that_does_not_parse_is_refused_when_loaded() {
    let overrides = templates([("values.yaml", "x\n[% if %]"), ("extra.yaml", "[[ 1 + ]]")]);
    match load(mattermost(), &overrides) {
        Err(LoadError::Templates(errors)) => {
            let places: Vec<_> = errors
                .iter()
                .map(|error| (error.template.as_str(), error.line))
                .collect();
            assert_eq!(places, [("extra.yaml", 1), ("values.yaml", 2)]);
        }
        other => panic!("wanted template errors, got {other:?}"),
    }
}
