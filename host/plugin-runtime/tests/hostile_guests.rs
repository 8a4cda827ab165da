//! Guests that loop, recurse or take memory without an end: each is stopped by name, and
//! the next call is as if nothing had happened.
#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{guest, load, no_overrides, request};
use deploycenter_domain::declaration::Declaration;
use deploycenter_plugin_runtime::PluginError;
use serde_json::json;

fn plan(body: &str) -> Result<Declaration, PluginError> {
    let bytes = guest(body);
    let request = request(&bytes, json!({}));
    load(&bytes, &no_overrides()).unwrap().plan(&request)
}

#[track_caller]
fn assert_broken(body: &str, wanted: &str) {
    match plan(body) {
        Err(PluginError::Broken(message)) => {
            assert!(
                message.starts_with("the plugin hostile 1.0.0 ") && message.contains(wanted),
                "{message}"
            );
        }
        other => panic!("wanted a broken plugin, got {other:?}"),
    }
}

#[test]
fn a_guest_that_asks_for_nothing_declares_nothing() {
    assert_eq!(plan("(i32.const 0)").unwrap(), Declaration::default());
}

#[test]
fn an_endless_loop_runs_out_of_steps() {
    assert_broken("(call $spin) (i32.const 0)", "more steps than it may");
}

#[test]
fn endless_recursion_is_stopped() {
    assert_broken("(call $deep) (i32.const 0)", "calls itself too deeply");
}

#[test]
fn memory_is_bounded() {
    let grow = "(loop (br_if 0 (i32.ne (memory.grow (i32.const 64)) (i32.const -1)))) unreachable";
    assert_broken(grow, "64 MiB of memory");
}

#[test]
fn a_trap_names_the_plugin() {
    assert_broken("unreachable", "unreachable");
}

#[test]
fn an_answer_outside_its_memory_is_refused() {
    assert_broken("(i32.const -4)", "failed");
}
