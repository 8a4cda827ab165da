//! Why Argo CD can't compare an application with git, and whose fault that is. Pure.
//!
//! One reading proves nothing: a health script fails on a custom resource that its operator
//! hasn't seen yet, and Argo CD's own parts restart. A complaint counts once it has been the
//! same for as long as its nature deserves, after Argo CD was made to look again from
//! scratch.

use std::time::Duration;

use crate::model::App;
use crate::patience::Patience;

/// For how long a fault in the manifests has to be reported the same.
const CONFIRM: Duration = Duration::from_secs(4);
/// How many readings have to report it, a hard-refreshed one among them.
const READINGS: u32 = 3;

/// What kind of complaint it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nature {
    /// Something that Argo CD needs is out of reach: its own parts, the cluster, git. That
    /// says nothing about the manifests.
    Away,
    /// The manifests can't be made or read, or the project forbids them.
    Manifest,
    /// It may be either: a health script that stumbles over an object without status, a
    /// difference that can't be told.
    Open,
}

/// A complaint as one reading shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Complaint {
    pub(crate) nature: Nature,
    /// Argo CD's words.
    pub(crate) words: String,
}

/// What is said when something is out of reach, by gRPC's names and those of Go's net
/// package and of the API server.
const AWAY: [&str; 29] = [
    "code = Unavailable",
    "code = DeadlineExceeded",
    "code = ResourceExhausted",
    "code = Canceled",
    "code = Aborted",
    "connection refused",
    "connection reset",
    "connection error",
    "broken pipe",
    "i/o timeout",
    "TLS handshake timeout",
    "no such host",
    "no route to host",
    "context deadline exceeded",
    "context canceled",
    "unexpected EOF",
    "etcdserver:",
    "currently unable to handle the request",
    "the server was unable to return a response",
    "too many requests",
    "Bad Gateway",
    "Service Unavailable",
    // What git's servers and a repo server that runs out of something say.
    "status code: 5",
    "status code: 429",
    "handshake failed",
    "failed timeout after",
    "signal: killed",
    "no space left",
    "resource temporarily unavailable",
];

/// What is said when the manifests are at fault, by Helm and by the parsers of YAML and JSON.
/// Only words about a file count: "Failed to load target state" stands before whatever a repo
/// server met on its way to one.
const MANIFEST: [&str; 9] = [
    "failed exit status",
    "execution error at",
    "parse error at",
    "error converting YAML",
    "error unmarshaling",
    "Failed to unmarshal",
    "yaml: ",
    "app path does not exist",
    "values don't meet the specifications",
];

/// Why Argo CD can't compare, if it can't.
pub(crate) fn complaint(app: &App) -> Option<Complaint> {
    let of = |kind: &str| {
        let mut conditions = app.status.conditions.iter();
        conditions.find(|condition| condition.kind == kind)
    };
    // That the project forbids it explains whatever else is wrong.
    let condition = of("InvalidSpecError").or_else(|| of("ComparisonError"))?;
    Some(Complaint {
        nature: nature(&condition.kind, &condition.message),
        words: format!("{}: {}", condition.kind, condition.message),
    })
}

/// Whether Argo CD's words are about something that it can't reach just now.
pub(crate) fn tells_of_away(message: &str) -> bool {
    AWAY.iter().any(|it| message.contains(it))
}

fn nature(kind: &str, message: &str) -> Nature {
    if tells_of_away(message) {
        Nature::Away
    } else if kind == "InvalidSpecError" || MANIFEST.iter().any(|it| message.contains(it)) {
        Nature::Manifest
    } else {
        Nature::Open
    }
}

/// A complaint over a while.
#[derive(Debug)]
pub(crate) struct Standing {
    /// Without what differs from one telling to the next.
    about: String,
    nature: Nature,
    since: jiff::Timestamp,
    /// Readings after a comparison from scratch that said the same.
    confirmed: u32,
    readings: u32,
}

impl Standing {
    /// Takes in what a comparison just made says; `hard`: one from scratch. Whether the
    /// complaint is to be believed now.
    pub(crate) fn take_in(
        kept: &mut Option<Self>,
        complaint: &Complaint,
        hard: bool,
        now: jiff::Timestamp,
        patience: &Patience,
    ) -> bool {
        let about = essence(&complaint.words);
        let standing = match kept {
            Some(standing) if standing.about == about && standing.nature == complaint.nature => {
                standing
            }
            // Another object each time is one complaint all the same.
            Some(standing)
                if standing.nature == Nature::Open && complaint.nature == Nature::Open =>
            {
                standing.about = about;
                standing
            }
            _ => kept.insert(Self {
                about,
                nature: complaint.nature,
                since: now,
                confirmed: 0,
                readings: 0,
            }),
        };
        standing.readings += 1;
        standing.confirmed += u32::from(hard);
        let stood = Duration::try_from(now.duration_since(standing.since)).unwrap_or_default();
        let stood_for = match complaint.nature {
            Nature::Away => return false,
            Nature::Manifest => CONFIRM,
            Nature::Open => patience.comparison,
        };
        stood >= stood_for && standing.readings >= READINGS && standing.confirmed > 0
    }

    /// Whether it is time to have Argo CD look again from scratch: its repo server
    /// remembers a failure for minutes. Not each time, since that costs.
    pub(crate) fn wants_hard_refresh(&self) -> bool {
        self.readings == 1 || self.readings.is_multiple_of(4)
    }
}

/// A complaint without its numbers: times, ports, attempts and temporary folders.
fn essence(words: &str) -> String {
    words
        .split(|c: char| c.is_ascii_digit())
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("#")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use serde_json::json;

    use super::*;

    const HELM: &str = "Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = Unknown desc = Manifest generation error (cached): `helm template . --name-template x` failed exit status 1: Error: parse error at (odoo/templates/a.yaml:3): unclosed action";
    const SCRIPT: &str = "error setting app health: failed to get resource health for \"Cluster\" with name \"odoo-db\" in namespace \"acme--odoo\": <string>:11: attempt to index a non-table object(nil) with key 'phaseReason'";
    const AWAY_NOW: &str = "Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = Unavailable desc = connection error: desc = \"transport: Error while dialing: dial tcp 10.96.1.2:8081: connect: connection refused\"";

    #[test]
    fn each_complaint_has_its_nature() {
        let cases = [
            ("ComparisonError", HELM, Nature::Manifest),
            ("ComparisonError", SCRIPT, Nature::Open),
            ("ComparisonError", AWAY_NOW, Nature::Away),
            (
                "ComparisonError",
                "Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = Unknown desc = failed to list refs: Get \"https://git.example.com/x\": dial tcp: lookup git.example.com: no such host",
                Nature::Away,
            ),
            (
                "ComparisonError",
                "Failed to load live state: failed to get cluster info for \"https://kubernetes.default.svc\": error synchronizing cache state : the server is currently unable to handle the request",
                Nature::Away,
            ),
            (
                "ComparisonError",
                "rpc error: code = DeadlineExceeded desc = context deadline exceeded",
                Nature::Away,
            ),
            (
                "ComparisonError",
                "Failed to compare desired state to live state: failed to calculate diff",
                Nature::Open,
            ),
            (
                "ComparisonError",
                "Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = Unknown desc = failed to fetch: unexpected client error: unexpected requesting \"https://git.example.com/x/info/refs\" status code: 502",
                Nature::Away,
            ),
            (
                "ComparisonError",
                "Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = Unknown desc = Manifest generation error (cached): `helm template .` failed signal: killed",
                Nature::Away,
            ),
            (
                "ComparisonError",
                "Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = Unknown desc = failed to list refs: authentication required",
                Nature::Open,
            ),
            (
                "ComparisonError",
                "Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = Unknown desc = us-west-2/odoo: app path does not exist",
                Nature::Manifest,
            ),
            (
                "InvalidSpecError",
                "application destination server 'https://x' and namespace 'y' do not match any of the allowed destinations in project 'acme'",
                Nature::Manifest,
            ),
        ];
        for (kind, message, wanted) in cases {
            let app = json!({ "status": { "conditions": [
                { "type": "SyncError", "message": "x" },
                { "type": kind, "message": message },
            ] } });
            let found = complaint(&serde_json::from_value(app).unwrap()).unwrap();
            assert_eq!(found.nature, wanted, "{message}");
            assert_eq!(found.words, format!("{kind}: {message}"));
        }
        assert_eq!(complaint(&App::default()), None);
    }

    fn believed(nature: Nature, readings: &[(i64, &str, bool)]) -> Vec<bool> {
        let mut kept = None;
        let patience = Patience::default();
        let mut answers = Vec::new();
        for (second, words, hard) in readings {
            let complaint = Complaint {
                nature,
                words: (*words).to_owned(),
            };
            let now = jiff::Timestamp::from_second(*second).unwrap();
            answers.push(Standing::take_in(
                &mut kept, &complaint, *hard, now, &patience,
            ));
        }
        answers
    }

    #[test]
    fn the_manifests_fault_is_believed_when_a_comparison_from_scratch_repeats_it() {
        let nature = Nature::Manifest;
        assert_eq!(
            believed(
                nature,
                &[(0, "a 1", false), (1, "a 2", true), (5, "a 3", false)]
            ),
            [false, false, true]
        );
        assert_eq!(
            believed(nature, &[(0, "a", false), (1, "a", false), (5, "a", false)]),
            [false; 3],
            "never from scratch"
        );
        assert_eq!(
            believed(nature, &[(0, "a", true), (1, "b", true), (5, "a", true)]),
            [false; 3],
            "never the same"
        );
        assert_eq!(
            believed(nature, &[(0, "a", true), (1, "a", true), (2, "a", true)]),
            [false; 3],
            "not long enough"
        );
    }

    #[test]
    fn what_may_pass_gets_its_time_and_what_is_away_is_never_the_manifests_fault() {
        let minutes = [
            (0, "a", true),
            (60, "b", true),
            (119, "a", true),
            (120, "a", true),
        ];
        assert_eq!(
            believed(Nature::Open, &minutes),
            [false, false, false, true]
        );
        assert_eq!(believed(Nature::Away, &minutes), [false; 4]);
    }
}
