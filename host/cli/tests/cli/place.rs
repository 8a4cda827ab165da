//! A place to run the binary in: a deployment repo with its remote, and stand-ins of its
//! own, so that tests don't see each other.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use deploycenter_sandbox::sample::{REGIONS, SampleRepo};
use deploycenter_sandbox::{
    ACCESS_KEY_ID, LedgerEntry, SECRET_ACCESS_KEY, Sandbox, SandboxClock, SandboxConfig, World,
    argocd,
};
pub(crate) use deploycenter_testkit::customers::{ACME, ACME_AND_RIVOLI as FLEET, NEIGHBOURS};
use deploycenter_testkit::{Inventory, canary, files};
use serde_json::Value;
use tempfile::TempDir;

/// The same with another value and another weight.
pub(crate) const ACME_UPDATED: &str = "\
version: 1
customers:
  - name: acme
    region: us-west-2
    apps:
      - { app: mattermost, domain: chat.acme.apps.example.com, weight: 50, values: { maxUsers: 137 } }
";

/// A deployment repo, its remote, and stand-ins.
pub(crate) struct Place {
    repo: SampleRepo,
    home: PathBuf,
    sandbox: Option<Sandbox>,
    pub(crate) runtime: tokio::runtime::Runtime,
    _dir: Option<TempDir>,
}

/// Where all places keep what is by digest.
pub(crate) fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache")
}

/// How a run of the binary ended.
#[derive(Debug)]
pub(crate) struct Run {
    /// The exit code; none when a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// What the outside looked like at an instant.
pub(crate) struct Mark {
    calls: usize,
    branches: BTreeMap<String, String>,
}

impl Place {
    /// A place in a temporary folder.
    pub(crate) fn new(customers: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut place = Self::below(dir.path(), customers);
        place._dir = Some(dir);
        place
    }

    /// A place in a folder, which is emptied first. Paths are part of what is deployed, so
    /// two places are alike byte for byte only where they were made in the same folder.
    pub(crate) fn below(dir: &Path, customers: &str) -> Self {
        Self::with_latency(dir, customers, Duration::ZERO)
    }

    /// The same, with every outside call slowed down.
    pub(crate) fn with_latency(dir: &Path, customers: &str, latency: Duration) -> Self {
        for entry in dir.read_dir().unwrap() {
            std::fs::remove_dir_all(entry.unwrap().path()).unwrap();
        }
        let repo = SampleRepo::below(dir);
        let mut files = files(customers).unwrap();
        let settings = files.get_mut("deploycenter.toml").unwrap();
        settings.extend(format!("repository = {:?}\n", repo.remote).into_bytes());
        repo.create(&files).unwrap();
        let home = dir.join("home");
        std::fs::create_dir(&home).unwrap();
        canary::plant(&repo.checkout).unwrap();
        canary::plant_rule(&home).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let world = World::from_regions_yaml(REGIONS).unwrap();
        let sandbox = runtime.block_on(Sandbox::start(SandboxConfig {
            dir: None,
            clock: SandboxClock::Real,
            latency,
            faults: Vec::new(),
            aws_port: 0,
            argocd_port: 0,
            argocd: argocd::Config {
                clusters: world.clusters.clone(),
                pods_ready_after: 50,
                ..argocd::Config::default()
            },
            world,
        }));
        Self {
            repo,
            home,
            sandbox: Some(sandbox.unwrap()),
            runtime,
            _dir: None,
        }
    }

    pub(crate) fn sandbox(&self) -> &Sandbox {
        self.sandbox.as_ref().unwrap()
    }

    /// Ends the stand-ins: from now on nobody answers.
    pub(crate) fn disconnect(&mut self) {
        if let Some(sandbox) = self.sandbox.take() {
            self.runtime.block_on(sandbox.stop());
        }
    }

    /// The user's home folder.
    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    pub(crate) fn checkout(&self) -> &Path {
        &self.repo.checkout
    }

    pub(crate) fn remote(&self) -> git2::Repository {
        git2::Repository::open_bare(&self.repo.remote).unwrap()
    }

    /// The binary with these arguments, in the checkout, and nothing of this process's
    /// environment. The cache of compiled plugins alone is shared: it is by digest.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_deploycenter"));
        command
            .args(args)
            .current_dir(&self.repo.checkout)
            .env_clear()
            .env("HOME", &self.home)
            .env("XDG_CACHE_HOME", cache())
            .env("NO_COLOR", "1")
            .env("USER", "tester")
            .env("DEPLOYCENTER_GIT_TOKEN", canary::TOKEN)
            .env("GITHUB_TOKEN", canary::TOKEN)
            .env("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID)
            .env("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY)
            .env("AWS_REGION", "us-west-2")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(sandbox) = &self.sandbox {
            command
                .env(
                    "AWS_ENDPOINT_URL",
                    sandbox.aws_url().as_str().trim_end_matches('/'),
                )
                .env(
                    "ARGOCD_SERVER",
                    sandbox.argocd_url().as_str().trim_end_matches('/'),
                )
                .env("ARGOCD_AUTH_TOKEN", sandbox.argocd_token());
        }
        command
    }

    /// Runs the binary to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Run {
        Run::of(self.command(args).output().unwrap())
    }

    /// Runs it with something on standard input.
    pub(crate) fn run_with(&self, args: &[&str], input: &[u8]) -> Run {
        let mut child = self.command(args).stdin(Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), input).unwrap();
        Run::of(child.wait_with_output().unwrap())
    }

    /// Writes a file of the deployment repo.
    pub(crate) fn put(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.repo.checkout.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// Commits and pushes whatever changed in the checkout.
    pub(crate) fn publish(&self) {
        self.repo.publish("A change").unwrap();
    }

    /// Writes a file, commits and pushes it.
    pub(crate) fn change(&self, path: &str, content: impl AsRef<[u8]>) {
        self.put(path, content);
        self.publish();
    }

    /// Everything that exists outside.
    pub(crate) fn inventory(&self) -> Inventory {
        let mut inventory = Inventory::of_git(&self.repo.remote).unwrap();
        inventory.add_sandbox(&self.sandbox().snapshot());
        inventory
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark {
            calls: self.sandbox().ledger().len(),
            branches: self.branches(),
        }
    }

    /// The calls since then.
    pub(crate) fn since(&self, mark: &Mark) -> Vec<LedgerEntry> {
        self.sandbox().ledger().split_off(mark.calls)
    }

    /// Wants that nothing was written outside since then.
    #[track_caller]
    pub(crate) fn untouched_since(&self, mark: &Mark) {
        let writes: Vec<LedgerEntry> = self
            .since(mark)
            .into_iter()
            // `doctor` asks for some rights by a call on what never exists.
            .filter(|call| call.write && call.status != Some(404))
            .collect();
        assert!(writes.is_empty(), "{writes:#?}");
        assert_eq!(self.branches(), mark.branches);
    }

    /// The remote's generated branches and their commits.
    pub(crate) fn branches(&self) -> BTreeMap<String, String> {
        let remote = self.remote();
        let branches = remote.references_glob("refs/heads/customer/*").unwrap();
        branches
            .map(|branch| {
                let branch = branch.unwrap();
                (
                    branch.name().unwrap().to_owned(),
                    branch.target().unwrap().to_string(),
                )
            })
            .collect()
    }

    /// Puts a text in a customer's branch by a commit of someone else's.
    pub(crate) fn commit_by_hand(&self, customer: &str, path: &str, text: &str) {
        let blob = self.remote().blob(text.as_bytes()).unwrap();
        let mut change = git2::build::TreeUpdateBuilder::new();
        change.upsert(path, blob, git2::FileMode::Blob);
        self.by_hand(customer, &mut change);
    }

    /// Takes a folder off a customer's branch, likewise.
    pub(crate) fn remove_by_hand(&self, customer: &str, path: &str) {
        let mut change = git2::build::TreeUpdateBuilder::new();
        change.remove(path);
        self.by_hand(customer, &mut change);
    }

    fn by_hand(&self, customer: &str, change: &mut git2::build::TreeUpdateBuilder) {
        let remote = self.remote();
        let name = format!("refs/heads/customer/{customer}");
        let parent = remote
            .find_reference(&name)
            .unwrap()
            .peel_to_commit()
            .unwrap();
        let tree = change
            .create_updated(&remote, &parent.tree().unwrap())
            .unwrap();
        let who = git2::Signature::now("Someone", "someone@example.com").unwrap();
        let tree = remote.find_tree(tree).unwrap();
        remote
            .commit(Some(&name), &who, &who, "By hand", &tree, &[&parent])
            .unwrap();
    }

    /// A file on a customer's branch.
    pub(crate) fn committed(&self, customer: &str, path: &str) -> String {
        let remote = self.remote();
        let branch = remote
            .find_reference(&format!("refs/heads/customer/{customer}"))
            .unwrap();
        let entry = branch
            .peel_to_tree()
            .unwrap()
            .get_path(Path::new(path))
            .unwrap();
        let blob = entry.to_object(&remote).unwrap().into_blob().unwrap();
        String::from_utf8(blob.content().to_vec()).unwrap()
    }

    /// Applies everything, and wants it to succeed.
    #[track_caller]
    pub(crate) fn deploy(&self) {
        self.run(&["apply", "--yes"]).succeeded();
    }

    /// The plan as JSON.
    #[track_caller]
    pub(crate) fn plan(&self, args: &[&str]) -> Value {
        self.run(&[&["plan", "--output", "json"], args].concat())
            .succeeded()
            .json()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let dir = self.home.parent().unwrap();
            assert_eq!(canary::search(dir, &[]), [""; 0], "a login was written");
            if let Some(sandbox) = &self.sandbox {
                canary::absent("a stand-in", &sandbox.snapshot().to_string());
            }
        }
        self.disconnect();
    }
}

impl Run {
    pub(crate) fn of(output: Output) -> Self {
        let run = Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        canary::absent("what was printed", &run.stdout);
        canary::absent("what was printed", &run.stderr);
        run
    }

    /// Wants that exit code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    #[track_caller]
    pub(crate) fn succeeded(self) -> Self {
        self.exits(0)
    }

    /// What it printed, as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self}"))
    }

    /// The error that it told a program, which is the last line of stderr.
    #[track_caller]
    pub(crate) fn error(&self) -> Value {
        let line = self.stderr.lines().last().unwrap_or_default();
        let mut value: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {self}"));
        value["error"].take()
    }

    /// Wants it refused with that code, as a program is told, and gives what it said.
    #[track_caller]
    pub(crate) fn refused(self, code: &str) -> String {
        let run = self.exits(1);
        let error = run.error();
        assert_eq!(error["code"], code, "{run}");
        error.to_string()
    }
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "exit code {:?}\n--- stdout\n{}--- stderr\n{}",
            self.code, self.stdout, self.stderr
        )
    }
}

/// Wants a text to hold all of these.
#[track_caller]
pub(crate) fn holds(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no {part:?} in:\n{text}");
    }
}
