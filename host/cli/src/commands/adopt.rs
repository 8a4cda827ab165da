//! `adopt`: something that is there becomes a target's own.

use std::process::ExitCode;
use std::sync::Arc;

use deploycenter_domain::name::Incarnation;
use deploycenter_domain::plan::Plan;
use deploycenter_engine::{Limits, Wishes};

use super::apply::{check_main, in_order, take_up};
use super::{Shared, cancel_on_ctrl_c, carry, conclude, removal};
use crate::args::AdoptArgs;
use crate::fail::Fail;
use crate::output::progress::LiveProgress;
use crate::wiring;

pub(super) async fn run(shared: &Shared, said: &AdoptArgs) -> Result<ExitCode, Fail> {
    let target = &said.target;
    if target.is_shared() && said.effects.is_empty() {
        return Err(Fail::usage(format!(
            "{target} holds no data; name what is to be taken over: argocd.project/{}",
            target.customer()
        )));
    }
    let progress = Arc::new(LiveProgress::stderr());
    let place = wiring::open_to_plan(shared.repo.as_deref(), Limits::default(), progress).await?;
    let head = check_main(&place, said.allow_dirty).await?;
    // A project goes along with the customer's instances: it is there for nobody else.
    let selection = removal::selection([target])?;
    let cancel = cancel_on_ctrl_c();
    let recovered = take_up(&place, &selection, &cancel).await?;
    if cancel.is_asked() {
        return conclude(shared.json, &recovered, &Default::default(), Vec::new(), "");
    }
    let mut wishes = Wishes {
        adopt: said.effects.iter().cloned().collect(),
        ..Wishes::default()
    };
    if wishes.adopt.is_empty() {
        let said = said.incarnation.map(Incarnation);
        wishes.revive = Some(place.engine.life_to_revive(target, said).await?);
    }
    let planned = place.engine.plan(&selection, &wishes).await?;
    if !planned.blocked.is_empty() {
        return Err(planned.blocked.into());
    }
    let Plan {
        installation,
        selectors,
        mut targets,
        ..
    } = planned.plan;
    if !said.allow_older {
        let (kept, older) = in_order(&place, targets, head.as_deref()).await?;
        if !older.is_empty() {
            return Err(Fail::problems("older-commit", "nothing was applied", older));
        }
        targets = kept;
    }
    let how = carry::How {
        yes: said.yes,
        quiet: false,
        main_commit: head,
    };
    let plan = Plan::new(installation, selectors, targets);
    carry::out(shared, &place, plan, how).await
}
