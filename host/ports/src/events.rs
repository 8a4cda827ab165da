//! What the engine tells whoever watches it work.

use deploycenter_domain::effect::EffectId;
use deploycenter_domain::journal::Status;
use deploycenter_domain::name::{DeploymentId, TargetId};

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum DeploymentEvent {
    /// Deployments that had been interrupted were taken up and are through.
    Recovered {
        /// How many.
        deployments: usize,
    },
    /// A deployment began or was taken up again.
    Began {
        /// Which target.
        target: TargetId,
        /// Its deployment.
        deployment: DeploymentId,
        /// How many effects do something.
        effects: usize,
    },
    /// An effect is being applied.
    Applying {
        /// Which target.
        target: TargetId,
        /// Which effect.
        effect: EffectId,
    },
    /// An effect is done.
    Applied {
        /// Which target.
        target: TargetId,
        /// Which effect.
        effect: EffectId,
    },
    /// An outside system can't be reached, and is waited for.
    Waiting {
        /// Which target.
        target: TargetId,
        /// The system, as people call it.
        system: &'static str,
        /// Since when.
        since: jiff::Timestamp,
        /// What became of the last call.
        message: String,
    },
    /// The system that was waited for answers again.
    Answered {
        /// Which target.
        target: TargetId,
        /// The system, as people call it.
        system: &'static str,
    },
    /// The deployment goes back.
    Unwinding {
        /// Which target.
        target: TargetId,
        /// Why.
        reason: String,
    },
    /// The deployment is over, or waits for someone.
    Ended {
        /// Which target.
        target: TargetId,
        /// Its deployment.
        deployment: DeploymentId,
        /// Where it is.
        status: Status,
        /// Why, when it isn't well.
        reason: Option<String>,
    },
}

/// Watches the engine work.
pub trait EventSink: Send + Sync + std::fmt::Debug {
    /// Something happened. Must not block.
    fn event(&self, event: &DeploymentEvent);
}

/// Watches nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl EventSink for Silent {
    fn event(&self, _notice: &DeploymentEvent) {}
}
