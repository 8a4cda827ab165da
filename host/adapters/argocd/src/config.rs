//! Where Argo CD is, and how patient we are with it.

use std::fmt;
use std::time::Duration;

use deploycenter_domain::name::InstallationId;
use deploycenter_ports::Pauses;
use url::Url;

use crate::patience::Patience;

/// Where Argo CD is, and how patient we are with it.
#[derive(Clone)]
pub struct ArgoCdConfig {
    /// Its address; a path in it (`https://tools.example.com/argocd`) is kept.
    pub server: Url,
    /// The token of an account that may change applications and projects.
    pub token: String,
    /// Whose applications are ours.
    pub installation: InstallationId,
    /// For how long nothing may change in an application that isn't well yet.
    pub progress_deadline: Duration,
    /// For how long what isn't well may heal by itself.
    pub patience: Patience,
    /// How often and how fast a call is made again.
    pub backoff: Backoff,
}

impl ArgoCdConfig {
    /// With ten minutes of patience.
    #[must_use]
    pub fn new(server: Url, token: String, installation: InstallationId) -> Self {
        Self {
            server,
            token,
            installation,
            progress_deadline: Duration::from_secs(600),
            patience: Patience::default(),
            backoff: Backoff::default(),
        }
    }
}

impl fmt::Debug for ArgoCdConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArgoCdConfig")
            .field("server", &self.server.as_str())
            .field("installation", &self.installation)
            .field("progress_deadline", &self.progress_deadline)
            .field("patience", &self.patience)
            .field("backoff", &self.backoff)
            .finish_non_exhaustive()
    }
}

/// How often and for how long Argo CD is asked. A `Retry-After` is waited out, up to
/// `retry_after_cap`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// How many tries in all.
    pub attempts: u32,
    /// What is waited in between.
    pub pauses: Pauses,
    /// See above.
    pub retry_after_cap: Duration,
    /// How long it is tried at most when nobody says to come back: whoever waits for longer
    /// wants to know why.
    pub give_up: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            attempts: 6,
            pauses: Pauses {
                first: Duration::from_millis(500),
                most: Duration::from_secs(8),
            },
            retry_after_cap: Duration::from_secs(60),
            give_up: Duration::from_secs(20),
        }
    }
}

impl Backoff {
    /// The wait after the `attempt`th try (from 1); `draw` is evenly from 0 to 1.
    pub(crate) fn wait(&self, attempt: u32, retry_after: Option<Duration>, draw: f64) -> Duration {
        let jitter = self.pauses.after(attempt, draw);
        // Jitter on top, or all who were told the same moment would come back in it.
        retry_after.map_or(jitter, |told| told.min(self.retry_after_cap) + jitter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_cap_and_honour_what_they_are_told() {
        let backoff = Backoff::default();
        let wait = |attempt, told, draw| backoff.wait(attempt, told, draw).as_millis();
        assert_eq!(
            [
                wait(1, None, 1.0),
                wait(2, None, 1.0),
                wait(3, None, 1.0),
                wait(9, None, 1.0)
            ],
            [500, 1000, 2000, 8000]
        );
        assert_eq!(wait(3, None, 0.0), 0);
        assert_eq!(wait(1, Some(Duration::from_secs(3)), 0.5), 3250);
        assert_eq!(wait(1, Some(Duration::from_secs(86_400)), 0.0), 60_000);
    }

    #[test]
    fn the_token_is_not_shown() {
        let config = ArgoCdConfig::new(
            "https://argocd.example.com".parse().expect("a URL"),
            "secret".to_owned(),
            "example".parse().expect("an id"),
        );
        assert!(!format!("{config:?}").contains("secret"));
    }
}
