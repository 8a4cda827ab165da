//! Images: the state of one outside thing, as wanted or as observed.
//!
//! A state holds what a decision may rest on, and nothing that moves by itself. Texts
//! may hold tokens until they are bound.

mod outside;
mod record;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::declaration::GeneratedKey;
use crate::effect::{EffectId, OutputName};
use crate::name::{DeploymentId, Incarnation, InstallationId, RegionName, TargetId};
use crate::remedy::{Adopted, Remedy, Targets};

pub use record::{Aaaa, Record, Routing};

/// The state of one outside thing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Resource {
    /// See [`FileSystem`].
    FileSystem(FileSystem),
    /// See [`MountTarget`].
    MountTarget(MountTarget),
    /// See [`AccessPoint`].
    AccessPoint(AccessPoint),
    /// See [`Record`].
    Record(Record),
    /// See [`Secret`].
    Secret(Secret),
    /// See [`File`].
    File(File),
    /// See [`Folder`].
    Folder(Folder),
    /// See [`Project`].
    Project(Project),
    /// See [`Application`].
    Application(Application),
    /// See [`Sync`].
    Sync(Sync),
}

/// An EFS file system, encrypted at rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileSystem {
    /// Where.
    pub region: RegionName,
    /// At most 64 characters; EFS makes one file system per token.
    pub creation_token: String,
    /// The `Name` tag.
    pub name: String,
    /// `generalPurpose` or `maxIO`.
    pub performance_mode: String,
    /// `bursting` or `elastic`.
    pub throughput_mode: String,
    /// The key's ARN; AWS's own key for EFS when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kms_key_id: Option<String>,
}

/// An EFS mount target: the file system's door in one subnet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MountTarget {
    /// Where.
    pub region: RegionName,
    /// The file system's id, or a token for it.
    pub file_system: String,
    /// `subnet-…`.
    pub subnet: String,
    /// `sg-…`, sorted.
    pub security_groups: Vec<String>,
}

/// An EFS access point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessPoint {
    /// Where.
    pub region: RegionName,
    /// The file system's id, or a token for it.
    pub file_system: String,
    /// At most 64 characters; EFS makes one access point per token.
    pub client_token: String,
    /// The `Name` tag.
    pub name: String,
    /// The root directory, made by EFS when it isn't there.
    pub path: String,
    /// Owner of the directory and of every access through the point.
    pub uid: u32,
    /// Group likewise.
    pub gid: u32,
    /// Octal permissions of the directory: `0750`.
    pub permissions: String,
}

/// An entry of Secrets Manager whose random values are drawn once and never read back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Secret {
    /// Where.
    pub region: RegionName,
    /// The entry's full name.
    pub name: String,
    /// The keys of its JSON object, sorted; known afterwards from a tag. Empty for one that
    /// a person gave, which has one key that only its value tells.
    pub keys: Vec<GeneratedKey>,
}

/// One generated file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct File {
    /// The path on the branch.
    pub path: String,
    /// Its text.
    pub content: String,
}

/// A target's folder on its customer's branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Folder {
    /// The branch: `customer/acme`.
    pub branch: String,
    /// The folder's path on it, without slashes at the ends: `us-west-2/odoo`. Empty for
    /// the root's own files (the shared target).
    pub path: String,
    /// Its git tree: 40 hexadecimal digits. For the shared target the tree of its own files
    /// alone, or the blob of `project.json` where there is no other. `None`: known after
    /// apply.
    pub tree: Option<String>,
    /// Its files by path in the folder; empty once observed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, String>,
}

impl Folder {
    /// The same without its files, as a plan has it: they are effects of their own.
    #[must_use]
    pub fn without_files(&self) -> Self {
        Self {
            files: BTreeMap::new(),
            ..self.clone()
        }
    }
}

/// An Argo CD project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Project {
    /// Its name: the customer's.
    pub name: String,
    /// Our labels; others' are left alone and not shown.
    pub labels: BTreeMap<String, String>,
    /// The spec as sent.
    pub spec: Value,
}

/// An Argo CD application.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Application {
    /// Its name.
    pub name: String,
    /// Its project.
    pub project: String,
    /// Our labels; others' are left alone and not shown.
    pub labels: BTreeMap<String, String>,
    /// The spec as sent.
    pub spec: Value,
}

/// An application that has taken over a folder: Synced and Healthy at a revision in which
/// the folder has the tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sync {
    /// The application's name.
    pub application: String,
    /// Its project.
    pub project: String,
    /// The branch that it follows.
    pub branch: String,
    /// The target's folder.
    pub path: String,
    /// The folder's tree; `None`: known after apply.
    pub tree: Option<String>,
    /// Whether it need not get healthy: on the way to its deletion.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ailing: bool,
}

/// Something that isn't ours, and that a person said to take over.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Adoption {
    /// The thing's own id, where its place doesn't tell: a file system's `fs-…`, the
    /// set-identifier of one of several weighted records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Whose it was by its marks, when it was another effect's, another incarnation's or another
    /// installation's: taking the adoption back gives it these marks again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former: Option<Owner>,
}

/// Who made a thing, as its tags, labels or annotations say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Owner {
    /// Whose deployment repo.
    pub installation: InstallationId,
    /// Which target.
    pub target: TargetId,
    /// Which effect of it.
    pub effect: EffectId,
    /// Which incarnation of the target.
    pub incarnation: Incarnation,
    /// The deployment that made it.
    pub deployment: DeploymentId,
}

impl Owner {
    /// The tags of a thing, in the clear. The values fit AWS's limits.
    #[must_use]
    pub fn tags(&self) -> BTreeMap<&'static str, String> {
        BTreeMap::from([
            (tag::INSTALLATION, self.installation.to_string()),
            (tag::TARGET, self.target.to_string()),
            (tag::EFFECT, self.effect.to_string()),
            (tag::INCARNATION, self.incarnation.to_string()),
            (tag::DEPLOYMENT, self.deployment.to_string()),
        ])
    }

    /// Reads tags back; `None` when one is missing or isn't one of ours.
    #[must_use]
    pub fn from_tags(tags: &BTreeMap<String, String>) -> Option<Self> {
        Some(Self {
            installation: tags.get(tag::INSTALLATION)?.parse().ok()?,
            target: tags.get(tag::TARGET)?.parse().ok()?,
            effect: tags.get(tag::EFFECT)?.parse().ok()?,
            incarnation: Incarnation(tags.get(tag::INCARNATION)?.parse().ok()?),
            deployment: tags.get(tag::DEPLOYMENT)?.parse().ok()?,
        })
    }

    /// Whether both are the same effect of the same incarnation of the same target, whatever
    /// the deployment.
    #[must_use]
    pub fn same_thing(&self, other: &Self) -> bool {
        self.installation == other.installation
            && self.target == other.target
            && self.effect == other.effect
            && self.incarnation == other.incarnation
    }
}

/// The keys of the tags that say who owns a thing.
pub mod tag {
    /// The installation's id.
    pub const INSTALLATION: &str = "deploycenter:installation";
    /// `<customer>/<instance>`.
    pub const TARGET: &str = "deploycenter:target";
    /// `<kind>/<name>`.
    pub const EFFECT: &str = "deploycenter:effect";
    /// 1, 2, ….
    pub const INCARNATION: &str = "deploycenter:incarnation";
    /// The deployment that made it.
    pub const DEPLOYMENT: &str = "deploycenter:deployment";
    /// The keys of a generated secret: `admin-password:32 salt:64`.
    pub const KEYS: &str = "deploycenter:keys";
    /// `given` on a secret that a person set.
    pub const SOURCE: &str = "deploycenter:source";
    /// On an adopted file system: the creation token that it would have, had we made it.
    pub const CREATION_TOKEN: &str = "deploycenter:creation-token";
}

/// What was found outside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Observed {
    /// Its state.
    pub state: Resource,
    /// Whose it is.
    pub ownership: Ownership,
    /// What is known now that it exists.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub outputs: Outputs,
}

impl Observed {
    /// The operation that takes this over as an effect of a target, when something that isn't
    /// ours was found where that effect's thing should stand. `None` when a thing of its
    /// kind can't be adopted.
    #[must_use]
    pub fn way_to_adopt(&self, target: &TargetId, effect: &EffectId) -> Option<Remedy> {
        let id = match &self.state {
            Resource::FileSystem(_) => Some(self.outputs.get(&OutputName::Id)?.clone()),
            Resource::Record(record) if record.is_simple() => None,
            Resource::Project(_) | Resource::Application(_) => None,
            _ => return None,
        };
        Some(Remedy::Adopt {
            targets: Targets::One(target.clone()),
            what: Adopted::Effect {
                effect: effect.clone(),
                id,
            },
        })
    }
}

/// The values that an effect made known.
pub type Outputs = BTreeMap<OutputName, String>;

/// Whose an observed thing is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ownership {
    /// Its tags or labels name one of our effects.
    Owned(Owner),
    /// The system has no tags (a record, a folder): its place alone says that it is ours,
    /// and the journal says which deployment made it.
    ByPlace,
    /// It isn't ours; the text says what was found, for a message.
    Foreign(String),
}

impl Ownership {
    /// What is said of a thing that was deleted and can still be restored: its name is
    /// taken until it is gone.
    pub const LEAVING: &str = "waits for its deletion";

    /// Whether the thing was deleted and can still be restored.
    #[must_use]
    pub fn is_leaving(&self) -> bool {
        matches!(self, Self::Foreign(text) if text == Self::LEAVING)
    }
}
