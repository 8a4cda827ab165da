//! `cargo xtask bench`: measures what the project promises to be fast at, each figure
//! beside that of a peer in the same run, and says which goals are reached.
//!
//! It fails where something can't be measured, never because something is slow.

mod judge;
mod measured;
mod processes;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;

use crate::guests::{build_guests, workspace};
use crate::tools::{self, Tools, cargo_with};
use judge::Verdict;
use measured::Measured;

/// What is built: the command line, and the benches of `host/testkit`.
const BINARY: &str = "deploycenter";
const SPEED: &str = "speed";

/// What is measured, by the names in BENCHMARKS.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
#[value(rename_all = "verbatim")]
pub(crate) enum Bench {
    /// One target in a sandbox, against minijinja and Jinja2.
    B1,
    /// A cold process that renders a target, against Helm and kustomize; and one that validates.
    B2,
    /// The plan of 30,000 instances, against a script with Jinja2.
    B3,
    /// Outside calls of an apply that finds nothing to do.
    B4,
    /// Route 53 calls for a thousand new records.
    B5,
    /// A thousand branches pushed over HTTP, against the git command.
    B6,
}

/// How results are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// A table for people.
    Text,
    /// One JSON document.
    Json,
}

/// Builds for speed, sets the peers up, measures in turn, and prints.
pub(crate) fn run(chosen: &[Bench], quick: bool, output: Output) -> Result<()> {
    tools::native_libraries()?;
    let mut chosen = chosen.to_vec();
    if chosen.is_empty() {
        chosen = Bench::value_variants().to_vec();
    }
    chosen.sort();
    chosen.dedup();

    let tools = Tools::open()?;
    tools.install_python()?;
    if chosen.contains(&Bench::B2) {
        tools.install_helm()?;
        tools.install_kustomize()?;
    }
    build_guests()?;
    let (binary, speed) = built(&tools)?;
    let stage = Stage {
        speed,
        binary,
        dir: workspace().join("target/bench"),
        tools,
        quick,
    };
    std::fs::create_dir_all(&stage.dir)
        .with_context(|| format!("cannot make {}", stage.dir.display()))?;

    let mut verdicts = Vec::new();
    for bench in chosen {
        eprintln!("measuring {}", bench.name());
        let measured = match bench {
            Bench::B2 => processes::measure(&stage)?,
            _ => stage.in_process(&bench.name())?,
        };
        verdicts.extend(measured.into_iter().map(Verdict::of));
    }
    match output {
        Output::Json => println!("{}", judge::json(&verdicts)),
        Output::Text => print!("{}", judge::text(&verdicts)),
    }
    if quick {
        eprintln!("--quick: few rounds of small size; the figures say nothing");
    }
    Ok(())
}

impl Bench {
    fn name(self) -> String {
        format!("{self:?}")
    }
}

/// What all measurements use.
struct Stage {
    /// The benches of `host/testkit`.
    speed: PathBuf,
    /// `deploycenter`.
    binary: PathBuf,
    /// For whatever is written.
    dir: PathBuf,
    tools: Tools,
    quick: bool,
}

impl Stage {
    /// The benches, with what they need to know.
    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(&self.speed);
        command
            .arg(name)
            .env("DEPLOYCENTER_BENCH_DIR", &self.dir)
            .env("DEPLOYCENTER_BENCH_PYTHON", self.tools.python());
        if self.quick {
            command.env("DEPLOYCENTER_BENCH_QUICK", "1");
        }
        command
    }

    /// Runs one, and reads its measurements.
    fn in_process(&self, name: &str) -> Result<Vec<Measured>> {
        let output = self
            .command(name)
            .stderr(Stdio::inherit())
            .output()
            .context("cannot start the benches")?;
        if !output.status.success() {
            bail!("{name} couldn't be measured");
        }
        measured::read(&output.stdout)
    }
}

/// Builds `deploycenter` and the benches for speed, in one go so that what both use is
/// built once, and gives the places of both, which cargo alone knows.
fn built(tools: &Tools) -> Result<(PathBuf, PathBuf)> {
    let output = cargo_with(tools)?
        .args(["build", "--release", "--bin", BINARY, "--bench", SPEED])
        .args(["--message-format", "json-render-diagnostics"])
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start cargo")?;
    if !output.status.success() {
        bail!("the host or its benches don't build; the messages above say where");
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    let place = |name| {
        executable(&messages, name).with_context(|| format!("cargo names no executable of {name}"))
    };
    Ok((place(BINARY)?, place(SPEED)?))
}

/// The executable of that target in cargo's messages.
fn executable(messages: &str, name: &str) -> Option<PathBuf> {
    #[derive(serde::Deserialize)]
    struct Message {
        target: Target,
        executable: Option<PathBuf>,
    }
    #[derive(serde::Deserialize)]
    struct Target {
        name: String,
    }
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Message>(line).ok())
        .filter(|message| message.target.name == name)
        .find_map(|message| message.executable)
}

/// A folder of a measurement, made empty.
fn fresh(dir: &Path) -> Result<&Path> {
    tools::emptied(dir)?;
    Ok(dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_executable_is_found_by_its_name() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","target":{"name":"serde"},"executable":null}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"name":"speed"},"executable":"/x/speed-1"}"#,
            "\n",
            r#"{"reason":"build-finished","success":true}"#,
        );
        assert_eq!(
            executable(messages, "speed"),
            Some(PathBuf::from("/x/speed-1"))
        );
        assert_eq!(executable(messages, "serde"), None);
        assert_eq!(executable("no json\n", "speed"), None);
    }

    #[test]
    fn every_bench_has_goals() {
        for bench in Bench::value_variants() {
            let prefix = format!("{}.", bench.name());
            assert!(
                judge::GOALS.iter().any(|(id, _)| id.starts_with(&prefix)),
                "{prefix}"
            );
        }
    }
}
