//! Habits: the ways in which a real Argo CD, its clusters and their operators try a client's
//! patience, each of which can be set by itself.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ArgoCd;
use super::answer::{Answer, Failure};
use super::json::glob;
use super::state::{Application, ObjectKey};
use crate::service::Millis;

/// What a world is like. Every list is empty by default; a habit is in force for whatever one of
/// its entries fits, and the first that fits counts. A habits file (see
/// [`FaultFile`](crate::FaultFile)) writes it as:
///
/// ```json
/// {
///   "endless": [{ "of": { "application": "acme--odoo" }, "waitsFor": "hook" }],
///   "lateStatus": [{ "of": { "kind": "Cluster" }, "after": 2000 }],
///   "troubled": [{ "of": { "kind": "Cluster" }, "phase": "Applying configuration", "lasts": 60000 }],
///   "stale": [{ "of": { "kind": "Cluster" }, "lasts": 20000 }],
///   "rejected": [{ "of": { "kind": "MariaDB" }, "sentence": "spec.storage: Required value" }],
///   "terminatingFor": 900
/// }
/// ```
///
/// Times are milliseconds of the sandbox's clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Habits {
    /// Operations that apply everything and then go on until someone ends them.
    pub endless: Vec<Endless>,
    /// Operators that write their first status late. Until then the health script of a
    /// CloudNativePG cluster fails, which is a `ComparisonError`; others show `Progressing`.
    pub late_status: Vec<LateStatus>,
    /// Objects that are `Degraded` for a while after each change, and heal.
    pub troubled: Vec<Troubled>,
    /// Objects whose health after a change is the old one, until their operator writes.
    pub stale: Vec<Stale>,
    /// Objects that the API server rejects.
    pub rejected: Vec<Rejected>,
    /// How long phase `Terminating` shows after an operation was ended.
    pub terminating_for: Millis,
}

impl Default for Habits {
    fn default() -> Self {
        Habits {
            endless: Vec::new(),
            late_status: Vec::new(),
            troubled: Vec::new(),
            stale: Vec::new(),
            rejected: Vec::new(),
            terminating_for: 90,
        }
    }
}

impl Habits {
    /// All that was seen of a real Argo CD with CloudNativePG, mariadb-operator and External
    /// Secrets, with the times that it took there.
    #[must_use]
    pub fn real() -> Self {
        let late = |kind: &str, after| LateStatus {
            of: Which::kind(kind),
            after,
        };
        let stale = |kind: &str, lasts| Stale {
            of: Which::kind(kind),
            lasts: Some(lasts),
        };
        Habits {
            late_status: vec![
                late("Cluster", 2_000),
                late("MariaDB", 2_000),
                late("ExternalSecret", 3_000),
                late("SecretStore", 1_000),
            ],
            troubled: vec![Troubled {
                of: Which::kind("Cluster"),
                phase: "Primary instance is being restarted in-place".to_owned(),
                lasts: 45_000,
                at_first: false,
            }],
            stale: vec![stale("Cluster", 1_500), stale("MariaDB", 1_500)],
            terminating_for: 900,
            ..Habits::default()
        }
    }
}

/// What a habit is about; what is absent fits any.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Which {
    /// The application's name, in which `*` is any run of characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application: Option<String>,
    /// The object's kind, exactly. It means nothing to [`Endless`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The object's name, in which `*` is any run of characters. Likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Only while the values files that are synced or about to be (for a base: the text of its
    /// manifests) hold this, so that what a bad change brings goes with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub while_values_contain: Option<String>,
}

impl Which {
    /// An application by name, and all its objects.
    #[must_use]
    pub fn application(name: &str) -> Self {
        Which {
            application: Some(name.to_owned()),
            ..Which::default()
        }
    }

    /// All objects of a kind.
    #[must_use]
    pub fn kind(kind: &str) -> Self {
        Which {
            kind: Some(kind.to_owned()),
            ..Which::default()
        }
    }

    fn fits_application(&self, name: &str, text: &str) -> bool {
        let pattern = self.application.as_deref();
        let marker = self.while_values_contain.as_deref();
        pattern.is_none_or(|pattern| glob(pattern, name, false))
            && marker.is_none_or(|marker| text.contains(marker))
    }

    fn fits(&self, application: &str, text: &str, kind: &str, name: &str) -> bool {
        let pattern = self.name.as_deref();
        self.fits_application(application, text)
            && self.kind.as_deref().is_none_or(|wanted| wanted == kind)
            && pattern.is_none_or(|pattern| glob(pattern, name, false))
    }
}

/// See [`Habits::endless`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Endless {
    /// Whose operations.
    #[serde(default)]
    pub of: Which,
    /// What they wait for.
    pub waits_for: WaitsFor,
}

/// What an operation without end waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum WaitsFor {
    /// A hook that doesn't finish. Everything else is well.
    Hook,
    /// A wave whose pods don't get ready; they stay `Progressing`.
    Wave,
}

/// See [`Habits::late_status`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LateStatus {
    /// Which objects' operators.
    #[serde(default)]
    pub of: Which,
    /// How long after the object was made.
    pub after: Millis,
}

/// See [`Habits::troubled`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Troubled {
    /// Which objects.
    #[serde(default)]
    pub of: Which,
    /// What a CloudNativePG cluster has as phase meanwhile, and what others say as message.
    pub phase: String,
    /// For how long.
    pub lasts: Millis,
    /// Whether making it counts as a change too; else only changes of what stands do.
    #[serde(default)]
    pub at_first: bool,
}

/// See [`Habits::stale`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Stale {
    /// Which objects.
    #[serde(default)]
    pub of: Which,
    /// For how long; absent: the operator has no reason to write, and never does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Millis>,
}

/// See [`Habits::rejected`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rejected {
    /// Which objects.
    #[serde(default)]
    pub of: Which,
    /// Only objects in whose JSON this stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub containing: Option<String>,
    /// What is wrong, in the API server's words: what follows `… is invalid: `.
    pub sentence: String,
}

impl Habits {
    /// What operations of an application wait for without end.
    pub(crate) fn endless(&self, application: &str, text: &str) -> Option<WaitsFor> {
        let fitting = |habit: &&Endless| habit.of.fits_application(application, text);
        self.endless.iter().find(fitting).map(|it| it.waits_for)
    }

    /// After what time an object's operator writes its first status.
    pub(crate) fn first_status_after(&self, application: &Application, key: &ObjectKey) -> Millis {
        let fitting = |habit: &&LateStatus| fits(&habit.of, application, key);
        self.late_status
            .iter()
            .find(fitting)
            .map_or(0, |it| it.after)
    }

    /// For how long an object's health is the old one after a change.
    pub(crate) fn stale_for(&self, application: &Application, key: &ObjectKey) -> Millis {
        let fitting = |habit: &&Stale| fits(&habit.of, application, key);
        let found = self.stale.iter().find(fitting);
        found.map_or(0, |it| it.lasts.unwrap_or(Millis::MAX))
    }

    /// What troubles an object for a while after a change; `first`: after it was made.
    pub(crate) fn trouble(
        &self,
        application: &Application,
        key: &ObjectKey,
        first: bool,
    ) -> Option<&Troubled> {
        self.troubled
            .iter()
            .find(|habit| (habit.at_first || !first) && fits(&habit.of, application, key))
    }

    /// Why the API server rejects an object, as it says it.
    pub(crate) fn rejection(
        &self,
        application: &str,
        text: &str,
        kind: &str,
        name: &str,
        object: &Value,
    ) -> Option<&str> {
        let holds = |habit: &Rejected| {
            let part = habit.containing.as_deref();
            part.is_none_or(|part| object.to_string().contains(part))
        };
        let fitting =
            |habit: &&Rejected| habit.of.fits(application, text, kind, name) && holds(habit);
        let found = self.rejected.iter().find(fitting);
        found.map(|habit| habit.sentence.as_str())
    }
}

fn fits(which: &Which, application: &Application, key: &ObjectKey) -> bool {
    let text = &application.synced_text;
    which.fits(&application.name, text, &key.kind, &key.name)
}

impl ArgoCd {
    /// Puts these habits in the place of those in force. Also `POST /_sandbox/habits` with the
    /// same as JSON.
    pub fn set_habits(&mut self, habits: Habits) {
        self.state.habits = habits;
        self.state.bump();
    }

    /// The habits in force.
    #[must_use]
    pub fn habits(&self) -> &Habits {
        &self.state.habits
    }

    pub(crate) fn take_habits(&mut self, body: &Value) -> Answer {
        let habits = serde_json::from_value(body.clone())
            .map_err(|error| Failure::invalid(error.to_string()))?;
        self.set_habits(habits);
        Ok(serde_json::json!({}))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_documented_habits_read() {
        let text = r#"{
          "endless": [{ "of": { "application": "acme--odoo" }, "waitsFor": "hook" }],
          "lateStatus": [{ "of": { "kind": "Cluster" }, "after": 2000 }],
          "troubled": [{ "of": { "kind": "Cluster" }, "phase": "Applying configuration", "lasts": 60000 }],
          "stale": [{ "of": { "kind": "Cluster" }, "lasts": 20000 }],
          "rejected": [{ "of": { "kind": "MariaDB" }, "sentence": "spec.storage: Required value" }],
          "terminatingFor": 900
        }"#;
        let habits: Habits = serde_json::from_str(text).unwrap();
        assert_eq!(habits.endless("acme--odoo", ""), Some(WaitsFor::Hook));
        assert_eq!(habits.endless("acme--moodle", ""), None);
        assert_eq!(habits.terminating_for, 900);
        let written = serde_json::to_value(&habits).unwrap();
        assert_eq!(serde_json::from_value::<Habits>(written).unwrap(), habits);
        assert!(serde_json::from_str::<Habits>(r#"{"endles": []}"#).is_err());
    }

    #[test]
    fn what_is_absent_fits_any() {
        let which = Which {
            name: Some("acme-*".to_owned()),
            while_values_contain: Some("users: 2".to_owned()),
            ..Which::kind("Cluster")
        };
        assert!(which.fits("any", "users: 200", "Cluster", "acme-db"));
        assert!(!which.fits("any", "users: 100", "Cluster", "acme-db"));
        assert!(!which.fits("any", "users: 200", "MariaDB", "acme-db"));
        assert!(!which.fits("any", "users: 200", "Cluster", "other"));
        assert!(Which::default().fits("a", "", "B", "c"));
    }
}
