//! The golden files of each app: `apps/<app>/tests/golden/<customer>/<region>/<instance>/`
//! holds what is committed for that instance of the fleet, but the chart, which is the
//! same for all and stands in `apps/<app>/chart`. `UPDATE_GOLDEN=1` writes them anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use deploycenter_domain::lock::{self, Lock};

use crate::place::{apps, fleet, read, render};

/// Set to write what was rendered instead of holding against it.
const UPDATE: &str = "UPDATE_GOLDEN";
/// Where to leave whole rendered folders for further checks.
pub(crate) const RENDERED: &str = "DEPLOYCENTER_RENDERED";
/// In the place of the plugin's digest, which changes with the compiler.
const MASK: &str = "(the digest of the plugin)";
/// The paths that every instance's chart has.
const CHART: &str = "chart.txt";

#[test]
fn what_is_rendered_is_golden() {
    let dir = tempfile::tempdir().unwrap();
    let repo = fleet(dir.path(), &[]);
    let out = std::env::var_os(RENDERED)
        .map_or_else(|| dir.path().join("rendered"), PathBuf::from)
        .join("fleet");
    let mut command = Command::new(env!("CARGO_BIN_EXE_deploycenter"));
    command
        .current_dir(&repo.checkout)
        .env_clear()
        .env("HOME", dir.path())
        .env("XDG_CACHE_HOME", cache());
    let rendered = render(command, &out);

    let mut by_app: BTreeMap<String, BTreeMap<String, String>> = apps()
        .into_iter()
        .map(|app| (app.to_owned(), BTreeMap::new()))
        .collect();
    for (folder, files) in instances(&rendered) {
        let lock = Lock::read(&files[lock::FILE]).unwrap();
        let app = lock.app.as_str();
        let golden = by_app.get_mut(app).unwrap();
        let mut chart = String::new();
        for (path, text) in &files {
            if let Some(path) = path.strip_prefix("chart/") {
                let original = workspace().join("apps").join(app).join("chart").join(path);
                assert!(
                    fs::read_to_string(&original).unwrap() == *text,
                    "{folder}: {} isn't the chart's",
                    original.display()
                );
                writeln!(chart, "{path}").unwrap();
            } else {
                golden.insert(
                    format!("{folder}/{path}"),
                    text.replace(lock.plugin.digest.as_str(), MASK),
                );
            }
        }
        if let Some(others) = golden.insert(CHART.to_owned(), chart.clone()) {
            assert_eq!(others, chart, "{folder} has another chart");
        }
    }
    let update = std::env::var_os(UPDATE).is_some_and(|value| value == "1");
    let mut problems = String::new();
    for (app, golden) in &by_app {
        assert!(golden.len() > 1, "the fleet has no instance of {app}");
        hold(
            &workspace().join("apps").join(app).join("tests/golden"),
            golden,
            update,
            &mut problems,
        );
    }
    assert!(
        problems.is_empty(),
        "{problems}Where that is as it should be: {UPDATE}=1 cargo test --test golden"
    );
}

/// Files by their instance's folder, `<customer>/<region>/<instance>`, and path within.
fn instances(rendered: &BTreeMap<String, Vec<u8>>) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut found: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for (path, bytes) in rendered {
        let at = path.match_indices('/').nth(2).unwrap().0;
        let text = String::from_utf8(bytes.clone()).unwrap();
        found
            .entry(path[..at].to_owned())
            .or_default()
            .insert(path[at + 1..].to_owned(), text);
    }
    found
}

/// Holds the files against those in the folder, or writes them there.
fn hold(folder: &Path, expected: &BTreeMap<String, String>, update: bool, problems: &mut String) {
    let there = read(folder);
    let paths: BTreeSet<&String> = expected.keys().chain(there.keys()).collect();
    for path in paths {
        let file = folder.join(path);
        let shown = file.strip_prefix(workspace()).unwrap_or(&file).display();
        match (expected.get(path), there.get(path)) {
            (Some(new), Some(old)) if new.as_bytes() == old => {}
            (Some(new), _) if update => {
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(&file, new).unwrap();
            }
            (None, _) if update => fs::remove_file(&file).unwrap(),
            (Some(_), None) => writeln!(problems, "{shown} is rendered and isn't there").unwrap(),
            (None, _) => writeln!(problems, "{shown} is there and isn't rendered").unwrap(),
            (Some(new), Some(old)) => {
                writeln!(
                    problems,
                    "{shown}{}",
                    first_difference(&String::from_utf8_lossy(old), new)
                )
                .unwrap();
            }
        }
    }
}

/// The first line in which two texts differ.
fn first_difference(old: &str, new: &str) -> String {
    let lines = |text: &str| {
        text.split_inclusive('\n')
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let (old, new) = (lines(old), lines(new));
    let at = (0..).find(|at| old.get(*at) != new.get(*at)).unwrap_or(0);
    let show = |lines: &[String]| {
        lines
            .get(at)
            .map_or("(the end)".to_owned(), |line| format!("{line:?}"))
    };
    format!(
        ":{}\n  golden   {}\n  rendered {}",
        at + 1,
        show(&old),
        show(&new)
    )
}

pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .unwrap()
        .to_owned()
}

/// Compiled plugins, kept between runs.
pub(crate) fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache")
}

#[test]
fn what_differs_is_shown() {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in [
        ("same", "a\n"),
        ("other", "a\nb\n"),
        ("gone", "a\n"),
        ("cut", "a\nb"),
    ] {
        fs::write(dir.path().join(path), text).unwrap();
    }
    let expected = [
        ("same", "a\n"),
        ("other", "a\nc\n"),
        ("new", "a\n"),
        ("cut", "a\nb\n"),
    ];
    let expected = expected
        .map(|(path, text)| (path.to_owned(), text.to_owned()))
        .into();
    let mut problems = String::new();
    hold(dir.path(), &expected, false, &mut problems);
    for told in [
        "/other:2\n  golden   \"b\\n\"\n  rendered \"c\\n\"\n",
        "/gone is there and isn't rendered\n",
        "/new is rendered and isn't there\n",
        "/cut:2\n  golden   \"b\"\n  rendered \"b\\n\"\n",
    ] {
        assert!(problems.contains(told), "{told}: {problems}");
    }
    assert!(!problems.contains("/same"), "{problems}");
    // Written anew, nothing differs, and what isn't rendered is gone.
    hold(dir.path(), &expected, true, &mut problems);
    problems.clear();
    hold(dir.path(), &expected, false, &mut problems);
    assert_eq!(problems, "");
    assert_eq!(read(dir.path()).len(), 4);
}
