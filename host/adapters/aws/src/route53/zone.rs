//! One hosted zone, and whoever waits for a change of it.

mod queue;

use std::sync::Arc;

use deploycenter_ports::Clock;

use crate::sdk::failure::Context;
use crate::sdk::pace::Pace;

pub(super) use queue::Outcome;
use queue::Queue;

/// One hosted zone.
#[derive(Debug)]
pub(crate) struct Zone {
    pub(super) id: String,
    pub(super) client: aws_sdk_route53::Client,
    pub(super) context: Context,
    pub(super) pace: Arc<Pace>,
    pub(super) clock: Arc<dyn Clock>,
    queue: Queue,
}

impl Zone {
    pub(crate) fn new(
        id: String,
        client: aws_sdk_route53::Client,
        context: Context,
        pace: Arc<Pace>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            id,
            client,
            context,
            pace,
            clock,
            queue: Queue::default(),
        }
    }
}
