//! Code that takes a compiler minutes, gigabytes or its stack.

use std::fmt::Write as _;
use std::time::Duration;

use deploycenter_plugin_runtime::LoadError;

use crate::guest::{load, plugin, source, with};
use crate::measure::{Took, measured};

/// What is refused by its shape is refused at once.
const AT_ONCE: Took = Took {
    time: Duration::from_secs(20),
    host: 200,
    // Children of tests that run beside this one count too.
    child: 700,
};
/// What is refused by the limits of the compiling process takes those, and no more.
const LIMITED: Took = Took {
    time: Duration::from_secs(200),
    host: 200,
    child: 2048,
};

fn repeated(text: &str, times: usize) -> String {
    text.repeat(times)
}

/// Why code of these fields isn't taken.
#[track_caller]
fn refused(name: &str, most: &Took, fields: &str) -> String {
    let bytes = plugin(with(fields), &source());
    match measured(name, most, || load(&bytes)) {
        Err(LoadError::Code(why)) => {
            assert!(!why.chars().any(char::is_control), "{why:?}");
            why
        }
        other => panic!("{name}: wanted it refused, got {other:?}"),
    }
}

#[test]
fn shapes_that_blow_up_are_refused_at_once() {
    let locals = format!("(func (local {}))", repeated("i64 ", 49_000));
    let chain = format!("(func {})", repeated("(block (br 0))", 100_000));
    let deep = format!(
        "(func {}{})",
        repeated("block ", 30_000),
        repeated("end ", 30_000)
    );
    let table = format!(
        "(func (br_table {} (i32.const 0)))",
        repeated("0 ", 100_000)
    );
    let tables = format!(
        "(func (local {}) {})",
        repeated("i64 ", 5_000),
        repeated("(block (br_table 0 0 0 0 0 0 0 0 (i32.const 0)))", 4_000)
    );
    let parameters = format!("(func (param {}))", repeated("i32 ", 900));
    let mut types = String::new();
    for number in 0..60_000 {
        // Each another one.
        let bits = (0..16).map(|bit| {
            if number >> bit & 1 == 1 {
                "i32 "
            } else {
                "i64 "
            }
        });
        let _ = write!(types, "(type (func (param {})))", bits.collect::<String>());
    }
    let constant = format!(
        "(global i32 {}{})",
        "i32.const 1 ",
        repeated("i32.const 1 i32.add ", 100_000)
    );
    let offset = format!(
        "(data (offset {}{}) \"\")",
        "i32.const 1 ",
        repeated("i32.const 1 i32.add ", 10_000)
    );
    let segments = repeated("(data \"\")", 60_000);
    let functions = repeated("(func)", 60_000);
    let elements = format!(
        "(table $t 0 funcref) (func $f) (elem func {})",
        repeated("$f ", 300_000)
    );
    let element_segments = format!("(func $f) {}", repeated("(elem func $f)", 60_000));
    let exports: String = (0..60_000)
        .map(|number| format!("(func (export \"e{number}\"))"))
        .collect();
    for (name, fields, wanted) in [
        ("49,000 locals", &locals, "49000 locals in one function"),
        (
            "100,000 chained blocks",
            &chain,
            "blocks and branches in one function",
        ),
        (
            "30,000 blocks inside of each other",
            &deep,
            "blocks inside of each other",
        ),
        (
            "a branch table of 100,000",
            &table,
            "branch targets in one function",
        ),
        (
            "locals times branch targets",
            &tables,
            "locals times branches",
        ),
        ("900 parameters", &parameters, "parameters of one function"),
        ("60,000 types", &types, "types"),
        (
            "a constant of 100,000 steps",
            &constant,
            "operators in an initial value",
        ),
        (
            "an offset of 10,000 steps",
            &offset,
            "operators in an initial value",
        ),
        ("60,000 data segments", &segments, "data segments"),
        ("60,000 functions", &functions, "functions"),
        ("300,000 elements", &elements, "entries of element segments"),
        (
            "60,000 element segments",
            &element_segments,
            "element segments",
        ),
        ("60,000 exports", &exports, "functions"),
    ] {
        let why = refused(name, &AT_ONCE, fields);
        assert!(
            why.contains(wanted) && why.contains("at most"),
            "{name}: {why}"
        );
    }
}

#[test]
fn what_has_a_fair_shape_is_still_stopped() {
    // As much as one function may be, many times over.
    let mut body = repeated("i64 ", 4_900);
    body.push(')');
    for _ in 0..1_990 {
        body.push_str("(block (br_if 0 (i32.const 1)) (local.set 7 (i64.add (local.get 9) (local.get 4000))))");
    }
    let fields = repeated(&format!("(func (local {body})"), 60);
    let bytes = plugin(with(&fields), &source());
    match measured("60 large functions", &LIMITED, || load(&bytes)) {
        // A machine may be fast enough.
        Ok(_) => eprintln!("60 large functions: compiled"),
        Err(LoadError::Code(why)) => {
            assert!(why.contains("compiling it"), "{why}");
        }
        Err(other) => panic!("{other}"),
    }
}

/// A component as bytes: sections of a plugin that is sound, and one of ours.
fn component_with(id: u8, section: &[u8]) -> Vec<u8> {
    let mut bytes = plugin(with(""), &source());
    bytes.push(id);
    leb(&mut bytes, section.len());
    bytes.extend(section);
    bytes
}

fn leb(bytes: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

#[test]
fn component_types_inside_of_each_other_take_no_ones_stack() {
    // Of a component type (0x41) with one declaration (1), which is a type (1).
    let mut section = vec![1];
    for _ in 0..1_000_000 {
        section.extend([0x41, 1, 1]);
    }
    section.extend([0x40, 0, 1, 0]);
    let bytes = component_with(7, &section);
    let answer = measured("types inside of each other", &AT_ONCE, || load(&bytes));
    assert!(matches!(answer, Err(LoadError::Code(_))), "{answer:?}");
}

#[test]
fn components_inside_of_each_other_have_an_end() {
    let mut inner = vec![0, b'a', b's', b'm', 0x0d, 0, 1, 0];
    for _ in 0..100 {
        let mut outer = vec![0, b'a', b's', b'm', 0x0d, 0, 1, 0, 4];
        leb(&mut outer, inner.len());
        outer.extend(&inner);
        inner = outer;
    }
    let bytes = component_with(4, &inner);
    let answer = measured("components inside of each other", &AT_ONCE, || load(&bytes));
    let Err(LoadError::Code(why)) = answer else {
        panic!("{answer:?}");
    };
    assert!(why.contains("components inside of each other"), "{why}");
}
