//! The values as far as code looks at them; templates read the rest.

use std::collections::BTreeSet;

use deploycenter_sdk::values::{Autoscaling, Database, Resources, Smtp, Storage, Switch, Vertical};
use serde::Deserialize;

/// What the schema's `properties` describe.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Values {
    pub(crate) replicas: u32,
    pub(crate) workers: u32,
    pub(crate) storage: Storage,
    pub(crate) resources: Resources,
    pub(crate) cron: Cron,
    pub(crate) database: Database,
    #[serde(default)]
    pub(crate) image: Option<Image>,
    #[serde(default)]
    pub(crate) autoscaling: Autoscaling,
    #[serde(default)]
    pub(crate) smtp: Option<Smtp>,
    #[serde(default)]
    pub(crate) image_pull_secret: Option<String>,
    #[serde(default)]
    pub(crate) addons: Vec<String>,
    #[serde(default)]
    pub(crate) features: Features,
    #[serde(default = "yes")]
    pub(crate) web_access: bool,
    #[serde(default = "max_upload_size")]
    pub(crate) max_upload_size: String,
    #[serde(default)]
    pub(crate) vertical_pod_autoscaler: Vertical,
    #[serde(default)]
    pub(crate) service_monitor: Switch,
}

/// An image of the operator's own; its name is the templates' business.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Image {}

/// The pod of the scheduled actions.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Cron {
    pub(crate) workers: u32,
    pub(crate) resources: Resources,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Features {
    pub(crate) website: bool,
    pub(crate) ecommerce: bool,
    pub(crate) point_of_sale: bool,
}

fn yes() -> bool {
    true
}

fn max_upload_size() -> String {
    "128Mi".to_owned()
}

impl Values {
    /// The most servers that ever run at once, an update's extra one left out.
    pub(crate) fn most_servers(&self) -> u32 {
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

    /// The modules that have to be installed, by technical name, sorted, each once.
    pub(crate) fn modules(&self) -> Vec<String> {
        let features = [
            (self.features.website, "website"),
            (self.features.ecommerce, "website_sale"),
            (self.features.point_of_sale, "point_of_sale"),
        ];
        let wanted = features
            .into_iter()
            .filter(|(on, _)| *on)
            .map(|(_, module)| module.to_owned());
        let modules: BTreeSet<String> = self.addons.iter().cloned().chain(wanted).collect();
        modules.into_iter().collect()
    }
}
