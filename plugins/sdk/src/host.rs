//! The host behind the imports. A plugin in its sandbox has the one that runs it; a test
//! on the author's machine brings a stand-in of its own.

use crate::PlanError;
use crate::argocd::{Options, Role};
use crate::efs::{Owner, Volume};
use crate::network::Opening;
use crate::quota::Quota;

/// How much a logged line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Details for the plugin's author.
    Debug,
    /// What happens.
    Info,
    /// What whoever deploys the target should know.
    Warn,
    /// What is wrong.
    Error,
}

/// What the host offers: one function for each of the imports, and what they say there.
/// Errors are sentences for the author of the app or of the values.
#[expect(
    clippy::missing_errors_doc,
    reason = "each is documented where plugins call it"
)]
pub trait Host {
    /// See [`rendering::render`](crate::rendering::render); `context` is a JSON object.
    fn render(&mut self, template: &str, context: &str) -> Result<String, PlanError>;
    /// See [`rendering::templates`](crate::rendering::templates).
    fn templates(&mut self, prefix: &str) -> Vec<String>;
    /// See [`efs::ensure_volume`](crate::efs::ensure_volume).
    fn ensure_volume(&mut self, name: &str, class: &str, owner: &Owner) -> Result<Volume, String>;
    /// See [`route53::ensure_record`](crate::route53::ensure_record).
    fn ensure_record(&mut self, name: &str, domain: &str) -> Result<String, String>;
    /// See [`secrets::ensure_generated`](crate::secrets::ensure_generated).
    fn ensure_generated(&mut self, name: &str, keys: &[(&str, u32)]) -> Result<String, String>;
    /// See [`secrets::require_given`](crate::secrets::require_given).
    fn require_given(&mut self, name: &str, key: &str, purpose: &str) -> Result<String, String>;
    /// See [`git::ensure_file`](crate::git::ensure_file).
    fn ensure_file(&mut self, path: &str, content: &str) -> Result<String, String>;
    /// See [`argocd::ensure_application`](crate::argocd::ensure_application).
    fn ensure_application(&mut self, role: Role, options: &Options) -> Result<String, String>;
    /// See [`network::open`](crate::network::open).
    fn open(&mut self, opening: &Opening) -> Result<(), String>;
    /// See [`quota::ensure_quota`](crate::quota::ensure_quota).
    fn ensure_quota(&mut self, quota: &Quota) -> Result<(), String>;
    /// See [`graph::depends_on`](crate::graph::depends_on).
    fn depends_on(&mut self, effect: &str, on: &str) -> Result<(), String>;
    /// See [`log`](crate::log).
    fn log(&mut self, level: Level, message: &str);
}

#[cfg(target_arch = "wasm32")]
pub(crate) use imports::call;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use stand_in::call;
#[cfg(not(target_arch = "wasm32"))]
pub use stand_in::with;

#[cfg(target_arch = "wasm32")]
mod imports {
    use super::{Host, Level, Opening, Options, Owner, PlanError, Quota, Role, Volume};
    use crate::argocd::SyncOption;
    use crate::bindings::deploycenter::argocd::argocd;
    use crate::bindings::deploycenter::aws::{efs, route53, secrets};
    use crate::bindings::deploycenter::git::git;
    use crate::bindings::deploycenter::log::log;
    use crate::bindings::deploycenter::plugin::graph;
    use crate::bindings::deploycenter::rendering::rendering;
    use crate::bindings::deploycenter::tenancy::{network, quota};
    use crate::network::{Port, Protocol};

    struct Imports;

    pub(crate) fn call<R>(ask: impl FnOnce(&mut dyn Host) -> R) -> R {
        ask(&mut Imports)
    }

    impl Host for Imports {
        fn render(&mut self, template: &str, context: &str) -> Result<String, PlanError> {
            rendering::render(template, context).map_err(|error| PlanError::Render {
                template: error.template,
                line: error.line,
                message: error.message,
            })
        }

        fn templates(&mut self, prefix: &str) -> Vec<String> {
            rendering::templates(prefix)
        }

        fn ensure_volume(
            &mut self,
            name: &str,
            class: &str,
            owner: &Owner,
        ) -> Result<Volume, String> {
            let owner = efs::Owner {
                uid: owner.uid,
                gid: owner.gid,
                permissions: owner.permissions.clone(),
            };
            let volume = efs::ensure_volume(name, class, &owner)?;
            Ok(Volume {
                file_system_id: volume.file_system_id,
                access_point_id: volume.access_point_id,
                handle: volume.handle,
            })
        }

        fn ensure_record(&mut self, name: &str, domain: &str) -> Result<String, String> {
            route53::ensure_record(name, domain)
        }

        fn ensure_generated(&mut self, name: &str, keys: &[(&str, u32)]) -> Result<String, String> {
            let keys: Vec<_> = keys
                .iter()
                .map(|(key, length)| secrets::GeneratedKey {
                    key: (*key).to_owned(),
                    length: *length,
                })
                .collect();
            secrets::ensure_generated(name, &keys)
        }

        fn require_given(
            &mut self,
            name: &str,
            key: &str,
            purpose: &str,
        ) -> Result<String, String> {
            secrets::require_given(name, key, purpose)
        }

        fn ensure_file(&mut self, path: &str, content: &str) -> Result<String, String> {
            git::ensure_file(path, content)
        }

        fn ensure_application(&mut self, role: Role, options: &Options) -> Result<String, String> {
            let role = match role {
                Role::Base => argocd::ApplicationRole::Base,
                Role::Workload => argocd::ApplicationRole::Workload,
            };
            let sync_options = options.sync_options.iter().map(|option| match option {
                SyncOption::ApplyOutOfSyncOnly => argocd::SyncOption::ApplyOutOfSyncOnly,
                SyncOption::FailOnSharedResource => argocd::SyncOption::FailOnSharedResource,
                SyncOption::PruneInBackground => argocd::SyncOption::PruneInBackground,
                SyncOption::PruneLast => argocd::SyncOption::PruneLast,
                SyncOption::RespectIgnoreDifferences => {
                    argocd::SyncOption::RespectIgnoreDifferences
                }
                SyncOption::ServerSideApply => argocd::SyncOption::ServerSideApply,
                SyncOption::SkipDryRunOnMissingResource => {
                    argocd::SyncOption::SkipDryRunOnMissingResource
                }
            });
            let ignored = options.ignored_differences.iter();
            let options = argocd::ApplicationOptions {
                sync_options: sync_options.collect(),
                ignored_differences: ignored
                    .map(|ignored| argocd::IgnoredDifference {
                        group: ignored.group.clone(),
                        kind: ignored.kind.clone(),
                        name: ignored.name.clone(),
                        json_pointers: ignored.json_pointers.clone(),
                    })
                    .collect(),
            };
            argocd::ensure_application(role, &options)
        }

        fn open(&mut self, opening: &Opening) -> Result<(), String> {
            match opening {
                Opening::Http { port, more } => network::open_http(*port, more),
                Opening::Peers(ports) => network::open_peers(&written(ports)),
                Opening::Metrics(port) => network::open_metrics(*port),
                Opening::Public(ports) => network::open_public(&written(ports)),
                Opening::Smtp(port) => network::open_smtp(*port),
                Opening::Web => network::open_web(),
                Opening::Postgres => network::open_postgres(),
                Opening::Mariadb(instances) => network::open_mariadb(*instances),
                Opening::Redis => network::open_redis(),
            }
        }

        fn ensure_quota(&mut self, quota: &Quota) -> Result<(), String> {
            let Quota {
                cpu_millicores,
                memory,
                memory_limit,
                storage,
                pods,
                claims,
            } = *quota;
            quota::ensure_quota(quota::Figures {
                cpu_millicores,
                memory,
                memory_limit,
                storage,
                pods,
                claims,
            })
        }

        fn depends_on(&mut self, effect: &str, on: &str) -> Result<(), String> {
            graph::depends_on(effect, on)
        }

        fn log(&mut self, level: Level, message: &str) {
            let level = match level {
                Level::Debug => log::Level::Debug,
                Level::Info => log::Level::Info,
                Level::Warn => log::Level::Warn,
                Level::Error => log::Level::Error,
            };
            log::log(level, message);
        }
    }

    fn written(ports: &[Port]) -> Vec<network::Port> {
        ports
            .iter()
            .map(|port| network::Port {
                number: port.number,
                protocol: match port.protocol {
                    Protocol::Tcp => network::Protocol::Tcp,
                    Protocol::Udp => network::Protocol::Udp,
                },
            })
            .collect()
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod stand_in {
    use std::cell::RefCell;

    use super::Host;

    thread_local! {
        static STAND_IN: RefCell<Option<Box<dyn Host>>> = const { RefCell::new(None) };
    }

    /// Runs `work` with `host` behind the imports of this thread, and gives back its
    /// answer. It ends with the work, a panic of which included.
    ///
    /// # Panics
    /// When the work brings a stand-in itself.
    pub fn with<R>(host: impl Host + 'static, work: impl FnOnce() -> R) -> R {
        struct Leave;
        impl Drop for Leave {
            fn drop(&mut self) {
                STAND_IN.take();
            }
        }
        let before = STAND_IN.replace(Some(Box::new(host)));
        let _leave = Leave;
        assert!(before.is_none(), "a stand-in is there already");
        work()
    }

    pub(crate) fn call<R>(ask: impl FnOnce(&mut dyn Host) -> R) -> R {
        STAND_IN.with_borrow_mut(|host| match host {
            Some(host) => ask(host.as_mut()),
            None => panic!("outside the sandbox a plugin has no host; a test brings one"),
        })
    }
}
