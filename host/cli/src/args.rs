//! The command line.

mod life;
mod removal;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use deploycenter_domain::name::TargetId;

pub(crate) use life::{AcceptArgs, CancelArgs, ReleaseArgs, RollbackArgs};
pub(crate) use removal::{AdoptArgs, DestroyArgs, PurgeArgs};

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
  ARGOCD_SERVER                where ARGOCD_AUTH_TOKEN goes, instead of argocd.server in
                               deploycenter.toml (also DEPLOYCENTER_ARGOCD_SERVER)
  ARGOCD_AUTH_TOKEN            the token for Argo CD
  DEPLOYCENTER_GIT_TOKEN       password for git over HTTPS (GITHUB_TOKEN on GitHub)
  DEPLOYCENTER_GIT_HOST        the host that DEPLOYCENTER_GIT_TOKEN goes to: git.example.com
  DEPLOYCENTER_TRUST           a file outside the repo that says where tokens go as well:
                               version = 1, argocd = [\"https://…\"], git = [\"https://…\"];
                               only an http:// in it lets one go unencrypted off this machine
  DEPLOYCENTER_DATABASE        the journal's SQLite file, instead of .deploycenter/journal.db
  DEPLOYCENTER_LOG             what is logged to stderr: warn, info, deploycenter_aws=debug, …; of
                               libraries no more than info, since they log whole requests
  DEPLOYCENTER_LOG_JSON        set: logs are JSON lines
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
    #[command(
        after_help = "Example:\n  deploycenter init deployments --repository https://git.example.com/ops/deployments.git"
    )]
    Init {
        /// A new or empty folder
        #[arg(value_name = "DIR")]
        dir: PathBuf,
        /// The address by which Argo CD reads the generated branches; asked for on a terminal
        #[arg(long, value_name = "URL")]
        repository: Option<String>,
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
        after_help = "Examples:\n  deploycenter plan\n  deploycenter plan acme '*/mattermost' --out plan.json\n  deploycenter plan --region eu-west-3 --detailed-exitcode\n  deploycenter plan --grouped"
    )]
    Plan {
        #[command(flatten)]
        selection: Selectors,
        /// Write the plan to a file, for `apply --plan`
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Exit with 2 when there are changes, or targets with changes that are left out
        #[arg(long)]
        detailed_exitcode: bool,
        /// List targets and effects without changes too
        #[arg(long)]
        verbose: bool,
        /// Show changes once that are equal apart from the targets' own names
        #[arg(long, conflicts_with = "verbose")]
        grouped: bool,
        /// Plan to put back what someone else changed
        #[arg(long)]
        reclaim: bool,
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
        /// Put back what someone else changed
        #[arg(long)]
        reclaim: bool,
        /// Deploy an older commit of main over a newer one
        #[arg(long)]
        allow_older: bool,
        /// Targets at the same time
        #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
        max_parallel: u16,
    },
    /// Move targets to the current plugins and overrides, batch by batch
    #[command(
        after_help = "Examples:\n  deploycenter sync acme\n  deploycenter sync '*/odoo' --max-parallel 2\n  deploycenter sync --environment staging --yes\n\nChanges that are alike are shown once. A batch that fails is the last one: what failed in it\ngoes back by itself, and the rest isn't begun."
    )]
    Sync {
        #[command(flatten)]
        selection: Selectors,
        /// Don't ask
        #[arg(long, short)]
        yes: bool,
        /// Show how many changes there are, and not each of them
        #[arg(long, short)]
        quiet: bool,
        /// Apply a working tree that isn't committed and pushed
        #[arg(long)]
        allow_dirty: bool,
        /// Deploy an older commit of main over a newer one
        #[arg(long)]
        allow_older: bool,
        /// Targets in one batch, changed at the same time
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
    /// Take back what was interrupted or needs attention, instead of finishing it
    Cancel(CancelArgs),
    /// Put back what an earlier deployment left, and hold the target there
    Rollback(RollbackArgs),
    /// End a hold: the target follows the desired state again
    Release(ReleaseArgs),
    /// Keep what someone committed by hand to a target's folder, and hold the target there
    Accept(AcceptArgs),
    /// Remove targets and retain their data
    Destroy(DestroyArgs),
    /// Remove a target, or what was left of it, with its data
    Purge(PurgeArgs),
    /// Take over what stands there already, or go on with retained data
    Adopt(AdoptArgs),
    /// What is ours outside and belongs to no target, each with why and the command that ends it
    #[command(
        after_help = "Examples:\n  deploycenter orphans\n  deploycenter orphans --output json\n\nIt changes nothing. What a running target or a deployment at work uses isn't listed."
    )]
    Orphans,
    /// What runs where, and how it is
    #[command(
        after_help = "Examples:\n  deploycenter status\n  deploycenter status acme --watch\n  deploycenter status --watch --interval 10s --output json   a line for each change"
    )]
    Status {
        #[command(flatten)]
        selection: Selectors,
        /// Go on until Ctrl-C: in place on a terminal, else again whenever something changed
        #[arg(long)]
        watch: bool,
        /// With --watch: how long to wait between two readings, at least 200ms
        #[arg(long, value_name = "DURATION", default_value = "2s", value_parser = interval, requires = "watch")]
        interval: Duration,
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
    /// A target's deployments, newest first, and what differs between them
    #[command(
        after_help = "Examples:\n  deploycenter history acme/mattermost --limit 10\n  deploycenter history acme/mattermost --diff latest        what the newest that succeeded changed\n  deploycenter history acme/mattermost --diff 01kaf3        what that one changed\n  deploycenter history acme/mattermost --diff 01kaf3..8xq2  what differs from the one to the other\n  deploycenter history acme/mattermost --diff 01kaf3..      from that one to the latest\n\nAn id may be shortened to its beginning or its end; `latest` and `previous` are the newest\ntwo that succeeded. A difference is between what deployments left, as the journal knows it."
    )]
    History {
        /// <customer>/<instance>
        target: TargetId,
        /// Show what differs: one deployment with what it found, or A..B
        #[arg(long, value_name = "DEPLOYMENT[..DEPLOYMENT]")]
        diff: Option<String>,
        /// Only the newest
        #[arg(long, value_name = "N", conflicts_with = "diff")]
        limit: Option<usize>,
    },
    /// Secrets that a person gives
    #[command(subcommand)]
    Secret(SecretCommand),
    /// Check every outside system: reachable, credentials, rights, and what has to be there
    #[command(
        after_help = "Examples:\n  deploycenter doctor\n  deploycenter doctor --timeout 30s --output json\n\nIt changes nothing outside. Each failure says what to do; exit 1 when there is one."
    )]
    Doctor {
        /// How long each question may go unanswered: 500ms, 10s
        #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
        timeout: Duration,
    },
    /// Try everything out on this machine, without a cloud account
    #[command(args_conflicts_with_subcommands = true)]
    Sandbox(SandboxArgs),
    /// JSON schemas of the desired state's files, for editors, with the apps' values inside
    #[command(
        after_help = "Examples:\n  deploycenter schema                     which schemas there are\n  deploycenter schema customers           print one\n  deploycenter schema overrides/odoo\n  deploycenter schema --write             all of them into schemas/, to be committed\n  deploycenter schema --check             exit 1 when those in schemas/ are out of date\n\nA file names its schema in its first line, as `init` writes it:\n  # yaml-language-server: $schema=schemas/customers.json\nEditors with a YAML language server (or Taplo, for TOML) then complete and check."
    )]
    Schema {
        /// A schema, or a file that it is for: customers, customer, regions, environment, overrides/<app>, plugins, settings
        name: Option<String>,
        /// Write every schema into the deployment repo
        #[arg(long, conflicts_with = "name")]
        write: bool,
        /// Compare those in the deployment repo with what they should be
        #[arg(long, conflicts_with_all = ["name", "write"])]
        check: bool,
    },
    /// Print a completion script for a shell
    #[command(
        after_help = "Example:\n  deploycenter completions bash > /etc/bash_completion.d/deploycenter"
    )]
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Compile one plugin from standard input, within limits; this program calls itself so
    #[command(name = COMPILE_PLUGIN, hide = true)]
    CompilePlugin,
}

/// The command by which this program compiles a plugin in a process of its own.
pub(crate) const COMPILE_PLUGIN: &str = "compile-plugin";

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

/// The shortest wait that leaves others room.
const SHORTEST: Duration = Duration::from_millis(200);

/// A duration that doesn't hammer whoever is asked.
fn interval(text: &str) -> Result<Duration, String> {
    let interval = duration(text)?;
    if interval < SHORTEST {
        return Err(format!("{text} is shorter than {SHORTEST:?}"));
    }
    Ok(interval)
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
