//! What surrounds a process: its variables, its user and its program, read here and nowhere
//! else below a door.

use std::fmt;
use std::path::{Path, PathBuf};

use deploycenter_plugin_runtime::Compiler;

/// The environment variable that names the file of [`Trust`](crate::Trust).
pub(crate) const TRUST_FILE: &str = "DEPLOYCENTER_TRUST";
/// The host that `DEPLOYCENTER_GIT_TOKEN` is for.
pub(crate) const GIT_HOST: &str = "DEPLOYCENTER_GIT_HOST";
pub(crate) const GIT_TOKEN: &str = "DEPLOYCENTER_GIT_TOKEN";
pub(crate) const GITHUB_TOKEN: &str = "GITHUB_TOKEN";
/// As GitHub's own runners say it.
pub(crate) const GITHUB_SERVER: &str = "GITHUB_SERVER_URL";
pub(crate) const ARGOCD_TOKEN: &str = "ARGOCD_AUTH_TOKEN";
/// What names Argo CD's address in the environment, the first that is set.
const ARGOCD_SERVER: [&str; 2] = ["DEPLOYCENTER_ARGOCD_SERVER", "ARGOCD_SERVER"];

/// Where a deployment repo keeps what isn't committed: journal, caches.
pub(crate) const STATE: &str = ".deploycenter";

/// What isn't in a deployment repo, and is needed to work on it.
#[derive(Clone, Default)]
pub struct Environment {
    /// The user's folder for caches; without one, nothing is kept between processes.
    pub cache: Option<PathBuf>,
    /// The journal's file, instead of the one in the deployment repo.
    pub database: Option<PathBuf>,
    /// A file outside the deployment repo that says where tokens go.
    pub trust_file: Option<PathBuf>,
    /// Argo CD's address, which the token then goes to.
    pub argocd_server: Option<Variable>,
    /// The token for Argo CD.
    pub argocd_token: Option<String>,
    /// The host that `git_token` goes to.
    pub git_host: Option<String>,
    /// The password for git over HTTPS.
    pub git_token: Option<String>,
    /// The GitHub that `github_token` goes to, instead of github.com.
    pub github_server: Option<String>,
    /// The password for git on GitHub.
    pub github_token: Option<String>,
    /// Who is at work.
    pub user: String,
    /// This very program's file: what it found sound is for nobody else to believe.
    pub program: Option<PathBuf>,
    /// What compiles plugins that this program doesn't bring.
    pub compiler: Option<Compiler>,
}

/// A text, and the name of what says it, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// `ARGOCD_SERVER`.
    pub name: &'static str,
    /// What it says.
    pub value: String,
}

impl Environment {
    /// What surrounds this process. `compile` is the argument with which this very program
    /// compiles a plugin.
    #[must_use]
    pub fn of_process(compile: &str) -> Self {
        let program = std::env::current_exe().ok();
        Self {
            cache: path("XDG_CACHE_HOME")
                .or_else(|| path("HOME").map(|home| home.join(".cache")))
                .map(|cache| cache.join("deploycenter")),
            database: path("DEPLOYCENTER_DATABASE"),
            trust_file: path(TRUST_FILE),
            argocd_server: ARGOCD_SERVER.into_iter().find_map(|name| {
                let value = variable(name)?;
                Some(Variable { name, value })
            }),
            argocd_token: variable(ARGOCD_TOKEN),
            git_host: variable(GIT_HOST),
            git_token: variable(GIT_TOKEN),
            github_server: variable(GITHUB_SERVER),
            github_token: variable(GITHUB_TOKEN),
            user: user(),
            compiler: compiler(program.as_deref(), compile),
            program,
        }
    }

    /// Where the journal of the checkout at `root` is.
    #[must_use]
    pub fn database(&self, root: &Path) -> PathBuf {
        self.database_beside(&root.join(STATE))
    }

    /// Where the journal is, of a deployment repo whose other state is in that folder.
    pub(crate) fn database_beside(&self, state: &Path) -> PathBuf {
        let own = || state.join("journal.db");
        self.database.clone().unwrap_or_else(own)
    }

    /// What is kept between processes is this user's, and beside no repo: it is never taken
    /// from outside.
    pub(crate) fn cache(&self, of: &str) -> Option<PathBuf> {
        self.cache.as_ref().map(|cache| cache.join(of))
    }
}

impl fmt::Debug for Environment {
    /// Without its tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("cache", &self.cache)
            .field("database", &self.database)
            .field("trust_file", &self.trust_file)
            .field("user", &self.user)
            .field("program", &self.program)
            .finish_non_exhaustive()
    }
}

/// An environment variable that says something.
fn variable(name: &str) -> Option<String> {
    std::env::var(name)
        .ok()
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}

fn path(name: &str) -> Option<PathBuf> {
    variable(name).map(PathBuf::from)
}

fn user() -> String {
    ["GITHUB_ACTOR", "USER", "LOGNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|user| !user.is_empty()))
        .unwrap_or_else(|| "unknown".to_owned())
}

/// This very program, as the process that compiles foreign plugins. Where it can be named
/// so, it is the one that runs, even when its file was replaced meanwhile.
fn compiler(program: Option<&Path>, argument: &str) -> Option<Compiler> {
    let own = PathBuf::from("/proc/self/exe");
    let program = match own.exists() {
        true => own,
        false => program?.to_owned(),
    };
    Some(Compiler {
        program,
        arguments: vec![argument.into()],
    })
}
