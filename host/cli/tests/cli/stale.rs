//! A reviewed plan is applied as reviewed, or refused because something moved.

use deploycenter_domain::desired::PluginsLock;
use deploycenter_plugin_runtime::{PluginFile, bundled};
use serde_json::Value;

use crate::outside;
use crate::place::{ACME, ACME_UPDATED, FLEET, Place, Run, holds};

const SAVE: [&str; 3] = ["plan", "--out", "p.json"];
const APPLY: [&str; 5] = ["apply", "--plan", "p.json", "--output", "json"];

/// The account that acme's file systems are in.
const ROLE: &str = "arn:aws:iam::111122223333:role/deploycenter";

/// Wants the saved plan refused because of that, and nothing written.
#[track_caller]
fn stale(place: &Place, because: &[&str]) {
    let mark = place.mark();
    let said = place.run(&APPLY).refused("plan-stale");
    holds(
        &said,
        &[
            "acme/mattermost: moved since the plan was made",
            "deploycenter plan",
        ],
    );
    holds(&said, because);
    place.untouched_since(&mark);
}

/// Wants the saved plan's target left out because someone else changed that, and nothing
/// written.
#[track_caller]
fn drifted(place: &Place, because: &[&str]) {
    let mark = place.mark();
    let said = place.run(&APPLY).refused("drifted");
    holds(
        &said,
        &[
            "acme/mattermost: someone else changed it: ",
            "deploycenter apply --reclaim acme/mattermost",
        ],
    );
    holds(&said, because);
    place.untouched_since(&mark);
}

/// A place with a saved plan of a first deployment.
fn first() -> Place {
    let place = Place::new(ACME);
    place.run(&SAVE).succeeded();
    place
}

#[test]
fn by_another_desired_state() {
    let place = first();
    place.change("customers.yaml", ACME_UPDATED);
    stale(&place, &["the desired state"]);
}

#[test]
fn by_another_plugin_of_a_new_target() {
    let place = first();
    let mut plugins = Vec::new();
    for (app, bytes) in bundled() {
        let (source, bytes) = if *app == "mattermost" {
            // Another file by a custom section that nobody reads: id 0, its size, its name's.
            let other = [bytes, &b"\x00\x06\x05other"[..]].concat();
            place.put("plugins/other.wasm", &other);
            ("plugins/other.wasm".to_owned(), other)
        } else {
            (format!("plugins/{app}.wasm"), bytes.to_vec())
        };
        let file = PluginFile::read(&bytes).unwrap();
        plugins.push(file.locked(source));
    }
    place.change("plugins.lock", PluginsLock { plugins }.render());
    stale(&place, &["the plugin"]);
}

#[test]
fn by_a_template_of_a_new_target() {
    let place = first();
    let (_, bytes) = bundled()
        .iter()
        .find(|(app, _)| *app == "mattermost")
        .unwrap();
    let file = PluginFile::read(bytes).unwrap();
    let (name, text) = file
        .templates
        .iter()
        .find(|(name, _)| name.as_str() == "values.yaml")
        .unwrap();
    place.change(
        &format!("overrides/mattermost/templates/{name}"),
        format!("# edited\n{text}"),
    );
    stale(&place, &["the templates"]);
}

#[test]
fn by_a_commit_in_its_own_folder() {
    let place = Place::new(ACME);
    place.deploy();
    place.change("customers.yaml", ACME_UPDATED);
    place.run(&SAVE).succeeded();
    place.commit_by_hand("acme", "us-west-2/mattermost/values.yaml", "replicas: 9\n");
    drifted(
        &place,
        &["Someone", "By hand", "deploycenter accept acme/mattermost"],
    );
    assert_eq!(
        place.committed("acme", "us-west-2/mattermost/values.yaml"),
        "replicas: 9\n"
    );
}

#[test]
fn by_what_someone_did_outside() {
    let place = Place::new(ACME);
    place.deploy();
    place.change("customers.yaml", ACME_UPDATED);
    place.run(&SAVE).succeeded();

    outside::set_weight(&place, "chat.acme.apps.example.com", 3);
    drifted(&place, &["dns.record/domain weight was 100, is 3"]);
    outside::set_weight(&place, "chat.acme.apps.example.com", 100);

    outside::delete_file_systems(&place, ROLE, "us-west-2");
    drifted(
        &place,
        &["efs.file-system/data is gone", "restore a backup"],
    );
}

#[test]
fn what_did_not_move_goes_on() {
    let place = Place::new(FLEET);
    place.run(&SAVE).succeeded();
    place.change(
        "customers.yaml",
        FLEET.replace("maxUsers: 100", "maxUsers: 101"),
    );

    let mark = place.mark();
    let all_or_nothing = [&APPLY[..], &["--all-or-nothing"]].concat();
    let said = place.run(&all_or_nothing).refused("plan-stale");
    holds(&said, &["acme/mattermost", "nothing was applied"]);
    place.untouched_since(&mark);

    let run = place.run(&APPLY).exits(1);
    assert_eq!(run.error()["code"], "plan-stale", "{run}");
    let problems = run.error()["problems"].as_array().unwrap().len();
    assert_eq!(problems, 1, "{run}");
    let deployed: Vec<_> = run.json()["deployments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (
                row["target"].as_str().unwrap().to_owned(),
                row["state"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    let succeeded = |target: &str| (target.to_owned(), "succeeded".to_owned());
    assert_eq!(
        deployed,
        [
            succeeded("rivoli/_customer"),
            succeeded("rivoli/mattermost")
        ]
    );
    assert_eq!(place.inventory().mentions("acme"), Vec::<String>::new());
}

/// The targets that the saved plan's run dealt with.
fn dealt_with(run: &Run) -> Vec<Value> {
    let report = run.json();
    let rows = report["deployments"].as_array().unwrap();
    rows.iter().map(|row| row["target"].clone()).collect()
}

#[test]
fn what_was_to_stay_may_have_left_meanwhile() {
    let place = Place::new(FLEET);
    place.deploy();
    let users = |customers: &str| customers.replace("maxUsers: 100", "maxUsers: 137");
    place.change("customers.yaml", users(FLEET));
    place.run(&SAVE).succeeded();

    place.change("customers.yaml", users(ACME));
    let gone = "rivoli/mattermost";
    place.run(&["destroy", gone, "--confirm", gone]).succeeded();
    let run = place.run(&APPLY).succeeded();
    assert_eq!(dealt_with(&run), ["acme/mattermost"]);

    // Whoever asks for it by name hears where it is told of.
    for command in ["status", "plan"] {
        let said = place.run(&[command, gone]).exits(1).stderr;
        holds(
            &said,
            &["matches nothing", "deploycenter history rivoli/mattermost"],
        );
    }
}

#[test]
fn what_was_to_change_and_left_meanwhile_has_moved() {
    let place = Place::new(FLEET);
    place.run(&SAVE).succeeded();
    place.change("customers.yaml", ACME);
    let run = place.run(&APPLY).exits(1);
    assert_eq!(run.error()["code"], "plan-stale", "{run}");
    holds(
        &run.error().to_string(),
        &["rivoli/mattermost: moved since the plan was made: the target"],
    );
    assert_eq!(dealt_with(&run), ["acme/_customer", "acme/mattermost"]);

    // Not even one is left: that doesn't mean all others.
    let place = Place::new(FLEET);
    place.run(&["plan", "acme", "--out", "p.json"]).succeeded();
    place.change(
        "customers.yaml",
        FLEET.replace("name: acme", "name: delmar"),
    );
    stale(
        &place,
        &["acme/mattermost: moved since the plan was made: the target"],
    );
}
