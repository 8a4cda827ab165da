//! What exists before the first call: accounts, networks, roles, zones.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What the AWS stand-ins need to know of the outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct World {
    /// The ARNs of the roles that may be assumed.
    pub roles: Vec<String>,
    /// One entry for each pair of AWS region and account.
    pub regions: Vec<WorldRegion>,
    /// The hosted zones.
    pub zones: Vec<WorldZone>,
    /// The clusters' API servers, which Argo CD may be told to know.
    pub clusters: Vec<String>,
}

/// An account's things in one AWS region.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorldRegion {
    /// Such as `eu-west-3`.
    pub aws_region: String,
    /// Twelve digits.
    pub account: String,
    /// Subnet ids. The first lies in the region's availability zone a, the second in b, and so on.
    pub subnets: Vec<String>,
    /// Security group ids.
    pub security_groups: Vec<String>,
    /// Ids of file systems that an operator made.
    pub file_systems: Vec<String>,
}

/// A hosted zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorldZone {
    /// Such as `Z04444444APPSEXAMPLE`, without a prefix.
    pub id: String,
    /// The domain, without the last dot.
    pub name: String,
    /// The account that owns it.
    pub account: String,
}

/// Why a `regions.yaml` couldn't be read.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// It isn't the YAML that was expected.
    #[error("regions.yaml can't be read: {0}")]
    Yaml(#[from] serde_norway::Error),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RegionsFile {
    #[serde(default)]
    hosted_zones: Vec<ZoneEntry>,
    #[serde(default)]
    regions: BTreeMap<String, RegionEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ZoneEntry {
    name: String,
    id: String,
    account: String,
    role_arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RegionEntry {
    aws_region: Option<String>,
    account: String,
    role_arn: Option<String>,
    cluster: Option<ClusterEntry>,
    efs: Option<EfsEntry>,
    #[serde(default)]
    storage: BTreeMap<String, StorageEntry>,
}

#[derive(Deserialize)]
struct ClusterEntry {
    server: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EfsEntry {
    #[serde(default)]
    subnets: Vec<String>,
    #[serde(default)]
    security_groups: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StorageEntry {
    kind: String,
    file_system_id: Option<String>,
}

impl World {
    /// The world that a deployment repo's `regions.yaml` speaks of.
    ///
    /// # Errors
    /// When the text isn't YAML or lacks a key that is needed here.
    pub fn from_regions_yaml(text: &str) -> Result<Self, WorldError> {
        let file: RegionsFile = serde_norway::from_str(text)?;
        let mut world = Self::default();
        for (key, region) in file.regions {
            world.add_role(region.role_arn);
            let server = region.cluster.and_then(|cluster| cluster.server);
            add_missing(&mut world.clusters, server);
            let aws_region = region.aws_region.unwrap_or(key);
            let existing = region
                .storage
                .into_values()
                .filter(|storage| storage.kind == "existing")
                .filter_map(|storage| storage.file_system_id);
            let entry = world.region_mut(&aws_region, &region.account);
            if let Some(efs) = region.efs {
                add_missing(&mut entry.subnets, efs.subnets);
                add_missing(&mut entry.security_groups, efs.security_groups);
            }
            add_missing(&mut entry.file_systems, existing);
        }
        for zone in file.hosted_zones {
            world.add_role(zone.role_arn);
            world.zones.push(WorldZone {
                id: zone.id.trim_start_matches("/hostedzone/").to_owned(),
                name: zone.name.trim_end_matches('.').to_ascii_lowercase(),
                account: zone.account,
            });
        }
        Ok(world)
    }

    /// What an account has in an AWS region.
    #[must_use]
    pub fn region(&self, aws_region: &str, account: &str) -> Option<&WorldRegion> {
        self.regions
            .iter()
            .find(|region| region.aws_region == aws_region && region.account == account)
    }

    fn region_mut(&mut self, aws_region: &str, account: &str) -> &mut WorldRegion {
        let at = self
            .regions
            .iter()
            .position(|region| region.aws_region == aws_region && region.account == account)
            .unwrap_or_else(|| {
                self.regions.push(WorldRegion {
                    aws_region: aws_region.to_owned(),
                    account: account.to_owned(),
                    ..WorldRegion::default()
                });
                self.regions.len() - 1
            });
        &mut self.regions[at]
    }

    fn add_role(&mut self, role: Option<String>) {
        add_missing(&mut self.roles, role);
    }
}

fn add_missing(list: &mut Vec<String>, more: impl IntoIterator<Item = String>) {
    for item in more {
        if !list.contains(&item) {
            list.push(item);
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn two_clusters_in_one_aws_region_share_its_entry() {
        let world = World::from_regions_yaml(
            r#"
version: 1
hostedZones:
  - { name: Apps.example.com., id: /hostedzone/Z1, account: "444455556666", roleArn: arn:aws:iam::444455556666:role/dns }
regions:
  blue:
    awsRegion: eu-west-3
    account: "111122223333"
    roleArn: arn:aws:iam::111122223333:role/deploy
    efs: { subnets: [subnet-a], securityGroups: [sg-a] }
    storage: { shared: { kind: existing, fileSystemId: fs-1 }, own: { kind: dedicated } }
  eu-west-3:
    account: "111122223333"
    roleArn: arn:aws:iam::111122223333:role/deploy
    efs: { subnets: [subnet-a, subnet-b] }
"#,
        )
        .unwrap();
        assert_eq!(world.roles.len(), 2);
        assert_eq!(
            world.regions,
            [WorldRegion {
                aws_region: "eu-west-3".to_owned(),
                account: "111122223333".to_owned(),
                subnets: vec!["subnet-a".to_owned(), "subnet-b".to_owned()],
                security_groups: vec!["sg-a".to_owned()],
                file_systems: vec!["fs-1".to_owned()],
            }]
        );
        assert_eq!(world.zones[0].name, "apps.example.com");
        assert_eq!(world.zones[0].id, "Z1");
    }

    #[test]
    fn a_missing_account_is_named() {
        let error = World::from_regions_yaml("regions: { eu: { efs: {} } }").unwrap_err();
        assert!(error.to_string().contains("account"), "{error}");
    }
}
