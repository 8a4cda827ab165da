//! Targets that a plan leaves out until someone says what is to become of them: held,
//! changed by someone else, or with a deployment that hasn't ended.

use std::collections::BTreeSet;

use deploycenter_domain::base_change::permanent::ImpossibleChange;
use deploycenter_domain::data_version::DataVersionChange;
use deploycenter_domain::desired::Instance;
use deploycenter_domain::effect::EffectId;
use deploycenter_domain::hold::Hold;
use deploycenter_domain::journal::Status;
use deploycenter_domain::name::{DeploymentId, Incarnation, RegionName, TargetId};
use deploycenter_domain::problem::Problem;
use deploycenter_domain::remedy::{Advice, Remedy, Targets};
use deploycenter_domain::resource::{Ownership, Resource};
use deploycenter_ports::{DeployedRecord, ProviderError};

use crate::refusal_code::RefusalCode;
use crate::snapshot::{Unfinished, has_something};

/// A target that isn't planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Which.
    pub target: TargetId,
    /// Why, for a program.
    pub code: RefusalCode,
    /// Why, for a person.
    pub message: String,
    /// The way out.
    pub help: Advice,
}

impl Refusal {
    /// As a problem of an `apply`.
    #[must_use]
    pub fn problem(&self) -> Problem {
        Problem::new(format!("{}: {}", self.target, self.message)).help(self.help.clone())
    }

    /// Of an instance whose customer's shared target is blocked.
    pub(crate) fn of_instance(&self, instance: &TargetId) -> Self {
        Self {
            target: instance.clone(),
            message: format!("{} comes before it: {}", self.target, self.message),
            ..self.clone()
        }
    }

    /// `drift`: what someone else changed besides.
    pub(crate) fn held(
        target: &TargetId,
        hold: &Hold,
        waiting: usize,
        drift: Option<&Self>,
    ) -> Self {
        let wait = if waiting == 1 {
            "change waits"
        } else {
            "changes wait"
        };
        let besides = drift.map_or_else(String::new, |drift| format!("; {}", drift.message));
        Self {
            target: target.clone(),
            code: RefusalCode::Held,
            message: format!("{}; {waiting} {wait}{besides}", words(hold)),
            help: ("let it go on with: ", Remedy::Release(target.clone())).into(),
        }
    }

    pub(crate) fn unfinished(target: &TargetId, unfinished: &Unfinished) -> Self {
        let Unfinished {
            deployment,
            status,
            reason,
            holder,
            ..
        } = unfinished;
        let (code, message, first) = match holder {
            Some(holder) => (
                RefusalCode::Locked,
                format!("its deployment {deployment} is at work: {holder}"),
                "wait until it is done; should it be interrupted, it goes on with: ",
            ),
            None if *status == Status::NeedsAttention => {
                let reason = reason.as_deref().unwrap_or("it doesn't say why");
                (
                    RefusalCode::NeedsAttention,
                    format!("its deployment {deployment} needs attention: {reason}"),
                    "mend the cause, then: ",
                )
            }
            None => (
                RefusalCode::Locked,
                format!("its deployment {deployment} was interrupted"),
                "go on with it: ",
            ),
        };
        Self {
            target: target.clone(),
            code,
            message,
            help: Advice::from((first, Remedy::Resume(Targets::One(target.clone()))))
                .and(("; or take it back: ", Remedy::Cancel(target.clone()))),
        }
    }

    /// Its branch can't be made.
    pub(crate) fn no_branch(target: &TargetId, failure: ProviderError) -> Self {
        Self {
            target: target.clone(),
            code: RefusalCode::BranchInTheWay,
            message: failure.message,
            help: failure
                .help
                .unwrap_or_else(|| "look at the remote's branches".into()),
        }
    }

    /// A thing of that name was deleted and isn't gone yet.
    pub(crate) fn leaving(target: &TargetId, id: &EffectId, state: &Resource) -> Self {
        let help = match state {
            Resource::Secret(secret) => format!(
                "restore it, and it is used again: aws secretsmanager restore-secret --region {} --secret-id {}; or wait until it is gone, for new values",
                secret.region, secret.name
            ),
            _ => "restore it, or wait until it is gone".to_owned(),
        };
        let name = match state {
            Resource::Secret(secret) => format!("{} ", secret.name),
            _ => String::new(),
        };
        Self {
            target: target.clone(),
            code: RefusalCode::Leaving,
            message: format!("{id}: {name}{}", Ownership::LEAVING),
            help: help.into(),
        }
    }

    /// A secret that only a person can give isn't there.
    pub(crate) fn secret_missing(instance: &Instance, name: &str, purpose: &str) -> Self {
        let (target, at) = (&instance.target, &instance.at);
        Self {
            target: target.clone(),
            code: RefusalCode::SecretMissing,
            message: format!(
                "the secret \"{name}\" ({purpose}) is missing; {}:{} needs it",
                at.file, at.line
            ),
            help: (
                "give it with: ",
                Remedy::SecretSet {
                    target: Some(target.clone()),
                    name: Some(name.to_owned()),
                },
            )
                .into(),
        }
    }

    pub(crate) fn still_desired(instance: &Instance) -> Self {
        let at = &instance.at;
        Self {
            target: instance.target.clone(),
            code: RefusalCode::StillDesired,
            message: format!("it is still desired, at {}:{}", at.file, at.line),
            help: "take it out of the desired state, commit and push; then remove it".into(),
        }
    }

    pub(crate) fn not_desired(target: &TargetId) -> Self {
        Self {
            target: target.clone(),
            code: RefusalCode::NotDesired,
            message: "it isn't desired".to_owned(),
            help: "put it into the desired state first, commit and push".into(),
        }
    }

    pub(crate) fn deployed(target: &TargetId) -> Self {
        Self {
            target: target.clone(),
            code: RefusalCode::Deployed,
            message: "it is deployed: there is nothing to go on with".to_owned(),
            help: (
                "to take over something that isn't ours, name the effect: ",
                Remedy::adopt_any(target),
            )
                .into(),
        }
    }

    pub(crate) fn nothing_retained(target: &TargetId, said: Option<Incarnation>) -> Self {
        let of = said.map_or_else(String::new, |incarnation| {
            format!(", incarnation {incarnation},")
        });
        Self {
            target: target.clone(),
            code: RefusalCode::NothingRetained,
            message: format!("nothing of it{of} is retained"),
            help: Advice::from(("deploy it anew: ", Remedy::apply(target))).and((
                "; to take over something that isn't ours, name the effect: ",
                Remedy::adopt_any(target),
            )),
        }
    }

    pub(crate) fn nothing_left(target: &TargetId, said: Option<Incarnation>) -> Self {
        let of = said.map_or_else(String::new, |incarnation| {
            format!(", incarnation {incarnation},")
        });
        Self {
            target: target.clone(),
            code: RefusalCode::NothingRetained,
            message: format!("nothing of it{of} is left"),
            help: Advice::from(Remedy::Orphans).and(" lists what is left of others"),
        }
    }

    pub(crate) fn retained_elsewhere(
        target: &TargetId,
        region: &RegionName,
        instance: &Instance,
    ) -> Self {
        let (at, wanted) = (&instance.at, &instance.region);
        Self {
            target: target.clone(),
            code: RefusalCode::OtherRegion,
            message: format!(
                "its data is retained in {region}, and {}:{} wants it in {wanted}",
                at.file, at.line
            ),
            help: (
                format!("set its region to {region}, or deploy it anew: "),
                Remedy::apply(target),
            )
                .into(),
        }
    }

    pub(crate) fn still_used(target: &TargetId) -> Self {
        Self {
            target: target.clone(),
            code: RefusalCode::StillUsed,
            message: format!("instances of {} share it", target.customer()),
            help: "it goes with the last of them".into(),
        }
    }

    pub(crate) fn nothing_unused(target: &TargetId) -> Self {
        Self {
            target: target.clone(),
            code: RefusalCode::NothingUnused,
            message: "it has no data that it doesn't use".to_owned(),
            help: Advice::from(Remedy::Orphans).and(" lists what is left of others"),
        }
    }

    pub(crate) fn not_deployed(target: &TargetId, last: Option<&DeployedRecord>) -> Self {
        if target.is_shared() {
            return Self {
                target: target.clone(),
                code: RefusalCode::NotDeployed,
                message: "it is what a customer's instances share, and no instance".to_owned(),
                help: "it follows its instances: name one of them".into(),
            };
        }
        if last.is_some_and(|last| !last.ended) {
            return Self {
                target: target.clone(),
                code: RefusalCode::Drifted,
                message: "someone else took its folder off its branch".to_owned(),
                help: ("put it back first: ", Remedy::reclaim(target)).into(),
            };
        }
        let retained = last.filter(|last| has_something(last));
        let (message, help) = match retained {
            Some(last) => (
                format!(
                    "it was removed already, by {} on {}; its data is retained",
                    last.deployment,
                    last.at.strftime("%Y-%m-%d")
                ),
                ("to delete its data too: ", Remedy::purge(target, None)).into(),
            ),
            None => (
                "it isn't deployed".to_owned(),
                Advice::from(Remedy::Status).and(" lists what is"),
            ),
        };
        Self {
            target: target.clone(),
            code: RefusalCode::NotDeployed,
            message,
            help,
        }
    }

    /// Changes that a cluster or an operator would refuse.
    pub(crate) fn permanent(target: &TargetId, found: &[ImpossibleChange]) -> Self {
        let what: Vec<&str> = found.iter().map(|it| it.what.as_str()).collect();
        let mut ways: Vec<&str> = found.iter().map(|it| it.way).collect();
        ways.dedup();
        Self {
            target: target.clone(),
            code: RefusalCode::Permanent,
            message: what.join("; "),
            help: ways.join("; ").into(),
        }
    }

    pub(crate) fn migrated(target: &TargetId, change: &DataVersionChange) -> Self {
        Self {
            target: target.clone(),
            code: RefusalCode::DataVersion,
            message: format!(
                "its data was migrated since, from {} to {}, and the app can't take that back",
                change.to, change.from
            ),
            help: "restore a backup from before; or, if the data fits the older version, say --data-compatible".into(),
        }
    }

    pub(crate) fn made_anew(target: &TargetId, deployment: &DeploymentId, what: &[String]) -> Self {
        Self {
            target: target.clone(),
            code: RefusalCode::MadeAnew,
            message: format!(
                "the files of {deployment} name what isn't there any more: {}",
                what.join(", ")
            ),
            help: "what is lost comes back only as another, which no volume takes: destroy and purge the target, deploy it anew and restore a backup".into(),
        }
    }

    pub(crate) fn not_held(target: &TargetId) -> Self {
        Self {
            target: target.clone(),
            code: RefusalCode::NotHeld,
            message: "it isn't held".to_owned(),
            help: Advice::from(("nothing is to be released: ", Remedy::apply(target)))
                .and(" goes on"),
        }
    }

    pub(crate) fn nothing_to_accept(target: &TargetId) -> Self {
        Self {
            target: target.clone(),
            code: RefusalCode::NothingToAccept,
            message: "nobody committed anything to its folder since its last deployment".to_owned(),
            help: (
                "what someone changed outside of git is put back by: ",
                Remedy::reclaim(target),
            )
                .into(),
        }
    }

    pub(crate) fn not_acceptable(target: &TargetId, files: &[&str]) -> Self {
        Self {
            target: target.clone(),
            code: RefusalCode::NotAcceptable,
            message: format!(
                "{} was changed by hand, and Argo CD isn't told by these files",
                files.join(", ")
            ),
            help: (
                "change the desired state instead, and put the files back: ",
                Remedy::reclaim(target),
            )
                .into(),
        }
    }

    /// Files or applications that aren't planned from today's plugin hold what today's
    /// may not.
    pub(crate) fn base_refused(target: &TargetId, whence: &str, found: &[String]) -> Self {
        Self {
            target: target.clone(),
            code: RefusalCode::BaseRefused,
            message: format!(
                "{whence} hold what a target's folder may not: {}",
                found.join("; ")
            ),
            help: Advice::from(("go on from the desired state: ", Remedy::reclaim(target))).and((
                "; a target that is pinned to a plugin from before moves on with ",
                Remedy::Sync(Targets::All),
            )),
        }
    }

    pub(crate) fn no_way_back(
        target: &TargetId,
        to: Option<&DeploymentId>,
        known: &[DeploymentId],
    ) -> Self {
        let message = match to {
            Some(to) => format!("{to} is no deployment of it that could be gone back to"),
            None => "there is nothing before its present state to go back to".to_owned(),
        };
        // Without a name, all of them left what is there.
        let known = known.iter().take(if to.is_some() { 5 } else { 0 });
        let known: Vec<&str> = known.map(DeploymentId::as_str).collect();
        Self {
            target: target.clone(),
            code: RefusalCode::UnknownDeployment,
            message,
            help: if known.is_empty() {
                Remedy::History(target.clone()).into()
            } else {
                format!("those that could: {}", known.join(", ")).into()
            },
        }
    }

    /// What came before differs from what is there by versions of secrets alone.
    pub(crate) fn only_secrets_before(target: &TargetId) -> Self {
        Self {
            target: target.clone(),
            code: RefusalCode::UnknownDeployment,
            message: "what was deployed before differs from its present state in the versions of secrets alone, and those don't go back".to_owned(),
            help: (
                "give the secret's earlier value anew: ",
                Remedy::SecretSet {
                    target: Some(target.clone()),
                    name: None,
                },
            )
                .into(),
        }
    }

    pub(crate) fn many_incarnations(target: &TargetId, left: &BTreeSet<Incarnation>) -> Self {
        let left: Vec<String> = left.iter().map(ToString::to_string).collect();
        Self {
            target: target.clone(),
            code: RefusalCode::ManyIncarnations,
            message: format!(
                "data of several of its incarnations is left: {}",
                left.join(", ")
            ),
            help: Advice::from(("name one with --incarnation N; ", Remedy::Orphans))
                .and(" lists what each holds"),
        }
    }

    /// The same, where the target doesn't follow the desired state: what is put back is
    /// what is held, or what is gone back to.
    pub(crate) fn off_course(mut self, held: Option<&DeploymentId>) -> Self {
        let target = &self.target;
        let rollback = Remedy::Rollback {
            target: target.clone(),
            to: held.cloned(),
            reclaim: true,
            data_compatible: false,
        };
        self.help = match held {
            Some(_) => Advice::from(("put back what is held: ", rollback)).and((
                "; or hold what was committed: ",
                Remedy::Accept(Targets::One(target.clone())),
            )),
            None => self.help.and(("; or go back over it: ", rollback)),
        };
        self
    }
}

/// A hold in words.
fn words(hold: &Hold) -> String {
    let at = hold
        .deployment
        .as_ref()
        .map_or_else(String::new, |id| format!(" at {id}"));
    format!("held{at} by {}: {}", hold.by, hold.reason)
}
