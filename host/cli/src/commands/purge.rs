//! `purge`.

use std::collections::BTreeSet;
use std::process::ExitCode;

use deploycenter_domain::name::Incarnation;

use super::Shared;
use super::removal::{self, Removal};
use crate::args::PurgeArgs;
use crate::fail::Fail;

pub(super) async fn run(shared: &Shared, said: &PurgeArgs) -> Result<ExitCode, Fail> {
    let target = &said.target;
    let removal = Removal {
        targets: BTreeSet::from([target.clone()]),
        confirmed: said.confirm.iter().cloned().collect(),
        allow_dirty: said.allow_dirty,
    };
    removal::run(shared, removal, async |engine, _| {
        if said.unused {
            engine.plan_prune(target).await
        } else {
            let life = said.incarnation.map(Incarnation);
            engine.plan_purge(target, life).await
        }
    })
    .await
}
