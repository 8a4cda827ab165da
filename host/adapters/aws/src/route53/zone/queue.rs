//! Gathering changes of a zone into batches.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_sdk_route53::operation::change_resource_record_sets::{
    ChangeResourceRecordSetsError, ChangeResourceRecordSetsOutput,
};
use aws_sdk_route53::types::{ChangeAction, ChangeBatch, ChangeStatus};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use deploycenter_ports::{ProviderError, ProviderErrorKind};
use tokio::sync::oneshot;

use super::super::batch::{Change, take};
use super::Zone;
use crate::sdk::attempt::attempt;
use crate::sdk::polls::Polls;

/// How long the first change waits for others that come at the same moment. Real time:
/// they are on their way through the same runtime, whatever the clock says.
const GATHER: Duration = Duration::from_millis(5);

/// What came of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::route53) enum Outcome {
    /// Every name server has it.
    Insync,
    /// Route 53 refused it, alone.
    Refused {
        /// Its reasons.
        messages: String,
        /// Whether an earlier attempt, whose answer was lost, may have gone through.
        doubt: bool,
    },
}

/// Changes that wait for the batch in flight.
#[derive(Debug, Default)]
pub(super) struct Queue(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    changes: VecDeque<Member>,
    working: bool,
}

/// A change, and whoever waits for it.
#[derive(Debug)]
struct Member {
    change: Change,
    answer: oneshot::Sender<Result<Outcome, ProviderError>>,
}

impl Zone {
    /// Sends a change with the next batch and waits until it has taken hold.
    pub(in crate::route53) async fn submit(
        zone: &Arc<Self>,
        change: Change,
    ) -> Result<Outcome, ProviderError> {
        let (answer, outcome) = oneshot::channel();
        let idle = {
            let mut queue = zone.queue.0.lock().unwrap_or_else(PoisonError::into_inner);
            queue.changes.push_back(Member { change, answer });
            !std::mem::replace(&mut queue.working, true)
        };
        if idle {
            // A task of its own: the batch serves others too, who must not be let down
            // when the one who came first gives up.
            tokio::spawn(Self::work(Arc::clone(zone)));
        }
        outcome.await.unwrap_or_else(|_| {
            Err(zone.context.fail(
                ProviderErrorKind::Unavailable,
                "the change was cut off before its answer came",
            ))
        })
    }

    async fn work(zone: Arc<Self>) {
        tokio::time::sleep(GATHER).await;
        loop {
            let batch = {
                let mut queue = zone.queue.0.lock().unwrap_or_else(PoisonError::into_inner);
                let batch = take(&mut queue.changes, |member| &member.change);
                queue.working = !batch.is_empty();
                batch
            };
            if batch.is_empty() {
                return;
            }
            Self::send(&zone, batch).await;
        }
    }

    async fn send(zone: &Arc<Self>, batch: Vec<Member>) {
        let mut parts = vec![(batch, false)];
        while let Some((mut batch, doubtful)) = parts.pop() {
            match zone.change(&batch).await {
                Ok(Sent::Accepted(id)) => {
                    tokio::spawn(Self::settle(Arc::clone(zone), id, batch));
                }
                Ok(Sent::Refused { doubt, .. }) if batch.len() > 1 => {
                    let second = batch.split_off(batch.len() / 2);
                    parts.push((second, doubtful || doubt));
                    parts.push((batch, doubtful || doubt));
                }
                Ok(Sent::Refused { messages, doubt }) => {
                    let doubt = doubtful || doubt;
                    answer_all(batch, &Ok(Outcome::Refused { messages, doubt }));
                }
                Err(failure) => answer_all(batch, &Err(failure)),
            }
        }
    }

    async fn change(&self, batch: &[Member]) -> Result<Sent, ProviderError> {
        let mut changes = Vec::new();
        for member in batch {
            let Change { delete, create } = &member.change;
            for (action, sets) in [
                (ChangeAction::Delete, delete),
                (ChangeAction::Create, create),
            ] {
                for set in sets {
                    let change = aws_sdk_route53::types::Change::builder()
                        .action(action.clone())
                        .resource_record_set(set.clone())
                        .build();
                    changes.push(
                        change.map_err(|error| {
                            self.context.fail(ProviderErrorKind::Refused, error)
                        })?,
                    );
                }
            }
        }
        let batch = ChangeBatch::builder().set_changes(Some(changes)).build();
        let batch = batch.map_err(|error| self.context.fail(ProviderErrorKind::Refused, error))?;
        let (answer, doubt) = attempt(self.clock.as_ref(), || self.send_batch(batch.clone())).await;
        let error = match answer {
            Ok(answer) => {
                let info = answer.change_info.ok_or_else(|| {
                    self.context
                        .fail(ProviderErrorKind::Unavailable, "Route 53 gave no change id")
                })?;
                return Ok(Sent::Accepted(info.id));
            }
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(service) if service.is_invalid_change_batch() || service.is_invalid_input() => {
                Ok(Sent::Refused {
                    messages: messages(service),
                    doubt,
                })
            }
            _ => Err(self.context.failure("change records", &error)),
        }
    }

    async fn send_batch(
        &self,
        batch: ChangeBatch,
    ) -> Result<ChangeResourceRecordSetsOutput, SdkError<ChangeResourceRecordSetsError, HttpResponse>>
    {
        self.pace.turn(self.clock.as_ref()).await;
        let no_retries = aws_sdk_route53::Config::builder().retry_config(RetryConfig::disabled());
        self.client
            .change_resource_record_sets()
            .hosted_zone_id(&self.id)
            .change_batch(batch)
            .customize()
            .config_override(no_retries)
            .send()
            .await
    }

    async fn settle(zone: Arc<Self>, id: String, batch: Vec<Member>) {
        let outcome = zone.insync(&id).await.map(|()| Outcome::Insync);
        answer_all(batch, &outcome);
    }

    async fn insync(&self, id: &str) -> Result<(), ProviderError> {
        let mut polls = Polls::long(self.clock.as_ref());
        loop {
            self.pace.turn(self.clock.as_ref()).await;
            let answer = self.client.get_change().id(id).send().await;
            let pending = match answer {
                Ok(answer) => answer
                    .change_info
                    .is_none_or(|info| info.status != ChangeStatus::Insync),
                // A change may be unknown for a moment after it was taken.
                Err(error)
                    if error
                        .as_service_error()
                        .is_some_and(|e| e.is_no_such_change()) =>
                {
                    true
                }
                Err(error) => {
                    return Err(self
                        .context
                        .failure(format_args!("follow the change {id}"), &error));
                }
            };
            if !pending {
                return Ok(());
            }
            if !polls.again().await {
                let text =
                    format!("the change {id} hasn't reached all name servers after ten minutes");
                return Err(self.context.fail(ProviderErrorKind::Unhealthy, text));
            }
        }
    }
}

/// What Route 53 said of a batch.
enum Sent {
    Accepted(String),
    Refused { messages: String, doubt: bool },
}

fn messages(error: &ChangeResourceRecordSetsError) -> String {
    let listed = match error {
        ChangeResourceRecordSetsError::InvalidChangeBatch(batch) => batch.messages().join("; "),
        _ => String::new(),
    };
    if !listed.is_empty() {
        return listed;
    }
    error
        .meta()
        .message()
        .unwrap_or("the batch isn't valid")
        .to_owned()
}

fn answer_all(batch: Vec<Member>, outcome: &Result<Outcome, ProviderError>) {
    for member in batch {
        // Whoever has gone away needs no answer.
        let _gone = member.answer.send(outcome.clone());
    }
}
