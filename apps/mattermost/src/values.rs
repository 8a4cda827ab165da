//! The values as far as code looks at them; templates read the rest.

use deploycenter_sdk::values::{Autoscaling, Database, Resources, Smtp, Storage, Switch, Vertical};
use serde::Deserialize;

/// Accounts that the server takes without a licence, in all: `maxUsersHardLimit` in
/// Mattermost 11's `channels/app/limits.go`.
const UNLICENSED_USERS: u32 = 250;

/// What the schema's `properties` describe.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Values {
    pub(crate) replicas: u32,
    pub(crate) storage: Storage,
    pub(crate) resources: Resources,
    pub(crate) database: Database,
    #[serde(default)]
    pub(crate) license: Switch,
    #[serde(default)]
    pub(crate) autoscaling: Autoscaling,
    #[serde(default)]
    pub(crate) smtp: Option<Smtp>,
    #[serde(default)]
    pub(crate) image_pull_secret: Option<String>,
    #[serde(default)]
    pub(crate) features: Features,
    #[serde(default = "yes")]
    pub(crate) web_access: bool,
    #[serde(default = "max_users")]
    pub(crate) max_users: u32,
    #[serde(default = "max_file_size")]
    pub(crate) max_file_size: String,
    #[serde(default)]
    pub(crate) vertical_pod_autoscaler: Vertical,
    #[serde(default)]
    pub(crate) service_monitor: Switch,
}

/// Plugins that come with the server, as far as they need more than a setting.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Features {
    pub(crate) calls: bool,
    pub(crate) playbooks: Option<bool>,
}

fn yes() -> bool {
    true
}

fn max_users() -> u32 {
    200
}

fn max_file_size() -> String {
    "100Mi".to_owned()
}

impl Values {
    /// The most servers that ever run at once, an update's extra one left out.
    ///
    /// Without a licence that is one: unlicensed servers on one database don't tell each
    /// other what is posted, so a person would see only what happens on their own.
    pub(crate) fn most_servers(&self) -> u32 {
        if !self.license.enabled {
            1
        } else if self.autoscaling.enabled {
            self.autoscaling.max_replicas
        } else {
            self.replicas
        }
    }

    /// Whether an autoscaler sets the number of servers.
    pub(crate) fn autoscaled(&self) -> bool {
        self.license.enabled && self.autoscaling.enabled
    }

    /// Whether the plugin Playbooks is on. Since Mattermost 11 it refuses to start in the
    /// Team edition.
    pub(crate) fn playbooks(&self) -> bool {
        self.license.enabled && self.features.playbooks.unwrap_or(true)
    }

    /// Whom to sign in as at the mail server, which takes a password then.
    pub(crate) fn smtp_user(&self) -> Option<&str> {
        self.smtp.as_ref()?.user.as_deref()
    }

    /// What the values ask for and a licence would give, a sentence each.
    pub(crate) fn held_back(&self) -> Vec<String> {
        let mut held = Vec::new();
        if self.license.enabled {
            return held;
        }
        let remedy = "set `license: { enabled: true }` and give the secret `license`";
        if self.autoscaling.enabled {
            held.push(format!("Autoscaling waits for a licence that allows clustering, and one server runs: {remedy}."));
        } else if self.replicas > 1 {
            held.push(format!(
                "{} servers wait for a licence that allows clustering, and one runs: {remedy}.",
                self.replicas
            ));
        }
        if self.max_users > UNLICENSED_USERS {
            held.push(format!("Without a licence the server takes no more than {UNLICENSED_USERS} accounts, not {}: {remedy}.", self.max_users));
        }
        if self.features.playbooks == Some(true) {
            held.push(format!("Playbooks wait for a licence, without which Mattermost 11 doesn't start them, and stay off: {remedy}, or leave `features.playbooks` out."));
        }
        if self.features.calls {
            held.push(format!(
                "Without a licence calls are between two people, in direct messages only: {remedy}."
            ));
        }
        held
    }
}
