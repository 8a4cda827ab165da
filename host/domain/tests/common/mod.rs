//! Fuzzing: a fixed number of runs from a fixed seed, so that every run of the tests
//! tries the same. `FUZZ_RUNS=1000000 FUZZ_SEED=7 cargo test --test desired fuzz` goes on
//! for longer, elsewhere.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// Pieces that YAML, TOML, JSON, names or tokens make something of.
const PIECES: &[&str] = &[
    "\n",
    "\r\n",
    "\t",
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
    "#",
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
    "<<: ",
    "~",
    "=",
    "\"\"\"",
    "[[",
    "\\u0000",
    "\\ufffe",
    "\\ud800",
    "%EF%BF%BE",
    "&#65534;",
    "\u{0}",
    "\u{85}",
    "\u{2028}",
    "\u{FEFF}",
    "\u{FFFE}",
    "\u{FFFF}",
    "\u{10FF41}",
    "aZ",
    "é",
    "а",
    "--",
    "../",
    "/",
    "*",
    "0x",
    "1e",
    "-0",
    "1e999",
    "99999999999999999999",
    ".nan",
    "007",
    "null",
    "true",
    "name: ",
    "apps:\n",
    "values: ",
    "region: ",
    "version: ",
    "storage: ",
    "format",
    "sha256:",
];

/// How often each is tried, and from where; `runs` unless said otherwise.
pub(crate) fn config(runs: u32) -> ProptestConfig {
    let said = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    ProptestConfig {
        cases: said("FUZZ_RUNS").map_or(runs, |runs| u32::try_from(runs).unwrap_or(u32::MAX)),
        rng_seed: RngSeed::Fixed(said("FUZZ_SEED").unwrap_or(20_261_121)),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// A text cut, patched and partly repeated in a few places; now and then untouched.
pub(crate) fn edited(text: impl Into<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let text: Vec<u8> = text.into();
    let piece = prop_oneof![
        4 => prop::sample::select(PIECES).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..4),
    ];
    let edit = (
        any::<prop::sample::Index>(),
        0..40usize,
        prop_oneof![3 => Just(0usize), 1 => 0..200usize],
        piece,
    );
    vec(edit, 0..6).prop_map(move |edits| {
        let mut bytes = text.clone();
        for (at, cut, again, piece) in edits {
            let at = at.index(bytes.len() + 1);
            let end = (at + cut).min(bytes.len());
            let copy = bytes[at..(at + again).min(bytes.len())].to_vec();
            bytes.splice(at..end, piece.into_iter().chain(copy));
        }
        bytes
    })
}

/// The same as a text, whatever isn't one in it replaced.
pub(crate) fn edited_text(text: impl Into<Vec<u8>>) -> impl Strategy<Value = String> {
    edited(text).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// Pieces one after the other.
pub(crate) fn soup() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(PIECES).prop_map(str::to_owned),
        "[a-z0-9]{1,3}",
        any::<char>().prop_map(String::from),
    ];
    vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}
