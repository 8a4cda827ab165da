//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use deploycenter_domain::name::TargetId;

/// Deploys customers' applications to Kubernetes by GitOps: shows a plan, applies exactly
/// that plan, and leaves nothing behind.
#[derive(Debug, Parser)]
#[command(name = "deploycenter", version, after_help = ENVIRONMENT)]
pub(crate) struct Args {
    /// The deployment repo to work in, instead of the one around the current folder
    #[arg(
        short = 'C',
        long = "directory",
        value_name = "DIR",
        env = "DEPLOYCENTER_REPO",
        global = true
    )]
    pub(crate) repo: Option<PathBuf>,

    /// What is printed: for people, or for programs
    #[arg(long, value_name = "FORMAT", default_value = "text", global = true)]
    pub(crate) output: Output,

    #[command(subcommand)]
    pub(crate) command: Command,
}

const ENVIRONMENT: &str = "\
Environment:
  DEPLOYCENTER_REPO            the deployment repo, unless -C names one
  DEPLOYCENTER_ARGOCD_SERVER   instead of argocd.server in deploycenter.toml (as ARGOCD_SERVER)
  DEPLOYCENTER_GIT_TOKEN       password for the git remote over HTTPS (GITHUB_TOKEN on GitHub)
  DEPLOYCENTER_DATABASE        the journal's SQLite file, instead of .deploycenter/journal.db
  DEPLOYCENTER_LOG             what is logged to stderr: warn, info, deploycenter_aws=debug, …
  DEPLOYCENTER_LOG_JSON        set: logs are JSON lines
  ARGOCD_AUTH_TOKEN            the token for Argo CD
  AWS_…                        the AWS SDK's usual settings and credentials
  NO_COLOR                     set: no colours

Exit codes: 0 fine, 1 failed, 2 changes (plan --detailed-exitcode), 64 usage.";

/// What is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    Text,
    /// For programs; its formats are numbered and stable.
    Json,
    /// Problems as annotations of a GitHub workflow; the rest as for people.
    Github,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a deployment repo that validates at once, with the bundled apps installed
    #[command(after_help = "Example:\n  deploycenter init deployments")]
    Init {
        /// A new or empty folder
        #[arg(value_name = "DIR")]
        dir: PathBuf,
    },
    /// Check the desired state, plugins and templates: every problem at once
    #[command(after_help = "Example:\n  deploycenter validate --output json")]
    Validate,
    /// Show what would be committed for a target, offline
    #[command(
        after_help = "Examples:\n  deploycenter render acme/mattermost\n  deploycenter render acme/mattermost --out rendered"
    )]
    Render {
        /// <customer>/<instance>; every instance when absent (with --out)
        target: Option<TargetId>,
        /// Write the files under this folder instead of printing them
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Show what would change, and change nothing
    #[command(
        after_help = "Examples:\n  deploycenter plan\n  deploycenter plan acme '*/mattermost' --out plan.json\n  deploycenter plan --region eu-west-3 --detailed-exitcode"
    )]
    Plan {
        #[command(flatten)]
        selection: Selectors,
        /// Write the plan to a file, for `apply --plan`
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Exit with 2 when there are changes
        #[arg(long)]
        detailed_exitcode: bool,
        /// List targets and effects without changes too
        #[arg(long)]
        verbose: bool,
    },
    /// Make a plan, show it, and apply exactly that
    #[command(
        after_help = "Examples:\n  deploycenter apply acme/mattermost\n  deploycenter apply --yes\n  deploycenter apply --plan plan.json"
    )]
    Apply {
        #[command(flatten)]
        selection: Selectors,
        /// Apply this reviewed plan, as far as nothing it rests on has moved
        #[arg(long, value_name = "FILE", conflicts_with_all = ["selectors", "region", "environment"])]
        plan: Option<PathBuf>,
        /// Don't ask
        #[arg(long, short)]
        yes: bool,
        /// Show how many changes there are, and not each of them
        #[arg(long, short)]
        quiet: bool,
        /// With --plan: apply nothing when any target has moved
        #[arg(long, requires = "plan")]
        all_or_nothing: bool,
        /// Apply a working tree that isn't committed and pushed
        #[arg(long)]
        allow_dirty: bool,
        /// Deploy an older commit of main over a newer one
        #[arg(long)]
        allow_older: bool,
        /// Targets at the same time
        #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
        max_parallel: u16,
    },
    /// Finish or unwind what was interrupted or needs attention
    #[command(
        after_help = "Examples:\n  deploycenter resume\n  deploycenter resume acme/mattermost"
    )]
    Resume {
        /// <customer> or <customer>/<instance>; everything when absent
        targets: Vec<String>,
    },
    /// What runs where, and how it is
    Status {
        #[command(flatten)]
        selection: Selectors,
    },
    /// Where each value of a target comes from: layer, file and line
    #[command(
        after_help = "Examples:\n  deploycenter explain acme/mattermost\n  deploycenter explain acme/mattermost smtp.host"
    )]
    Explain {
        /// <customer>/<instance>
        target: TargetId,
        /// Only this value and those below it: smtp, smtp.host
        path: Option<String>,
    },
    /// A target's deployments, newest first
    #[command(after_help = "Example:\n  deploycenter history acme/mattermost")]
    History {
        /// <customer>/<instance>
        target: TargetId,
    },
    /// Secrets that a person gives
    #[command(subcommand)]
    Secret(SecretCommand),
    /// Try everything out on this machine, without a cloud account
    #[command(args_conflicts_with_subcommands = true)]
    Sandbox(SandboxArgs),
    /// Print a completion script for a shell
    #[command(
        after_help = "Example:\n  deploycenter completions bash > /etc/bash_completion.d/deploycenter"
    )]
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

/// Which targets.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Selectors {
    /// acme, acme/odoo, '*/odoo'; everything when absent
    #[arg(value_name = "SELECTOR")]
    pub(crate) selectors: Vec<String>,
    /// Only instances in this region
    #[arg(long)]
    pub(crate) region: Option<String>,
    /// Only instances in this environment
    #[arg(long)]
    pub(crate) environment: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SecretCommand {
    /// Give a secret: its value is read from standard input
    #[command(
        after_help = "Example:\n  pass show acme/smtp | deploycenter secret set acme/mattermost smtp"
    )]
    Set {
        /// <customer>/<instance>
        target: TargetId,
        /// The secret's name, as `plan` asks for it
        name: String,
    },
    /// List secrets by name, those that are missing too; values are never read
    List {
        /// <customer>/<instance>; every instance when absent
        target: Option<TargetId>,
    },
}

#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  deploycenter sandbox --dir ~/dc\n  eval \"$(deploycenter sandbox env --dir ~/dc)\""
)]
pub(crate) struct SandboxArgs {
    #[command(subcommand)]
    pub(crate) command: Option<SandboxCommand>,
    #[command(flatten)]
    pub(crate) run: SandboxRun,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SandboxCommand {
    /// Wait until the sandbox is ready, and print what points a shell at it
    Env {
        /// The sandbox's folder
        #[arg(long, value_name = "DIR", default_value = SANDBOX_DIR)]
        dir: PathBuf,
    },
}

/// Where a sandbox lives unless said otherwise.
const SANDBOX_DIR: &str = "deploycenter-sandbox";

#[derive(Debug, ClapArgs)]
pub(crate) struct SandboxRun {
    /// Where everything of the sandbox is kept; it survives a restart
    #[arg(long, value_name = "DIR", default_value = SANDBOX_DIR)]
    pub(crate) dir: PathBuf,
    /// Exit after the summary
    #[arg(long)]
    pub(crate) once: bool,
    /// Start without deploying anything
    #[arg(long)]
    pub(crate) idle: bool,
    /// Slow every outside call down: 150ms, 2s
    #[arg(long, value_name = "DURATION", default_value = "0ms", value_parser = duration)]
    pub(crate) latency: Duration,
    /// Inject the faults of this JSON file
    #[arg(long, value_name = "FILE")]
    pub(crate) faults: Option<PathBuf>,
}

/// `150ms`, `2s`, `1m`.
fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits
        .parse()
        .map_err(|_| format!("\"{text}\" is no duration like 150ms or 2s"))?;
    match &text[digits.len()..] {
        "ms" => Ok(Duration::from_millis(number)),
        "s" => Ok(Duration::from_secs(number)),
        "m" => Ok(Duration::from_secs(number.saturating_mul(60))),
        _ => Err(format!("\"{text}\" needs a unit: ms, s or m")),
    }
}
