//! Whether credentials, roles, regions and hosted zones are as `regions.yaml` says. Only
//! reads.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use aws_config::retry::RetryConfig;
use deploycenter_domain::desired::{HostedZone, Region, Regions, StorageKind};
use deploycenter_domain::name::RegionName;
use deploycenter_ports::{Check, Examine, Finding, ProviderError, ProviderErrorKind};
use futures::future::join_all;

use crate::aws::{Aws, GLOBAL, Where};
use crate::sdk::failure::Context;

const SYSTEM: &str = "aws";

/// Attempts at telling who we are: enough for a hiccup, few enough for an absent service to
/// be named before the time is up.
const ATTEMPTS: u32 = 2;

/// What a service that doesn't answer is behind.
const ABSENT: &str =
    "check AWS_ENDPOINT_URL, the proxy, and that nothing on the way drops the connection";

/// Where credentials come from.
const CREDENTIALS: &str = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; AWS_ENDPOINT_URL has to be AWS's, or unset";

/// Where an unknown failure of a role's call is looked for.
const RIGHTS: &str = "see to the rights of the role that regions.yaml names there";

/// The accounts of a deployment repo, looked at.
#[derive(Debug)]
pub struct Accounts {
    /// AWS, of those regions.
    pub aws: Aws,
    /// What `regions.yaml` says.
    pub regions: Regions,
}

/// A role, and what it is for.
#[derive(Default)]
struct Group<'a> {
    regions: Vec<&'a Region>,
    zones: Vec<&'a HostedZone>,
}

#[async_trait]
impl Examine for Accounts {
    async fn examine(&self, limit: Duration) -> Vec<Finding> {
        let mut groups: BTreeMap<(&str, &str), Group<'_>> = BTreeMap::new();
        for region in self.regions.regions.values() {
            let group = groups
                .entry((&region.account, &region.role_arn))
                .or_default();
            group.regions.push(region);
        }
        for zone in &self.regions.hosted_zones {
            let group = groups.entry((&zone.account, &zone.role_arn)).or_default();
            group.zones.push(zone);
        }
        let own = Context {
            system: "sts",
            place: "AWS".to_owned(),
        };
        let credentials = Check::new(SYSTEM, "credentials");
        let known = match within(limit, &own, self.identity(None, &own)).await {
            Ok(who) => Ok(credentials.ok(format_args!("{} (account {})", who.arn, who.account))),
            Err(failure) => {
                let otherwise = match failure.kind {
                    ProviderErrorKind::Unavailable => ABSENT,
                    _ => CREDENTIALS,
                };
                Err(credentials.failed(failure, otherwise))
            }
        };
        let usable = known.is_ok();
        let (Ok(first) | Err(first)) = known;
        let examined = join_all(groups.iter().map(async |((account, role), group)| {
            let check = Check::new(SYSTEM, "role").of(*role);
            if !usable {
                let unchecked = check.skipped("there are no credentials to assume it with");
                return (unchecked, group.skipped());
            }
            match self.role(check, account, role, group, limit).await {
                Ok(found) => (found, self.places(group, limit).await),
                Err(found) => (found, group.skipped()),
            }
        }))
        .await;
        let mut findings = vec![first];
        let mut places = Vec::new();
        for (role, of_role) in examined {
            findings.push(role);
            places.extend(of_role);
        }
        // By what they are of, not by role: that is how regions.yaml is read.
        places.sort_by(|(one, _), (other, _)| one.cmp(other));
        findings.extend(places.into_iter().map(|(_, finding)| finding));
        if usable {
            findings.push(Check::new(SYSTEM, "writing").skipped(
                "whether the roles may make and change things shows at the first apply; AWS has no question for it",
            ));
        }
        findings
    }
}

/// Where a finding belongs in the report: regions by name, then zones.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Order {
    Region(RegionName),
    Zone(String),
}

impl Group<'_> {
    /// Its places, when its role can't be had.
    fn skipped(&self) -> Vec<(Order, Finding)> {
        let why = "its role can't be assumed";
        let regions = self.regions.iter().map(|region| {
            let check = Check::new(SYSTEM, "region").of(region.name.as_str());
            (Order::Region(region.name.clone()), check.skipped(why))
        });
        let zones = self.zones.iter().map(|zone| {
            let check = Check::new(SYSTEM, "hosted-zone").of(&zone.name);
            (Order::Zone(zone.name.clone()), check.skipped(why))
        });
        regions.chain(zones).collect()
    }

    /// `us-west-2, apps.example.com`.
    fn places(&self) -> String {
        let regions = self.regions.iter().map(|region| region.name.as_str());
        let zones = self.zones.iter().map(|zone| zone.name.as_str());
        regions.chain(zones).collect::<Vec<_>>().join(", ")
    }

    /// Where its role is first used.
    fn at(&self) -> Where {
        let region = self.regions.first().map(|region| {
            let role = region.role_arn.clone();
            (region.aws_region.clone(), role)
        });
        let zone = || {
            let zone = self.zones.first()?;
            Some((GLOBAL.to_owned(), zone.role_arn.clone()))
        };
        let (aws_region, role_arn) = region.or_else(zone).unwrap_or_default();
        Where {
            aws_region,
            role_arn: Some(role_arn),
        }
    }
}

/// Who STS says that we are.
struct Identity {
    arn: String,
    account: String,
}

impl Accounts {
    async fn identity(
        &self,
        role: Option<(&Where, &str)>,
        context: &Context,
    ) -> Result<Identity, ProviderError> {
        let config = match role {
            Some((at, account)) => self.aws.config(at, account),
            None => self.aws.shared.base.clone(),
        };
        let hasty = aws_sdk_sts::config::Builder::new()
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS));
        let answer = aws_sdk_sts::Client::new(&config)
            .get_caller_identity()
            .customize()
            .config_override(hasty)
            .send()
            .await
            .map_err(|error| context.failure("tell who these credentials are", &error))?;
        Ok(Identity {
            arn: answer.arn.unwrap_or_default(),
            account: answer.account.unwrap_or_default(),
        })
    }

    async fn role(
        &self,
        check: Check,
        account: &str,
        role: &str,
        group: &Group<'_>,
        limit: Duration,
    ) -> Result<Finding, Finding> {
        let context = Context {
            system: "sts",
            place: format!("account {account}"),
        };
        let at = group.at();
        let asked = self.identity(Some((&at, account)), &context);
        match within(limit, &context, asked).await {
            Ok(who) if who.account == account => {
                Ok(check.ok(format_args!("can be assumed, for {}", group.places())))
            }
            Ok(who) => Err(check.fail(
                format_args!(
                    "acts in account {}, where regions.yaml says {account}",
                    who.account
                ),
                format!(
                    "correct account or roleArn of {} in regions.yaml",
                    group.places()
                ),
            )),
            Err(failure) => Err(check.failed(
                failure,
                &format!("see to it that these credentials may assume {role}"),
            )),
        }
    }

    async fn places(&self, group: &Group<'_>, limit: Duration) -> Vec<(Order, Finding)> {
        let regions = group.regions.iter().map(async |region| {
            let found = self.region(region, limit).await.into_iter();
            found
                .map(|finding| (Order::Region(region.name.clone()), finding))
                .collect::<Vec<_>>()
        });
        let zones = group.zones.iter().map(async |zone| {
            let found = self.zone(zone, limit).await;
            vec![(Order::Zone(zone.name.clone()), found)]
        });
        let (regions, zones) = tokio::join!(join_all(regions), join_all(zones));
        regions.into_iter().chain(zones).flatten().collect()
    }

    async fn region(&self, region: &Region, limit: Duration) -> Vec<Finding> {
        let existing = region.storage.iter().filter_map(|(name, class)| {
            let StorageKind::Existing { file_system_id } = &class.kind else {
                return None;
            };
            Some((name, file_system_id))
        });
        let existing = existing.map(|(name, id)| self.existing(region, name, id, limit));
        let (efs, secrets, existing) = tokio::join!(
            self.efs(region, limit),
            self.secrets(region, limit),
            join_all(existing)
        );
        let mut findings = vec![efs, secrets];
        findings.extend(existing);
        if !region.efs.subnets.is_empty() {
            let check = Check::new(SYSTEM, "network").of(region.name.as_str());
            findings.push(check.skipped(format_args!(
                "{} and {}; EFS itself refuses a wrong one when the first mount target is made",
                region.efs.subnets.join(", "),
                region.efs.security_groups.join(", ")
            )));
        }
        findings
    }

    async fn efs(&self, region: &Region, limit: Duration) -> Finding {
        let check = Check::new(SYSTEM, "efs").of(region.name.as_str());
        let (client, _, context) = match self.aws.efs_in(&region.name) {
            Ok(efs) => efs,
            Err(failure) => return check.failed(failure, RIGHTS),
        };
        let asked = async {
            let systems = client.describe_file_systems().max_items(1).send();
            let points = client.describe_access_points().max_results(1).send();
            let (systems, points) = tokio::join!(systems, points);
            systems.map_err(|error| context.failure("list file systems", &error))?;
            points.map_err(|error| context.failure("list access points", &error))?;
            Ok(())
        };
        match within(limit, &context, asked).await {
            Ok(()) => check.ok("file systems and access points can be read"),
            Err(failure) => check.failed(failure, RIGHTS),
        }
    }

    async fn existing(&self, region: &Region, class: &str, id: &str, limit: Duration) -> Finding {
        let check = Check::new(SYSTEM, "file-system").of(format!("{}/{class}", region.name));
        let named = format!(
            "correct fileSystemId of storage class {class} in {} of regions.yaml",
            region.name
        );
        let (client, _, context) = match self.aws.efs_in(&region.name) {
            Ok(efs) => efs,
            Err(failure) => return check.failed(failure, RIGHTS),
        };
        let asked = async {
            match client
                .describe_file_systems()
                .file_system_id(id)
                .send()
                .await
            {
                Ok(answer) => Ok(answer.file_systems.unwrap_or_default().into_iter().next()),
                Err(error)
                    if error
                        .as_service_error()
                        .is_some_and(|service| service.is_file_system_not_found()) =>
                {
                    Ok(None)
                }
                Err(error) => {
                    let what = format_args!("read the file system {id}");
                    Err(context.failure(what, &error))
                }
            }
        };
        match within(limit, &context, asked).await {
            Ok(Some(found)) => match found.life_cycle_state.as_str() {
                "available" if found.number_of_mount_targets == 0 => check.warn(
                    format_args!("{id} is there, and has no mount target: no pod can mount it"),
                    "give it a mount target in each subnet of the cluster's nodes",
                ),
                "available" | "updating" => check.ok(format_args!(
                    "{id} is there, with {} mount targets",
                    found.number_of_mount_targets
                )),
                state => check.fail(format_args!("{id} is {state}"), named),
            },
            Ok(None) => check.fail(
                format_args!("there is no file system {id} in {}", context.place),
                named,
            ),
            Err(failure) => check.failed(failure, RIGHTS),
        }
    }

    async fn secrets(&self, region: &Region, limit: Duration) -> Finding {
        let check = Check::new(SYSTEM, "secrets").of(region.name.as_str());
        let (client, _, context) = match self.aws.secrets_in(&region.name) {
            Ok(secrets) => secrets,
            Err(failure) => return check.failed(failure, RIGHTS),
        };
        let asked = async {
            let answer = client.list_secrets().max_results(1).send().await;
            answer.map_err(|error| context.failure("list secrets", &error))
        };
        match within(limit, &context, asked).await {
            Ok(_) => check.ok("Secrets Manager can be listed"),
            Err(failure) => check.failed(failure, RIGHTS),
        }
    }

    async fn zone(&self, wanted: &HostedZone, limit: Duration) -> Finding {
        let check = Check::new(SYSTEM, "hosted-zone").of(&wanted.name);
        let zone = match self.aws.zone(&wanted.id) {
            Ok(zone) => zone,
            Err(failure) => return check.failed(failure, RIGHTS),
        };
        match within(limit, zone.context(), zone.about()).await {
            Ok(about) if about.name != wanted.name => check.fail(
                format_args!("{} is the zone of {}", wanted.id, about.name),
                format!("correct the id of {} in regions.yaml", wanted.name),
            ),
            Ok(about) if about.private => check.warn(
                format_args!(
                    "{} is a private zone: only its own networks see its records",
                    wanted.id
                ),
                format!(
                    "put the id of the public zone of {} into regions.yaml",
                    wanted.name
                ),
            ),
            Ok(_) => check.ok(format_args!("{} can be read", wanted.id)),
            Err(failure) => check.failed(failure, RIGHTS),
        }
    }
}

/// Gives up on a question after a while.
async fn within<T>(
    limit: Duration,
    context: &Context,
    asked: impl Future<Output = Result<T, ProviderError>>,
) -> Result<T, ProviderError> {
    match tokio::time::timeout(limit, asked).await {
        Ok(answer) => answer,
        Err(_) => {
            let what = format_args!(
                "{} gave no answer within {} s",
                context.system,
                limit.as_secs()
            );
            let failure = context.fail(ProviderErrorKind::Unavailable, what);
            Err(failure.help(ABSENT))
        }
    }
}
