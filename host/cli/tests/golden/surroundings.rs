//! The same commit, rendered by processes that differ in everything but the commit.
//!
//! Each process has hash seeds of its own: std's `RandomState` draws them anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::place::{fleet, render};

/// What a process finds around it.
struct Surroundings {
    checkout: PathBuf,
    home: &'static str,
    umask: &'static str,
    environment: &'static [(&'static str, &'static str)],
}

impl Surroundings {
    /// The binary in them. A shell sets the umask, which a `Command` can't.
    fn command(&self, dir: &Path) -> Command {
        let home = dir.join(self.home);
        fs::create_dir_all(&home).unwrap();
        let mut command = Command::new("sh");
        command
            .args([
                "-c",
                "umask \"$0\"; exec \"$@\"",
                self.umask,
                env!("CARGO_BIN_EXE_deploycenter"),
                "-C",
            ])
            .arg(&self.checkout)
            .current_dir(&home)
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .env("HOME", &home)
            .envs(self.environment.iter().copied());
        command
    }
}

#[test]
fn the_same_commit_gives_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    // Shared values, so that the pins name a commit too.
    let repo = fleet(
        dir.path(),
        &[("overrides/mattermost/values.yaml", "maxUsers: 321\n")],
    );
    let elsewhere = dir.path().join("another folder, with ümlaut/and deeper");
    fs::create_dir_all(elsewhere.parent().unwrap()).unwrap();
    git2::Repository::clone(repo.remote.to_str().unwrap(), &elsewhere).unwrap();

    let surroundings = [
        Surroundings {
            checkout: repo.checkout,
            home: "home",
            umask: "077",
            environment: &[
                ("TZ", "Asia/Kolkata"),
                ("LANG", "C"),
                ("USER", "ada"),
                ("COLUMNS", "40"),
            ],
        },
        Surroundings {
            checkout: elsewhere,
            home: "a home elsewhere",
            umask: "000",
            environment: &[
                ("TZ", "America/St_Johns"),
                ("LANG", "tr_TR.UTF-8"),
                ("LC_ALL", "tr_TR.UTF-8"),
                ("USER", "grace"),
                ("CI", "true"),
                ("AWS_REGION", "ap-south-1"),
                ("NO_COLOR", "1"),
            ],
        },
    ];
    // Each twice: once it compiles the plugins, once it finds them compiled.
    let mut trees = Vec::new();
    for (number, around) in surroundings.iter().chain(&surroundings).enumerate() {
        trees.push(render(
            around.command(dir.path()),
            &dir.path().join(format!("out-{number}")),
        ));
    }
    let first = &trees[0];
    assert!(first.len() > 100, "{:?}", first.keys());
    assert!(
        first
            .values()
            .any(|bytes| String::from_utf8_lossy(bytes).contains("maxUsers: 321"))
    );
    for (number, tree) in trees.iter().enumerate().skip(1) {
        assert!(
            tree.keys().eq(first.keys()),
            "run {number} wrote other files"
        );
        for (path, bytes) in tree {
            assert!(first[path] == *bytes, "run {number} wrote {path} otherwise");
        }
    }
}
