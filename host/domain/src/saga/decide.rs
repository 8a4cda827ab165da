//! What a step does about what it finds: one function, whatever the system.
//!
//! An adapter says what the step wants ([`Aim`]) and what is there ([`Found`]), and does
//! what is decided, or words the [`Obstacle`] as its system calls things.

use crate::resource::{Adoption, Owner, Ownership};

/// When a system's things get the marks that say which deployment's they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marks {
    /// When they are made, or by nothing but their place: who changed them since isn't told.
    /// Tags of AWS, records, folders.
    AtMaking,
    /// With each change, in the same call: what bears none was never ours, and the mark is
    /// of the last that changed it. Labels of Argo CD.
    WithEachChange,
}

/// What a step wants.
#[derive(Debug, Clone, Copy)]
pub struct Aim<'a> {
    /// In whose name.
    pub owner: &'a Owner,
    /// Whether something was there when the plan was made.
    pub before: bool,
    /// Whether something is to be there afterwards.
    pub after: bool,
    /// Whether it takes back what its own deployment did.
    pub undo: bool,
    /// Whether an attempt of this very step may have gone through already.
    pub doubt: bool,
    /// That what isn't ours is to be taken over; with `undo`, given back.
    pub adopt: Option<&'a Adoption>,
    /// When the system marks its things.
    pub marks: Marks,
}

/// What is there.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    /// Whose it is.
    pub ownership: &'a Ownership,
    /// Whether it is as before.
    pub as_before: bool,
    /// Whether it is as wanted.
    pub as_after: bool,
    /// Whether it is on the way: each field as before or as wanted. Asked of adoptions
    /// alone, which may take more than one call.
    pub between: bool,
}

/// What is left to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Nothing; whether this deployment made the change earlier.
    Done(bool),
    /// Make it.
    Create,
    /// Lead it from before to after.
    Update,
    /// Remove it.
    Delete,
}

/// Why nothing may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// What was to be changed isn't there any more.
    Gone,
    /// It is another effect's, another incarnation's, another installation's, or none of ours.
    Foreign,
    /// It is this effect's, by another deployment than the one that takes itself back.
    Taken,
    /// It is neither as the plan found it nor as it is wanted.
    Changed,
    /// An adoption that doesn't lead from something to something.
    Incomplete,
}

/// Decides about one step.
///
/// # Errors
/// The [`Obstacle`] that leaves everything as it is.
pub fn decide(aim: &Aim<'_>, found: Option<&Found<'_>>) -> Result<Decision, Obstacle> {
    if let Some(adoption) = aim.adopt {
        return adopt(aim, adoption, found);
    }
    let Some(found) = found else {
        return match (aim.before, aim.after) {
            (_, false) => Ok(Decision::Done(aim.doubt)),
            (false, true) => Ok(Decision::Create),
            (true, true) => Err(Obstacle::Gone),
        };
    };
    // Whether this deployment's mark is on it; `None`: there are no marks.
    let ours = match found.ownership {
        Ownership::Owned(owner) if owner.same_thing(aim.owner) => {
            Some(owner.deployment == aim.owner.deployment)
        }
        Ownership::ByPlace => None,
        // Whatever this deployment made bears its mark, so this isn't that.
        Ownership::Foreign(_) if aim.undo && !aim.after && aim.marks == Marks::WithEachChange => {
            return Ok(Decision::Done(false));
        }
        Ownership::Owned(_) | Ownership::Foreign(_) => return Err(Obstacle::Foreign),
    };
    if aim.after {
        lead(aim, found, ours)
    } else {
        remove(aim, found, ours)
    }
}

fn lead(aim: &Aim<'_>, found: &Found<'_>, ours: Option<bool>) -> Result<Decision, Obstacle> {
    let of_last_change = aim.marks == Marks::WithEachChange;
    if found.as_after {
        // A mark that is set once tells who made it, and nothing of a change.
        let told = ours.filter(|_| !aim.before || of_last_change);
        return Ok(Decision::Done(told.unwrap_or(aim.doubt)));
    }
    if !aim.before || !found.as_before {
        return Err(Obstacle::Changed);
    }
    if aim.undo && of_last_change && ours == Some(false) {
        return Err(Obstacle::Taken);
    }
    Ok(Decision::Update)
}

/// Only what the marks say this deployment made is removed when it takes itself back, and
/// then in whatever state.
fn remove(aim: &Aim<'_>, found: &Found<'_>, ours: Option<bool>) -> Result<Decision, Obstacle> {
    match ours {
        Some(true) if aim.undo => Ok(Decision::Delete),
        Some(false) if aim.undo => Err(Obstacle::Taken),
        _ if found.as_before => Ok(Decision::Delete),
        _ => Err(Obstacle::Changed),
    }
}

/// Decides about one step of an adoption, or of its undoing. Both lead from one state to
/// the other, and our marks come first and go last: what doesn't bear them is as it was.
fn adopt(
    aim: &Aim<'_>,
    adoption: &Adoption,
    found: Option<&Found<'_>>,
) -> Result<Decision, Obstacle> {
    if !aim.before || !aim.after {
        return Err(Obstacle::Incomplete);
    }
    let found = found.ok_or(Obstacle::Gone)?;
    // Whether the mark is this deployment's; `None`: it bears none of this effect's.
    let mine = match found.ownership {
        Ownership::Owned(owner) if owner.same_thing(aim.owner) => {
            Some(owner.deployment == aim.owner.deployment)
        }
        Ownership::ByPlace => Some(aim.doubt),
        Ownership::Owned(owner) if adoption.former.as_ref() != Some(owner) => {
            return Err(Obstacle::Foreign);
        }
        Ownership::Owned(_) | Ownership::Foreign(_) => None,
    };
    match (mine, aim.undo) {
        (None, true) => Ok(Decision::Done(true)),
        (None, false) if found.as_before => Ok(Decision::Update),
        (Some(mine), false) if found.as_after => Ok(Decision::Done(mine)),
        (Some(false), true) => Err(Obstacle::Taken),
        // A mark that comes with each change is an earlier one's only if it led it back.
        (Some(mine), _) if found.between && (mine || aim.marks == Marks::WithEachChange) => {
            Ok(Decision::Update)
        }
        _ => Err(Obstacle::Changed),
    }
}

#[cfg(test)]
mod tests;
