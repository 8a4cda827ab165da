//! What a volume is, and who owns it.

use serde::Serialize;

/// Who owns a volume's root directory; every access happens as this user and group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// POSIX user id.
    pub uid: u32,
    /// POSIX group id.
    pub gid: u32,
    /// Octal, 3 or 4 digits: `0750`.
    pub permissions: String,
}

impl Owner {
    /// User, group and octal permissions such as `0750`.
    pub fn new(uid: u32, gid: u32, permissions: impl Into<String>) -> Self {
        Self {
            uid,
            gid,
            permissions: permissions.into(),
        }
    }
}

/// What a persistent volume names. Each may be known only after apply: place it whole,
/// never cut or compare it. Templates see it as `[[ volumes.<name>.handle ]]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Volume {
    /// `fs-…`.
    pub file_system_id: String,
    /// `fsap-…`.
    pub access_point_id: String,
    /// `<file system>::<access point>`, the `volumeHandle` of the EFS CSI driver.
    pub handle: String,
}
