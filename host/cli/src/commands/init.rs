//! `init`.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use deploycenter_domain::desired::{file, repository_address};
use deploycenter_git::DeploymentRepo;

use super::{bundle, schema};
use crate::fail::Fail;
use crate::output::{few, harmless};

/// The files that a person goes on from.
const SCAFFOLD: [(&str, &str); 6] = [
    (
        file::SETTINGS,
        include_str!("../../scaffold/deploycenter.toml"),
    ),
    (
        file::CUSTOMERS,
        include_str!("../../scaffold/customers.yaml"),
    ),
    (file::REGIONS, include_str!("../../scaffold/regions.yaml")),
    (
        "environments/staging.yaml",
        include_str!("../../scaffold/environments/staging.yaml"),
    ),
    (
        "argocd/rbac.csv",
        include_str!("../../scaffold/argocd/rbac.csv"),
    ),
    (IGNORED, include_str!("../../scaffold/gitignore")),
];

/// What git doesn't take. One that stands there already is kept.
const IGNORED: &str = ".gitignore";

/// Make a deployment repo that validates at once, with the bundled apps installed
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  deploycenter init deployments --repository https://git.example.com/ops/deployments.git"
)]
pub(crate) struct InitArgs {
    /// A new or empty folder
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// The address by which Argo CD reads the generated branches; asked for on a terminal
    #[arg(long, value_name = "URL")]
    pub(crate) repository: Option<String>,
}

pub(super) fn run(args: InitArgs) -> Result<ExitCode, Fail> {
    let InitArgs { dir, repository } = args;
    let dir = dir.as_path();
    if dir.join(file::SETTINGS).exists() {
        return Err(Fail::new(
            "repository",
            format!("{} is a deployment repo already", dir.display()),
        ));
    }
    let repository = match repository {
        Some(given) => Some(address(&given)?),
        None => asked()?,
    };
    let set = repository.as_ref().map_or_else(
        || "# repository = \"https://git.example.com/ops/deployments.git\"".to_owned(),
        |address| format!("repository = \"{address}\""),
    );
    let mut files = bundle::installed()?;
    let installation = installation();
    for (path, text) in SCAFFOLD {
        let text = text
            .replace("@INSTALLATION@", &installation)
            .replace("@REPOSITORY@", &set);
        files.insert(path.to_owned(), text.into_bytes());
    }
    schema::complete(&mut files)?;
    if dir.join(IGNORED).exists() {
        files.remove(IGNORED);
    }
    let others = others(dir);
    // All or nothing: what stands there already is somebody's.
    let there: Vec<&String> = files
        .keys()
        .filter(|path| dir.join(path).exists())
        .collect();
    if let Some(path) = there.first() {
        return Err(Fail::new(
            "repository",
            format!(
                "{} stands there already, and nothing was written",
                dir.join(path).display()
            ),
        )
        .help("name an empty or a new folder"));
    }
    for (path, bytes) in &files {
        let path = dir.join(path);
        write(&path, bytes).map_err(|error| {
            Fail::new(
                "failed",
                format!("{} can't be written: {error}", path.display()),
            )
        })?;
    }
    DeploymentRepo::init(dir)?;
    let shown = dir.display();
    if !others.is_empty() {
        let named = few(others.iter().map(|name| harmless(name)), 3);
        crate::output::errln!("{shown} wasn't empty: {named} were left as they are.");
    }
    crate::output::errln!(
        "Made a deployment repo in {shown}, with the apps {}.\n\nNext:\n  1. put your own regions, zones and roles into regions.yaml, and into deploycenter.toml Argo CD's address and the one by which it reads this repo (argocd.repository)\n  2. have an Argo CD admin give DeployCenter's account the rights in argocd/rbac.csv\n  3. write the first customer into customers.yaml, and check it: deploycenter -C {shown} validate\n  4. git remote add origin URL, commit, push\n  5. deploycenter -C {shown} plan",
        bundle::apps().join(", ")
    );
    Ok(ExitCode::SUCCESS)
}

/// What stands in a folder already, besides git's own, sorted.
fn others(dir: &Path) -> Vec<String> {
    let entries = dir.read_dir().into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| name != ".git").collect();
    names.sort();
    names
}

/// An address as deploycenter.toml takes it.
fn address(text: &str) -> Result<String, Fail> {
    let text = text.trim();
    match repository_address(text) {
        // In quotes it stands there as it is.
        Ok(address) if !address.is_empty() && !address.contains(['"', '\\']) => Ok(address),
        Ok(_) => Err(Fail::usage("that is no address of a git repository")),
        Err(why) => Err(Fail::usage(why)),
    }
}

/// Asks whoever sits at a terminal.
fn asked() -> Result<Option<String>, Fail> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Ok(None);
    }
    crate::output::err!(
        "By which address will Argo CD read this repo? (empty: set argocd.repository later) "
    );
    let mut answer = String::new();
    std::io::stdin()
        .read_line(&mut answer)
        .map_err(anyhow::Error::from)?;
    let answer = answer.trim();
    (!answer.is_empty()).then(|| address(answer)).transpose()
}

/// A new id: eight characters at random.
fn installation() -> String {
    let id = ulid::Ulid::generate().to_string().to_ascii_lowercase();
    format!("dc-{}", &id[id.len() - 8..])
}

fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, bytes)
}
