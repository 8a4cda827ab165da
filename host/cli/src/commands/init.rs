//! `init`.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use deploycenter_platform::NewRepo;

use crate::fail::Fail;
use crate::output::{few, harmless};
use crate::words;

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
    let new = NewRepo::at(&dir)?;
    let repository = match repository {
        Some(given) => Some(given),
        None => asked()?,
    };
    let new = match repository {
        Some(address) => new.read_at(&address)?,
        None => new,
    };
    let made = new.make(words::advice)?;
    let shown = dir.display();
    if !made.kept.is_empty() {
        let named = few(made.kept.iter().map(|name| harmless(name)), 3);
        crate::output::errln!("{shown} wasn't empty: {named} were left as they are.");
    }
    crate::output::errln!(
        "Made a deployment repo in {shown}, with the apps {}.\n\nNext:\n  1. put your own regions, zones and roles into regions.yaml, and into deploycenter.toml Argo CD's address and the one by which it reads this repo (argocd.repository)\n  2. have an Argo CD admin give DeployCenter's account the rights in argocd/rbac.csv\n  3. write the first customer into customers.yaml, and check it: deploycenter -C {shown} validate\n  4. git remote add origin URL, commit, push\n  5. deploycenter -C {shown} plan",
        made.apps.join(", ")
    );
    Ok(ExitCode::SUCCESS)
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
    Ok((!answer.is_empty()).then(|| answer.to_owned()))
}
