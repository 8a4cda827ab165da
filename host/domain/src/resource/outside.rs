//! What each kind of thing is called outside, and by what it is found there.

use super::{Observed, Resource};
use crate::effect::{EffectKind, OutputName};
use crate::name::RegionName;

impl Resource {
    /// The kind of effect that makes such a thing.
    #[must_use]
    pub fn kind(&self) -> EffectKind {
        match self {
            Self::FileSystem(_) => EffectKind::FileSystem,
            Self::MountTarget(_) => EffectKind::MountTarget,
            Self::AccessPoint(_) => EffectKind::AccessPoint,
            Self::Record(_) => EffectKind::Record,
            Self::Secret(_) => EffectKind::Secret,
            Self::File(_) => EffectKind::File,
            Self::Folder(_) => EffectKind::Commit,
            Self::Project(_) => EffectKind::Project,
            Self::Application(_) => EffectKind::Application,
            Self::Sync(_) => EffectKind::Sync,
        }
    }

    /// The region whose lists show it by itself, and its name or token there. A mount target
    /// is found by its file system alone.
    #[must_use]
    pub fn in_region(&self) -> Option<(&RegionName, &str)> {
        match self {
            Self::FileSystem(it) => Some((&it.region, &it.creation_token)),
            Self::AccessPoint(it) => Some((&it.region, &it.client_token)),
            Self::Secret(it) => Some((&it.region, &it.name)),
            _ => None,
        }
    }

    /// What a person looks for, where no id is known: `acme on customer/acme`.
    #[must_use]
    pub fn outside_name(&self) -> Option<String> {
        match self {
            Self::Application(it) => Some(it.name.clone()),
            Self::Project(it) => Some(it.name.clone()),
            Self::Record(it) => Some(format!("{} {}", it.name, it.set_identifier)),
            Self::Secret(it) => Some(it.name.clone()),
            Self::Folder(it) => Some(format!("{} on {}", it.path, it.branch)),
            _ => None,
        }
    }

    /// Whether two are of the thing in one place: a record that is wanted under another
    /// name says nothing of the one that stood.
    #[must_use]
    pub fn same_place(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Record(one), Self::Record(other)) => {
                (&one.zone, &one.name, &one.set_identifier)
                    == (&other.zone, &other.name, &other.set_identifier)
            }
            (Self::Folder(one), Self::Folder(other)) => {
                (&one.branch, &one.path) == (&other.branch, &other.path)
            }
            (Self::MountTarget(one), Self::MountTarget(other)) => {
                (&one.file_system, &one.subnet) == (&other.file_system, &other.subnet)
            }
            (Self::Secret(one), Self::Secret(other)) => one.name == other.name,
            _ => true,
        }
    }

    /// The names that it has for its target's sake, by role, where they aren't put together
    /// from the target's own.
    #[must_use]
    pub fn own_names(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::FileSystem(it) => vec![
                ("token", it.creation_token.clone()),
                ("name", it.name.clone()),
            ],
            Self::AccessPoint(it) => vec![
                ("token", it.client_token.clone()),
                ("name", it.name.clone()),
                ("path", it.path.clone()),
            ],
            Self::Record(it) => vec![
                ("name", it.name.clone()),
                ("zone", it.zone.clone()),
                ("set", it.set_identifier.clone()),
            ],
            Self::Secret(it) => vec![("name", it.name.clone())],
            Self::Application(it) => {
                let mut names = vec![("name", it.name.clone())];
                let namespace = &it.spec["destination"]["namespace"];
                names.extend(
                    namespace
                        .as_str()
                        .map(|namespace| ("namespace", namespace.to_owned())),
                );
                names
            }
            Self::MountTarget(_)
            | Self::File(_)
            | Self::Folder(_)
            | Self::Project(_)
            | Self::Sync(_) => Vec::new(),
        }
    }

    /// How a person removes it by the system's own tools, given the id that it has there.
    #[must_use]
    pub fn removed_by_hand(&self, id: &str) -> String {
        match self {
            Self::FileSystem(it) => format!(
                "aws efs delete-file-system --region {} --file-system-id {id}",
                it.region
            ),
            Self::MountTarget(it) => format!(
                "aws efs delete-mount-target --region {} --mount-target-id {id}",
                it.region
            ),
            Self::AccessPoint(it) => format!(
                "aws efs delete-access-point --region {} --access-point-id {id}",
                it.region
            ),
            Self::Secret(it) => format!(
                "aws secretsmanager delete-secret --region {} --secret-id {id}",
                it.region
            ),
            Self::Record(it) => format!(
                "aws route53 change-resource-record-sets --hosted-zone-id {} --change-batch … (DELETE {} {})",
                it.zone, it.name, it.set_identifier
            ),
            Self::Project(_) => format!("argocd proj delete {id}"),
            Self::Application(_) => format!("argocd app delete {id}"),
            Self::File(_) | Self::Folder(_) | Self::Sync(_) => "remove it by hand".to_owned(),
        }
    }
}

impl Observed {
    /// What the thing that was found is called, where its adapter says of it only what it
    /// is.
    #[must_use]
    pub fn called(&self) -> Option<&str> {
        match &self.state {
            Resource::Record(record) => Some(&record.name),
            Resource::Secret(secret) => Some(&secret.name),
            Resource::FileSystem(_) | Resource::AccessPoint(_) => {
                self.outputs.get(&OutputName::Id).map(String::as_str)
            }
            _ => None,
        }
    }
}
