//! A region's cluster: where Argo CD finds it, where its add-ons live, and how much of it
//! one instance may take.

use serde::{Deserialize, Serialize};

use super::formats;
use super::reader::{Object, Reader};

/// A Kubernetes cluster as Argo CD knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cluster {
    /// Its name.
    pub name: String,
    /// The URL of its API server.
    pub server: String,
    /// Where its add-ons live.
    #[serde(default)]
    pub namespaces: AddonNamespaces,
    /// What the operator says of the quota of each instance.
    #[serde(default)]
    pub quota: QuotaRule,
}

/// The namespaces of a cluster's add-ons, which network policies let in: by default those
/// of the add-ons' own charts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AddonNamespaces {
    /// The ingress controller.
    pub ingress: String,
    /// mariadb-operator.
    pub mariadb_operator: String,
    /// Prometheus.
    pub monitoring: String,
    /// CloudNativePG's operator.
    pub postgres_operator: String,
}

impl Default for AddonNamespaces {
    fn default() -> Self {
        Self {
            ingress: "ingress-nginx".to_owned(),
            mariadb_operator: "mariadb-operator".to_owned(),
            monitoring: "monitoring".to_owned(),
            postgres_operator: "cnpg-system".to_owned(),
        }
    }
}

/// What the operator says of the quota of each instance, beside what its app declares.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuotaRule {
    /// What an app may declare at most.
    pub most: QuotaFigures,
    /// What comes on top of what an app declares.
    pub extra: QuotaFigures,
}

/// Some figures of a quota.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuotaFigures {
    /// In thousandths of a core.
    pub cpu_millicores: Option<u64>,
    /// Requested memory, in bytes.
    pub memory: Option<u64>,
    /// The sum of the memory limits, in bytes.
    pub memory_limit: Option<u64>,
    /// Of all claims together, in bytes.
    pub storage: Option<u64>,
    /// Pods at once.
    pub pods: Option<u32>,
    /// Persistent volume claims.
    pub claims: Option<u32>,
}

pub(super) fn cluster(reader: &mut Reader<'_>, object: &Object<'_>) -> Option<Cluster> {
    let object = reader.inner(
        object,
        "cluster",
        &["name", "server", "namespaces", "quota"],
    )?;
    let name = reader.need_text(&object, "name");
    let server = reader.need_text(&object, "server");
    let server = reader.checked(server, formats::cluster_server);
    let namespaces = namespaces(reader, &object);
    let quota = quota(reader, &object);
    Some(Cluster {
        name: name?.value,
        server: server?.value,
        namespaces,
        quota,
    })
}

fn namespaces(reader: &mut Reader<'_>, object: &Object<'_>) -> AddonNamespaces {
    let mut namespaces = AddonNamespaces::default();
    let keys = [
        "ingress",
        "mariadbOperator",
        "monitoring",
        "postgresOperator",
    ];
    let Some(object) = reader.inner(object, "namespaces", &keys) else {
        return namespaces;
    };
    for (key, namespace) in keys.into_iter().zip([
        &mut namespaces.ingress,
        &mut namespaces.mariadb_operator,
        &mut namespaces.monitoring,
        &mut namespaces.postgres_operator,
    ]) {
        let text = reader.text(&object, key);
        if let Some(text) = reader.checked(text, formats::namespace) {
            *namespace = text.value;
        }
    }
    namespaces
}

fn quota(reader: &mut Reader<'_>, object: &Object<'_>) -> QuotaRule {
    let Some(object) = reader.inner(object, "quota", &["most", "extra"]) else {
        return QuotaRule::default();
    };
    QuotaRule {
        most: figures(reader, &object, "most"),
        extra: figures(reader, &object, "extra"),
    }
}

fn figures(reader: &mut Reader<'_>, object: &Object<'_>, key: &str) -> QuotaFigures {
    let keys = ["cpu", "memory", "memoryLimit", "storage", "pods", "claims"];
    let Some(object) = reader.inner(object, key, &keys) else {
        return QuotaFigures::default();
    };
    let cpu = reader.text(&object, "cpu");
    let cpu_millicores = reader.checked(cpu, formats::millicores);
    let mut bytes = |key: &str| {
        let text = reader.text(&object, key);
        reader.checked(text, formats::bytes).map(|read| read.value)
    };
    let (memory, memory_limit, storage) = (bytes("memory"), bytes("memoryLimit"), bytes("storage"));
    let mut count = |key: &str| {
        let count = reader.integer(&object, key, 0, COUNT_MAX.into())?;
        u32::try_from(count.value).ok()
    };
    QuotaFigures {
        cpu_millicores: cpu_millicores.map(|read| read.value),
        memory,
        memory_limit,
        storage,
        pods: count("pods"),
        claims: count("claims"),
    }
}

/// The most pods or claims that anyone counts.
pub(super) const COUNT_MAX: u32 = 1_000_000;
