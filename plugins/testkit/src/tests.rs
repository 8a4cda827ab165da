//! The kit on a small app, and on ones whose author made a mistake.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use deploycenter_sdk::argocd::{IgnoredDifference, Options, Role, SyncOption};
use deploycenter_sdk::efs::Owner;
use deploycenter_sdk::network::Opening;
use deploycenter_sdk::quota::Quota;
use deploycenter_sdk::{App, Deployment, PlanError, Request, Violation, graph, log};
use serde_json::{Value, json};

use crate::{Kit, place};

struct Blog;

const QUOTA: Quota = Quota {
    cpu_millicores: 100,
    memory: 1 << 20,
    memory_limit: 1 << 20,
    storage: 0,
    pods: 2,
    claims: 0,
};

#[derive(serde::Deserialize)]
struct Values {
    posts: u32,
}

impl App for Blog {
    type Values = Values;

    fn validate(request: &Request<Values>) -> Vec<Violation> {
        if request.values.posts > 100 {
            vec![Violation::new("/posts", "too-many", "at most 100")]
        } else {
            Vec::new()
        }
    }

    fn plan(request: &Request<Values>) -> Result<(), PlanError> {
        if request.values.posts > 10 {
            log::warn("many posts");
            log::info("not for the plan");
        }
        Deployment::of(request)
            .volume("data", "", Owner::new(1, 2, "0750"))?
            .generated("app", &[("password", 32)])?
            .given(request.values.posts == 0, "smtp", "password", "mail")?
            .record()?
            .open(Opening::Http {
                port: 80,
                more: vec![],
            })?
            .opens((request.values.posts > 50).then_some(Opening::Http {
                port: 8080,
                more: vec![],
            }))?
            .quota(&QUOTA)?
            .shared("dependencies/cache.yaml")
            .application(Role::Workload, scaled_by_others())
            .finish()?;
        if request.context.domain.is_some() {
            graph::depends_on("git.file/values.yaml", "dns.record/domain")?;
        }
        match request.values.posts {
            49 => graph::depends_on("git.file/values.yaml", "dns.record/other"),
            50 => graph::depends_on("dns.record/domain", "dns.record/domain"),
            _ => Ok(()),
        }
    }
}

fn scaled_by_others() -> Options {
    Options {
        sync_options: vec![SyncOption::RespectIgnoreDifferences],
        ignored_differences: vec![IgnoredDifference {
            group: "apps".to_owned(),
            kind: "Deployment".to_owned(),
            name: None,
            json_pointers: vec!["/spec/replicas".to_owned()],
        }],
    }
}

fn kit() -> Kit {
    let text = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(name, source)| ((*name).to_owned(), (*source).to_owned()))
            .collect()
    };
    Kit {
        folder: "/nowhere".into(),
        manifest: toml::from_str("app = \"blog\"\n[data-versions]\n\"1\" = \"1\"\n").unwrap(),
        schema: json!({
            "type": "object",
            "properties": { "posts": {
                "type": "integer", "title": "Posts", "description": "How many", "x-group": "Blog", "default": 3,
            } },
            "additionalProperties": false,
        }),
        base: json!({ "posts": 3 }),
        templates: text(&[
            (
                "values.yaml",
                "posts: [[ values.posts ]]\nsecret: [[ secrets.app ]]\n",
            ),
            (
                "dependencies/volume.yaml",
                "handle: [[ volumes.data.handle ]]\n---\nat: [[ domain ]]\n",
            ),
            (
                "dependencies/none.yaml",
                "[% if values.posts == 0 %]x[% endif %]\n",
            ),
            (
                "shared/dependencies/cache.yaml",
                "name: [[ names.namespace ]]\n",
            ),
        ]),
        context: place("blog"),
    }
}

#[test]
fn what_an_app_declares_is_kept() {
    let declared = kit().plan::<Blog>(json!({})).unwrap();
    let files: Vec<&str> = declared.files.keys().map(String::as_str).collect();
    assert_eq!(
        files,
        [
            "dependencies/cache.yaml",
            "dependencies/volume.yaml",
            "values.yaml"
        ]
    );
    assert_eq!(
        declared.yaml("dependencies/volume.yaml"),
        [
            json!({ "handle": "<efs.file-system/data>::<efs.access-point/data>" }),
            json!({ "at": "blog.acme.apps.example.com" }),
        ]
    );
    assert!(declared.files["values.yaml"].contains("deploycenter/testing/acme/blog/app"));
    assert_eq!(
        declared.volumes["data"],
        ("efs".to_owned(), Owner::new(1, 2, "0750"))
    );
    assert_eq!(declared.generated["app"], [("password".to_owned(), 32)]);
    assert_eq!(
        declared.applications,
        BTreeMap::from([
            (Role::Base, Options::default()),
            (Role::Workload, scaled_by_others()),
        ])
    );
    assert_eq!(declared.depends_on.len(), 1);
    assert_eq!(
        declared.openings,
        [Opening::Http {
            port: 80,
            more: vec![]
        }]
    );
    assert_eq!(declared.quota, Some(QUOTA));
    assert_eq!((declared.given.len(), declared.warnings.len()), (0, 0));

    let declared = kit().plan::<Blog>(json!({ "posts": 11 })).unwrap();
    assert_eq!(declared.warnings, ["many posts"]);
    let declared = kit().plan::<Blog>(json!({ "posts": 0 })).unwrap();
    assert!(declared.given.contains_key("smtp"));
    assert!(declared.files.contains_key("dependencies/none.yaml"));
}

#[test]
fn what_the_host_would_refuse_is_refused() {
    let refused = |kit: Kit, over| match kit.plan::<Blog>(over) {
        Err(PlanError::Refused(message)) => message,
        other => panic!("{other:?}"),
    };
    let twice = refused(kit(), json!({ "posts": 51 }));
    assert!(twice.contains("declared twice"), "{twice}");
    assert_eq!(
        refused(kit(), json!({ "posts": 49 })),
        "the effect dns.record/other hasn't been declared"
    );
    assert_eq!(
        refused(kit(), json!({ "posts": 50 })),
        "the effect dns.record/domain can't wait for itself"
    );
    for name in ["guardrails", "namespace", "network", "secrets"] {
        let mut kit = kit();
        let path = format!("dependencies/{name}.yaml");
        kit.templates.insert(path.clone(), "a: 1\n".to_owned());
        let said = refused(kit, json!({}));
        assert!(
            said.starts_with(&path) && said.contains("the host's own"),
            "{said}"
        );
    }
}

#[test]
fn values_are_checked_as_the_host_does_it() {
    let kit = kit();
    assert!(kit.fits(json!({ "posts": 4 })));
    assert!(!kit.fits(json!({ "posts": "4" })) && !kit.fits(json!({ "post": 4 })));
    assert_eq!(kit.found::<Blog>(json!({ "posts": 100 })), []);
    assert_eq!(
        kit.found::<Blog>(json!({ "posts": 101 })),
        [("too-many".to_owned(), "/posts".to_owned())]
    );
}

#[test]
fn the_place_is_the_tests() {
    let kit = kit().at(|context| context["domain"] = Value::Null);
    let failed = kit.plan::<Blog>(json!({})).map(|declared| declared.records);
    // A template that takes the domain for granted prints what is there.
    assert_eq!(failed, Ok(BTreeMap::new()));
    let kit = kit.at(|context| context["region"]["defaultStorageClass"] = Value::Null);
    let PlanError::Refused(message) = kit.plan::<Blog>(json!({})).unwrap_err() else {
        panic!("no class was named")
    };
    assert!(
        message.contains("no default storage class") && message.contains("regions.yaml"),
        "{message}"
    );
}

#[test]
fn a_template_that_fails_is_named() {
    for (source, line) in [
        ("one\n[[ values.nothing ]]\n", 2),
        ("[[ volumes.data.handle[:3] ]]\n", 1),
    ] {
        let mut kit = kit();
        kit.templates
            .insert("values.yaml".to_owned(), source.to_owned());
        match kit.plan::<Blog>(json!({})) {
            Err(PlanError::Render {
                template, line: at, ..
            }) => assert_eq!((template.as_str(), at), ("values.yaml", line)),
            other => panic!("{source:?}: {other:?}"),
        }
    }
}

#[test]
#[should_panic(expected = "is not of type \"integer\"")]
fn values_that_the_schema_refuses_end_a_test() {
    let _ = kit().plan::<Blog>(json!({ "posts": "many" }));
}

#[test]
#[should_panic(expected = "templates that don't parse")]
fn a_template_that_does_not_parse_ends_a_test() {
    let mut kit = kit();
    kit.templates
        .insert("values.yaml".to_owned(), "[% if %]".to_owned());
    let _ = kit.plan::<Blog>(json!({}));
}

#[test]
fn a_form_wants_every_default_to_apply() {
    kit().check_form();
}

#[test]
#[should_panic(expected = "posts: 4 in values.yaml, 3 in schema.json")]
fn a_default_that_does_not_apply_ends_a_test() {
    let mut kit = kit();
    kit.base = json!({ "posts": 4 });
    kit.check_form();
}

#[test]
#[should_panic(expected = "/posts: \"all\": : \"all\" is not of type \"integer\"")]
fn an_example_that_the_schema_refuses_ends_a_test() {
    let mut kit = kit();
    kit.schema["properties"]["posts"]["examples"] = json!([1, "all"]);
    kit.check_examples();
}

#[test]
#[should_panic(expected = "posts has no x-group")]
fn a_value_that_no_form_can_place_ends_a_test() {
    let mut kit = kit();
    kit.schema["properties"]["posts"]
        .as_object_mut()
        .unwrap()
        .remove("x-group");
    kit.check_form();
}

#[test]
#[should_panic(expected = "versions and data-versions")]
fn a_version_without_a_data_version_ends_a_test() {
    let mut kit = Kit::of(concat!(env!("CARGO_MANIFEST_DIR"), "/../../apps/odoo"));
    kit.manifest["data-versions"]
        .as_table_mut()
        .unwrap()
        .remove("19.0");
    let _ = kit.images("images");
}

#[test]
#[should_panic(expected = "a test brings one")]
fn without_a_stand_in_there_is_no_host() {
    log::warn("nobody hears");
}
