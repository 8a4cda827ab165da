//! Runs app plugins in a sandbox, and collects what they declare.
//!
//! A guest has no clock, no randomness, no files and no network; it imports nothing but
//! interfaces of `deploycenter:`, whose host side is in `capabilities/`. Nothing happens
//! while it runs: the result is a [`Declaration`](deploycenter_domain::declaration::Declaration).
//! Every call gets a store of its own, and an instance that trapped is never used again.

mod bindings;
mod bundled;
mod cache;
mod capabilities;
mod compile;
mod engine;
mod failure;
mod gate;
mod library;
mod limits;
mod plugin;
mod renderer;
mod runtime;
mod state;

pub use bundled::bundled;
pub use compile::{Compiler, compile_child};
pub use deploycenter_plugin_package::{
    GRANTS, LoadError, MAX_SIZE, PluginFile, TemplateError, read_below,
};
pub use deploycenter_ports::PluginError;
pub use deploycenter_private::PrivateFolder;
pub use engine::Mode;
pub use library::Library;
pub use plugin::Plugin;
pub use runtime::{Runtime, RuntimeConfig};
