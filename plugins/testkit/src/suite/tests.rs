//! The suite on an app that keeps to it, and on one of which no case is as it says.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use deploycenter_sdk::network::Opening;
use deploycenter_sdk::quota::{Quota, ensure_quota};
use deploycenter_sdk::{App, PlanError, Request, Violation, git, log, network};
use serde_json::{Value, json};

use crate::kit::Kit;
use crate::place::place;
use crate::suite::{self, Cases};

#[derive(serde::Deserialize)]
struct Values {
    posts: u32,
}

/// More than ten posts claim disks, more than twenty have a quota, and more than thirty
/// one that is large enough; a plan of forty is another each time.
struct Blog;

impl App for Blog {
    type Values = Values;

    fn validate(request: &Request<Values>) -> Vec<Violation> {
        let many = request.values.posts > 100;
        let many = many.then(|| Violation::new("/posts", "too-many", "at most 100"));
        many.into_iter().collect()
    }

    fn plan(request: &Request<Values>) -> Result<(), PlanError> {
        let posts = request.values.posts;
        if posts > 10 {
            git::ensure_file("dependencies/disk.yaml", DISK)?;
        }
        if posts > 20 {
            ensure_quota(&quota(u32::from(posts > 30)))?;
        }
        if posts == 40 {
            static PLANS: AtomicU32 = AtomicU32::new(0);
            log::warn(&PLANS.fetch_add(1, Ordering::Relaxed).to_string());
        }
        network::open(&Opening::Metrics(9000))
    }
}

const DISK: &str = "kind: PersistentVolumeClaim\nspec: { resources: { requests: { storage: 1Gi } } }\n---\nkind: Cluster\nspec: { instances: 2, storage: { size: 1Gi } }\n";

fn quota(disks: u32) -> Quota {
    Quota {
        cpu_millicores: 100,
        memory: 1 << 20,
        memory_limit: 1 << 20,
        storage: 3 << 30,
        pods: 2,
        claims: 2 + disks,
    }
}

fn blog() -> Kit {
    Kit {
        folder: "/nowhere".into(),
        manifest: toml::Table::new(),
        schema: json!({
            "type": "object",
            "properties": { "posts": { "$ref": "#/$defs/count", "title": "Posts", "x-group": "Blog", "default": 3 } },
            "additionalProperties": false,
            "$defs": { "count": { "type": "integer", "description": "How many", "examples": [1] } },
        }),
        base: json!({ "posts": 3 }),
        templates: BTreeMap::new(),
        context: place("blog"),
    }
}

impl Cases for Blog {
    fn kit() -> Kit {
        blog()
    }

    fn fine() -> Vec<Value> {
        vec![json!({ "posts": 31 }), json!({ "posts": 100 })]
    }

    fn refused() -> Vec<(Value, &'static str, &'static str)> {
        vec![(json!({ "posts": 101 }), "too-many", "/posts")]
    }

    fn unfit() -> Vec<Value> {
        vec![json!({ "posts": "3" })]
    }

    fn openings() -> Vec<(Value, Vec<Opening>)> {
        vec![(json!({}), vec![Opening::Metrics(9000)])]
    }
}

crate::suite!(Blog);

/// The same app, whose author is wrong in every case.
struct Wrong;

impl App for Wrong {
    type Values = Values;

    fn validate(request: &Request<Values>) -> Vec<Violation> {
        Blog::validate(request)
    }

    fn plan(request: &Request<Values>) -> Result<(), PlanError> {
        Blog::plan(request)
    }
}

impl Cases for Wrong {
    fn kit() -> Kit {
        blog()
    }

    fn fine() -> Vec<Value> {
        [11, 21, 40, 101]
            .map(|posts| json!({ "posts": posts }))
            .to_vec()
    }

    fn refused() -> Vec<(Value, &'static str, &'static str)> {
        vec![
            (json!({ "posts": 4 }), "too-many", "/posts"),
            (json!({ "posts": 101 }), "too-many", "/post"),
        ]
    }

    fn unfit() -> Vec<Value> {
        vec![json!({ "posts": 4 })]
    }

    fn openings() -> Vec<(Value, Vec<Opening>)> {
        vec![(json!({ "posts": 5 }), vec![])]
    }
}

#[test]
#[should_panic(expected = r#"{"posts":101}: found [("too-many", "/posts")], wanted []"#)]
fn fine_values_that_are_refused_are_named() {
    suite::what_people_write_is_fine::<Wrong>();
}

#[test]
#[should_panic(expected = r#"{"posts":4}: found [], wanted [("too-many", "/posts")]"#)]
fn values_that_are_not_refused_are_named() {
    suite::what_a_schema_cannot_say_is_refused_at_its_key::<Wrong>();
}

#[test]
#[should_panic(expected = r#"{"posts":101}: the schema has no /post"#)]
fn a_pointer_that_leads_nowhere_is_named() {
    suite::what_a_schema_cannot_say_is_refused_at_its_key::<Wrong>();
}

#[test]
#[should_panic(expected = r#"{"posts":4}: the schema takes it"#)]
fn values_that_fit_are_named() {
    suite::the_schema_refuses::<Wrong>();
}

#[test]
#[should_panic(expected = r#"{"posts":40}: a second plan declares something else"#)]
fn a_plan_that_changes_is_named() {
    suite::the_same_values_have_the_same_plan::<Wrong>();
}

#[test]
#[should_panic(expected = r#"{"posts":11}: 3 claims, and no quota is declared"#)]
fn claims_without_a_quota_are_named() {
    suite::the_quota_has_room_for_the_claims::<Wrong>();
}

#[test]
#[should_panic(expected = r#"{"posts":21}: 3 claims of 3221225472 bytes in all, in Quota"#)]
fn claims_that_a_quota_does_not_hold_are_named() {
    suite::the_quota_has_room_for_the_claims::<Wrong>();
}

#[test]
#[should_panic(expected = r#"{"posts":5}: found [Metrics(9000)], wanted []"#)]
fn an_opening_that_nobody_told_is_named() {
    suite::the_network_lets_through_what_the_values_ask_for::<Wrong>();
}

#[test]
fn a_pointer_is_followed_through_a_schema() {
    let mut kit = blog();
    kit.schema = json!({
        "properties": {
            "a/b": { "anyOf": [{ "type": "null" }, { "$ref": "#/$defs/pair" }] },
            "list": { "type": "array", "items": { "properties": { "name": {} } } },
            "free": { "type": "object", "additionalProperties": { "type": "string" } },
        },
        "$defs": { "pair": { "properties": { "left": {} }, "additionalProperties": false } },
    });
    for (pointer, known) in [
        ("", true),
        ("/a~1b", true),
        ("/a~1b/left", true),
        ("/a~1b/right", false),
        ("/list/0/name", true),
        ("/list/first", false),
        ("/free/anything", true),
        ("/left", false),
    ] {
        assert_eq!(kit.describes(pointer), known, "{pointer:?}");
    }
}
