//! What someone is told who looks at the remotes before pushing to them.

use std::time::Duration;

use deploycenter_git::{DeploymentRepo, Remotes};
use deploycenter_ports::Examine as _;

use crate::support::{Fault, HttpRemote, Remote};

const LIMIT: Duration = Duration::from_secs(20);

/// A checkout in the remote's folder, with that URL as `origin`.
fn checkout(remote: &Remote, origin: Option<&str>) -> DeploymentRepo {
    let path = remote.dir.path().join("work");
    let repo = git2::Repository::init(&path).unwrap();
    if let Some(url) = origin {
        repo.remote("origin", url).unwrap();
    }
    DeploymentRepo::open(&path).unwrap()
}

fn remotes(checkout: DeploymentRepo, generated: Option<&str>) -> Remotes {
    Remotes {
        checkout,
        remote: "origin".to_owned(),
        main: "main".to_owned(),
        generated: generated.map(str::to_owned),
        signing: false,
    }
}

/// One line a check: `push https://…: ok, …`.
async fn told(remotes: &Remotes, limit: Duration) -> Vec<String> {
    let found = remotes.examine(limit).await.into_iter();
    let lines = found.map(|found| {
        let scope = found.scope.unwrap_or_default();
        let help = found
            .help
            .map_or_else(String::new, |help| format!(" | {help}"));
        let status = found.status.as_str();
        format!("{} {scope}: {status}, {}{help}", found.check, found.message)
    });
    lines.collect()
}

const HISTORY: &str = "history : ok, the checkout has its whole history";
const PUSH: &str = "these credentials may push; whether rules of the host protect branches shows at the first push";

#[tokio::test]
async fn a_remote_on_disk_and_one_over_http_are_read_and_may_be_pushed_to() {
    let remote = Remote::new();
    remote.commit_by_hand("main", "customers.yaml", "version: 1\n");
    for customer in ["customer/acme", "customer/globex"] {
        remote.commit_by_hand(customer, "project.json", "{}");
    }
    let http = HttpRemote::new(&remote).await;
    let before = remote.log("customer/acme");
    for url in [remote.path.to_str().unwrap(), &http.url] {
        let work = remote.dir.path().join("work");
        let _ = std::fs::remove_dir_all(&work);
        let remotes = remotes(checkout(&remote, Some(url)), None);
        assert_eq!(
            told(&remotes, LIMIT).await,
            [
                HISTORY.to_owned(),
                format!("read {url}: ok, it can be read; it has 2 generated branches"),
                format!("push {url}: ok, {PUSH}"),
            ]
        );
    }
    assert_eq!(remote.log("customer/acme"), before);
}

#[tokio::test]
async fn main_and_the_generated_branches_may_live_apart() {
    let (main, generated) = (Remote::new(), Remote::new());
    let path = |remote: &Remote| remote.path.to_str().unwrap().to_owned();
    let remotes = remotes(checkout(&main, Some(&path(&main))), Some(&path(&generated)));
    assert_eq!(
        told(&remotes, LIMIT).await[1..],
        [
            format!(
                "read {}: warn, it can be read, and has no branch main | git push origin HEAD:main",
                path(&main)
            ),
            format!(
                "read {}: ok, it can be read; it has 0 generated branches",
                path(&generated)
            ),
            format!("push {}: ok, {PUSH}", path(&generated)),
        ]
    );
}

#[tokio::test]
async fn each_trouble_has_its_way_out() {
    let remote = Remote::new();
    let none = remotes(checkout(&remote, None), None);
    assert_eq!(
        told(&none, LIMIT).await[1..],
        [
            "remote origin: fail, the checkout has no remote \"origin\" | git remote add origin URL, or name another as git.remote in deploycenter.toml"
        ]
    );

    // Nobody listens there, and the login isn't shown.
    let dead = "http://me:secret@127.0.0.1:9/r.git";
    let told_dead = told(&remotes(checkout(&remote, None), Some(dead)), LIMIT).await;
    let shown = "http://127.0.0.1:9/r.git";
    assert!(
        told_dead[2].starts_with(&format!(
            "read {shown}: fail, the git remote {shown} is out of reach: "
        )),
        "{told_dead:?}"
    );
    assert_eq!(
        told_dead[3],
        format!("push {shown}: skipped, not checked: it can't be read")
    );

    let gone = remote.dir.path().join("gone.git");
    let gone = gone.to_str().unwrap();
    let told_gone = told(&remotes(checkout(&remote, None), Some(gone)), LIMIT).await;
    assert!(
        told_gone[2].starts_with(&format!("read {gone}: fail, the git remote {gone} ")),
        "{told_gone:?}"
    );
}

#[tokio::test]
async fn one_who_may_only_read_is_told_before_the_first_push() {
    let remote = Remote::new();
    remote.commit_by_hand("main", "customers.yaml", "version: 1\n");
    let http = HttpRemote::new(&remote).await;
    let mut config = remote.repo().config().unwrap();
    config.set_bool("http.receivepack", false).unwrap();
    let found = told(&remotes(checkout(&remote, Some(&http.url)), None), LIMIT).await;
    assert_eq!(
        found[1],
        format!(
            "read {}: ok, it can be read; it has 0 generated branches",
            http.url
        )
    );
    assert!(
        found[2].starts_with(&format!(
            "push {}: fail, the git remote {} refused: ",
            http.url, http.url
        )) && found[2].contains("write access to the generated branches"),
        "{found:?}"
    );

    // A working tree can't be pushed to either.
    let beside = remote.dir.path().join("beside");
    git2::Repository::init(&beside).unwrap();
    let beside = beside.to_str().unwrap();
    let found = told(&remotes(checkout(&remote, None), Some(beside)), LIMIT).await;
    assert_eq!(
        found[3],
        format!(
            "push {beside}: fail, the git remote {beside} isn't a bare repository, and its branches can't be pushed to | make it bare: git clone --bare, or git config core.bare true"
        )
    );
}

#[tokio::test]
async fn a_silent_remote_holds_nobody_up() {
    let remote = Remote::new();
    // Takes connections by way of its backlog, and never says a word.
    let mute = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/r.git", mute.local_addr().unwrap());
    let began = std::time::Instant::now();
    let found = told(
        &remotes(checkout(&remote, Some(&url)), None),
        Duration::from_secs(1),
    )
    .await;
    assert!(began.elapsed() < Duration::from_secs(10));
    assert_eq!(
        found[1],
        format!(
            "read {url}: fail, the git remote {url} gave no answer within 1 s | check its address, and that nothing between here and there drops the connection"
        )
    );
}

#[tokio::test]
async fn a_clone_without_history_and_a_busy_host_are_told() {
    let remote = Remote::new();
    remote.commit_by_hand("main", "customers.yaml", "version: 1\n");
    let http = HttpRemote::new(&remote).await;
    let checkout = checkout(&remote, Some(&http.url));
    std::fs::write(
        checkout.root().join(".git/shallow"),
        format!("{}\n", "1".repeat(40)),
    )
    .unwrap();
    for _ in 0..2 {
        http.fail_next("/info/refs", Fault::Busy);
    }
    let found = told(&remotes(checkout, None), LIMIT).await;
    assert_eq!(
        found[0],
        "history : fail, this clone is shallow: what targets are pinned to can't be read from it | git fetch --unshallow; in GitHub Actions: actions/checkout with fetch-depth: 0"
    );
    assert!(
        found[1].contains(": fail, ") && found[1].contains("503"),
        "{found:?}"
    );
}
