//! Versions of the secrets that a person gives, so that one that is set anew reaches the
//! pods by a planned change. No value, and nothing that follows from one, is among them.
//!
//! Beside its own key, the Kubernetes secret of an entry has one with the same value for its
//! version: `password` and `password.3f2a…`. Pods name the latter. A pod of a new version
//! can't start before External Secrets has fetched it, whichever application Argo CD syncs
//! first, and one of the version before still starts while the new ones come up.

mod files;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::plan::Remark;

pub use files::{carry_over, forget_former};

/// How many characters a version has.
const LENGTH: usize = 16;

/// One version of a secret: 16 hexadecimal characters of its id's digest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SecretVersion(String);

impl SecretVersion {
    /// The version with that id in Secrets Manager.
    #[must_use]
    pub fn of(id: &str) -> Self {
        Self(Digest::of(id.as_bytes()).hex()[..LENGTH].to_owned())
    }

    /// Its characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key in the Kubernetes secret that holds `key` of this version.
    #[must_use]
    pub fn key(&self, key: &str) -> String {
        format!("{key}.{self}")
    }
}

impl fmt::Display for SecretVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<SecretVersion> for String {
    fn from(version: SecretVersion) -> Self {
        version.0
    }
}

impl TryFrom<String> for SecretVersion {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if text.len() == LENGTH && text.bytes().all(hex) {
            Ok(Self(text))
        } else {
            Err(format!("{text:?} is no version of a secret"))
        }
    }
}

/// Of each secret, by name, the version that pods are to name, then the one before.
pub type SecretVersions = BTreeMap<String, Vec<SecretVersion>>;

/// What pods are to name of a secret of which Secrets Manager has the version `now`, where
/// `before` is deployed. `is_taken`: whether what runs has it although nothing says so, since
/// it was deployed, after the secret was set, by a DeployCenter that knew no versions.
#[must_use]
pub fn next(
    before: &[SecretVersion],
    now: Option<&SecretVersion>,
    is_taken: bool,
) -> Vec<SecretVersion> {
    match (before.first(), now) {
        (_, None) => before.to_vec(),
        (None, Some(_)) if is_taken => Vec::new(),
        (Some(deployed), Some(now)) if deployed == now => before.to_vec(),
        (deployed, Some(now)) => std::iter::once(now).chain(deployed).cloned().collect(),
    }
}

/// The code of remarks on secrets that were set anew.
pub const REMARK: &str = "secret-set-anew";

/// What a plan says of the secrets of a target that runs which were set anew since.
/// `pulls`: the names of logins at registries of images; `values`: the text in which its
/// workload would name their versions; `update`: the command that moves it to the current
/// plugin.
#[must_use]
pub fn remarks(
    before: &SecretVersions,
    now: &SecretVersions,
    pulls: &[&str],
    values: &str,
    update: &str,
) -> Vec<Remark> {
    let anew = now.iter().filter_map(|(name, versions)| {
        let version = versions.first()?;
        let deployed = before.get(name).and_then(|versions| versions.first());
        (deployed != Some(version)).then_some((name, version))
    });
    anew.map(|(name, version)| {
        if pulls.contains(&name.as_str()) {
            Remark::new(
                REMARK,
                format!("the secret {name} was set anew: images are pulled with it from then on"),
            )
        } else if values.contains(version.as_str()) {
            Remark::new(
                REMARK,
                format!("the secret {name} was set anew: what uses it is started anew with it"),
            )
        } else {
            Remark::new(
                REMARK,
                format!("the secret {name} was set anew: pods get it when they next start"),
            )
            .help(format!(
                "the app's plugin doesn't restart them for it; where a newer one does: {update}"
            ))
        }
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v(n: u8) -> SecretVersion {
        SecretVersion::of(&n.to_string())
    }

    #[test]
    fn a_version_is_a_short_digest_and_nothing_else_is_one() {
        let version = SecretVersion::of("EXAMPLE1-90ab-cdef-fedc-ba987EXAMPLE");
        assert_eq!(version.as_str().len(), LENGTH);
        assert_eq!(version.key("password"), format!("password.{version}"));
        assert_eq!(
            SecretVersion::try_from(version.to_string()),
            Ok(version.clone())
        );
        for text in [
            "",
            "0123456789abcde",
            "0123456789ABCDEF",
            "0123456789abcde\n",
            "../../../../etc/",
        ] {
            assert!(SecretVersion::try_from(text.to_owned()).is_err(), "{text}");
        }
    }

    #[test]
    fn what_pods_name_changes_with_the_secret_alone() {
        /// What is deployed, what is there, whether it is taken; what pods are to name.
        type Case<'a> = (&'a [u8], Option<u8>, bool, &'a [u8]);
        let cases: &[Case<'_>] = &[
            // Begun with it.
            (&[], Some(1), false, &[1]),
            (&[1], Some(1), false, &[1]),
            (&[1], Some(2), false, &[2, 1]),
            (&[2, 1], Some(2), false, &[2, 1]),
            (&[2, 1], Some(3), false, &[3, 2]),
            // Restored to what it was.
            (&[2, 1], Some(1), false, &[1, 2]),
            // Deployed before there were versions: nothing restarts until it is set anew.
            (&[], Some(1), true, &[]),
            // What a deployment knew counts more than times.
            (&[1], Some(2), true, &[2, 1]),
            // Nobody can tell.
            (&[1], None, false, &[1]),
        ];
        for (before, now, is_taken, wanted) in cases {
            let before: Vec<_> = before.iter().map(|n| v(*n)).collect();
            let wanted: Vec<_> = wanted.iter().map(|n| v(*n)).collect();
            let now = now.map(v);
            assert_eq!(
                next(&before, now.as_ref(), *is_taken),
                wanted,
                "{before:?} {now:?}"
            );
        }
    }

    #[test]
    fn a_plan_says_who_gets_it_and_when() {
        let before = SecretVersions::from([("smtp".to_owned(), vec![v(1)])]);
        let now = SecretVersions::from([("smtp".to_owned(), vec![v(2), v(1)])]);
        let said = |before: &SecretVersions, values: &str| -> Vec<String> {
            remarks(before, &now, &["registry"], values, "sync a/b")
                .into_iter()
                .map(|remark| remark.message)
                .collect()
        };
        assert_eq!(
            said(&before, &format!("key: {}", v(2).key("password"))),
            ["the secret smtp was set anew: what uses it is started anew with it"]
        );
        assert_eq!(
            said(&before, ""),
            ["the secret smtp was set anew: pods get it when they next start"]
        );
        assert!(said(&now, "").is_empty());
        let pulls = remarks(&before, &now, &["smtp"], "", "");
        assert_eq!(
            pulls[0].message,
            "the secret smtp was set anew: images are pulled with it from then on"
        );
    }
}
