//! What a schema can't say.

use deploycenter_sdk::{Context, Violation};

use crate::values::Values;
use deploycenter_sdk::quantity::bytes;

/// What a worker of Odoo holds at rest, and the process for web sockets likewise. With
/// less, a pod is killed as soon as its workers have loaded the modules.
const MEMORY_PER_PROCESS: u64 = 256 << 20;

/// Everything that is wrong, in the order of the schema.
pub(crate) fn violations(values: &Values, context: &Context) -> Vec<Violation> {
    let mut found = Vec::new();
    if context.domain.is_none() {
        found.push(Violation::new(
            "",
            "needs-domain",
            "Odoo writes its address into mails and reports; give the instance a `domain`"
                .to_owned(),
        ));
    }
    addons(values, context, &mut found);
    capacity(values, &mut found);
    storage(values, context, &mut found);
    if values.service_monitor.enabled && values.image.is_none() {
        found.push(Violation::new(
            "/serviceMonitor/enabled",
            "metrics-need-image",
            "the official image gives no metrics; name an `image` of your own with a module that does, or leave the monitor off".to_owned(),
        ));
    }
    found
}

fn addons(values: &Values, context: &Context, found: &mut Vec<Violation>) {
    let Some(addons) = &context.region.addons else {
        return;
    };
    for (pointer, addon, what) in needs(values, context) {
        if !addons.iter().any(|known| known == addon) {
            found.push(Violation::new(
                pointer,
                "missing-addon",
                format!(
                    "the cluster of {} lacks the add-on {addon}, {what}; install it and list it under the region's `addons`",
                    context.region.name
                ),
            ));
        }
    }
}

/// The add-ons without which something would hang: where the values ask for it, its name
/// in `regions.yaml`, and what it does.
fn needs(values: &Values, context: &Context) -> Vec<(&'static str, &'static str, &'static str)> {
    let mut needs = vec![
        ("", "cloudnative-pg", "which runs the database"),
        ("", "external-secrets", "which brings the secrets"),
        ("", "efs-csi", "which mounts the files"),
    ];
    if context.region.ingress.cluster_issuer.is_some() {
        needs.push(("", "cert-manager", "which gets the certificates"));
    }
    if values.vertical_pod_autoscaler.enabled {
        needs.push((
            "/verticalPodAutoscaler/enabled",
            "vertical-pod-autoscaler",
            "which this switches on",
        ));
    }
    if values.service_monitor.enabled {
        needs.push((
            "/serviceMonitor/enabled",
            "prometheus-operator",
            "which reads the metrics",
        ));
    }
    needs
}

fn capacity(values: &Values, found: &mut Vec<Violation>) {
    let mut refuse = |pointer: &str, code: &str, message: String| {
        found.push(Violation::new(pointer, code, message));
    };
    if let Ok(limit) = bytes(&values.resources.limits.memory) {
        let processes = u64::from(values.workers) + 1;
        if limit < processes * MEMORY_PER_PROCESS {
            refuse(
                "/workers",
                "workers-above-memory",
                format!(
                    "{} workers take at least {}Mi, more than the limit {} of resources.limits.memory; give more memory or take fewer",
                    values.workers,
                    (processes * MEMORY_PER_PROCESS) >> 20,
                    values.resources.limits.memory
                ),
            );
        }
    }
    let autoscaling = &values.autoscaling;
    if autoscaling.enabled && autoscaling.min_replicas > autoscaling.max_replicas {
        refuse(
            "/autoscaling/minReplicas",
            "autoscaling-min-above-max",
            format!(
                "minReplicas is {}, above maxReplicas {}",
                autoscaling.min_replicas, autoscaling.max_replicas
            ),
        );
    }
    if autoscaling.enabled
        && values.vertical_pod_autoscaler.enabled
        && !matches!(values.vertical_pod_autoscaler.mode.as_str(), "" | "Off")
    {
        refuse(
            "/verticalPodAutoscaler/mode",
            "two-autoscalers",
            "autoscaling counts servers by the CPU that this would change at the same time; use mode Off or one of the two".to_owned(),
        );
    }
    for (pointer, resources) in [
        ("/resources", &values.resources),
        ("/cron/resources", &values.cron.resources),
        ("/database/resources", &values.database.resources),
    ] {
        if let Some((what, message)) = resources.above_limits() {
            refuse(
                &format!("{pointer}/requests/{what}"),
                "requests-above-limits",
                message,
            );
        }
    }
}

fn storage(values: &Values, context: &Context, found: &mut Vec<Violation>) {
    let mut refuse = |pointer: &str, code: &str, message: String| {
        found.push(Violation::new(pointer, code, message));
    };
    let classes = &context.region.storage_classes;
    if !values.storage.class.is_empty() && !classes.contains_key(&values.storage.class) {
        let known: Vec<&str> = classes.keys().map(String::as_str).collect();
        refuse(
            "/storage/class",
            "unknown-storage-class",
            format!(
                "the region {} has no storage class \"{}\"; it has {}",
                context.region.name,
                values.storage.class,
                known.join(", ")
            ),
        );
    }
    if let Some(class) = &values.database.storage_class
        && (classes.contains_key(class) || class.starts_with("efs"))
    {
        refuse(
            "/database/storageClass",
            "database-on-efs",
            format!(
                "\"{class}\" is EFS, on which a database loses data; name a class for block storage such as gp3, or none for the cluster's default"
            ),
        );
    }
    if let Some(limit) = &context.region.ingress.max_body_size
        && let (Ok(most), Ok(wanted)) = (bytes(limit), bytes(&values.max_upload_size))
        && wanted > most
    {
        refuse(
            "/maxUploadSize",
            "upload-above-ingress",
            format!(
                "{} is more than the {limit} that the ingress of {} lets through",
                values.max_upload_size, context.region.name
            ),
        );
    }
}
