//! One target's trouble is its own: it is left out by name, and the others go on.

use serde_json::{Value, json};

use crate::outside;
use crate::place::{FLEET, Place, holds};

const APPLY: [&str; 4] = ["apply", "--yes", "--output", "json"];

/// Wants acme's instance left out with that code, and rivoli's deployed all the same.
#[track_caller]
fn leaves_out(place: &Place, code: &str, said: &[&str]) {
    let run = place.run(&APPLY).exits(1);
    let error = run.error();
    assert_eq!(error["code"], code, "{run}");
    holds(&error.to_string(), said);
    let report = run.json();
    let deployments = report["deployments"].as_array().unwrap();
    assert!(!deployments.is_empty(), "{run}");
    for deployment in deployments {
        assert_eq!(deployment["state"], "succeeded", "{run}");
        let target = deployment["target"].as_str().unwrap();
        assert!(target.starts_with("rivoli/"), "{run}");
    }
    let plan = place.run(&["plan", "--output", "json"]).succeeded().json();
    assert_eq!(plan["blocked"][0]["target"], "acme/mattermost");
    assert_eq!(plan["blocked"][0]["code"], code);
}

#[test]
fn a_record_that_exists_already() {
    let place = Place::new(FLEET);
    place.run(&["plan", "--out", "p.json"]).succeeded();
    outside::make_record(&place, "chat.acme.apps.example.com");
    let mark = place.mark();
    let whole = ["--plan", "p.json", "--all-or-nothing", "--allow-dirty"];
    let whole = [&APPLY[..1], &APPLY[2..], &whole].concat();
    let said = place.run(&whole).refused("exists");
    holds(
        &said,
        &["acme/mattermost: dns.record/domain exists already"],
    );
    place.untouched_since(&mark);
    leaves_out(
        &place,
        "exists",
        &[
            "acme/mattermost: dns.record/domain exists already",
            "deploycenter adopt acme/mattermost dns.record/domain",
        ],
    );
}

#[test]
fn a_record_that_leads_people_with_ipv6_elsewhere() {
    let place = Place::new(FLEET);
    let name = "chat.acme.apps.example.com";
    outside::make_set(&place, name, "AAAA", "2001:db8::7");
    leaves_out(
        &place,
        "answered-elsewhere",
        &[
            "acme/mattermost: dns.record/domain: chat.acme.apps.example.com has a simple AAAA record to 2001:db8::7 that isn't ours: who has IPv6 goes there",
            "deploycenter adopt acme/mattermost dns.record/domain",
        ],
    );
    place
        .run(&["adopt", "acme/mattermost", "dns.record/domain", "--yes"])
        .succeeded();
    assert_eq!(outside::sets(&place, name), ["A=100"]);

    // Beside a record of ours that stands it is said, and keeps nothing from being deployed.
    outside::make_set(&place, name, "AAAA", "2001:db8::8");
    place.run(&["plan", "--detailed-exitcode"]).succeeded();
    let raised = FLEET.replace("maxUsers: 100", "maxUsers: 137");
    place.change("customers.yaml", raised);
    let plan = place.run(&["plan"]).succeeded();
    holds(
        &plan.stdout,
        &[
            "! dns.record/domain: chat.acme.apps.example.com has a simple AAAA record to 2001:db8::8 that isn't ours: who has IPv6 goes there",
            "ingress.alias.dualStack",
        ],
    );
    // A plan from before it came is another.
    place.run(&["plan", "--out", "p.json"]).succeeded();
    outside::remove_sets(&place, name, "AAAA");
    let stale = place.run(&["apply", "--plan", "p.json", "--output", "json"]);
    holds(
        &stale.refused("plan-stale"),
        &["acme/mattermost", "the records beside ours"],
    );
    place.run(&["apply", "--yes"]).succeeded();
}

#[test]
fn a_name_that_is_delegated_elsewhere() {
    let place = Place::new(FLEET);
    let (above, name) = ("acme.apps.example.com", "chat.acme.apps.example.com");
    // Theirs beside it is no matter.
    outside::make_set(&place, "acme2.apps.example.com", "NS", "ns1.example.net.");
    outside::make_set(&place, above, "NS", "ns1.example.net.");
    let said = "acme/mattermost: dns.record/domain: chat.acme.apps.example.com isn't answered from the zone Z04444444APPSEXAMPLE: acme.apps.example.com is delegated to ns1.example.net";
    leaves_out(
        &place,
        "delegated",
        &[said, "under hostedZones in regions.yaml"],
    );
    assert!(outside::sets(&place, name).is_empty());

    // Where it stands already, nothing else waits for it; and it goes like any other.
    outside::remove_sets(&place, above, "NS");
    place.run(&["apply", "--yes"]).succeeded();
    outside::make_set(&place, name, "NS", "ns1.example.net.");
    let raised = FLEET.replace("maxUsers: 100", "maxUsers: 137");
    place.change("customers.yaml", raised);
    let plan = place.run(&["plan"]).succeeded();
    holds(
        &plan.stdout,
        &["chat.acme.apps.example.com is delegated to"],
    );
    place.run(&["apply", "--yes"]).succeeded();
    place.change("customers.yaml", "version: 1\ncustomers: []\n");
    let destroy = ["destroy", "acme/mattermost", "--confirm", "acme/mattermost"];
    place.run(&destroy).succeeded();
    assert_eq!(outside::sets(&place, name), ["NS"]);
}

#[test]
fn a_secret_that_nobody_gave() {
    let smtp = "values: { smtp: { host: smtp.acme.example, port: 587, user: chat, from: chat@acme.example } }";
    let place = Place::new(&FLEET.replace("values: { maxUsers: 100 }", smtp));
    leaves_out(
        &place,
        "secret-missing",
        &[
            "acme/mattermost: the secret \\\"smtp\\\"",
            "customers.yaml:6 needs it",
            "deploycenter secret set acme/mattermost smtp",
        ],
    );
}

#[test]
fn a_secret_that_waits_for_its_deletion() {
    let place = Place::new(FLEET);
    place.deploy();
    let mut name = Value::Null;
    let taken = place.sandbox().edit_aws(|state| {
        for secret in secrets(state) {
            if secret["name"].to_string().contains("/acme/") {
                name = secret["name"].clone();
                secret["deletedAt"] = json!(1_767_225_600_000_u64);
                secret["deletionAt"] = json!(4_102_444_800_000_u64);
            }
        }
    });
    assert!(taken && name.is_string());
    let raised = FLEET.replace(
        "domain: chat.rivoli.apps.example.com",
        "domain: chat.rivoli.apps.example.com, values: { maxUsers: 137 }",
    );
    place.change("customers.yaml", raised);
    let restore = format!(
        "aws secretsmanager restore-secret --region us-west-2 --secret-id {}",
        name.as_str().unwrap()
    );
    leaves_out(
        &place,
        "leaving",
        &["acme/mattermost: secrets.entry/app: ", &restore],
    );

    let taken = place.sandbox().edit_aws(|state| {
        for secret in secrets(state) {
            secret["deletedAt"] = Value::Null;
            secret["deletionAt"] = Value::Null;
        }
    });
    assert!(taken);
    place.run(&["plan", "--detailed-exitcode"]).succeeded();
}

/// Every secret of the stand-in.
fn secrets(state: &mut Value) -> Vec<&mut Value> {
    let regions = state["secretsmanager"].as_object_mut().unwrap();
    let mut found = Vec::new();
    let mut left: Vec<&mut Value> = regions.values_mut().collect();
    while let Some(value) = left.pop() {
        if value.get("deletionAt").is_some() {
            found.push(value);
        } else if let Value::Object(fields) = value {
            left.extend(fields.values_mut());
        }
    }
    found
}

#[test]
fn a_branch_where_git_has_no_room_for_its_own() {
    let place = Place::new(FLEET);
    let remote = place.remote();
    let main = remote.refname_to_id("refs/heads/main").unwrap();
    let mut wip = remote
        .reference("refs/heads/customer/acme/wip", main, false, "by hand")
        .unwrap();
    let plan = place.run(&["plan", "--output", "json"]).succeeded().json();
    let blocked = plan["blocked"].as_array().unwrap();
    let targets: Vec<_> = blocked.iter().map(|it| it["target"].clone()).collect();
    assert_eq!(targets, [json!("acme/_customer"), json!("acme/mattermost")]);
    for it in blocked {
        assert_eq!(it["code"], "branch-in-the-way");
        holds(
            &it.to_string(),
            &[
                "the branch customer/acme can't be made",
                "a branch customer/acme/wip",
                "--delete customer/acme/wip",
            ],
        );
    }
    let report = place.run(&APPLY).exits(1).json();
    for deployment in report["deployments"].as_array().unwrap() {
        let target = deployment["target"].as_str().unwrap();
        assert!(target.starts_with("rivoli/"), "{report}");
        assert_eq!(deployment["state"], "succeeded", "{report}");
    }
    wip.delete().unwrap();
    place.deploy();
}
