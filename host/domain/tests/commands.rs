//! Proof that nothing below a door speaks a door's language: what a person can do is a
//! `Remedy`, and the command line alone makes a command of it.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};

/// What holds no command.
const BELOW: &[&str] = &["domain", "ports", "engine", "adapters", "platform"];

/// The commands.
const VERBS: &[&str] = &[
    "accept", "adopt", "apply", "cancel", "destroy", "doctor", "explain", "history", "init",
    "orphans", "plan", "purge", "release", "render", "resume", "rollback", "sandbox", "schema",
    "secret", "status", "sync", "validate",
];

/// The Rust files of `src` folders below a folder.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs")
            && path.components().any(|part| part.as_os_str() == "src")
        {
            found.push(path);
        }
    }
}

/// The command that a line of code spells out, if it does.
fn command(line: &str) -> Option<&str> {
    let line = line.trim_start();
    if line.starts_with("//") {
        return None;
    }
    let mut rest = line.split("deploycenter ");
    rest.next();
    rest.find_map(|rest| {
        let word = rest.split(|c: char| !c.is_ascii_alphabetic()).next()?;
        VERBS.contains(&word).then_some(word)
    })
}

#[test]
fn a_command_in_code_is_found_and_one_in_a_comment_is_not() {
    assert_eq!(
        command("    .help(\"deploycenter resume {target}\")"),
        Some("resume")
    );
    assert_eq!(
        command("    \"the deploycenter that wrote it; `deploycenter sync`\""),
        Some("sync")
    );
    assert_eq!(command("    /// What `deploycenter apply` does."), None);
    assert_eq!(command("    \"use the deploycenter that wrote it\","), None);
}

#[test]
fn nothing_below_a_door_spells_out_a_command() {
    let host = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = Vec::new();
    for folder in BELOW {
        sources(&host.join(folder), &mut files);
    }
    assert!(files.len() > 200, "{} files", files.len());
    let mut spelled = Vec::new();
    for path in files {
        let shown = path.strip_prefix(host).unwrap().display().to_string();
        let text = std::fs::read_to_string(&path).unwrap();
        for (line, number) in text.lines().zip(1..) {
            if let Some(verb) = command(line) {
                spelled.push(format!("{shown}:{number} says deploycenter {verb}"));
            }
        }
    }
    assert_eq!(spelled, Vec::<String>::new());
}
