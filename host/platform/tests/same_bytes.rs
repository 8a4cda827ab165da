//! An engine from a checkout and one from a bare mirror at the same commit do the same.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use deploycenter_domain::name::TargetId;
use deploycenter_engine::{Limits, Words};
use deploycenter_platform::{Environment, Platform, PlatformError};
use deploycenter_ports::Silent;
use deploycenter_sandbox::sample::{CUSTOMERS, SampleRepo};

const SETTINGS: &str = "\
version = 1
installation = \"testing\"

[git]
generated = \"https://git.example.com/fleet.git\"

[argocd]
server = \"https://argocd.example.com\"
";

/// Nobody reads what these say.
const WORDS: Words = ToString::to_string;

type Rendered = BTreeMap<TargetId, BTreeMap<String, String>>;

async fn render(platform: &Platform) -> Rendered {
    let offline = platform.engine.offline();
    let desired = platform.engine.desired().await.unwrap();
    offline.render(desired, None).await.unwrap()
}

#[tokio::test]
async fn the_fleet_is_the_same_from_a_checkout_and_from_a_mirror() {
    let dir = tempfile::tempdir().unwrap();
    let mut files = deploycenter_testkit::files(CUSTOMERS).unwrap();
    for (path, text) in [
        ("deploycenter.toml", SETTINGS),
        (".gitattributes", "*.yaml text\n"),
    ] {
        files.insert(path.to_owned(), text.as_bytes().to_vec());
    }
    let repo = SampleRepo::below(dir.path());
    assert!(repo.create(&files).unwrap());
    // As a git that turns line ends round checks it out.
    let turned = CUSTOMERS.replace('\n', "\r\n");
    fs::write(repo.checkout.join("customers.yaml"), turned).unwrap();
    repo.publish("The same, as git stores it").unwrap();

    let environment = Environment {
        cache: Some(dir.path().join("cache")),
        user: "tester".to_owned(),
        ..Environment::default()
    };
    let (limits, state) = (Limits::default(), dir.path().join("state"));
    let silent = || Arc::new(Silent);
    let checkout = Platform::of_checkout(&environment, &repo.checkout, limits, silent(), WORDS);
    let checkout = checkout.await.unwrap().ready_to_plan().await.unwrap();
    let commit = checkout.engine.repository.head().await.unwrap();
    let mirror = |commit: String| {
        let (environment, remote, state) = (&environment, &repo.remote, &state);
        async move {
            Platform::of_mirror(environment, remote, &commit, state, limits, silent(), WORDS).await
        }
    };
    let bare = mirror(commit.clone()).await.unwrap();
    let bare = bare.ready_to_plan().await.unwrap();

    let (here, there) = (render(&checkout).await, render(&bare).await);
    assert!(here.values().map(BTreeMap::len).sum::<usize>() > 300);
    assert_eq!(
        here.keys().collect::<Vec<_>>(),
        there.keys().collect::<Vec<_>>()
    );
    for (target, files) in &here {
        for (path, text) in files {
            assert!(there[target].get(path) == Some(text), "{target}: {path}");
        }
        assert_eq!(files.len(), there[target].len(), "{target}");
    }
    assert_eq!(
        checkout.engine.repository.main_state().await.unwrap(),
        bare.engine.repository.main_state().await.unwrap()
    );
    assert!(checkout.actor().starts_with("Sandbox <"));
    assert_eq!(bare.actor(), "tester");
    assert!(state.join("journal.db").is_file());

    // What is committed decides, whatever has become of it elsewhere.
    let plugin = files.keys().find(|path| path.ends_with(".wasm")).unwrap();
    fs::write(repo.checkout.join(plugin), "no plugin").unwrap();
    repo.publish("A broken plugin").unwrap();
    let later = checkout.engine.repository.head().await.unwrap();
    assert_ne!(later, commit);
    let broken = mirror(later).await.err().unwrap();
    let PlatformError::Plugins(problems) = broken else {
        panic!("{broken}");
    };
    assert!(problems[0].message.starts_with(plugin.as_str()));
    let again = mirror(commit).await.unwrap();
    assert_eq!(
        again.engine.repository.desired_files().await.unwrap(),
        bare.engine.repository.desired_files().await.unwrap()
    );
}
