//! A login in a remote's URL stays with the transport. That it is nowhere else is looked
//! at after every run of these tests; see [`crate::canary`].

use crate::place::{ACME, Place, Run, holds};
use crate::trust::Listener;
use deploycenter_testkit::canary::PASSWORD;

/// Points `origin` there.
fn origin(place: &Place, url: &str) {
    let git = git2::Repository::open(place.checkout()).unwrap();
    git.remote_set_url("origin", url).unwrap();
}

/// Runs a command with all that can be logged.
fn traced(place: &Place, args: &[&str]) -> Run {
    let mut command = place.command(args);
    Run::of(command.env("DEPLOYCENTER_LOG", "trace").output().unwrap())
}

#[test]
fn a_login_in_the_remotes_url_stays_there() {
    let place = Place::new(ACME);
    place.deploy();
    let local = place.remote().path().to_str().unwrap().to_owned();
    for login in [format!("ci:{PASSWORD}"), PASSWORD.to_owned()] {
        let server = Listener::asking();
        let bare = format!("{}/ops/deploy.git", server.url("127.0.0.1"));
        let url = bare.replacen("http://", &format!("http://{login}@"), 1);
        origin(&place, &url);
        let rendered = traced(&place, &["render", "acme/mattermost"]).succeeded();
        assert!(!rendered.stdout.contains(&bare), "it names the setting");
        traced(&place, &["render", "--out", "rendered"]).succeeded();
        traced(&place, &["validate"]).succeeded();
        let refused = traced(&place, &["plan", "--out", "plan.json"]).exits(1);
        holds(&refused.stderr, &[&bare]);
        for verb in [&["apply", "--yes"][..], &["doctor"]] {
            traced(&place, verb).exits(1);
        }
        let (_, logins) = server.heard();
        assert!(logins > 0, "the transport has it");
    }
    // Where git takes no login, and some write one all the same.
    for part in ["?private_token=", "#access_token="] {
        let server = Listener::asking();
        let url = format!("{}/ops/deploy.git{part}{PASSWORD}", server.url("127.0.0.1"));
        origin(&place, &url);
        for verb in ["render acme/mattermost", "plan", "doctor", "apply --yes"] {
            let args: Vec<&str> = verb.split(' ').collect();
            traced(&place, &args);
        }
    }
    // What git's own configuration makes of an address.
    let rule = format!(
        "[url \"{local}\"]\n\tinsteadOf = https://ci:{PASSWORD}@git.example.com/ops/deploy.git\n"
    );
    std::fs::write(place.home().join(".gitconfig"), rule).unwrap();
    origin(
        &place,
        &format!("https://ci:{PASSWORD}@git.example.com/ops/deploy.git"),
    );
    traced(&place, &["plan", "--out", "plan.json"]).succeeded();
    traced(&place, &["apply", "--plan", "plan.json"]).succeeded();
    traced(&place, &["history", "acme/mattermost"]).succeeded();
}

#[test]
fn a_login_in_the_settings_is_refused_and_not_repeated() {
    let place = Place::new(ACME);
    let path = place.checkout().join("deploycenter.toml");
    let sound = std::fs::read_to_string(path).unwrap();
    for url in [
        format!("https://ci:{PASSWORD}@git.example.com/x.git"),
        format!("https://{PASSWORD}@git.example.com/x.git"),
        format!("ssh://git:{PASSWORD}@git.example.com/x.git"),
        format!("git:{PASSWORD}@git.example.com:x.git"),
        format!("https://git.example.com/x.git?private_token={PASSWORD}"),
        format!("https://git.example.com/x.git#access_token={PASSWORD}"),
        format!("https://git.example.com/oauth2:{PASSWORD}/x.git"),
        format!("https:/ci:{PASSWORD}@git.example.com/x.git"),
        format!("https://git.example.com/x-access-token%3A{PASSWORD}/x.git"),
        format!("https://git.example.com/x.git;token={PASSWORD}"),
        format!("git.example.com:x.git?private_token={PASSWORD}"),
    ] {
        place.put(
            "deploycenter.toml",
            sound.replacen(
                "[argocd]",
                &format!("[git]\ngenerated = \"{url}\"\n\n[argocd]"),
                1,
            ),
        );
        for verb in ["validate", "plan", "doctor"] {
            let run = traced(&place, &[verb]).exits(1);
            let said = run.stdout.clone() + &run.stderr;
            holds(&said, &["is written with a login in it", "git.example.com"]);
        }
    }
    place.put("deploycenter.toml", sound);
}
