//! The values as far as code looks at them; templates read the rest.

use deploycenter_sdk::values::{Autoscaling, Database, Resources, Smtp, Storage, Switch, Vertical};
use serde::Deserialize;

/// What the schema's `properties` describe.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Values {
    pub(crate) replicas: u32,
    pub(crate) workers: u32,
    pub(crate) resources: Resources,
    pub(crate) background_resources: Resources,
    pub(crate) cron: Cron,
    pub(crate) storage: Storage,
    pub(crate) database: Database,
    pub(crate) redis: Redis,
    #[serde(default)]
    pub(crate) autoscaling: Autoscaling,
    #[serde(default)]
    pub(crate) smtp: Option<Smtp>,
    #[serde(default)]
    pub(crate) features: Features,
    #[serde(default)]
    pub(crate) image_pull_secret: Option<String>,
    #[serde(default = "max_upload_size")]
    pub(crate) max_upload_size: String,
    #[serde(default = "english")]
    pub(crate) language: String,
    #[serde(default = "yes")]
    pub(crate) web_access: bool,
    #[serde(default)]
    pub(crate) vertical_pod_autoscaler: Vertical,
    #[serde(default)]
    pub(crate) service_monitor: Switch,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Cron {
    pub(crate) schedule: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Redis {
    pub(crate) session_memory: String,
    pub(crate) cache_memory: String,
}

/// What administrators can't switch, as far as it needs more than a setting.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Features {
    pub(crate) self_registration: bool,
}

fn max_upload_size() -> String {
    "256Mi".to_owned()
}

fn english() -> String {
    "en".to_owned()
}

fn yes() -> bool {
    true
}

impl Values {
    /// The most web pods that ever run at once, an update's extra ones left out.
    pub(crate) fn most_web_pods(&self) -> u32 {
        if self.autoscaling.enabled {
            self.autoscaling.max_replicas
        } else {
            self.replicas
        }
    }

    /// Whom to sign in as at the mail server, which takes a password then.
    pub(crate) fn smtp_user(&self) -> Option<&str> {
        self.smtp.as_ref()?.user.as_deref()
    }
}
