//! Whether the remotes can be read and pushed to. Connects, reads the list of branches,
//! and hangs up: nothing is fetched and nothing is pushed.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use deploycenter_domain::address::Origin;
use deploycenter_ports::{Check, Examine, Finding, ProviderError, ProviderErrorKind};
use git2::Direction;
use tokio::sync::oneshot;

use crate::SYSTEM;
use crate::config::{Credentials, shown};
use crate::deployment_repo::DeploymentRepo;
use crate::failure::of_remote;
use crate::place::PREFIX;
use crate::remote;

/// What GitHub advises at most, of branches in one repository.
const BRANCHES: usize = 5_000;

/// The remotes of a deployment repo, looked at.
#[derive(Debug)]
pub struct Remotes {
    /// The checkout.
    pub checkout: DeploymentRepo,
    /// The name of main's remote: `origin`.
    pub remote: String,
    /// The branch of the desired state: `main`.
    pub main: String,
    /// The URL of the generated branches, where that isn't main's remote.
    pub generated: Option<String>,
    /// Whether generated commits are to be signed.
    pub signing: bool,
}

#[async_trait]
impl Examine for Remotes {
    async fn examine(&self, limit: Duration) -> Vec<Finding> {
        let mut findings = vec![self.history()];
        if self.signing {
            findings.push(self.signs(limit).await);
        }
        let Some(url) = self.checkout.remote_url(&self.remote) else {
            findings.push(Check::new(SYSTEM, "remote").of(&self.remote).fail(
                format_args!("the checkout has no remote \"{}\"", self.remote),
                format!(
                    "git remote add {} URL, or name another as git.remote in deploycenter.toml",
                    self.remote
                ),
            ));
            if let Some(generated) = &self.generated {
                findings.extend(self.ask(generated, false, true, limit).await);
            }
            return findings;
        };
        match &self.generated {
            Some(generated) if *generated != url => {
                let (main, generated) = tokio::join!(
                    self.ask(&url, true, false, limit),
                    self.ask(generated, false, true, limit)
                );
                findings.extend(main);
                findings.extend(generated);
            }
            _ => findings.extend(self.ask(&url, true, true, limit).await),
        }
        findings
    }
}

impl Remotes {
    /// Whether older commits can be read, which pins need.
    fn history(&self) -> Finding {
        let check = Check::new(SYSTEM, "history");
        match self.checkout.is_shallow() {
            Ok(false) => check.ok("the checkout has its whole history"),
            Ok(true) => check.fail(
                "this clone is shallow: what targets are pinned to can't be read from it",
                "git fetch --unshallow; in GitHub Actions: actions/checkout with fetch-depth: 0",
            ),
            Err(error) => check.fail(
                error.message,
                error.help.unwrap_or_else(|| "clone it anew".into()),
            ),
        }
    }

    /// Whether commits can be signed: signs a text, and throws the signature away.
    async fn signs(&self, limit: Duration) -> Finding {
        let check = Check::new(SYSTEM, "signing");
        let help =
            "leave out git.signing in deploycenter.toml, or see that `git commit -S` works here";
        let signer = match self.checkout.signer() {
            Ok(signer) => signer,
            Err(failure) => return check.failed(failure, help),
        };
        let shown = signer.to_string();
        let (answered, answer) = oneshot::channel();
        // As for the remotes: one that asks for a passphrase may wait for ever.
        std::thread::spawn(move || {
            // Whoever asked may have gone.
            let _ = answered.send(signer.probe());
        });
        match tokio::time::timeout(limit, answer).await {
            Ok(Ok(Ok(()))) => check.ok(format_args!("{shown} signs commits")),
            Ok(Ok(Err(failure))) => check.failed(failure, help),
            Ok(Err(_)) => check.fail(format_args!("{shown} was cut off"), help),
            Err(_) => check.fail(
                format_args!("{shown} gave no answer within {} s", limit.as_secs()),
                "load the key into its agent: nobody answers a question there",
            ),
        }
    }

    /// Which logins go to the remotes that HTTP leads to, and what is kept from them. Asks
    /// nobody.
    #[must_use]
    pub fn logins(&self) -> Vec<Finding> {
        let main = self.checkout.remote_url(&self.remote);
        let generated = self
            .generated
            .clone()
            .filter(|url| Some(url) != main.as_ref());
        let urls = main.into_iter().chain(generated);
        urls.flat_map(|url| self.login(&url)).collect()
    }

    fn login(&self, url: &str) -> Vec<Finding> {
        let check = Check::new(SYSTEM, "login").of(shown(url));
        let credentials = self.checkout.credentials();
        let found = match (credentials.binding(url), credentials.kept_back(url)) {
            (Some(binding), _) => check.ok(binding),
            (None, Some((why, way))) => check.warn(why, way),
            (None, None) if credentials.may_ask_helpers(url) => {
                check.ok("no token is bound to it; git's credential helpers are asked")
            }
            (None, None) if Origin::of(url).is_some() => {
                check.ok("no login goes there: no token is bound to it, and only the deployment repo names it")
            }
            (None, None) => return Vec::new(),
        };
        vec![found]
    }

    /// What one remote says that holds main, the generated branches, or both.
    async fn ask(&self, url: &str, main: bool, generated: bool, limit: Duration) -> Vec<Finding> {
        let at = shown(url);
        let read = Check::new(SYSTEM, "read").of(&at);
        let push = Check::new(SYSTEM, "push").of(&at);
        let (branches, pushing) = if generated {
            let (branches, pushing) = tokio::join!(
                self.connect(url, Direction::Fetch, limit),
                self.connect(url, Direction::Push, limit)
            );
            (branches, Some(pushing))
        } else {
            (self.connect(url, Direction::Fetch, limit).await, None)
        };
        let branches = match branches {
            Ok(branches) => branches,
            Err(failure) => {
                let mut findings = vec![read.failed(failure, "look at the remote's URL")];
                if pushing.is_some() {
                    findings.push(push.skipped("it can't be read"));
                }
                return findings;
            }
        };
        let mut findings = Vec::new();
        let has = |name: &str| branches.iter().any(|branch| branch == name);
        let customers = branches
            .iter()
            .filter(|branch| branch.starts_with(PREFIX))
            .count();
        findings.push(if main && !has(&self.main) {
            read.warn(
                format_args!("it can be read, and has no branch {}", self.main),
                format!("git push {} HEAD:{}", self.remote, self.main),
            )
        } else if generated && customers > BRANCHES {
            read.warn(
                format_args!("it has {customers} generated branches; GitHub advises at most {BRANCHES} branches in a repository"),
                "keep the generated branches in a repository of their own: git.generated in deploycenter.toml",
            )
        } else if generated {
            let plural = if customers == 1 { "" } else { "es" };
            read.ok(format_args!(
                "it can be read; it has {customers} generated branch{plural}"
            ))
        } else {
            read.ok("it can be read")
        });
        match pushing {
            Some(Ok(_)) => findings.push(push.ok(
                "these credentials may push; whether rules of the host protect branches shows at the first push",
            )),
            Some(Err(failure)) => findings.push(push.failed(
                failure,
                "the account needs write access to the generated branches",
            )),
            None => {}
        }
        findings
    }

    /// Connects as for a fetch or a push, and gives the names of the branches.
    async fn connect(
        &self,
        url: &str,
        direction: Direction,
        limit: Duration,
    ) -> Result<Vec<String>, ProviderError> {
        let (answered, answer) = oneshot::channel();
        let (checkout, target) = (self.checkout.clone(), url.to_owned());
        // A thread of its own, which nobody waits for: libgit2 can't be told to give up, and
        // the runtime doesn't end before its own threads do.
        std::thread::spawn(move || {
            // Whoever asked may have gone.
            let _ = answered.send(branches(&checkout, &target, direction));
        });
        let answer = tokio::time::timeout(limit, answer).await;
        match answer {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(ProviderError::new(
                ProviderErrorKind::Unavailable,
                SYSTEM,
                "asking the git remote was cut off",
            )),
            Err(_) => Err(ProviderError::new(
                ProviderErrorKind::Unavailable,
                SYSTEM,
                format!(
                    "the git remote {} gave no answer within {} s",
                    shown(url),
                    limit.as_secs()
                ),
            )
            .help(
                "check its address, and that nothing between here and there drops the connection",
            )),
        }
    }
}

fn branches(
    checkout: &DeploymentRepo,
    url: &str,
    direction: Direction,
) -> Result<Vec<String>, ProviderError> {
    if direction == Direction::Push
        && let Some(path) = remote::local_path(url)
    {
        return local(&path, url).map(|()| Vec::new());
    }
    let names = checkout
        .open_git()
        .and_then(|repo| remote::branches(&repo, url, checkout.credentials(), direction));
    names.map_err(|error| of_remote(&error, url, checkout.credentials()))
}

/// Whether a repository on this machine can be pushed to, as we push there.
fn local(path: &Path, url: &str) -> Result<(), ProviderError> {
    let refused = |why: &str| {
        let message = format!("the git remote {} {why}", shown(url));
        ProviderError::new(ProviderErrorKind::Refused, SYSTEM, message)
    };
    let repo = git2::Repository::open(path)
        .map_err(|error| of_remote(&error, url, &Credentials::default()))?;
    if !repo.is_bare() {
        return Err(
            refused("isn't a bare repository, and its branches can't be pushed to")
                .help("make it bare: git clone --bare, or git config core.bare true"),
        );
    }
    for folder in ["", "refs/heads", "objects"] {
        let folder = repo.path().join(folder);
        if rustix::fs::access(&folder, rustix::fs::Access::WRITE_OK).is_err() {
            return Err(refused("can't be written by this user")
                .help(format!("see to the rights of {}", folder.display())));
        }
    }
    Ok(())
}
