//! What a plugin may choose of its target's Argo CD applications: named options. All else
//! of an application follows from the target's own names.

mod shape;

use serde::{Deserialize, Serialize};

pub use shape::shape_problems;

/// Makes namespaces where nobody asked for one; the base has the target's.
pub(crate) const NO_NAMESPACE: &str = "CreateNamespace=false";
/// Most ignored differences of one application, and pointers of one of them.
const MANY: usize = 32;
/// The longest JSON pointer, in bytes.
const POINTER_MAX: usize = 256;
/// The longest group or name: a DNS subdomain.
const SUBDOMAIN_MAX: usize = 253;
/// The longest kind, in bytes.
const KIND_MAX: usize = 63;

/// How Argo CD syncs an application: the options that neither reach beyond the target nor
/// put its data at risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SyncOption {
    /// Only what is out of sync is applied.
    ApplyOutOfSyncOnly,
    /// A sync fails where another application has an object already.
    FailOnSharedResource,
    /// An object that is pruned goes at once, its dependents after it.
    PruneInBackground,
    /// Pruning is a sync's last step.
    PruneLast,
    /// What differs where differences are ignored isn't applied either.
    RespectIgnoreDifferences,
    /// Objects are applied by the API server, field by field.
    ServerSideApply,
    /// An object whose kind isn't there yet isn't tried before it is.
    SkipDryRunOnMissingResource,
}

impl SyncOption {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::ApplyOutOfSyncOnly,
        Self::FailOnSharedResource,
        Self::PruneInBackground,
        Self::PruneLast,
        Self::RespectIgnoreDifferences,
        Self::ServerSideApply,
        Self::SkipDryRunOnMissingResource,
    ];

    /// As `spec.syncPolicy.syncOptions` has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ApplyOutOfSyncOnly => "ApplyOutOfSyncOnly=true",
            Self::FailOnSharedResource => "FailOnSharedResource=true",
            Self::PruneInBackground => "PrunePropagationPolicy=background",
            Self::PruneLast => "PruneLast=true",
            Self::RespectIgnoreDifferences => "RespectIgnoreDifferences=true",
            Self::ServerSideApply => "ServerSideApply=true",
            Self::SkipDryRunOnMissingResource => "SkipDryRunOnMissingResource=true",
        }
    }
}

/// Fields that someone else in the cluster sets, and that Argo CD is to leave.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IgnoredDifference {
    /// The API group; empty for the core's.
    pub group: String,
    /// One kind, without wildcards.
    pub kind: String,
    /// One object of that kind; all of them when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Which fields: JSON pointers such as `/spec/replicas`.
    pub json_pointers: Vec<String>,
}

/// What a plugin chose for one application.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationOptions {
    /// How it is synced, beside the host's own policy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sync_options: Vec<SyncOption>,
    /// What it leaves to others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignored_differences: Vec<IgnoredDifference>,
}

impl ApplicationOptions {
    /// What may not be chosen so, each a clause for the plugin's author; as many as a person
    /// would read.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        if self.ignored_differences.len() > MANY {
            return vec![format!(
                "ignores {} differences, and may ignore {MANY}",
                self.ignored_differences.len()
            )];
        }
        self.ignored_differences
            .iter()
            .flat_map(IgnoredDifference::problems)
            .take(MANY)
            .collect()
    }

    /// The same choice in one form: in order, nothing twice.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.sync_options.sort();
        self.sync_options.dedup();
        for ignored in &mut self.ignored_differences {
            ignored.json_pointers.sort();
            ignored.json_pointers.dedup();
        }
        self.ignored_differences.sort();
        self.ignored_differences.dedup();
        self
    }
}

impl IgnoredDifference {
    fn problems(&self) -> Vec<String> {
        let of = format!("ignores differences of the kind \"{}\"", shown(&self.kind));
        let mut problems = Vec::new();
        if !is_kind(&self.kind) {
            problems.push(format!(
                "{of}: a kind is a word such as Deployment, without wildcards"
            ));
        }
        if !self.group.is_empty() && !is_subdomain(&self.group) {
            problems.push(format!(
                "{of} in the group \"{}\": a group is a name such as apps, or empty for the core's, without wildcards",
                shown(&self.group)
            ));
        }
        if guards(&self.group, &self.kind) {
            problems.push(format!(
                "{of}: it guards the target or keeps its data, so Argo CD always puts it back"
            ));
        }
        if let Some(name) = self.name.as_deref().filter(|name| !is_subdomain(name)) {
            problems.push(format!(
                "{of} for the object \"{}\", which no object can be called",
                shown(name)
            ));
        }
        if self.json_pointers.is_empty() || self.json_pointers.len() > MANY {
            problems.push(format!(
                "{of} at {} places; it may be 1 to {MANY}",
                self.json_pointers.len()
            ));
            return problems;
        }
        for pointer in self.json_pointers.iter().filter(|it| !is_field(it)) {
            problems.push(format!(
                "{of} at \"{}\": that is to be a JSON pointer to a field within the object, such as /spec/replicas, and none of its metadata",
                shown(pointer)
            ));
        }
        problems
    }
}

/// Kinds that bound what a target may do, or that hold what it knows: differences there are
/// somebody's tampering.
fn guards(group: &str, kind: &str) -> bool {
    matches!(
        group,
        "rbac.authorization.k8s.io" | "external-secrets.io" | "networking.k8s.io"
    ) && kind != "Ingress"
        || matches!(
            kind,
            "LimitRange"
                | "Namespace"
                | "PersistentVolume"
                | "PersistentVolumeClaim"
                | "ResourceQuota"
                | "Secret"
                | "ServiceAccount"
        )
}

fn is_kind(text: &str) -> bool {
    text.len() <= KIND_MAX
        && text.starts_with(|first: char| first.is_ascii_uppercase())
        && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn is_subdomain(text: &str) -> bool {
    let ends_well = |part: &str| {
        let edge = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_alphanumeric());
        edge(part.bytes().next()) && edge(part.bytes().next_back())
    };
    text.len() <= SUBDOMAIN_MAX
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.'))
        && text.split('.').all(ends_well)
}

/// Whether that is an RFC 6901 pointer to something below the object's own fields.
fn is_field(pointer: &str) -> bool {
    let Some(path) = pointer.strip_prefix('/') else {
        return false;
    };
    let escaped = |part: &str| {
        part.match_indices('~')
            .all(|(at, _)| matches!(part.as_bytes().get(at + 1), Some(b'0' | b'1')))
    };
    let top = path.split('/').next().unwrap_or_default();
    pointer.len() <= POINTER_MAX
        && path.bytes().all(|b| b.is_ascii_graphic())
        && path
            .split('/')
            .all(|part| !part.is_empty() && escaped(part))
        && !matches!(top, "apiVersion" | "kind" | "metadata")
}

/// A text of a plugin's as a message may hold it.
fn shown(text: &str) -> String {
    let start: String = text.chars().take(80).collect();
    start.escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ignored(group: &str, kind: &str, name: Option<&str>, pointers: &[&str]) -> Vec<String> {
        let options = ApplicationOptions {
            sync_options: Vec::new(),
            ignored_differences: vec![IgnoredDifference {
                group: group.to_owned(),
                kind: kind.to_owned(),
                name: name.map(str::to_owned),
                json_pointers: pointers.iter().map(|&it| it.to_owned()).collect(),
            }],
        };
        options.problems()
    }

    #[test]
    fn fields_of_ones_own_objects_may_be_ignored() {
        for (group, kind, name, pointer) in [
            ("apps", "Deployment", None, "/spec/replicas"),
            ("", "ConfigMap", Some("settings"), "/data/a~1b~0c"),
            ("networking.k8s.io", "Ingress", None, "/spec/rules/0/host"),
            ("postgresql.cnpg.io", "Cluster", Some("db.main"), "/status"),
        ] {
            assert_eq!(ignored(group, kind, name, &[pointer]), [""; 0], "{kind}");
        }
    }

    #[test]
    fn what_guards_and_what_is_no_field_may_not() {
        let spec: &[&str] = &["/spec"];
        for (group, kind, name, pointers, says) in [
            ("*", "Deployment", None, spec, "a group is a name"),
            ("apps", "*", None, spec, "a kind is a word"),
            (
                "",
                "Namespace",
                None,
                &["/spec/x"][..],
                "it guards the target",
            ),
            (
                "networking.k8s.io",
                "NetworkPolicy",
                None,
                spec,
                "it guards",
            ),
            (
                "rbac.authorization.k8s.io",
                "Role",
                None,
                &["/rules"],
                "it guards",
            ),
            (
                "external-secrets.io",
                "SecretStore",
                None,
                spec,
                "it guards",
            ),
            ("", "ResourceQuota", Some("quota"), spec, "it guards"),
            (
                "apps",
                "Deployment",
                Some("a/b"),
                spec,
                "no object can be called",
            ),
            ("apps", "Deployment", None, &[], "at 0 places"),
            ("apps", "Deployment", None, &[""], "JSON pointer"),
            ("apps", "Deployment", None, &["/"], "JSON pointer"),
            ("apps", "Deployment", None, &["spec"], "JSON pointer"),
            ("apps", "Deployment", None, &["/spec//a"], "JSON pointer"),
            ("apps", "Deployment", None, &["/spec/~2"], "JSON pointer"),
            ("apps", "Deployment", None, &["/spec/~"], "JSON pointer"),
            (
                "apps",
                "Deployment",
                None,
                &["/metadata/labels"],
                "JSON pointer",
            ),
            (
                "apps",
                "Deployment",
                None,
                &["/spec/\u{FFFE}"],
                "JSON pointer",
            ),
        ] {
            let found = ignored(group, kind, name, pointers);
            assert!(
                found.len() == 1 && found[0].contains(says),
                "{group} {kind} {name:?} {pointers:?}: {found:#?}"
            );
        }
        let long = format!("/spec/{}", "a".repeat(POINTER_MAX));
        assert_eq!(ignored("apps", "Deployment", None, &[&long]).len(), 1);
        let many = ApplicationOptions {
            sync_options: Vec::new(),
            ignored_differences: vec![
                IgnoredDifference {
                    group: "apps".to_owned(),
                    kind: "Deployment".to_owned(),
                    name: None,
                    json_pointers: vec!["/spec/replicas".to_owned()],
                };
                MANY + 1
            ],
        };
        assert_eq!(
            many.problems(),
            ["ignores 33 differences, and may ignore 32"]
        );
    }

    #[test]
    fn the_same_choice_has_one_form() {
        let of = |options: &[SyncOption]| {
            ApplicationOptions {
                sync_options: options.to_vec(),
                ignored_differences: Vec::new(),
            }
            .sorted()
        };
        use SyncOption::{PruneLast, ServerSideApply};
        assert_eq!(
            of(&[ServerSideApply, PruneLast, ServerSideApply]),
            of(&[PruneLast, ServerSideApply])
        );
    }
}
