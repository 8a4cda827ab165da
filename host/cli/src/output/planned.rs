//! A plan for programs, with what stands beside it.

use deploycenter_domain::saved;
use deploycenter_engine::Planned;
use serde_json::{Value, json};

use crate::words;

/// The plan's JSON on one line, ended, with a digest over all of it.
pub(crate) fn json(planned: &Planned) -> String {
    let mut value =
        serde_json::to_value(&planned.plan).expect("a plan is plain data with string keys");
    let blocked = planned.blocked.iter().map(|blocked| {
        json!({
            "target": blocked.target,
            "code": blocked.code,
            "message": blocked.message,
            "help": words::advice(&blocked.help),
        })
    });
    let held = planned.held.iter().map(|(target, hold)| {
        json!({
            "target": target,
            "deployment": hold.deployment,
            "by": hold.by,
            "reason": hold.reason,
        })
    });
    value["blocked"] = blocked.collect::<Vec<Value>>().into();
    value["held"] = held.collect::<Vec<Value>>().into();
    value["pendingRemoval"] = json!(planned.pending_removal);
    value["updatesWaiting"] = json!(planned.updates_waiting);
    saved::seal(&value).to_string() + "\n"
}
