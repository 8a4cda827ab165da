//! For how long what isn't well may heal by itself: a table by kind, and the durations that
//! `deploycenter.toml` sets for it. Pure.
//!
//! Argo CD calls degraded what is ordinary for a while, such as a PostgreSQL that restarts
//! for a changed setting, and what never heals alike. What tells them apart is the kind, and
//! its operator's or the kubelet's own word for the state.

use std::time::Duration;

/// The durations that can be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For how long Argo CD may be unable to compare an application with git, when that may
    /// pass.
    pub comparison: Duration,
    /// For how long what is degraded may heal by itself, where nothing below is about it.
    pub degraded: Duration,
    /// For how long a database may restart, switch over or apply its settings.
    pub database: Duration,
    /// For how long a pod's image may not be had, or its container crash again and again.
    pub pods: Duration,
    /// How long an operator may take to write down that it has seen a change of its custom
    /// resource. Not every change makes it write.
    pub operator: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            comparison: Duration::from_secs(120),
            degraded: Duration::from_secs(90),
            database: Duration::from_secs(600),
            pods: Duration::from_secs(180),
            operator: Duration::from_secs(20),
        }
    }
}

/// Which of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heals {
    /// Not by itself.
    Never,
    /// Soon or not at all: whatever reports it has waited itself.
    Soon,
    Degraded,
    Database,
    Pods,
}

impl Patience {
    pub(crate) fn of(&self, heals: Heals) -> Duration {
        match heals {
            Heals::Never => Duration::ZERO,
            Heals::Soon => Duration::from_secs(15).min(self.degraded),
            Heals::Degraded => self.degraded,
            Heals::Database => self.database,
            Heals::Pods => self.pods,
        }
    }
}

/// A line of the table: a state of a kind.
struct Line {
    group: &'static str,
    kind: &'static str,
    /// What the health's message or the pod's reason says in that state; empty: any other.
    says: &'static [&'static str],
    heals: Heals,
}

const fn line(
    group: &'static str,
    kind: &'static str,
    says: &'static [&'static str],
    heals: Heals,
) -> Line {
    Line {
        group,
        kind,
        says,
        heals,
    }
}

const CNPG: &str = "postgresql.cnpg.io";
const MARIADB: &str = "k8s.mariadb.com";
const ESO: &str = "external-secrets.io";

/// The first line that fits counts. CloudNativePG's words are its `Phase…` constants; the
/// pods' are the kubelet's reasons.
const TABLE: [Line; 19] = [
    line(
        CNPG,
        "Cluster",
        &[
            "unrecoverable",
            "Invalid cluster definition",
            "Unable to create required cluster objects",
            "incomplete or invalid image catalog",
            "unknown plugin being required",
            "missing architecture binary",
            "Waiting for user action",
        ],
        Heals::Soon,
    ),
    line(CNPG, "Cluster", &[], Heals::Database),
    line(CNPG, "", &[], Heals::Degraded),
    line(MARIADB, "MariaDB", &[], Heals::Database),
    line(MARIADB, "", &[], Heals::Degraded),
    // The store may be validated after it, and a right take a while to be known.
    line(ESO, "", &[], Heals::Degraded),
    // Its first metrics come with the pods.
    line(
        "autoscaling",
        "HorizontalPodAutoscaler",
        &[],
        Heals::Degraded,
    ),
    line("batch", "Job", &[], Heals::Never),
    line("", "PersistentVolumeClaim", &[], Heals::Never),
    line("", "PersistentVolume", &[], Heals::Never),
    // They have their own deadline, which is over then.
    line("apps", "Deployment", &[], Heals::Soon),
    line("apps", "StatefulSet", &[], Heals::Soon),
    line("apps", "DaemonSet", &[], Heals::Soon),
    line("apps", "ReplicaSet", &[], Heals::Soon),
    line(
        "",
        "Pod",
        &["InvalidImageName", "ErrImageNeverPull"],
        Heals::Never,
    ),
    line(
        "",
        "Pod",
        &[
            "ImagePullBackOff",
            "ErrImagePull",
            "RegistryUnavailable",
            "CrashLoopBackOff",
            "RunContainerError",
            "CreateContainerError",
            // The secret that it names may be on its way.
            "CreateContainerConfigError",
            "OOMKilled",
            "Error",
        ],
        Heals::Pods,
    ),
    line("", "Pod", &[], Heals::Pods),
    line("", "Service", &[], Heals::Degraded),
    line("networking.k8s.io", "Ingress", &[], Heals::Degraded),
];

/// How long what is degraded may heal, by its kind and what is said of it.
pub(crate) fn heals(group: &str, kind: &str, words: &str) -> Heals {
    TABLE
        .iter()
        .find(|line| {
            line.group == group
                && (line.kind.is_empty() || line.kind == kind)
                && (line.says.is_empty() || line.says.iter().any(|it| words.contains(it)))
        })
        .map_or(Heals::Degraded, |line| line.heals)
}

/// Whether a kind's state stands in `status.phase` and the health's message only explains it.
pub(crate) fn tells_by_phase(group: &str, kind: &str) -> bool {
    (group, kind) == (CNPG, "Cluster")
}

/// The custom resources whose health Argo CD reads off a status that only their operator
/// writes: after a change it is the old one until then.
const WRITTEN: [(&str, &str); 8] = [
    (CNPG, "Cluster"),
    (CNPG, "Database"),
    (MARIADB, "MariaDB"),
    (MARIADB, "Database"),
    (MARIADB, "User"),
    (MARIADB, "Grant"),
    (ESO, "ExternalSecret"),
    (ESO, "SecretStore"),
];

/// Whether a kind's status has to be newer than its last change before its health counts.
pub(crate) fn is_written_by_an_operator(group: &str, kind: &str) -> bool {
    WRITTEN.contains(&(group, kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ordinary_gets_time_and_what_never_heals_gets_none() {
        for (group, kind, words, wanted) in [
            (CNPG, "Cluster", "Switchover in progress", Heals::Database),
            (CNPG, "Cluster", "Applying configuration", Heals::Database),
            (CNPG, "Cluster", "Failing over", Heals::Database),
            (
                CNPG,
                "Cluster",
                "Primary instance is being restarted in-place",
                Heals::Database,
            ),
            (
                CNPG,
                "Cluster",
                "a phase of a later version",
                Heals::Database,
            ),
            (
                CNPG,
                "Cluster",
                "Cluster is unrecoverable and needs manual intervention",
                Heals::Soon,
            ),
            (
                CNPG,
                "Cluster",
                "Unable to create required cluster objects: x",
                Heals::Soon,
            ),
            (CNPG, "Database", "role does not exist", Heals::Degraded),
            (
                MARIADB,
                "MariaDB",
                "Switching primary to \"x-1\"",
                Heals::Database,
            ),
            (MARIADB, "Grant", "Error creating", Heals::Degraded),
            (
                ESO,
                "ExternalSecret",
                "could not get secret data from provider",
                Heals::Degraded,
            ),
            (
                "autoscaling",
                "HorizontalPodAutoscaler",
                "the HPA was unable to compute the replica count",
                Heals::Degraded,
            ),
            (
                "apps",
                "Deployment",
                "Deployment \"x\" exceeded its progress deadline",
                Heals::Soon,
            ),
            (
                "batch",
                "Job",
                "Job has reached the specified backoff limit",
                Heals::Never,
            ),
            ("", "PersistentVolumeClaim", "Lost", Heals::Never),
            (
                "",
                "Pod",
                "ImagePullBackOff Back-off pulling image",
                Heals::Pods,
            ),
            (
                "",
                "Pod",
                "CrashLoopBackOff back-off 5m0s restarting failed container",
                Heals::Pods,
            ),
            ("", "Pod", "InvalidImageName", Heals::Never),
            ("example.com", "Thing", "whatever", Heals::Degraded),
        ] {
            assert_eq!(heals(group, kind, words), wanted, "{group}/{kind}: {words}");
        }
    }

    #[test]
    fn every_line_can_be_reached() {
        for (n, line) in TABLE.iter().enumerate() {
            let words = line.says.first().copied().unwrap_or("anything");
            let kind = if line.kind.is_empty() {
                "Anything"
            } else {
                line.kind
            };
            let first = TABLE.iter().position(|it| {
                it.group == line.group
                    && (it.kind.is_empty() || it.kind == kind)
                    && (it.says.is_empty() || it.says.iter().any(|it| words.contains(it)))
            });
            assert_eq!(first, Some(n), "{}/{}", line.group, line.kind);
        }
    }

    #[test]
    fn nothing_is_waited_for_longer_than_what_is_set() {
        let patience = Patience {
            degraded: Duration::from_secs(5),
            ..Patience::default()
        };
        assert_eq!(patience.of(Heals::Soon), Duration::from_secs(5));
        assert_eq!(patience.of(Heals::Never), Duration::ZERO);
        assert_eq!(patience.of(Heals::Database), Duration::from_secs(600));
    }
}
