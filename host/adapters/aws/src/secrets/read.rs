//! Reading entries: their names and tags, never their values.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType, Tag};
use aws_smithy_types::DateTime;
use deploycenter_domain::declaration::GeneratedKey;
use deploycenter_domain::name::{InstallationId, TargetId};
use deploycenter_domain::resource::{Observed, Owner, Ownership, Resource, Secret, tag};
use deploycenter_domain::secret_version::SecretVersion;
use deploycenter_ports::{ProviderError, SecretEntry};

use super::RegionalSecrets;
use crate::inventory::time;

/// What [`tag::SOURCE`] says on an entry that a person gave.
pub(super) const GIVEN: &str = "given";

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FoundEntry {
    pub(super) name: String,
    pub(super) tags: BTreeMap<String, String>,
    /// Whether it waits for its deletion.
    pub(super) leaving: bool,
    /// When it was made.
    pub(super) since: Option<DateTime>,
    /// When it was last changed.
    pub(super) changed: Option<DateTime>,
    /// The id of its current version.
    pub(super) version: Option<String>,
}

impl RegionalSecrets<'_> {
    /// All entries of the region that carry an installation's tag, by name.
    pub(super) async fn read_all(&self) -> Result<BTreeMap<String, FoundEntry>, ProviderError> {
        let ours = Filter::builder()
            .key(FilterNameStringType::TagKey)
            .values(tag::INSTALLATION)
            .build();
        let request = self
            .client
            .list_secrets()
            .include_planned_deletion(true)
            .max_results(100)
            .filters(ours);
        let mut pages = request.into_paginator().send();
        let mut all = BTreeMap::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| self.context.failure("list secrets", &error))?;
            for next in page.secret_list.unwrap_or_default() {
                let name = next.name.unwrap_or_default();
                let tags = tag_map(next.tags.as_deref().unwrap_or_default());
                // The filter matches beginnings too.
                if tags.contains_key(tag::INSTALLATION) {
                    let leaving = next.deleted_date.is_some();
                    all.insert(
                        name.clone(),
                        FoundEntry {
                            name,
                            tags,
                            leaving,
                            since: next.created_date,
                            changed: next.last_changed_date,
                            version: current(next.secret_versions_to_stages),
                        },
                    );
                }
            }
        }
        Ok(all)
    }

    pub(super) async fn describe(&self, name: &str) -> Result<Option<FoundEntry>, ProviderError> {
        match self.client.describe_secret().secret_id(name).send().await {
            Ok(found) => Ok(Some(FoundEntry {
                name: found.name.unwrap_or_else(|| name.to_owned()),
                tags: tag_map(found.tags.as_deref().unwrap_or_default()),
                leaving: found.deleted_date.is_some(),
                since: found.created_date,
                changed: found.last_changed_date,
                version: current(found.version_ids_to_stages),
            })),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|e| e.is_resource_not_found_exception()) =>
            {
                Ok(None)
            }
            Err(error) => Err(self
                .context
                .failure(format_args!("read the secret {name}"), &error)),
        }
    }

    pub(super) fn observed(&self, found: &FoundEntry) -> Observed {
        let ownership = if found.leaving {
            Ownership::Foreign(Ownership::LEAVING.to_owned())
        } else if let Some(owner) = Owner::from_tags(&found.tags) {
            Ownership::Owned(owner)
        } else if given(found) {
            Ownership::Foreign("was given by a person".to_owned())
        } else {
            Ownership::Foreign("has no owner's tags of DeployCenter".to_owned())
        };
        let keys = found
            .tags
            .get(tag::KEYS)
            .map(|keys| read_keys(keys))
            .unwrap_or_default();
        Observed {
            state: Resource::Secret(Secret {
                region: self.region.clone(),
                name: found.name.clone(),
                keys,
            }),
            ownership,
            outputs: BTreeMap::new(),
        }
    }
}

/// The version that readers get who ask for none.
fn current(stages: Option<HashMap<String, Vec<String>>>) -> Option<String> {
    let is_current =
        |(_, stages): &(String, Vec<String>)| stages.iter().any(|it| it == "AWSCURRENT");
    stages?.into_iter().find(is_current).map(|(id, _)| id)
}

/// The value of the tag that says which keys an entry has: `admin-password:32 salt:64`.
pub(super) fn write_keys(keys: &[GeneratedKey]) -> String {
    let words: Vec<String> = keys
        .iter()
        .map(|key| format!("{}:{}", key.key, key.length))
        .collect();
    words.join(" ")
}

fn read_keys(text: &str) -> Vec<GeneratedKey> {
    text.split(' ')
        .filter_map(|word| {
            let (key, length) = word.rsplit_once(':')?;
            Some(GeneratedKey {
                key: key.to_owned(),
                length: length.parse().ok()?,
            })
        })
        .collect()
}

fn tag_map(tags: &[Tag]) -> BTreeMap<String, String> {
    tags.iter()
        .map(|tag| {
            (
                tag.key().unwrap_or_default().to_owned(),
                tag.value().unwrap_or_default().to_owned(),
            )
        })
        .collect()
}

/// As the engine sees it.
pub(super) fn entry(found: &FoundEntry) -> SecretEntry {
    SecretEntry {
        name: found.name.clone(),
        is_given: given(found),
        version: found.version.as_deref().map(SecretVersion::of),
        changed: found.changed.as_ref().and_then(time),
    }
}

/// Whether a person gave it.
pub(super) fn given(found: &FoundEntry) -> bool {
    !found.leaving
        && found
            .tags
            .get(tag::SOURCE)
            .is_some_and(|source| source == GIVEN)
}

/// Whether a person gave it for that target.
pub(super) fn given_for(
    found: &FoundEntry,
    installation: &InstallationId,
    target: &TargetId,
) -> bool {
    let says = |key: &str, value: &str| found.tags.get(key).is_some_and(|there| there == value);
    given(found)
        && says(tag::INSTALLATION, installation.as_str())
        && says(tag::TARGET, &target.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_survive_the_way_through_the_tag() {
        let keys = vec![
            GeneratedKey {
                key: "admin-password".into(),
                length: 32,
            },
            GeneratedKey {
                key: "salt".into(),
                length: 64,
            },
        ];
        assert_eq!(write_keys(&keys), "admin-password:32 salt:64");
        assert_eq!(read_keys(&write_keys(&keys)), keys);
        assert_eq!(read_keys(""), []);
        assert_eq!(read_keys("broken"), []);
    }
}
