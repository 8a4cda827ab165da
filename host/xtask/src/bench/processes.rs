//! B2: whole processes, from their start to their end, in turn: `deploycenter render`
//! against `helm template` and kustomize on what it rendered; and `deploycenter validate`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use super::measured::{Measured, Peer};
use super::{Stage, fresh};

const TARGET: &str = "acme/odoo";

/// A command that is measured, and its time in each round.
struct Runner {
    name: String,
    make: Box<dyn Fn() -> Command>,
    milliseconds: Vec<f64>,
}

impl Runner {
    fn new(name: impl Into<String>, make: impl Fn() -> Command + 'static) -> Self {
        Self {
            name: name.into(),
            make: Box::new(make),
            milliseconds: Vec::new(),
        }
    }

    fn round(&mut self) -> Result<()> {
        let mut command = (self.make)();
        let begun = Instant::now();
        run(&mut command)?;
        self.milliseconds
            .push(begun.elapsed().as_secs_f64() * 1000.0);
        Ok(())
    }
}

/// Measures.
pub(super) fn measure(stage: &Stage) -> Result<Vec<Measured>> {
    let (rounds, first_rounds) = if stage.quick { (2, 1) } else { (25, 5) };
    let dir = stage.dir.join("render");
    fresh(&dir)?;
    run(stage.command("repo").arg(&dir))?;
    let cache = dir.join("cache");
    let command = |words: &'static [&'static str]| {
        let (binary, repo, cache) = (stage.binary.clone(), dir.join("repo"), cache.clone());
        move || {
            let mut command = Command::new(&binary);
            command.arg("-C").arg(&repo).args(words);
            command.env("XDG_CACHE_HOME", &cache);
            command
        }
    };
    let ours = command(&["render", TARGET]);
    let folder = rendered(stage, &dir, &ours)?;
    let kustomized = kustomization(stage, &dir, &folder)?;

    let mut runners = vec![Runner::new("deploycenter", ours.clone())];
    runners.extend(peers(stage, &folder, &kustomized)?);
    for round in 0..=rounds {
        for runner in &mut runners {
            runner.round()?;
            // The first is for the caches of the machine.
            if round == 0 {
                runner.milliseconds.clear();
            }
        }
    }
    let mut validate = Runner::new("deploycenter", command(&["validate"]));
    for _ in 0..rounds {
        validate.round()?;
    }
    let mut first = Runner::new("deploycenter", ours);
    for _ in 0..first_rounds {
        fresh(&cache)?;
        first.round()?;
    }

    let what = format!("a process that renders {TARGET}, from start to end");
    let (ours, peers) = runners.split_first().context("ours is the first")?;
    let mut measured: Vec<Measured> = peers
        .iter()
        .map(|peer| Measured {
            id: format!("B2.{}", peer.name.split(' ').next().unwrap_or_default()),
            what: what.clone(),
            unit: "ms".to_owned(),
            ours: ours.milliseconds.clone(),
            peer: Some(Peer {
                name: peer.name.clone(),
                values: peer.milliseconds.clone(),
            }),
        })
        .collect();
    measured.push(Measured {
        id: "B2.validate".to_owned(),
        what: "a process that validates the fleet of 36 instances, as on each save".to_owned(),
        unit: "ms".to_owned(),
        ours: validate.milliseconds,
        peer: None,
    });
    measured.push(Measured {
        id: "B2.first".to_owned(),
        what: format!(
            "the same on a machine that never ran the plugin, which it compiles ({TARGET})"
        ),
        unit: "ms".to_owned(),
        ours: first.milliseconds,
        peer: None,
    });
    Ok(measured)
}

/// The target's files as they would be committed, and their folder.
fn rendered(stage: &Stage, dir: &Path, ours: &dyn Fn() -> Command) -> Result<PathBuf> {
    let out = dir.join("rendered");
    run(ours().arg("--out").arg(&out))?;
    let (customer, instance) = TARGET.split_once('/').context("a target")?;
    for region in fs::read_dir(out.join(customer))? {
        let folder = region?.path().join(instance);
        if folder.join("chart/Chart.yaml").is_file() {
            return Ok(folder);
        }
    }
    bail!("{} rendered no chart for {TARGET}", stage.binary.display())
}

/// The same objects as a kustomization: those of the base, and what Helm makes of the
/// chart; with a transformation, as such folders have.
fn kustomization(stage: &Stage, dir: &Path, folder: &Path) -> Result<PathBuf> {
    let out = dir.join("kustomized");
    fs::create_dir_all(&out)?;
    let mut text = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n\
                    commonAnnotations: { example.com/made-by: a-bench }\nresources:\n"
        .to_owned();
    let mut names: Vec<_> = fs::read_dir(folder.join("dependencies"))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    names.sort();
    for path in names {
        let name = path.file_name().context("a file")?.to_owned();
        fs::copy(&path, out.join(&name))?;
        let _ = writeln!(text, "  - {}", name.to_string_lossy());
    }
    let made = helm(stage, folder).stderr(Stdio::inherit()).output()?;
    if !made.status.success() {
        bail!("helm can't render the chart of {TARGET}");
    }
    fs::write(out.join("workload.yaml"), made.stdout)?;
    text.push_str("  - workload.yaml\n");
    fs::write(out.join("kustomization.yaml"), text)?;
    Ok(out)
}

fn helm(stage: &Stage, folder: &Path) -> Command {
    let mut command = Command::new(stage.tools.helm());
    command
        .args(["template", "acme--odoo"])
        .arg(folder.join("chart"))
        .arg("--values")
        .arg(folder.join("values.yaml"));
    command
}

fn peers(stage: &Stage, folder: &Path, kustomized: &Path) -> Result<Vec<Runner>> {
    let arguments: Vec<_> = helm(stage, folder)
        .get_args()
        .map(ToOwned::to_owned)
        .collect();
    let program = stage.tools.helm();
    let mut peers = vec![Runner::new("helm template", move || {
        let mut command = Command::new(&program);
        command.args(&arguments);
        command
    })];
    let (program, place) = (stage.tools.kustomize(), kustomized.to_owned());
    peers.push(Runner::new("kustomize build", move || {
        let mut command = Command::new(&program);
        command.arg("build").arg(&place);
        command
    }));
    let there = Command::new("kubectl")
        .args(["version", "--client"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if there.is_ok_and(|status| status.success()) {
        let place = kustomized.to_owned();
        peers.push(Runner::new("kubectl kustomize", move || {
            let mut command = Command::new("kubectl");
            command.arg("kustomize").arg(&place);
            command
        }));
    } else {
        eprintln!(
            "kubectl isn't installed: `kubectl kustomize` was NOT measured; kustomize, which is what it runs, was"
        );
    }
    Ok(peers)
}

/// Runs a command, and keeps what it prints on stderr for when it fails.
fn run(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {program}"))?;
    if !output.status.success() {
        bail!(
            "{program} failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(())
}
