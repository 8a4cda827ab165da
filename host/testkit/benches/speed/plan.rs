//! B3: the plan of a whole fleet in which nothing changed, against a script that renders
//! every template of it.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use deploycenter_domain::selector::Selection;
use deploycenter_engine::PlanOptions;
use deploycenter_plugin_runtime::{Library, Runtime, RuntimeConfig, bundled};
use serde_json::{Value, json};

use crate::Setting;
use crate::python::Python;
use crate::recorded::{Files, engine};
use crate::recording::Recording;
use crate::report::Measurement;

/// Customers of the three fleets; each has three instances.
const SIZES: [usize; 3] = [1_000, 3_000, 10_000];
const QUICK: [usize; 3] = [20, 60, 200];

pub(crate) fn measure(setting: &Setting) -> Result<()> {
    let sizes = if setting.quick { QUICK } else { SIZES };
    let rounds = if setting.quick { 1 } else { 3 };
    let mut python = Python::start(&setting.python, "plan.py")?;
    let mut per_instance = Vec::new();
    for size in sizes {
        let dir = setting.dir.join(format!("fleet-{size}"));
        record(&dir, size)?;
        let largest = size == SIZES[2] || size == QUICK[2];
        let (mut cold, mut peaks, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..rounds {
            let (seconds, peak) = once_in_child(&dir)?;
            cold.push(seconds);
            peaks.push(peak);
            eprintln!("{size} customers, round {round}: {seconds:.2} s, {peak:.0} MB");
            // Minutes a round: once is enough to know.
            if largest && round == 0 {
                let answer = python.ask(&json!({ "dir": dir }))?;
                theirs.push(answer["seconds"].as_f64().context("seconds")?);
                let instances = answer["instances"].as_u64().unwrap_or_default();
                ensure!(
                    instances == 3 * size as u64,
                    "the peer rendered {instances} instances"
                );
                eprintln!("{size} customers, Jinja2: {:.1} s", theirs[0]);
            }
        }
        per_instance.push(median(&cold) / (3 * size) as f64);
        if largest {
            theirs.resize(cold.len(), theirs[0]);
            let what = format!("plan of {size} customers with 3 instances each, nothing changed");
            for (id, unit, ours, peer) in [
                (
                    "B3.cold",
                    "s",
                    &cold,
                    Some(("Jinja2, every template once", &*theirs)),
                ),
                ("B3.memory", "MB", &peaks, None),
            ] {
                Measurement {
                    id,
                    what: what.clone(),
                    unit,
                    ours,
                    peer,
                }
                .print();
            }
        }
    }
    let growth: Vec<f64> = vec![per_instance[2] / per_instance[0]];
    Measurement {
        id: "B3.linear",
        what: format!(
            "time per instance at {} customers over that at {}",
            sizes[2], sizes[0]
        ),
        unit: "×",
        ours: &growth,
        peer: None,
    }
    .print();
    Ok(())
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// Makes the fleet and its recording, unless an earlier run with these plugins did.
fn record(dir: &Path, customers: usize) -> Result<()> {
    let mark = dir.join("made");
    let digests: Vec<_> = bundled()
        .iter()
        .map(|(_, bytes)| deploycenter_domain::digest::Digest::of(bytes).to_string())
        .collect();
    let expected = format!("1 {customers} {}", digests.join(" "));
    if std::fs::read_to_string(&mark).is_ok_and(|made| made == expected) {
        return Ok(());
    }
    eprintln!("recording a fleet of {customers} customers");
    let status = Command::new(std::env::current_exe()?)
        .arg("record")
        .arg(dir)
        .arg(customers.to_string())
        .status()?;
    ensure!(status.success(), "the recording failed");
    Ok(std::fs::write(mark, expected)?)
}

/// Seconds, and the peak of resident memory in MB, of a process that makes the plan.
fn once_in_child(dir: &Path) -> Result<(f64, f64)> {
    let output = Command::new(std::env::current_exe()?)
        .arg("plan-once")
        .arg(dir)
        .stderr(std::process::Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "the plan failed");
    let answer: Value = serde_json::from_slice(&output.stdout)?;
    let figure = |key: &str| answer[key].as_f64().with_context(|| format!("no {key}"));
    Ok((figure("seconds")?, figure("megabytes")?))
}

/// `plan-once DIR`: one plan, from the files of the desired state.
pub(crate) fn once(arguments: &[String]) -> Result<()> {
    let [dir] = arguments else {
        bail!("plan-once DIR");
    };
    let dir = Path::new(dir);
    let recording = Arc::new(Recording::open(dir)?);
    let expected = recording.live().len();
    let runtime = tokio::runtime::Runtime::new()?;
    let begun = Instant::now();
    let mut library = Library::new(Runtime::new(RuntimeConfig {
        cache_dir: Some(dir.with_file_name("compiled")),
        ..RuntimeConfig::default()
    })?);
    library.add_bundled()?;
    let files = Arc::new(Files::Below(dir.join("repo")));
    let engine = engine(files, Arc::new(library), recording)?;
    // As `deploycenter plan` asks for what it shows on a terminal.
    let options = PlanOptions {
        only_changes: true,
        ..PlanOptions::default()
    };
    let planned = runtime.block_on(engine.plan(&Selection::default(), &options))?;
    let seconds = begun.elapsed().as_secs_f64();
    ensure!(
        planned.plan.targets.len() == expected && !planned.plan.has_changes(),
        "{} of {expected} targets were planned, with {:?}",
        planned.plan.targets.len(),
        planned.plan.summary
    );
    println!("{}", json!({ "seconds": seconds, "megabytes": peak()? }));
    Ok(())
}

/// The most memory that was ever resident, in MB.
fn peak() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes: f64 = line
        .and_then(|line| line.trim().strip_suffix("kB"))
        .context("the kernel tells no VmHWM")?
        .trim()
        .parse()?;
    Ok(kilobytes * 1024.0 / 1e6)
}
