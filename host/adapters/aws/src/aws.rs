//! The clients, and what they share.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::identity::IdentityCache;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use deploycenter_domain::name::RegionName;
use deploycenter_ports::{Calls, Clock, ProviderError, ProviderErrorKind};

use crate::keyed::Keyed;
use crate::places::Places;
use crate::route53::Zone;
use crate::sdk::connector::Watched;
use crate::sdk::credentials::Held;
use crate::sdk::failure::Context;
use crate::sdk::pace::Pace;
use crate::sdk::sleep::ClockSleep;

/// Attempts that the SDK makes before a call fails.
const ATTEMPTS: u32 = 5;
/// Route 53 takes five requests a second from an account, of which we leave one to others.
const ROUTE53_APART: Duration = Duration::from_millis(250);
/// How many it takes at once after a pause.
const ROUTE53_AT_ONCE: u32 = 4;
/// Where global services sign, and where STS is asked when nothing else is configured.
pub(crate) const GLOBAL: &str = "us-east-1";

/// A region of AWS and the role assumed in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Where {
    pub(crate) aws_region: String,
    pub(crate) role_arn: Option<String>,
}

/// STS is asked near where the work is; every region can assume every role.
fn near(places: &Places) -> Region {
    let first = places.regions.values().next();
    Region::new(first.map_or_else(|| GLOBAL.to_owned(), |place| place.aws_region.clone()))
}

/// An endpoint and credentials that don't come from the environment.
#[derive(Clone)]
pub struct Fixed {
    /// Where all services are: `http://127.0.0.1:4566`.
    pub endpoint: String,
    /// The access key that roles are assumed with.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: String,
}

impl fmt::Debug for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fixed")
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

/// AWS, for a process. Cheap to clone; clones share everything.
#[derive(Debug, Clone)]
pub struct Aws {
    pub(crate) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) places: Places,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) base: SdkConfig,
    roles: Keyed<String, SharedCredentialsProvider>,
    configs: Keyed<Where, SdkConfig>,
    efs: Keyed<Where, aws_sdk_efs::Client>,
    secrets: Keyed<Where, aws_sdk_secretsmanager::Client>,
    route53: Keyed<Where, aws_sdk_route53::Client>,
    paces: Keyed<String, Arc<Pace>>,
    zones: Keyed<String, Arc<Zone>>,
}

impl Aws {
    /// AWS as the environment says: the SDK's usual chain of credentials, its profile
    /// files, `AWS_REGION`, `AWS_ENDPOINT_URL` and its like, proxies. Asks nobody yet.
    pub async fn new(places: Places, clock: Arc<dyn Clock>, calls: Arc<dyn Calls>) -> Self {
        let http = Watched::new(calls, true);
        // Every call names its region. The chain's last resort, the metadata of a machine in
        // EC2, would hold up everybody else for seconds.
        let region = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
            .or_else(ProfileFileRegionProvider::new())
            .or_else(near(&places));
        let loaded = aws_config::defaults(BehaviorVersion::latest())
            .region(region)
            .http_client(http.clone())
            .load()
            .await;
        Self::from_config(places, clock, http, loaded)
    }

    /// AWS at a given endpoint. Nothing is read from the environment.
    #[must_use]
    pub fn fixed(
        places: Places,
        clock: Arc<dyn Clock>,
        calls: Arc<dyn Calls>,
        fixed: Fixed,
    ) -> Self {
        let keys = Credentials::new(
            fixed.access_key_id,
            fixed.secret_access_key,
            None,
            None,
            "fixed",
        );
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(fixed.endpoint)
            .credentials_provider(SharedCredentialsProvider::new(keys))
            .time_source(aws_smithy_async::time::SystemTimeSource::new())
            .build();
        Self::from_config(places, clock, Watched::new(calls, false), config)
    }

    fn from_config(
        places: Places,
        clock: Arc<dyn Clock>,
        http: Watched,
        config: SdkConfig,
    ) -> Self {
        let region = config.region().cloned().unwrap_or_else(|| near(&places));
        let credentials = config
            .credentials_provider()
            .map(|provider| SharedCredentialsProvider::new(Held::base(provider)));
        let mut base = config.into_builder();
        base.set_credentials_provider(credentials);
        let base = base
            .region(region)
            .http_client(http)
            .sleep_impl(ClockSleep(Arc::clone(&clock)))
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            // These would race a request against the clock's sleep, which in a test
            // returns at once. The connector has limits of its own, in real time.
            .timeout_config(TimeoutConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .identity_cache(IdentityCache::no_cache())
            .build();
        Self {
            shared: Arc::new(Shared {
                places,
                clock,
                base,
                roles: Keyed::default(),
                configs: Keyed::default(),
                efs: Keyed::default(),
                secrets: Keyed::default(),
                route53: Keyed::default(),
                paces: Keyed::default(),
                zones: Keyed::default(),
            }),
        }
    }

    /// The regions to list things in: of several names for one region of one account, the
    /// first stands for all.
    pub(crate) fn each_region(&self) -> Vec<RegionName> {
        let mut known = BTreeMap::new();
        for (name, place) in &self.shared.places.regions {
            known
                .entry((&place.aws_region, &place.account))
                .or_insert_with(|| name.clone());
        }
        let mut names: Vec<RegionName> = known.into_values().collect();
        names.sort();
        names
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        self.shared.clock.as_ref()
    }

    /// A region's EFS, and where it is.
    pub(crate) fn efs_in(
        &self,
        region: &RegionName,
    ) -> Result<(aws_sdk_efs::Client, Where, Context), ProviderError> {
        let (at, account, context) = self.region("efs", region)?;
        let client = self.shared.efs.get_or_make(at.clone(), || {
            aws_sdk_efs::Client::new(&self.config(&at, &account))
        });
        Ok((client, at, context))
    }

    /// A region's Secrets Manager, and where it is.
    pub(crate) fn secrets_in(
        &self,
        region: &RegionName,
    ) -> Result<(aws_sdk_secretsmanager::Client, Where, Context), ProviderError> {
        let (at, account, context) = self.region("secretsmanager", region)?;
        let client = self.shared.secrets.get_or_make(at.clone(), || {
            aws_sdk_secretsmanager::Client::new(&self.config(&at, &account))
        });
        Ok((client, at, context))
    }

    /// A hosted zone.
    pub(crate) fn zone(&self, id: &str) -> Result<Arc<Zone>, ProviderError> {
        let place = self.shared.places.zones.get(id).ok_or_else(|| {
            ProviderError::new(
                ProviderErrorKind::Refused,
                "route53",
                format!("the hosted zone {id} isn't known"),
            )
            .help("add it to hostedZones in regions.yaml")
        })?;
        let at = Where {
            aws_region: GLOBAL.to_owned(),
            role_arn: place.role_arn.clone(),
        };
        let shared = &self.shared;
        Ok(shared.zones.get_or_make(id.to_owned(), || {
            let client = shared.route53.get_or_make(at.clone(), || {
                aws_sdk_route53::Client::new(&self.config(&at, &place.account))
            });
            let pace = shared.paces.get_or_make(place.account.clone(), || {
                Arc::new(Pace::new(ROUTE53_APART, ROUTE53_AT_ONCE))
            });
            let context = Context {
                system: "route53",
                place: format!("zone {} ({id}, account {})", place.name, place.account),
            };
            Arc::new(Zone::new(
                id.to_owned(),
                client,
                context,
                pace,
                Arc::clone(&shared.clock),
            ))
        }))
    }

    fn region(
        &self,
        system: &'static str,
        region: &RegionName,
    ) -> Result<(Where, String, Context), ProviderError> {
        let place = self.shared.places.regions.get(region).ok_or_else(|| {
            ProviderError::new(
                ProviderErrorKind::Refused,
                system,
                format!("the region {region} isn't known"),
            )
            .help("add it to regions.yaml")
        })?;
        let at = Where {
            aws_region: place.aws_region.clone(),
            role_arn: place.role_arn.clone(),
        };
        let context = Context {
            system,
            place: format!("{region} (account {})", place.account),
        };
        Ok((at, place.account.clone(), context))
    }

    /// What clients at that place are made from.
    pub(crate) fn config(&self, at: &Where, account: &str) -> SdkConfig {
        let shared = &self.shared;
        shared.configs.get_or_make(at.clone(), || {
            let builder = shared
                .base
                .to_builder()
                .region(Region::new(at.aws_region.clone()));
            let Some(arn) = &at.role_arn else {
                return builder.build();
            };
            let role = shared.roles.get_or_make(arn.clone(), || {
                let sts = aws_sdk_sts::Client::new(&shared.base);
                SharedCredentialsProvider::new(Held::role(sts, arn.clone(), account.to_owned()))
            });
            builder.credentials_provider(role).build()
        })
    }
}
