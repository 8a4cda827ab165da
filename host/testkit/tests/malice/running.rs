//! Guests that loop, hoard, repeat and amplify while they run.

use std::time::Duration;

use deploycenter_domain::declaration::Declaration;
use deploycenter_plugin_runtime::PluginError;

use crate::guest::{load, module, planning, plugin, request, source};
use crate::measure::{Took, measured};

/// Of one call. In a build without optimizations, the template engine's host side is slow.
const CALL: Took = Took {
    time: Duration::from_secs(90),
    host: 400,
    child: 600,
};

fn plan(name: &str, body: &str) -> Result<Declaration, PluginError> {
    let bytes = plugin(planning(body), &source());
    let plugin = load(&bytes).unwrap();
    measured(name, &CALL, || plugin.plan(&request()))
}

/// What is said of a plugin with that body, which is at fault.
#[track_caller]
fn broken(name: &str, body: &str) -> String {
    match plan(name, body) {
        Err(PluginError::Broken(why)) => {
            assert!(why.starts_with("the plugin hostile 1.0.0 "), "{why}");
            why
        }
        other => panic!("{name}: wanted it to be at fault, got {other:?}"),
    }
}

/// The body of an endless loop.
fn forever(inner: &str) -> String {
    format!("(loop {inner} (br 0))")
}

#[test]
fn rendering_without_an_end_is_the_plugins_fault() {
    for (name, template, wanted) in [
        (
            "a slow template",
            "72) (i32.const 4",
            "has more rendered than it may",
        ),
        (
            "an empty template",
            "64) (i32.const 5",
            "calls the host more than 5000 times",
        ),
    ] {
        let call = format!(
            "(call $render (i32.const {template}) (i32.const 80) (i32.const 2) (i32.const 4096))"
        );
        let why = broken(&format!("rendering {name} for ever"), &forever(&call));
        assert!(why.contains(wanted), "{why}");
    }
}

#[test]
fn calling_the_host_without_an_end_is_stopped() {
    let text = "(i32.const 4096) (i32.const 4000000)";
    for (name, call, wanted) in [
        ("logging", format!("(call $log (i32.const 1) {text})"), "gives the host more than"),
        ("logging a little", "(call $log (i32.const 1) (i32.const 64) (i32.const 5))".to_owned(), "more than 5000 times"),
        (
            "asking for templates",
            "(call $templates (i32.const 64) (i32.const 5) (i32.const 4096))".to_owned(),
            "more than 5000 times",
        ),
        (
            "waiting for nothing",
            "(call $edge (i32.const 64) (i32.const 5) (i32.const 64) (i32.const 5) (i32.const 4096))".to_owned(),
            "more than 5000 times",
        ),
        (
            "the same file",
            format!("(call $file (i32.const 96) (i32.const 20) {text} (i32.const 2000))"),
            "gives the host more than",
        ),
    ] {
        let why = broken(&format!("{name} for ever"), &forever(&call));
        assert!(why.contains(wanted), "{name}: {why}");
    }
}

#[test]
fn what_a_plan_declares_has_a_total() {
    // Each under another name, of 1 MiB of zeros, and whatever the host answers.
    let files = "
        (loop
            (i32.store8 (i32.const 109) (i32.add (i32.const 97) (i32.rem_u (local.get $i) (i32.const 26))))
            (i32.store8 (i32.const 110) (i32.add (i32.const 97) (i32.div_u (local.get $i) (i32.const 26))))
            (call $file (i32.const 96) (i32.const 20) (i32.const 4096) (i32.const 1048576) (i32.const 2000))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if 0 (i32.lt_u (local.get $i) (i32.const 190))))";
    let declared = plan("190 files of 1 MiB", files).unwrap();
    let bytes: usize = declared.files.values().map(String::len).sum();
    assert_eq!((declared.files.len(), bytes), (8, 8 << 20));

    // A list of a hundred keys that all are the same text is refused; of one key, enough.
    let secrets = "
        (i32.store (i32.const 4096) (i32.const 64))
        (i32.store (i32.const 4100) (i32.const 5))
        (i32.store (i32.const 4104) (i32.const 32))
        (loop
            (i32.store8 (i32.const 135) (i32.add (i32.const 97) (i32.rem_u (local.get $i) (i32.const 26))))
            (i32.store8 (i32.const 136) (i32.add (i32.const 97) (i32.div_u (local.get $i) (i32.const 26))))
            (call $secret (i32.const 128) (i32.const 9) (i32.const 4096) (i32.const 1) (i32.const 2000))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if 0 (i32.lt_u (local.get $i) (i32.const 400))))";
    let declared = plan("400 secrets", secrets).unwrap();
    let keys: usize = declared.generated.values().map(Vec::len).sum();
    assert_eq!(keys, 200);
}

#[test]
fn lists_that_lead_to_one_text_are_not_copied_without_an_end() {
    // 500,000 violations, each of the same 8 MiB.
    let text = "
        (func $plan (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 0))
        (func $validate (param i32 i32 i32 i32 i32 i32) (result i32) (local $i i32)
            (local.set $i (i32.const 4096))
            (loop
                (i32.store (local.get $i) (i32.const 4096))
                (i32.store offset=4 (local.get $i) (i32.const 8388608))
                (i32.store offset=8 (local.get $i) (i32.const 4096))
                (i32.store offset=12 (local.get $i) (i32.const 8388608))
                (i32.store offset=16 (local.get $i) (i32.const 4096))
                (i32.store offset=20 (local.get $i) (i32.const 8388608))
                (local.set $i (i32.add (local.get $i) (i32.const 24)))
                (br_if 0 (i32.lt_u (local.get $i) (i32.const 12000000))))
            (i32.store (i32.const 1024) (i32.const 4096))
            (i32.store (i32.const 1028) (i32.const 499000))
            (i32.const 1024))";
    let bytes = plugin(module(text), &source());
    let plugin = load(&bytes).unwrap();
    let answer = measured("half a million violations of one text", &CALL, || {
        plugin.validate(&request())
    });
    assert!(matches!(answer, Err(PluginError::Broken(_))), "{answer:?}");
}

#[test]
fn a_start_that_never_ends_and_memory_for_everyone_are_stopped() {
    let why = broken("a loop", "(loop (br 0))");
    assert!(why.contains("more steps than it may"), "{why}");
    for (name, fields, wanted) in [
        (
            "a start function",
            "(func $s (loop (br 0))) (start $s)",
            "more steps than it may",
        ),
        (
            "a table of ten million",
            "(table 10000000 funcref)",
            "table",
        ),
    ] {
        let bytes = plugin(crate::guest::with(fields), &source());
        let plugin = load(&bytes).unwrap();
        let answer = measured(name, &CALL, || plugin.plan(&request()));
        match answer {
            Err(PluginError::Broken(why)) => assert!(why.contains(wanted), "{name}: {why}"),
            other => panic!("{name}: {other:?}"),
        }
    }
}
