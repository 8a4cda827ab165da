//! What objects say of how Argo CD syncs and deletes them.

/// The annotation that says how Argo CD syncs an object.
pub const SYNC_OPTIONS: &str = "argocd.argoproj.io/sync-options";
/// Its value that keeps Argo CD from deleting or pruning the object.
pub const PROTECTED: &str = "Delete=false,Prune=false";
/// Its value that keeps Argo CD from deleting the object with its application, and lets it
/// prune what isn't wanted any more: for what guards and holds no data.
pub const UNDELETED: &str = "Delete=false";
/// [`SYNC_OPTIONS`] and [`PROTECTED`], as a line of a manifest.
pub const PROTECTION: &str = "argocd.argoproj.io/sync-options: \"Delete=false,Prune=false\"";
