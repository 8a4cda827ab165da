//! Bundles the guests that `cargo xtask build` made. It never builds them: a build script
//! that called cargo would wait for the lock that its own cargo holds.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let guests = here.join("../../target/guests");
    let renderer = guests.join("renderer.wasm");
    let plugins = guests.join("plugins");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", renderer.display());
    println!("cargo::rerun-if-changed={}", plugins.display());

    let mut files: Vec<PathBuf> = fs::read_dir(&plugins)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "wasm")
        })
        .collect();
    files.sort();

    let mut code = String::from("static RENDERER: Option<&[u8]> = ");
    match include(&renderer) {
        Some(bytes) => writeln!(code, "Some({bytes});"),
        None => writeln!(code, "None;"),
    }
    .expect("writing to a string");
    code.push_str("static PLUGINS: &[(&str, &[u8])] = &[\n");
    for file in &files {
        let app = file.file_stem().unwrap_or_default().to_string_lossy();
        if let Some(bytes) = include(file) {
            writeln!(code, "    ({app:?}, {bytes}),").expect("writing to a string");
        }
    }
    code.push_str("];\n");
    fs::write(out.join("bundled.rs"), code).expect("the output folder is writable");
}

fn include(path: &Path) -> Option<String> {
    let path = path.canonicalize().ok()?;
    Some(format!("include_bytes!({:?})", path.display().to_string()))
}
