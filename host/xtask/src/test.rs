//! `cargo xtask test`: sets up and runs every test, and ends with `N passed, N failed`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

use crate::binaries;
use crate::guests::{build_guests, workspace};
use crate::report::{Count, Report, check, counted};
use crate::tools::{self, Layout, Tools, cargo_with};

/// Where golden tests write what they render, for [`rendered`]: the name of an
/// environment variable.
const RENDERED: &str = "DEPLOYCENTER_RENDERED";

/// Where harnesses add what they tried, a line each: the name of an environment variable.
const TALLY: &str = "DEPLOYCENTER_TALLY";

/// What makes tests fail that would be passed over where boto3 or moto isn't installed:
/// here they are.
const NOTHING_PASSED_OVER: [(&str, &str); 2] = [("CI", "1"), ("DEPLOYCENTER_TEST_BOTO3", "1")];

/// How much has to be free in memory, in bytes, for tests to write there: several times
/// what they need at once.
const PLENTY: u64 = 4 << 30;

/// How long fetching the database of advisories may take.
const FETCH: Duration = Duration::from_secs(120);

/// Runs everything; `fast` leaves out what needs Helm and cargo-deny, and tells tests to
/// try fewer cases. An error means that something failed.
pub(crate) fn run(fast: bool) -> Result<()> {
    tools::native_libraries()?;
    tools::rust_components()?;
    let tools = Tools::open()?;
    let layout = Layout::read()?;
    let mut report = Report::default();

    // What takes long to install is installed beside the builds.
    std::thread::scope(|scope| {
        let python = scope.spawn(|| tools.install_python());
        let helm = scope.spawn(|| if fast { Ok(()) } else { tools.install_helm() });
        let deny = scope.spawn(|| {
            if fast {
                Ok(())
            } else {
                tools.install_cargo_deny()
            }
        });
        let wait = |installer: std::thread::ScopedJoinHandle<'_, Result<()>>| match installer.join()
        {
            Ok(result) => result,
            Err(_) => bail!("the installer panicked"),
        };

        report.step("guests", || build_guests().map(|()| Count::of(true)));
        report.step("format", || {
            check(cargo_with(&tools)?.args(["fmt", "--all", "--check", "--", "-l"]))
        });
        report.step("clippy", || clippy(&tools));
        report.step("clippy of guests", || clippy_of_guests(&tools, &layout));
        let python = wait(python);
        let mut tried = BTreeMap::new();
        report.step("tests", || {
            python?;
            let (count, tally) = cargo_tests(&tools, &layout, fast)?;
            tried = tally;
            Ok(count)
        });
        if !tried.is_empty() {
            let tried: Vec<String> = tried
                .iter()
                .map(|(kind, number)| format!("{number} {kind}"))
                .collect();
            report.note(format!("the sagas were tried at {}", tried.join(", ")));
        }
        report.step("tests of guests", || tests_of_guests(&tools, &layout));
        report.step("tests of scripts", || tests_of_scripts(&tools));
        if fast {
            report.note(
                "--fast: manifests weren't verified with Helm, nor dependencies with cargo-deny",
            );
            return;
        }
        let helm = wait(helm);
        report.step("manifests", || {
            helm.and_then(|()| rendered(&tools, &layout))
        });
        let deny = wait(deny);
        if deny.is_err() {
            report.step("dependencies", || deny.map(|()| Count::of(true)));
        } else {
            dependencies(&tools, &mut report);
        }
    });

    eprintln!();
    print!("{}", report.summary());
    if report.is_good() {
        return Ok(());
    }
    std::process::exit(1);
}

/// Of what the tests build, so that what both depend on is compiled once.
fn clippy(tools: &Tools) -> Result<Count> {
    check(cargo_with(tools)?.args([
        "clippy",
        "--quiet",
        "--all-targets",
        "--",
        "--deny",
        "warnings",
    ]))
}

/// Their tests for this machine, and what they are for the target that they are made for:
/// what is compiled there only, no other sees.
fn clippy_of_guests(tools: &Tools, layout: &Layout) -> Result<Count> {
    let mut count = Count::default();
    for kind in [
        &["--all-targets"][..],
        &["--target", "wasm32-unknown-unknown"],
    ] {
        let mut command = of_guests(tools, layout, "clippy")?;
        command.arg("--quiet").args(kind);
        count.add(&check(command.args(["--", "--deny", "warnings"]))?);
    }
    Ok(count)
}

/// All tests of this machine's packages, and what their harnesses tried, by its kind.
fn cargo_tests(
    tools: &Tools,
    layout: &Layout,
    fast: bool,
) -> Result<(Count, BTreeMap<String, u64>)> {
    let folder = layout.target.join("rendered");
    tools::emptied(&folder)?;
    let scratch = in_memory();
    let tally = tempfile::NamedTempFile::new()?;
    let path = tools.path()?;
    let prepare = |command: &mut Command| {
        if let Some(scratch) = &scratch {
            command.env("TMPDIR", scratch.path());
        }
        command
            .env("PATH", &path)
            .env(RENDERED, &folder)
            .env(TALLY, tally.path())
            .envs(NOTHING_PASSED_OVER);
        if fast {
            command.env("DEPLOYCENTER_TEST_FAST", "1");
        }
    };
    let binaries = binaries::built(cargo_with(tools)?.arg("test"))?;
    let mut count = binaries::run(binaries, prepare)?;
    // Those of the documentation are no binaries.
    count.add(&counted(cargo_with(tools)?.args([
        "test",
        "--doc",
        "--no-fail-fast",
    ]))?);
    let tally = std::fs::read_to_string(tally.path())?;
    Ok((count, summed(&tally)))
}

/// What the lines of a tally (`83 points crash::a_deploy_survives_every_crash`) come to.
fn summed(tally: &str) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    for line in tally.lines() {
        let mut words = line.split(' ');
        if let (Some(Ok(number)), Some(kind)) = (words.next().map(str::parse::<u64>), words.next())
        {
            *sums.entry(kind.to_owned()).or_default() += number;
        }
    }
    sums
}

/// A folder in memory, where there is plenty: thousands of small worlds are made and
/// thrown away, and a disk takes longer over that than over anything else.
fn in_memory() -> Option<TempDir> {
    let memory = Path::new("/dev/shm");
    let state = rustix::fs::statvfs(memory).ok()?;
    let free = state.f_bavail.saturating_mul(state.f_frsize);
    if free < PLENTY {
        return None;
    }
    tempfile::Builder::new()
        .prefix("deploycenter-test")
        .tempdir_in(memory)
        .ok()
}

fn tests_of_guests(tools: &Tools, layout: &Layout) -> Result<Count> {
    counted(of_guests(tools, layout, "test")?.arg("--no-fail-fast"))
}

/// A command for the guests' packages, in the folder that they are built in: their choice
/// of features is another than the host's, and neither is to wait for the other.
fn of_guests(tools: &Tools, layout: &Layout, subcommand: &str) -> Result<Command> {
    let mut command = cargo_with(tools)?;
    command.arg(subcommand).arg("--target-dir");
    command.arg(workspace().join("target/guests/build"));
    for guest in &layout.guests {
        command.args(["--package", guest]);
    }
    Ok(command)
}

/// The scripts that check manifests, and those that ride in charts.
fn tests_of_scripts(tools: &Tools) -> Result<Count> {
    let apps = workspace().join("apps");
    let mut folders = vec![apps.join("tests")];
    for app in
        std::fs::read_dir(&apps).with_context(|| format!("cannot read {}", apps.display()))?
    {
        let tests = app?.path().join("tests");
        let has_tests = std::fs::read_dir(&tests).into_iter().flatten().flatten();
        if has_tests
            .map(|entry| entry.file_name())
            .any(|name| name.to_string_lossy().starts_with("test_"))
        {
            folders.push(tests);
        }
    }
    folders.sort();
    let mut count = Count::default();
    for folder in folders {
        count.add(&counted(
            Command::new(tools.python())
                .args(["-m", "unittest"])
                .current_dir(folder),
        )?);
    }
    Ok(count)
}

/// What the golden tests rendered, checked as a cluster would.
fn rendered(tools: &Tools, layout: &Layout) -> Result<Count> {
    let folder = layout.target.join("rendered");
    let is_empty = std::fs::read_dir(&folder).map_or(true, |mut entries| entries.next().is_none());
    if is_empty {
        bail!(
            "no test wrote what it rendered to {} (${RENDERED})",
            folder.display()
        );
    }
    let script = workspace().join("apps/tests/verify.py");
    counted(
        Command::new(tools.python())
            .arg(script)
            .arg(&folder)
            .arg("--helm")
            .arg(tools.helm()),
    )
}

/// Licences, sources and bans always; advisories where their database can be had.
fn dependencies(tools: &Tools, report: &mut Report) {
    let deny = |arguments: &[&str]| {
        let mut command = Command::new(tools.cargo_deny());
        command
            .current_dir(workspace())
            .args(["--workspace", "--log-level", "warn"])
            .args(arguments);
        command
    };
    report.step("dependencies", || {
        check(&mut deny(&["check", "bans", "licenses", "sources"]))
    });
    match fetched(&mut deny(&["fetch", "db"])) {
        Ok(()) => report.step("advisories", || check(&mut deny(&["check", "--disable-fetch", "advisories"]))),
        Err(error) => report.note(format!(
            "advisories were NOT checked, for their database (github.com/rustsec/advisory-db) can't be fetched: {error:#}"
        )),
    }
}

/// Whether a download ended well in time; what it says is shown only if not.
fn fetched(command: &mut Command) -> Result<()> {
    let (mut reader, writer) = std::io::pipe()?;
    command
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer);
    let mut child = command.spawn().context("cannot start cargo-deny")?;
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let patience = Instant::now() + FETCH;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if Instant::now() > patience {
            child.kill()?;
            child.wait()?;
            bail!("no answer within {} s", FETCH.as_secs());
        }
        std::thread::sleep(Duration::from_millis(200));
    };
    if status.success() {
        return Ok(());
    }
    let mut said = String::new();
    std::io::Read::read_to_string(&mut reader, &mut said)?;
    let why = said
        .lines()
        .rev()
        .map(str::trim)
        .find(|line| !line.is_empty());
    let why = why.unwrap_or("cargo-deny failed");
    bail!("{why}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_steps_name_is_there() {
        for path in [
            "apps/tests/verify.py",
            "host/xtask/requirements.txt",
            "deny.toml",
        ] {
            assert!(workspace().join(path).is_file(), "{path}");
        }
    }

    #[test]
    fn what_was_tried_is_summed_up() {
        let sums = summed("83 points crash::one\n100 kills kill::it\n4 points two\n");
        let expected = [("kills".to_owned(), 100), ("points".to_owned(), 87)];
        assert_eq!(sums, BTreeMap::from(expected));
    }

    #[test]
    fn a_download_that_fails_says_why() {
        let mut command = Command::new("sh");
        command.args([
            "-c",
            "echo 'starting'; echo 'ERROR no route to host' >&2; exit 1",
        ]);
        let error = fetched(&mut command).expect_err("it exits with 1");
        assert_eq!(error.to_string(), "ERROR no route to host");
        assert!(fetched(&mut Command::new("true")).is_ok());
    }
}
