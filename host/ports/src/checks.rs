//! What was found sound before, so that it isn't checked again.

use deploycenter_domain::digest::Digest;

/// Instances that were found sound, each known by the digest of all that this was decided
/// on. Forgetting is always right: it costs another look.
pub trait CheckCache: Send + Sync + std::fmt::Debug {
    /// What was warned of when exactly this was found sound; `None`: nobody has looked yet.
    fn sound(&self, question: &Digest) -> Option<Vec<String>>;

    /// Keeps that this was found sound, with what was warned of.
    fn keep(&self, question: Digest, warnings: &[String]);

    /// Ends a round of checks. What wasn't asked for in it may be forgotten.
    fn close(&self);
}
