//! What the sandbox's deployment repo holds, and the secrets that a person would give.

use std::process::Stdio;

use deploycenter_engine::ErrorCode;
use deploycenter_platform::{Files, bundled_files, complete};
use deploycenter_sandbox::Sandbox;
use deploycenter_sandbox::sample::{CUSTOMERS, REGIONS, STAGING, SampleRepo};
use tokio::io::AsyncWriteExt as _;

use super::exports::Exports;
use crate::fail::Fail;
use crate::words;

/// The fleet, with the plugins that this binary brings.
pub(super) fn files(sandbox: &Sandbox, repo: &SampleRepo) -> Result<Files, Fail> {
    let mut files = bundled_files()?;
    let settings = format!(
        "# Settings of this deployment repo that aren't secret.\nversion = 1\ninstallation = \"sandbox\"   # part of every name outside\nauthority = \"database\"       # who holds locks and journal\n\n[argocd]\nserver = \"{}\"\nrepository = {:?}   # by which it reads the generated branches\n",
        sandbox.argocd_url().as_str().trim_end_matches('/'),
        repo.remote.to_string_lossy(),
    );
    files.insert("deploycenter.toml".to_owned(), settings.into_bytes());
    for (path, text) in [
        ("customers.yaml", CUSTOMERS),
        ("regions.yaml", REGIONS),
        ("environments/staging.yaml", STAGING),
    ] {
        files.insert(path.to_owned(), text.as_bytes().to_vec());
    }
    complete(&mut files, words::advice)?;
    Ok(files)
}

/// Gives every secret that a person would have to give and hasn't, through the command
/// that a person would use.
pub(super) async fn give_secrets(exports: &Exports) -> Result<(), Fail> {
    let listed = exports
        .command(&["secret", "list", "--output", "json"])
        .stdin(Stdio::null())
        .output()
        .await
        .map_err(anyhow::Error::from)?;
    if !listed.status.success() {
        // A person broke the desired state: what comes next will say so.
        return Ok(());
    }
    let listed: serde_json::Value =
        serde_json::from_slice(&listed.stdout).map_err(anyhow::Error::from)?;
    for secret in listed["secrets"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|secret| secret["source"] == "missing")
    {
        let (Some(target), Some(name)) = (secret["target"].as_str(), secret["name"].as_str())
        else {
            continue;
        };
        let mut set = exports
            .command(&["secret", "set", target, name])
            .stdin(Stdio::piped())
            .spawn()
            .map_err(anyhow::Error::from)?;
        if let Some(mut stdin) = set.stdin.take() {
            stdin
                .write_all(b"sandbox-password")
                .await
                .map_err(anyhow::Error::from)?;
        }
        if !set.wait().await.map_err(anyhow::Error::from)?.success() {
            return Err(Fail::new(
                ErrorCode::Sandbox,
                format!("the secret {name} of {target} couldn't be given"),
            ));
        }
    }
    Ok(())
}
