//! The values that every app has in the same shape. An app's own `Values` holds them, and
//! its templates read the keys that no code looks at.

use serde::Deserialize;

use crate::quantity::{bytes, millicores};

/// A volume that the instance's pods share.
#[derive(Debug, Clone, Deserialize)]
pub struct Storage {
    /// Empty for the region's default.
    #[serde(default)]
    pub class: String,
    /// How large, as a Kubernetes quantity.
    pub size: String,
}

/// What a container asks for, and what it may take.
#[derive(Debug, Clone, Deserialize)]
pub struct Resources {
    /// What is asked for.
    pub requests: Requests,
    /// What may be taken.
    pub limits: Limits,
}

impl Resources {
    /// The first resource of which more is asked for than may be taken, by its key, and
    /// what to tell whoever wrote it. Quantities that are none are the schema's business.
    #[must_use]
    pub fn above_limits(&self) -> Option<(&'static str, String)> {
        let above = |what, request: &str, limit: &str| {
            (
                what,
                format!("{request} is requested, above the limit {limit}"),
            )
        };
        let Self { requests, limits } = self;
        if let Some(limit) = &limits.cpu
            && millicores(&requests.cpu).ok()? > millicores(limit).ok()?
        {
            return Some(above("cpu", &requests.cpu, limit));
        }
        (bytes(&requests.memory).ok()? > bytes(&limits.memory).ok()?)
            .then(|| above("memory", &requests.memory, &limits.memory))
    }
}

/// What a container asks for, as Kubernetes quantities.
#[derive(Debug, Clone, Deserialize)]
pub struct Requests {
    /// Cores.
    pub cpu: String,
    /// Bytes.
    pub memory: String,
}

/// What a container may take, as Kubernetes quantities.
#[derive(Debug, Clone, Deserialize)]
pub struct Limits {
    /// Cores.
    pub cpu: Option<String>,
    /// Bytes.
    pub memory: String,
}

/// The instance's database servers.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Database {
    /// How many servers.
    pub instances: u32,
    /// How large, as a Kubernetes quantity.
    pub size: String,
    /// The cluster's storage class; its default when absent.
    #[serde(default)]
    pub storage_class: Option<String>,
    /// Each server's.
    pub resources: Resources,
}

/// Something that is on or off; other keys are the templates' business.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Switch {
    /// Whether it is on.
    pub enabled: bool,
}

/// The horizontal pod autoscaler.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Autoscaling {
    /// Whether it is on.
    pub enabled: bool,
    /// The fewest pods.
    pub min_replicas: u32,
    /// The most pods.
    pub max_replicas: u32,
}

impl Autoscaling {
    /// How many pods a Deployment is made with: `replicas`, within the autoscaler's bounds
    /// where it is on. One that is switched on later finds as many and goes on from there.
    #[must_use]
    pub fn first(&self, replicas: u32) -> u32 {
        if self.enabled {
            replicas.max(self.min_replicas).min(self.max_replicas)
        } else {
            replicas
        }
    }
}

impl Default for Autoscaling {
    fn default() -> Self {
        Self {
            enabled: false,
            min_replicas: 2,
            max_replicas: 4,
        }
    }
}

/// The vertical pod autoscaler.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Vertical {
    /// Whether it is on.
    pub enabled: bool,
    /// `Off`, `Initial`, `Recreate` or `Auto`.
    pub mode: String,
}

/// The mail server; its name and how it is spoken to is the templates' business.
#[derive(Debug, Clone, Deserialize)]
pub struct Smtp {
    /// The port that it answers at.
    pub port: u16,
    /// Whom to sign in as; a password is needed then.
    #[serde(default)]
    pub user: Option<String>,
}
