//! Calls to outside systems, as someone beside the line sees them.

use async_trait::async_trait;

/// One call to an outside system.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Call {
    /// `efs`, `route53`, `sts`, `secretsmanager`, `git` or `argocd`.
    pub system: &'static str,
    /// The operation in the system's own words: `CreateFileSystem`, `push`, `GET /api/v1/applications/…`.
    pub operation: String,
}

/// A moment of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Nothing has been sent.
    Before,
    /// The other side has acted; its answer hasn't been looked at.
    Sent,
    /// The answer has been read in full.
    Replied,
}

/// Is told of every call at each [`Phase`]. Adapters await it at the one place where
/// their requests leave, so whoever implements it can count, trace, or hold a call up:
/// while it holds one up at [`Phase::Before`], that call is not sent.
#[async_trait]
pub trait Calls: Send + Sync + std::fmt::Debug {
    /// The call has reached that phase.
    async fn at(&self, call: &Call, phase: Phase);
}

/// Watches nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

#[async_trait]
impl Calls for Unwatched {
    async fn at(&self, _call: &Call, _phase: Phase) {}
}
