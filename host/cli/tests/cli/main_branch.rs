//! What is applied is on the remote's main.

use crate::place::{ACME, ACME_UPDATED, Place, holds};

fn commit(place: &Place) {
    let repo = git2::Repository::open(place.checkout()).unwrap();
    let mut index = repo.index().unwrap();
    index
        .add_all(["*"], git2::IndexAddOption::DEFAULT, None)
        .unwrap();
    index.write().unwrap();
    let tree = repo.find_tree(index.write_tree().unwrap()).unwrap();
    let who = repo.signature().unwrap();
    let head = repo.head().unwrap().peel_to_commit().unwrap();
    repo.commit(Some("HEAD"), &who, &who, "Not pushed", &tree, &[&head])
        .unwrap();
}

#[test]
fn what_others_cannot_see_is_not_applied() {
    let place = Place::new(ACME);
    let mark = place.mark();
    let apply = ["apply", "--yes", "--output", "json"];

    place.put("customers.yaml", ACME_UPDATED);
    place.put(
        "customers.d/zenith.yaml",
        "version: 1\nname: zenith\nregion: us-west-2\napps: []\n",
    );
    let said = place.run(&apply).refused("dirty");
    holds(
        &said,
        &["customers.yaml", "customers.d/zenith.yaml", "--allow-dirty"],
    );
    place.untouched_since(&mark);

    std::fs::remove_file(place.checkout().join("customers.d/zenith.yaml")).unwrap();
    commit(&place);
    let said = place.run(&apply).refused("unpushed");
    holds(&said, &["push", "main"]);
    place.untouched_since(&mark);

    place.put("customers.yaml", format!("{ACME_UPDATED}# a note\n"));
    place.run(&["apply", "--yes", "--allow-dirty"]).succeeded();
    assert!(
        place
            .committed("acme", "us-west-2/mattermost/values.yaml")
            .contains("137")
    );
}

#[test]
fn a_branch_aside_is_not_applied_before_it_is_on_main() {
    let place = Place::new(ACME);
    let mark = place.mark();
    let apply = ["apply", "--yes", "--output", "json"];
    let repo = git2::Repository::open(place.checkout()).unwrap();
    let head = repo.head().unwrap().peel_to_commit().unwrap();
    let mut feature = repo.branch("feature", &head, false).unwrap();
    repo.set_head("refs/heads/feature").unwrap();
    place.put("customers.yaml", ACME_UPDATED);
    commit(&place);
    let push = |to: &str| {
        let mut remote = repo.find_remote("origin").unwrap();
        let spec = format!("refs/heads/feature:refs/heads/{to}");
        remote.push(&[spec.as_str()], None).unwrap();
    };
    push("feature");
    feature.set_upstream(Some("origin/feature")).unwrap();
    let said = place.run(&apply).refused("unpushed");
    holds(&said, &["isn't on the remote's main"]);
    place.untouched_since(&mark);

    push("main");
    place.run(&apply).succeeded();
}

#[test]
fn what_lies_about_is_no_dirt() {
    let place = Place::new(ACME);
    place.run(&["plan", "--out", "p.json"]).succeeded();
    place.put("notes/today.txt", "buy milk");
    place.run(&["apply", "--plan", "p.json"]).succeeded();
}

#[test]
fn an_older_commit_is_not_deployed_over_a_newer_one() {
    let place = Place::new(ACME);
    let repo = git2::Repository::open(place.checkout()).unwrap();
    let older = repo.head().unwrap().peel_to_commit().unwrap();
    place.change("customers.yaml", ACME_UPDATED);
    place.deploy();
    repo.reset(older.as_object(), git2::ResetType::Hard, None)
        .unwrap();
    let mark = place.mark();
    let said = place
        .run(&["apply", "--yes", "--output", "json"])
        .refused("older-commit");
    holds(&said, &["acme/mattermost", "pull main", "--allow-older"]);
    place.untouched_since(&mark);
    place.run(&["apply", "--yes", "--allow-older"]).succeeded();
    let values = place.committed("acme", "us-west-2/mattermost/values.yaml");
    assert!(values.contains("maxUsers: 100"), "{values}");
}

#[test]
fn without_a_key_nothing_that_is_to_be_signed_is_begun() {
    let place = Place::new(ACME);
    let path = place.checkout().join("deploycenter.toml");
    let settings = std::fs::read_to_string(path).unwrap();
    place.change(
        "deploycenter.toml",
        settings.replacen("[argocd]", "[git]\nsigning = true\n\n[argocd]", 1),
    );
    let mark = place.mark();
    for verb in [&["plan"][..], &["apply", "--yes"], &["resume"]] {
        let args = [verb, &["--output", "json"]].concat();
        let said = place.run(&args).refused("outside");
        holds(
            &said,
            &["commits can't be signed", "user.signingKey isn't set"],
        );
    }
    place.untouched_since(&mark);
    place.run(&["status"]).succeeded();

    let key = place.home().join("key");
    let made = std::process::Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(&key)
        .status()
        .unwrap();
    assert!(made.success());
    let git = git2::Repository::open(place.checkout()).unwrap();
    let mut config = git.config().unwrap();
    config.set_str("gpg.format", "ssh").unwrap();
    // Commands run without a PATH here.
    let path = std::env::var_os("PATH").unwrap();
    let mut programs = std::env::split_paths(&path).map(|folder| folder.join("ssh-keygen"));
    let program = programs.find(|program| program.is_file()).unwrap();
    config
        .set_str("gpg.ssh.program", program.to_str().unwrap())
        .unwrap();
    // One that can't sign is found before anything begins, too.
    let broken = place.home().join("broken");
    std::fs::write(&broken, "no key\n").unwrap();
    config
        .set_str("user.signingKey", broken.to_str().unwrap())
        .unwrap();
    let mark = place.mark();
    for verb in [&["apply", "--yes"][..], &["resume"]] {
        let args = [verb, &["--output", "json"]].concat();
        let said = place.run(&args).refused("outside");
        holds(&said, &["commits can't be signed", "doesn't sign: "]);
    }
    place.untouched_since(&mark);
    config
        .set_str("user.signingKey", key.to_str().unwrap())
        .unwrap();
    place.deploy();
    let remote = place.remote();
    let head = remote.refname_to_id("refs/heads/customer/acme").unwrap();
    let (signature, _) = remote.extract_signature(&head, None).unwrap();
    assert!(signature.starts_with(b"-----BEGIN SSH SIGNATURE-----"));
}
