//! `apply` does what the plan said, once.

use crate::place::{ACME, FLEET, NEIGHBOURS, Place, holds};

#[test]
fn after_an_apply_there_is_nothing_to_do() {
    let place = Place::new(ACME);
    let run = place.run(&["apply", "--yes"]).succeeded();
    holds(
        &run.stderr,
        &[
            "acme/_customer: succeeded",
            "acme/mattermost: succeeded",
            "efs.file-system/data done",
        ],
    );
    let done = place.mark();

    let again = place.run(&["plan", "--detailed-exitcode"]);
    holds(&again.stdout, &["Nothing to do: 2 targets as wanted"]);
    // They are counted, whether or not the plan goes on to somebody.
    let plan = place.plan(&[]);
    let targets = plan["targets"].as_array().unwrap();
    let listed: usize = targets
        .iter()
        .map(|target| target["effects"].as_array().unwrap().len())
        .sum();
    assert_eq!(plan["summary"]["none"], listed);
    holds(&again.stdout, &[&format!("({listed} effects)")]);
    again.succeeded();
    let run = place.run(&["apply", "--yes"]).succeeded();
    holds(&run.stderr, &["Nothing to do: 2 targets as wanted"]);
    place.untouched_since(&done);
    assert_eq!(
        place.sandbox().ledger().last().unwrap().status,
        Some(200),
        "it did ask"
    );
}

/// The operator's webhook re-serializes what it admits; what is committed has to stay equal to
/// that, or Argo CD never says Synced.
#[test]
fn quantities_in_any_form_are_synced_and_stay_so() {
    let place = Place::new(
        "\
version: 1
customers:
  - name: acme
    region: us-west-2
    apps:
      - app: odoo
        domain: erp.acme.apps.example.com
        values:
          database: { instances: 1, size: 1024Gi, resources: { requests: { cpu: \"1.5\", memory: 256Mi }, limits: { memory: 2048Mi } } }
          resources: { requests: { cpu: \"0.5\", memory: 1024Mi }, limits: { cpu: 1000m, memory: 4096Mi } }
",
    );
    place.run(&["apply", "--yes"]).succeeded();
    let again = place.run(&["plan", "--detailed-exitcode"]).succeeded();
    holds(&again.stdout, &["Nothing to do"]);
    let out = place.checkout().join("rendered");
    let target = out.to_str().unwrap();
    place
        .run(&["render", "acme/odoo", "--out", target])
        .succeeded();
    let rendered = rendered_text(&out);
    holds(
        &rendered,
        &[
            "1500m",
            "memory: \"2Gi\"",
            "shared_buffers: \"128MB\"",
            "\"cpu\": \"500m\"",
            "\"memory\": \"4Gi\"",
        ],
    );
    for form in ["1.5", "0.5", "2048Mi", "1024Gi", "4096Mi", "1000m"] {
        assert!(!rendered.contains(&format!("\"{form}\"")), "{form}");
    }
}

/// The text of all files below a folder.
fn rendered_text(folder: &std::path::Path) -> String {
    let mut text = String::new();
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            text.push_str(&rendered_text(&path));
        } else {
            text.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
    text
}

#[test]
fn nothing_is_applied_without_a_yes() {
    let place = Place::new(ACME);
    let mark = place.mark();
    let said = place
        .run(&["apply", "--output", "json"])
        .refused("declined");
    holds(&said, &["--yes"]);
    place.untouched_since(&mark);
}

#[test]
fn a_saved_plan_is_applied_exactly_and_once() {
    let place = Place::new(ACME);
    let run = place.run(&["plan", "--out", "p.json"]).succeeded();
    holds(&run.stderr, &["deploycenter apply --plan p.json"]);
    let plan = std::fs::read_to_string(place.checkout().join("p.json")).unwrap();
    let plan: serde_json::Value = serde_json::from_str(&plan).unwrap();
    let run = place.run(&["apply", "--plan", "p.json"]).succeeded();
    for target in plan["targets"].as_array().unwrap() {
        for effect in target["effects"].as_array().unwrap() {
            let (id, kind) = (
                effect["id"].as_str().unwrap(),
                effect["kind"].as_str().unwrap(),
            );
            let line = format!("{}: {id} done", target["target"].as_str().unwrap());
            assert_eq!(
                run.stderr.contains(&line),
                kind != "git.file",
                "{line}\n{run}"
            );
        }
    }
    let inventory = place.inventory();
    let done = place.mark();

    let run = place.run(&["apply", "--plan", "p.json"]).succeeded();
    holds(&run.stderr, &["Nothing to do."]);
    place.untouched_since(&done);
    assert_eq!(inventory, place.inventory());
    place.run(&["plan", "--detailed-exitcode"]).succeeded();
}

#[test]
fn a_neighbours_first_deploy_stales_nothing() {
    let place = Place::new(NEIGHBOURS);
    place
        .run(&["plan", "acme/mattermost", "--out", "p.json"])
        .succeeded();
    place.run(&["apply", "acme/chat2", "--yes"]).succeeded();
    let run = place.run(&["apply", "--plan", "p.json"]).succeeded();
    holds(&run.stderr, &["acme/mattermost: succeeded"]);
    assert!(!run.stderr.contains("chat2"), "{run}");
    place.run(&["plan", "--detailed-exitcode"]).succeeded();
}

#[test]
fn a_change_of_one_customer_touches_nothing_else() {
    let place = Place::new(FLEET);
    place.deploy();
    let (before, mark) = (place.inventory(), place.mark());
    place.change(
        "customers.yaml",
        FLEET.replace("maxUsers: 100", "maxUsers: 137"),
    );
    place.deploy();
    let difference = before.difference(&place.inventory());
    let touched: Vec<&str> = difference
        .lines()
        .filter(|line| !line.starts_with(' '))
        .collect();
    assert_eq!(
        touched,
        ["~ git customer/acme:us-west-2/mattermost/values.yaml"],
        "{difference}"
    );
    let calls = place.since(&mark);
    let writes: Vec<_> = calls.iter().filter(|call| call.write).collect();
    assert!(
        writes
            .iter()
            .all(|call| call.service == "argocd" && call.subject.contains("acme--mattermost")),
        "{writes:#?}"
    );
}
