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

/// The least of PostgreSQL's shared buffers, in bytes.
const LEAST_BUFFERS: u64 = 16 << 20;

impl Database {
    /// What PostgreSQL keeps for its shared buffers, as its own configuration writes it: a
    /// quarter of what an instance may take, as PostgreSQL's manual advises, and never more
    /// than half of what it requests. CloudNativePG refuses more than is requested.
    ///
    /// # Errors
    /// When a quantity is none.
    pub fn shared_buffers(&self) -> Result<String, String> {
        let (requested, limit) = self.memory()?;
        let buffers = (limit / 4).min(requested / 2).max(LEAST_BUFFERS);
        Ok(format!("{}MB", buffers >> 20))
    }

    /// What InnoDB keeps for its pool, in bytes, a whole number of mebibytes: half of what an
    /// instance may take, and never more than it requests, which is all that a full node
    /// leaves it.
    ///
    /// # Errors
    /// When a quantity is none.
    pub fn buffer_pool(&self) -> Result<u64, String> {
        let (requested, limit) = self.memory()?;
        Ok((limit / 2).min(requested) >> 20 << 20)
    }

    fn memory(&self) -> Result<(u64, u64), String> {
        let Resources { requests, limits } = &self.resources;
        Ok((bytes(&requests.memory)?, bytes(&limits.memory)?))
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn database(requested: &str, limit: &str) -> Database {
        Database {
            instances: 1,
            size: "1Gi".to_owned(),
            storage_class: None,
            resources: Resources {
                requests: Requests {
                    cpu: "1".to_owned(),
                    memory: requested.to_owned(),
                },
                limits: Limits {
                    cpu: None,
                    memory: limit.to_owned(),
                },
            },
        }
    }

    #[test]
    fn a_database_keeps_no_more_than_it_requests() {
        for (requested, limit, buffers, pool) in [
            ("1Gi", "2Gi", "512MB", 1 << 30),
            ("2Gi", "2Gi", "512MB", 1 << 30),
            ("256Mi", "2Gi", "128MB", 256 << 20),
            ("128Mi", "128Mi", "32MB", 64 << 20),
            ("300000Ki", "2Gi", "146MB", 292 << 20),
        ] {
            let database = database(requested, limit);
            assert_eq!(
                database.shared_buffers().as_deref(),
                Ok(buffers),
                "{requested} {limit}"
            );
            assert_eq!(database.buffer_pool(), Ok(pool), "{requested} {limit}");
        }
        assert!(database("much", "2Gi").shared_buffers().is_err());
    }
}
