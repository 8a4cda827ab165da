//! `deploycenter.toml` and `plugins.lock`.

use serde_json::{Map, Value, json};

use crate::desired::Timeouts;

use super::{described, forms, object, version, with};

/// `deploycenter.toml`.
pub(super) fn settings() -> Map<String, Value> {
    let default = Timeouts::default();
    object(
        "Settings",
        "Settings of a deployment repo that aren't secret.",
        &["version", "installation", "argocd"],
        json!({
            "version": version(),
            "installation": described(
                forms::installation(),
                "Installation",
                "Part of every name outside. It never changes once something is deployed.",
            ),
            "authority": {
                "title": "Authority",
                "description": "Who holds locks and journal.",
                "type": "string",
                "enum": ["database", "server", "git"],
                "default": "database",
            },
            "git": object(
                "Git",
                "Remotes and branches.",
                &[],
                json!({
                    "remote": with(
                        described(forms::ref_name(), "Remote", "The remote that `apply` compares with."),
                        "default",
                        "origin",
                    ),
                    "main": described(
                        forms::main_branch(),
                        "Main",
                        "The branch of the desired state; the remote's default branch unless said otherwise.",
                    ),
                    "generated": described(
                        forms::repository_address(),
                        "Generated",
                        "The URL of the repo for the generated branches; the remote's own unless said otherwise.",
                    ),
                    "signing": {
                        "title": "Signing",
                        "description": "Whether generated commits are signed, by the key and the program of git's own configuration (gpg.format, user.signingKey, gpg.ssh.program, gpg.program).",
                        "type": "boolean",
                        "default": false,
                    },
                }),
            ),
            "argocd": object(
                "Argo CD",
                "The Argo CD that deploys.",
                &["server"],
                json!({
                    "server": described(
                        forms::server_address(),
                        "Server",
                        "Its address. The token comes from ARGOCD_AUTH_TOKEN.",
                    ),
                    "repository": described(
                        forms::repository_address(),
                        "Repository",
                        "The address by which it reads the generated branches, as manifests name it; that of git.generated unless said otherwise.",
                    ),
                }),
            ),
            "timeouts": object(
                "Time-outs",
                "How long to wait.",
                &[],
                json!({
                    "progress_seconds": seconds(
                        "Progress",
                        1,
                        default.progress_seconds,
                        "A deployment that shows no progress for so many seconds has failed.",
                    ),
                    "outage_seconds": seconds(
                        "Outage",
                        1,
                        default.outage_seconds,
                        "For so many seconds a step of a deployment waits for AWS, git or Argo CD while they can't be reached; then it stops, and `resume` goes on.",
                    ),
                    "comparison_seconds": seconds(
                        "Comparison",
                        0,
                        default.comparison_seconds,
                        "For so many seconds Argo CD may be unable to compare an application with git, when that may pass, such as a health check that stumbles over a new object.",
                    ),
                    "degraded_seconds": seconds(
                        "Degraded",
                        0,
                        default.degraded_seconds,
                        "What is degraded may heal by itself for so many seconds. A failed job has no time, and a Deployment past its own deadline 15 seconds.",
                    ),
                    "database_seconds": seconds(
                        "Database",
                        0,
                        default.database_seconds,
                        "A database may restart, switch over or apply its settings for so many seconds.",
                    ),
                    "pods_seconds": seconds(
                        "Pods",
                        0,
                        default.pods_seconds,
                        "A pod's image may be missing, or its container crash again and again, for so many seconds.",
                    ),
                    "operator_seconds": seconds(
                        "Operator",
                        0,
                        default.operator_seconds,
                        "After a change of a custom resource its operator may take so many seconds to write the status; then the health counts as it is.",
                    ),
                }),
            ),
        }),
    )
}

fn seconds(title: &str, least: u64, default: u64, description: &str) -> Value {
    json!({
        "title": title,
        "description": description,
        "type": "integer",
        "minimum": least,
        "maximum": 86_400,
        "default": default,
    })
}

/// `plugins.lock`.
pub(super) fn plugins() -> Map<String, Value> {
    object(
        "Plugins",
        "Which app plugins are installed, by digest. Written by deploycenter.",
        &["version"],
        json!({
            "version": version(),
            "plugin": {
                "title": "Plugins",
                "description": "One entry for each plugin file.",
                "type": "array",
                "items": object(
                    "Plugin",
                    "A plugin file in this repo.",
                    &["app", "version", "digest", "source", "grants"],
                    json!({
                        "app": described(forms::own_label(), "App", "The app that it plans."),
                        "version": described(forms::plugin_version(), "Version", "The plugin's own."),
                        "digest": described(forms::digest(), "Digest", "Of the whole file."),
                        "source": described(
                            forms::relative_path(),
                            "Source",
                            "The file, relative to the deployment repo.",
                        ),
                        "grants": {
                            "title": "Grants",
                            "description": "The interfaces that it may call, as approved.",
                            "type": "array",
                            "items": forms::interface_name(),
                        },
                        "default": {
                            "title": "Default",
                            "description": "Whether new targets of the app get it; one plugin of each app says so.",
                            "type": "boolean",
                            "default": false,
                        },
                    }),
                ),
            },
        }),
    )
}
