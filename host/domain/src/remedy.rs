//! Ways out of a refusal, a failure or a finding: which operation a person may ask for, as
//! data. Nothing here knows how one asks: the command line words a [`Remedy`] as a command,
//! another door as a button or a link.

use std::fmt;

use crate::effect::{EffectId, EffectKind};
use crate::name::{CustomerName, DeploymentId, Incarnation, TargetId};

/// An operation of ours that leads out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Remedy {
    /// Deploy what is desired.
    Apply {
        /// What of it.
        targets: Targets,
        /// Whether what someone else changed is put back.
        reclaim: bool,
    },
    /// Go on with what was interrupted or needs attention.
    Resume(Targets),
    /// Take an unfinished deployment back.
    Cancel(TargetId),
    /// Go back to an earlier deployment.
    Rollback {
        /// Which target.
        target: TargetId,
        /// To which deployment; `None`: the one before.
        to: Option<DeploymentId>,
        /// Whether what someone else changed is gone over.
        reclaim: bool,
        /// Whether the person says that the data fits the older version.
        data_compatible: bool,
    },
    /// Let a held target go on.
    Release(TargetId),
    /// Keep what someone else committed, and hold the target there.
    Accept(Targets),
    /// Remove a target, and keep its data.
    Destroy(TargetId),
    /// Delete what a target retains.
    Purge {
        /// Which target.
        target: TargetId,
        /// Only what it no longer uses.
        unused: bool,
        /// Of which incarnation, where that isn't the only one.
        incarnation: Option<Incarnation>,
    },
    /// Take over what stands.
    Adopt {
        /// For which target.
        targets: Targets,
        /// What.
        what: Adopted,
    },
    /// Give a secret.
    SecretSet {
        /// For which target; `None`: whichever is meant.
        target: Option<TargetId>,
        /// Which secret; `None`: whichever is meant.
        name: Option<String>,
    },
    /// Move a pinned target to the current plugin and overrides.
    Sync(Targets),
    /// Look at a target's deployments.
    History(TargetId),
    /// List what no target uses any more.
    Orphans,
    /// Look at what is deployed.
    Status,
    /// Have access and settings checked.
    Doctor,
    /// Make a deployment repo.
    Init,
    /// Have the desired state checked.
    Validate,
    /// See where a target's values come from.
    Explain,
    /// Make the schemas in a deployment repo anew.
    RenewSchemas,
}

impl Remedy {
    /// Puts targets as desired again, over what someone else changed.
    #[must_use]
    pub fn reclaim(target: &TargetId) -> Self {
        Self::Apply {
            targets: Targets::One(target.clone()),
            reclaim: true,
        }
    }

    /// Deploys a target as it is desired.
    #[must_use]
    pub fn apply(target: &TargetId) -> Self {
        Self::Apply {
            targets: Targets::One(target.clone()),
            reclaim: false,
        }
    }

    /// Takes something over that isn't ours, whichever effect is meant.
    #[must_use]
    pub fn adopt_any(target: &TargetId) -> Self {
        Self::Adopt {
            targets: Targets::One(target.clone()),
            what: Adopted::Any,
        }
    }

    /// Deletes all that is retained of a target, or of one incarnation of it.
    #[must_use]
    pub fn purge(target: &TargetId, incarnation: Option<Incarnation>) -> Self {
        Self::Purge {
            target: target.clone(),
            unused: false,
            incarnation,
        }
    }

    /// The operation's name.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Apply { .. } => "apply",
            Self::Resume(_) => "resume",
            Self::Cancel(_) => "cancel",
            Self::Rollback { .. } => "rollback",
            Self::Release(_) => "release",
            Self::Accept(_) => "accept",
            Self::Destroy(_) => "destroy",
            Self::Purge { .. } => "purge",
            Self::Adopt { .. } => "adopt",
            Self::SecretSet { .. } => "secret-set",
            Self::Sync(_) => "sync",
            Self::History(_) => "history",
            Self::Orphans => "orphans",
            Self::Status => "status",
            Self::Doctor => "doctor",
            Self::Init => "init",
            Self::Validate => "validate",
            Self::Explain => "explain",
            Self::RenewSchemas => "renew-schemas",
        }
    }
}

/// Of which targets an operation is asked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Targets {
    /// Of all.
    All,
    /// Of a customer's.
    Customer(CustomerName),
    /// Of one.
    One(TargetId),
    /// Of one that the person knows.
    Named,
}

/// What is taken over.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Adopted {
    /// What is retained of the target.
    Retained {
        /// Whether that is of several incarnations, and one has to be named.
        several: bool,
    },
    /// Something that isn't ours, whichever effect is meant.
    Any,
    /// What stands where an effect's thing should.
    Effect {
        /// Which effect.
        effect: EffectId,
        /// What the outside system calls it, where several could be meant.
        id: Option<String>,
    },
    /// One of several things of a kind, by the id that the person chooses.
    OneOf(EffectKind),
}

/// What to do about something: a sentence in which ways out stand.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Advice(Vec<Part>);

/// A part of an [`Advice`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Words.
    Text(String),
    /// An operation of ours, which each door words its own way.
    Remedy(Remedy),
}

impl Advice {
    /// The same, and more: text is joined as it is, without a blank between.
    #[must_use]
    pub fn and(mut self, more: impl Into<Self>) -> Self {
        for part in more.into().0 {
            match (self.0.last_mut(), part) {
                (Some(Part::Text(before)), Part::Text(text)) => before.push_str(&text),
                (_, part) => self.0.push(part),
            }
        }
        self
    }

    /// Its parts in order: no two texts stand side by side.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.0
    }

    /// The ways out that it names.
    pub fn remedies(&self) -> impl Iterator<Item = &Remedy> {
        self.0.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Remedy(remedy) => Some(remedy),
        })
    }
}

/// For a log or a test: each operation by its name alone.
impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.0 {
            match part {
                Part::Text(text) => f.write_str(text)?,
                Part::Remedy(remedy) => write!(f, "<{}>", remedy.as_str())?,
            }
        }
        Ok(())
    }
}

impl From<String> for Advice {
    fn from(text: String) -> Self {
        Self(vec![Part::Text(text)])
    }
}

impl From<&str> for Advice {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<&String> for Advice {
    fn from(text: &String) -> Self {
        text.clone().into()
    }
}

impl From<Remedy> for Advice {
    fn from(remedy: Remedy) -> Self {
        Self(vec![Part::Remedy(remedy)])
    }
}

/// `("put it back with: ", remedy)`: words, and the way out that they lead to.
impl<T: Into<String>> From<(T, Remedy)> for Advice {
    fn from((text, remedy): (T, Remedy)) -> Self {
        Self(vec![Part::Text(text.into()), Part::Remedy(remedy)])
    }
}
