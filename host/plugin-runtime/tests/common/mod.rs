//! What the tests of the runtime share.
#![expect(
    clippy::unwrap_used,
    dead_code,
    reason = "tests; not every one uses all of it"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use deploycenter_domain::declaration::{Manifest, Request};
use deploycenter_domain::desired::LockedPlugin;
use deploycenter_plugin_package::{API_VERSION, Source, package};
use deploycenter_plugin_runtime::{
    Compiler, LoadError, Mode, Plugin, PluginFile, Runtime, RuntimeConfig, bundled,
};
use serde_json::{Value, json};
use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// One runtime for all tests of a binary: the template engine compiles once.
pub(crate) fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        Runtime::new(RuntimeConfig {
            cache_dir: None,
            mode: Mode::OneShot,
            compiler: Some(compiler()),
        })
        .unwrap()
    })
}

/// The program that compiles this crate's hostile guests.
pub(crate) fn compiler() -> Compiler {
    Compiler {
        program: env!("CARGO_BIN_EXE_deploycenter-compile-plugin").into(),
        arguments: Vec::new(),
    }
}

/// A plugin that is permitted what it asks for.
pub(crate) fn load(
    bytes: &[u8],
    overrides: &BTreeMap<String, String>,
) -> Result<Arc<Plugin>, LoadError> {
    runtime().load(bytes, &locked(bytes), overrides)
}

/// Its entry in `plugins.lock`, which approves what it asks for.
pub(crate) fn locked(bytes: &[u8]) -> LockedPlugin {
    let file = PluginFile::read(bytes).unwrap();
    file.locked("plugins/it.wasm".to_owned())
}

/// The bundled plugin of Mattermost.
pub(crate) fn mattermost() -> &'static [u8] {
    bundled()
        .iter()
        .find(|(app, _)| *app == "mattermost")
        .expect("the guests are built by `cargo xtask guests`")
        .1
}

pub(crate) fn no_overrides() -> BTreeMap<String, String> {
    BTreeMap::new()
}

/// Templates of those names and sources.
pub(crate) fn templates<'a>(
    all: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> BTreeMap<String, String> {
    all.into_iter()
        .map(|(name, source)| (name.to_owned(), source.to_owned()))
        .collect()
}

/// A request for acme's Mattermost with the plugin's base values and these on top.
pub(crate) fn request(bytes: &[u8], values: Value) -> Request {
    let file = PluginFile::read(bytes).unwrap();
    let mut merged: Value = serde_norway::from_str(&file.base_values).unwrap();
    merged
        .as_object_mut()
        .unwrap()
        .extend(values.as_object().unwrap().clone());
    Request {
        target: "acme/mattermost".parse().unwrap(),
        values: merged,
        context: context(),
        storage: BTreeMap::from([
            ("efs".to_owned(), None),
            (
                "efs-shared".to_owned(),
                Some("fs-0123456789abcdef0".to_owned()),
            ),
        ]),
        secret_prefix: "deploycenter/inst-1/acme/mattermost/".to_owned(),
    }
}

pub(crate) fn context() -> Value {
    json!({
        "installation": "inst-1", "customer": "acme", "instance": "mattermost", "app": "mattermost",
        "environment": "prod", "incarnation": 1,
        "region": {
            "name": "us-west-2", "awsRegion": "us-west-2", "account": "111111111111",
            "cluster": { "name": "west", "server": "https://west.example.com" },
            "ingress": { "class": "nginx", "clusterIssuer": "letsencrypt" },
            "addons": null,
            "storageClasses": { "efs": { "kind": "dedicated", "default": true }, "efs-shared": { "kind": "existing" } },
            "defaultStorageClass": "efs"
        },
        "domain": "chat.acme.apps.example.com", "aliases": [], "weight": null,
        "names": {
            "namespace": "acme--mattermost", "application": "acme--mattermost", "baseApplication": "acme--mattermost--base",
            "project": "acme", "baseProject": "acme--base"
        },
        "labels": { "deploycenter.dev/customer": "acme", "app.kubernetes.io/managed-by": "deploycenter" },
        "repository": { "url": "https://git.example.com/deploy.git", "branch": "customer/acme", "folder": "us-west-2/mattermost" },
        "protect": "Delete=false,Prune=false"
    })
}

/// A plugin whose `plan` is written in WebAssembly text: a function body with the six
/// parameters of a request that leaves an i32, the address of the answer. The memory has
/// an `ok` at address 0.
pub(crate) fn guest(body: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
            (memory (export "memory") 1)
            (func $spin (loop br 0))
            (func $deep call $deep)
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
            (func (export "deploycenter:plugin/planning@0.1.0#plan") (param i32 i32 i32 i32 i32 i32) (result i32) {body}))"#
    );
    let mut core = wat::parse_str(text).unwrap();
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
    let package_id = resolve
        .push_str(
            "test.wit",
            "package test:guest; world guest { export deploycenter:plugin/planning@0.1.0; }",
        )
        .unwrap();
    let world = resolve.select_world(&[package_id], None).unwrap();
    embed_component_metadata(&mut core, &resolve, world, StringEncoding::UTF8, false).unwrap();
    let source = Source {
        manifest: Manifest {
            app: "hostile".parse().unwrap(),
            version: "1.0.0".to_owned(),
            api_version: API_VERSION.to_owned(),
            description: String::new(),
            grants: Vec::new(),
            data_versions: BTreeMap::new(),
            migration: None,
        },
        schema: json!({}),
        values: "{}".to_owned(),
        templates: BTreeMap::new(),
        chart: BTreeMap::new(),
    };
    package(&core, &source).unwrap()
}
