//! The command line's words for a deployment repo that can't be worked on, and the ways out
//! that it offers.

use deploycenter_platform::{PlatformError, TrustError};

use super::Fail;

/// A remote as an operator might have one.
const EXAMPLE: &str = "https://git.example.com/ops/deploy.git";

impl From<PlatformError> for Fail {
    fn from(error: PlatformError) -> Self {
        let fail = Self::of(&error);
        match error {
            PlatformError::Repository(error) => error.into(),
            PlatformError::Desired(problems) => problems.into(),
            PlatformError::Provider(failure) => failure.into(),
            PlatformError::Store(error) => error.into(),
            PlatformError::Trust(error) => error.into(),
            PlatformError::Authority => fail.help("set it in deploycenter.toml"),
            PlatformError::TrackedState { folder, .. } => fail.help(format!(
                "git rm -r --cached {folder}, and look at who committed it"
            )),
            PlatformError::StateFolder { .. } | PlatformError::Runtime(_) => fail,
            PlatformError::NoRemote { .. } => {
                fail.help("add it with git remote add, or set git.remote in deploycenter.toml")
            }
            PlatformError::RepositoryUnset { remote } => {
                let address = remote.unwrap_or_else(|| EXAMPLE.to_owned());
                fail.help(format!(
                    "set it below [argocd], to the address that Argo CD has a login for, such as: repository = \"{address}\""
                ))
            }
            PlatformError::Plugins(problems) => fail.with_problems(problems),
        }
    }
}

impl From<TrustError> for Fail {
    fn from(error: TrustError) -> Self {
        let fail = Self::of(&error);
        match error {
            TrustError::File { .. } => fail.help(
                "DEPLOYCENTER_TRUST names a file outside the repo, such as: version = 1, argocd = [\"https://argocd.example.com\"], git = [\"https://git.example.com\"]",
            ),
            TrustError::InsideRepo { .. } => {
                fail.help("move it outside, and name that place in DEPLOYCENTER_TRUST")
            }
            TrustError::NoHost { .. }
            | TrustError::NoAddress { .. }
            | TrustError::NoHttp { .. } => fail,
            TrustError::AddressWithLogin => fail.help(
                "take what stands before the @, and what follows a ? or #, out of ARGOCD_SERVER",
            ),
            TrustError::OnlyTheRepo { origin } => fail.help(format!(
                "if the token is meant for it, set ARGOCD_SERVER={}; or name it in the file of DEPLOYCENTER_TRUST: argocd = [\"{origin}\"]",
                origin.in_short()
            )),
            TrustError::Unencrypted { origin } => fail.help(format!(
                "use https://; or, where nobody is on the way, name it in the file of DEPLOYCENTER_TRUST: argocd = [\"{origin}\"]"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use deploycenter_domain::address::Origin;
    use deploycenter_engine::ErrorCode;

    use super::*;

    #[test]
    fn a_token_that_goes_nowhere_comes_with_two_ways_out() {
        let origin = |text: &str| Origin::read(text).unwrap();
        for (error, help) in [
            (
                TrustError::OnlyTheRepo {
                    origin: origin("evil.example.com"),
                },
                "if the token is meant for it, set ARGOCD_SERVER=evil.example.com; or name it in the file of DEPLOYCENTER_TRUST: argocd = [\"https://evil.example.com\"]",
            ),
            (
                TrustError::Unencrypted {
                    origin: origin("http://10.0.0.7:8080"),
                },
                "use https://; or, where nobody is on the way, name it in the file of DEPLOYCENTER_TRUST: argocd = [\"http://10.0.0.7:8080\"]",
            ),
        ] {
            let fail = Fail::from(error.clone());
            assert_eq!(fail.code(), ErrorCode::Untrusted);
            assert_eq!(fail.in_short(), (error.to_string(), Some(help.to_owned())));
        }
    }
}
