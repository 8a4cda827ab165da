//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::args::Output;
use crate::commands::accept::AcceptArgs;
use crate::commands::adopt::AdoptArgs;
use crate::commands::apply::ApplyArgs;
use crate::commands::cancel::CancelArgs;
use crate::commands::destroy::DestroyArgs;
use crate::commands::doctor::DoctorArgs;
use crate::commands::explain::ExplainArgs;
use crate::commands::history::HistoryArgs;
use crate::commands::init::InitArgs;
use crate::commands::plan::PlanArgs;
use crate::commands::purge::PurgeArgs;
use crate::commands::release::ReleaseArgs;
use crate::commands::render::RenderArgs;
use crate::commands::resume::ResumeArgs;
use crate::commands::rollback::RollbackArgs;
use crate::commands::sandbox::SandboxArgs;
use crate::commands::schema::SchemaArgs;
use crate::commands::secret::SecretCommand;
use crate::commands::status::StatusArgs;
use crate::commands::sync::SyncArgs;

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

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(InitArgs),
    /// Check the desired state, plugins and templates: every problem at once
    #[command(after_help = "Example:\n  deploycenter validate --output json")]
    Validate,
    Render(RenderArgs),
    Plan(PlanArgs),
    Apply(ApplyArgs),
    Sync(SyncArgs),
    Resume(ResumeArgs),
    Cancel(CancelArgs),
    Rollback(RollbackArgs),
    Release(ReleaseArgs),
    Accept(AcceptArgs),
    Destroy(DestroyArgs),
    Purge(PurgeArgs),
    Adopt(AdoptArgs),
    /// What is ours outside and belongs to no target, each with why and the command that ends it
    #[command(
        after_help = "Examples:\n  deploycenter orphans\n  deploycenter orphans --output json\n\nIt changes nothing. What a running target or a deployment at work uses isn't listed."
    )]
    Orphans,
    Status(StatusArgs),
    Explain(ExplainArgs),
    History(HistoryArgs),
    #[command(subcommand)]
    Secret(SecretCommand),
    Doctor(DoctorArgs),
    Sandbox(SandboxArgs),
    Schema(SchemaArgs),
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
