//! The Argo CD stand-in answers and behaves as the real one was observed to: call by call
//! (`api`, `projects`, `creation`, `applications`), and over time with a real git repository
//! behind it (`sync`, `failures`, `removal`, `operations`, `habits`, `resources`, `scaling`, `secrets`, `away`).

#[path = "argocd/api.rs"]
mod api;
#[path = "argocd/applications.rs"]
mod applications;
#[path = "argocd/away.rs"]
mod away;
#[path = "argocd/creation.rs"]
mod creation;
#[path = "argocd/failures.rs"]
mod failures;
#[path = "argocd/habits.rs"]
mod habits;
#[path = "argocd/operations.rs"]
mod operations;
#[path = "argocd/projects.rs"]
mod projects;
#[path = "argocd/removal.rs"]
mod removal;
#[path = "argocd/resources.rs"]
mod resources;
#[path = "argocd/scaling.rs"]
mod scaling;
#[path = "argocd/secrets.rs"]
mod secrets;
#[path = "argocd/support.rs"]
mod support;
#[path = "argocd/sync.rs"]
mod sync;
