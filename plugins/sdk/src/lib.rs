//! What an app plugin is written with: a trait with two functions, and helpers that
//! declare what the app needs. Nothing is done while a plugin runs; the host shows what
//! was declared as a plan, and applies that.
//!
//! Namespace, quota, network policies, service account and secret store are the host's own:
//! an app declares figures ([`quota`]) and openings by their purpose ([`network`]), and
//! each entry of [`secrets`] becomes the Kubernetes secret `<app>-<entry>`. What isn't
//! declared isn't there: no port is open, and the quota has room for a small pod or two.
//!
//! ```
//! use deploycenter_sdk::efs::Owner;
//! use deploycenter_sdk::network::Opening;
//! use deploycenter_sdk::quota::Quota;
//! use deploycenter_sdk::{App, Deployment, PlanError, Request};
//!
//! #[derive(serde::Deserialize)]
//! struct Values {
//!     storage: String,
//! }
//!
//! struct Blog;
//!
//! impl App for Blog {
//!     type Values = Values;
//!
//!     fn plan(request: &Request<Values>) -> Result<(), PlanError> {
//!         Deployment::of(request)
//!             .volume("data", &request.values.storage, Owner::new(2000, 2000, "0750"))?
//!             .generated("database", &[("password", 32)])?
//!             .record()?
//!             .open(Opening::Http { port: 8080, more: vec![] })?
//!             .open(Opening::Postgres)?
//!             .quota(&Quota {
//!                 cpu_millicores: 1000,
//!                 memory: 1 << 30,
//!                 memory_limit: 2 << 30,
//!                 storage: 20 << 30,
//!                 pods: 6,
//!                 claims: 2,
//!             })?
//!             .finish()
//!     }
//! }
//!
//! deploycenter_sdk::register!(Blog);
//! ```

mod context;
mod deployment;
mod error;
mod request;
mod run;

pub mod argocd;
pub mod checks;
pub mod efs;
pub mod git;
pub mod graph;
pub mod host;
pub mod log;
pub mod network;
pub mod quantity;
pub mod quota;
pub mod rendering;
pub mod route53;
pub mod secrets;
pub mod values;

pub use context::{
    Cluster, Context, Ingress, Names, Region, Repository, StorageClass, StorageKind,
};
pub use deployment::Deployment;
pub use error::PlanError;
pub use request::{Request, Violation};
pub use serde_json;

/// What the WIT packages become in Rust. For the SDK and its macro only.
#[doc(hidden)]
pub mod bindings {
    wit_bindgen::generate!({
        world: "deploycenter:plugin/app",
        path: [
            "../../wit/types",
            "../../wit/rendering",
            "../../wit/aws",
            "../../wit/git",
            "../../wit/argocd",
            "../../wit/tenancy",
            "../../wit/log",
            "../../wit/plugin",
        ],
        generate_all,
        pub_export_macro: true,
        default_bindings_module: "deploycenter_sdk::bindings",
    });
}

#[doc(hidden)]
pub use run::Component;

/// An app: how its values are checked and what it needs. Both functions are pure; there
/// is no clock, no randomness, no file and no network to be impure with.
pub trait App {
    /// The merged values, which fit the app's `schema.json` by then.
    type Values: serde::de::DeserializeOwned;

    /// What is wrong with values that the schema lets through, such as two of them that
    /// don't go together. It can declare nothing.
    fn validate(request: &Request<Self::Values>) -> Vec<Violation> {
        let _ = request;
        Vec::new()
    }

    /// Declares all that the target needs; see [`Deployment`].
    ///
    /// # Errors
    /// When a template fails or the request can't be served.
    fn plan(request: &Request<Self::Values>) -> Result<(), PlanError>;
}

/// Makes a type that is an [`App`] the one that this plugin exports. Once a crate.
#[macro_export]
macro_rules! register {
    ($app:ty) => {
        // The exported names mean something to a component only; some linkers refuse them.
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            type Registered = $crate::Component<$app>;
    $crate::bindings::export!(Registered with_types_in $crate::bindings);
        };
        #[cfg(not(target_arch = "wasm32"))]
        const _: fn() = || {
            fn is_app<A: $crate::App>() {}
            is_app::<$app>();
        };
    };
}
