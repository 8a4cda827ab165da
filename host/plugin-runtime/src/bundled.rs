//! The guests that this binary brings.

include!(concat!(env!("OUT_DIR"), "/bundled.rs"));

/// The host's template engine, unless the guests weren't built.
pub(crate) fn renderer() -> Option<&'static [u8]> {
    RENDERER
}

/// The app plugins that this binary brings, as app name and plugin file, sorted by name.
/// Empty when it was built without `cargo xtask build`.
#[must_use]
pub fn bundled() -> &'static [(&'static str, &'static [u8])] {
    PLUGINS
}
