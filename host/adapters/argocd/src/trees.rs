//! What the takeover of a folder needs to know of git.

use async_trait::async_trait;
use deploycenter_git::Git;
use deploycenter_ports::ProviderError;

/// Reads trees of the generated branches.
#[async_trait]
pub trait TreeReader: Send + Sync + std::fmt::Debug {
    /// The id of the tree at `path` in a commit, 40 hexadecimal digits; `None` when the
    /// commit or the path isn't there.
    ///
    /// # Errors
    /// When the remote can't be read.
    async fn tree_at(&self, commit: &str, path: &str) -> Result<Option<String>, ProviderError>;

    /// Who changed the folder at `path` since it had that tree, in words, as the branch is
    /// now; `None` while it has it.
    ///
    /// # Errors
    /// When the remote can't be read.
    async fn overtaken(
        &self,
        branch: &str,
        path: &str,
        tree: &str,
    ) -> Result<Option<String>, ProviderError>;
}

#[async_trait]
impl TreeReader for Git {
    async fn tree_at(&self, commit: &str, path: &str) -> Result<Option<String>, ProviderError> {
        Self::tree_at(self, commit, path).await
    }

    async fn overtaken(
        &self,
        branch: &str,
        path: &str,
        tree: &str,
    ) -> Result<Option<String>, ProviderError> {
        Self::overtaken(self, branch, path, tree).await
    }
}
