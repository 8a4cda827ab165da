//! Access points.

use aws_sdk_efs::types::{
    AccessPointDescription, CreationInfo, LifeCycleState, PosixUser, RootDirectory,
};
use deploycenter_domain::resource::{AccessPoint, Observed, Resource};
use deploycenter_domain::saga::decide::Decision;
use deploycenter_domain::token;
use deploycenter_ports::{ProviderError, ProviderErrorKind, Step, StepOutcome};

use super::lists::leaving;
use super::{RegionalEfs, outputs, ownership, tag_map, tags};
use crate::decide::decide;
use crate::sdk::polls::Polls;

impl RegionalEfs<'_> {
    pub(super) async fn observe_access_point(
        &self,
        wanted: &AccessPoint,
    ) -> Result<Option<Observed>, ProviderError> {
        let found = self.access_point_by_token(wanted).await?;
        Ok(found.map(|found| self.observed_access_point(&found)))
    }

    pub(super) async fn ensure_access_point(
        &self,
        step: &Step,
        wanted: &AccessPoint,
    ) -> Result<StepOutcome, ProviderError> {
        if step.before.is_none() && !step.uncertain {
            return self.create_access_point(step, wanted).await;
        }
        let found = self.access_point_by_token(wanted).await?;
        let observed = found
            .as_ref()
            .map(|found| self.observed_access_point(found));
        let decision = decide(
            &self.context,
            &named(wanted),
            step,
            observed.as_ref(),
            false,
        )?;
        let id = found.and_then(|found| found.access_point_id);
        match (decision, id) {
            (Decision::Create, _) => self.create_access_point(step, wanted).await,
            (Decision::Done(changed), Some(id)) => {
                self.access_point_available(wanted, &id).await?;
                Ok(StepOutcome { changed, outputs: outputs(&id) })
            }
            (Decision::Update, Some(_)) => Err(self
                .context
                .fail(ProviderErrorKind::Refused, format_args!("{} can't be changed", named(wanted)))
                .help("set its values back as they were: owner, group, permissions and path are fixed when it is made")),
            (Decision::Delete, Some(id)) => {
                self.delete_access_point(wanted, &id).await?;
                Ok(StepOutcome { changed: true, outputs: Default::default() })
            }
            (decision, None) => {
                let changed = matches!(decision, Decision::Done(true));
                Ok(StepOutcome { changed, outputs: Default::default() })
            }
        }
    }

    async fn create_access_point(
        &self,
        step: &Step,
        wanted: &AccessPoint,
    ) -> Result<StepOutcome, ProviderError> {
        let (uid, gid) = (i64::from(wanted.uid), i64::from(wanted.gid));
        let wrong = |error: aws_smithy_types::error::operation::BuildError| {
            self.context.fail(
                ProviderErrorKind::Refused,
                format_args!("{}: {error}", named(wanted)),
            )
        };
        let user = PosixUser::builder()
            .uid(uid)
            .gid(gid)
            .build()
            .map_err(wrong)?;
        let directory = CreationInfo::builder()
            .owner_uid(uid)
            .owner_gid(gid)
            .permissions(&wanted.permissions)
            .build()
            .map_err(wrong)?;
        let root = RootDirectory::builder()
            .path(&wanted.path)
            .creation_info(directory)
            .build();
        let mut polls = Polls::short(self.aws.clock());
        loop {
            let answer = self
                .client
                .create_access_point()
                .client_token(&wanted.client_token)
                .file_system_id(&wanted.file_system)
                .posix_user(user.clone())
                .root_directory(root.clone())
                .set_tags(Some(tags(&self.context, &step.owner, &wanted.name)?))
                .send()
                .await;
            let error = match answer {
                Ok(made) => {
                    let id = made.access_point_id.unwrap_or_default();
                    self.access_point_available(wanted, &id).await?;
                    return Ok(StepOutcome {
                        changed: true,
                        outputs: outputs(&id),
                    });
                }
                Err(error) => error,
            };
            let failed = || {
                self.context
                    .failure(format_args!("create {}", named(wanted)), &error)
            };
            let Some(service) = error.as_service_error() else {
                return Err(failed());
            };
            if service.is_access_point_already_exists() {
                if let Some(found) = self.access_point_by_token(wanted).await? {
                    let observed = self.observed_access_point(&found);
                    let decision =
                        decide(&self.context, &named(wanted), step, Some(&observed), false)?;
                    let id = found.access_point_id.unwrap_or_default();
                    self.access_point_available(wanted, &id).await?;
                    let changed = decision == Decision::Done(true);
                    return Ok(StepOutcome {
                        changed,
                        outputs: outputs(&id),
                    });
                }
                // On another file system, or on its way out: the latter passes.
            } else if !service.is_incorrect_file_system_life_cycle_state() {
                return Err(failed());
            }
            if !polls.again().await {
                return Err(failed());
            }
        }
    }

    async fn delete_access_point(
        &self,
        wanted: &AccessPoint,
        id: &str,
    ) -> Result<(), ProviderError> {
        match self
            .client
            .delete_access_point()
            .access_point_id(id)
            .send()
            .await
        {
            Ok(_) => {}
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|e| e.is_access_point_not_found()) =>
            {
                return Ok(());
            }
            Err(error) => {
                return Err(self
                    .context
                    .failure(format_args!("delete {} ({id})", named(wanted)), &error));
            }
        }
        let mut polls = Polls::long(self.aws.clock());
        while self
            .access_point_state(id)
            .await?
            .is_some_and(|state| state != LifeCycleState::Deleted)
        {
            if !polls.again().await {
                return Err(self.context.fail(
                    ProviderErrorKind::Unhealthy,
                    format_args!("{} ({id}) isn't gone after ten minutes", named(wanted)),
                ));
            }
        }
        Ok(())
    }

    async fn access_point_available(
        &self,
        wanted: &AccessPoint,
        id: &str,
    ) -> Result<(), ProviderError> {
        let mut polls = Polls::long(self.aws.clock());
        loop {
            match self.access_point_state(id).await? {
                Some(LifeCycleState::Available) => return Ok(()),
                Some(LifeCycleState::Error) => {
                    return Err(self.context.fail(
                        ProviderErrorKind::Unhealthy,
                        format_args!("{} ({id}) has failed", named(wanted)),
                    ));
                }
                state => {
                    if !polls.again().await {
                        let state = state.map_or("not there".to_owned(), |state| state.to_string());
                        return Err(self.context.fail(
                            ProviderErrorKind::Unhealthy,
                            format_args!(
                                "{} ({id}) is still {state} after ten minutes",
                                named(wanted)
                            ),
                        ));
                    }
                }
            }
        }
    }

    async fn access_point_state(&self, id: &str) -> Result<Option<LifeCycleState>, ProviderError> {
        match self
            .client
            .describe_access_points()
            .access_point_id(id)
            .send()
            .await
        {
            Ok(answer) => {
                let found = answer.access_points.unwrap_or_default().into_iter().next();
                Ok(found.and_then(|found| found.life_cycle_state))
            }
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|e| e.is_access_point_not_found()) =>
            {
                Ok(None)
            }
            Err(error) => Err(self
                .context
                .failure(format_args!("read the access point {id}"), &error)),
        }
    }

    /// EFS can't be asked by client token, so its file system's access points are listed,
    /// or the region's when the file system isn't known yet.
    async fn access_point_by_token(
        &self,
        wanted: &AccessPoint,
    ) -> Result<Option<AccessPointDescription>, ProviderError> {
        let file_system =
            token::is_plain(&wanted.file_system).then_some(wanted.file_system.as_str());
        let mut all = self.read_access_points(file_system).await?;
        Ok(all
            .remove(&wanted.client_token)
            .filter(|found| !leaving(found.life_cycle_state.as_ref())))
    }

    pub(super) fn observed_access_point(&self, found: &AccessPointDescription) -> Observed {
        let tags = tag_map(found.tags.as_deref().unwrap_or_default());
        let root = found.root_directory.as_ref();
        let directory = root.and_then(|root| root.creation_info.as_ref());
        let user = found.posix_user.as_ref();
        // An id beyond 32 bits can't be ours; the largest stands for it and differs.
        let narrow = |id: i64| u32::try_from(id).unwrap_or(u32::MAX);
        let state = AccessPoint {
            region: self.region.clone(),
            file_system: found.file_system_id.clone().unwrap_or_default(),
            client_token: found.client_token.clone().unwrap_or_default(),
            name: found
                .name
                .clone()
                .or_else(|| tags.get("Name").cloned())
                .unwrap_or_default(),
            path: root.and_then(|root| root.path.clone()).unwrap_or_default(),
            uid: user.map_or(0, |user| narrow(user.uid)),
            gid: user.map_or(0, |user| narrow(user.gid)),
            permissions: directory
                .map(|one| one.permissions.clone())
                .unwrap_or_default(),
        };
        Observed {
            state: Resource::AccessPoint(state),
            ownership: ownership(&tags),
            outputs: outputs(found.access_point_id.as_deref().unwrap_or_default()),
        }
    }
}

fn named(wanted: &AccessPoint) -> String {
    format!("the access point {}", wanted.name)
}
