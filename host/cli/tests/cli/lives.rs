//! What is left of a target after its life: listed with why and the command that ends it,
//! kept from a later target of the same name, deleted by typed name, or gone on with.

use serde_json::{Value, json};

use crate::place::{ACME, FLEET, Place, Run, holds};

const TARGET: &str = "rivoli/mattermost";
const JSON: [&str; 2] = ["--output", "json"];

fn told(place: &Place, args: &[&str]) -> Run {
    place.run(&[args, &JSON].concat())
}

/// Two customers, of whom one was destroyed.
fn destroyed() -> Place {
    let place = Place::new(FLEET);
    place.deploy();
    place.change("customers.yaml", ACME);
    destroy(&place);
    place
}

#[track_caller]
fn destroy(place: &Place) {
    let destroy = ["destroy", TARGET, "--confirm", TARGET];
    place.run(&destroy).succeeded();
}

/// What `orphans` tells a program, after a look at its promised shape.
#[track_caller]
fn orphans(place: &Place) -> Vec<Value> {
    let report = told(place, &["orphans"]).succeeded().json();
    assert_eq!(report["format"], 1);
    let orphans = report["orphans"].as_array().unwrap().clone();
    for orphan in &orphans {
        for key in ["system", "id", "reason", "command"] {
            assert!(!orphan[key].as_str().unwrap().is_empty(), "{orphan}");
        }
        let since = orphan["since"].as_str().unwrap();
        since.parse::<jiff::Timestamp>().unwrap();
    }
    orphans
}

/// Runs the command that `orphans` gave.
#[track_caller]
fn as_told(place: &Place, command: &Value) -> Run {
    let mut words = command.as_str().unwrap().split(' ');
    assert_eq!(words.next(), Some("deploycenter"));
    told(place, &words.collect::<Vec<_>>())
}

#[test]
fn what_was_retained_is_listed_until_it_is_purged() {
    let fresh = {
        let place = Place::new(FLEET);
        place.run(&["apply", "--yes", "acme"]).succeeded();
        place.inventory().mentions("rivoli")
    };
    assert_eq!(fresh, Vec::<String>::new());
    let place = Place::new(FLEET);
    place.deploy();
    assert_eq!(orphans(&place), Vec::<Value>::new());
    let shown = place.run(&["orphans"]).succeeded();
    assert_eq!(shown.stdout, "Nothing is left that no target uses.\n");
    place.change("customers.yaml", ACME);
    // Left running, it uses what it has.
    assert_eq!(orphans(&place), Vec::<Value>::new());
    destroy(&place);

    let found = orphans(&place);
    let systems: Vec<&Value> = found.iter().map(|orphan| &orphan["system"]).collect();
    assert_eq!(
        systems,
        ["efs", "efs", "efs", "efs", "kubernetes", "secretsmanager"]
    );
    let command = "deploycenter purge rivoli/mattermost --confirm rivoli/mattermost";
    for orphan in &found {
        assert_eq!(orphan["target"], TARGET);
        assert_eq!(orphan["command"], command);
        let reason = orphan["reason"].as_str().unwrap();
        holds(reason, &["retained: rivoli/mattermost was destroyed by 01"]);
    }
    let shown = place.run(&["orphans"]).succeeded().stdout;
    holds(
        &shown,
        &[
            "rivoli--mattermost: with databases, claims and volumes, on https://euw3",
            "6 things that no target uses.",
            command,
        ],
    );
    assert_eq!(shown.matches("retained: ").count(), 1, "{shown}");

    let mark = place.mark();
    let shown = place.run(&["purge", TARGET]).exits(1);
    holds(
        &shown.stderr,
        &[
            "rivoli/mattermost (eu-west-3, mattermost, purge, incarnation 1)",
            "the namespace rivoli--mattermost is deleted",
            "- efs.file-system/data (fs-",
            "- secrets.entry/app",
            "error[unconfirmed]",
        ],
    );
    told(&place, &["purge", TARGET]).refused("unconfirmed");
    told(&place, &["purge", TARGET, "--confirm", "acme/mattermost"]).exits(64);
    let still = ["purge", "acme/mattermost", "--confirm", "acme/mattermost"];
    told(&place, &still).refused("still-desired");
    place.untouched_since(&mark);

    as_told(&place, &json!(command)).succeeded();
    assert_eq!(place.inventory().mentions("rivoli"), fresh);
    assert_eq!(orphans(&place), Vec::<Value>::new());
    let mark = place.mark();
    as_told(&place, &json!(command)).refused("nothing-retained");
    let first = ["purge", TARGET, "--incarnation", "1", "--confirm", TARGET];
    told(&place, &first).refused("nothing-retained");
    place.untouched_since(&mark);
}

#[test]
fn a_running_target_is_purged_whole() {
    let place = Place::new(ACME);
    let before = place.inventory();
    place.deploy();
    place.change("customers.yaml", "version: 1\ncustomers: []\n");
    let purge = ["purge", "acme/mattermost", "--confirm", "acme/mattermost"];
    let report = told(&place, &purge).succeeded().json();
    assert_eq!(report["format"], 1);
    assert_eq!(report["deployments"].as_array().unwrap().len(), 2);
    let after = place.inventory();
    assert!(after == before, "{}", before.difference(&after));
    assert_eq!(orphans(&place), Vec::<Value>::new());
    let rows = told(&place, &["history", "acme/mattermost"]).json();
    assert_eq!(rows["deployments"][0]["operation"], "purge");
    let shown = place.run(&["history", "acme/mattermost"]).stdout;
    assert_eq!(shown.matches("first deployment").count(), 1, "{shown}");
}

#[test]
fn a_later_customer_of_the_same_name_gets_none_of_the_old_data() {
    let place = destroyed();
    let old = place.inventory();
    place.change("customers.yaml", FLEET);
    let shown = place.run(&["plan", "rivoli"]).succeeded();
    holds(
        &shown.stdout,
        &[
            "rivoli/mattermost (eu-west-3, mattermost, first deployment, incarnation 2)",
            "it begins without data: that of incarnation 1 is retained and isn't used",
            "to go on with it instead: deploycenter adopt rivoli/mattermost",
            "+ efs.file-system/data",
            "deploycenter/testing/rivoli/mattermost/i2/app",
        ],
    );
    holds(
        orphans(&place)[0]["reason"].as_str().unwrap(),
        &["it is desired again, and `deploycenter adopt rivoli/mattermost` goes on with it"],
    );
    place.deploy();
    let lock = place.committed("rivoli", "eu-west-3/mattermost/deployment.lock.json");
    let lock: Value = serde_json::from_str(&lock).unwrap();
    assert_eq!(lock["incarnation"], 2);
    let volumes = place.committed("rivoli", "eu-west-3/mattermost/dependencies/volumes.yaml");
    for id in old.mentions("rivoli").iter().filter_map(|name| {
        name.strip_prefix("file system ")
            .or_else(|| name.strip_prefix("access point "))
    }) {
        assert!(!volumes.contains(id), "{volumes}");
    }

    let found = orphans(&place);
    assert_eq!(found.len(), 6);
    let command =
        "deploycenter purge rivoli/mattermost --confirm rivoli/mattermost --incarnation 1";
    for orphan in &found {
        assert_eq!(orphan["command"], command);
    }
    let mark = place.mark();
    let second = ["purge", TARGET, "--incarnation", "2", "--confirm", TARGET];
    told(&place, &second).refused("still-desired");
    for life in [&["--incarnation", "1"][..], &[]] {
        let adopt = [&["adopt", TARGET, "--yes"], life].concat();
        told(&place, &adopt).refused("deployed");
    }
    let shown = place.run(&["purge", TARGET, "--incarnation", "1"]).exits(1);
    holds(
        &shown.stderr,
        &[
            "purge, incarnation 1)",
            "incarnation 2, which runs, isn't touched",
        ],
    );
    place.untouched_since(&mark);

    as_told(&place, &found[0]["command"]).succeeded();
    assert_eq!(orphans(&place), Vec::<Value>::new());
    let left = place.inventory().mentions("rivoli");
    let ids =
        |name: &String| name.starts_with("object") && !name.contains("rivoli--mattermost--i2");
    assert!(!left.iter().any(ids), "{left:#?}");
    place.run(&["plan", "--detailed-exitcode"]).succeeded();
    told(&place, &["purge", TARGET, "--incarnation", "1"]).refused("nothing-retained");
}

#[test]
fn data_of_two_lives_is_told_apart() {
    let place = destroyed();
    place.change("customers.yaml", FLEET);
    place.deploy();
    place.change("customers.yaml", ACME);
    destroy(&place);
    assert_eq!(orphans(&place).len(), 12);
    let purge = ["purge", TARGET, "--confirm", TARGET];
    let said = told(&place, &purge).refused("many-lives");
    holds(&said, &["1, 2", "--incarnation N"]);
    place.change("customers.yaml", FLEET);
    let adopt = ["adopt", TARGET, "--yes"];
    told(&place, &adopt).refused("many-lives");
    let said = told(&place, &[&adopt[..], &["--incarnation", "3"]].concat());
    said.refused("nothing-retained");
    let first = [&adopt[..], &["--incarnation", "1"]].concat();
    told(&place, &first).succeeded();
    let lock = place.committed("rivoli", "eu-west-3/mattermost/deployment.lock.json");
    let lock: Value = serde_json::from_str(&lock).unwrap();
    assert_eq!(lock["incarnation"], 1);
    let found = orphans(&place);
    assert_eq!(found.len(), 6);
    as_told(&place, &found[0]["command"]).succeeded();
    assert_eq!(orphans(&place), Vec::<Value>::new());
    place.run(&["plan", "--detailed-exitcode"]).succeeded();
}

#[test]
fn retained_data_is_gone_on_with() {
    let place = Place::new(FLEET);
    place.deploy();
    let before = place.inventory();
    place.change("customers.yaml", ACME);
    destroy(&place);
    let adopt = ["adopt", TARGET];
    let mark = place.mark();
    let said = told(&place, &adopt).refused("not-desired");
    holds(&said, &["put it into the desired state first"]);
    place.change("customers.yaml", FLEET);
    let run = place.run(&adopt).exits(1);
    holds(
        &run.stderr,
        &["(eu-west-3, mattermost, revive)", "error[declined]"],
    );
    // What is there already isn't made.
    assert!(!run.stderr.contains("efs.file-system"), "{run}");
    place.untouched_since(&mark);
    let report = told(&place, &["adopt", TARGET, "--yes"]).succeeded().json();
    assert_eq!(report["deployments"][1]["state"], "succeeded");
    let after = place.inventory();
    assert!(after == before, "{}", before.difference(&after));
    assert_eq!(orphans(&place), Vec::<Value>::new());
    place.run(&["plan", "--detailed-exitcode"]).succeeded();
    told(&place, &["adopt", TARGET, "--yes"]).refused("deployed");
    let rows = told(&place, &["history", TARGET]).json();
    assert_eq!(rows["deployments"][0]["operation"], "revive");
}
