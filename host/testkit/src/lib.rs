//! Harnesses: a whole world in one process, that dies where a test wants it to.

pub mod canary;
mod clock;
pub mod customers;
mod faulty;
mod gate;
mod inventory;
mod store;
pub mod trials;
mod twice;
mod world;

pub use faulty::GitFault;
pub use gate::Gate;
pub use inventory::Inventory;
pub use world::{Life, World, files};
