//! `deploycenter:argocd/argocd`: the two applications of a target.

use deploycenter_domain::application::{ApplicationOptions, IgnoredDifference, SyncOption};
use deploycenter_domain::declaration::ApplicationRole;
use deploycenter_domain::effect::EffectKind;
use wasmtime::Error;

use crate::bindings::app::deploycenter::argocd::argocd;
use crate::state::{State, effect};

impl argocd::Host for State {
    fn ensure_application(
        &mut self,
        role: argocd::ApplicationRole,
        options: argocd::ApplicationOptions,
    ) -> Result<Result<String, String>, Error> {
        self.declare("argocd")?;
        let role = match role {
            argocd::ApplicationRole::Base => ApplicationRole::Base,
            argocd::ApplicationRole::Workload => ApplicationRole::Workload,
        };
        Ok(self.application(role, chosen(options)))
    }
}

impl State {
    fn application(
        &mut self,
        role: ApplicationRole,
        options: ApplicationOptions,
    ) -> Result<String, String> {
        let what = role.as_str();
        let problems = options.problems();
        if !problems.is_empty() {
            return Err(format!("the {what} application {}", problems.join("; ")));
        }
        let options = options.sorted();
        let id = effect(EffectKind::Application, what)?;
        match self.declaration.applications.get(&role) {
            Some(same) if *same == options => {}
            Some(_) => {
                return Err(format!(
                    "the {what} application is declared twice, with different options"
                ));
            }
            None => {
                self.declaration.applications.insert(role, options);
            }
        }
        Ok(id.into())
    }
}

fn chosen(options: argocd::ApplicationOptions) -> ApplicationOptions {
    use argocd::SyncOption as Asked;
    let sync_options = options.sync_options.into_iter().map(|option| match option {
        Asked::ApplyOutOfSyncOnly => SyncOption::ApplyOutOfSyncOnly,
        Asked::FailOnSharedResource => SyncOption::FailOnSharedResource,
        Asked::PruneInBackground => SyncOption::PruneInBackground,
        Asked::PruneLast => SyncOption::PruneLast,
        Asked::RespectIgnoreDifferences => SyncOption::RespectIgnoreDifferences,
        Asked::ServerSideApply => SyncOption::ServerSideApply,
        Asked::SkipDryRunOnMissingResource => SyncOption::SkipDryRunOnMissingResource,
    });
    let ignored = options.ignored_differences.into_iter();
    ApplicationOptions {
        sync_options: sync_options.collect(),
        ignored_differences: ignored
            .map(|ignored| IgnoredDifference {
                group: ignored.group,
                kind: ignored.kind,
                name: ignored.name,
                json_pointers: ignored.json_pointers,
            })
            .collect(),
    }
}
