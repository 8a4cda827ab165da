//! What a person should know before an apply stands in the plan.

use deploycenter_domain::saved::seal;
use serde_json::{Value, json};

use crate::place::{Place, holds};

const SAVE: [&str; 3] = ["plan", "--out", "p.json"];
const APPLY: [&str; 5] = ["apply", "--plan", "p.json", "--output", "json"];

/// One Mattermost with these values.
fn customers(values: &str) -> String {
    format!(
        "\
version: 1
customers:
  - name: acme
    region: us-west-2
    apps:
      - app: mattermost
        domain: chat.acme.apps.example.com
        values:
          {values}
"
    )
}

/// The instance's part of a plan.
fn target(plan: &Value) -> &Value {
    plan["targets"]
        .as_array()
        .unwrap()
        .iter()
        .find(|target| target["target"] == "acme/mattermost")
        .unwrap()
}

#[test]
fn what_an_app_warns_of() {
    let place = Place::new(&customers("replicas: 2"));
    let run = place.run(&["plan"]).succeeded();
    holds(
        &run.stdout,
        &[
            "acme/mattermost (us-west-2, mattermost, first deployment)\n  ! 2 servers wait for a licence",
            "\n! read the remarks on acme/mattermost\n",
        ],
    );
    assert!(!run.stderr.contains("licence"), "said once: {run}");
    let plan = place.plan(&[]);
    let remarks = target(&plan)["remarks"].as_array().unwrap();
    assert_eq!(remarks.len(), 1, "{remarks:?}");
    assert_eq!(remarks[0]["code"], "app-warning");
    assert_eq!(
        target(&plan)["dataVersion"],
        Value::Null,
        "a first deployment crosses nothing"
    );

    // Whoever applies reads it too, a summary alone or not; what stands is no news.
    let run = place.run(&["apply", "--yes", "--quiet"]).succeeded();
    holds(&run.stderr, &["! read the remarks on acme/mattermost\n"]);
    let run = place.run(&["plan"]).succeeded();
    assert!(!run.stdout.contains("licence"), "{run}");
    let run = place.run(&["plan", "--verbose"]).succeeded();
    assert!(run.stdout.contains("licence"), "{run}");
}

#[test]
fn a_new_data_version_is_said_before_and_is_not_taken_back() {
    let place = Place::new(&customers("version: \"11.7\""));
    place.deploy();
    place.change("customers.yaml", customers("version: \"11.11\""));
    let run = place.run(&SAVE).succeeded();
    holds(
        &run.stdout,
        &[
            "acme/mattermost (us-west-2, mattermost)\n  ! the data goes from version 11.7 to 11.11, and mattermost has no way back from there\n    help: take a backup first",
        ],
    );
    let plan = place.plan(&[]);
    assert_eq!(
        target(&plan)["dataVersion"],
        json!({ "from": "11.7", "to": "11.11" })
    );
    assert_eq!(target(&plan)["remarks"][0]["code"], "data-version");

    // A file without it is another plan; one that puts it otherwise isn't.
    let mark = place.mark();
    let edited = |key: &str| {
        let mut plan = plan.clone();
        let targets = plan["targets"].as_array_mut().unwrap();
        for target in targets {
            target.as_object_mut().unwrap().remove(key);
        }
        place.put("p.json", seal(&plan).to_string());
        place.run(&APPLY).refused("plan-edited")
    };
    holds(&edited("remarks"), &["acme/mattermost", "edited: remarks"]);
    holds(&edited("dataVersion"), &["edited: dataVersion"]);
    place.untouched_since(&mark);
    let reworded = plan.to_string().replace("no way back", "no path");
    let reworded: Value = serde_json::from_str(&reworded).unwrap();
    place.put("p.json", seal(&reworded).to_string());
    place.run(&APPLY).succeeded();
    holds(
        &place.committed("acme", "us-west-2/mattermost/deployment.lock.json"),
        &["\"dataVersion\": \"11.11\""],
    );
    assert_eq!(target(&place.plan(&[]))["remarks"], Value::Null);

    // The older version again: nothing offline is wrong with it, but the data is there.
    place.change("customers.yaml", customers("version: \"11.7\""));
    place.run(&["validate"]).succeeded();
    let mark = place.mark();
    for args in [
        &["plan", "--output", "json"][..],
        &["apply", "--yes", "--output", "json"],
    ] {
        let run = place.run(args).exits(1);
        let problems = run.error()["problems"].clone();
        assert_eq!(problems.as_array().unwrap().len(), 1, "{run}");
        let problem = &problems[0];
        assert_eq!(
            (&problem["file"], &problem["line"]),
            (&json!("customers.yaml"), &json!(9)),
            "{run}"
        );
        assert_eq!(
            problem["message"],
            "acme/mattermost: its data is at version 11.11, and mattermost can't take it back to 11.7"
        );
        holds(problem["help"].as_str().unwrap(), &["keep", "backup"]);
    }
    place.untouched_since(&mark);
}
