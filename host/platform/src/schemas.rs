//! The JSON schemas that a deployment repo holds for editors: made from its plugins, regions
//! and environments, and held against what stands there.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use deploycenter_domain::desired::{
    Desired, Known, LockedPlugin, SCHEMAS_FOLDER, SchemaKind, SchemaWords, file, json_schema,
    schema_reference, schema_text,
};
use deploycenter_domain::problem::{Problem, Problems};
use deploycenter_domain::remedy::{Advice, Remedy};
use deploycenter_engine::ErrorCode;
use deploycenter_git::DeploymentRepo;
use deploycenter_plugin_runtime::PluginFile;
use deploycenter_ports::{Plugins, Repository as _, RepositoryError};
use serde_json::Value;

use crate::bundle::Files;
use crate::plugins::{plugin_bytes, unusable};

/// The largest file that is looked at for whether it was made here, in bytes.
const LARGEST: u64 = 10 * 1024 * 1024;

/// Why schemas can't be made, or not written.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// The deployment repo can't be read.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// What schemas are made from has problems.
    #[error(transparent)]
    Problems(#[from] Problems),
    /// A plugin that schemas are made from can't be used.
    #[error("{}", .0.message)]
    Plugin(Problem),
    /// Something else stands where a schema would.
    #[error("{path} {what}")]
    InTheWay {
        /// Where, relative to the deployment repo.
        path: String,
        /// What stands there.
        what: &'static str,
    },
    /// A file can't be written or removed.
    #[error("{path} can't be written: {error}")]
    Unwritable {
        /// Where, relative to the deployment repo.
        path: String,
        /// Why.
        error: io::Error,
    },
}

impl From<&SchemaError> for ErrorCode {
    fn from(error: &SchemaError) -> Self {
        match error {
            SchemaError::Repository(error) => error.into(),
            SchemaError::Problems(_) => Self::Invalid,
            SchemaError::Plugin(_) => Self::Plugin,
            SchemaError::InTheWay { .. } | SchemaError::Unwritable { .. } => Self::Failed,
        }
    }
}

/// What schemas are made from, as far as it can be read, and what is wrong with the rest.
pub type Readable = (Known, Vec<Problem>);

/// All schemas of a deployment repo, as they should be.
#[derive(Debug, Clone)]
pub struct Schemas {
    /// By path in the repo.
    texts: BTreeMap<String, String>,
    words: SchemaWords,
}

/// What became of the schemas in a deployment repo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenSchemas {
    /// The paths of those that were written, sorted.
    pub written: Vec<String>,
    /// The paths of those that nothing is there for any more, sorted.
    pub removed: Vec<String>,
    /// How many stood there as they should.
    pub same: usize,
}

/// What there is in the checkout at `root`.
///
/// # Errors
/// When the repo can't be read, or a plugin can't be used.
pub async fn readable(root: &Path) -> Result<Readable, SchemaError> {
    let files = DeploymentRepo::open(root)?.desired_files().await?;
    read(&files, |locked| plugin_bytes(root, locked))
}

/// The same in files that hold the plugins too: those of a repo that isn't there yet.
///
/// # Errors
/// When a plugin can't be used.
pub fn readable_in(files: &Files) -> Result<Readable, SchemaError> {
    read(files, |locked| {
        Ok(files.get(&locked.source).cloned().unwrap_or_default())
    })
}

fn read(
    files: &Files,
    bytes: impl Fn(&LockedPlugin) -> Result<Vec<u8>, Problem>,
) -> Result<Readable, SchemaError> {
    Known::read(files, |locked| {
        let plugin = bytes(locked).and_then(|bytes| {
            PluginFile::read_locked(&bytes, locked).map_err(|error| unusable(locked, &error))
        });
        let (plugin, _) = plugin.map_err(SchemaError::Plugin)?;
        Ok((plugin.schema, plugin.base_values))
    })
}

/// The files of the checkout at `root` that have a schema and don't name it, each with the
/// line that would; sorted. No program changes them.
///
/// # Errors
/// When the repo can't be read.
pub async fn unnamed(root: &Path) -> Result<Vec<(String, String)>, SchemaError> {
    let files = DeploymentRepo::open(root)?.desired_files().await?;
    let names_it = |line: &str| line.contains("$schema=") || line.starts_with("#:schema");
    let unnamed = files.iter().filter_map(|(path, bytes)| {
        let line = reference(path)?;
        let head = String::from_utf8_lossy(bytes);
        let named = head.lines().take(5).any(names_it);
        (!named).then(|| (path.clone(), line))
    });
    Ok(unnamed.collect())
}

/// The line by which a file names its schema. A program writes the lock file, and would drop
/// it.
fn reference(path: &str) -> Option<String> {
    schema_reference(path).filter(|_| path != file::PLUGINS)
}

/// Adds the schemas to the files of a new deployment repo, and to each file that has one
/// the line that leads editors there.
///
/// # Errors
/// When the files have problems, or a plugin can't be used.
pub fn complete(files: &mut Files, words: SchemaWords) -> Result<(), SchemaError> {
    let schemas = Schemas::whole(readable_in(files)?, words)?;
    for (path, bytes) in files.iter_mut() {
        if let Some(line) = reference(path) {
            bytes.splice(0..0, line.into_bytes());
        }
    }
    let texts = schemas.texts.into_iter();
    files.extend(texts.map(|(path, text)| (path, text.into_bytes())));
    Ok(())
}

/// Which of the schemas in the checkout at `root` aren't what its desired state gives. A repo
/// without any doesn't want them.
///
/// # Errors
/// When a plugin can't be used.
pub fn stale_schemas(
    root: &Path,
    desired: &Desired,
    plugins: &dyn Plugins,
    words: SchemaWords,
) -> Result<Option<Problem>, SchemaError> {
    if !root.join(SCHEMAS_FOLDER).is_dir() {
        return Ok(None);
    }
    let known = Known::of(desired, |locked: &LockedPlugin| {
        let facts = plugins.facts(&locked.digest);
        let facts = facts.map_err(|error| SchemaError::Plugin(Problem::new(error.to_string())))?;
        Ok::<_, SchemaError>((facts.schema.clone(), facts.base_values.clone()))
    })?;
    let schemas = Schemas::of(&known, words);
    let is_there = |path: &String| root.join(path).symlink_metadata().is_ok();
    if !schemas.texts.keys().any(is_there) {
        return Ok(None);
    }
    Ok(schemas.stale(root))
}

impl Schemas {
    /// Those that what is known gives.
    fn of(known: &Known, words: SchemaWords) -> Self {
        let kinds = SchemaKind::all(known).into_iter();
        let texts = kinds.filter_map(|kind| {
            let schema = json_schema(&kind, known, words)?;
            Some((kind.path(), schema_text(&schema)))
        });
        Self {
            texts: texts.collect(),
            words,
        }
    }

    /// Those to commit: what they are made from has no problem.
    ///
    /// # Errors
    /// Every problem.
    pub fn whole((known, problems): Readable, words: SchemaWords) -> Result<Self, SchemaError> {
        Problems::check(problems)?;
        Ok(Self::of(&known, words))
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.texts.len()
    }

    /// One problem for all in the checkout at `root` that aren't as they should be.
    #[must_use]
    pub fn stale(&self, root: &Path) -> Option<Problem> {
        let texts = self.texts.iter();
        let mut stale: Vec<String> = texts
            .filter(|(path, text)| !stands(root, path, text))
            .map(|(path, _)| path.clone())
            .collect();
        stale.extend(self.left_over(root));
        if stale.is_empty() {
            return None;
        }
        let verb = if stale.len() == 1 { "isn't" } else { "aren't" };
        let help =
            Advice::from(Remedy::RenewSchemas).and(format!(", and commit {SCHEMAS_FOLDER}/"));
        Some(
            Problem::new(format!(
                "{} {verb} what the installed plugins, regions.yaml and environments/ give",
                stale.join(", ")
            ))
            .help(help),
        )
    }

    /// Writes them into the checkout at `root`.
    ///
    /// # Errors
    /// When something else stands in the way, before anything is written; or a file can't be
    /// written.
    pub fn write(&self, root: &Path) -> Result<WrittenSchemas, SchemaError> {
        let unwritable = |path: &str, error: io::Error| SchemaError::Unwritable {
            path: path.to_owned(),
            error,
        };
        self.check_places(root)?;
        std::fs::create_dir_all(root.join(SCHEMAS_FOLDER))
            .map_err(|error| unwritable(SCHEMAS_FOLDER, error))?;
        let mut written = Vec::new();
        for (path, text) in &self.texts {
            if stands(root, path, text) {
                continue;
            }
            std::fs::write(root.join(path), text).map_err(|error| unwritable(path, error))?;
            written.push(path.clone());
        }
        let removed = self.left_over(root);
        for path in &removed {
            std::fs::remove_file(root.join(path)).map_err(|error| unwritable(path, error))?;
        }
        Ok(WrittenSchemas {
            same: self.texts.len() - written.len(),
            written,
            removed,
        })
    }

    /// Refuses what would lead a write out of the repo or keep it waiting.
    fn check_places(&self, root: &Path) -> Result<(), SchemaError> {
        let in_the_way = |path: &str, what| {
            Err(SchemaError::InTheWay {
                path: path.to_owned(),
                what,
            })
        };
        if is_link(&root.join(SCHEMAS_FOLDER)) {
            return in_the_way(SCHEMAS_FOLDER, "is a symbolic link");
        }
        for path in self.texts.keys() {
            match root.join(path).symlink_metadata() {
                Ok(facts) if facts.is_symlink() => return in_the_way(path, "is a symbolic link"),
                Ok(facts) if !facts.is_file() => return in_the_way(path, "isn't a file"),
                // Whatever else is wrong with a place, the write says.
                _ => {}
            }
        }
        Ok(())
    }

    /// Schemas of apps that aren't installed any more.
    fn left_over(&self, root: &Path) -> Vec<String> {
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
            .filter(|path| !self.texts.contains_key(path) && self.is_ours(root, path))
            .collect();
        paths.sort();
        paths
    }

    /// Whether a file says how it is made anew.
    fn is_ours(&self, root: &Path, path: &str) -> bool {
        let renew = (self.words)(&Remedy::RenewSchemas.into());
        let schema: Option<Value> =
            read_file(root, path, LARGEST).and_then(|bytes| serde_json::from_slice(&bytes).ok());
        schema.is_some_and(|schema| {
            let comment = schema["$comment"].as_str();
            comment.is_some_and(|comment| comment.contains(&renew))
        })
    }
}

/// Whether a file holds that text, with whatever line ends git checks files out.
fn stands(root: &Path, path: &str, text: &str) -> bool {
    // No text gets longer by more than a byte a line.
    let most = 2 * text.len() as u64;
    read_file(root, path, most)
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .is_some_and(|there| there.replace("\r\n", "\n") == text)
}

/// A file's bytes, if it is a plain file of at most so many, and not behind a link: a repo's
/// content leads nowhere else.
fn read_file(root: &Path, path: &str, most: u64) -> Option<Vec<u8>> {
    if is_link(&root.join(SCHEMAS_FOLDER)) || is_link(&root.join(path)) {
        return None;
    }
    deploycenter_private::read_regular(&root.join(path), most).ok()
}

fn is_link(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|it| it.is_symlink())
}
