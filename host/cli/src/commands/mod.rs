//! One file a command.

mod accept;
mod adopt;
mod apply;
mod bundle;
mod cancel;
mod carry;
mod destroy;
mod doctor;
mod explain;
mod history;
mod init;
mod orphans;
mod plan;
mod purge;
mod release;
mod removal;
mod render;
mod resume;
mod rollback;
mod sandbox;
mod schema;
mod secret;
mod status;
mod sync;
mod validate;

use std::collections::BTreeSet;
use std::process::ExitCode;

use clap::CommandFactory as _;
use deploycenter_domain::name::DeploymentId;
use deploycenter_domain::selector::Selection;
use deploycenter_engine::{Cancel, Outcome};
use deploycenter_ports::system_name;

use crate::args::{Args, Command, Output, SandboxCommand, SecretCommand, Selectors};
use crate::fail::Fail;

/// What every command gets beside its own arguments.
pub(crate) struct Shared {
    pub(crate) repo: Option<std::path::PathBuf>,
    pub(crate) json: bool,
    /// Whether a GitHub workflow reads what is printed.
    pub(crate) github: bool,
}

/// Runs a command.
pub(crate) async fn run(args: Args) -> Result<ExitCode, Fail> {
    let shared = Shared {
        repo: args.repo,
        json: args.output == Output::Json,
        github: args.output == Output::Github,
    };
    match args.command {
        Command::Init { dir, repository } => init::run(&dir, repository),
        Command::Validate => validate::run(&shared).await,
        Command::Render { target, out } => {
            render::run(&shared, target.as_ref(), out.as_deref()).await
        }
        Command::Plan {
            selection,
            out,
            detailed_exitcode,
            verbose,
            grouped,
            reclaim,
        } => {
            let how = plan::How {
                detailed_exitcode,
                verbose,
                grouped,
                reclaim,
            };
            plan::run(&shared, &selection, out.as_deref(), &how).await
        }
        Command::Apply {
            selection,
            plan,
            yes,
            all_or_nothing,
            allow_dirty,
            allow_older,
            max_parallel,
            quiet,
            reclaim,
        } => {
            let how = apply::How {
                yes,
                all_or_nothing,
                allow_dirty,
                allow_older,
                reclaim,
                max_parallel,
                quiet,
            };
            apply::run(&shared, &selection, plan.as_deref(), &how).await
        }
        Command::Sync {
            selection,
            yes,
            quiet,
            allow_dirty,
            allow_older,
            max_parallel,
        } => {
            let how = sync::How {
                yes,
                quiet,
                allow_dirty,
                allow_older,
                max_parallel,
            };
            sync::run(&shared, &selection, &how).await
        }
        Command::Resume { targets } => resume::run(&shared, &targets).await,
        Command::Cancel(said) => cancel::run(&shared, &said).await,
        Command::Rollback(said) => rollback::run(&shared, &said).await,
        Command::Release(said) => release::run(&shared, &said).await,
        Command::Destroy(said) => destroy::run(&shared, &said).await,
        Command::Purge(said) => purge::run(&shared, &said).await,
        Command::Adopt(said) => adopt::run(&shared, &said).await,
        Command::Orphans => orphans::run(&shared).await,
        Command::Accept(said) => accept::run(&shared, &said).await,
        Command::Status {
            selection,
            watch,
            interval,
        } => status::run(&shared, &selection, watch.then_some(interval)).await,
        Command::Explain { target, path } => explain::run(&shared, &target, path.as_deref()).await,
        Command::History {
            target,
            diff,
            limit,
        } => history::run(&shared, &target, diff.as_deref(), limit).await,
        Command::Secret(SecretCommand::Set { target, name }) => {
            secret::set(&shared, &target, &name).await
        }
        Command::Secret(SecretCommand::List { target }) => {
            secret::list(&shared, target.as_ref()).await
        }
        Command::Doctor { timeout } => doctor::run(&shared, timeout).await,
        Command::Sandbox(sandbox) => match sandbox.command {
            Some(SandboxCommand::Env { dir }) => sandbox::env(&dir).await,
            None => sandbox::run(&sandbox.run).await,
        },
        Command::CompilePlugin => Ok(deploycenter_plugin_runtime::compile_child()),
        Command::Schema { name, write, check } => {
            let ask = match name.as_deref() {
                Some(name) => schema::Ask::Print(name),
                None if write => schema::Ask::Write,
                None if check => schema::Ask::Check,
                None => schema::Ask::List,
            };
            schema::run(&shared, ask).await
        }
        Command::Completions { shell } => {
            clap_complete::generate(
                shell,
                &mut Args::command(),
                "deploycenter",
                &mut std::io::stdout(),
            );
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// `1 target`, `2 targets`.
pub(crate) fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// Reads the selectors of a command line.
pub(crate) fn selection(said: &Selectors) -> Result<Selection, Fail> {
    let usage = |error: &dyn std::fmt::Display| Fail::usage(error.to_string());
    Ok(Selection {
        selectors: said
            .selectors
            .iter()
            .map(|text| {
                deploycenter_domain::selector::Selector::parse(text).map_err(|error| usage(&error))
            })
            .collect::<Result<_, _>>()?,
        region: said
            .region
            .as_deref()
            .map(str::parse)
            .transpose()
            .map_err(|error| usage(&error))?,
        environment: said
            .environment
            .as_deref()
            .map(str::parse)
            .transpose()
            .map_err(|error| usage(&error))?,
    })
}

/// A run that Ctrl-C stops after the steps in flight; a second one ends the process, which
/// loses nothing either.
pub(crate) fn cancel_on_ctrl_c() -> Cancel {
    let cancel = Cancel::default();
    let asked = cancel.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            asked.ask();
            crate::output::errln!(
                "Stopping after the steps in flight. Press Ctrl-C again to stop at once; `deploycenter resume` goes on either way."
            );
            if tokio::signal::ctrl_c().await.is_ok() {
                std::process::exit(130);
            }
        }
    });
    cancel
}

/// What came of a run: as JSON on stdout, or the failures on stderr. For deployments in
/// `going_back`, being taken back is what was asked for.
pub(crate) fn conclude(
    json: bool,
    outcomes: &[Outcome],
    going_back: &BTreeSet<DeploymentId>,
    refused: Vec<deploycenter_domain::problem::Problem>,
    refused_code: &'static str,
) -> Result<ExitCode, Fail> {
    if json {
        crate::output::outln!(
            "{}",
            serde_json::json!({ "format": crate::output::FORMAT, "deployments": rows(outcomes) })
        );
    }
    verdict(outcomes, going_back, refused, refused_code)
}

/// What came of each deployment, for a program.
pub(crate) fn rows(outcomes: &[Outcome]) -> Vec<serde_json::Value> {
    outcomes
        .iter()
        .map(|outcome| {
            serde_json::json!({
                "target": outcome.target,
                "deployment": outcome.deployment,
                "state": outcome.status,
                "reason": outcome.reason,
                "leftovers": outcome.leftovers,
                "waiting": outcome.waits,
            })
        })
        .collect()
}

/// The failures of a run, as [`conclude`] tells them.
pub(crate) fn verdict(
    outcomes: &[Outcome],
    going_back: &BTreeSet<DeploymentId>,
    refused: Vec<deploycenter_domain::problem::Problem>,
    refused_code: &'static str,
) -> Result<ExitCode, Fail> {
    use deploycenter_domain::journal::Status;
    use deploycenter_domain::problem::Problem;

    let mut problems = refused;
    let mut code = refused_code;
    for outcome in outcomes {
        if outcome.status == Status::Unwound && going_back.contains(&outcome.deployment) {
            continue;
        }
        let reason = outcome.reason.clone().unwrap_or_default();
        let (message, help) = match outcome.status {
            Status::Unwound => {
                if code.is_empty() {
                    code = "unwound";
                }
                (
                    format!("{} failed and was taken back: {reason}", outcome.target),
                    "nothing of it is left; mend the cause and apply again".to_owned(),
                )
            }
            Status::NeedsAttention => {
                code = "needs-attention";
                let left = if outcome.leftovers.is_empty() {
                    String::new()
                } else {
                    format!("; left behind: {}", outcome.leftovers.join(", "))
                };
                (
                    format!("{} needs attention: {reason}{left}", outcome.target),
                    format!(
                        "mend the cause, then: deploycenter resume {}",
                        outcome.target
                    ),
                )
            }
            Status::Running | Status::Unwinding => {
                if code.is_empty() {
                    code = "interrupted";
                }
                let (stopped, when) = match outcome.waits.first() {
                    None => ("on request", String::new()),
                    Some(wait) => (
                        "while it waited",
                        format!("when {} answers again, ", system_name(&wait.system)),
                    ),
                };
                let reason = match reason.as_str() {
                    "" => String::new(),
                    reason => format!(": {reason}"),
                };
                (
                    format!(
                        "{} was stopped {stopped} and isn't finished{reason}",
                        outcome.target
                    ),
                    format!("{when}go on with: deploycenter resume {}", outcome.target),
                )
            }
            Status::Succeeded => continue,
        };
        problems.push(Problem::new(message).help(help));
    }
    if problems.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let count = problems.len();
    let message = if count == 1 {
        "a target isn't as planned".to_owned()
    } else {
        format!("{count} targets aren't as planned")
    };
    Err(Fail::problems(
        if code.is_empty() { "failed" } else { code },
        message,
        problems,
    ))
}
