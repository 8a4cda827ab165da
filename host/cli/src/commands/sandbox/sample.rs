//! What the sandbox's deployment repo holds, and the secrets that a person would give.

use std::process::Stdio;

use deploycenter_sandbox::Sandbox;
use deploycenter_sandbox::sample::{CUSTOMERS, REGIONS, STAGING, only_apps};
use tokio::io::AsyncWriteExt as _;

use super::Exports;
use crate::commands::bundle::{self, Files};
use crate::fail::Fail;

/// The fleet, as far as this binary brings the apps for it.
pub(super) fn files(sandbox: &Sandbox) -> Result<Files, Fail> {
    let mut files = bundle::installed()?;
    let apps = bundle::apps();
    let staging: String = STAGING
        .lines()
        .filter(|line| {
            line.starts_with('#') || apps.iter().any(|app| line.starts_with(&format!("{app}:")))
        })
        .map(|line| format!("{line}\n"))
        .collect();
    let settings = format!(
        "# Settings of this deployment repo that aren't secret.\nversion = 1\ninstallation = \"sandbox\"   # part of every name outside\nauthority = \"database\"       # who holds locks and journal\n\n[argocd]\nserver = \"{}\"\n",
        sandbox.argocd_url().as_str().trim_end_matches('/')
    );
    files.insert("deploycenter.toml".to_owned(), settings.into_bytes());
    files.insert(
        "customers.yaml".to_owned(),
        only_apps(CUSTOMERS, &apps).into_bytes(),
    );
    files.insert("regions.yaml".to_owned(), REGIONS.as_bytes().to_vec());
    files.insert("environments/staging.yaml".to_owned(), staging.into_bytes());
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
                "sandbox",
                format!("the secret {name} of {target} couldn't be given"),
            ));
        }
    }
    Ok(())
}
