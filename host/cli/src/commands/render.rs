//! `render`.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use deploycenter_domain::name::TargetId;

use super::{Shared, count};
use crate::fail::Fail;
use crate::wiring;

pub(super) async fn run(
    shared: &Shared,
    target: Option<&TargetId>,
    out: Option<&Path>,
) -> Result<ExitCode, Fail> {
    if target.is_none() && out.is_none() {
        return Err(
            Fail::usage("rendering every instance needs a folder to write to")
                .help("name a target, or a folder with --out"),
        );
    }
    let (offline, reading) = wiring::offline(shared.repo.as_deref()).await?;
    let desired = Arc::new(reading.whole()?);
    if desired.settings.repository().is_none() {
        crate::output::errln!(
            "Note: argocd.repository isn't set in deploycenter.toml, and the manifests name {} in its place.",
            offline.generated_url
        );
    }
    let rendered = offline.render(desired, target).await?;
    if let Some(out) = out {
        let mut written = 0;
        for (target, files) in &rendered {
            for (path, text) in files {
                // By customer, as the branches are: two customers may use the same names.
                let path = out.join(target.customer().as_str()).join(path);
                write(&path, text).map_err(|error| {
                    Fail::new(
                        "failed",
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
    } else if shared.json {
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
