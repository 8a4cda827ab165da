//! Each interface's host side by itself: what it declares, and what it refuses.
#![expect(clippy::unwrap_used, reason = "tests")]

mod tenancy;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use deploycenter_domain::declaration::{Declaration, Manifest, Request};
use deploycenter_domain::token;
use serde_json::json;
use wasmtime::Error;

use crate::bindings::app::deploycenter::argocd::argocd::{
    ApplicationOptions, ApplicationRole, Host as _, IgnoredDifference, SyncOption,
};
use crate::bindings::app::deploycenter::aws::efs::{Host as _, Owner};
use crate::bindings::app::deploycenter::aws::route53::Host as _;
use crate::bindings::app::deploycenter::aws::secrets::{GeneratedKey, Host as _};
use crate::bindings::app::deploycenter::git::git::Host as _;
use crate::bindings::app::deploycenter::log::log::{Host as _, Level};
use crate::bindings::app::deploycenter::plugin::graph::Host as _;
use crate::bindings::app::deploycenter::rendering::rendering::Host as _;
use crate::bindings::app::deploycenter::tenancy::network::Host as _;
use crate::bindings::app::deploycenter::tenancy::quota::Host as _;
use crate::renderer::Templates;
use crate::runtime::{Runtime, RuntimeConfig};
use crate::state::{Phase, State};

fn state(grants: &[&str], phase: Phase) -> State {
    static TEMPLATES: OnceLock<Arc<Templates>> = OnceLock::new();
    let templates = TEMPLATES.get_or_init(|| {
        let runtime = Runtime::new(RuntimeConfig::default()).unwrap();
        Arc::new(
            Templates::load(
                runtime.renderer().unwrap(),
                vec![
                    ("a/x".into(), "x [[ y ]]".into()),
                    ("b".into(), String::new()),
                ],
            )
            .unwrap(),
        )
    });
    let manifest = Manifest {
        app: "blog".parse().unwrap(),
        version: "1.0.0".into(),
        api_version: "0.1.0".into(),
        description: String::new(),
        grants: grants.iter().map(|&grant| grant.to_owned()).collect(),
        data_versions: BTreeMap::new(),
        migration: None,
    };
    let request = Request {
        target: "acme/blog".parse().unwrap(),
        values: json!({}),
        context: json!({
            "domain": "blog.example.com",
            "names": { "namespace": "acme--blog", "application": "acme--blog", "baseApplication": "acme--blog--base", "project": "acme", "baseProject": "acme--base" },
            "region": { "cluster": { "server": "https://k" } },
            "repository": { "url": "https://git/x.git", "branch": "customer/acme", "folder": "west/blog" }
        }),
        storage: BTreeMap::from([
            ("efs".to_owned(), None),
            ("shared".to_owned(), Some("fs-1".to_owned())),
        ]),
        secret_prefix: "dc/acme/blog/".to_owned(),
    };
    State::new(Arc::new(manifest), Arc::clone(templates), request, phase)
}

fn planning() -> State {
    state(&deploycenter_plugin_package::GRANTS, Phase::Plan)
}

fn owner(permissions: &str) -> Owner {
    Owner {
        uid: 1000,
        gid: 1001,
        permissions: permissions.to_owned(),
    }
}

/// What a call came back with as an error for the plugin.
#[track_caller]
fn refused<T: std::fmt::Debug>(answer: Result<Result<T, String>, Error>) -> String {
    answer.unwrap().unwrap_err()
}

#[test]
fn without_a_grant_every_call_is_stopped_by_name() {
    type Call = fn(&mut State) -> Result<(), Error>;
    let calls: [(&str, Call); 11] = [
        ("efs", |s| {
            s.ensure_volume("a".into(), "efs".into(), owner("0750"))
                .map(drop)
        }),
        ("route53", |s| {
            s.ensure_record("a".into(), "blog.example.com".into())
                .map(drop)
        }),
        ("secrets", |s| {
            s.ensure_generated("a".into(), Vec::new()).map(drop)
        }),
        ("secrets", |s| {
            s.require_given("a".into(), "k".into(), "p".into())
                .map(drop)
        }),
        ("git", |s| {
            s.ensure_file("values.yaml".into(), String::new()).map(drop)
        }),
        ("argocd", |s| {
            s.ensure_application(ApplicationRole::Base, ignoring("apps", "Deployment"))
                .map(drop)
        }),
        ("network", |s| s.open_web().map(drop)),
        ("quota", |s| s.ensure_quota(tenancy::FIGURES).map(drop)),
        ("rendering", |s| s.render("b".into(), "{}".into()).map(drop)),
        ("rendering", |s| s.templates(String::new()).map(drop)),
        ("log", |s| s.log(Level::Info, "hello".into())),
    ];
    for (grant, call) in calls {
        let all_others: Vec<_> = deploycenter_plugin_package::GRANTS
            .into_iter()
            .filter(|other| *other != grant)
            .collect();
        let mut without = state(&all_others, Phase::Plan);
        let message = call(&mut without).unwrap_err().to_string();
        assert!(
            message.contains(&format!("`{grant}`")) && message.contains("no grant"),
            "{message}"
        );
        assert_eq!(without.declaration, Declaration::default());
        call(&mut planning()).unwrap();
    }
}

#[test]
fn nothing_is_declared_while_values_are_validated() {
    let mut state = state(&deploycenter_plugin_package::GRANTS, Phase::Validate);
    assert!(
        state
            .ensure_record("a".into(), "blog.example.com".into())
            .is_err()
    );
    assert!(
        state
            .depends_on("git.file/values.yaml".into(), "efs.access-point/a".into())
            .is_err()
    );
    assert_eq!(
        state
            .render("a/x".into(), r#"{"y":1}"#.into())
            .unwrap()
            .unwrap(),
        "x 1"
    );
}

#[test]
fn a_dedicated_volume_is_two_tokens_and_an_existing_one_has_an_id() {
    let mut state = planning();
    let own = state
        .ensure_volume("data".into(), "efs".into(), owner("0750"))
        .unwrap()
        .unwrap();
    assert_eq!(
        own.handle,
        format!("{}::{}", own.file_system_id, own.access_point_id)
    );
    let keys: Vec<_> = token::references(&own.handle)
        .unwrap()
        .iter()
        .map(token::Reference::key)
        .collect();
    assert_eq!(
        keys,
        ["efs.file-system/data:id", "efs.access-point/data:id"]
    );
    let theirs = state
        .ensure_volume("more".into(), "shared".into(), owner("750"))
        .unwrap()
        .unwrap();
    assert_eq!(theirs.file_system_id, "fs-1");
    assert_eq!(state.declaration.volumes["data"].gid, 1001);

    // The same again is the same; another content under the name isn't.
    assert!(
        state
            .ensure_volume("data".into(), "efs".into(), owner("0750"))
            .unwrap()
            .is_ok()
    );
    assert!(
        refused(state.ensure_volume("data".into(), "efs".into(), owner("0700"))).contains("twice")
    );
    assert!(
        refused(state.ensure_volume("x".into(), "nvme".into(), owner("0750")))
            .contains("efs, shared")
    );
    assert!(
        refused(state.ensure_volume("x".into(), "efs".into(), owner("0850"))).contains("octal")
    );
    for name in ["", "Data", "a/b", "../x", &"a".repeat(41)] {
        assert!(
            refused(state.ensure_volume(name.into(), "efs".into(), owner("0750")))
                .contains("no name for a volume"),
            "{name}"
        );
    }
}

#[test]
fn a_record_is_for_the_instances_own_domain() {
    let mut state = planning();
    assert_eq!(
        state
            .ensure_record("domain".into(), "blog.example.com".into())
            .unwrap()
            .unwrap(),
        "dns.record/domain"
    );
    assert!(
        state
            .ensure_record("media".into(), "media.blog.example.com".into())
            .unwrap()
            .is_ok()
    );
    for foreign in ["example.com", "shop.example.com", "evilblog.example.com"] {
        assert!(refused(state.ensure_record("x".into(), foreign.into())).contains(foreign));
    }
    let long = "a".repeat(64);
    for odd in [
        "*",
        "a b",
        "A",
        "a..b",
        "-a",
        "a_b",
        "\u{202e}a",
        "a\nb",
        "a/b",
        "\\052",
        "",
        long.as_str(),
    ] {
        let domain = format!("{odd}.blog.example.com");
        let said = refused(state.ensure_record("x".into(), domain));
        assert!(
            said.contains("which is no domain") || said.contains("lower case"),
            "{said}"
        );
        assert!(
            !said.chars().any(|c| c.is_control() || c == '\u{202e}'),
            "{said}"
        );
    }
    let deep = format!("{}blog.example.com", "abcdefg.".repeat(40));
    assert!(refused(state.ensure_record("x".into(), deep)).contains("which is no domain"));
    assert_eq!(state.declaration.records.len(), 2);
}

#[test]
fn secrets_have_full_names_and_checked_keys() {
    let mut state = planning();
    let key = |key: &str, length| GeneratedKey {
        key: key.to_owned(),
        length,
    };
    assert_eq!(
        state
            .ensure_generated("db".into(), vec![key("b", 32), key("a", 16)])
            .unwrap()
            .unwrap(),
        "dc/acme/blog/db"
    );
    assert_eq!(
        state
            .require_given("smtp".into(), "password".into(), "for mail".into())
            .unwrap()
            .unwrap(),
        "dc/acme/blog/smtp"
    );
    assert_eq!(state.declaration.generated["db"][0].key, "a");
    assert!(
        refused(state.ensure_generated("short".into(), vec![key("a", 15)])).contains("16 to 128")
    );
    assert!(refused(state.ensure_generated("none".into(), vec![])).contains("no keys"));
    assert!(
        refused(state.ensure_generated("two".into(), vec![key("a", 16), key("a", 17)]))
            .contains("twice")
    );
    assert!(refused(state.ensure_generated("smtp".into(), vec![key("a", 16)])).contains("both"));
    assert!(refused(state.require_given("db".into(), "k".into(), "p".into())).contains("both"));
    for key in ["a b", ".", "..a"] {
        assert!(
            refused(state.require_given("x".into(), key.into(), "p".into())).contains("no key"),
            "{key}"
        );
    }
    for name in ["-x", "x-", "X"] {
        assert!(
            refused(state.require_given(name.into(), "a".into(), "p".into())).contains("no name"),
            "{name}"
        );
    }
}

#[test]
fn files_stay_in_the_folder_and_hold_whole_tokens_only() {
    let mut state = planning();
    let handle = state
        .ensure_volume("data".into(), "efs".into(), owner("0750"))
        .unwrap()
        .unwrap()
        .handle;
    let content = format!("a: 1\nb: {handle}\n");
    assert_eq!(
        state
            .ensure_file("dependencies/volumes.yaml".into(), content.clone())
            .unwrap()
            .unwrap(),
        "git.file/dependencies/volumes.yaml"
    );
    let cut = content.replace('\u{FFFF}', "");
    let message = refused(state.ensure_file("values.yaml".into(), cut));
    assert!(
        message.contains("values.yaml") && message.contains("line 2"),
        "{message}"
    );
    for path in [
        "../values.yaml",
        "application.json",
        "dependencies/../x.yaml",
        "dependencies/A.yaml",
        "dependencies/.yaml",
        "dependencies/x/y.yaml",
        "chart/values.yaml",
    ] {
        assert!(
            refused(state.ensure_file(path.into(), String::new()))
                .contains("no file that a plugin may write"),
            "{path}"
        );
    }
    for path in deploycenter_domain::guardrails::FILES {
        let message = refused(state.ensure_file(path.into(), String::new()));
        assert!(
            message.starts_with(path) && message.contains("the host's own"),
            "{message}"
        );
    }
}

#[test]
fn edges_are_between_declared_effects() {
    let mut state = planning();
    state
        .ensure_volume("data".into(), "efs".into(), owner("0750"))
        .unwrap()
        .unwrap();
    state
        .ensure_record("domain".into(), "blog.example.com".into())
        .unwrap()
        .unwrap();
    let edge = |state: &mut State, a: &str, b: &str| state.depends_on(a.into(), b.into());
    assert!(
        edge(&mut state, "dns.record/domain", "efs.access-point/data")
            .unwrap()
            .is_ok()
    );
    assert!(
        edge(&mut state, "dns.record/domain", "efs.access-point/data")
            .unwrap()
            .is_ok()
    );
    assert_eq!(state.declaration.depends_on.len(), 1);
    assert!(
        refused(edge(
            &mut state,
            "dns.record/other",
            "efs.access-point/data"
        ))
        .contains("hasn't been declared")
    );
    assert!(
        refused(edge(&mut state, "git.commit/x", "efs.access-point/data"))
            .contains("hasn't been declared")
    );
    assert!(refused(edge(&mut state, "dns.record/domain", "dns.record/domain")).contains("itself"));
    assert!(refused(edge(&mut state, "nonsense", "dns.record/domain")).contains("nonsense"));
}

fn ignoring(group: &str, kind: &str) -> ApplicationOptions {
    ApplicationOptions {
        sync_options: vec![SyncOption::ServerSideApply, SyncOption::PruneLast],
        ignored_differences: vec![IgnoredDifference {
            group: group.to_owned(),
            kind: kind.to_owned(),
            name: None,
            json_pointers: vec!["/spec/replicas".to_owned()],
        }],
    }
}

#[test]
fn an_application_is_chosen_by_options() {
    let mut state = planning();
    let mut ask = |role, options| state.ensure_application(role, options);
    for _ in 0..2 {
        let id = ask(ApplicationRole::Workload, ignoring("apps", "Deployment"));
        assert_eq!(id.unwrap().unwrap(), "argocd.application/workload");
    }
    assert!(
        refused(ask(
            ApplicationRole::Workload,
            ignoring("apps", "StatefulSet")
        ))
        .contains("twice")
    );
    let message = refused(ask(ApplicationRole::Base, ignoring("*", "Namespace")));
    assert!(
        message.starts_with("the base application ignores differences")
            && message.contains("it guards the target"),
        "{message}"
    );
    let declared = &state.declaration.applications;
    assert_eq!(declared.len(), 1);
    let workload = &declared[&deploycenter_domain::declaration::ApplicationRole::Workload];
    assert_eq!(
        serde_json::to_value(workload).unwrap(),
        json!({
            "syncOptions": ["prune-last", "server-side-apply"],
            "ignoredDifferences": [
                { "group": "apps", "kind": "Deployment", "jsonPointers": ["/spec/replicas"] },
            ],
        })
    );
}

#[test]
fn logging_is_bounded() {
    let mut state = planning();
    for _ in 0..2_000 {
        state.log(Level::Debug, "é".repeat(5_000)).unwrap();
    }
    state.log(Level::Error, "dropped".into()).unwrap();
    assert_eq!(state.last_error, None);
}

#[test]
fn templates_are_listed_by_prefix() {
    let mut state = planning();
    assert_eq!(state.templates("a/".into()).unwrap(), ["a/x"]);
    assert_eq!(state.templates(String::new()).unwrap(), ["a/x", "b"]);
    let error = state
        .render("gone".into(), "{}".into())
        .unwrap()
        .unwrap_err();
    assert_eq!(
        (error.template.as_str(), error.message.as_str()),
        ("gone", "there is no such template")
    );
}

#[test]
fn a_warning_of_a_plan_stands_in_the_plan() {
    let mut state = state(&["log"], Phase::Plan);
    for (level, line) in [
        (Level::Debug, "a detail"),
        (Level::Warn, "two wait"),
        (Level::Info, "what happens"),
        (Level::Warn, "two wait"),
        (Level::Error, "a fault"),
        (Level::Warn, "three wait"),
    ] {
        state.log(level, line.into()).unwrap();
    }
    assert_eq!(state.declaration.warnings, ["two wait", "three wait"]);
    for number in 0..50 {
        state.log(Level::Warn, format!("{number}")).unwrap();
    }
    assert_eq!(state.declaration.warnings.len(), 20, "the rest is dropped");
}

#[test]
fn a_warning_of_a_check_declares_nothing() {
    let mut state = state(&["log"], Phase::Validate);
    state.log(Level::Warn, "two wait".into()).unwrap();
    assert_eq!(state.declaration, Declaration::default());
}
