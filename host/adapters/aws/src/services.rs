//! The services of AWS that are used.

use crate::aws::Aws;
use crate::efs::Efs;
use crate::route53::Route53;
use crate::secrets::{ProvidedSecrets, Secrets};

impl Aws {
    /// File systems, mount targets and access points.
    #[must_use]
    pub fn efs(&self) -> Efs {
        Efs::new(self.clone())
    }

    /// Records.
    #[must_use]
    pub fn route53(&self) -> Route53 {
        Route53::new(self.clone())
    }

    /// Entries of Secrets Manager whose values are drawn.
    #[must_use]
    pub fn secrets(&self) -> Secrets {
        Secrets::new(self.clone())
    }

    /// Entries of Secrets Manager whose values a person gives.
    #[must_use]
    pub fn provided_secrets(&self) -> ProvidedSecrets {
        ProvidedSecrets::new(self.clone())
    }
}
