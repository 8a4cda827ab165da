//! The operator's checkout: what is read, what is dirty, what is on main, what was.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::process::Command;

use deploycenter_domain::remedy::Remedy;
use deploycenter_git::DeploymentRepo;
use deploycenter_ports::{MainState, Repository};

struct Checkout {
    dir: tempfile::TempDir,
}

impl Checkout {
    /// A bare remote with a main of two commits, and a clone of it.
    fn new() -> Self {
        let it = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        it.git(".", &["init", "--bare", "-b", "main", "remote.git"]);
        it.git(".", &["clone", "-q", "remote.git", "work"]);
        it.git("work", &["checkout", "-q", "-B", "main"]);
        it.write("customers.yaml", "version: 1\n");
        it.write("overrides/odoo/values.yaml", "replicas: 1\n");
        it.write("README.md", "hello\n");
        it.commit("first");
        it.write("customers.yaml", "version: 1\ncustomers: []\n");
        it.commit("second");
        it.git("work", &["push", "-q", "-u", "origin", "main"]);
        it
    }

    fn git(&self, folder: &str, args: &[&str]) -> String {
        let output = Command::new("git")
            .args([
                "-c",
                "user.name=Ada",
                "-c",
                "user.email=ada@example.com",
                "-c",
                "protocol.file.allow=always",
            ])
            .args(args)
            .current_dir(self.dir.path().join(folder))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "git {args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn path(&self, path: &str) -> std::path::PathBuf {
        self.dir.path().join("work").join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn commit(&self, message: &str) -> String {
        self.git("work", &["add", "-A"]);
        self.git("work", &["commit", "-q", "--allow-empty", "-m", message]);
        self.git("work", &["rev-parse", "HEAD"])
    }

    fn open(&self) -> DeploymentRepo {
        DeploymentRepo::open(&self.path("")).unwrap()
    }
}

#[tokio::test]
async fn the_desired_state_is_the_named_places_and_no_more() {
    let checkout = Checkout::new();
    checkout.write("customers.d/beta.yaml", "x");
    checkout.write("customers.d/notes.txt", "x");
    checkout.write("environments/dev.yaml", "x");
    checkout.write("overrides/odoo/a/b.txt", "x");
    checkout.write("overrides/odoo/.swp", "x");
    checkout.write(".gitignore", "*.swp\n.swp\n");
    checkout.write("plan.json", "x");
    let files = checkout.open().desired_files().await.unwrap();
    assert_eq!(
        files.keys().map(String::as_str).collect::<Vec<_>>(),
        [
            "customers.d/beta.yaml",
            // No file of the desired state, and told of where it is read as one.
            "customers.d/notes.txt",
            "customers.yaml",
            "environments/dev.yaml",
            "overrides/odoo/a/b.txt",
            "overrides/odoo/values.yaml"
        ]
    );
    // From a folder inside, too.
    let inside = DeploymentRepo::open(&checkout.path("overrides/odoo")).unwrap();
    assert_eq!(inside.desired_files().await.unwrap(), files);
}

#[tokio::test]
async fn links_and_huge_files_are_refused_by_name() {
    let checkout = Checkout::new();
    std::os::unix::fs::symlink("/etc/passwd", checkout.path("overrides/odoo/passwd")).unwrap();
    let error = checkout.open().desired_files().await.unwrap_err();
    assert!(
        error
            .message
            .starts_with("overrides/odoo/passwd is a symbolic link"),
        "{error}"
    );
    std::fs::remove_file(checkout.path("overrides/odoo/passwd")).unwrap();
    std::os::unix::fs::symlink("/etc", checkout.path("environments")).unwrap();
    assert!(
        checkout
            .open()
            .desired_files()
            .await
            .unwrap_err()
            .message
            .contains("environments is a symbolic link")
    );
    std::fs::remove_file(checkout.path("environments")).unwrap();
    std::fs::File::create(checkout.path("regions.yaml"))
        .unwrap()
        .set_len(10 * 1024 * 1024 + 1)
        .unwrap();
    assert!(
        checkout
            .open()
            .desired_files()
            .await
            .unwrap_err()
            .message
            .starts_with("regions.yaml has 10485761 bytes")
    );
}

#[tokio::test]
async fn the_state_of_main_counts_what_is_not_committed_and_not_pushed() {
    let checkout = Checkout::new();
    let repo = checkout.open();
    let head = checkout.git("work", &["rev-parse", "HEAD"]);
    assert_eq!(
        repo.main_state().await.unwrap(),
        MainState {
            head: Some(head),
            dirty: vec![],
            pushed: true,
            main: "main".to_owned(),
        }
    );
    assert!(repo.remote_url("origin").unwrap().ends_with("remote.git"));
    assert_eq!(repo.remote_url("none"), None);

    checkout.write("plan.json", "a saved plan is nothing");
    checkout.write("customers.d/beta.yaml", "x");
    checkout.write("README.md", "changed\n");
    std::fs::remove_file(checkout.path("overrides/odoo/values.yaml")).unwrap();
    let state = repo.main_state().await.unwrap();
    assert_eq!(
        state.dirty,
        [
            "README.md",
            "customers.d/beta.yaml",
            "overrides/odoo/values.yaml"
        ]
    );

    let third = checkout.commit("third");
    let state = repo.main_state().await.unwrap();
    assert_eq!(
        (state.head, state.dirty, state.pushed),
        (Some(third), vec![], false)
    );

    // Pushed from elsewhere counts once it is on the remote, by asking the remote.
    checkout.git(".", &["clone", "-q", "work", "other"]);
    checkout.git("other", &["push", "-q", "../remote.git", "main"]);
    assert!(repo.main_state().await.unwrap().pushed);
    checkout.git("work", &["checkout", "-q", "--detach", "HEAD~1"]);
    assert!(
        repo.main_state().await.unwrap().pushed,
        "an ancestor of main is on it"
    );
}

#[tokio::test]
async fn a_branch_aside_is_not_main_wherever_it_is_pushed() {
    let checkout = Checkout::new();
    let pushed = async || checkout.open().main_state().await.unwrap().pushed;
    checkout.git("work", &["checkout", "-q", "-b", "feature"]);
    checkout.write("customers.yaml", "version: 1\n");
    checkout.commit("not reviewed");
    checkout.git("work", &["push", "-q", "-u", "origin", "feature"]);
    assert!(!pushed().await);
    // As CI checks it out.
    checkout.git("work", &["checkout", "-q", "--detach"]);
    assert!(!pushed().await);

    checkout.git("work", &["checkout", "-q", "main"]);
    checkout.git(
        "work",
        &["merge", "-q", "--no-ff", "feature", "-m", "merge"],
    );
    assert!(!pushed().await);
    checkout.git("work", &["push", "-q", "origin", "main"]);
    assert!(pushed().await);
    checkout.git("work", &["checkout", "-q", "feature"]);
    assert!(pushed().await, "what was merged is on main");
}

#[tokio::test]
async fn main_is_what_the_settings_name_or_the_remote_begins_with() {
    let checkout = Checkout::new();
    checkout.git("work", &["checkout", "-q", "-b", "trunk"]);
    checkout.commit("third");
    checkout.git("work", &["push", "-q", "-u", "origin", "trunk"]);
    let remote = "refs/remotes/origin/HEAD";
    let state = async |repo: DeploymentRepo| {
        let pushed = repo.main_state().await.unwrap().pushed;
        (repo.main_branch(), pushed)
    };
    let trunk = ("trunk".to_owned(), true);
    let main = ("main".to_owned(), false);
    let named = checkout.open().following("origin", Some("trunk"));
    assert_eq!(state(named).await, trunk);
    assert_eq!(state(checkout.open()).await, main);

    checkout.git(
        "work",
        &["symbolic-ref", remote, "refs/remotes/origin/trunk"],
    );
    assert_eq!(state(checkout.open()).await, trunk);
    let named = checkout.open().following("origin", Some("main"));
    assert_eq!(state(named).await, main);

    // Another remote, and one that isn't there.
    checkout.git(".", &["init", "--bare", "-b", "main", "mirror.git"]);
    let mirror = checkout.dir.path().join("mirror.git");
    let mirror = mirror.to_str().unwrap();
    checkout.git("work", &["remote", "add", "mirror", mirror]);
    checkout.git("work", &["push", "-q", "mirror", "trunk:main"]);
    let mirror = checkout.open().following("mirror", Some("main"));
    assert_eq!(state(mirror).await, ("main".to_owned(), true));
    let nowhere = checkout.open().following("none", Some("main"));
    assert_eq!(state(nowhere).await, main);
}

#[tokio::test]
async fn a_repo_without_commits_or_remote_has_a_state_too() {
    let dir = tempfile::tempdir().unwrap();
    git2::Repository::init(dir.path()).unwrap();
    let repo = DeploymentRepo::open(dir.path()).unwrap();
    assert_eq!(
        repo.main_state().await.unwrap(),
        MainState {
            head: None,
            dirty: vec![],
            pushed: false,
            main: "main".to_owned(),
        }
    );
    assert_eq!(repo.last_change("overrides/odoo").await.unwrap(), None);
    let nowhere = tempfile::tempdir().unwrap();
    assert!(
        DeploymentRepo::open(nowhere.path())
            .unwrap_err()
            .help
            .unwrap()
            .remedies()
            .eq([&Remedy::Init])
    );
}

#[tokio::test]
async fn history_says_what_stood_where_and_when_it_changed() {
    let checkout = Checkout::new();
    let repo = checkout.open();
    let (first, second) = (
        checkout.git("work", &["rev-parse", "HEAD~1"]),
        checkout.git("work", &["rev-parse", "HEAD"]),
    );
    assert_eq!(
        repo.last_change("overrides/odoo").await.unwrap(),
        Some(first.clone())
    );
    assert_eq!(repo.last_change("overrides/wiki").await.unwrap(), None);

    // A merge that brings nothing to the folder isn't its change.
    checkout.git("work", &["checkout", "-q", "-b", "side", "HEAD~1"]);
    checkout.write("overrides/odoo/values.yaml", "replicas: 2\n");
    let side = checkout.commit("side");
    checkout.git("work", &["checkout", "-q", "main"]);
    checkout.git("work", &["merge", "-q", "--no-ff", "side", "-m", "merge"]);
    assert_eq!(
        repo.last_change("overrides/odoo").await.unwrap(),
        Some(side.clone())
    );

    let files = repo.files_at(&first, "overrides/odoo").await.unwrap();
    assert_eq!(
        files,
        [(
            "overrides/odoo/values.yaml".to_owned(),
            b"replicas: 1\n".to_vec()
        )]
        .into()
    );
    assert_eq!(
        repo.files_at(&first, "overrides/wiki").await.unwrap().len(),
        0
    );
    assert_eq!(repo.files_at(&second, "").await.unwrap().len(), 3);

    assert!(repo.is_ancestor(&first, &second).await.unwrap());
    assert!(repo.is_ancestor(&first, &first).await.unwrap());
    assert!(!repo.is_ancestor(&second, &side).await.unwrap());
    assert!(
        repo.is_ancestor(&"0".repeat(40), &side)
            .await
            .unwrap_err()
            .message
            .contains("isn't in the history")
    );
    assert!(
        repo.files_at("main", "overrides").await.is_err(),
        "a name isn't a commit"
    );
}

#[tokio::test]
async fn a_shallow_clone_says_that_it_is_one() {
    let checkout = Checkout::new();
    let first = checkout.git("work", &["rev-parse", "HEAD~1"]);
    let url = format!(
        "file://{}",
        checkout.dir.path().join("remote.git").display()
    );
    checkout.git(".", &["clone", "-q", "--depth", "1", &url, "shallow"]);
    let repo = DeploymentRepo::open(&checkout.dir.path().join(Path::new("shallow"))).unwrap();
    let head = repo.main_state().await.unwrap().head.unwrap();
    for error in [
        repo.files_at(&first, "overrides").await.unwrap_err(),
        repo.last_change("overrides/odoo").await.unwrap_err(),
        repo.is_ancestor(&first, &head).await.unwrap_err(),
    ] {
        assert!(
            error.message.contains("shallow")
                && error
                    .help
                    .as_ref()
                    .unwrap()
                    .to_string()
                    .contains("fetch-depth: 0"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_file_is_read_as_git_would_store_it() {
    let checkout = Checkout::new();
    let read = || async { checkout.open().desired_files().await.unwrap() };
    let attributes = "*.ps1 text eol=crlf\n*.raw -text\n";
    checkout.write(".gitattributes", attributes);
    checkout.write("overrides/odoo/a.ps1", "one\ntwo\n");
    checkout.write("overrides/odoo/b.raw", "one\r\ntwo\r\n");
    checkout.commit("third");
    let wanted = read().await;
    assert_eq!(wanted["overrides/odoo/a.ps1"], b"one\ntwo\n");
    assert_eq!(wanted["overrides/odoo/b.raw"], b"one\r\ntwo\r\n");

    // As it is checked out where git is told to write other line ends.
    checkout.git("work", &["config", "core.autocrlf", "true"]);
    checkout.git("work", &["rm", "-q", "-r", "--cached", "."]);
    checkout.git("work", &["reset", "-q", "--hard"]);
    let there = std::fs::read(checkout.path("customers.yaml")).unwrap();
    assert_eq!(there, b"version: 1\r\ncustomers: []\r\n");
    assert_eq!(read().await, wanted);
    checkout.write("overrides/odoo/new.yaml", "a: 1\r\n");
    assert_eq!(read().await["overrides/odoo/new.yaml"], b"a: 1\n");
    let state = checkout.open().main_state().await.unwrap();
    assert_eq!(state.dirty, ["overrides/odoo/new.yaml"]);

    checkout.git("work", &["config", "core.autocrlf", "false"]);
    assert_eq!(read().await["overrides/odoo/new.yaml"], b"a: 1\r\n");
}
