//! The command line's words for schemas and new deployment repos, and the ways out that it
//! offers.

use deploycenter_platform::{BundleError, NewRepoError, SchemaError};

use super::Fail;
use crate::words;

impl From<SchemaError> for Fail {
    fn from(error: SchemaError) -> Self {
        let fail = Self::of(&error);
        match error {
            SchemaError::Repository(error) => error.into(),
            SchemaError::Problems(problems) => problems.into(),
            SchemaError::Plugin(problem) => {
                fail.maybe_help(problem.help.as_ref().map(words::advice))
            }
            SchemaError::InTheWay { path, .. } => fail.help(format!(
                "schemas are written to plain files alone; remove {path}, and do this again"
            )),
            SchemaError::Unwritable { .. } => fail,
        }
    }
}

impl From<BundleError> for Fail {
    fn from(error: BundleError) -> Self {
        let fail = Self::of(&error);
        match error {
            BundleError::None => fail.help("build it with: cargo xtask build"),
            BundleError::Unusable { .. } => fail,
        }
    }
}

impl From<NewRepoError> for Fail {
    fn from(error: NewRepoError) -> Self {
        let fail = Self::of(&error);
        match error {
            NewRepoError::Taken { .. } => fail.help("name an empty or a new folder"),
            NewRepoError::Bundle(error) => error.into(),
            NewRepoError::Schemas(error) => error.into(),
            NewRepoError::Repository(error) => error.into(),
            NewRepoError::Already { .. }
            | NewRepoError::Address(_)
            | NewRepoError::Unwritable { .. } => fail,
        }
    }
}
