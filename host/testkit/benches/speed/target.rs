//! B1: one target, from its merged values to all its files, in a sandbox of its own each
//! time; against the same templates rendered natively, and by Jinja2.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use deploycenter_domain::name::TargetId;
use deploycenter_plugin_runtime::{Library, PluginFile, Runtime, RuntimeConfig, bundled};
use deploycenter_ports::Plugins as _;
use deploycenter_sandbox::sample::{CUSTOMERS, SampleRepo};
use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};
use serde::Deserialize as _;
use serde_json::json;

use crate::Setting;
use crate::capture::{Asked, Remembering, Rendering, renderings};
use crate::python::Python;
use crate::recorded::{engine, rendered};
use crate::recording::Recording;
use crate::report::Measurement;

/// Whom: the fleet's first customer, with many values.
const TARGET: &str = "acme/odoo";

pub(crate) fn measure(setting: &Setting) -> Result<()> {
    let (rounds, times) = if setting.quick { (3, 5) } else { (15, 100) };
    let library = library(setting)?;
    let asked = asked(&library, setting)?;
    let templates = BTreeMap::new();
    let ours = || -> Result<BTreeMap<String, String>> {
        let found = library.validate(&asked.digest, &templates, &asked.request)?;
        ensure!(found.is_empty(), "{found:?}");
        Ok(library
            .plan(&asked.digest, &templates, &asked.request)?
            .files)
    };
    let (files, seen) = renderings(ours);
    let files = files?;
    ensure!(!seen.is_empty(), "no template was rendered");
    let sources = sources(&asked)?;
    let native = native(&sources)?;
    let mut python = Python::start(&setting.python, "render.py")?;
    let names: Vec<&str> = seen.iter().map(|one| one.template.as_str()).collect();
    let loaded = python.ask(&json!({ "templates": sources, "render": names }))?;
    let context: serde_json::Value = serde_json::from_str(&seen[0].context)?;
    ensure!(
        seen.iter().all(|one| one.context == seen[0].context),
        "the templates of {TARGET} see the same variables"
    );
    same_texts(&files, &seen, &native, &mut python)?;

    let (mut mine, mut theirs, mut jinja) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let begun = Instant::now();
        for _ in 0..times {
            std::hint::black_box(ours()?);
        }
        mine.push(millis(begun, times));
        let begun = Instant::now();
        for _ in 0..times {
            // What a program has is data, which it hands to the engine once.
            let context = Value::deserialize(&context)?;
            for name in &names {
                std::hint::black_box(native.get_template(name)?.render(context.clone())?);
            }
        }
        theirs.push(millis(begun, times));
        let answer = python.ask(&json!({ "context": context, "times": times }))?;
        let seconds = answer["seconds"].as_f64().context("seconds")?;
        jinja.push(seconds * 1000.0 / f64::from(times));
    }
    let what = format!(
        "{TARGET}: validate and plan in fresh sandboxes, {} templates",
        names.len()
    );
    let version = loaded["version"].as_str().unwrap_or_default();
    for (id, name, values) in [
        (
            "B1.minijinja",
            "minijinja, native, the templates alone",
            &theirs,
        ),
        (
            "B1.jinja2",
            &*format!("Jinja2 {version}, the templates alone"),
            &jinja,
        ),
    ] {
        Measurement {
            id,
            what: what.clone(),
            unit: "ms",
            ours: &mine,
            peer: Some((name, values)),
        }
        .print();
    }
    Ok(())
}

/// `repo DIR`: the sample fleet's deployment repo, for processes to work in.
pub(crate) fn repo(arguments: &[String]) -> Result<()> {
    let [dir] = arguments else {
        bail!("repo DIR");
    };
    SampleRepo::below(Path::new(dir)).create(&deploycenter_testkit::files(CUSTOMERS)?)?;
    Ok(())
}

/// Per time, since then.
fn millis(begun: Instant, times: u32) -> f64 {
    begun.elapsed().as_secs_f64() * 1000.0 / f64::from(times)
}

/// The bundled plugins, with the compiled code kept.
pub(crate) fn library(setting: &Setting) -> Result<Arc<Library>> {
    let mut library = Library::new(Runtime::new(RuntimeConfig {
        cache_dir: Some(setting.dir.join("compiled")),
        ..RuntimeConfig::default()
    })?);
    library.add_bundled()?;
    Ok(Arc::new(library))
}

/// What the engine asks of the plugin for that target.
fn asked(library: &Arc<Library>, setting: &Setting) -> Result<Asked> {
    let plugins = Arc::new(Remembering {
        inner: Arc::clone(library) as _,
        asked: std::sync::Mutex::default(),
    });
    let files = deploycenter_testkit::files(CUSTOMERS)?;
    let recording = Arc::new(Recording::none(&setting.dir)?);
    let engine = engine(
        Arc::new(crate::recorded::Files::Held(files)),
        plugins.clone(),
        recording,
    )?;
    let target: TargetId = TARGET.parse()?;
    tokio::runtime::Runtime::new()?.block_on(rendered(&engine, Some(&target)))?;
    let asked = plugins
        .asked
        .lock()
        .ok()
        .and_then(|asked| asked.first().cloned());
    asked.context("the plugin was asked")
}

/// The plugin's templates by name.
fn sources(asked: &Asked) -> Result<BTreeMap<String, String>> {
    for (_, bytes) in bundled() {
        let file = PluginFile::read(bytes)?;
        if file.digest == asked.digest {
            return Ok(file.templates);
        }
    }
    bail!("the plugin is bundled")
}

/// Minijinja as the sandboxed engine sets it up, without what only that one has to check.
fn native(sources: &BTreeMap<String, String>) -> Result<Environment<'static>> {
    let mut environment = Environment::new();
    environment.set_syntax(
        SyntaxConfig::builder()
            .block_delimiters("[%", "%]")
            .variable_delimiters("[[", "]]")
            .comment_delimiters("[#", "#]")
            .trim_blocks(true)
            .lstrip_blocks(true)
            .keep_trailing_newline(true)
            .build()?,
    );
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_fuel(Some(1_000_000));
    for (name, source) in sources {
        environment.add_template_owned(name.clone(), source.clone())?;
    }
    Ok(environment)
}

/// All three make the same files, or the figures mean nothing.
fn same_texts(
    files: &BTreeMap<String, String>,
    seen: &[Rendering],
    native: &Environment<'_>,
    python: &mut Python,
) -> Result<()> {
    let context: serde_json::Value = serde_json::from_str(&seen[0].context)?;
    let answer = python.ask(&json!({ "context": context, "times": 1 }))?;
    for (at, rendering) in seen.iter().enumerate() {
        let name = rendering.template.as_str();
        let theirs = native
            .get_template(name)?
            .render(Value::deserialize(&context)?)?;
        let jinja = answer["texts"][at].as_str().unwrap_or_default();
        ensure!(
            theirs == jinja,
            "{name} differs between minijinja and Jinja2:\n{theirs}\n---\n{jinja}"
        );
        let file = name.rsplit('/').next().unwrap_or(name);
        let ours = files
            .iter()
            .find(|(path, _)| path.rsplit('/').next() == Some(file))
            .map(|(_, text)| text);
        if let Some(ours) = ours {
            ensure!(*ours == theirs, "{name} differs from what the plugin made");
        }
    }
    Ok(())
}
