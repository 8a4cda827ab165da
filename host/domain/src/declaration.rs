//! What a plugin is asked, and what it declared while it ran: plain data, nothing has
//! happened yet.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::application::ApplicationOptions;
use crate::effect::EffectId;
use crate::name::{AppName, TargetId};

/// What an app is asked to plan or to validate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// Whom it is for.
    pub target: TargetId,
    /// The merged values: a JSON object.
    pub values: Value,
    /// What templates see beside `values`: customer, instance, app, environment, region,
    /// domain, aliases, names, labels, repository, secret versions (see the SDK's `Context`).
    pub context: Value,
    /// The storage classes of the region: name to the id of the operator's own file
    /// system, or `None` where each instance gets one.
    pub storage: BTreeMap<String, Option<String>>,
    /// What comes before an entry's name in Secrets Manager, with the final `/`.
    pub secret_prefix: String,
}

/// A value that an app doesn't take, found by its own check.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Violation {
    /// Where in the values: a JSON pointer such as `/autoscaling/minReplicas`.
    pub pointer: String,
    /// A short stable code such as `replicas-need-shared-storage`.
    pub code: String,
    /// What is wrong, for the person who wrote the value.
    pub message: String,
}

/// Everything that one run of a plugin's `plan` declared, sorted by name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Declaration {
    /// Files of the target's folder by path: `values.yaml` or `dependencies/<name>.yaml`.
    /// Contents may hold tokens.
    pub files: BTreeMap<String, String>,
    /// Volumes on EFS by name.
    pub volumes: BTreeMap<String, Volume>,
    /// Domains that get a record, by the record's name in the plan.
    pub records: BTreeMap<String, String>,
    /// Entries of Secrets Manager whose values the host draws, by name.
    pub generated: BTreeMap<String, Vec<GeneratedKey>>,
    /// Entries that a person must give before the first deploy, by name.
    pub given: BTreeMap<String, GivenSecret>,
    /// What was chosen for the two Argo CD applications, by role.
    pub applications: BTreeMap<ApplicationRole, ApplicationOptions>,
    /// How much the instance's pods may take in all; `None`: a small default of the host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<Quota>,
    /// What the network lets through beside names.
    #[serde(default)]
    pub openings: Openings,
    /// Edges that no token shows: effect, and what it waits for.
    pub depends_on: Vec<(EffectId, EffectId)>,
    /// What the app warned of while it planned, a line each, in its order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

impl Declaration {
    /// One more warning, once; beyond `most` they are dropped.
    pub fn warn(&mut self, message: &str, most: usize) {
        if self.warnings.len() < most && !self.warnings.iter().any(|said| said == message) {
            self.warnings.push(message.to_owned());
        }
    }
}

/// A directory on EFS that an instance's pods share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Volume {
    /// A storage class of the region.
    pub class: String,
    /// POSIX owner of the root directory, and of every access through it.
    pub uid: u32,
    /// POSIX group likewise.
    pub gid: u32,
    /// Octal permissions of the root directory: `0750`.
    pub permissions: String,
}

/// A key of a generated secret, and how long its random value is, in characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GeneratedKey {
    /// The key in the entry's JSON object.
    pub key: String,
    /// 16 to 128 characters of a-z, A-Z and 0-9.
    pub length: u32,
}

/// A secret that a person gives with `deploycenter secret set`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenSecret {
    /// The key in the entry's JSON object.
    pub key: String,
    /// What it is for, in a few words.
    pub purpose: String,
}

/// How much the pods of an instance may take in all, an update's extra ones included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Quota {
    /// Requested, in thousandths of a core.
    pub cpu_millicores: u64,
    /// Requested, in bytes.
    pub memory: u64,
    /// The sum of the limits, in bytes.
    pub memory_limit: u64,
    /// Of all claims together, in bytes.
    pub storage: u64,
    /// How many at once.
    pub pods: u32,
    /// How many persistent volume claims.
    pub claims: u32,
}

/// What the network lets through beside names (DNS), each by its purpose. Nothing else
/// passes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Openings {
    /// Where the app answers HTTP.
    pub http: Option<Http>,
    /// Ports at which the app's pods talk to each other.
    pub peers: Vec<Port>,
    /// The TCP port that Prometheus reads.
    pub metrics: Option<u16>,
    /// Ports of the app's pods that any address may reach.
    pub public: Vec<Port>,
    /// The TCP port of a mail server at any address but link-local ones.
    pub smtp: Option<u16>,
    /// Whether the app calls web servers at public addresses (443).
    pub web: bool,
    /// Whether a CloudNativePG cluster named `postgres` stands beside it.
    pub postgres: bool,
    /// How many instances the MariaDB server beside it has.
    pub mariadb: Option<u32>,
    /// Whether Redis servers stand beside it.
    pub redis: bool,
}

/// The TCP ports at which an app answers HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Http {
    /// The region's ingress and the app's own pods reach it.
    pub port: u16,
    /// Further ones that the ingress reaches, such as for web sockets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more: Vec<u16>,
}

/// A port of one protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Port {
    /// From 1.
    pub number: u16,
    /// Of the transport.
    pub protocol: Protocol,
}

/// A transport protocol, as Kubernetes writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// Which of a target's two Argo CD applications.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ApplicationRole {
    /// Namespace, guardrails, volumes, databases: plain manifests.
    Base,
    /// The app itself: the plugin's Helm chart.
    Workload,
}

impl ApplicationRole {
    /// `base` or `workload`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Workload => "workload",
        }
    }
}

/// What a plugin file says of itself; read without running its code.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// The app that it plans.
    pub app: AppName,
    /// The plugin's own version (semver).
    pub version: String,
    /// The version of the WIT packages that it was built against.
    pub api_version: String,
    /// One line for people.
    pub description: String,
    /// What it asks for: names of the interfaces, `efs`, `route53`, `secrets`, ….
    pub grants: Vec<String>,
    /// App version to data-version: crossing one migrates data.
    pub data_versions: BTreeMap<String, String>,
    /// What a person does before such a crossing, where the app can't migrate by itself:
    /// a clause for the plan's remark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migration: Option<String>,
}
