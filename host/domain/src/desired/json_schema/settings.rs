//! `deploycenter.toml` and `plugins.lock`.

use serde_json::{Map, Value, json};

use super::{described, forms, object, version, with};

/// `deploycenter.toml`.
pub(super) fn settings() -> Map<String, Value> {
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
                    "main": with(
                        described(forms::ref_name(), "Main", "The branch of the desired state."),
                        "default",
                        "main",
                    ),
                    "generated": described(
                        forms::any_text(),
                        "Generated",
                        "The URL of the repo for the generated branches; the remote's own unless said otherwise.",
                    ),
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
                }),
            ),
            "timeouts": object(
                "Time-outs",
                "How long to wait.",
                &[],
                json!({
                    "progress_seconds": {
                        "title": "Progress",
                        "description": "A deployment that shows no progress for so many seconds has failed.",
                        "type": "integer",
                        "minimum": 1,
                        "maximum": 86_400,
                        "default": 600,
                    },
                }),
            ),
        }),
    )
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
