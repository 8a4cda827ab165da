//! How much the pods of an instance may take in all.

use serde_json::{Value, json};

use super::TargetPlace;
use crate::declaration::Quota;
use crate::desired::QuotaFigures;

/// What an instance gets whose plugin declares nothing: room for a small pod or two.
pub const SMALL: Quota = Quota {
    cpu_millicores: 1000,
    memory: 1 << 30,
    memory_limit: 2 << 30,
    storage: 10 << 30,
    pods: 10,
    claims: 2,
};

const MEBIBYTE: u64 = 1 << 20;

/// Quota and limit range. Load balancers and node ports are none: traffic comes by the
/// ingress.
///
/// # Errors
/// Each figure that is above what `regions.yaml` allows.
pub(super) fn objects(
    place: TargetPlace<'_>,
    declared: Option<&Quota>,
) -> Result<Vec<Value>, Vec<String>> {
    let bounds = &place.region.cluster.quota;
    let declared = declared.unwrap_or(&SMALL);
    above(place, declared, &bounds.most)?;
    let Quota {
        cpu_millicores,
        memory,
        memory_limit,
        storage,
        pods,
        claims,
    } = with(declared, &bounds.extra);
    let mebibytes = |bytes: u64| format!("{}Mi", bytes.div_ceil(MEBIBYTE));
    let quota = place.object(
        "v1",
        "ResourceQuota",
        "quota",
        json!({ "spec": { "hard": {
            "limits.memory": mebibytes(memory_limit),
            "persistentvolumeclaims": claims.to_string(),
            "pods": pods.to_string(),
            "requests.cpu": format!("{cpu_millicores}m"),
            "requests.memory": mebibytes(memory),
            "requests.storage": mebibytes(storage),
            "services.loadbalancers": "0",
            "services.nodeports": "0",
        } } }),
    );
    // A quota on memory refuses pods that say nothing of it, such as the ones that
    // cert-manager makes to answer a challenge; here is what those get.
    let limits = place.object(
        "v1",
        "LimitRange",
        "limits",
        json!({ "spec": { "limits": [{
            "type": "Container",
            "default": { "memory": "256Mi" },
            "defaultRequest": { "cpu": "50m", "memory": "64Mi" },
        }] } }),
    );
    Ok(vec![quota, limits])
}

/// What is declared with the operator's extra on top.
fn with(declared: &Quota, extra: &QuotaFigures) -> Quota {
    let add = |figure: u64, extra: Option<u64>| figure.saturating_add(extra.unwrap_or(0));
    Quota {
        cpu_millicores: add(declared.cpu_millicores, extra.cpu_millicores),
        memory: add(declared.memory, extra.memory),
        memory_limit: add(declared.memory_limit, extra.memory_limit),
        storage: add(declared.storage, extra.storage),
        pods: declared.pods.saturating_add(extra.pods.unwrap_or(0)),
        claims: declared.claims.saturating_add(extra.claims.unwrap_or(0)),
    }
}

fn above(place: TargetPlace<'_>, declared: &Quota, most: &QuotaFigures) -> Result<(), Vec<String>> {
    let mebibytes = |figure: u64| format!("{}Mi", figure.div_ceil(MEBIBYTE));
    let millicores = |figure: u64| format!("{figure}m");
    let plain = |figure: u64| figure.to_string();
    let of = |figure: Option<u32>| figure.map(u64::from);
    type Shown<'a> = &'a dyn Fn(u64) -> String;
    let figures: [(&str, u64, Option<u64>, Shown<'_>); 6] = [
        (
            "cpu",
            declared.cpu_millicores,
            most.cpu_millicores,
            &millicores,
        ),
        ("memory", declared.memory, most.memory, &mebibytes),
        (
            "memoryLimit",
            declared.memory_limit,
            most.memory_limit,
            &mebibytes,
        ),
        ("storage", declared.storage, most.storage, &mebibytes),
        ("pods", declared.pods.into(), of(most.pods), &plain),
        ("claims", declared.claims.into(), of(most.claims), &plain),
    ];
    let found: Vec<String> = figures
        .into_iter()
        .filter_map(|(key, wanted, most, shown)| {
            let most = most.filter(|most| wanted > *most)?;
            Some(format!(
                "it asks for a quota of {} ({key}), and the region {} allows an instance {}; lower the instance's resources, or raise `cluster.quota.most.{key}` in regions.yaml",
                shown(wanted),
                place.region.name,
                shown(most)
            ))
        })
        .collect();
    if found.is_empty() { Ok(()) } else { Err(found) }
}
