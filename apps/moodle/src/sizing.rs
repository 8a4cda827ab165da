//! How much an instance takes in all, for its quota, its database and its caches.

use deploycenter_sdk::serde_json::{Value, json};

use deploycenter_sdk::quota::Quota;
use deploycenter_sdk::values::Resources;

use crate::values::Values;
use deploycenter_sdk::quantity::{bytes, millicores};

const MEBIBYTE: u64 = 1 << 20;
/// Background runs that may overlap: Moodle's own limits in the image's `config.php` let
/// two of them take scheduled tasks and two ad-hoc ones; a fifth finds nothing and ends.
const BACKGROUND_RUNS: u32 = 5;
/// The jobs before and after an update.
const JOBS: u32 = 2;
/// For the operator, its replication, and a person.
const OTHER_CONNECTIONS: u32 = 30;
/// Pods that cert-manager makes to answer a challenge for each of the host names.
const OTHER_PODS: u32 = 8;
const OTHER_MILLICORES: u64 = 500;
const OTHER_MEMORY: u64 = 2 << 30;
/// A Redis server beside the data that it holds.
const REDIS_OVERHEAD: u64 = 64 * MEBIBYTE;
const REDIS_MILLICORES: u64 = 50;
/// What the exporter in each web pod requests and may take, and the operator's two
/// helpers in each of several database pods.
const SIDECAR_MILLICORES: u64 = 10;
const SIDECAR_MEMORY: u64 = 64 * MEBIBYTE;
/// What a connection takes of the database's memory at most, as a rule.
const CONNECTION_MEMORY: u64 = MEBIBYTE;

/// Totals over all of an instance's pods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sizing {
    cpu: u64,
    memory: u64,
    memory_limit: u64,
    storage: u64,
    pods: u32,
    claims: u32,
    /// `max_connections` of MariaDB.
    pub(crate) connections: u32,
    /// `innodb_buffer_pool_size`, in bytes.
    buffer_pool: u64,
    database_memory: u64,
    session_memory: u64,
    cache_memory: u64,
    max_upload: u64,
    scratch: u64,
}

/// Pods of one kind: how many, and what each takes.
struct Pods<'a> {
    count: u32,
    resources: &'a Resources,
    sidecar: bool,
}

impl Sizing {
    /// Totals at the most pods that ever run, an update's and a failed node's included.
    ///
    /// # Errors
    /// When a quantity is none or the total is out of bounds.
    pub(crate) fn of(values: &Values) -> Result<Self, String> {
        let most = values.most_web_pods().max(1);
        // As the chart's `maxSurge` of a quarter.
        let web = most + most.div_ceil(4);
        let databases = values.database.instances + 1;
        let background = BACKGROUND_RUNS + JOBS;
        let (sessions, cache) = (
            bytes(&values.redis.session_memory)?,
            bytes(&values.redis.cache_memory)?,
        );
        let kinds = [
            Pods {
                count: web,
                resources: &values.resources,
                sidecar: values.service_monitor.enabled,
            },
            Pods {
                count: databases,
                resources: &values.database.resources,
                sidecar: values.database.instances > 1,
            },
            Pods {
                count: background,
                resources: &values.background_resources,
                sidecar: false,
            },
        ];
        let total = |read: fn(&Resources) -> Result<u64, String>, sidecar: u64, other: u64| {
            let mut sum = Some(other);
            for pods in &kinds {
                let each =
                    read(pods.resources)?.checked_add(if pods.sidecar { sidecar } else { 0 });
                sum = sum
                    .zip(each.and_then(|each| each.checked_mul(u64::from(pods.count))))
                    .and_then(|(sum, all)| sum.checked_add(all));
            }
            sum.ok_or_else(|| "the resources are more than a cluster can have".to_owned())
        };
        let too_large = || "the sizes are more than a cluster can have".to_owned();
        let storage = bytes(&values.database.size)?
            .checked_mul(u64::from(databases))
            .zip(bytes(&values.storage.size).ok())
            .and_then(|(databases, files)| databases.checked_add(files))
            .ok_or_else(too_large)?;
        let redis = redis_limit(sessions)
            .zip(redis_limit(cache))
            .and_then(|(sessions, cache)| sessions.checked_add(cache)?.checked_mul(2))
            .ok_or_else(too_large)?;
        let max_upload = bytes(&values.max_upload_size)?;
        let database_memory = bytes(&values.database.resources.limits.memory)?;
        Ok(Self {
            cpu: total(
                |resources| millicores(&resources.requests.cpu),
                SIDECAR_MILLICORES,
                OTHER_MILLICORES + 4 * REDIS_MILLICORES,
            )?,
            memory: total(
                |resources| bytes(&resources.requests.memory),
                SIDECAR_MEMORY,
                OTHER_MEMORY.checked_add(redis).ok_or_else(too_large)?,
            )?,
            memory_limit: total(
                |resources| bytes(&resources.limits.memory),
                SIDECAR_MEMORY,
                OTHER_MEMORY.checked_add(redis).ok_or_else(too_large)?,
            )?,
            storage,
            // Two servers of Redis, and each once more while it is replaced.
            pods: web + databases + background + 4 + OTHER_PODS,
            claims: databases + 1,
            connections: web * values.workers + background + OTHER_CONNECTIONS,
            buffer_pool: values.database.buffer_pool()?,
            database_memory,
            session_memory: sessions,
            cache_memory: cache,
            max_upload,
            // Uploads on their way to EFS, and what PHP compiled.
            scratch: max_upload
                .checked_mul(4)
                .and_then(|uploads| uploads.checked_add(2 << 30))
                .ok_or_else(too_large)?,
        })
    }

    /// What fits, but hardly: a sentence each.
    pub(crate) fn tight(&self) -> Vec<String> {
        let needed = u64::from(self.connections) * CONNECTION_MEMORY;
        if self.buffer_pool + needed <= self.database_memory {
            return Vec::new();
        }
        vec![format!(
            "The web pods may open {} connections at once, for which the database's {}Mi of memory are too few: raise database.resources to {}Mi or more, or lower workers.",
            self.connections,
            self.database_memory / MEBIBYTE,
            (2 * needed).div_ceil(MEBIBYTE),
        )]
    }

    /// What the host makes the instance's quota from.
    pub(crate) fn quota(&self) -> Quota {
        Quota {
            cpu_millicores: self.cpu,
            memory: self.memory,
            memory_limit: self.memory_limit,
            storage: self.storage,
            pods: self.pods,
            claims: self.claims,
        }
    }

    /// Settings of MariaDB, as its own configuration writes them.
    pub(crate) fn server(&self) -> Value {
        json!({
            "max_connections": self.connections.to_string(),
            "innodb_buffer_pool_size": format!("{}M", self.buffer_pool / MEBIBYTE),
        })
    }

    /// As `shared/dependencies/redis.yaml` wants them.
    pub(crate) fn redis_servers(&self) -> Value {
        let server = |name: &str, memory: u64, policy: &str, persist: bool| {
            json!({
                "name": name,
                "maxmemory": memory.to_string(),
                "policy": policy,
                "persist": persist,
                "cpu": format!("{REDIS_MILLICORES}m"),
                // It can't overflow: `of` has added it up.
                "memory": mebibytes(redis_limit(memory).unwrap_or(u64::MAX)),
            })
        };
        json!([
            server("redis-sessions", self.session_memory, "noeviction", true),
            server("redis-cache", self.cache_memory, "allkeys-lru", false),
        ])
    }

    /// Sizes that the chart's values hold as text.
    pub(crate) fn limits(&self) -> Value {
        json!({
            "maxUploadBytes": self.max_upload.to_string(),
            // Room for the rest of an upload's request beside the file.
            "maxRequestBytes": (self.max_upload + MEBIBYTE).to_string(),
            "scratch": mebibytes(self.scratch),
        })
    }
}

/// What a Redis server may take for so much data: half as much again, for the copy of
/// what changes while it rewrites its log.
fn redis_limit(data: u64) -> Option<u64> {
    data.checked_add(data / 2)?.checked_add(REDIS_OVERHEAD)
}

fn mebibytes(bytes: u64) -> String {
    format!("{}Mi", bytes.div_ceil(MEBIBYTE))
}
