//! Who a caller is, and what is theirs.

/// The access key of the sandbox's administrator, who may assume roles and read everything.
pub const ACCESS_KEY_ID: &str = "AKIASANDBOXADMIN0001";
/// The administrator's secret key. Not a secret: a sandbox listens on loopback only.
pub const SECRET_ACCESS_KEY: &str = "sandbox-administrator";
/// The account of the administrator, which owns nothing.
pub const ADMINISTRATOR_ACCOUNT: &str = "000000000000";

/// Whose call it is.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// The account whose things the caller sees; none: the administrator, who sees all.
    pub(crate) account: Option<String>,
    /// The caller's ARN.
    pub(crate) arn: String,
    /// The caller's unique id, as `GetCallerIdentity` gives it.
    pub(crate) user_id: String,
    /// The region that the request was signed for.
    pub(crate) region: String,
}

impl Caller {
    /// Whether something of this account may be shown to the caller.
    pub(crate) fn sees(&self, account: &str) -> bool {
        self.account.as_deref().is_none_or(|own| own == account)
    }

    /// The account in which the caller's writes land. Only sessions write.
    pub(crate) fn writes_to(&self) -> &str {
        self.account.as_deref().unwrap_or(ADMINISTRATOR_ACCOUNT)
    }
}

/// The account in a role's ARN.
pub(crate) fn role_account(role: &str) -> Option<&str> {
    let mut parts = role.split(':');
    (parts.nth(2) == Some("iam")).then_some(())?;
    parts.nth(1).filter(|account| !account.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_is_read_from_a_role() {
        assert_eq!(
            role_account("arn:aws:iam::111122223333:role/deploycenter"),
            Some("111122223333")
        );
        assert_eq!(role_account("arn:aws:s3:::bucket"), None);
        assert_eq!(role_account("deploycenter"), None);
    }
}
