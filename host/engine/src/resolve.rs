//! What targets want: pins, values of all layers, the plugin's answer, the graph. Nobody
//! outside is asked; what is known of a target comes in.

mod explain;
mod pins;
mod problems;
mod render;
mod resolver;
mod shared;
mod validate;
mod wanted;

pub(crate) use problems::{at, no_such_target};
pub(crate) use resolver::Resolver;
pub use validate::{Valid, Warning};
pub(crate) use wanted::Wanted;
