//! Route 53: weighted A records, with their AAAA.

mod adopt;
mod batch;
mod beside;
mod convert;
mod inventory;
mod read;
mod snapshot;
mod zone;

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_route53::types::ResourceRecordSet;
use deploycenter_domain::resource::{Adoption, Observed, Record, Resource};
use deploycenter_domain::saga::decide::Decision;
use deploycenter_ports::{Provider, ProviderError, ProviderErrorKind, Snapshot, Step, StepOutcome};

use crate::aws::Aws;
use crate::decide::decide;

use batch::Change;
use snapshot::Route53Snapshot;
use zone::Outcome;

pub(crate) use zone::Zone;

/// Route 53. Serves `dns.record`.
///
/// - A record has no tags, so its place (zone, name, set-identifier) says whose it is.
/// - The A and the AAAA of one name and set-identifier are one record: they are seen
///   together and change in one batch.
/// - Changes to one zone that come together go out in one atomic batch, and wait together
///   until every name server has them. An update deletes the record exactly as it was
///   seen and creates it anew, so it fails if someone edited it meanwhile.
/// - A refused batch is halved until the change at fault is alone; what then stands there
///   decides what came of it.
/// - A record of another kind at the same name that Route 53 lets ours not stand beside (a
///   simple A, a CNAME, another routing policy) is foreign. Another set-identifier is a neighbour: that is what weights are
///   for.
/// - An adopted record is one change: theirs goes and ours comes in one batch. So either
///   one stands there, and our set-identifier is the mark.
#[derive(Debug, Clone)]
pub struct Route53 {
    aws: Aws,
}

impl Route53 {
    pub(crate) fn new(aws: Aws) -> Self {
        Self { aws }
    }

    async fn ensure_record(
        &self,
        step: &Step,
        wanted: &Record,
    ) -> Result<StepOutcome, ProviderError> {
        let zone = self.aws.zone(&wanted.zone)?;
        let what = named(wanted);
        let mut doubt = false;
        let mut refused: Option<String> = None;
        // A first create needs no look before: Route 53 itself refuses a second one.
        let mut look = step.before.is_some() || step.uncertain;
        loop {
            let found = match (look, &step.adopt) {
                (true, None) => zone.read_fresh(wanted).await?,
                (true, Some(_)) => zone.read_adopted(step, wanted).await?,
                (false, _) => None,
            };
            let (observed, sets) = match found {
                Some((observed, sets)) => (Some(observed), sets),
                None => (None, Vec::new()),
            };
            let decision = if look {
                decide(&zone.context, &what, step, observed.as_ref(), doubt)?
            } else {
                Decision::Create
            };
            if let Decision::Done(changed) = decision {
                return Ok(StepOutcome {
                    changed,
                    outputs: Default::default(),
                });
            }
            if let Some(messages) = refused {
                let text = format!("{what} can't be changed: {messages}");
                return Err(zone.context.fail(ProviderErrorKind::Refused, text));
            }
            let change = change(decision, step, sets)?;
            match Zone::submit(&zone, change).await? {
                Outcome::Insync => {
                    return Ok(StepOutcome {
                        changed: true,
                        outputs: Default::default(),
                    });
                }
                Outcome::Refused {
                    messages,
                    doubt: unclear,
                } => {
                    doubt |= unclear;
                    look = true;
                    refused = Some(messages);
                }
            }
        }
    }
}

/// What to send.
fn change(
    decision: Decision,
    step: &Step,
    found: Vec<ResourceRecordSet>,
) -> Result<Change, ProviderError> {
    let create = match (decision, &step.after) {
        (Decision::Create | Decision::Update, Some(Resource::Record(record))) => {
            convert::to_sets(record)?
        }
        (_, None) => Vec::new(),
        _ => return Err(not_ours()),
    };
    let delete = match decision {
        Decision::Create => Vec::new(),
        _ => found,
    };
    Ok(Change { delete, create })
}

#[async_trait]
impl Provider for Route53 {
    fn snapshot(&self) -> Arc<dyn Snapshot> {
        Arc::new(Route53Snapshot::new(self.aws.clone()))
    }

    async fn observe(&self, wanted: &Resource) -> Result<Option<Observed>, ProviderError> {
        let Resource::Record(wanted) = wanted else {
            return Err(not_ours());
        };
        let zone = self.aws.zone(&wanted.zone)?;
        Ok(zone.read_fresh(wanted).await?.map(|(observed, _)| observed))
    }

    async fn observe_foreign(
        &self,
        wanted: &Resource,
        adoption: &Adoption,
    ) -> Result<Option<Observed>, ProviderError> {
        let Resource::Record(wanted) = wanted else {
            return Err(not_ours());
        };
        let zone = self.aws.zone(&wanted.zone)?;
        zone.observe_foreign(wanted, adoption).await
    }

    async fn ensure(&self, step: &Step) -> Result<StepOutcome, ProviderError> {
        match step.after.as_ref().or(step.before.as_ref()) {
            Some(Resource::Record(wanted)) => self.ensure_record(step, wanted).await,
            Some(_) => Err(not_ours()),
            None => Ok(StepOutcome::default()),
        }
    }
}

fn not_ours() -> ProviderError {
    ProviderError::new(
        ProviderErrorKind::Refused,
        "route53",
        "the Route 53 adapter was given another system's effect",
    )
}

fn named(wanted: &Record) -> String {
    let which = match wanted.set_identifier.as_str() {
        "" => "simple",
        identifier => identifier,
    };
    let kind = match (wanted.has_a(), &wanted.aaaa) {
        (true, Some(_)) => "A and AAAA",
        (false, Some(_)) => "AAAA",
        (_, None) => "A",
    };
    format!("the record {} {kind} ({which})", wanted.name)
}
