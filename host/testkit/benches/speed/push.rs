//! B6: branches of many customers, committed and pushed over HTTP to git's own server;
//! against the git command, with a push a branch and with one push at the end.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use deploycenter_domain::effect::{EffectId, EffectKind};
use deploycenter_domain::name::Incarnation;
use deploycenter_domain::resource::{Folder, Owner, Resource};
use deploycenter_git::{Credentials, Git, GitConfig};
use deploycenter_ports::{CommitContext, Provider as _, Step, Unwatched};

use crate::Setting;
use crate::http;
use crate::recorded::Now;
use crate::report::Measurement;

/// Files of an instance, and what each holds about.
const FILES: usize = 20;
const LINES: usize = 50;

const PLACE: &str = "us-west-2/odoo";

pub(crate) fn measure(setting: &Setting) -> Result<()> {
    let (branches, rounds) = if setting.quick { (20, 1) } else { (1_000, 3) };
    let runtime = tokio::runtime::Runtime::new()?;
    let dir = setting.dir.join("push");
    let (mut ours, mut once, mut each) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        for (name, figures) in [
            ("ours", &mut ours),
            ("once", &mut once),
            ("each", &mut each),
        ] {
            // The slowest by far: once is enough to know.
            if name == "each" && round > 0 {
                continue;
            }
            let place = dir.join(name);
            let remote = remote(&place)?;
            let url = runtime.block_on(http::serve(&place))?;
            let begun = Instant::now();
            match name {
                "ours" => runtime.block_on(push(&place, &url, branches))?,
                "once" => by_command(&place, &url, branches, false)?,
                _ => by_command(&place, &url, branches, true)?,
            }
            let seconds = begun.elapsed().as_secs_f64();
            ensure!(
                arrived(&remote)? == branches,
                "{name}: not every branch arrived"
            );
            eprintln!("{name}: {seconds:.2} s");
            figures.push(seconds);
        }
    }
    each.resize(rounds, each[0]);
    let what = format!("{branches} new branches of {FILES} files, committed and pushed over HTTP");
    for (id, name, values) in [
        ("B6.each", "git, a push a branch", &each),
        ("B6.once", "git, one push at the end", &once),
    ] {
        Measurement {
            id,
            what: what.clone(),
            unit: "s",
            ours: &ours,
            peer: Some((name, values)),
        }
        .print();
    }
    Ok(())
}

fn branch(number: usize) -> String {
    format!("customer/c{number:05}")
}

fn files(number: usize) -> BTreeMap<String, String> {
    (0..FILES)
        .map(|file| {
            let line = format!("key: a value of c{number:05} in file {file}\n");
            (format!("dependencies/{file:02}.yaml"), line.repeat(LINES))
        })
        .collect()
}

/// An empty bare repository, which takes pushes over HTTP.
fn remote(place: &Path) -> Result<PathBuf> {
    if place.exists() {
        fs::remove_dir_all(place)?;
    }
    let path = place.join("remote.git");
    fs::create_dir_all(&path)?;
    git(&path, &["init", "--quiet", "--bare"])?;
    git(&path, &["config", "http.receivepack", "true"])?;
    Ok(path)
}

fn arrived(remote: &Path) -> Result<usize> {
    let output = Command::new("git")
        .arg("-C")
        .arg(remote)
        .args(["for-each-ref", "refs/heads/customer"])
        .output()?;
    Ok(String::from_utf8_lossy(&output.stdout).lines().count())
}

/// Our adapter, asked for all at once, as an apply does.
async fn push(place: &Path, url: &str, branches: usize) -> Result<()> {
    let git = Git::open(
        &GitConfig {
            cache_dir: place.join("cache"),
            remote_url: url.to_owned(),
            credentials: Credentials::default(),
            signer: None,
        },
        Arc::new(Now),
        Arc::new(Unwatched),
    )?;
    let steps = (0..branches).map(step).collect::<Result<Vec<_>>>()?;
    for made in futures::future::join_all(steps.iter().map(|step| git.ensure(step))).await {
        ensure!(made?.changed, "a branch was there already");
    }
    Ok(())
}

fn step(number: usize) -> Result<Step> {
    let folder = Folder {
        branch: branch(number),
        path: PLACE.to_owned(),
        tree: None,
        files: files(number),
    };
    Ok(Step {
        owner: Owner {
            installation: "bench".parse()?,
            target: format!("c{number:05}/odoo").parse()?,
            effect: EffectId::new(EffectKind::Commit, "folder")
                .ok()
                .context("an id")?,
            incarnation: Incarnation::FIRST,
            deployment: "d-000001".parse()?,
        },
        before: None,
        after: Some(Resource::Folder(folder)),
        adopt: None,
        uncertain: false,
        undo: false,
        commit: CommitContext {
            actor: "A Bench <bench@example.com>".to_owned(),
            main_commit: None,
        },
    })
}

/// What a script would do.
fn by_command(place: &Path, url: &str, branches: usize, push_each: bool) -> Result<()> {
    let clone = place.join("clone");
    fs::create_dir_all(&clone)?;
    git(&clone, &["init", "--quiet"])?;
    git(&clone, &["remote", "add", "origin", url])?;
    for number in 0..branches {
        let branch = branch(number);
        git(&clone, &["checkout", "--quiet", "--orphan", &branch])?;
        for (path, text) in files(number) {
            let path = clone.join(PLACE).join(path);
            fs::create_dir_all(path.parent().context("a file in a folder")?)?;
            fs::write(path, text)?;
        }
        git(&clone, &["add", "--all"])?;
        git(&clone, &["commit", "--quiet", "--message", "Deploy"])?;
        if push_each {
            git(&clone, &["push", "--quiet", "origin", &branch])?;
        }
    }
    if !push_each {
        git(
            &clone,
            &["push", "--quiet", "origin", "refs/heads/customer/*"],
        )?;
    }
    Ok(())
}

fn git(folder: &Path, arguments: &[&str]) -> Result<()> {
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .envs([
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_AUTHOR_NAME", "A Bench"),
            ("GIT_AUTHOR_EMAIL", "bench@example.com"),
            ("GIT_COMMITTER_NAME", "A Bench"),
            ("GIT_COMMITTER_EMAIL", "bench@example.com"),
            // A pause of its own in the middle of a round would be nobody's fault.
            ("GIT_CONFIG_COUNT", "2"),
            ("GIT_CONFIG_KEY_0", "gc.auto"),
            ("GIT_CONFIG_VALUE_0", "0"),
            ("GIT_CONFIG_KEY_1", "maintenance.auto"),
            ("GIT_CONFIG_VALUE_1", "false"),
        ])
        .output()
        .context("git is needed")?;
    ensure!(
        output.status.success(),
        "git {}: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
