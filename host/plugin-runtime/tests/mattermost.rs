//! The bundled plugin of Mattermost through the runtime, as the engine calls it.
#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use std::time::Instant;

use common::{load, locked, mattermost, no_overrides, request, templates};
use deploycenter_domain::declaration::ApplicationRole;
use deploycenter_domain::token;
use deploycenter_plugin_runtime::{Library, Mode, PluginError, Runtime, RuntimeConfig};
use deploycenter_ports::Plugins as _;
use serde_json::json;

#[test]
fn it_declares_what_an_instance_needs() {
    let plugin = load(mattermost(), &no_overrides()).unwrap();
    let request = request(mattermost(), json!({}));
    assert_eq!(plugin.validate(&request).unwrap(), []);
    let declared = plugin.plan(&request).unwrap();

    assert_eq!(declared.volumes.keys().collect::<Vec<_>>(), ["data"]);
    assert_eq!(declared.records["domain"], "chat.acme.apps.example.com");
    assert!(declared.generated.contains_key("app"));
    assert_eq!(
        declared.applications.keys().collect::<Vec<_>>(),
        [&ApplicationRole::Base, &ApplicationRole::Workload]
    );
    let volumes = &declared.files["dependencies/volumes.yaml"];
    let references: Vec<_> = token::references(volumes)
        .unwrap()
        .iter()
        .map(token::Reference::key)
        .collect();
    assert_eq!(
        references,
        ["efs.file-system/data:id", "efs.access-point/data:id"]
    );
    // What bounds it is figures and purposes; the host makes the objects.
    assert!(declared.quota.is_some_and(|quota| quota.pods == 13));
    let openings = &declared.openings;
    assert!(openings.postgres && openings.web && openings.mariadb.is_none());
    assert_eq!(openings.http.as_ref().map(|http| http.port), Some(8065));
    assert_eq!(
        declared.files.keys().collect::<Vec<_>>(),
        [
            "dependencies/postgres.yaml",
            "dependencies/volumes.yaml",
            "values.yaml"
        ]
    );
}

#[test]
fn what_it_warns_of_comes_with_the_plan() {
    let plugin = load(mattermost(), &no_overrides()).unwrap();
    let warnings = |over| plugin.plan(&request(mattermost(), over)).unwrap().warnings;
    assert_eq!(warnings(json!({})), [""; 0]);
    let warned = warnings(json!({ "replicas": 2 }));
    assert!(
        warned.len() == 1 && warned[0].contains("licence"),
        "{warned:?}"
    );
}

#[test]
fn the_same_request_gives_the_same_plan() {
    let request = request(mattermost(), json!({}));
    let plan = || {
        serde_json::to_string(
            &load(mattermost(), &no_overrides())
                .unwrap()
                .plan(&request)
                .unwrap(),
        )
        .unwrap()
    };
    assert_eq!(plan(), plan());
}

#[test]
fn an_existing_file_system_needs_no_token() {
    let plugin = load(mattermost(), &no_overrides()).unwrap();
    let base = request(mattermost(), json!({}));
    let mut storage = base.values["storage"].clone();
    storage["class"] = json!("efs-shared");
    let declared = plugin
        .plan(&request(mattermost(), json!({ "storage": storage })))
        .unwrap();
    assert_eq!(declared.volumes["data"].class, "efs-shared");
    assert!(declared.files["dependencies/volumes.yaml"].contains("fs-0123456789abcdef0::"));

    storage["class"] = json!("nvme");
    match plugin.plan(&request(mattermost(), json!({ "storage": storage }))) {
        Err(PluginError::Refused(message)) => assert!(
            message.contains("nvme") && message.contains("efs-shared"),
            "{message}"
        ),
        other => panic!("wanted a refusal, got {other:?}"),
    }
}

#[test]
fn an_override_takes_the_place_of_a_template_of_that_name() {
    let overrides = templates([("values.yaml", "mine: [[ customer ]]\n")]);
    let plugin = load(mattermost(), &overrides).unwrap();
    assert_eq!(
        plugin
            .plan(&request(mattermost(), json!({})))
            .unwrap()
            .files["values.yaml"],
        "mine: acme\n"
    );
}

#[test]
fn an_override_makes_none_of_the_hosts_own_files() {
    for path in deploycenter_domain::guardrails::FILES {
        let overrides = templates([(path, "kind: Namespace\n")]);
        let plugin = load(mattermost(), &overrides).unwrap();
        match plugin.plan(&request(mattermost(), json!({}))) {
            Err(PluginError::Refused(message)) => assert!(
                message.starts_with(path) && message.contains("the host's own"),
                "{message}"
            ),
            other => panic!("wanted a refusal, got {other:?}"),
        }
    }
}

#[test]
fn both_modes_and_the_library_give_the_same() {
    let request = request(mattermost(), json!({}));
    let once = load(mattermost(), &no_overrides())
        .unwrap()
        .plan(&request)
        .unwrap();
    let pooled = Runtime::new(RuntimeConfig {
        cache_dir: None,
        mode: Mode::Pooled,
        compiler: None,
    })
    .unwrap();
    let mut library = Library::new(pooled);
    let digest = library
        .add(mattermost().to_vec(), &locked(mattermost()))
        .unwrap();
    assert_eq!(
        library.facts(&digest).unwrap().manifest.app.as_str(),
        "mattermost"
    );
    assert_eq!(
        library.plan(&digest, &no_overrides(), &request).unwrap(),
        once
    );
    assert_eq!(
        library
            .validate(&digest, &no_overrides(), &request)
            .unwrap(),
        []
    );
    let unknown = deploycenter_domain::digest::Digest::of(b"nothing");
    assert!(matches!(library.facts(&unknown), Err(PluginError::Load(_))));
}

#[test]
fn a_plan_is_a_matter_of_milliseconds() {
    let plugin = load(mattermost(), &no_overrides()).unwrap();
    let request = request(mattermost(), json!({}));
    plugin.plan(&request).unwrap();
    let rounds = 20;
    let start = Instant::now();
    for _ in 0..rounds {
        plugin.plan(&request).unwrap();
    }
    let each = start.elapsed() / rounds;
    eprintln!("one plan takes {each:?}");
    // Generous, for a machine that does other work: it is a plan, not a deployment.
    assert!(each.as_millis() < 100, "{each:?}");
}

#[test]
fn plans_run_from_many_threads() {
    let plugin = load(mattermost(), &no_overrides()).unwrap();
    let request = request(mattermost(), json!({}));
    let wanted = plugin.plan(&request).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(plugin.plan(&request).unwrap(), wanted));
        }
    });
}
