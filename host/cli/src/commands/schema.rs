//! `schema`: JSON schemas of the desired state's files, for editors; and whether those that
//! a deployment repo holds are what they should be.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use deploycenter_domain::desired::{
    Desired, Known, LockedPlugin, RENEW_SCHEMAS, SCHEMAS_FOLDER, SchemaKind, UnknownKind, file,
    json_schema, schema_reference, schema_text,
};
use deploycenter_domain::problem::{Problem, Problems};
use deploycenter_git::DeploymentRepo;
use deploycenter_platform::plugin_bytes;
use deploycenter_plugin_runtime::PluginFile;
use deploycenter_ports::{Plugins, Repository as _};
use serde_json::Value;

use super::bundle::{self, Files};
use super::{CommandContext, count};
use crate::fail::Fail;
use crate::output::error::ErrorReport;
use crate::output::{FORMAT, harmless};
use crate::words;

/// The code of what `--check` and `validate` find.
const STALE: &str = "schema-stale";

/// The largest file that is looked at for whether this command made it, in bytes.
const LARGEST: u64 = 10 * 1024 * 1024;

/// What is asked for.
enum Ask<'a> {
    /// Which schemas there are.
    List,
    /// One schema, on stdout.
    Print(&'a str),
    /// All of them, into the deployment repo.
    Write,
    /// Whether those in the deployment repo are as `Write` would make them.
    Check,
}

/// Texts by path in a deployment repo.
type Texts = BTreeMap<String, String>;

/// JSON schemas of the desired state's files, for editors, with the apps' values inside
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  deploycenter schema                     which schemas there are\n  deploycenter schema customers           print one\n  deploycenter schema overrides/odoo\n  deploycenter schema --write             all of them into schemas/, to be committed\n  deploycenter schema --check             exit 1 when those in schemas/ are out of date\n\nA file names its schema in its first line, as `init` writes it:\n  # yaml-language-server: $schema=schemas/customers.json\nEditors with a YAML language server (or Taplo, for TOML) then complete and check."
)]
pub(crate) struct SchemaArgs {
    /// A schema, or a file that it is for: customers, customer, regions, environment, overrides/<app>, plugins, settings
    pub(crate) name: Option<String>,
    /// Write every schema into the deployment repo
    #[arg(long, conflicts_with = "name")]
    pub(crate) write: bool,
    /// Compare those in the deployment repo with what they should be
    #[arg(long, conflicts_with_all = ["name", "write"])]
    pub(crate) check: bool,
}

impl SchemaArgs {
    fn ask(&self) -> Ask<'_> {
        match self.name.as_deref() {
            Some(name) => Ask::Print(name),
            None if self.write => Ask::Write,
            None if self.check => Ask::Check,
            None => Ask::List,
        }
    }
}

pub(super) async fn run(context: &CommandContext, args: &SchemaArgs) -> Result<ExitCode, Fail> {
    match args.ask() {
        Ask::List => {
            let (known, _) = known_here(context).await?;
            list(context, &known);
        }
        Ask::Print(name) => {
            let kind: SchemaKind = name.parse().map_err(|error: UnknownKind| {
                let fail = Fail::usage(error.to_string());
                match error.help {
                    Some(help) => fail.help(help),
                    None => fail,
                }
            })?;
            let (known, problems) = known_here(context).await?;
            tell(&problems);
            let schema = json_schema(&kind, &known).ok_or_else(|| {
                Fail::usage(format!(
                    "there is no schema \"{kind}\": no such app is known"
                ))
                .help("plugins.lock lists the apps that are installed")
            })?;
            crate::output::print::content(&schema_text(&schema));
        }
        Ask::Write => {
            let root = context.root()?;
            let files = DeploymentRepo::open(&root)?.desired_files().await?;
            let wanted = texts(&whole(known(&files, from_folder(&root))?)?);
            write(context, &root, &wanted)?;
            refer(&files);
        }
        Ask::Check => {
            let root = context.root()?;
            let files = DeploymentRepo::open(&root)?.desired_files().await?;
            let wanted = texts(&whole(known(&files, from_folder(&root))?)?);
            if let Some(stale) = compare(&root, &wanted) {
                let message = "the schemas aren't up to date";
                return Err(Fail::problems(STALE, message, vec![stale]));
            }
            if context.json {
                crate::output::outln!("{}", serde_json::json!({ "format": FORMAT, "stale": [] }));
            } else {
                crate::output::outln!("Up to date: {}.", count(wanted.len(), "schema"));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Adds the schemas to the files of a new deployment repo, and to each file that has one
/// the line that leads editors there.
pub(super) fn complete(files: &mut Files) -> Result<(), Fail> {
    let known = whole(known(files, |plugin| from_files(files, plugin))?)?;
    for (path, bytes) in files.iter_mut() {
        // A program writes the lock file, and would drop the line.
        if path != file::PLUGINS
            && let Some(line) = schema_reference(path)
        {
            bytes.splice(0..0, line.into_bytes());
        }
    }
    let texts = texts(&known).into_iter();
    files.extend(texts.map(|(path, text)| (path, text.into_bytes())));
    Ok(())
}

/// Which of a deployment repo's schemas aren't what its desired state gives. A repo without
/// any doesn't want them.
pub(super) fn stale(
    context: &CommandContext,
    desired: &Desired,
    plugins: &dyn Plugins,
) -> Result<Option<Problem>, Fail> {
    let root = context.root()?;
    if !root.join(SCHEMAS_FOLDER).is_dir() {
        return Ok(None);
    }
    let known = Known::of(desired, |locked: &LockedPlugin| {
        let facts = plugins
            .facts(&locked.digest)
            .map_err(|error| Fail::new("plugin", error.to_string()))?;
        Ok::<_, Fail>((facts.schema.clone(), facts.base_values.clone()))
    })?;
    let wanted = texts(&known);
    let is_there = |path: &String| root.join(path).symlink_metadata().is_ok();
    if !wanted.keys().any(is_there) {
        return Ok(None);
    }
    Ok(compare(&root, &wanted))
}

/// Names and apps of the deployment repo here, or else those of a new one.
async fn known_here(context: &CommandContext) -> Result<(Known, Vec<Problem>), Fail> {
    match context.root() {
        Ok(root) => {
            let files = DeploymentRepo::open(&root)?.desired_files().await?;
            known(&files, from_folder(&root))
        }
        Err(fail) if context.repo.is_some() => Err(fail),
        Err(_) => {
            crate::output::errln!(
                "No deployment repo here: the apps are those that this binary brings, and any region is taken."
            );
            let files = bundle::installed()?;
            known(&files, |plugin| from_files(&files, plugin))
        }
    }
}

fn known(
    files: &Files,
    plugin: impl Fn(&LockedPlugin) -> Result<PluginFile, Fail>,
) -> Result<(Known, Vec<Problem>), Fail> {
    Known::read(files, |locked| {
        let plugin = plugin(locked)?;
        Ok((plugin.schema, plugin.base_values))
    })
}

/// What is committed is made from files without a problem.
fn whole((known, problems): (Known, Vec<Problem>)) -> Result<Known, Fail> {
    Problems::check(problems)?;
    Ok(known)
}

fn from_folder(root: &Path) -> impl Fn(&LockedPlugin) -> Result<PluginFile, Fail> {
    move |locked| {
        let bytes = plugin_bytes(root, locked).map_err(unusable)?;
        plugin_file(locked, &bytes)
    }
}

fn from_files(files: &Files, locked: &LockedPlugin) -> Result<PluginFile, Fail> {
    let bytes = files.get(&locked.source).map_or(&[][..], Vec::as_slice);
    plugin_file(locked, bytes)
}

fn plugin_file(locked: &LockedPlugin, bytes: &[u8]) -> Result<PluginFile, Fail> {
    PluginFile::read_locked(bytes, locked)
        .map(|(plugin, _)| plugin)
        .map_err(|error| unusable(deploycenter_platform::unusable(locked, &error)))
}

fn unusable(problem: Problem) -> Fail {
    let fail = Fail::new("plugin", problem.message);
    match problem.help {
        Some(help) => fail.help(words::advice(&help)),
        None => fail,
    }
}

fn texts(known: &Known) -> Texts {
    let kinds = SchemaKind::all(known).into_iter();
    kinds
        .filter_map(|kind| Some((kind.path(), schema_text(&json_schema(&kind, known)?))))
        .collect()
}

/// One problem for all schemas that aren't what they should be.
fn compare(root: &Path, wanted: &Texts) -> Option<Problem> {
    let mut stale: Vec<String> = wanted
        .iter()
        .filter(|(path, text)| !stands(root, path, text))
        .map(|(path, _)| path.clone())
        .collect();
    stale.extend(left_over(root, wanted));
    if stale.is_empty() {
        return None;
    }
    let verb = if stale.len() == 1 { "isn't" } else { "aren't" };
    Some(
        Problem::new(format!(
            "{} {verb} what the installed plugins, regions.yaml and environments/ give",
            stale.join(", ")
        ))
        .help(format!("{RENEW_SCHEMAS}, and commit {SCHEMAS_FOLDER}/")),
    )
}

/// Whether a file holds that text, with whatever line ends git checks files out.
fn stands(root: &Path, path: &str, text: &str) -> bool {
    // No text gets longer by more than a byte a line.
    let most = 2 * text.len() as u64;
    read(root, path, most)
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .is_some_and(|there| there.replace("\r\n", "\n") == text)
}

/// A file's bytes, if it is a plain file of at most so many, and not behind a link: a repo's
/// content leads nowhere else.
fn read(root: &Path, path: &str, most: u64) -> Option<Vec<u8>> {
    if is_link(&root.join(SCHEMAS_FOLDER)) || is_link(&root.join(path)) {
        return None;
    }
    deploycenter_private::read_regular(&root.join(path), most).ok()
}

fn is_link(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|it| it.is_symlink())
}

/// Schemas of apps that aren't installed any more.
fn left_over(root: &Path, wanted: &Texts) -> Vec<String> {
    let folder = root.join(SCHEMAS_FOLDER);
    if is_link(&folder) {
        return Vec::new();
    }
    let entries = folder.read_dir();
    let mut paths: Vec<String> = entries
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with("overrides-") && name.ends_with(".json"))
        .map(|name| format!("{SCHEMAS_FOLDER}/{name}"))
        .filter(|path| !wanted.contains_key(path) && is_ours(root, path))
        .collect();
    paths.sort();
    paths
}

/// Whether a file says that it is made by this command.
fn is_ours(root: &Path, path: &str) -> bool {
    let schema: Option<Value> =
        read(root, path, LARGEST).and_then(|bytes| serde_json::from_slice(&bytes).ok());
    schema.is_some_and(|schema| {
        schema["$comment"]
            .as_str()
            .is_some_and(|comment| comment.contains(RENEW_SCHEMAS))
    })
}

fn write(context: &CommandContext, root: &Path, wanted: &Texts) -> Result<(), Fail> {
    let failed = |path: &str, error: std::io::Error| {
        Fail::new("failed", format!("{path} can't be written: {error}"))
    };
    check_places(root, wanted)?;
    let folder = root.join(SCHEMAS_FOLDER);
    std::fs::create_dir_all(&folder).map_err(|error| failed(SCHEMAS_FOLDER, error))?;
    let mut written = Vec::new();
    for (path, text) in wanted {
        let place = root.join(path);
        if stands(root, path, text) {
            continue;
        }
        std::fs::write(&place, text).map_err(|error| failed(path, error))?;
        written.push(path.clone());
    }
    let removed = left_over(root, wanted);
    for path in &removed {
        std::fs::remove_file(root.join(path)).map_err(|error| failed(path, error))?;
    }
    if context.json {
        crate::output::outln!(
            "{}",
            serde_json::json!({ "format": FORMAT, "written": written, "removed": removed })
        );
        return Ok(());
    }
    for (verb, paths) in [("Wrote", &written), ("Removed", &removed)] {
        for path in paths {
            crate::output::outln!("{verb} {path}");
        }
    }
    let same = wanted.len() - written.len();
    if same > 0 {
        crate::output::outln!("Up to date: {}.", count(same, "schema"));
    }
    Ok(())
}

/// Refuses, before anything is written, what would lead a write out of the repo or keep it
/// waiting.
fn check_places(root: &Path, wanted: &Texts) -> Result<(), Fail> {
    let refused = |path: &str, what: &str| {
        Err(Fail::new("failed", format!("{path} {what}")).help(format!(
            "schemas are written to plain files alone; remove {path}, and do this again"
        )))
    };
    if is_link(&root.join(SCHEMAS_FOLDER)) {
        return refused(SCHEMAS_FOLDER, "is a symbolic link");
    }
    for path in wanted.keys() {
        match root.join(path).symlink_metadata() {
            Ok(facts) if facts.is_symlink() => return refused(path, "is a symbolic link"),
            Ok(facts) if !facts.is_file() => return refused(path, "isn't a file"),
            // Whatever else is wrong with a place, the write says.
            _ => {}
        }
    }
    Ok(())
}

/// Names the files whose editors don't know of their schema. No program changes them.
fn refer(files: &Files) {
    for (path, bytes) in files {
        let Some(line) = schema_reference(path).filter(|_| path != file::PLUGINS) else {
            continue;
        };
        let head = String::from_utf8_lossy(bytes);
        let refers = |line: &str| line.contains("$schema=") || line.starts_with("#:schema");
        if !head.lines().take(5).any(refers) {
            crate::output::errln!(
                "{path} doesn't name its schema; for editors, let it begin with\n  {}",
                line.trim_end()
            );
        }
    }
}

fn list(context: &CommandContext, known: &Known) {
    let kinds = SchemaKind::all(known);
    if context.json {
        let rows: Vec<Value> = kinds
            .iter()
            .map(|kind| {
                serde_json::json!({
                    "name": kind.to_string(),
                    "describes": kind.describes(),
                    "path": kind.path(),
                })
            })
            .collect();
        crate::output::outln!(
            "{}",
            serde_json::json!({ "format": FORMAT, "schemas": rows })
        );
        return;
    }
    let width = kinds
        .iter()
        .map(|kind| kind.to_string().len())
        .max()
        .unwrap_or_default();
    for kind in kinds {
        crate::output::outln!("{:width$}  {}", kind.to_string(), kind.describes());
    }
}

/// Says why a schema knows less than it might.
fn tell(problems: &[Problem]) {
    if let Err(problems) = Problems::check(problems.to_vec()) {
        let report = ErrorReport::of_problems(
            "invalid",
            "the schema doesn't hold what can't be read",
            problems,
        );
        crate::output::err!("{}", report.warning());
    }
}

/// Says what `stale` found, where people or their workflow read it.
pub(super) fn warn(context: &CommandContext, stale: &Problem) {
    if context.github {
        let report = ErrorReport::of_problems(STALE, "", stale.clone().into());
        crate::output::out!("{}", report.github_warning());
    } else {
        crate::output::errln!("! {}", harmless(&stale.message));
        if let Some(help) = &stale.help {
            crate::output::errln!("  help: {}", harmless(&words::advice(help)));
        }
    }
}
