//! Why a target isn't planned, as programs tell it.

use std::fmt;

use deploycenter_ports::BesideCode;
use serde::{Serialize, Serializer};

/// Why a target isn't planned. Its [`RefusalCode::as_str`] is stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RefusalCode {
    /// Someone holds it.
    Held,
    /// Someone else changed it.
    Drifted,
    /// Something that isn't ours stands where its own should.
    Exists,
    /// Something in another place takes away from what it would make.
    Beside(BesideCode),
    /// Its branch can't be made.
    BranchInTheWay,
    /// A thing of its name was deleted and isn't gone yet.
    Leaving,
    /// A secret that only a person can give isn't there.
    SecretMissing,
    /// Its last deployment waits for a person.
    NeedsAttention,
    /// Its last deployment is at work, or was interrupted.
    Locked,
    /// It can't be removed while it is desired.
    StillDesired,
    /// It can't be taken up again while it isn't desired.
    NotDesired,
    /// It runs, so there is nothing to go on with.
    Deployed,
    /// It doesn't run, so there is nothing to change or remove.
    NotDeployed,
    /// No data of it is there.
    NothingRetained,
    /// Its data is in another region.
    OtherRegion,
    /// Instances of its customer share it.
    StillUsed,
    /// It uses all of its data.
    NothingUnused,
    /// A cluster or an operator would refuse the change.
    Permanent,
    /// Its data is at a version that doesn't go back.
    DataVersion,
    /// What would come back names things that are gone.
    MadeAnew,
    /// Nobody holds it.
    NotHeld,
    /// Nobody committed anything to its folder.
    NothingToAccept,
    /// What was committed can't be kept.
    NotAcceptable,
    /// What would stand in its folder may not.
    BaseRefused,
    /// There is no such deployment to go back to.
    UnknownDeployment,
    /// Data of several of its incarnations is left.
    ManyIncarnations,
}

impl RefusalCode {
    /// The stable name, for programs: `held`, `drifted`, `secret-missing`, ….
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Drifted => "drifted",
            Self::Exists => "exists",
            Self::Beside(code) => code.as_str(),
            Self::BranchInTheWay => "branch-in-the-way",
            Self::Leaving => "leaving",
            Self::SecretMissing => "secret-missing",
            Self::NeedsAttention => "needs-attention",
            Self::Locked => "locked",
            Self::StillDesired => "still-desired",
            Self::NotDesired => "not-desired",
            Self::Deployed => "deployed",
            Self::NotDeployed => "not-deployed",
            Self::NothingRetained => "nothing-retained",
            Self::OtherRegion => "other-region",
            Self::StillUsed => "still-used",
            Self::NothingUnused => "nothing-unused",
            Self::Permanent => "permanent",
            Self::DataVersion => "data-version",
            Self::MadeAnew => "made-anew",
            Self::NotHeld => "not-held",
            Self::NothingToAccept => "nothing-to-accept",
            Self::NotAcceptable => "not-acceptable",
            Self::BaseRefused => "base-refused",
            Self::UnknownDeployment => "unknown-deployment",
            Self::ManyIncarnations => "many-lives",
        }
    }
}

impl fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for RefusalCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
