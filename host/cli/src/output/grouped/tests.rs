//! Plans as they are shown in groups.
#![expect(clippy::unwrap_used, reason = "tests")]

use deploycenter_domain::digest::Digest;
use deploycenter_domain::name::Incarnation;
use deploycenter_domain::operation::Operation;
use deploycenter_domain::plan::Remark;
use deploycenter_domain::resource::{AccessPoint, File, Record, Resource, Routing};
use serde_json::{Value, json};

use super::super::plain;
use super::*;

/// A target whose chart goes from one image to another, with everything about it that is
/// its own.
struct Customer {
    name: String,
    number: usize,
    to: &'static str,
    weight: u8,
}

impl Customer {
    fn numbered(number: usize) -> Self {
        Self {
            name: format!("customer-{number:03}"),
            number,
            to: "18.0",
            weight: 100,
        }
    }

    fn plan(&self) -> TargetPlan {
        let Self { name, number, .. } = self;
        let regions = ["eu-west-3", "us-west-2"];
        let region = regions[number % 2];
        let instance = ["odoo", "odoo-staging"][number % 2];
        let id = format!("fsap-{number:017x}");
        let values = |version: &str, note: &str| {
            Resource::File(File {
                path: format!("{region}/{instance}/values.yaml"),
                content: format!(
                    "host: {name}.example.com\nreplicas: {number}\n# {note}\nnamespace: {name}--{instance}\nimage: odoo:{version}\nvolume: {id}\n"
                ),
            })
        };
        let record = |weight: u8| {
            Resource::Record(Record {
                zone: "Z1".to_owned(),
                name: format!("erp{number}.{name}.example.com"),
                set_identifier: format!("dc/test/{name}/{region}"),
                weight,
                routing: Routing::Addresses {
                    ipv4: vec!["192.0.2.1".to_owned()],
                    ttl: 60,
                },
                aaaa: None,
            })
        };
        let point = Resource::AccessPoint(AccessPoint {
            region: region.parse().unwrap(),
            file_system: "fs-0123456789".to_owned(),
            client_token: format!("dc-{number:x}-token"),
            name: format!("{name}--{instance}/data"),
            path: "/data".to_owned(),
            uid: 1,
            gid: 1,
            permissions: "0750".to_owned(),
        });
        let file = |text: &str| {
            Some(Resource::File(File {
                path: format!("{region}/{instance}/chart/new.yaml"),
                content: text.to_owned(),
            }))
        };
        let effect = |id: &str, before: Option<Resource>, after: Option<Resource>| {
            PlannedEffect::new(id.parse().unwrap(), Vec::new(), before, after)
        };
        TargetPlan {
            target: format!("{name}/{instance}").parse().unwrap(),
            region: region.parse().unwrap(),
            app: Some("odoo".parse().unwrap()),
            incarnation: Incarnation::FIRST,
            operation: Operation::Sync,
            digest: Digest::of(b"plan"),
            inputs: Default::default(),
            data_version: None,
            remarks: Vec::new(),
            effects: vec![
                effect("efs.access-point/data", Some(point.clone()), Some(point)),
                effect(
                    "dns.record/domain",
                    Some(record(100)),
                    Some(record(self.weight)),
                ),
                effect(
                    "git.file/values.yaml",
                    Some(values("17.0", "as it was")),
                    Some(values(self.to, "as it was")),
                ),
                effect(
                    "git.file/chart/new.yaml",
                    None,
                    file(&format!(
                        "token: dc-{number:x}-token\nhost: erp{number}.{name}.example.com\nregion: {region}\nvolume: {id}\n"
                    )),
                ),
            ],
        }
    }
}

/// A hundred that change alike, and three that don't; one without changes.
fn fleet() -> Vec<TargetPlan> {
    let mut plans: Vec<TargetPlan> = (0..100)
        .rev()
        .map(|number| Customer::numbered(number).plan())
        .collect();
    let odd = |number: usize| Customer::numbered(number);
    plans.push(
        Customer {
            to: "19.0",
            ..odd(100)
        }
        .plan(),
    );
    plans.push(
        Customer {
            to: "19.0",
            ..odd(101)
        }
        .plan(),
    );
    plans.push(
        Customer {
            weight: 50,
            ..odd(102)
        }
        .plan(),
    );
    let mut still = odd(103).plan();
    for effect in &mut still.effects {
        effect.action = Action::None;
    }
    plans.push(still);
    plans
}

#[test]
fn a_hundred_equal_changes_read_as_one() {
    insta::assert_snapshot!(plain(&render(&fleet())));
}

#[test]
fn the_order_of_the_plans_changes_nothing() {
    let mut turned = fleet();
    turned.reverse();
    assert_eq!(render(&turned), render(&fleet()));
    assert_eq!(json(&turned), json(&fleet()));
}

#[test]
fn for_programs() {
    let report: Value = serde_json::from_str(&json(&fleet())).unwrap();
    let groups = report["groups"].as_array().unwrap();
    let sizes: Vec<usize> = groups
        .iter()
        .map(|group| group["targets"].as_array().unwrap().len())
        .collect();
    assert_eq!(sizes, [100, 2, 1]);
    assert_eq!(groups[0]["targets"][0], "customer-000/odoo");
    assert_eq!(
        groups[1]["targets"],
        json!(["customer-100/odoo", "customer-101/odoo-staging"])
    );
    assert_eq!(
        groups[2]["effects"][0],
        json!({
            "id": "dns.record/domain", "kind": "dns.record", "name": "domain", "action": "update",
            "changes": [{ "path": "weight", "before": 100, "after": 50 }],
        })
    );
    assert_eq!(report["unchanged"], json!(["customer-103/odoo-staging"]));
    assert_eq!(report["format"], 1);
}

#[test]
fn what_is_to_be_read_is_never_hidden() {
    let mut plans = vec![Customer::numbered(0).plan(), Customer::numbered(2).plan()];
    assert_eq!(groups(&plans).len(), 1);
    plans[1].remarks = vec![Remark::new("app-warning", "two wait for a licence")];
    assert_eq!(groups(&plans).len(), 2, "one has a remark");
    plans[0].remarks = plans[1].remarks.clone();
    assert_eq!(groups(&plans).len(), 1);
    plans[0].app = Some("moodle".parse().unwrap());
    assert_eq!(groups(&plans).len(), 2, "another app");
}

#[test]
fn few_or_none() {
    let last = |plans: &[TargetPlan]| {
        let text = plain(&render(plans));
        text.lines().last().unwrap().to_owned()
    };
    let plan = |number: usize| Customer::numbered(number).plan();
    assert_eq!(
        last(&[plan(0)]),
        "1 target changes: 1 to create, 1 to update, 0 to delete."
    );
    assert_eq!(
        last(&[plan(0), plan(1)]),
        "2 targets change, all alike: 2 to create, 2 to update, 0 to delete."
    );
    assert_eq!(last(&fleet()[103..]), "Nothing to do: 1 target as wanted.");
    assert_eq!(last(&[]), "Nothing to do: 0 targets as wanted.");
}
