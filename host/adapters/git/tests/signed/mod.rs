//! Commits that are signed as git is configured to sign, held against `git verify-commit`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use deploycenter_git::{Credentials, DeploymentRepo, Git, GitConfig, Remotes};
use deploycenter_ports::{Examine as _, Provider as _, ProviderErrorKind, Unwatched};

use crate::support::{Fault, HttpRemote, Remote, TestClock, step};
use crate::{BRANCH, v};

/// A checkout whose git signs with an SSH key of no passphrase, and the key.
fn checkout(remote: &Remote) -> (DeploymentRepo, PathBuf) {
    let key = remote.dir.path().join("key");
    // Two signatures by a key of this kind differ.
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ecdsa", "-N", "", "-C", "", "-f"])
        .arg(&key)
        .status()
        .unwrap();
    assert!(made.success());
    let path = remote.dir.path().join("signing");
    let repo = git2::Repository::init(&path).unwrap();
    let mut config = repo.config().unwrap();
    config.set_str("gpg.format", "ssh").unwrap();
    config
        .set_str("user.signingKey", key.to_str().unwrap())
        .unwrap();
    (DeploymentRepo::open(&path).unwrap(), key)
}

fn git(remote: &Remote, url: &str, checkout: &DeploymentRepo) -> Arc<Git> {
    let config = GitConfig {
        cache_dir: remote.dir.path().join("cache"),
        remote_url: url.to_owned(),
        credentials: Credentials::default(),
        signer: Some(checkout.signer()),
    };
    Git::open(&config, Arc::new(TestClock), Arc::new(Unwatched)).unwrap()
}

/// What git itself says of the branch's last commit.
fn verified(remote: &Remote, key: &Path) -> bool {
    let public = std::fs::read_to_string(key.with_extension("pub")).unwrap();
    let allowed = remote.dir.path().join("allowed");
    std::fs::write(&allowed, format!("ada@example.com {public}")).unwrap();
    Command::new("git")
        .arg("-C")
        .arg(&remote.path)
        .args(["-c", "gpg.format=ssh", "-c"])
        .arg(format!("gpg.ssh.allowedSignersFile={}", allowed.display()))
        .args(["verify-commit", BRANCH])
        .status()
        .unwrap()
        .success()
}

#[tokio::test]
async fn git_verifies_what_was_signed_and_a_lost_reply_makes_no_second_commit() {
    let remote = Remote::new();
    let http = HttpRemote::new(&remote).await;
    let (checkout, key) = checkout(&remote);
    let git = git(&remote, &http.url, &checkout);
    git.ensure(&step(1, None, Some(v("1")))).await.unwrap();
    assert!(verified(&remote, &key));
    assert!(!verified(&remote, &{
        // Another's key.
        let other = remote.dir.path().join("other");
        std::fs::write(
            other.with_extension("pub"),
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ3Z0T1i0Zx0l0d3Wn0m0e4i4j9Q2fQH8kqf3lq3wG5l\n",
        )
        .unwrap();
        other
    }));

    http.fail_next("/git-receive-pack", Fault::LoseReply);
    let before = crate::observed(&git, &v("")).await;
    git.ensure(&step(2, before, Some(v("2")))).await.unwrap();
    assert_eq!(remote.log(BRANCH).len(), 2);
    assert!(verified(&remote, &key));
    // Taken once more, it stands.
    let again = git
        .ensure(&step(2, Some(v("1")), Some(v("2"))))
        .await
        .unwrap();
    assert!(!again.changed);
}

#[tokio::test]
async fn without_a_key_that_signs_nothing_is_pushed_and_the_way_is_said() {
    let remote = Remote::new();
    let (checkout, key) = checkout(&remote);
    std::fs::remove_file(&key).unwrap();
    let missing = checkout.signer().unwrap_err();
    assert_eq!(missing.kind, ProviderErrorKind::Refused);
    assert_eq!(
        missing.message,
        format!(
            "commits can't be signed, which git.signing wants: the key {} isn't there",
            key.display()
        )
    );
    // A key that is none: its program's own words.
    std::fs::write(&key, "no key\n").unwrap();
    let found = checkout.signer().unwrap().probe().unwrap_err();
    assert!(found.message.contains("doesn't sign: "), "{found}");
    let url = remote.path.to_str().unwrap();
    let failure = git(&remote, url, &checkout)
        .ensure(&step(1, None, Some(v("1"))))
        .await
        .unwrap_err();
    assert_eq!(failure.kind, ProviderErrorKind::Refused, "{failure}");
    assert!(
        failure.message.contains("ssh-keygen doesn't sign: "),
        "{failure}"
    );
    assert_eq!(remote.files(BRANCH), None);

    let config = git2::Repository::open(remote.dir.path().join("signing"))
        .unwrap()
        .config()
        .unwrap();
    for (name, value, says) in [
        (
            "gpg.ssh.program",
            "no-such-program",
            "the program no-such-program isn't there",
        ),
        ("user.signingKey", "", "user.signingKey isn't set"),
        ("gpg.format", "pgp", "gpg.format is \"pgp\""),
    ] {
        let mut config = config.open_level(git2::ConfigLevel::Local).unwrap();
        config.set_str(name, value).unwrap();
        let failure = checkout.signer().unwrap_err();
        assert!(failure.message.contains(says), "{failure}");
        assert!(failure.help.is_some());
    }
}

#[tokio::test]
async fn a_signer_says_so_on_its_status_channel_or_has_not_signed() {
    use std::os::unix::fs::PermissionsExt as _;

    let remote = Remote::new();
    let (checkout, _) = checkout(&remote);
    let program = remote.dir.path().join("gpg");
    let config = git2::Repository::open(remote.dir.path().join("signing"))
        .unwrap()
        .config()
        .unwrap();
    let mut config = config.open_level(git2::ConfigLevel::Local).unwrap();
    config.set_str("gpg.format", "openpgp").unwrap();
    config.set_str("user.signingKey", "ABCD").unwrap();
    config
        .set_str("gpg.program", program.to_str().unwrap())
        .unwrap();
    let url = remote.path.to_str().unwrap();
    for (says, signs) in [
        ("echo '[GNUPG:] SIG_CREATED D 1 8 00 1 F' >&2", true),
        ("echo 'gpg: no secret key' >&2", false),
    ] {
        let script = format!(
            "#!/bin/sh\n[ \"$*\" = '--status-fd=2 -bsau ABCD' ] || exit 9\ncat >/dev/null\n{says}\necho '-----BEGIN PGP SIGNATURE-----'\necho '-----END PGP SIGNATURE-----'\n"
        );
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let made = git(&remote, url, &checkout)
            .ensure(&step(1, None, Some(v("1"))))
            .await;
        if signs {
            made.unwrap();
            let repo = remote.repo();
            let head = repo.refname_to_id(&format!("refs/heads/{BRANCH}")).unwrap();
            let (signature, _) = repo.extract_signature(&head, None).unwrap();
            assert!(signature.starts_with(b"-----BEGIN PGP SIGNATURE-----"));
            let name = format!("refs/heads/{BRANCH}");
            repo.find_reference(&name).unwrap().delete().unwrap();
        } else {
            let failure = made.unwrap_err();
            assert!(
                failure
                    .message
                    .ends_with("doesn't sign: gpg: no secret key"),
                "{failure}"
            );
            assert_eq!(remote.files(BRANCH), None);
        }
    }
}

#[tokio::test]
async fn doctor_tries_to_sign() {
    let remote = Remote::new();
    let (checkout, key) = checkout(&remote);
    let remotes = Remotes {
        checkout,
        remote: "origin".to_owned(),
        main: "main".to_owned(),
        generated: Some(remote.path.display().to_string()),
        signing: true,
    };
    let said = async || {
        let found = remotes.examine(Duration::from_secs(20)).await;
        let signing = found.into_iter().find(|it| it.check == "signing").unwrap();
        format!("{}: {}", signing.status.as_str(), signing.message)
    };
    assert_eq!(
        said().await,
        format!("ok: ssh-keygen with {} signs commits", key.display())
    );
    std::fs::remove_file(&key).unwrap();
    assert!(said().await.starts_with("fail: commits can't be signed"));
}
