//! What can be told without asking any outside system.

use std::sync::Arc;

use deploycenter_domain::name::InstallationId;
use deploycenter_ports::{Plugins, Repository};

use crate::Engine;

/// The part of an [`Engine`] that needs nobody: `validate`, `render` and `explain`.
#[derive(Debug, Clone)]
pub struct Offline {
    /// Whose deployment repo this is.
    pub installation: InstallationId,
    /// The URL of the repository with the generated branches, as Argo CD reads it.
    pub generated_url: String,
    /// The apps.
    pub plugins: Arc<dyn Plugins>,
    /// The deployment repo.
    pub repository: Arc<dyn Repository>,
}

impl Engine {
    /// The part that needs nobody.
    #[must_use]
    pub fn offline(&self) -> Offline {
        Offline {
            installation: self.installation.clone(),
            generated_url: self.generated_url.clone(),
            plugins: Arc::clone(&self.plugins),
            repository: Arc::clone(&self.repository),
        }
    }
}
