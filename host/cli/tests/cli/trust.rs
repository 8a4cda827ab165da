//! No file of the deployment repo says where a token goes.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use crate::place::{ACME, Place, Run, holds};
use deploycenter_testkit::canary::TOKEN;

/// Listens on loopback, answers every request alike, and keeps what it was asked.
pub(crate) struct Listener {
    port: u16,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Listener {
    /// `answer` gets the request's head, and gives the answer's, without the final line.
    fn start(answer: impl Fn(&str) -> String + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&heard);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut head = String::new();
                let mut lines = BufReader::new(stream.try_clone().unwrap());
                while lines.read_line(&mut head).is_ok_and(|read| read > 0)
                    && !head.ends_with("\r\n\r\n")
                {}
                let answer = answer(&head);
                keep.lock().unwrap().push(head);
                let _ = stream.write_all(
                    format!("{answer}Content-Length: 0\r\nConnection: close\r\n\r\n").as_bytes(),
                );
            }
        });
        Self { port, heard }
    }

    /// Always asks for a login.
    pub(crate) fn asking() -> Self {
        Self::start(|_| {
            "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"git\"\r\n".to_owned()
        })
    }

    pub(crate) fn url(&self, host: &str) -> String {
        format!("http://{host}:{}", self.port)
    }

    /// How many requests came, and how many of them with a login.
    pub(crate) fn heard(&self) -> (usize, usize) {
        let heard = self.heard.lock().unwrap();
        let logins = heard
            .iter()
            .filter(|head| head.to_ascii_lowercase().contains("\r\nauthorization:"));
        (heard.len(), logins.count())
    }
}

fn settings(place: &Place, from: &str, to: &str) {
    let path = place.checkout().join("deploycenter.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    place.change("deploycenter.toml", text.replacen(from, to, 1));
}

#[test]
fn a_changed_argocd_server_gets_no_token() {
    let place = Place::new(ACME);
    let evil = Listener::asking();
    let text = std::fs::read_to_string(place.checkout().join("deploycenter.toml")).unwrap();
    let line = text
        .lines()
        .find(|line| line.starts_with("server = "))
        .unwrap();
    settings(
        &place,
        line,
        &format!("server = \"{}\"", evil.url("127.0.0.1")),
    );

    for verb in [
        &["plan"][..],
        &["apply", "--yes"],
        &["status"],
        &["orphans"],
    ] {
        let mut command = place.command(&[verb, &["--output", "json"]].concat());
        let run = Run::of(command.env_remove("ARGOCD_SERVER").output().unwrap());
        let said = run.refused("untrusted");
        holds(
            &said,
            &[
                &format!("isn't sent to {}", evil.url("127.0.0.1")),
                &format!("set ARGOCD_SERVER={}", evil.url("127.0.0.1")),
                "DEPLOYCENTER_TRUST",
            ],
        );
    }
    let mut doctor = place.command(&["doctor"]);
    let run = Run::of(doctor.env_remove("ARGOCD_SERVER").output().unwrap()).exits(1);
    holds(&run.stdout, &["ARGOCD_AUTH_TOKEN isn't sent to"]);
    assert_eq!(evil.heard(), (0, 0));

    // The environment's own word goes before the repo's.
    let run = place.run(&["doctor"]).succeeded();
    holds(
        &run.stdout,
        &[
            "ARGOCD_AUTH_TOKEN goes to http://127.0.0.1:",
            ", by ARGOCD_SERVER",
        ],
    );
    place.run(&["plan"]).succeeded();
    assert_eq!(evil.heard(), (0, 0));

    // So does a file that lies outside the repo.
    let file = place.checkout().parent().unwrap().join("trust.toml");
    std::fs::write(
        &file,
        format!("version = 1\nargocd = [\"{}\"]\n", evil.url("127.0.0.1")),
    )
    .unwrap();
    let mut doctor = place.command(&["doctor"]);
    doctor
        .env_remove("ARGOCD_SERVER")
        .env("DEPLOYCENTER_TRUST", &file);
    let run = Run::of(doctor.output().unwrap()).exits(1);
    holds(
        &run.stdout,
        &[
            "ARGOCD_AUTH_TOKEN goes to http://127.0.0.1:",
            ", by DEPLOYCENTER_TRUST",
        ],
    );
    assert!(evil.heard().1 > 0, "whom the file names gets it");

    let inside = place.checkout().join("trust.toml");
    std::fs::copy(&file, &inside).unwrap();
    let mut plan = place.command(&["plan", "--output", "json"]);
    let run = Run::of(plan.env("DEPLOYCENTER_TRUST", &inside).output().unwrap());
    holds(&run.refused("trust"), &["lies in the deployment repo"]);
}

#[test]
fn a_changed_git_remote_gets_no_token() {
    let place = Place::new(ACME);
    let evil = Listener::asking();
    let generated = format!("{}/stolen.git", evil.url("127.0.0.1"));
    settings(
        &place,
        "[argocd]",
        &format!("[git]\ngenerated = \"{generated}\"\n\n[argocd]"),
    );
    let plan = |host: Option<&str>| {
        let mut command = place.command(&["plan", "--output", "json"]);
        command.env("DEPLOYCENTER_GIT_TOKEN", TOKEN);
        if let Some(host) = host {
            command.env("DEPLOYCENTER_GIT_HOST", host);
        }
        Run::of(command.output().unwrap()).refused("outside")
    };
    for host in [None, Some("git.example.com"), Some("http://127.0.0.1:9")] {
        let said = plan(host);
        let way = format!("set DEPLOYCENTER_GIT_HOST={}", evil.url("127.0.0.1"));
        holds(&said, &["DEPLOYCENTER_GIT_TOKEN isn't sent to", &way]);
        assert!(!said.contains(TOKEN));
    }
    let (asked, logins) = evil.heard();
    assert!(asked >= 3);
    assert_eq!(logins, 0);

    let mut doctor = place.command(&["doctor"]);
    doctor.env("DEPLOYCENTER_GIT_TOKEN", TOKEN);
    let run = Run::of(doctor.output().unwrap()).exits(1);
    holds(
        &run.stdout,
        &["warn  login", "DEPLOYCENTER_GIT_TOKEN isn't sent to"],
    );
    assert_eq!(evil.heard().1, 0);

    // And would get it if the environment named it.
    plan(Some(&evil.url("127.0.0.1")));
    assert!(evil.heard().1 > 0);
}

#[test]
fn a_redirect_carries_no_token_to_another_host() {
    let place = Place::new(ACME);
    let evil = Listener::asking();
    let elsewhere = evil.url("localhost");
    let trusted = Listener::start(move |head| {
        if head.to_ascii_lowercase().contains("\r\nauthorization:") {
            let path = head.split(' ').nth(1).unwrap();
            format!("HTTP/1.1 302 Found\r\nLocation: {elsewhere}{path}\r\n")
        } else {
            "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"git\"\r\n".to_owned()
        }
    });
    let url = trusted.url("127.0.0.1");
    settings(
        &place,
        "[argocd]",
        &format!("[git]\ngenerated = \"{url}/moved.git\"\n\n[argocd]"),
    );
    for verb in ["plan", "doctor"] {
        let mut command = place.command(&[verb]);
        command
            .env("DEPLOYCENTER_GIT_TOKEN", TOKEN)
            .env("DEPLOYCENTER_GIT_HOST", &url);
        let before = trusted.heard().1;
        Run::of(command.output().unwrap()).exits(1);
        assert!(trusted.heard().1 > before, "{verb} logged in");
        assert_eq!(evil.heard(), (0, 0), "{verb}");
    }
}

#[test]
fn a_journal_that_came_with_the_repo_is_refused() {
    let place = Place::new(ACME);
    let git = git2::Repository::open(place.checkout()).unwrap();
    place.put(".deploycenter/journal.db", "somebody's");
    let mut index = git.index().unwrap();
    index
        .add_path(std::path::Path::new(".deploycenter/journal.db"))
        .unwrap();
    index.write().unwrap();
    let said = place
        .run(&["plan", "--output", "json"])
        .refused("repository");
    holds(
        &said,
        &[
            ".deploycenter/journal.db is in git",
            "git rm -r --cached .deploycenter",
        ],
    );
}
