//! A new deployment repo: one that validates at once, with the bundled apps installed.

use std::io;
use std::path::{Path, PathBuf};

use deploycenter_domain::desired::{SchemaWords, file, repository_address};
use deploycenter_engine::ErrorCode;
use deploycenter_git::DeploymentRepo;
use deploycenter_ports::RepositoryError;

use crate::bundle::{BundleError, bundled_apps, bundled_files};
use crate::schemas::{SchemaError, complete};

/// The files that a person goes on from.
const SCAFFOLD: [(&str, &str); 6] = [
    (
        file::SETTINGS,
        include_str!("../scaffold/deploycenter.toml"),
    ),
    (file::CUSTOMERS, include_str!("../scaffold/customers.yaml")),
    (file::REGIONS, include_str!("../scaffold/regions.yaml")),
    (
        "environments/staging.yaml",
        include_str!("../scaffold/environments/staging.yaml"),
    ),
    (
        "argocd/rbac.csv",
        include_str!("../scaffold/argocd/rbac.csv"),
    ),
    (IGNORED, include_str!("../scaffold/gitignore")),
];

/// What git doesn't take. One that stands there already is kept.
const IGNORED: &str = ".gitignore";

/// A deployment repo that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRepo {
    dir: PathBuf,
    repository: Option<String>,
}

/// A deployment repo that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeRepo {
    /// What stood in the folder already and is as it was, sorted.
    pub kept: Vec<String>,
    /// The apps that are installed.
    pub apps: Vec<&'static str>,
}

/// Why no deployment repo was made.
#[derive(Debug, thiserror::Error)]
pub enum NewRepoError {
    /// There is one.
    #[error("{} is a deployment repo already", dir.display())]
    Already {
        /// Where.
        dir: PathBuf,
    },
    /// That isn't how Argo CD could read it.
    #[error("{0}")]
    Address(String),
    /// A file of someone's stands where one would be written.
    #[error("{} stands there already, and nothing was written", path.display())]
    Taken {
        /// The file.
        path: PathBuf,
    },
    /// A file can't be written.
    #[error("{} can't be written: {error}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// There are no apps to install.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// Its schemas can't be made.
    #[error(transparent)]
    Schemas(#[from] SchemaError),
    /// Git doesn't make it.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

impl From<&NewRepoError> for ErrorCode {
    fn from(error: &NewRepoError) -> Self {
        match error {
            NewRepoError::Already { .. } | NewRepoError::Taken { .. } => Self::Repository,
            NewRepoError::Address(_) => Self::Usage,
            NewRepoError::Unwritable { .. } => Self::Failed,
            NewRepoError::Bundle(error) => error.into(),
            NewRepoError::Schemas(error) => error.into(),
            NewRepoError::Repository(error) => error.into(),
        }
    }
}

impl NewRepo {
    /// One in a new or empty folder. Nothing is written yet.
    ///
    /// # Errors
    /// When a deployment repo is there already.
    pub fn at(dir: &Path) -> Result<Self, NewRepoError> {
        let dir = dir.to_owned();
        if dir.join(file::SETTINGS).exists() {
            return Err(NewRepoError::Already { dir });
        }
        Ok(Self {
            dir,
            repository: None,
        })
    }

    /// The same, by the address by which Argo CD reads its generated branches.
    ///
    /// # Errors
    /// When that is no address as `deploycenter.toml` takes it.
    pub fn read_at(self, address: &str) -> Result<Self, NewRepoError> {
        let refused = |why: &str| Err(NewRepoError::Address(why.to_owned()));
        match repository_address(address.trim()) {
            // In quotes it stands there as it is.
            Ok(address) if !address.is_empty() && !address.contains(['"', '\\']) => Ok(Self {
                repository: Some(address),
                ..self
            }),
            Ok(_) => refused("that is no address of a git repository"),
            Err(why) => refused(&why),
        }
    }

    /// Makes it: all of it or nothing, for what stands there already is somebody's.
    ///
    /// # Errors
    /// When there are no apps to install, something stands in the way, or a file can't be
    /// written.
    pub fn make(self, words: SchemaWords) -> Result<MadeRepo, NewRepoError> {
        let Self { dir, repository } = self;
        let set = repository.as_ref().map_or_else(
            || "# repository = \"https://git.example.com/ops/deployments.git\"".to_owned(),
            |address| format!("repository = \"{address}\""),
        );
        let mut files = bundled_files()?;
        let installation = installation();
        for (path, text) in SCAFFOLD {
            let text = text
                .replace("@INSTALLATION@", &installation)
                .replace("@REPOSITORY@", &set);
            files.insert(path.to_owned(), text.into_bytes());
        }
        complete(&mut files, words)?;
        if dir.join(IGNORED).exists() {
            files.remove(IGNORED);
        }
        let kept = others(&dir);
        let mut paths = files.keys().map(|path| dir.join(path));
        if let Some(path) = paths.find(|path| path.exists()) {
            return Err(NewRepoError::Taken { path });
        }
        for (path, bytes) in &files {
            let path = dir.join(path);
            write(&path, bytes).map_err(|error| NewRepoError::Unwritable { path, error })?;
        }
        DeploymentRepo::init(&dir)?;
        Ok(MadeRepo {
            kept,
            apps: bundled_apps(),
        })
    }
}

/// What stands in a folder already, besides git's own, sorted.
fn others(dir: &Path) -> Vec<String> {
    let entries = dir.read_dir().into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| name != ".git").collect();
    names.sort();
    names
}

/// A new id: eight characters at random.
fn installation() -> String {
    let id = ulid::Ulid::generate().to_string().to_ascii_lowercase();
    format!("dc-{}", &id[id.len() - 8..])
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, bytes)
}
