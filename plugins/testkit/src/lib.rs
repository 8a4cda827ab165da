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
//! What every app keeps to is tested already. An app's tests say its own cases, and one line
//! makes tests of them; [`usual_suite!`] does the same for values in the SDK's shapes:
//!
//! ```
//! # use deploycenter_sdk::{App, PlanError, Request};
//! # struct Blog;
//! # impl App for Blog {
//! #     type Values = serde_json::Value;
//! #     fn plan(_: &Request<serde_json::Value>) -> Result<(), PlanError> { Ok(()) }
//! # }
//! use deploycenter_plugin_testkit::Kit;
//! use deploycenter_plugin_testkit::suite::Cases;
//! use deploycenter_sdk::network::Opening;
//! use serde_json::{Value, json};
//!
//! impl Cases for Blog {
//!     fn kit() -> Kit {
//!         Kit::of(env!("CARGO_MANIFEST_DIR"))
//!     }
//!     fn fine() -> Vec<Value> {
//!         vec![json!({ "replicas": 2 })]
//!     }
//!     fn refused() -> Vec<(Value, &'static str, &'static str)> {
//!         vec![(json!({ "replicas": 9 }), "replicas-above-posts", "/replicas")]
//!     }
//!     fn unfit() -> Vec<Value> {
//!         vec![json!({ "replicas": 0 })]
//!     }
//!     fn openings() -> Vec<(Value, Vec<Opening>)> {
//!         vec![(json!({}), vec![Opening::Http { port: 80, more: vec![] }])]
//!     }
//! }
//!
//! deploycenter_plugin_testkit::suite!(Blog);
//! ```
//!
//! The stand-in isn't the sandbox: grants, limits and what a target may point at are the
//! host's to check, and its own tests run each bundled plugin through it.
#![cfg(not(target_arch = "wasm32"))]

mod declared;
mod kit;
mod place;
mod schema;
pub mod suite;
#[cfg(test)]
mod tests;
pub mod usual;

pub use declared::Declared;
pub use kit::Kit;
pub use place::place;
