//! The ledger: one entry for each call that reached a stand-in.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::service::{Call, Millis};

/// One call. `ledger.jsonl` has one a line, written when the call ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LedgerEntry {
    /// Counted from 1 in the order of arrival, across restarts.
    pub seq: u64,
    /// When it arrived.
    pub at: Millis,
    /// `efs`, `route53`, `sts`, `secretsmanager` or `argocd`; `unknown` for a request that no
    /// stand-in knows.
    pub service: String,
    /// The operation by its API's name; for an unknown request, method and path.
    pub operation: String,
    /// The AWS account whose credentials were used; none for the sandbox's administrator, for
    /// unknown credentials and for Argo CD.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The AWS region that the request was signed for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// See [`Call::subject`].
    pub subject: String,
    /// Whether the call meant to change something.
    pub write: bool,
    /// The HTTP status of the answer; none while the call is under way, and when the connection
    /// was dropped instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The fault that hit the call: `error 503 …`, `drop before`, `drop after`, `delay … ms`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// All entries, and the file that they are appended to.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    entries: Vec<LedgerEntry>,
    last_seq: u64,
    file: Option<File>,
}

impl Ledger {
    /// Reads what is there and appends to it from now on. A last line that a killed process left
    /// half-written is passed over.
    pub(crate) fn open(path: &Path) -> std::io::Result<Self> {
        drop(deploycenter_private::open(path)?);
        let file = OpenOptions::new().read(true).append(true).open(path)?;
        let mut entries = Vec::new();
        let mut complete = true;
        let mut reader = BufReader::new(&file);
        let mut line = String::new();
        while reader.read_line(&mut line)? > 0 {
            complete = line.ends_with('\n');
            if let Ok(entry) = serde_json::from_str::<LedgerEntry>(&line) {
                entries.push(entry);
            }
            line.clear();
        }
        if !complete {
            (&file).write_all(b"\n")?;
        }
        entries.sort_by_key(|entry| entry.seq);
        Ok(Self {
            last_seq: entries.last().map_or(0, |entry| entry.seq),
            entries,
            file: Some(file),
        })
    }

    /// Notes that a call arrived; gives its index for [`Ledger::end`].
    pub(crate) fn begin(
        &mut self,
        at: Millis,
        call: &Call,
        account: Option<String>,
        region: Option<String>,
    ) -> usize {
        self.last_seq += 1;
        self.entries.push(LedgerEntry {
            seq: self.last_seq,
            at,
            service: call.service.to_owned(),
            operation: call.operation.clone(),
            account,
            region,
            subject: call.subject.clone(),
            write: call.write,
            status: None,
            fault: None,
        });
        self.entries.len() - 1
    }

    /// Notes the fault that hit a call.
    pub(crate) fn fault(&mut self, index: usize, label: String) {
        self.entries[index].fault = Some(label);
    }

    /// Notes how a call ended, and writes its line.
    pub(crate) fn end(&mut self, index: usize, status: Option<u16>) {
        let entry = &mut self.entries[index];
        entry.status = status;
        if let Some(file) = &mut self.file {
            let mut line = serde_json::to_string(entry).unwrap_or_default();
            line.push('\n');
            if let Err(error) = file.write_all(line.as_bytes()) {
                tracing::warn!(%error, "the sandbox's ledger couldn't be written");
            }
        }
    }

    pub(crate) fn entries(&self) -> Vec<LedgerEntry> {
        self.entries.clone()
    }
}
