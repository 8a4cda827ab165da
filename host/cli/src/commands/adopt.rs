//! `adopt`: something that is there becomes a target's own.

use std::process::ExitCode;

use clap::Args;
use deploycenter_domain::effect::EffectId;
use deploycenter_domain::name::{Incarnation, TargetId};
use deploycenter_domain::resource::Adoption;
use deploycenter_engine::Limits;
use deploycenter_engine::workflow::{self, AdoptRequest, PreparedAdoption};

use super::outcome::unless_stopped;
use super::{CommandContext, cancel_on_ctrl_c, confirm_and_deploy};
use crate::fail::Fail;

/// Take over what stands there already, or go on with retained data
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  deploycenter adopt acme/odoo dns.record/domain                 a record that stands there\n  deploycenter adopt acme/odoo efs.file-system/data=fs-0123abcd  a file system by its id\n  deploycenter adopt acme/odoo argocd.application/workload dns.record/domain\n  deploycenter adopt acme/odoo                                   go on with its retained data\n\nIt applies the target's desired state, and makes what it names the target's own. When that\nfails, what was taken over is given back as it was."
)]
pub(crate) struct AdoptArgs {
    /// <customer>/<instance>, or <customer>/_customer for its Argo CD project
    pub(crate) target: TargetId,
    /// What becomes which effect; none: the data that was retained of the target
    #[arg(value_name = "EFFECT[=ID]", value_parser = adopted)]
    pub(crate) effects: Vec<Adopted>,
    /// Without effects: which incarnation's data, when something is left of several
    #[arg(long, value_name = "N", conflicts_with = "effects")]
    pub(crate) incarnation: Option<u32>,
    /// Don't ask
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Apply a working tree that isn't committed and pushed
    #[arg(long)]
    pub(crate) allow_dirty: bool,
    /// Deploy an older commit of main over a newer one
    #[arg(long)]
    pub(crate) allow_older: bool,
}

/// Something to take over: the effect that it becomes, and its own id where its place
/// doesn't tell.
type Adopted = (EffectId, Adoption);

/// `dns.record/domain`, `efs.file-system/data=fs-0123`.
fn adopted(text: &str) -> Result<Adopted, String> {
    let (effect, id) = match text.split_once('=') {
        Some((_, "")) => return Err("there is nothing after the =".to_owned()),
        Some((effect, id)) => (effect, Some(id.to_owned())),
        None => (text, None),
    };
    let effect = effect.parse().map_err(|error| format!("{error}"))?;
    Ok((effect, Adoption { id, former: None }))
}

pub(super) async fn run(context: &CommandContext, args: &AdoptArgs) -> Result<ExitCode, Fail> {
    let target = &args.target;
    if target.is_shared() && args.effects.is_empty() {
        return Err(Fail::usage(format!(
            "{target} holds no data; name what is to be taken over: argocd.project/{}",
            target.customer()
        )));
    }
    let request = AdoptRequest {
        target: target.clone(),
        effects: args.effects.iter().cloned().collect(),
        incarnation: args.incarnation.map(Incarnation),
        allow_dirty: args.allow_dirty,
        allow_older: args.allow_older,
    };
    let (place, busy) = context.open_to_plan(Limits::default()).await?;
    let cancel = cancel_on_ctrl_c(&context.progress);
    let adoption = workflow::adopt(&place.engine, &request, &cancel).await;
    let PreparedAdoption {
        prepared,
        own_already,
    } = unless_stopped(context.json, adoption)?;
    drop(busy);
    if !context.json {
        for (target, effect) in own_already {
            crate::output::errln!(
                "Note: {effect} is {target}'s own already; there is nothing to take over."
            );
        }
    }
    let asks = confirm_and_deploy::Asks::with(args.yes);
    confirm_and_deploy::out(context, &place, prepared, asks, &cancel).await
}
