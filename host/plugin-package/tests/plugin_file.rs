//! Plugin files written and read, and refused by name where they aren't sound.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use deploycenter_domain::desired::LockedPlugin;
use deploycenter_domain::digest::Digest;
use deploycenter_plugin_package::{
    LoadError, PackageError, PluginFile, Source, package, read_below,
};
use wit_parser::Resolve;

/// A core module with `plan`, described for a world with these imports.
fn core(imports: &str) -> Vec<u8> {
    let uses_efs = imports.contains("aws/efs");
    let import = if uses_efs {
        r#"(import "deploycenter:aws/efs@0.1.0" "ensure-volume" (func (param i32 i32 i32 i32 i32 i32 i32 i32 i32)))"#
    } else {
        ""
    };
    let mut core = wat::parse_str(format!(
        r#"(module {import}
            (memory (export "memory") 1)
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
            (func (export "deploycenter:plugin/planning@0.1.0#plan") (param i32 i32 i32 i32 i32 i32) (result i32) unreachable))"#
    ))
    .unwrap();
    let mut resolve = Resolve::default();
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
    for folder in [
        "types",
        "rendering",
        "aws",
        "git",
        "argocd",
        "log",
        "tenancy",
        "plugin",
    ] {
        resolve.push_dir(wit.join(folder)).unwrap();
    }
    let world = format!(
        "package test:guest; world guest {{ {imports} export deploycenter:plugin/planning@0.1.0; }}"
    );
    let package_id = resolve.push_str("test.wit", &world).unwrap();
    let world = resolve.select_world(&[package_id], None).unwrap();
    wit_component::embed_component_metadata(
        &mut core,
        &resolve,
        world,
        wit_component::StringEncoding::UTF8,
        false,
    )
    .unwrap();
    core
}

/// An app's folder with these grants.
fn source(grants: &str) -> Result<Source, PackageError> {
    let folder = tempfile::tempdir().unwrap();
    let (app, shared) = (folder.path().join("app"), folder.path().join("shared"));
    let put = |path: &Path, text: &str| {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    put(
        &app.join("plugin.toml"),
        &format!(
            "app = \"blog\"\nversion = \"1.2.0\"\ndescription = \"A blog\"\ngrants = [{grants}]\nmigration = \"do this\"\n[data-versions]\n\"6.0\" = \"6\"\n"
        ),
    );
    put(&app.join("schema.json"), r#"{"type":"object"}"#);
    put(&app.join("values.yaml"), "replicas: 1 # one\n");
    put(&app.join("templates/values.yaml"), "a: [[ b ]]\n");
    put(&app.join("templates/values.yaml~"), "left by an editor");
    put(&app.join("chart/templates/x.yaml"), "{{ .Values.a }}\n");
    put(&app.join("chart/.helmignore"), "*.md\n");
    put(&shared.join("dependencies/redis.yaml"), "{}\n");
    Source::read(&app, &shared)
}

#[test]
fn what_goes_in_comes_out_and_the_bytes_are_the_same_each_time() {
    let source = source(r#""git", "efs""#).unwrap();
    let bytes = package(&core("import deploycenter:aws/efs@0.1.0;"), &source).unwrap();
    assert_eq!(
        bytes,
        package(&core("import deploycenter:aws/efs@0.1.0;"), &source).unwrap()
    );
    let file = PluginFile::read(&bytes).unwrap();
    assert_eq!(
        (
            file.manifest.app.as_str(),
            file.manifest.version.as_str(),
            file.manifest.api_version.as_str()
        ),
        ("blog", "1.2.0", "0.1.0")
    );
    assert_eq!(file.manifest.grants, ["efs", "git"]);
    assert_eq!(
        file.manifest.data_versions,
        BTreeMap::from([("6.0".to_owned(), "6".to_owned())])
    );
    assert_eq!(file.manifest.migration.as_deref(), Some("do this"));
    assert_eq!(file.base_values, "replicas: 1 # one\n");
    assert_eq!(
        file.templates.keys().collect::<Vec<_>>(),
        ["shared/dependencies/redis.yaml", "values.yaml"]
    );
    assert_eq!(
        file.chart.keys().collect::<Vec<_>>(),
        [".helmignore", "templates/x.yaml"]
    );
    assert!(
        file.imports
            .contains(&"deploycenter:aws/efs@0.1.0".to_owned()),
        "{:?}",
        file.imports
    );
    assert_eq!(file.exports, ["deploycenter:plugin/planning@0.1.0"]);
}

#[test]
fn an_import_beyond_the_grants_is_refused_by_name() {
    let error = package(
        &core("import deploycenter:aws/efs@0.1.0;"),
        &source(r#""git""#).unwrap(),
    )
    .unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("deploycenter:aws/efs@0.1.0") && text.contains("\"efs\""),
        "{text}"
    );
}

#[test]
fn an_unknown_grant_is_refused_with_those_that_there_are() {
    let text = source(r#""telepathy""#).unwrap_err().to_string();
    assert!(
        text.contains("plugin.toml") && text.contains("\"telepathy\"") && text.contains("route53"),
        "{text}"
    );
}

#[test]
fn foreign_imports_are_refused_by_name() {
    for foreign in ["wasi:clocks/wall-clock@0.2.0", "wasi:cli/environment@0.2.0"] {
        let mut bytes =
            wat::parse_str(format!(r#"(component (import "{foreign}" (instance)))"#)).unwrap();
        append_sections(&mut bytes);
        assert_eq!(
            PluginFile::read(&bytes),
            Err(LoadError::ForeignImport(foreign.to_owned()))
        );
    }
    let mut function = wat::parse_str(r#"(component (import "now" (func (result u64))))"#).unwrap();
    append_sections(&mut function);
    assert_eq!(
        PluginFile::read(&function),
        Err(LoadError::ForeignImport("now".to_owned()))
    );
}

#[test]
fn a_chart_that_argo_cd_would_read_otherwise_is_refused_by_its_file() {
    let mut source = source("").unwrap();
    source
        .chart
        .insert(".argocd-source.yaml".to_owned(), "helm: {}\n".to_owned());
    let refused = package(&core(""), &source).unwrap_err().to_string();
    assert!(
        refused
            .contains("chart/.argocd-source.yaml: Argo CD would change the application's source"),
        "{refused}"
    );
}

#[test]
fn what_is_no_plugin_is_refused() {
    let core_module = wat::parse_str("(module)").unwrap();
    let empty = wat::parse_str("(component)").unwrap();
    let good = package(&core(""), &source("").unwrap()).unwrap();
    assert!(matches!(
        PluginFile::read(b"not wasm at all"),
        Err(LoadError::NotAComponent(_))
    ));
    assert!(matches!(
        PluginFile::read(&core_module),
        Err(LoadError::NotAComponent(_))
    ));
    assert!(matches!(
        PluginFile::read(&good[..good.len() / 2]),
        Err(LoadError::NotAComponent(_) | LoadError::Section { .. })
    ));
    assert!(matches!(
        PluginFile::read(&empty),
        Err(LoadError::Section {
            section: "deploycenter:manifest",
            ..
        })
    ));
    assert!(matches!(
        PluginFile::read(&vec![0; 33 << 20]),
        Err(LoadError::TooLarge { .. })
    ));

    let mut no_plan = empty;
    append_sections(&mut no_plan);
    assert!(matches!(
        PluginFile::read(&no_plan),
        Err(LoadError::MissingExport(_))
    ));

    let mut twice = good;
    section(&mut twice, "deploycenter:values", b"");
    assert!(matches!(
        PluginFile::read(&twice),
        Err(LoadError::Section {
            section: "deploycenter:values",
            ..
        })
    ));
}

#[test]
fn a_chart_leads_nowhere_else() {
    for path in ["../x", "a/../../x", "/etc/x", "a//x", ".git/config", "a\\x"] {
        let mut parts = source("").unwrap();
        parts.chart.insert(path.to_owned(), String::new());
        let text = package(&core(""), &parts).unwrap_err().to_string();
        assert!(text.contains("deploycenter:chart"), "{path}: {text}");
    }
}

#[test]
fn what_is_permitted_is_asked_for_and_approved() {
    let bytes = package(
        &core("import deploycenter:aws/efs@0.1.0;"),
        &source(r#""git", "efs", "log""#).unwrap(),
    )
    .unwrap();
    let asked = PluginFile::read(&bytes)
        .unwrap()
        .locked("x.wasm".to_owned());
    let permitted = |change: fn(&mut LockedPlugin)| {
        let mut locked = asked.clone();
        change(&mut locked);
        PluginFile::read_locked(&bytes, &locked).map(|(_, permitted)| permitted)
    };
    assert_eq!(permitted(|_| {}).unwrap(), ["efs", "git", "log"]);
    // Approved beyond what is asked, and not all that is asked.
    let changed = permitted(|it| it.grants = vec!["efs".to_owned(), "route53".to_owned()]);
    assert_eq!(changed.unwrap(), ["efs"]);
    assert_eq!(
        permitted(|it| it.grants = vec!["git".to_owned()]),
        Err(LoadError::NotApproved {
            import: "deploycenter:aws/efs@0.1.0".to_owned(),
            grant: "efs"
        })
    );
    for (change, said) in [
        (
            (|it| it.version = "1.2.1".to_owned()) as fn(&mut LockedPlugin),
            "it is the plugin blog 1.2.0, not blog 1.2.1 as plugins.lock has it",
        ),
        (
            |it| it.app = "wiki".parse().unwrap(),
            "it is the plugin blog 1.2.0, not wiki 1.2.0 as plugins.lock has it",
        ),
        (
            |it| it.digest = Digest::of(b"other"),
            "it isn't the file that plugins.lock names",
        ),
    ] {
        let text = permitted(change).unwrap_err().to_string();
        assert!(text.starts_with(said), "{text}");
    }
}

#[test]
fn a_manifest_is_short_plain_lines() {
    let sound = source("").unwrap();
    type Change = fn(&mut Source);
    let changes: [(Change, &str); 8] = [
        (
            |it| it.manifest.description = "a\u{1b}[2Jb".into(),
            "description",
        ),
        (
            |it| it.manifest.description = "a\u{202e}b".into(),
            "description",
        ),
        (|it| it.manifest.description = "a\nb".into(), "description"),
        (
            |it| it.manifest.description = "a".repeat(501),
            "description",
        ),
        (
            |it| it.manifest.migration = Some("a\rb".into()),
            "migration",
        ),
        (|it| it.manifest.version = "1.0\u{7}".into(), "version"),
        (
            |it| {
                it.manifest.data_versions.insert("6\n".into(), "6".into());
            },
            "as a version",
        ),
        (
            |it| {
                let all = (0..201).map(|n| (n.to_string(), n.to_string()));
                it.manifest.data_versions.extend(all);
            },
            "more than 200 versions",
        ),
    ];
    for (change, said) in changes {
        let mut parts = sound.clone();
        change(&mut parts);
        let text = package(&core(""), &parts).unwrap_err().to_string();
        assert!(
            text.contains("deploycenter:manifest") && text.contains(said),
            "{text}"
        );
        assert!(
            !text.chars().any(|c| c.is_control() || c == '\u{202e}'),
            "{text:?}"
        );
    }
}

#[test]
fn sections_have_an_end() {
    type Change = fn(&mut Source);
    let changes: [(Change, &str); 5] = [
        (
            |it| it.values = " ".repeat(600 << 10),
            "deploycenter:values has",
        ),
        (
            |it| it.schema = serde_json::json!({ "description": "x".repeat(600 << 10) }),
            "deploycenter:schema has",
        ),
        (
            |it| {
                it.templates.insert("a".into(), "x".repeat(9 << 20));
            },
            "deploycenter:templates has",
        ),
        (
            |it| {
                it.chart
                    .extend((0..1001).map(|n| (n.to_string(), String::new())));
            },
            "more than 1000 files",
        ),
        (
            |it| {
                it.templates.insert("a\u{202e}b".into(), String::new());
            },
            "a\\u{202e}b",
        ),
    ];
    for (change, said) in changes {
        let mut parts = source("").unwrap();
        change(&mut parts);
        let text = package(&core(""), &parts).unwrap_err().to_string();
        assert!(text.contains(said), "{text}");
    }
}

#[test]
fn only_a_regular_file_of_bounded_size_below_the_repo_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("repo");
    fs::create_dir_all(root.join("plugins")).unwrap();
    fs::write(root.join("plugins/a.wasm"), b"code").unwrap();
    fs::write(folder.path().join("outside.wasm"), b"secret").unwrap();
    let link = |to: &str, name: &str| std::os::unix::fs::symlink(to, root.join(name)).unwrap();
    link("a.wasm", "plugins/link.wasm");
    link("../outside.wasm", "outside.wasm");
    link("plugins", "linked");
    link("/dev/zero", "zero.wasm");
    let pipe = std::process::Command::new("mkfifo")
        .arg(root.join("pipe.wasm"))
        .status()
        .unwrap();
    assert!(pipe.success());
    let _socket = std::os::unix::net::UnixListener::bind(root.join("socket.wasm")).unwrap();
    let large = fs::File::create(root.join("large.wasm")).unwrap();
    large.set_len(40 << 20).unwrap();

    assert_eq!(read_below(&root, "plugins/a.wasm").unwrap(), b"code");
    for (source, said) in [
        ("plugins/link.wasm", "link"),
        ("outside.wasm", "link"),
        ("linked/a.wasm", "link"),
        ("zero.wasm", "link"),
        ("pipe.wasm", "no regular file"),
        ("socket.wasm", ""),
        ("plugins", "no regular file"),
        ("plugins/a.wasm/b", ""),
        ("none.wasm", "No such file"),
        ("../outside.wasm", "leads out"),
        ("/etc/passwd", "leads out"),
        ("large.wasm", "at most"),
    ] {
        let text = read_below(&root, source).unwrap_err().to_string();
        assert!(text.contains(said), "{source}: {text}");
    }
}

/// Sections of a sound plugin, as a file made by another tool could have them.
fn append_sections(bytes: &mut Vec<u8>) {
    let manifest = r#"{"app":"x","version":"1","apiVersion":"0.1.0","description":"","grants":[],"dataVersions":{}}"#;
    section(bytes, "deploycenter:manifest", manifest.as_bytes());
    for name in [
        "deploycenter:schema",
        "deploycenter:templates",
        "deploycenter:chart",
    ] {
        section(bytes, name, b"{}");
    }
    section(bytes, "deploycenter:values", b"{}");
}

/// One custom section: id 0, length, name's length, name, data; lengths in LEB128.
fn section(bytes: &mut Vec<u8>, name: &str, data: &[u8]) {
    let length = 1 + name.len() + data.len();
    assert!(length < 128 * 128 && name.len() < 128);
    bytes.extend([
        0,
        (length % 128) as u8 | 0x80,
        (length / 128) as u8,
        name.len() as u8,
    ]);
    bytes.extend(name.as_bytes());
    bytes.extend(data);
}
