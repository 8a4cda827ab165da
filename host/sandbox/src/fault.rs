//! Faults that are injected into calls, and the file format in which people write them.

use serde::{Deserialize, Serialize};

use crate::argocd::Habits;
use crate::service::Call;

/// What a faults file holds: a JSON array of faults, or an object with faults and with the
/// [`Habits`] of Argo CD, both of which may be absent:
///
/// ```json
/// {
///   "faults": [{ "service": "argocd", "operation": "SyncApplication", "times": 1, "effect": { "awayMs": 60000 } }],
///   "habits": { "lateStatus": [{ "of": { "kind": "Cluster" }, "after": 2000 }] }
/// }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultFile {
    /// The faults in force from the start.
    #[serde(default)]
    pub faults: Vec<Fault>,
    /// The habits of Argo CD; absent: those that a saved state has, or else the usual ones.
    #[serde(default)]
    pub habits: Option<Habits>,
}

impl FaultFile {
    /// Reads either form.
    ///
    /// # Errors
    /// When it is neither, with line and column.
    pub fn read(text: &[u8]) -> Result<Self, serde_json::Error> {
        if text.trim_ascii_start().starts_with(b"[") {
            let faults = serde_json::from_slice(text)?;
            return Ok(Self {
                faults,
                habits: None,
            });
        }
        serde_json::from_slice(text)
    }
}

/// One fault, as in:
///
/// ```json
/// [
///   { "service": "efs", "operation": "CreateMountTarget", "subject": "subnet-0a1", "after": 1, "times": 2,
///     "effect": { "error": { "status": 503, "code": "ServiceUnavailable", "message": "try later", "retryAfter": 1 } } },
///   { "service": "route53", "write": true, "effect": { "drop": "after" } },
///   { "service": "argocd", "effect": { "delayMs": 250 } }
/// ]
/// ```
///
/// For each call the faults are asked in order, and the first that hits is the only one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// `efs`, `route53`, `sts`, `secretsmanager` or `argocd`; absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The operation's exact name; absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// A part of the call's subject; absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Only calls that change something (true) or only those that don't (false); absent: both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write: Option<bool>,
    /// How many matching calls are let through first.
    #[serde(default)]
    pub after: u64,
    /// How many calls are hit then; absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// What happens to a call that is hit.
    pub effect: Effect,
}

/// What a fault does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Effect {
    /// The call isn't done; this error is the answer, in the shape of the service's protocol.
    Error(InjectedError),
    /// The connection closes without an answer.
    Drop(DropWhen),
    /// The call takes so many milliseconds longer, and is done.
    DelayMs(u64),
    /// The call isn't done, its connection closes, and from then on the service's server takes
    /// no connections for so many milliseconds of the sandbox's clock. What goes on behind the
    /// server goes on. Where time is stepped, each refused connection moves it by a second.
    AwayMs(u64),
}

/// An error to answer with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InjectedError {
    /// The HTTP status, 400 to 599; any other becomes 500.
    pub status: u16,
    /// The error code; for `argocd` the gRPC number, as text.
    #[serde(default)]
    pub code: String,
    /// The message.
    #[serde(default)]
    pub message: String,
    /// Seconds for a `Retry-After` header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

/// When a connection is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DropWhen {
    /// Before the call is done: nothing happened.
    Before,
    /// After it was done: only the answer is lost.
    After,
}

impl Effect {
    /// The ledger's word for it.
    pub(crate) fn label(&self) -> String {
        match self {
            Self::Error(error) => format!("error {} {}", error.status, error.code),
            Self::Drop(DropWhen::Before) => "drop before".to_owned(),
            Self::Drop(DropWhen::After) => "drop after".to_owned(),
            Self::DelayMs(millis) => format!("delay {millis} ms"),
            Self::AwayMs(millis) => format!("away {millis} ms"),
        }
    }
}

impl Fault {
    fn matches(&self, call: &Call) -> bool {
        self.service.as_deref().is_none_or(|s| s == call.service)
            && self
                .operation
                .as_deref()
                .is_none_or(|o| o == call.operation)
            && self
                .subject
                .as_deref()
                .is_none_or(|s| call.subject.contains(s))
            && self.write.is_none_or(|write| write == call.write)
    }
}

/// The faults in force, each with the number of calls that it has matched.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<(Fault, u64)>);

impl Faults {
    pub(crate) fn new(faults: Vec<Fault>) -> Self {
        Self(faults.into_iter().map(|fault| (fault, 0)).collect())
    }

    /// What happens to this call, if a fault hits it.
    pub(crate) fn hit(&mut self, call: &Call) -> Option<Effect> {
        for (fault, matched) in &mut self.0 {
            if !fault.matches(call) {
                continue;
            }
            let before = *matched;
            *matched += 1;
            let spent = fault
                .times
                .is_some_and(|times| before >= fault.after.saturating_add(times));
            if before >= fault.after && !spent {
                return Some(fault.effect.clone());
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn call(operation: &str, subject: &str) -> Call {
        Call {
            service: "efs",
            operation: operation.to_owned(),
            subject: subject.to_owned(),
            write: true,
        }
    }

    #[test]
    fn a_fault_lets_some_through_hits_some_and_is_spent() {
        let text = r#"[{"service":"efs","operation":"CreateMountTarget","subject":"subnet-1","after":1,"times":1,"effect":{"drop":"after"}}]"#;
        let mut faults = Faults::new(serde_json::from_str(text).unwrap());
        let hits: Vec<bool> = (0..4)
            .map(|_| {
                faults
                    .hit(&call("CreateMountTarget", "fs-1/subnet-1"))
                    .is_some()
            })
            .collect();
        assert_eq!(hits, [false, true, false, false]);
        assert_eq!(faults.hit(&call("CreateFileSystem", "subnet-1")), None);
    }

    #[test]
    fn a_file_may_have_habits_too() {
        let text = br#" {
          "faults": [{ "service": "argocd", "operation": "SyncApplication", "times": 1, "effect": { "awayMs": 60000 } }],
          "habits": { "lateStatus": [{ "of": { "kind": "Cluster" }, "after": 2000 }] }
        }"#;
        let file = FaultFile::read(text).unwrap();
        assert_eq!(file.faults[0].effect, Effect::AwayMs(60_000));
        assert_eq!(file.habits.unwrap().late_status[0].after, 2_000);
        let plain = FaultFile::read(br#"[{"effect":{"delayMs":1}}]"#).unwrap();
        assert_eq!((plain.faults.len(), plain.habits), (1, None));
        assert!(FaultFile::read(br#"{"fault": []}"#).is_err());
    }

    #[test]
    fn the_documented_file_reads() {
        let text = r#"[
          { "service": "efs", "operation": "CreateMountTarget", "subject": "subnet-0a1", "after": 1, "times": 2,
            "effect": { "error": { "status": 503, "code": "ServiceUnavailable", "message": "try later", "retryAfter": 1 } } },
          { "service": "route53", "write": true, "effect": { "drop": "after" } },
          { "service": "argocd", "effect": { "delayMs": 250 } }
        ]"#;
        let faults: Vec<Fault> = serde_json::from_str(text).unwrap();
        assert_eq!(faults[1].effect, Effect::Drop(DropWhen::After));
        assert_eq!(faults[2].effect, Effect::DelayMs(250));
        assert!(serde_json::from_str::<Vec<Fault>>(r#"[{"effct":1}]"#).is_err());
    }
}
