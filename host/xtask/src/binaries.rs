//! The tests of this machine's packages: built once, and their binaries run side by side.

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use crate::report::{Count, captured};

/// Those that take longest begin first, so that no core is left alone with one of them.
const FIRST: [&str; 3] = ["saga", "cli", "golden"];

/// Those that wait for processes of theirs more than they work: they run so many tests at
/// once for each processor.
const WAITING: [&str; 1] = ["cli"];
const AT_ONCE: usize = 3;

/// What measures time and memory runs alone, at last.
const ALONE: [&str; 2] = ["malice", "mattermost"];

/// A binary with tests.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Binary {
    /// The target that it was made of, and the folder of its package, in which it runs.
    name: String,
    package: PathBuf,
    program: PathBuf,
}

/// Builds the tests as `build` says, a `cargo test`, and tells where they are.
pub(crate) fn built(build: &mut Command) -> Result<Vec<Binary>> {
    let output = build
        .args(["--no-run", "--message-format=json-render-diagnostics"])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start cargo")?;
    if !output.status.success() {
        bail!("the tests can't be built");
    }
    let mut binaries: Vec<Binary> = output
        .stdout
        .split(|byte| *byte == b'\n')
        .filter_map(binary)
        .collect();
    if binaries.is_empty() {
        bail!("cargo built no test");
    }
    binaries.sort_by_key(|binary| {
        let first = FIRST.iter().position(|name| *name == binary.name);
        first.unwrap_or(FIRST.len())
    });
    Ok(binaries)
}

/// The binary that one of cargo's messages tells of.
fn binary(line: &[u8]) -> Option<Binary> {
    #[derive(Deserialize)]
    struct BuildMessage {
        manifest_path: PathBuf,
        target: BuiltTarget,
        profile: Profile,
        executable: Option<PathBuf>,
    }
    #[derive(Deserialize)]
    struct BuiltTarget {
        name: String,
    }
    #[derive(Deserialize)]
    struct Profile {
        test: bool,
    }
    let message: BuildMessage = serde_json::from_slice(line).ok()?;
    Some(Binary {
        name: message.target.name,
        package: message.manifest_path.parent()?.to_owned(),
        program: message.executable.filter(|_| message.profile.test)?,
    })
}

/// Runs all, as many at once as there are processors up to two, since each has threads of
/// its own. What one prints is shown when it ends. `prepare` gives each its environment.
pub(crate) fn run(binaries: Vec<Binary>, prepare: impl Fn(&mut Command) + Sync) -> Result<Count> {
    let (alone, together): (Vec<_>, Vec<_>) = binaries
        .into_iter()
        .partition(|binary| ALONE.contains(&binary.name.as_str()));
    let workers = processors().min(2);
    let mut total = Count::default();
    for (binaries, workers) in [(together, workers), (alone, 1)] {
        let left = Mutex::new(binaries.into_iter());
        let work = || {
            let mut count = Count::default();
            loop {
                let next = left.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some(binary) = next else {
                    return Ok(count);
                };
                count.add(&run_one(&binary, &prepare)?);
            }
        };
        let counts: Vec<Result<Count>> = thread::scope(|scope| {
            let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
            let joined = workers.into_iter().map(|worker| match worker.join() {
                Ok(count) => count,
                Err(_) => bail!("whoever runs the tests panicked"),
            });
            joined.collect()
        });
        for count in counts {
            total.add(&count?);
        }
    }
    Ok(total)
}

fn processors() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

fn run_one(binary: &Binary, prepare: impl Fn(&mut Command)) -> Result<Count> {
    let mut command = Command::new(&binary.program);
    // As cargo does: what the environment says is of this program's own package.
    command
        .current_dir(&binary.package)
        .env("CARGO_MANIFEST_DIR", &binary.package);
    if WAITING.contains(&binary.name.as_str()) {
        let threads = processors() * AT_ONCE;
        command.env("RUST_TEST_THREADS", threads.to_string());
    }
    prepare(&mut command);
    let began = Instant::now();
    let (count, text) = captured(&mut command)?;
    let package = binary.package.file_name().map(Path::new);
    let package = package.unwrap_or(&binary.package).display();
    let took = began.elapsed().as_secs_f64();
    eprint!(
        "     Running {} of {package}, {took:.1} s\n{text}",
        binary.name
    );
    Ok(count)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn cargo_says_which_binaries_hold_tests() {
        let line = |test: bool, executable: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","manifest_path":"/w/cli/Cargo.toml","target":{{"kind":["test"],"name":"cli"}},"profile":{{"test":{test}}},"executable":{executable}}}"#
            )
        };
        let expected = Binary {
            name: "cli".to_owned(),
            package: "/w/cli".into(),
            program: "/t/cli-1".into(),
        };
        assert_eq!(
            binary(line(true, r#""/t/cli-1""#).as_bytes()),
            Some(expected)
        );
        assert_eq!(binary(line(false, r#""/t/cli""#).as_bytes()), None);
        assert_eq!(binary(line(true, "null").as_bytes()), None);
        assert_eq!(
            binary(br#"{"reason":"build-finished","success":true}"#),
            None
        );
    }

    #[test]
    fn all_are_run_and_counted() {
        let dir = tempfile::tempdir().unwrap();
        let made = |name: &str, script: &str| {
            let program = dir.path().join(name);
            std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
            Binary {
                name: name.to_owned(),
                package: dir.path().to_owned(),
                program,
            }
        };
        let here = dir.path().display();
        let sound = format!(
            "test \"$PWD $CARGO_MANIFEST_DIR\" = '{here} {here}' || exit 1\n\
             echo \"test result: ok. $SOUND passed; 0 failed; 0 ignored\""
        );
        let binaries = vec![
            made("one", &sound),
            made("malice", &sound),
            made("two", "exit 101"),
        ];
        for binary in &binaries {
            let mut rights = std::fs::metadata(&binary.program).unwrap().permissions();
            std::os::unix::fs::PermissionsExt::set_mode(&mut rights, 0o700);
            std::fs::set_permissions(&binary.program, rights).unwrap();
        }
        let count = run(binaries, |command| {
            command.env("SOUND", "7");
        });
        let count = count.unwrap();
        assert_eq!((count.passed, count.failed), (14, 1));
    }
}
