//! Pins: what runs stays on its plugin and overrides until `sync` moves it, batch by batch.

use std::path::Path;
use std::process::Command;

use deploycenter_domain::desired::{LockedPlugin, PluginsLock};
use deploycenter_plugin_runtime::{PluginFile, bundled};
use deploycenter_sandbox::argocd::Sickness;
use serde_json::{Value, json};

use crate::place::{FLEET, Place, Run, holds};

/// The fleet, and one customer more.
const MORE: &str = "\
version: 1
customers:
  - name: acme
    region: us-west-2
    apps:
      - { app: mattermost, domain: chat.acme.apps.example.com, values: { maxUsers: 100 } }
  - name: rivoli
    region: eu-west-3
    apps:
      - { app: mattermost, domain: chat.rivoli.apps.example.com }
  - name: zenith
    region: us-west-2
    apps:
      - { app: mattermost, domain: chat.zenith.apps.example.com }
";

const NEW_PLUGIN: &str = "plugins/mattermost-0.1.1.wasm";
const OVERRIDES: &str = "overrides/mattermost/values.yaml";

/// A place with a deployed fleet.
fn fleet() -> Place {
    let place = Place::new(FLEET);
    place.deploy();
    place
}

/// The app's plugin in another version, with another base value. Texts of the same length:
/// sections carry their sizes.
fn newer() -> Vec<u8> {
    let (_, bytes) = bundled()
        .iter()
        .find(|(app, _)| *app == "mattermost")
        .unwrap();
    let mut bytes = bytes.to_vec();
    for (from, to) in [
        (r#""version":"0.1.0""#, r#""version":"0.1.1""#),
        ("\nlanguage: en\n", "\nlanguage: fr\n"),
    ] {
        let at = bytes
            .windows(from.len())
            .position(|window| window == from.as_bytes())
            .unwrap();
        bytes[at..at + from.len()].copy_from_slice(to.as_bytes());
    }
    bytes
}

/// Installs the newer version as the default, beside the older one or instead of it.
fn install(place: &Place, keep: bool) {
    let mut plugins: Vec<LockedPlugin> = bundled()
        .iter()
        .map(|(app, bytes)| {
            let file = PluginFile::read(bytes).unwrap();
            file.locked(format!("plugins/{app}.wasm"))
        })
        .collect();
    plugins.retain(|plugin| keep || plugin.app.as_str() != "mattermost");
    for plugin in &mut plugins {
        plugin.default = plugin.app.as_str() != "mattermost";
    }
    let bytes = newer();
    place.put(NEW_PLUGIN, &bytes);
    let file = PluginFile::read(&bytes).unwrap();
    plugins.push(file.locked(NEW_PLUGIN.to_owned()));
    place.change("plugins.lock", PluginsLock { plugins }.render());
}

/// The plugin's version that a target is pinned to, and its language.
fn stands(place: &Place, customer: &str, region: &str) -> (String, String) {
    let read = |file: &str| place.committed(customer, &format!("{region}/mattermost/{file}"));
    let lock: Value = serde_json::from_str(&read("deployment.lock.json")).unwrap();
    let values = read("values.yaml");
    let language = values
        .lines()
        .find_map(|line| {
            let (key, value) = line.trim().split_once(": ")?;
            (key.to_lowercase().contains("locale") || key == "language").then_some(value)
        })
        .unwrap_or_else(|| panic!("no language in:\n{values}"));
    (
        lock["plugin"]["version"].as_str().unwrap().to_owned(),
        language.trim_matches('"').to_owned(),
    )
}

fn pair(version: &str, language: &str) -> (String, String) {
    (version.to_owned(), language.to_owned())
}

/// The targets for which `status` says that an update is available.
fn behind(place: &Place) -> Vec<String> {
    let status = place.run(&["status", "--output", "json"]).succeeded();
    let targets = status.json()["targets"].as_array().unwrap().clone();
    targets
        .iter()
        .filter(|target| target["updateAvailable"] == true)
        .map(|target| target["target"].as_str().unwrap().to_owned())
        .collect()
}

fn sync(place: &Place, args: &[&str]) -> Run {
    place.run(&[&["sync", "--output", "json"], args].concat())
}

#[test]
fn a_newer_plugin_waits_until_sync() {
    let place = fleet();
    install(&place, true);
    let done = place.mark();
    let plan = place.plan(&[]);
    assert_eq!(
        plan["updatesWaiting"],
        json!(["acme/mattermost", "rivoli/mattermost"])
    );
    let run = place.run(&["plan", "--detailed-exitcode"]).succeeded();
    holds(
        &run.stderr,
        &["2 targets are pinned", "`deploycenter sync` moves them"],
    );
    place.deploy();
    place.untouched_since(&done);
    assert_eq!(behind(&place), ["acme/mattermost", "rivoli/mattermost"]);

    // Whoever is new gets it; the others stay.
    place.change("customers.yaml", MORE);
    place.deploy();
    let (old, new) = (pair("0.1.0", "en"), pair("0.1.1", "fr"));
    assert_eq!(stands(&place, "zenith", "us-west-2"), new);
    assert_eq!(stands(&place, "acme", "us-west-2"), old);
    assert_eq!(stands(&place, "rivoli", "eu-west-3"), old);

    let rivoli = place.branches()["refs/heads/customer/rivoli"].clone();
    let run = sync(&place, &["acme", "--yes"]).succeeded().json();
    assert_eq!(run["deployments"].as_array().unwrap().len(), 1);
    assert_eq!(run["deployments"][0]["target"], "acme/mattermost");
    assert_eq!(run["deployments"][0]["state"], "succeeded");
    assert_eq!(run["notBegun"], json!([]));
    assert_eq!(stands(&place, "acme", "us-west-2"), new);
    assert_eq!(place.branches()["refs/heads/customer/rivoli"], rivoli);
    assert_eq!(behind(&place), ["rivoli/mattermost"]);

    sync(&place, &["--yes"]).succeeded();
    assert_eq!(stands(&place, "rivoli", "eu-west-3"), new);
    assert_eq!(behind(&place), Vec::<String>::new());
    let done = place.mark();
    let run = place.run(&["sync", "--yes"]).succeeded();
    holds(&run.stderr, &["Nothing to do: no update waits."]);
    place.run(&["plan", "--detailed-exitcode"]).succeeded();
    place.untouched_since(&done);
}

#[test]
fn what_is_alike_is_shown_once_and_nothing_moves_without_a_yes() {
    let place = fleet();
    install(&place, true);
    let done = place.mark();
    let run = place.run(&["sync", "--max-parallel", "1"]).exits(1);
    holds(
        &run.stderr,
        &[
            "acme/mattermost (us-west-2, mattermost)",
            "same for 1 other: rivoli/mattermost",
            "2 targets change, all alike",
            "They go in 2 batches of up to 1 target",
            "--yes",
        ],
    );
    assert_eq!(run.stderr.matches("git.commit/folder").count(), 1, "{run}");
    place.untouched_since(&done);
}

#[test]
fn a_version_in_use_that_is_gone_from_the_lock_is_named() {
    let place = fleet();
    install(&place, false);
    let said = place.run(&["plan", "--output", "json"]).refused("invalid");
    holds(
        &said,
        &[
            "acme/mattermost is pinned to the plugin mattermost 0.1.0",
            "rivoli/mattermost is pinned to the plugin mattermost 0.1.0",
            "plugins.lock",
            "versions in use stay installed",
        ],
    );
    // Moving away from it needs nothing of it.
    sync(&place, &["--yes"]).succeeded();
    place.run(&["plan", "--detailed-exitcode"]).succeeded();
}

#[test]
fn overrides_wait_too_and_are_kept_from_history() {
    let place = fleet();
    place.change(OVERRIDES, "language: es\n");
    let done = place.mark();
    assert_eq!(place.plan(&[])["summary"]["update"], 0);
    assert_eq!(behind(&place), ["acme/mattermost", "rivoli/mattermost"]);
    place.deploy();
    place.untouched_since(&done);

    sync(&place, &["acme", "--yes"]).succeeded();
    assert_eq!(stands(&place, "acme", "us-west-2"), pair("0.1.0", "es"));
    // From here on acme's are read from history, rivoli has none still.
    place.put(OVERRIDES, "language: it\n");
    place.change(
        "customers.yaml",
        FLEET.replace("maxUsers: 100", "maxUsers: 137"),
    );
    place.deploy();
    assert_eq!(stands(&place, "acme", "us-west-2"), pair("0.1.0", "es"));
    holds(
        &place.committed("acme", "us-west-2/mattermost/values.yaml"),
        &["137"],
    );
    assert_eq!(stands(&place, "rivoli", "eu-west-3"), pair("0.1.0", "en"));

    let shallow = place.checkout().with_file_name("shallow");
    clone(&place, &shallow);
    let run = place.run(&["-C", shallow.to_str().unwrap(), "plan", "--output", "json"]);
    holds(&run.refused("repository"), &["shallow", "fetch-depth: 0"]);

    sync(&place, &["--yes"]).succeeded();
    for (customer, region) in [("acme", "us-west-2"), ("rivoli", "eu-west-3")] {
        assert_eq!(stands(&place, customer, region), pair("0.1.0", "it"));
    }
    assert_eq!(behind(&place), Vec::<String>::new());
    // Taking them back is an update as well.
    std::fs::remove_file(place.checkout().join(OVERRIDES)).unwrap();
    place.publish();
    assert_eq!(behind(&place), ["acme/mattermost", "rivoli/mattermost"]);
}

/// Clones main, without its history.
fn clone(place: &Place, to: &Path) {
    let remote = place.remote();
    let status = Command::new("git")
        .args(["clone", "-q", "--depth", "1", "--branch", "main"])
        .arg(format!("file://{}", remote.path().display()))
        .arg(to)
        .status()
        .unwrap();
    assert!(status.success());
}

#[test]
fn the_first_failure_ends_it() {
    let place = Place::new(MORE);
    place.deploy();
    install(&place, true);
    let before = place.inventory();
    let branches = place.branches();
    place.sandbox().with_argocd(|argocd, _| {
        argocd.sicken(
            "rivoli--mattermost",
            Sickness {
                reason: "CrashLoopBackOff".to_owned(),
                message: "it speaks no French".to_owned(),
                only_revision_containing: Some("language: \"fr\"".to_owned()),
            },
        );
    });
    let run = sync(&place, &["--yes", "--max-parallel", "1"]).exits(1);
    let told = run.json();
    let states: Vec<(&str, &str)> = told["deployments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (
                row["target"].as_str().unwrap(),
                row["state"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        states,
        [
            ("acme/mattermost", "succeeded"),
            ("rivoli/mattermost", "unwound")
        ]
    );
    assert_eq!(told["notBegun"], json!(["zenith/mattermost"]));
    assert_eq!(run.error()["code"], "unwound");
    holds(
        &run.stderr,
        &[
            "Batch 1 of 3 is done.",
            "rivoli/mattermost failed and was taken back",
            "it speaks no French",
            "not begun, and as before: zenith/mattermost",
        ],
    );
    assert_eq!(stands(&place, "acme", "us-west-2"), pair("0.1.1", "fr"));
    assert_eq!(stands(&place, "rivoli", "eu-west-3"), pair("0.1.0", "en"));
    let zenith = "refs/heads/customer/zenith";
    assert_eq!(place.branches()[zenith], branches[zenith]);
    assert_eq!(behind(&place), ["rivoli/mattermost", "zenith/mattermost"]);

    // The same again, once it is well.
    place
        .sandbox()
        .with_argocd(|argocd, _| argocd.heal("rivoli--mattermost"));
    sync(&place, &["--yes", "--max-parallel", "1"]).succeeded();
    assert_eq!(behind(&place), Vec::<String>::new());
    assert_ne!(place.inventory(), before);
}

#[test]
fn it_wants_what_apply_wants() {
    let place = fleet();
    install(&place, true);
    place.put("customers.yaml", format!("{FLEET}# a note\n"));
    let done = place.mark();
    holds(
        &sync(&place, &["--yes"]).refused("dirty"),
        &["customers.yaml"],
    );
    place.untouched_since(&done);
    sync(&place, &["--yes", "--allow-dirty"]).succeeded();
}
