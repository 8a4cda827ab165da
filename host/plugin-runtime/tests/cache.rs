//! Compiled code on disk.
#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Instant;

use common::{compiler, guest, locked, mattermost, no_overrides, request};
use deploycenter_plugin_runtime::{LoadError, Mode, Runtime, RuntimeConfig};
use serde_json::json;

fn plan(cache: &Path) {
    let runtime = Runtime::new(RuntimeConfig {
        cache_dir: Some(cache.to_owned()),
        mode: Mode::OneShot,
        compiler: None,
    })
    .unwrap();
    let plugin = runtime
        .load(mattermost(), &locked(mattermost()), &no_overrides())
        .unwrap();
    plugin.plan(&request(mattermost(), json!({}))).unwrap();
}

fn entries(cache: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut all: Vec<_> = fs::read_dir(cache)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let bytes = fs::read(&path).unwrap();
            (path, bytes)
        })
        .collect();
    all.sort();
    all
}

#[test]
fn code_is_kept_privately_and_used_again_and_damage_is_mended() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("a/b");
    plan(&cache);
    let made = entries(&cache);
    assert_eq!(
        made.len(),
        2,
        "the template engine and the plugin: {:?}",
        made.iter().map(|(path, _)| path).collect::<Vec<_>>()
    );
    assert_eq!(
        fs::metadata(&cache).unwrap().permissions().mode() & 0o777,
        0o700
    );
    for (path, _) in &made {
        assert_eq!(
            fs::metadata(path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }

    let start = Instant::now();
    plan(&cache);
    eprintln!(
        "from the cache, from nothing to a plan: {:?}",
        start.elapsed()
    );
    assert_eq!(entries(&cache), made);

    for (path, bytes) in &made {
        let mut damaged = bytes.clone();
        let last = damaged.len() - 1;
        damaged[last] ^= 1;
        fs::write(path, &damaged).unwrap();
    }
    plan(&cache);
    assert_eq!(entries(&cache).len(), 2);
    for (path, bytes) in entries(&cache) {
        let code = bytes.split_at(71);
        assert_eq!(
            code.0,
            deploycenter_domain::digest::Digest::of(code.1)
                .as_str()
                .as_bytes(),
            "{} was mended",
            path.display()
        );
    }
    for (path, _) in &made {
        fs::write(path, b"short").unwrap();
    }
    plan(&cache);
}

#[test]
fn a_foreign_plugin_is_compiled_once_and_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = guest("(i32.const 0)");
    let load = |mode, compiler| {
        let runtime = Runtime::new(RuntimeConfig {
            cache_dir: Some(folder.path().join(format!("{mode:?}"))),
            mode,
            compiler,
        })
        .unwrap();
        let plugin = runtime.load(&bytes, &locked(&bytes), &no_overrides())?;
        plugin.plan(&request(&bytes, json!({}))).unwrap();
        Ok::<_, LoadError>(())
    };
    for mode in [Mode::OneShot, Mode::Pooled] {
        let refused = load(mode, None).unwrap_err().to_string();
        assert!(refused.contains("was given no program"), "{refused}");
        load(mode, Some(compiler())).unwrap();
        // What is kept needs no process.
        load(mode, None).unwrap();
    }
}

#[test]
fn a_folder_that_others_may_write_to_is_not_used() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    plan(folder.path());
    assert!(entries(folder.path()).is_empty());
}
