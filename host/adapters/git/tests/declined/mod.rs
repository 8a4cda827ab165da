//! What a remote doesn't take: by its hooks, whose words are shown, or because git has no
//! room for the branch.

use deploycenter_ports::{Provider as _, ProviderError, ProviderErrorKind};

use crate::support::{HttpRemote, Remote, folder, step};
use crate::{BRANCH, PATH};

async fn pushed(git: &deploycenter_git::Git, branch: &str) -> Result<bool, ProviderError> {
    let wanted = folder(branch, PATH, &[("a", "1")]);
    let ensured = git.ensure(&step(1, None, Some(wanted))).await?;
    Ok(ensured.changed)
}

#[tokio::test]
async fn the_words_of_a_hook_that_declines_are_shown_as_data() {
    let remote = Remote::new();
    remote.hook(
        "pre-receive",
        "printf 'No pushes on Fridays.\\nAsk \\033[31mhttps://ci:SECRET@ops.example.com\\n' >&2\nyes and on and on | head -c 100000 >&2\nexit 1",
    );
    let http = HttpRemote::new(&remote).await;
    let (git, _) = remote.git("cache", &http.url);
    let failure = pushed(&git, BRANCH).await.unwrap_err();
    assert_eq!(failure.kind, ProviderErrorKind::Refused);
    let start = "the git remote refused branch customer/acme: pre-receive hook declined; it says: No pushes on Fridays. / Ask \\u{1b}[31mhttps://ops.example.com / and on and on";
    assert!(failure.message.starts_with(start), "{failure}");
    assert!(failure.message.chars().count() < 800, "{failure}");
    assert!(!failure.message.contains("SECRET"), "{failure}");
    assert!(!failure.message.contains(char::is_control), "{failure}");
}

#[tokio::test]
async fn a_hook_that_declines_a_whole_push_for_one_branch_stops_that_one() {
    let remote = Remote::new();
    remote.hook(
        "pre-receive",
        "while read old new ref; do case \"$ref\" in *frozen*) echo \"$ref is frozen\" >&2; exit 1;; esac; done",
    );
    let http = HttpRemote::new(&remote).await;
    let (git, _) = remote.git("cache", &http.url);
    let (good, frozen) = tokio::join!(
        pushed(&git, "customer/good"),
        pushed(&git, "customer/frozen")
    );
    assert!(good.unwrap());
    let failure = frozen.unwrap_err();
    assert!(
        failure
            .message
            .ends_with("it says: refs/heads/customer/frozen is frozen"),
        "{failure}"
    );
}

#[tokio::test]
async fn a_branch_below_or_above_is_named_before_anything_is_pushed() {
    let remote = Remote::new();
    let http = HttpRemote::new(&remote).await;
    for url in [http.url.as_str(), remote.path.to_str().unwrap()] {
        for other in ["customer/acme/wip", "customer"] {
            let cache = format!("{}-{}", url.len(), other.len());
            let (git, calls) = remote.git(&cache, url);
            remote.commit_by_hand(other, "notes", "x");
            let wanted = folder(BRANCH, PATH, &[]);
            let seen = git.snapshot().observe(&wanted).await.unwrap_err();
            assert_eq!(seen.kind, ProviderErrorKind::Foreign);
            assert_eq!(
                seen.message,
                format!(
                    "the branch customer/acme can't be made: the remote has a branch {other}, and git keeps no branch below another"
                )
            );
            assert!(
                seen.help
                    .unwrap()
                    .to_string()
                    .contains(&format!("--delete {other}"))
            );
            assert_eq!(pushed(&git, BRANCH).await.unwrap_err().kind, seen.kind);
            assert_eq!(calls.of("push"), 0);

            // Once that is gone there is room, and the cache has forgotten it.
            let name = format!("refs/heads/{other}");
            remote
                .repo()
                .find_reference(&name)
                .unwrap()
                .delete()
                .unwrap();
            assert!(pushed(&git, BRANCH).await.unwrap());
            // And the other way round: what the cache knows is in the way of what is new.
            let ours = format!("refs/heads/{BRANCH}");
            remote
                .repo()
                .find_reference(&ours)
                .unwrap()
                .delete()
                .unwrap();
            remote.commit_by_hand(other, "notes", "x");
            let seen = git.observe(&wanted).await.unwrap_err();
            assert_eq!(seen.kind, ProviderErrorKind::Foreign, "{seen}");
            remote
                .repo()
                .find_reference(&name)
                .unwrap()
                .delete()
                .unwrap();
        }
    }
}

#[tokio::test]
async fn a_branch_that_comes_below_meanwhile_is_no_lost_race() {
    let remote = Remote::new();
    let http = HttpRemote::new(&remote).await;
    // As the hook ends the branch is there, and nobody has fetched it.
    remote.commit_by_hand("elsewhere", "notes", "x");
    remote.hook(
        "pre-receive",
        "mkdir -p refs/heads/customer/acme && cp refs/heads/elsewhere refs/heads/customer/acme/wip",
    );
    let (git, calls) = remote.git("cache", &http.url);
    let failure = pushed(&git, BRANCH).await.unwrap_err();
    assert_eq!(failure.kind, ProviderErrorKind::Refused, "{failure}");
    assert!(failure.message.contains("customer/acme/wip"), "{failure}");
    assert_eq!(calls.of("push"), 1);
}
