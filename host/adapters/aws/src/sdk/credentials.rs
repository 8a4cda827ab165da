//! Credentials, held until shortly before they end and renewed once for all who wait.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use deploycenter_ports::{ProviderError, ProviderErrorKind};
use tokio::sync::Mutex;

use super::failure::{Context, roots};

/// A session is renewed when it ends within this time: longer than any call may take.
const MARGIN: Duration = Duration::from_secs(5 * 60);

/// Where credentials come from.
#[derive(Debug)]
enum Source {
    /// The SDK's usual chain, or given ones.
    Base(SharedCredentialsProvider),
    /// A role, assumed by whoever the client is.
    Role {
        sts: aws_sdk_sts::Client,
        arn: String,
        account: String,
    },
}

/// Credentials that are held.
///
/// The SDK's own cache races its loading against the SDK's sleep, which here is the
/// engine's clock and may not wait at all; so clients run without that cache and with
/// this one. A session's end is compared with the machine's time, as signatures are.
#[derive(Debug)]
pub(crate) struct Held {
    source: Source,
    held: Mutex<Option<Credentials>>,
}

impl Held {
    /// The credentials that everything starts from.
    pub(crate) fn base(provider: SharedCredentialsProvider) -> Self {
        Self {
            source: Source::Base(provider),
            held: Mutex::new(None),
        }
    }

    /// The credentials of a role.
    pub(crate) fn role(sts: aws_sdk_sts::Client, arn: String, account: String) -> Self {
        Self {
            source: Source::Role { sts, arn, account },
            held: Mutex::new(None),
        }
    }

    async fn get(&self) -> Result<Credentials, CredentialsError> {
        // Held over the call, so that those who come meanwhile wait for its answer.
        let mut held = self.held.lock().await;
        if let Some(credentials) = held.as_ref()
            && credentials
                .expiry()
                .is_none_or(|end| end > SystemTime::now() + MARGIN)
        {
            return Ok(credentials.clone());
        }
        let fresh = match &self.source {
            Source::Base(provider) => base(provider).await,
            Source::Role { sts, arn, account } => assume(sts, arn, account).await,
        };
        let fresh = fresh.map_err(CredentialsError::provider_error)?;
        *held = Some(fresh.clone());
        Ok(fresh)
    }
}

impl ProvideCredentials for Held {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.get())
    }
}

async fn base(provider: &SharedCredentialsProvider) -> Result<Credentials, ProviderError> {
    provider.provide_credentials().await.map_err(|error| {
        let kind = match &error {
            CredentialsError::ProviderTimedOut(_) => ProviderErrorKind::Unavailable,
            _ => ProviderErrorKind::Refused,
        };
        ProviderError::new(
            kind,
            "sts",
            format!("there are no usable AWS credentials: {}", roots(&error)),
        )
        .help("set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    })
}

async fn assume(
    sts: &aws_sdk_sts::Client,
    arn: &str,
    account: &str,
) -> Result<Credentials, ProviderError> {
    let context = Context {
        system: "sts",
        place: format!("account {account}"),
    };
    let answer = sts
        .assume_role()
        .role_arn(arn)
        .role_session_name(format!("deploycenter-{account}"))
        .send()
        .await
        .map_err(|error| {
            let failure = context.failure(format_args!("assume the role {arn}"), &error);
            let refused = failure.kind == ProviderErrorKind::Refused && error.as_service_error().is_some();
            if refused {
                failure.help("check roleArn in regions.yaml, and that the role's trust policy names these credentials")
            } else {
                failure
            }
        })?;
    let Some(session) = answer.credentials else {
        return Err(context.fail(
            ProviderErrorKind::Unavailable,
            format_args!("STS gave no credentials for {arn}"),
        ));
    };
    let end = SystemTime::try_from(session.expiration).ok();
    Ok(Credentials::new(
        session.access_key_id,
        session.secret_access_key,
        Some(session.session_token),
        end,
        "deploycenter",
    ))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[derive(Debug)]
    struct Counted {
        lasting: Duration,
        asked: Arc<AtomicUsize>,
    }

    impl ProvideCredentials for Counted {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            let end = SystemTime::now() + self.lasting;
            future::ProvideCredentials::new(async move {
                tokio::task::yield_now().await;
                self.asked.fetch_add(1, Ordering::SeqCst);
                Ok(Credentials::new("key", "secret", None, Some(end), "test"))
            })
        }
    }

    async fn asked(lasting: Duration) -> usize {
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Counted {
            lasting,
            asked: Arc::clone(&asked),
        };
        let held = Held::base(SharedCredentialsProvider::new(counted));
        let all = (0..10).map(|_| held.get());
        for one in futures::future::join_all(all).await {
            assert_eq!(one.unwrap().access_key_id(), "key");
        }
        asked.load(Ordering::SeqCst)
    }

    #[tokio::test]
    async fn a_session_is_shared_until_shortly_before_its_end() {
        assert_eq!(asked(Duration::from_secs(3600)).await, 1);
        assert_eq!(asked(Duration::from_secs(60)).await, 10);
    }
}
