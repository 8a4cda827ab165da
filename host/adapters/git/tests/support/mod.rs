//! What the tests share: a remote on disk and over HTTP, a clock that doesn't wait, calls
//! that are counted.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use deploycenter_domain::effect::{EffectId, EffectKind};
use deploycenter_domain::name::Incarnation;
use deploycenter_domain::resource::{Folder, Owner, Resource};
use deploycenter_git::{Credentials, Git, GitConfig};
use deploycenter_ports::{Call, Calls, Clock, CommitContext, Phase, Step};

/// Half past midnight on a fixed day, and sleeps a twentieth as long.
#[derive(Debug)]
pub(crate) struct TestClock;

#[async_trait]
impl Clock for TestClock {
    fn now(&self) -> jiff::Timestamp {
        "2026-01-02T00:30:00Z".parse().unwrap()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration / 20).await;
    }
}

/// Counts calls by operation as they are sent.
#[derive(Debug, Default)]
pub(crate) struct Counted(Mutex<BTreeMap<String, usize>>);

impl Counted {
    pub(crate) fn of(&self, operation: &str) -> usize {
        self.0.lock().unwrap().get(operation).copied().unwrap_or(0)
    }
}

#[async_trait]
impl Calls for Counted {
    async fn at(&self, call: &Call, phase: Phase) {
        if phase == Phase::Sent {
            *self
                .0
                .lock()
                .unwrap()
                .entry(call.operation.clone())
                .or_default() += 1;
        }
    }
}

/// A bare remote in a folder of its own.
pub(crate) struct Remote {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) path: PathBuf,
}

impl Remote {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("remote.git");
        let repo = git2::Repository::init_bare(&path).unwrap();
        repo.config()
            .unwrap()
            .set_bool("http.receivepack", true)
            .unwrap();
        Self { dir, path }
    }

    pub(crate) fn repo(&self) -> git2::Repository {
        git2::Repository::open_bare(&self.path).unwrap()
    }

    /// An adapter with a cache of its own.
    pub(crate) fn git(&self, cache: &str, url: &str) -> (Arc<Git>, Arc<Counted>) {
        let calls = Arc::new(Counted::default());
        let config = GitConfig {
            cache_dir: self.dir.path().join(cache),
            remote_url: url.to_owned(),
            credentials: Credentials::default(),
            signer: None,
        };
        (
            Git::open(
                &config,
                Arc::new(TestClock),
                Arc::clone(&calls) as Arc<dyn Calls>,
            )
            .unwrap(),
            calls,
        )
    }

    pub(crate) fn local(&self, cache: &str) -> (Arc<Git>, Arc<Counted>) {
        self.git(cache, self.path.to_str().unwrap())
    }

    /// Every file of a branch; `None` when there is no such branch.
    pub(crate) fn files(&self, branch: &str) -> Option<BTreeMap<String, String>> {
        let repo = self.repo();
        let tree = repo
            .find_reference(&format!("refs/heads/{branch}"))
            .ok()?
            .peel_to_tree()
            .unwrap();
        let mut files = BTreeMap::new();
        tree.walk(git2::TreeWalkMode::PreOrder, |root, entry| {
            if let Some(blob) = entry.to_object(&repo).unwrap().as_blob() {
                files.insert(
                    format!("{root}{}", entry.name().unwrap()),
                    String::from_utf8(blob.content().to_vec()).unwrap(),
                );
            }
            git2::TreeWalkResult::Ok
        })
        .unwrap();
        Some(files)
    }

    /// The messages of a branch's commits, newest first.
    pub(crate) fn log(&self, branch: &str) -> Vec<String> {
        let repo = self.repo();
        let mut walk = repo.revwalk().unwrap();
        walk.push_ref(&format!("refs/heads/{branch}")).unwrap();
        walk.map(|id| {
            repo.find_commit(id.unwrap())
                .unwrap()
                .message()
                .unwrap()
                .to_owned()
        })
        .collect()
    }

    /// What a person would do: commits one file on a branch.
    pub(crate) fn commit_by_hand(&self, branch: &str, path: &str, text: &str) {
        let repo = self.repo();
        let name = format!("refs/heads/{branch}");
        let parent = repo
            .find_reference(&name)
            .ok()
            .map(|it| it.peel_to_commit().unwrap());
        let mut index = git2::Index::new().unwrap();
        if let Some(parent) = &parent {
            index.read_tree(&parent.tree().unwrap()).unwrap();
        }
        let entry = git2::IndexEntry {
            ctime: git2::IndexTime::new(0, 0),
            mtime: git2::IndexTime::new(0, 0),
            dev: 0,
            ino: 0,
            mode: 0o100_644,
            uid: 0,
            gid: 0,
            file_size: 0,
            id: repo.blob(text.as_bytes()).unwrap(),
            flags: 0,
            flags_extended: 0,
            path: path.into(),
        };
        index.add(&entry).unwrap();
        let tree = repo.find_tree(index.write_tree_to(&repo).unwrap()).unwrap();
        let who = git2::Signature::now("Grace Hopper", "grace@example.com").unwrap();
        repo.commit(
            Some(&name),
            &who,
            &who,
            "Fix by hand",
            &tree,
            &parent.iter().collect::<Vec<_>>(),
        )
        .unwrap();
    }

    /// Lets the remote refuse branches whose name holds `word`.
    pub(crate) fn refuse(&self, word: &str) {
        let script = format!("case \"$1\" in *{word}*) echo no >&2; exit 1;; esac");
        self.hook("update", &script);
    }

    /// Gives the remote a hook.
    pub(crate) fn hook(&self, name: &str, script: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let hook = self.path.join("hooks").join(name);
        std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
        std::fs::write(&hook, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}

/// A fault of the HTTP server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Answers 503 without doing anything.
    Busy,
    /// Does it, and loses the answer.
    LoseReply,
}

/// `git http-backend` behind HTTP on loopback.
pub(crate) struct HttpRemote {
    pub(crate) url: String,
    faults: Arc<Mutex<Vec<(&'static str, Fault)>>>,
}

impl HttpRemote {
    pub(crate) async fn new(remote: &Remote) -> Self {
        let faults = Arc::new(Mutex::new(Vec::new()));
        let state = (remote.dir.path().to_owned(), Arc::clone(&faults));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/remote.git", listener.local_addr().unwrap());
        let app = axum::Router::new().fallback(serve).with_state(state);
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, faults }
    }

    /// The next request whose path ends so fails so.
    pub(crate) fn fail_next(&self, path_end: &'static str, fault: Fault) {
        self.faults.lock().unwrap().push((path_end, fault));
    }
}

type Served = (PathBuf, Arc<Mutex<Vec<(&'static str, Fault)>>>);

async fn serve(State((root, faults)): State<Served>, request: Request) -> Response {
    let fault = {
        let mut faults = faults.lock().unwrap();
        let at = faults
            .iter()
            .position(|(end, _)| request.uri().path().ends_with(end));
        at.map(|at| faults.remove(at).1)
    };
    let status = |status: StatusCode| {
        Response::builder()
            .status(status)
            .body(Body::empty())
            .unwrap()
    };
    if fault == Some(Fault::Busy) {
        return status(StatusCode::SERVICE_UNAVAILABLE);
    }
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let response = tokio::task::spawn_blocking(move || cgi(&root, &parts, &body))
        .await
        .unwrap();
    if fault == Some(Fault::LoseReply) {
        status(StatusCode::BAD_GATEWAY)
    } else {
        response
    }
}

/// One request by the Common Gateway Interface (RFC 3875).
fn cgi(root: &Path, parts: &axum::http::request::Parts, body: &[u8]) -> Response {
    let header = |name: &str| {
        parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let mut child = Command::new("git")
        .arg("http-backend")
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("HOME", root)
        .env("REQUEST_METHOD", parts.method.as_str())
        .env("PATH_INFO", parts.uri.path())
        .env("QUERY_STRING", parts.uri.query().unwrap_or_default())
        .env("CONTENT_TYPE", header("content-type"))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
        .env("GIT_PROTOCOL", header("git-protocol"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let bytes = body.to_vec();
    let writer = std::thread::spawn(move || {
        let _ = stdin.write_all(&bytes);
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let split = output
        .stdout
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap();
    let head = String::from_utf8(output.stdout[..split].to_vec()).unwrap();
    let mut response = Response::builder();
    for line in head.lines() {
        let (name, value) = line.split_once(": ").unwrap();
        response = if name == "Status" {
            response.status(&value[..3])
        } else {
            response.header(name, value)
        };
    }
    response
        .body(Body::from(output.stdout[split + 4..].to_vec()))
        .unwrap()
}

pub(crate) fn owner(target: &str, deployment: u8) -> Owner {
    Owner {
        installation: "example".parse().unwrap(),
        target: target.parse().unwrap(),
        effect: EffectId::new(EffectKind::Commit, "folder").unwrap(),
        incarnation: Incarnation(1),
        deployment: format!("01jd3z6q8zk5v5w5x5y5z5a5{deployment:02}")
            .parse()
            .unwrap(),
    }
}

pub(crate) fn folder(branch: &str, path: &str, files: &[(&str, &str)]) -> Resource {
    Resource::Folder(Folder {
        branch: branch.to_owned(),
        path: path.to_owned(),
        tree: None,
        files: files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
            .collect(),
    })
}

pub(crate) fn step(deployment: u8, before: Option<Resource>, after: Option<Resource>) -> Step {
    Step {
        owner: owner("acme/odoo", deployment),
        before,
        after,
        uncertain: false,
        undo: false,
        commit: CommitContext {
            actor: "Ada Lovelace <ada@example.com>".to_owned(),
            main_commit: Some("f".repeat(40)),
        },
        adopt: None,
    }
}
