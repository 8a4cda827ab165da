//! `schema`: JSON schemas of the desired state's files, for editors; and whether those that
//! a deployment repo holds are what they should be.

use std::process::ExitCode;

use clap::Args;
use deploycenter_domain::desired::{SchemaKind, UnknownKind, json_schema, schema_text};
use deploycenter_engine::ErrorCode;
use deploycenter_platform::{self as platform, Readable, Schemas};

use super::CommandContext;
use crate::fail::Fail;
use crate::output::{self, schemas};
use crate::words;

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

pub(super) async fn run(context: &CommandContext, args: &SchemaArgs) -> Result<ExitCode, Fail> {
    match args.name.as_deref() {
        Some(name) => print(context, name).await?,
        None if args.write => write(context).await?,
        None if args.check => check(context).await?,
        None => {
            let (known, _) = known_here(context).await?;
            schemas::list(context.json, &SchemaKind::all(&known));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// One schema, on stdout.
async fn print(context: &CommandContext, name: &str) -> Result<(), Fail> {
    let kind: SchemaKind = name
        .parse()
        .map_err(|error: UnknownKind| Fail::usage(error.to_string()).maybe_help(error.help))?;
    let (known, problems) = known_here(context).await?;
    schemas::tell(&problems);
    let schema = json_schema(&kind, &known, words::advice).ok_or_else(|| {
        Fail::usage(format!(
            "there is no schema \"{kind}\": no such app is known"
        ))
        .help("plugins.lock lists the apps that are installed")
    })?;
    output::print::content(&schema_text(&schema));
    Ok(())
}

/// All of them, into the deployment repo.
async fn write(context: &CommandContext) -> Result<(), Fail> {
    let root = context.root()?;
    let all = Schemas::whole(platform::readable(&root).await?, words::advice)?;
    schemas::written(context.json, &all.write(&root)?);
    schemas::unnamed(&platform::unnamed(&root).await?);
    Ok(())
}

/// Whether those in the deployment repo are as `write` would make them.
async fn check(context: &CommandContext) -> Result<(), Fail> {
    let root = context.root()?;
    let all = Schemas::whole(platform::readable(&root).await?, words::advice)?;
    if let Some(stale) = all.stale(&root) {
        let message = "the schemas aren't up to date";
        return Err(Fail::problems(ErrorCode::SchemaStale, message, vec![stale]));
    }
    schemas::up_to_date(context.json, all.count());
    Ok(())
}

/// Names and apps of the deployment repo here, or else those of a new one.
async fn known_here(context: &CommandContext) -> Result<Readable, Fail> {
    match context.root() {
        Ok(root) => Ok(platform::readable(&root).await?),
        Err(fail) if context.repo.is_some() => Err(fail),
        Err(_) => {
            output::errln!(
                "No deployment repo here: the apps are those that this binary brings, and any region is taken."
            );
            Ok(platform::readable_in(&platform::bundled_files()?)?)
        }
    }
}
