//! How much an instance takes in all, for its quota and its database.

use deploycenter_sdk::quota::Quota;
use deploycenter_sdk::values::Resources;

use crate::values::Values;
use deploycenter_sdk::quantity::{bytes, millicores};

/// Connections that a process opens at most (`db_maxconn` and `db_maxconn_gevent` in the
/// chart's `odoo.conf`).
const CONNECTIONS_PER_WORKER: u32 = 8;
const CONNECTIONS_PER_GEVENT: u32 = 16;
/// The job that installs and updates, CloudNativePG itself, backups, and a person.
const OTHER_CONNECTIONS: u32 = 50;
/// A job of the database's operator, and pods that cert-manager makes to answer a
/// challenge for each of the host names.
const OTHER_PODS: u32 = 8;
const OTHER_MILLICORES: u64 = 500;
const OTHER_MEMORY: u64 = 2 << 30;
/// The pod of the scheduled actions, its replacement, the job, and its second attempt.
const BACKGROUND_PODS: u32 = 4;

/// Totals over all of an instance's pods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sizing {
    cpu: u64,
    memory: u64,
    memory_limit: u64,
    storage: u64,
    pods: u32,
    claims: u32,
    /// `max_connections` of PostgreSQL: every process of every pod may fill its pool.
    pub(crate) connections: u32,
    /// `shared_buffers` of PostgreSQL.
    pub(crate) shared_buffers: String,
    /// The largest upload, in bytes.
    pub(crate) max_upload: u64,
}

impl Sizing {
    /// Totals at the most servers that ever run, with room for one more pod of each kind
    /// while an update or a failed node is replaced.
    ///
    /// # Errors
    /// When a quantity is none or the total is out of bounds.
    pub(crate) fn of(values: &Values) -> Result<Self, String> {
        let servers = values.most_servers().max(1) + 1;
        let databases = values.database.instances + 1;
        let pods = [
            (&values.resources, servers),
            (&values.cron.resources, BACKGROUND_PODS),
            (&values.database.resources, databases),
        ];
        let total =
            |read: fn(&Resources) -> Result<u64, String>, other: u64| -> Result<u64, String> {
                let mut sum = Some(other);
                for (resources, count) in pods {
                    let taken = read(resources)?.checked_mul(u64::from(count));
                    sum = sum
                        .zip(taken)
                        .and_then(|(sum, taken)| sum.checked_add(taken));
                }
                sum.ok_or_else(|| "the resources are more than a cluster can have".to_owned())
            };
        let storage = bytes(&values.database.size)?
            .checked_mul(u64::from(databases))
            .zip(bytes(&values.storage.size).ok())
            .and_then(|(databases, files)| databases.checked_add(files))
            .ok_or_else(|| "the sizes are more than a cluster can have".to_owned())?;
        let server = values.workers * CONNECTIONS_PER_WORKER + CONNECTIONS_PER_GEVENT;
        let cron = (values.cron.workers + 1) * CONNECTIONS_PER_WORKER + CONNECTIONS_PER_GEVENT;
        Ok(Self {
            cpu: total(
                |resources| millicores(&resources.requests.cpu),
                OTHER_MILLICORES,
            )?,
            memory: total(|resources| bytes(&resources.requests.memory), OTHER_MEMORY)?,
            memory_limit: total(|resources| bytes(&resources.limits.memory), OTHER_MEMORY)?,
            storage,
            pods: servers + BACKGROUND_PODS + databases + OTHER_PODS,
            claims: databases + 1,
            connections: servers * server + 2 * cron + OTHER_CONNECTIONS,
            shared_buffers: values.database.shared_buffers()?,
            max_upload: bytes(&values.max_upload_size)?,
        })
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
}
