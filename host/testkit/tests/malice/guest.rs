//! Hostile plugins, written in WebAssembly text.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use deploycenter_domain::declaration::{Manifest, Request};
use deploycenter_domain::desired::LockedPlugin;
use deploycenter_plugin_package::{API_VERSION, GRANTS, PackageError, PluginFile, Source, package};
use deploycenter_plugin_runtime::{Compiler, LoadError, Plugin, Runtime, RuntimeConfig};
use serde_json::json;
use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// A runtime that has foreign plugins compiled apart and keeps nothing.
pub(crate) fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        Runtime::new(RuntimeConfig {
            compiler: Some(Compiler {
                program: env!("CARGO_BIN_EXE_deploycenter-testkit-compile-plugin").into(),
                arguments: Vec::new(),
            }),
            ..RuntimeConfig::default()
        })
        .unwrap()
    })
}

/// All of a plugin file but its code; it asks for everything.
pub(crate) fn source() -> Source {
    Source {
        manifest: Manifest {
            app: "hostile".parse().unwrap(),
            version: "1.0.0".to_owned(),
            api_version: API_VERSION.to_owned(),
            description: "Hostile".to_owned(),
            grants: GRANTS.iter().map(|&grant| grant.to_owned()).collect(),
            data_versions: BTreeMap::new(),
            migration: None,
        },
        schema: json!({}),
        values: "{}".to_owned(),
        templates: BTreeMap::from([
            ("empty".to_owned(), String::new()),
            (
                "slow".to_owned(),
                "[% for i in range(9000) %][% for j in range(20) %][% endfor %][% endfor %]"
                    .to_owned(),
            ),
        ]),
        chart: BTreeMap::new(),
    }
}

/// The imports that a guest may name, and what it exports.
const IMPORTS: &str = r#"
    (import "deploycenter:rendering/rendering@0.1.0" "render" (func $render (param i32 i32 i32 i32 i32)))
    (import "deploycenter:rendering/rendering@0.1.0" "templates" (func $templates (param i32 i32 i32)))
    (import "deploycenter:git/git@0.1.0" "ensure-file" (func $file (param i32 i32 i32 i32 i32)))
    (import "deploycenter:aws/secrets@0.1.0" "ensure-generated" (func $secret (param i32 i32 i32 i32 i32)))
    (import "deploycenter:log/log@0.1.0" "log" (func $log (param i32 i32 i32)))
    (import "deploycenter:plugin/graph@0.1.0" "depends-on" (func $edge (param i32 i32 i32 i32 i32)))
"#;

const WORLD: &str = "package test:guest; world guest {
    import deploycenter:plugin/graph@0.1.0;
    import deploycenter:rendering/rendering@0.1.0;
    import deploycenter:aws/secrets@0.1.0;
    import deploycenter:git/git@0.1.0;
    import deploycenter:log/log@0.1.0;
    export deploycenter:plugin/planning@0.1.0;
    export deploycenter:plugin/validation@0.1.0;
}";

/// A core module of these fields beside the usual ones; `$plan` and `$validate` are theirs.
/// Its memory of 16 MiB has texts at 64 and room from 4096 on; what the host allocates in
/// it overlaps.
pub(crate) fn module(fields: &str) -> Vec<u8> {
    let text = format!(
        r#"(module {IMPORTS}
            (memory (export "memory") 256)
            (data (i32.const 64) "empty")
            (data (i32.const 72) "slow")
            (data (i32.const 80) "{{}}")
            (data (i32.const 96) "dependencies/aa.yaml")
            (data (i32.const 128) "secret-aa")
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 2048))
            {fields}
            (export "deploycenter:plugin/planning@0.1.0#plan" (func $plan))
            (export "deploycenter:plugin/validation@0.1.0#validate" (func $validate)))"#
    );
    wat::parse_str(text).unwrap()
}

/// A `$plan` with that body, which leaves nothing on the stack, and a `$validate` that
/// finds nothing.
pub(crate) fn planning(body: &str) -> Vec<u8> {
    module(&format!(
        "(func $plan (param i32 i32 i32 i32 i32 i32) (result i32) (local $i i32) {body} (i32.const 0))
         (func $validate (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 0))"
    ))
}

/// A plugin that plans nothing, with fields of its own.
pub(crate) fn with(fields: &str) -> Vec<u8> {
    module(&format!(
        "{fields}
         (func $plan (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 0))
         (func $validate (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 0))"
    ))
}

/// A plugin file of a core module.
pub(crate) fn plugin(core: Vec<u8>, source: &Source) -> Vec<u8> {
    packaged(core, source).unwrap()
}

/// The same, or why there can't be such a file: packaging reads what it wrote.
pub(crate) fn packaged(mut core: Vec<u8>, source: &Source) -> Result<Vec<u8>, PackageError> {
    let mut resolve = Resolve::default();
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
    for folder in [
        "types",
        "rendering",
        "aws",
        "git",
        "argocd",
        "tenancy",
        "log",
        "plugin",
    ] {
        resolve.push_dir(wit.join(folder)).unwrap();
    }
    let guest = resolve.push_str("test.wit", WORLD).unwrap();
    let world = resolve.select_world(&[guest], None).unwrap();
    embed_component_metadata(&mut core, &resolve, world, StringEncoding::UTF8, false).unwrap();
    package(&core, source)
}

/// Its entry in `plugins.lock`, which approves all that it asks for.
pub(crate) fn locked(bytes: &[u8]) -> LockedPlugin {
    let file = PluginFile::read(bytes).unwrap();
    file.locked("plugins/hostile.wasm".to_owned())
}

/// Loads a plugin, as the engine does when a target of it is planned.
pub(crate) fn load(bytes: &[u8]) -> Result<Arc<Plugin>, LoadError> {
    runtime().load(bytes, &locked(bytes), &BTreeMap::new())
}

/// What it is asked.
pub(crate) fn request() -> Request {
    Request {
        target: "acme/hostile".parse().unwrap(),
        values: json!({}),
        context: json!({ "domain": "a.example.com" }),
        storage: BTreeMap::new(),
        secret_prefix: "deploycenter/inst-1/acme/hostile/".to_owned(),
    }
}
