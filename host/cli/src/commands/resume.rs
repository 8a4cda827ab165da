//! `resume`.

use std::process::ExitCode;

use clap::Args;
use deploycenter_domain::desired::did_you_mean;
use deploycenter_domain::escape::shown;
use deploycenter_domain::name::TargetId;
use deploycenter_engine::ResumeScope;
use deploycenter_platform::Platform;

use super::outcome::conclude;
use super::{CommandContext, cancel_on_ctrl_c};
use crate::fail::Fail;

/// Finish or unwind what was interrupted or needs attention
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  deploycenter resume\n  deploycenter resume acme/mattermost")]
pub(crate) struct ResumeArgs {
    /// <customer> or <customer>/<instance>; everything when absent
    pub(crate) targets: Vec<String>,
}

pub(super) async fn run(context: &CommandContext, args: &ResumeArgs) -> Result<ExitCode, Fail> {
    let targets = &args.targets;
    let wanted =
        |target: &TargetId| targets.is_empty() || targets.iter().any(|said| is_meant(said, target));
    let (place, busy) = context.open_to_commit().await?;
    drop(busy);
    known(&place, targets).await?;
    let outcomes = place
        .engine
        .resume(ResumeScope::All, wanted, &cancel_on_ctrl_c())
        .await?;
    if outcomes.is_empty() && !context.json {
        crate::output::errln!("Nothing is unfinished.");
    }
    conclude(context.json, &outcomes, &[])
}

/// Whether what was said means a target: `acme`, `acme/odoo`; what a customer's instances
/// share goes with any of them.
fn is_meant(said: &str, target: &TargetId) -> bool {
    let customer = target.customer().as_str();
    said == target.to_string()
        || said == customer
        || (target.is_shared() && said.split('/').next() == Some(customer))
}

/// Refuses what means no target that the journal knows: more likely a slip than one that
/// has nothing unfinished. The desired state may be broken while something is unfinished,
/// and isn't asked.
async fn known(place: &Platform, targets: &[String]) -> Result<(), Fail> {
    if targets.is_empty() {
        return Ok(());
    }
    let recorded = place.engine.store.targets().await?;
    let recorded: Vec<&TargetId> = recorded
        .iter()
        .map(|record| &record.target)
        .filter(|target| !target.is_shared())
        .collect();
    let Some(said) = targets
        .iter()
        .find(|said| !recorded.iter().any(|target| is_meant(said, target)))
    else {
        return Ok(());
    };
    let fail = Fail::new(
        "unknown-target",
        format!("nothing of \"{}\" was ever deployed from here", shown(said)),
    );
    let names: Vec<String> = if said.contains('/') {
        recorded.iter().map(ToString::to_string).collect()
    } else {
        let customers = recorded.iter().map(|target| target.customer().to_string());
        customers.collect()
    };
    Err(match did_you_mean(said, names.iter().map(String::as_str)) {
        Some(help) => fail.help(help),
        None => fail,
    })
}
