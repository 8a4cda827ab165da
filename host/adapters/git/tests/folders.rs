//! Folders on branches, against bare remotes on disk and over HTTP.
#![expect(clippy::unwrap_used, reason = "tests")]

mod declined;
mod doctor;
mod signed;
mod support;

use std::collections::BTreeMap;

use deploycenter_domain::effect::{EffectId, EffectKind, OutputName};
use deploycenter_domain::resource::{Folder, Ownership, Resource};
use deploycenter_domain::token::Reference;
use deploycenter_ports::{Generated, Provider, ProviderErrorKind, Snapshot, Step};
use support::{Fault, HttpRemote, Remote, folder, owner, step};

const BRANCH: &str = "customer/acme";
const PATH: &str = "us-west-2/odoo";

fn v(text: &str) -> Resource {
    folder(
        BRANCH,
        PATH,
        &[("values.yaml", text), ("chart/Chart.yaml", "name: odoo\n")],
    )
}

async fn observed(git: &deploycenter_git::Git, wanted: &Resource) -> Option<Resource> {
    git.observe(wanted).await.unwrap().map(|found| found.state)
}

#[tokio::test]
async fn a_folder_is_made_changed_and_removed_and_its_neighbours_stay() {
    let remote = Remote::new();
    let (git, _) = remote.local("cache");
    assert_eq!(git.snapshot().observe(&v("1")).await.unwrap(), None);

    assert!(
        git.ensure(&step(1, None, Some(v("1"))))
            .await
            .unwrap()
            .changed
    );
    let found = git.observe(&v("1")).await.unwrap().unwrap();
    assert_eq!(found.ownership, Ownership::ByPlace);
    let Resource::Folder(first) = found.state.clone() else {
        panic!()
    };
    assert_eq!(first.tree.as_ref().unwrap().len(), 40);
    assert_eq!(first.files["chart/Chart.yaml"], "name: odoo\n");
    assert_eq!(
        remote.log(BRANCH),
        [format!(
            "Deploy acme/odoo to us-west-2\n\nDeployment: {}\nTarget: acme/odoo\nMain-Commit: {}\n",
            owner("acme/odoo", 1).deployment,
            "f".repeat(40)
        )]
    );
    let repo = remote.repo();
    let commit = repo
        .find_reference("refs/heads/customer/acme")
        .unwrap()
        .peel_to_commit()
        .unwrap();
    assert_eq!(
        (
            commit.author().name().unwrap(),
            commit.committer().email().unwrap()
        ),
        ("Ada Lovelace", "ada@example.com")
    );
    assert_eq!(commit.time().seconds(), 1_767_313_800);

    remote.commit_by_hand(BRANCH, "us-west-2/moodle/values.yaml", "m");
    assert!(
        git.ensure(&step(2, Some(found.state), Some(v("2"))))
            .await
            .unwrap()
            .changed
    );
    let second = observed(&git, &v("2")).await.unwrap();
    git.ensure(&step(3, Some(second), None)).await.unwrap();
    let left = remote.files(BRANCH).unwrap();
    assert_eq!(
        left.keys().map(String::as_str).collect::<Vec<_>>(),
        ["us-west-2/moodle/values.yaml"]
    );
    assert!(remote.log(BRANCH)[0].starts_with("Remove acme/odoo from us-west-2\n"));
    assert_eq!(observed(&git, &v("2")).await, None);
}

#[tokio::test]
async fn the_shared_target_comes_to_have_two_files_and_goes_back() {
    let remote = Remote::new();
    let (git, _) = remote.local("cache");
    let one = folder(BRANCH, "", &[("project.json", "{}")]);
    let files = [("base-project.json", "[]"), ("project.json", "{}")];
    let two = folder(BRANCH, "", &files);
    git.ensure(&step(1, None, Some(one.clone()))).await.unwrap();
    let before = observed(&git, &one).await.unwrap();
    git.ensure(&step(2, Some(before.clone()), Some(two.clone())))
        .await
        .unwrap();
    let after = observed(&git, &two).await.unwrap();
    let Resource::Folder(state) = &after else {
        panic!()
    };
    assert_eq!(state.files.len(), 2);
    assert_eq!(
        observed(&git, &one).await.unwrap(),
        after,
        "it is one place"
    );
    assert_eq!(remote.files(BRANCH).unwrap().len(), 2);

    // What someone changes in either file is seen, and not written over.
    remote.commit_by_hand(BRANCH, "base-project.json", "theirs");
    let again = folder(BRANCH, "", &[("base-project.json", "2"), files[1]]);
    let third = step(3, Some(after.clone()), Some(again));
    let failure = git.ensure(&third).await.unwrap_err();
    assert_eq!(failure.kind, ProviderErrorKind::Moved);
    remote.commit_by_hand(BRANCH, "base-project.json", "[]");

    // The way back knows the earlier content by its id alone.
    let bare = |seen: &Resource| match seen.clone() {
        Resource::Folder(seen) => Resource::Folder(Folder {
            files: BTreeMap::new(),
            ..seen
        }),
        other => other,
    };
    git.ensure(&step(4, Some(bare(&after)), Some(bare(&before))))
        .await
        .unwrap();
    assert_eq!(remote.files(BRANCH).unwrap().len(), 1);
    git.ensure(&step(5, Some(bare(&before)), Some(bare(&after))))
        .await
        .unwrap();
    assert_eq!(observed(&git, &two).await.unwrap(), after);
    git.ensure(&step(6, Some(bare(&after)), None))
        .await
        .unwrap();
    assert_eq!(observed(&git, &two).await, None);
}

#[tokio::test]
async fn the_shared_target_is_the_roots_own_file() {
    let remote = Remote::new();
    let (git, _) = remote.local("cache");
    let root = |text| folder(BRANCH, "", &[("project.json", text)]);
    git.ensure(&step(1, None, Some(root("{}")))).await.unwrap();
    git.ensure(&step(1, None, Some(v("1")))).await.unwrap();
    let found = observed(&git, &root("{}")).await.unwrap();
    let Resource::Folder(state) = &found else {
        panic!()
    };
    assert_eq!(
        state.tree.as_deref().unwrap(),
        git2::Oid::hash_object(git2::ObjectType::Blob, b"{}")
            .unwrap()
            .to_string()
    );
    assert_eq!(state.files["project.json"], "{}");
    git.ensure(&step(2, Some(found), None)).await.unwrap();
    assert!(!remote.files(BRANCH).unwrap().contains_key("project.json"));
    assert!(
        remote
            .files(BRANCH)
            .unwrap()
            .contains_key("us-west-2/odoo/values.yaml")
    );
}

#[tokio::test]
async fn undo_restores_what_was_there_byte_for_byte_and_removes_what_was_not() {
    let remote = Remote::new();
    let (git, _) = remote.local("cache");
    git.ensure(&step(1, None, Some(v("1")))).await.unwrap();
    remote.commit_by_hand(BRANCH, "us-west-2/odoo/bin", "\u{1}");
    let before = observed(&git, &v("")).await.unwrap();

    let update = step(2, Some(before.clone()), Some(v("2")));
    git.ensure(&update).await.unwrap();
    git.undo(&update).await.unwrap();
    assert_eq!(observed(&git, &v("")).await.unwrap(), before);
    assert!(remote.log(BRANCH)[0].starts_with("Undo acme/odoo in us-west-2\n"));
    // Once more is nothing more.
    git.undo(&update).await.unwrap();
    assert_eq!(remote.log(BRANCH).len(), 4);

    let other = folder(BRANCH, "us-west-2/wiki", &[("a", "1")]);
    let create = step(3, None, Some(other.clone()));
    git.ensure(&create).await.unwrap();
    git.undo(&create).await.unwrap();
    assert_eq!(observed(&git, &other).await, None);
    assert_eq!(observed(&git, &v("")).await.unwrap(), before);
}

#[tokio::test]
async fn undo_of_a_create_also_removes_the_folder_with_its_base_opened() {
    let remote = Remote::new();
    let (git, _) = remote.local("cache");
    let text = format!(
        "kind: Namespace\nmetadata:\n  annotations:\n    {}\n",
        deploycenter_domain::sync_options::PROTECTION
    );
    let guarded = folder(BRANCH, PATH, &[("dependencies/ns.yaml", &text)]);
    let create = step(1, None, Some(guarded.clone()));
    git.ensure(&create).await.unwrap();
    let Resource::Folder(state) = guarded.clone() else {
        panic!()
    };
    let open = Resource::Folder(deploycenter_domain::unwind::unprotected(&state));
    git.ensure(&Step {
        undo: true,
        ..step(1, Some(guarded), Some(open))
    })
    .await
    .unwrap();
    assert!(
        !remote.files(BRANCH).unwrap()["us-west-2/odoo/dependencies/ns.yaml"]
            .contains("Delete=false")
    );
    git.undo(&create).await.unwrap();
    assert_eq!(remote.files(BRANCH).unwrap().len(), 0);
}

#[tokio::test]
async fn a_change_by_someone_else_is_reported_and_left() {
    let remote = Remote::new();
    let (git, _) = remote.local("cache");
    let create = step(1, None, Some(v("1")));
    git.ensure(&create).await.unwrap();
    let before = observed(&git, &v("")).await.unwrap();
    remote.commit_by_hand(BRANCH, "us-west-2/odoo/values.yaml", "by hand");
    for attempt in [
        step(2, Some(before.clone()), Some(v("2"))),
        step(2, None, Some(v("2"))),
        step(2, Some(before), None),
    ] {
        let failure = git.ensure(&attempt).await.unwrap_err();
        assert_eq!(failure.kind, ProviderErrorKind::Moved, "{failure}");
        assert!(
            failure.message.contains("by Grace Hopper in ")
                && failure.message.ends_with(": Fix by hand"),
            "{failure}"
        );
    }
    assert_eq!(
        git.undo(&create).await.unwrap_err().kind,
        ProviderErrorKind::Moved
    );
    assert_eq!(
        remote.files(BRANCH).unwrap()["us-west-2/odoo/values.yaml"],
        "by hand"
    );

    // A file where the region's folder should be is someone else's as well.
    remote.commit_by_hand("customer/beta", "us-west-2", "a file");
    let failure = git
        .ensure(&step(
            1,
            None,
            Some(folder("customer/beta", PATH, &[("a", "1")])),
        ))
        .await
        .unwrap_err();
    assert_eq!(failure.kind, ProviderErrorKind::Moved, "{failure}");
}

#[tokio::test]
async fn a_second_run_makes_no_second_commit_and_says_whose_the_first_was() {
    let remote = Remote::new();
    let (git, calls) = remote.local("cache");
    git.ensure(&step(1, None, Some(v("1")))).await.unwrap();
    let again = |deployment, uncertain| Step {
        uncertain,
        ..step(deployment, None, Some(v("1")))
    };
    assert!(
        git.ensure(&again(1, true)).await.unwrap().changed,
        "the lost attempt was ours"
    );
    assert!(!git.ensure(&again(1, false)).await.unwrap().changed);
    assert!(
        !git.ensure(&again(2, true)).await.unwrap().changed,
        "another deployment made it"
    );
    assert_eq!(calls.of("push"), 1);
    assert_eq!(remote.log(BRANCH).len(), 1);
}

#[tokio::test]
async fn nothing_with_a_token_or_a_path_that_leads_elsewhere_is_committed() {
    let remote = Remote::new();
    let (git, calls) = remote.local("cache");
    let token = Reference {
        effect: EffectId::new(EffectKind::FileSystem, "data").unwrap(),
        output: OutputName::Id,
    }
    .token();
    let cut: String = token.chars().skip(1).collect();
    let mut bad = vec![v(&format!("id: {token}")), v(&format!("id: {cut}"))];
    for path in [
        "../evil",
        "/etc/passwd",
        ".git/hooks/update",
        "a/../../b",
        "",
    ] {
        bad.push(folder(BRANCH, PATH, &[(path, "x")]));
    }
    bad.push(folder(BRANCH, "../odoo", &[("a", "x")]));
    bad.push(folder("main", PATH, &[("a", "x")]));
    bad.push(folder(BRANCH, "", &[("customers.yaml", "x")]));
    bad.push(folder(BRANCH, PATH, &[("a", "x"), ("a/b", "x")]));
    bad.push(folder(BRANCH, PATH, &[]));
    for resource in bad {
        let failure = git
            .ensure(&step(1, None, Some(resource.clone())))
            .await
            .unwrap_err();
        assert_eq!(
            failure.kind,
            ProviderErrorKind::Refused,
            "{resource:?}: {failure}"
        );
    }
    assert_eq!(calls.of("push"), 0);
    assert_eq!(remote.files(BRANCH), None);
}

#[tokio::test]
async fn fifty_branches_go_up_in_one_push() {
    let remote = Remote::new();
    let http = HttpRemote::new(&remote).await;
    for url in [remote.path.to_str().unwrap().to_owned(), http.url.clone()] {
        let cache = format!("cache{}", url.len());
        let (git, calls) = remote.git(&cache, &url);
        let base = if url.starts_with("http") { "h" } else { "l" };
        let tasks: Vec<_> = (0..50)
            .flat_map(|n| ["odoo", "wiki"].map(|app| (format!("customer/{base}{n}"), app)))
            .map(|(branch, app)| {
                let git = git.clone();
                tokio::spawn(async move {
                    git.ensure(&step(
                        1,
                        None,
                        Some(folder(&branch, &format!("r/{app}"), &[("a", app)])),
                    ))
                    .await
                })
            })
            .collect();
        for task in tasks {
            assert!(task.await.unwrap().unwrap().changed);
        }
        assert_eq!((calls.of("push"), calls.of("fetch")), (1, 1), "{url}");
        for n in 0..50 {
            assert_eq!(
                remote.files(&format!("customer/{base}{n}")).unwrap().len(),
                2
            );
        }
        // Reading them all takes one fetch.
        let run = git.snapshot();
        for n in 0..50 {
            let wanted = folder(&format!("customer/{base}{n}"), "r/odoo", &[]);
            assert!(run.observe(&wanted).await.unwrap().is_some());
        }
        assert_eq!(calls.of("fetch"), 2);
        assert_eq!(loose(&cache_of(&remote, &cache)), 0, "they are in packs");

        // What is in packs is built upon as what is in files, and stands when it is asked
        // for again.
        for changes in [true, false] {
            let tasks: Vec<_> = (0..50)
                .map(|n| {
                    let branch = format!("customer/{base}{n}");
                    let text = |text| folder(&branch, "r/odoo", &[("a", text)]);
                    let (git, step) =
                        (git.clone(), step(2, Some(text("odoo")), Some(text("more"))));
                    tokio::spawn(async move { git.ensure(&step).await })
                })
                .collect();
            for task in tasks {
                assert_eq!(task.await.unwrap().unwrap().changed, changes);
            }
        }
        for n in 0..50 {
            let files = remote.files(&format!("customer/{base}{n}")).unwrap();
            assert_eq!(files["r/odoo/a"], "more");
            assert_eq!(files["r/wiki/a"], "wiki");
        }
        assert_eq!(loose(&cache_of(&remote, &cache)), 0);
    }
}

/// Objects of a repo that are files of their own.
fn loose(repo: &std::path::Path) -> usize {
    let folders = repo.join("objects").read_dir().unwrap();
    folders
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_name().len() == 2)
        .map(|entry| entry.path().read_dir().unwrap().count())
        .sum()
}

#[tokio::test]
async fn two_adapters_racing_on_one_branch_both_land() {
    let remote = Remote::new();
    let http = HttpRemote::new(&remote).await;
    for (name, url) in [
        ("local", remote.path.to_str().unwrap().to_owned()),
        ("http", http.url.clone()),
    ] {
        let branch = format!("customer/{name}");
        let mut tasks = Vec::new();
        for adapter in 0..3 {
            let (git, _) = remote.git(&format!("{name}{adapter}"), &url);
            let branch = branch.clone();
            tasks.push(tokio::spawn(async move {
                for n in 0..4 {
                    let wanted = folder(&branch, &format!("r/a{adapter}n{n}"), &[("a", "1")]);
                    assert!(
                        git.ensure(&step(1, None, Some(wanted)))
                            .await
                            .unwrap()
                            .changed
                    );
                }
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(remote.files(&branch).unwrap().len(), 12, "{name}");
        assert_eq!(remote.log(&branch).len(), 12, "{name}");
    }
}

#[tokio::test]
async fn a_rejected_branch_does_not_fail_its_neighbours() {
    let remote = Remote::new();
    remote.refuse("frozen");
    let http = HttpRemote::new(&remote).await;
    let (git, calls) = remote.git("cache", &http.url);
    let ensure = |branch: &'static str| {
        let git = git.clone();
        async move {
            git.ensure(&step(1, None, Some(folder(branch, PATH, &[("a", "1")]))))
                .await
        }
    };
    let (good, bad, fine) = tokio::join!(
        ensure("customer/good"),
        ensure("customer/frozen"),
        ensure("customer/fine")
    );
    assert!(good.unwrap().changed && fine.unwrap().changed);
    let failure = bad.unwrap_err();
    assert_eq!(failure.kind, ProviderErrorKind::Refused);
    assert!(
        failure.message.contains("customer/frozen") && failure.message.contains("declined"),
        "{failure}"
    );
    // The refused one again by itself, to hear what is said of it alone.
    assert_eq!(calls.of("push"), 2);
}

#[tokio::test]
async fn a_busy_remote_is_tried_again_and_a_lost_reply_makes_no_second_commit() {
    let remote = Remote::new();
    let http = HttpRemote::new(&remote).await;
    let (git, calls) = remote.git("cache", &http.url);
    http.fail_next("/info/refs", Fault::Busy);
    http.fail_next("/git-receive-pack", Fault::Busy);
    assert!(
        git.ensure(&step(1, None, Some(v("1"))))
            .await
            .unwrap()
            .changed
    );
    assert_eq!(calls.of("push"), 2);

    http.fail_next("/git-receive-pack", Fault::LoseReply);
    let before = observed(&git, &v("")).await;
    assert!(
        git.ensure(&step(2, before, Some(v("2"))))
            .await
            .unwrap()
            .changed
    );
    assert_eq!(calls.of("push"), 3);
    assert_eq!(remote.log(BRANCH).len(), 2);
}

#[tokio::test]
async fn a_remote_that_is_not_there_is_a_failure_with_advice() {
    let remote = Remote::new();
    let (git, _) = remote.git(
        "cache",
        remote.dir.path().join("nowhere.git").to_str().unwrap(),
    );
    let failure = git.ensure(&step(1, None, Some(v("1")))).await.unwrap_err();
    assert!(failure.help.is_some(), "{failure}");
    let (git, _) = remote.git("cache", "http://127.0.0.1:1/x.git");
    let failure = git.observe(&v("1")).await.unwrap_err();
    assert_eq!(failure.kind, ProviderErrorKind::Unavailable, "{failure}");
}

#[tokio::test]
async fn a_commit_that_is_not_known_yet_is_fetched() {
    let remote = Remote::new();
    let (git, calls) = remote.local("cache");
    git.ensure(&step(1, None, Some(v("1")))).await.unwrap();
    let Some(Resource::Folder(state)) = observed(&git, &v("")).await else {
        panic!()
    };
    remote.commit_by_hand(BRANCH, "us-west-2/wiki/a", "1");
    let head = remote
        .repo()
        .refname_to_id("refs/heads/customer/acme")
        .unwrap()
        .to_string();
    let fetches = calls.of("fetch");
    assert_eq!(git.tree_at(&head, PATH).await.unwrap(), state.tree);
    assert_eq!(git.tree_at(&head, "us-west-2/none").await.unwrap(), None);
    assert_eq!(calls.of("fetch"), fetches + 1);
    assert_eq!(
        git.tree_at(BRANCH, PATH).await.unwrap(),
        None,
        "a branch's name is no commit"
    );
    assert_eq!(git.tree_at(&"0".repeat(40), PATH).await.unwrap(), None);
}

/// A run goes by the heads that it read first, whatever comes to the cache meanwhile; the
/// next one sees that.
#[tokio::test]
async fn a_snapshot_stays_where_it_was_read() {
    let remote = Remote::new();
    let (git, calls) = remote.local("cache");
    git.ensure(&step(1, None, Some(v("1")))).await.unwrap();
    let values = async |run: &dyn Snapshot| {
        let seen = run.observe(&v("")).await.unwrap().map(|seen| seen.state);
        seen.map(|state| match state {
            Resource::Folder(folder) => folder.files["values.yaml"].clone(),
            _ => panic!("{state:?}"),
        })
    };
    let run = git.branches();
    assert_eq!(values(&*run).await.as_deref(), Some("1"));
    remote.commit_by_hand(BRANCH, "us-west-2/odoo/values.yaml", "2");
    remote.commit_by_hand("customer/late", "us-west-2/odoo/deployment.lock.json", "{}");
    let live = observed(&git, &v("")).await;
    assert!(matches!(live, Some(Resource::Folder(folder)) if folder.files["values.yaml"] == "2"));

    let fetches = calls.of("fetch");
    assert_eq!(values(&*run).await.as_deref(), Some("1"));
    assert_eq!(run.live().await.unwrap(), []);
    let last = run.last_change(BRANCH, PATH).await.unwrap().unwrap();
    assert_eq!(last.deployment, Some(owner("acme/odoo", 1).deployment));
    assert_eq!(calls.of("fetch"), fetches, "one fetch a run");

    let next = git.branches();
    let (first, second) = tokio::join!(values(&*next), next.live());
    assert_eq!(first.as_deref(), Some("2"));
    assert_eq!(second.unwrap().len(), 1);
    assert_eq!(
        next.last_change(BRANCH, PATH)
            .await
            .unwrap()
            .unwrap()
            .deployment,
        None
    );
    assert_eq!(calls.of("fetch"), fetches + 1);
}

/// Holds every push up before it is sent.
#[derive(Debug)]
struct Gate(tokio::sync::Semaphore);

#[async_trait::async_trait]
impl deploycenter_ports::Calls for Gate {
    async fn at(&self, call: &deploycenter_ports::Call, phase: deploycenter_ports::Phase) {
        if call.operation == "push" && phase == deploycenter_ports::Phase::Before {
            self.0.acquire().await.unwrap().forget();
        }
    }
}

#[tokio::test]
async fn a_push_that_is_held_up_is_never_sent() {
    let remote = Remote::new();
    let gate = std::sync::Arc::new(Gate(tokio::sync::Semaphore::new(0)));
    let config = deploycenter_git::GitConfig {
        cache_dir: remote.dir.path().join("cache"),
        remote_url: remote.path.to_str().unwrap().to_owned(),
        credentials: deploycenter_git::Credentials::default(),
        signer: None,
    };
    let git = deploycenter_git::Git::open(
        &config,
        std::sync::Arc::new(support::TestClock),
        gate.clone(),
    )
    .unwrap();
    let held = tokio::time::timeout(
        std::time::Duration::from_millis(300),
        git.ensure(&step(1, None, Some(v("1")))),
    )
    .await;
    assert!(held.is_err(), "it is held up");
    git.quiet().await;
    assert_eq!(remote.files(BRANCH), None);

    // Another process goes on with the same cache while the first is held up.
    let (other, _) = remote.local("cache");
    let again = Step {
        uncertain: true,
        ..step(1, None, Some(v("1")))
    };
    assert!(other.ensure(&again).await.unwrap().changed);
    assert_eq!(remote.log(BRANCH).len(), 1);
}

/// The cache of that name; there is one remote.
fn cache_of(remote: &Remote, name: &str) -> std::path::PathBuf {
    let entries = remote.dir.path().join(name).read_dir().unwrap();
    let mut folders = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir());
    folders.next().unwrap()
}

#[tokio::test]
async fn what_a_dead_process_left_locked_is_unlocked() {
    let remote = Remote::new();
    let (git, _) = remote.local("cache");
    git.ensure(&step(1, None, Some(v("1")))).await.unwrap();
    drop(git);
    let cache = cache_of(&remote, "cache");
    let locks = [
        cache.join("config.lock"),
        cache.join("HEAD.lock"),
        cache.join("refs/remotes/origin/customer/acme.lock"),
        remote.path.join("refs/heads/customer/acme.lock"),
    ];
    for lock in &locks {
        std::fs::write(lock, "").unwrap();
    }
    // It died while it moved the branch; another's name was cut off.
    std::fs::write(
        remote.path.join("deploycenter.lock"),
        "refs/heads/customer/acme\nrefs/heads/custo",
    )
    .unwrap();

    let (git, _) = remote.local("cache");
    let before = observed(&git, &v("2")).await;
    git.ensure(&step(2, before, Some(v("2")))).await.unwrap();
    assert_eq!(
        remote.files(BRANCH).unwrap()["us-west-2/odoo/values.yaml"],
        "2"
    );
    for lock in &locks {
        assert!(!lock.exists(), "{}", lock.display());
    }
}

#[tokio::test]
async fn another_ones_lock_on_the_remote_is_respected() {
    let remote = Remote::new();
    let (git, _) = remote.local("cache");
    git.ensure(&step(1, None, Some(v("1")))).await.unwrap();
    let lock = remote.path.join("refs/heads/customer/acme.lock");
    std::fs::write(&lock, "").unwrap();
    let before = observed(&git, &v("2")).await;
    git.ensure(&step(2, before, Some(v("2"))))
        .await
        .unwrap_err();
    assert!(lock.exists());
    assert_eq!(
        remote.files(BRANCH).unwrap()["us-west-2/odoo/values.yaml"],
        "1"
    );
}

#[tokio::test]
async fn a_cache_that_was_half_made_is_made_again() {
    let remote = Remote::new();
    drop(remote.local("cache"));
    let cache = cache_of(&remote, "cache");
    std::fs::remove_file(cache.join("HEAD")).unwrap();
    std::fs::create_dir(cache.with_extension("new")).unwrap();
    let (git, _) = remote.local("cache");
    assert!(
        git.ensure(&step(1, None, Some(v("1"))))
            .await
            .unwrap()
            .changed
    );
}

/// The files below a folder that hold a text.
fn item(folder: &std::path::Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(item(&path, text));
        } else if String::from_utf8_lossy(&std::fs::read(&path).unwrap()).contains(text) {
            found.push(path.display().to_string());
        }
    }
    found
}

#[tokio::test]
async fn a_login_in_the_url_is_kept_nowhere() {
    let remote = Remote::new();
    let http = HttpRemote::new(&remote).await;
    let url = http.url.replace("http://", "http://ci:canary@");
    let (git, _) = remote.git("cache", &url);
    assert!(
        git.ensure(&step(1, None, Some(v("1"))))
            .await
            .unwrap()
            .changed
    );
    assert!(!format!("{git:?}").contains("canary"));
    let (gone, _) = remote.git("gone", &url.replace("remote.git", "none.git"));
    let failure = gone.ensure(&step(1, None, Some(v("1")))).await.unwrap_err();
    let said = format!("{failure:?}");
    assert!(
        said.contains("/none.git") && !said.contains("canary"),
        "{said}"
    );
    assert_eq!(item(remote.dir.path(), "canary"), [""; 0]);
}
