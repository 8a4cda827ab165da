//! What an app's own tests are written with: its folder read as `xtask` packs it, values
//! merged and checked as the host does it, and both functions of the app run on the
//! author's machine, against a stand-in for the host that keeps what is declared.
//!
//! ```no_run
//! # use deploycenter_sdk::{App, PlanError, Request};
//! # struct Blog;
//! # impl App for Blog {
//! #     type Values = serde_json::Value;
//! #     fn plan(_: &Request<serde_json::Value>) -> Result<(), PlanError> { Ok(()) }
//! # }
//! use deploycenter_plugin_testkit::Kit;
//! use serde_json::json;
//!
//! let kit = Kit::of(env!("CARGO_MANIFEST_DIR"));
//! assert_eq!(kit.violations::<Blog>(json!({ "replicas": 2 })), []);
//! let declared = kit.plan::<Blog>(json!({ "replicas": 2 })).unwrap();
//! assert!(declared.files["values.yaml"].contains("replicas: 2"));
//! ```
//!
//! The stand-in isn't the sandbox: grants, limits and what a target may point at are the
//! host's to check, and its own tests run each bundled plugin through it.
#![cfg(not(target_arch = "wasm32"))]

mod declared;
mod kit;
mod place;
mod schema;
#[cfg(test)]
mod tests;

pub use declared::Declared;
pub use kit::Kit;
pub use place::place;
