//! `deploycenter`: plans and applies a deployment repo.

mod args;
mod cli;
mod commands;
mod deployment_repo;
mod fail;
mod output;
mod plan_file;
mod words;

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::Parser as _;
use cli::Args;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            let usage = error.use_stderr();
            // Printing may fail when nobody reads any more; there is nobody to tell.
            let _ = error.print();
            return if usage {
                ExitCode::from(fail::USAGE)
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    // It limits itself, and wants no threads and no log.
    if matches!(args.command, cli::Command::CompilePlugin) {
        return deploycenter_plugin_runtime::compile_child();
    }
    logging();
    let output = args.output;
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            return fail::Fail::from(anyhow::anyhow!("no threads to run on: {error}"))
                .report(output);
        }
    };
    match runtime.block_on(commands::run(args)) {
        Ok(code) => code,
        Err(fail) => fail.report(output),
    }
}

/// Logs go to stderr, and only what `DEPLOYCENTER_LOG` asks for: the commands speak for
/// themselves.
fn logging() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("DEPLOYCENTER_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    let colours = std::io::stderr().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let json = std::env::var_os("DEPLOYCENTER_LOG_JSON").is_some();
    let layer = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(output::print::LogLines { json })
        .with_ansi(colours);
    if json {
        layer.json().finish().with(filter_fn(is_fit)).init();
    } else {
        let layer = layer.without_time().with_target(false);
        layer.finish().with(filter_fn(is_fit)).init();
    }
}

/// Whether something may be logged at all. What libraries say below `info` holds whole
/// requests, with the logins and the secrets in them.
fn is_fit(what: &tracing::Metadata<'_>) -> bool {
    what.target().starts_with("deploycenter") || *what.level() <= tracing::Level::INFO
}
