//! The versions of secrets that the files of a target's folder name.

use std::collections::BTreeMap;

use super::SecretVersions;
use crate::guardrails;
use crate::lock::{self, Lock};

/// Has the files that an earlier deployment left name the versions of `now`: the values of
/// before are gone, and what comes back runs with the present ones.
pub fn carry_over(files: &mut BTreeMap<String, String>, now: &SecretVersions) {
    let Some(then) = files.get(lock::FILE).and_then(|text| Lock::read(text).ok()) else {
        return;
    };
    for (name, versions) in &then.secret_versions {
        let present = now.get(name).and_then(|versions| versions.first());
        let (Some(past), Some(present)) = (versions.first(), present) else {
            continue;
        };
        if past == present || versions.contains(present) {
            continue;
        }
        let generated = files
            .iter_mut()
            .filter(|(path, _)| !path.starts_with("chart/"));
        for (_, text) in generated {
            *text = text.replace(past.as_str(), present.as_str());
        }
    }
}

/// Takes the versions before the present ones out of the files of a target's folder, to
/// compare what else they say. The external secrets, which follow from the rest, go whole.
pub fn forget_former(files: &mut BTreeMap<String, String>) {
    let lock = files.get(lock::FILE).and_then(|text| Lock::read(text).ok());
    let Some(mut lock) = lock.filter(|lock| !lock.secret_versions.is_empty()) else {
        return;
    };
    for versions in lock.secret_versions.values_mut() {
        versions.truncate(1);
    }
    files.insert(lock::FILE.to_owned(), lock.text());
    files.remove(guardrails::SECRETS);
}
