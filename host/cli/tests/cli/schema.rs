//! JSON schemas for editors: printed, kept in the repo, and renewed when they are old.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::place::{ACME, Place, holds};

/// The environment that makes `environment` and both schemas of customers old.
const QA: (&str, &str) = ("environments/qa.yaml", "mattermost: { maxUsers: 20 }\n");

fn read(place: &Place, path: &str) -> String {
    std::fs::read_to_string(place.checkout().join(path)).unwrap()
}

#[test]
fn schemas_are_listed_and_printed() {
    let place = Place::new(ACME);
    let run = place.run(&["schema"]).succeeded();
    holds(
        &run.stdout,
        &[
            "customers             customers.yaml\n",
            "customer              customers.d/<customer>.yaml\n",
            "overrides/mattermost  overrides/mattermost/values.yaml\n",
            "settings              deploycenter.toml\n",
        ],
    );
    let listed = place
        .run(&["schema", "--output", "json"])
        .succeeded()
        .json();
    assert_eq!(listed["schemas"][0]["path"], "schemas/customers.json");

    for row in listed["schemas"].as_array().unwrap() {
        let name = row["name"].as_str().unwrap();
        let run = place.run(&["schema", name]).succeeded();
        assert_eq!(run.stderr, "", "{name}");
        assert_eq!(
            run.json()["$schema"],
            "https://json-schema.org/draft/2020-12/schema",
            "{name}"
        );
    }
    let schema = place.run(&["schema", "customers.yaml"]).succeeded().json();
    let instance = &schema["$defs"]["instance"]["properties"];
    assert_eq!(
        instance["app"]["enum"],
        serde_json::json!(["mattermost", "moodle", "odoo"])
    );
    assert_eq!(
        instance["region"]["enum"],
        serde_json::json!(["eu-south-2", "eu-west-3", "us-west-2"])
    );
    assert_eq!(
        schema["$defs"]["values-mattermost"]["properties"]["maxUsers"]["type"],
        serde_json::json!(["integer", "null"])
    );

    let run = place.run(&["schema", "customres"]).exits(64);
    holds(
        &run.stderr,
        &[
            "there is no schema \"customres\"",
            "did you mean \"customer",
        ],
    );
    let run = place.run(&["schema", "overrides/wordpress"]).exits(64);
    holds(&run.stderr, &["overrides/wordpress", "plugins.lock"]);
}

#[test]
fn outside_a_repo_it_is_that_of_a_new_one() {
    let place = Place::new(ACME);
    let dir = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        let output = place.command(args).current_dir(dir.path()).output();
        crate::place::Run::of(output.unwrap())
    };
    let printed = run(&["schema", "customers"]).succeeded();
    holds(&printed.stderr, &["No deployment repo here"]);
    let schema = printed.json();
    assert!(schema["$defs"]["values-odoo"]["properties"]["version"]["enum"].is_array());
    let region = &schema["$defs"]["instance"]["properties"]["region"];
    assert!(region["enum"].is_null() && region["pattern"].is_string());
    let refused = run(&["schema", "--write"]).exits(1);
    holds(&refused.stderr, &["holds no deploycenter.toml"]);
    assert_eq!(dir.path().read_dir().unwrap().count(), 0);
}

#[test]
fn old_schemas_are_told_of_and_renewed() {
    let place = Place::new(ACME);
    // Who keeps none hears nothing of them.
    let run = place.run(&["validate"]).succeeded();
    assert_eq!(run.stderr, "");

    let run = place.run(&["schema", "--write"]).succeeded();
    holds(&run.stdout, &["Wrote schemas/customers.json\n"]);
    holds(
        &run.stderr,
        &[
            "customers.yaml doesn't name its schema; for editors, let it begin with\n  # yaml-language-server: $schema=schemas/customers.json\n",
        ],
    );
    let again = place.run(&["schema", "--write"]).succeeded();
    assert_eq!(again.stdout, "Up to date: 9 schemas.\n");
    assert_eq!(
        read(&place, "schemas/customers.json"),
        place.run(&["schema", "customers"]).succeeded().stdout
    );
    place.run(&["schema", "--check"]).succeeded();
    assert_eq!(place.run(&["validate"]).succeeded().stderr, "");

    place.put(QA.0, QA.1);
    let stale = "schemas/customer.json, schemas/customers.json aren't what the installed plugins, regions.yaml and environments/ give";
    let help = "deploycenter schema --write, and commit schemas/";
    let run = place.run(&["validate"]).succeeded();
    holds(&run.stdout, &["Valid: 1 customer, 1 instance."]);
    holds(&run.stderr, &[&format!("! {stale}\n  help: {help}\n")]);
    let json = place.run(&["validate", "--output", "json"]).succeeded();
    assert_eq!(json.stderr, "");
    assert_eq!(json.json()["warnings"][0]["message"], stale);
    let github = place.run(&["validate", "--output", "github"]).succeeded();
    holds(&github.stdout, &["::warning title=schema-stale::", stale]);
    let said = place
        .run(&["schema", "--check", "--output", "json"])
        .refused("schema-stale");
    holds(&said, &[stale, help]);

    let run = place.run(&["schema", "--write"]).succeeded();
    assert_eq!(
        run.stdout,
        "Wrote schemas/customer.json\nWrote schemas/customers.json\nUp to date: 7 schemas.\n"
    );
    assert_eq!(place.run(&["validate"]).succeeded().stderr, "");
}

#[test]
fn an_app_that_goes_takes_its_schema_along() {
    let place = Place::new(ACME);
    place.run(&["schema", "--write"]).succeeded();
    let lock = read(&place, "plugins.lock");
    let kept: Vec<&str> = lock
        .split("\n[[plugin]]\n")
        .filter(|plugin| !plugin.contains("app = \"moodle\""))
        .collect();
    place.put("plugins.lock", kept.join("\n[[plugin]]\n"));
    place.put("environments/staging.yaml", "");
    place.put("schemas/overrides-mine.json", "{}");

    let run = place.run(&["schema", "--check"]).exits(1);
    holds(&run.stderr, &["schemas/overrides-moodle.json"]);
    let run = place.run(&["schema", "--write"]).succeeded();
    holds(&run.stdout, &["Removed schemas/overrides-moodle.json\n"]);
    assert!(
        !place
            .checkout()
            .join("schemas/overrides-moodle.json")
            .exists()
    );
    assert!(
        place
            .checkout()
            .join("schemas/overrides-mine.json")
            .exists()
    );
    place.run(&["schema", "--check"]).succeeded();
}

#[test]
fn a_broken_file_takes_no_more_than_its_own_names_away() {
    let place = Place::new(ACME);
    place.put("regions.yaml", "version: 1\nregions: [\n");
    let run = place.run(&["schema", "customers"]).succeeded();
    holds(&run.stderr, &["warning[invalid]", "regions.yaml:"]);
    let schema = run.json();
    let instance = &schema["$defs"]["instance"]["properties"];
    assert!(instance["region"]["enum"].is_null());
    assert!(instance["app"]["enum"].is_array());
    place
        .run(&["schema", "--write", "--output", "json"])
        .refused("invalid");
    assert!(!place.checkout().join("schemas").exists());
}

#[test]
fn no_link_in_the_repo_has_a_file_outside_read_or_written() {
    let place = Place::new(ACME);
    place.run(&["schema", "--write"]).succeeded();
    let outside = tempfile::tempdir().unwrap();
    let folder = place.checkout().join("schemas");
    let file = folder.join("customers.json");
    let told = "schemas/customers.json isn't what the installed plugins";
    let write = ["schema", "--write", "--output", "json"];
    let remove = |path: &str| format!("remove {path}, and do this again");

    // A file outside that would be the right one, and one without an end.
    let right = outside.path().join("right.json");
    std::fs::copy(&file, &right).unwrap();
    std::fs::remove_file(&file).unwrap();
    let before = std::fs::read(&right).unwrap();
    for target in [right.as_path(), Path::new("/dev/zero")] {
        symlink(target, &file).unwrap();
        let run = place.run(&["validate"]).succeeded();
        holds(&run.stderr, &[told]);
        let check = ["schema", "--check", "--output", "json"];
        holds(&place.run(&check).refused("schema-stale"), &[told]);
        std::fs::remove_file(&file).unwrap();
    }
    let made = Command::new("mkfifo").arg(&file).status().unwrap();
    assert!(made.success());
    holds(&place.run(&["validate"]).succeeded().stderr, &[told]);
    let said = place.run(&write).refused("failed");
    let path = "schemas/customers.json";
    holds(&said, &[&format!("{path} isn't a file"), &remove(path)]);
    std::fs::remove_file(&file).unwrap();

    // Something to write, behind a link to a file and to a folder.
    place.put(QA.0, QA.1);
    symlink(&right, &file).unwrap();
    let said = place.run(&write).refused("failed");
    let link = |path: &str| format!("{path} is a symbolic link");
    holds(&said, &[&link(path), &remove(path)]);
    std::fs::remove_file(&file).unwrap();
    assert_eq!(std::fs::read(&right).unwrap(), before);
    std::fs::copy(&right, &file).unwrap();
    let moved = outside.path().join("schemas");
    std::fs::create_dir(&moved).unwrap();
    for entry in folder.read_dir().unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), moved.join(entry.file_name())).unwrap();
    }
    std::fs::remove_dir_all(&folder).unwrap();
    symlink(&moved, &folder).unwrap();
    let said = place.run(&write).refused("failed");
    holds(&said, &[&link("schemas"), &remove("schemas")]);
    assert_eq!(std::fs::read(moved.join("customers.json")).unwrap(), before);

    // And a plan's file.
    let plan = outside.path().join("plan.json");
    std::fs::write(&plan, "mine").unwrap();
    symlink(&plan, place.checkout().join("plan.json")).unwrap();
    let said = place
        .run(&["plan", "--out", "plan.json", "--output", "json"])
        .refused("failed");
    holds(&said, &[&link("plan.json"), "remove the link"]);
    assert_eq!(std::fs::read(&plan).unwrap(), b"mine");
}

/// Wants a deployment repo whose files lead to schemas that are as they should be.
fn refers(place: &Place, dir: &Path) {
    for (path, line) in [
        (
            "customers.yaml",
            "# yaml-language-server: $schema=schemas/customers.json",
        ),
        (
            "regions.yaml",
            "# yaml-language-server: $schema=schemas/regions.json",
        ),
        (
            "environments/staging.yaml",
            "# yaml-language-server: $schema=../schemas/environment.json",
        ),
        ("deploycenter.toml", "#:schema ./schemas/settings.json"),
    ] {
        let text = std::fs::read_to_string(dir.join(path)).unwrap();
        assert_eq!(text.lines().next(), Some(line), "{path}");
        let schema = line.rsplit(['=', ' ']).next().unwrap();
        let schema = dir.join(path).parent().unwrap().join(schema);
        let schema: Value = serde_json::from_slice(&std::fs::read(schema).unwrap()).unwrap();
        assert!(schema["title"].is_string(), "{path}");
    }
    let shown = dir.to_str().unwrap();
    for args in [["schema", "--check"].as_slice(), &["validate"]] {
        let run = place.run(&[&["-C", shown], args].concat()).succeeded();
        // What else `validate` may warn of is the fleet's.
        assert!(!run.stderr.contains("schema"), "{args:?}: {run}");
    }
    let run = place.run(&["-C", shown, "schema", "--write"]).succeeded();
    assert_eq!(
        (run.stdout.as_str(), run.stderr.as_str()),
        ("Up to date: 9 schemas.\n", "")
    );
}

#[test]
fn a_new_repo_has_them() {
    let place = Place::new(ACME);
    let dir = tempfile::tempdir().unwrap();
    let made = dir.path().join("deployments");
    place.run(&["init", made.to_str().unwrap()]).succeeded();
    refers(&place, &made);
}

#[test]
fn the_sandboxs_repo_has_them() {
    let place = Place::new(ACME);
    let dir = tempfile::tempdir().unwrap();
    let shown = dir.path().to_str().unwrap();
    place
        .run(&["sandbox", "--dir", shown, "--idle", "--once"])
        .succeeded();
    refers(&place, &dir.path().join("repo"));
}
