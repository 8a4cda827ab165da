//! What an outside system looks like to whoever checks it before anything is deployed.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use deploycenter_domain::remedy::Advice;
use serde::Serialize;

use crate::ProviderError;

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it has to be.
    Ok,
    /// It works, and someone should look at it.
    Warn,
    /// A deployment would fail here.
    Fail,
    /// It wasn't or can't be looked at.
    Skipped,
}

impl Verdict {
    /// The word for it: `ok`, `warn`, `fail`, `skipped`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Skipped => "skipped",
        }
    }
}

/// What one check found. `Help` is [`Advice`] until a door words it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding<Help = Advice> {
    /// Which system: `repository`, `git`, `journal`, `aws`, `argocd` or `addons`.
    pub system: &'static str,
    /// What was checked, in a stable word: `token`, `hosted-zone`.
    pub check: &'static str,
    /// Of which of several things: a region, a zone, a URL.
    pub scope: Option<String>,
    /// How it came out.
    pub status: Verdict,
    /// What was found, for a person; never holds a secret.
    pub message: String,
    /// What to do about it; always there for a failure.
    pub help: Option<Help>,
}

impl Finding {
    /// The same finding, its way out in a door's words.
    #[must_use]
    pub fn worded(self, words: impl Fn(&Advice) -> String) -> Finding<String> {
        Finding {
            system: self.system,
            check: self.check,
            scope: self.scope,
            status: self.status,
            message: self.message,
            help: self.help.as_ref().map(words),
        }
    }
}

/// A check that is about to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    system: &'static str,
    check: &'static str,
    scope: Option<String>,
}

impl Check {
    /// A check of a system as a whole.
    #[must_use]
    pub fn new(system: &'static str, check: &'static str) -> Self {
        Self {
            system,
            check,
            scope: None,
        }
    }

    /// The same, of one of several things.
    #[must_use]
    pub fn of(self, scope: impl Into<String>) -> Self {
        Self {
            scope: Some(scope.into()),
            ..self
        }
    }

    fn found(self, status: Verdict, message: impl fmt::Display, help: Option<Advice>) -> Finding {
        Finding {
            system: self.system,
            check: self.check,
            scope: self.scope,
            status,
            message: message.to_string(),
            help,
        }
    }

    /// All is well.
    #[must_use]
    pub fn ok(self, message: impl fmt::Display) -> Finding {
        self.found(Verdict::Ok, message, None)
    }

    /// It works, but.
    #[must_use]
    pub fn warn(self, message: impl fmt::Display, help: impl Into<Advice>) -> Finding {
        self.found(Verdict::Warn, message, Some(help.into()))
    }

    /// It doesn't work.
    #[must_use]
    pub fn fail(self, message: impl fmt::Display, help: impl Into<Advice>) -> Finding {
        self.found(Verdict::Fail, message, Some(help.into()))
    }

    /// It doesn't work, as a call's failure says; `otherwise` is the advice where that has
    /// none of its own.
    #[must_use]
    pub fn failed(self, failure: ProviderError, otherwise: &str) -> Finding {
        let help = failure.help.unwrap_or_else(|| otherwise.into());
        self.fail(failure.message, help)
    }

    /// Not checked; `why` is the rest of a sentence that begins so.
    #[must_use]
    pub fn skipped(self, why: impl fmt::Display) -> Finding {
        self.found(Verdict::Skipped, format_args!("not checked: {why}"), None)
    }
}

/// A system that can be looked at. Looking changes nothing outside.
#[async_trait]
pub trait Examine: Send + Sync + fmt::Debug {
    /// Makes every check, as many as can be at once, each question within `limit`. A check
    /// that rests on a failed one is [`Verdict::Skipped`]. The order is always the same.
    async fn examine(&self, limit: Duration) -> Vec<Finding>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ProviderErrorKind;

    #[test]
    fn a_failure_always_says_what_to_do() {
        let check = || Check::new("git", "reach").of("origin");
        let failure = ProviderError::new(ProviderErrorKind::Refused, "git", "no");
        assert_eq!(
            check().failed(failure.clone(), "look").help,
            Some("look".into())
        );
        let told = check().failed(failure.help("log in"), "look");
        assert_eq!(told.help, Some("log in".into()));
        assert_eq!(
            serde_json::to_string(&told.worded(ToString::to_string))
                .ok()
                .as_deref(),
            Some(
                r#"{"system":"git","check":"reach","scope":"origin","status":"fail","message":"no","help":"log in"}"#
            )
        );
        assert_eq!(
            check().skipped("no remote").message,
            "not checked: no remote"
        );
    }
}
