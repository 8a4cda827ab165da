//! What a plugin is told about its target beside the values.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Customer, place and names of a target; what templates see under the same keys in
/// camel case (`[[ names.namespace ]]`, `[[ region.awsRegion ]]`).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Context {
    /// The installation's id.
    pub installation: String,
    /// The customer's name, a DNS label.
    pub customer: String,
    /// The instance's name within the customer, a DNS label.
    pub instance: String,
    /// The app's name.
    pub app: String,
    /// `prod`, `staging`, `dev` or another of the deployment repo.
    pub environment: String,
    /// Which incarnation of the target's name this is, from 1.
    pub incarnation: u32,
    /// Where it runs.
    pub region: Region,
    /// The instance's domain, a full name without the final dot.
    pub domain: Option<String>,
    /// The customer's own names for it: ingress and certificate, no record.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Its share where instances in several regions have one domain: 0 to 255.
    pub weight: Option<u8>,
    /// Derived names.
    pub names: Names,
    /// What every object carries.
    pub labels: BTreeMap<String, String>,
    /// Where the generated files go.
    pub repository: Repository,
    /// The versions of secrets that a person has given, by the secrets' names.
    #[serde(default)]
    pub secret_versions: BTreeMap<String, String>,
    /// The sync options that keep data when Argo CD deletes or prunes.
    pub protect: String,
}

impl Context {
    /// The key of the Kubernetes secret `<app>-<secret>` that holds `key` of a given secret
    /// in its present version; `None` where no version is known, and `key` itself is to be
    /// used. What names it starts anew when the secret is set anew, and not before that
    /// version is there.
    #[must_use]
    pub fn versioned_key(&self, secret: &str, key: &str) -> Option<String> {
        let version = self.secret_versions.get(secret)?;
        Some(format!("{key}.{version}"))
    }
}

/// A place where customers run.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Region {
    /// Its key in `regions.yaml`.
    pub name: String,
    /// The AWS region's name.
    pub aws_region: String,
    /// The AWS account's id, 12 digits.
    pub account: String,
    /// The cluster that Argo CD deploys to.
    pub cluster: Cluster,
    /// How the cluster is reached from outside.
    pub ingress: Ingress,
    /// What the cluster has installed; `None` where nobody said.
    pub addons: Option<Vec<String>>,
    /// Storage classes by name.
    pub storage_classes: BTreeMap<String, StorageClass>,
    /// The one for volumes that name none.
    pub default_storage_class: Option<String>,
}

/// A cluster as Argo CD knows it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Cluster {
    /// Its name.
    pub name: String,
    /// The address of its API.
    pub server: String,
}

/// The region's ingress.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ingress {
    /// The ingress class.
    pub class: String,
    /// The cert-manager issuer.
    pub cluster_issuer: Option<String>,
    /// The largest body that it lets through, as a Kubernetes quantity: `2Gi`.
    pub max_body_size: Option<String>,
}

/// A storage class of the region.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct StorageClass {
    /// Whose file system it is.
    pub kind: StorageKind,
    /// Whether it is the region's default.
    #[serde(default)]
    pub default: bool,
}

/// Whose file system a storage class uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StorageKind {
    /// Each instance gets a file system of its own.
    Dedicated,
    /// The operator's, in which an instance gets an access point.
    Existing,
}

/// Names that are derived from customer, instance and incarnation.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Names {
    /// The Kubernetes namespace.
    pub namespace: String,
    /// The Argo CD application of the workload.
    pub application: String,
    /// The Argo CD application of the base.
    pub base_application: String,
    /// The customer's Argo CD project, for workloads.
    pub project: String,
    /// The customer's Argo CD project for bases.
    pub base_project: String,
}

/// The target's folder in git.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Repository {
    /// As Argo CD clones it.
    pub url: String,
    /// The customer's branch.
    pub branch: String,
    /// The target's folder, `<region>/<instance>`.
    pub folder: String,
}
