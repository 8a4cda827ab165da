//! `render`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use deploycenter_domain::name::TargetId;
use deploycenter_engine::{ErrorCode, workflow};

use super::CommandContext;
use crate::fail::Fail;
use crate::output::count;

/// Show what would be committed for a target, offline
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  deploycenter render acme/mattermost\n  deploycenter render acme/mattermost --out rendered"
)]
pub(crate) struct RenderArgs {
    /// <customer>/<instance>, or <customer>/_customer for what they share; every instance when absent (with --out)
    pub(crate) target: Option<TargetId>,
    /// Write the files under this folder instead of printing them
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

pub(super) async fn run(context: &CommandContext, args: &RenderArgs) -> Result<ExitCode, Fail> {
    let (target, out) = (args.target.as_ref(), args.out.as_deref());
    if target.is_none() && out.is_none() {
        return Err(
            Fail::usage("rendering every instance needs a folder to write to")
                .help("name a target, or a folder with --out"),
        );
    }
    let (offline, reading, busy) = context.offline().await?;
    busy.with("rendering");
    let rendered = workflow::render(&offline, reading, target).await?;
    drop(busy);
    if let Some(stand_in) = &rendered.stand_in_repository {
        crate::output::errln!(
            "Note: argocd.repository isn't set in deploycenter.toml, and the manifests name {stand_in} in its place."
        );
    }
    let rendered = rendered.targets;
    if let Some(out) = out {
        let mut written = 0;
        for (target, files) in &rendered {
            for (path, text) in files {
                // By customer, as the branches are: two customers may use the same names.
                let path = out.join(target.customer().as_str()).join(path);
                write(&path, text).map_err(|error| {
                    Fail::new(
                        ErrorCode::Failed,
                        format!("{} can't be written: {error}", path.display()),
                    )
                })?;
                written += 1;
            }
        }
        crate::output::errln!(
            "Wrote {} of {} to {}.",
            count(written, "file"),
            count(rendered.len(), "instance"),
            out.display()
        );
    } else if context.json {
        crate::output::outln!(
            "{}",
            serde_json::json!({ "format": 1, "targets": rendered })
        );
    } else {
        for (path, text) in rendered.values().flatten() {
            crate::output::outln!("# ---- {path}");
            crate::output::print::content(text);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, text)
}
