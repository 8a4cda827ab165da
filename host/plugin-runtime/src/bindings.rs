//! What the WIT packages become in Rust on the host's side.

/// The world of app plugins.
pub(crate) mod app {
    wasmtime::component::bindgen!({
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
        imports: { default: trappable },
    });
}

/// The world of the template engine.
pub(crate) mod engine {
    wasmtime::component::bindgen!({
        world: "renderer",
        path: "../../wit/renderer",
    });
}
