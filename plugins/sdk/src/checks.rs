//! Checks of values that apps have in common. What they find has the same codes and the
//! same words whichever app it is.

use crate::quantity::bytes;
use crate::values::{Autoscaling, Database, Resources, Storage, Switch, Vertical};
use crate::{Context, Violation};

/// What a database server takes before it holds anything.
const DATABASE_MEMORY: u64 = 128 << 20;

/// An add-on of the cluster that an app can't do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addon {
    /// The pointer of the value that asks for it; empty when the app always does.
    pub pointer: &'static str,
    /// Its name in a region's `addons`.
    pub name: &'static str,
    /// What it does, as `which runs the database`.
    pub what: &'static str,
}

impl Addon {
    /// An add-on that the app always wants.
    #[must_use]
    pub fn new(name: &'static str, what: &'static str) -> Self {
        Self {
            pointer: "",
            name,
            what,
        }
    }

    /// The add-ons behind what the shared templates and charts make for every app: secrets,
    /// files, certificates where the region has an issuer, and the options that are on.
    #[must_use]
    pub fn shared(context: &Context, vertical: &Vertical, monitor: &Switch) -> Vec<Self> {
        let mut wanted = vec![
            Self::new("external-secrets", "which brings the secrets"),
            Self::new("efs-csi", "which mounts the files"),
        ];
        if context.region.ingress.cluster_issuer.is_some() {
            wanted.push(Self::new("cert-manager", "which gets the certificates"));
        }
        if vertical.enabled {
            wanted.push(Self {
                pointer: "/verticalPodAutoscaler/enabled",
                name: "vertical-pod-autoscaler",
                what: "which this switches on",
            });
        }
        if monitor.enabled {
            wanted.push(Self {
                pointer: "/serviceMonitor/enabled",
                name: "prometheus-operator",
                what: "which reads the metrics",
            });
        }
        wanted
    }
}

/// Whether a region says what its cluster has, and lacks this.
#[must_use]
pub fn lacks(context: &Context, addon: &str) -> bool {
    context
        .region
        .addons
        .as_ref()
        .is_some_and(|addons| !addons.iter().any(|known| known == addon))
}

/// A warning where pods are counted by their CPU and nobody says that the cluster measures
/// it. No error: a cluster measures without an operator that a region would list.
#[must_use]
pub fn unmeasured(context: &Context, autoscaling: &Autoscaling) -> Option<String> {
    (autoscaling.enabled && lacks(context, "metrics-server")).then(|| {
        format!(
            "Autoscaling counts pods by CPU, which metrics-server measures; the region {} doesn't list it under `addons` in regions.yaml. Without it, the autoscaler stays degraded, and so does the deployment.",
            context.region.name
        )
    })
}

/// Everything that is wrong with an instance's values, in the order in which it is found.
#[derive(Debug)]
pub struct Checks<'a> {
    context: &'a Context,
    found: Vec<Violation>,
}

impl<'a> Checks<'a> {
    /// Nothing found yet.
    #[must_use]
    pub fn of(context: &'a Context) -> Self {
        Self {
            context,
            found: Vec::new(),
        }
    }

    /// What was found.
    #[must_use]
    pub fn done(self) -> Vec<Violation> {
        self.found
    }

    /// One more violation, at a JSON pointer into the values.
    pub fn refuse(&mut self, pointer: &str, code: &str, message: impl Into<String>) {
        self.found.push(Violation::new(pointer, code, message));
    }

    /// An instance without a domain; `why` is a clause such as `Moodle is reached under
    /// one address only`.
    pub fn domain(&mut self, why: &str) {
        if self.context.domain.is_none() {
            self.refuse(
                "",
                "needs-domain",
                format!("{why}; give the instance a `domain`"),
            );
        }
    }

    /// Add-ons that the region's cluster doesn't have. Where the region doesn't say what
    /// there is, nothing is checked.
    pub fn addons(&mut self, wanted: &[Addon]) {
        let region = &self.context.region.name;
        for Addon {
            pointer,
            name,
            what,
        } in wanted
        {
            if lacks(self.context, name) {
                self.found.push(Violation::new(
                    *pointer,
                    "missing-addon",
                    format!(
                        "the cluster of the region {region} lacks the add-on {name}, {what}; install it there and list it under `addons` in regions.yaml"
                    ),
                ));
            }
        }
    }

    /// Bounds that contradict each other, and two autoscalers that would. `what` is what is
    /// counted: `servers`.
    pub fn autoscaling(&mut self, autoscaling: &Autoscaling, vertical: &Vertical, what: &str) {
        let Autoscaling {
            enabled,
            min_replicas,
            max_replicas,
        } = autoscaling;
        if *enabled && min_replicas > max_replicas {
            self.refuse(
                "/autoscaling/minReplicas",
                "autoscaling-min-above-max",
                format!("minReplicas is {min_replicas}, above maxReplicas {max_replicas}"),
            );
        }
        if *enabled && vertical.enabled && !matches!(vertical.mode.as_str(), "" | "Off") {
            self.refuse(
                "/verticalPodAutoscaler/mode",
                "two-autoscalers",
                format!("autoscaling counts {what} by the CPU that this would change at the same time; use mode Off or one of the two"),
            );
        }
    }

    /// More asked for than may be taken; each with its pointer.
    pub fn resources(&mut self, all: &[(&str, &Resources)]) {
        for (pointer, resources) in all {
            if let Some((what, message)) = resources.above_limits() {
                self.refuse(
                    &format!("{pointer}/requests/{what}"),
                    "requests-above-limits",
                    message,
                );
            }
        }
    }

    /// A storage class that the region doesn't have.
    pub fn storage(&mut self, storage: &Storage) {
        let region = &self.context.region;
        if storage.class.is_empty() || region.storage_classes.contains_key(&storage.class) {
            return;
        }
        let known: Vec<&str> = region.storage_classes.keys().map(String::as_str).collect();
        let known = match known.as_slice() {
            [] => "none; add one under `storage` in regions.yaml".to_owned(),
            _ => known.join(", "),
        };
        let message = format!(
            "the region {} has no storage class \"{}\"; it has {known}",
            region.name, storage.class
        );
        self.refuse("/storage/class", "unknown-storage-class", message);
    }

    /// A database on files that are shared over the network, or with less memory than its
    /// server starts with.
    pub fn database(&mut self, database: &Database) {
        let requested = &database.resources.requests.memory;
        if bytes(requested).is_ok_and(|requested| requested < DATABASE_MEMORY) {
            self.refuse(
                "/database/resources/requests/memory",
                "database-memory",
                format!(
                    "{requested} is less than the {}Mi that a database server starts with; request more",
                    DATABASE_MEMORY >> 20
                ),
            );
        }
        let classes = &self.context.region.storage_classes;
        if let Some(class) = &database.storage_class
            && (classes.contains_key(class) || class.starts_with("efs"))
        {
            self.refuse(
                "/database/storageClass",
                "database-on-efs",
                format!(
                    "\"{class}\" is EFS, on which a database loses data; name a class for block storage such as gp3, or none for the cluster's default"
                ),
            );
        }
    }

    /// An upload that the region's ingress would cut off.
    pub fn upload(&mut self, pointer: &str, size: &str) {
        let region = &self.context.region;
        if let Some(limit) = &region.ingress.max_body_size
            && let (Ok(most), Ok(wanted)) = (bytes(limit), bytes(size))
            && wanted > most
        {
            let message = format!(
                "{size} is more than the {limit} that the ingress of {} lets through",
                region.name
            );
            self.refuse(pointer, "upload-above-ingress", message);
        }
    }
}
