//! An instance that can't be deployed as it is written.

use super::customers::Instance;

/// An instance in which something is wrong, and was told: what its values can be checked
/// with.
#[derive(Debug)]
pub struct Draft {
    /// The instance. Where its names, domain or environment are wrong, others stand in; a
    /// region that isn't known stays unknown.
    pub instance: Instance,
    /// Whether its names are its own.
    pub named: bool,
    /// Whether it names an environment that there is: else some of its values are missing.
    pub known_environment: bool,
}
