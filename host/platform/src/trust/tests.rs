#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::environment::Variable;

const TOKEN: &str = "ey.canary";

fn trust(argocd: &[&str], git: &[&str]) -> Trust {
    let read = |list: &[&str]| list.iter().map(|it| Origin::read(it).unwrap()).collect();
    Trust {
        argocd: read(argocd),
        git: read(git),
    }
}

/// An environment with Argo CD's token, and its server by `ARGOCD_SERVER`.
fn environment(server: Option<&str>) -> Environment {
    Environment {
        argocd_token: Some(TOKEN.to_owned()),
        argocd_server: server.map(|value| Variable {
            name: "ARGOCD_SERVER",
            value: value.to_owned(),
        }),
        ..Environment::default()
    }
}

/// What binds the token, or why it is refused.
fn argocd(trust: &Trust, setting: &str, named: Option<&str>) -> Result<String, TrustError> {
    let access = trust.argocd(&environment(named), setting)?;
    Ok(access.bound_by.unwrap())
}

fn origin(text: &str) -> Origin {
    Origin::read(text).unwrap()
}

#[test]
fn the_repo_never_says_where_the_token_goes() {
    let nothing = Trust::default();
    let refused = argocd(&nothing, "evil.example.com", None).unwrap_err();
    let evil = origin("evil.example.com");
    assert_eq!(refused, TrustError::OnlyTheRepo { origin: evil });
    assert_eq!(
        refused.to_string(),
        "ARGOCD_AUTH_TOKEN isn't sent to https://evil.example.com: only deploycenter.toml names it, and that isn't for the repo to say"
    );
    // Loopback is somebody's server too.
    argocd(&nothing, "http://127.0.0.1:9", None).unwrap_err();

    assert_eq!(
        argocd(&nothing, "evil.example.com", Some("argocd.example.com")).unwrap(),
        "ARGOCD_AUTH_TOKEN goes to https://argocd.example.com, by ARGOCD_SERVER"
    );
    let listed = trust(&["argocd.example.com"], &[]);
    assert_eq!(
        argocd(&listed, "https://argocd.example.com/argocd", None).unwrap(),
        "ARGOCD_AUTH_TOKEN goes to https://argocd.example.com, by DEPLOYCENTER_TRUST"
    );
    for other in [
        "http://argocd.example.com",
        "argocd.example.com:8443",
        "argocd.example.com.evil.example.com",
    ] {
        argocd(&listed, other, None).unwrap_err();
    }
}

#[test]
fn without_encryption_only_the_file_lets_it_leave_the_machine() {
    let nothing = Trust::default();
    argocd(&nothing, "x", Some("http://localhost:8080")).unwrap();
    let refused = argocd(&nothing, "x", Some("http://10.0.0.7:8080")).unwrap_err();
    let plain = origin("http://10.0.0.7:8080");
    assert_eq!(refused, TrustError::Unencrypted { origin: plain });
    assert_eq!(
        refused.to_string(),
        "ARGOCD_AUTH_TOKEN isn't sent to http://10.0.0.7:8080: everyone on the way could read it"
    );
    let listed = trust(&["http://10.0.0.7:8080"], &[]);
    argocd(&listed, "x", Some("http://10.0.0.7:8080")).unwrap();
}

#[test]
fn without_a_token_nothing_is_bound() {
    let access = Trust::default()
        .argocd(&Environment::default(), "argocd.example.com")
        .unwrap();
    assert_eq!(access.bound_by, None);
}

/// Which token goes to each address, by the environment.
fn git(trust: &Trust, env: &[(&str, &str)], url: &str) -> Option<String> {
    let said = |name: &str| {
        let found = env.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    let environment = Environment {
        git_host: said("DEPLOYCENTER_GIT_HOST"),
        git_token: said("DEPLOYCENTER_GIT_TOKEN"),
        github_server: said("GITHUB_SERVER_URL"),
        github_token: said("GITHUB_TOKEN"),
        ..Environment::default()
    };
    let credentials = trust.git(&environment, BTreeSet::new()).unwrap();
    credentials.binding(url)
}

#[test]
fn gits_tokens_go_to_the_hosts_that_they_are_for() {
    let own = [
        ("DEPLOYCENTER_GIT_TOKEN", TOKEN),
        ("DEPLOYCENTER_GIT_HOST", "git.example.com"),
    ];
    let nothing = Trust::default();
    assert_eq!(
        git(&nothing, &own, "https://git.example.com/a.git").unwrap(),
        "DEPLOYCENTER_GIT_TOKEN goes to https://git.example.com, by DEPLOYCENTER_GIT_HOST"
    );
    for url in [
        "https://evil.example.com/a.git",
        "http://git.example.com/a.git",
        "https://git.example.com:8443/a.git",
        "ssh://git@git.example.com/a.git",
    ] {
        assert_eq!(git(&nothing, &own, url), None, "{url}");
    }
    assert_eq!(
        git(&nothing, &own[..1], "https://git.example.com/a.git"),
        None
    );

    let listed = trust(&[], &["git.example.com", "http://10.0.0.7"]);
    assert!(git(&listed, &own[..1], "https://git.example.com/a.git").is_some());
    assert!(git(&listed, &own[..1], "http://10.0.0.7/a.git").is_some());
    let clear = [own[0], ("DEPLOYCENTER_GIT_HOST", "http://10.0.0.7")];
    assert_eq!(git(&nothing, &clear, "http://10.0.0.7/a.git"), None);

    let github = [("GITHUB_TOKEN", TOKEN)];
    assert!(git(&nothing, &github, "https://github.com/a/b").is_some());
    for url in ["https://evil.ghe.com/a/b", "https://notgithub.com/a/b"] {
        assert_eq!(git(&nothing, &github, url), None, "{url}");
    }
    let enterprise = [github[0], ("GITHUB_SERVER_URL", "https://acme.ghe.com")];
    assert!(git(&nothing, &enterprise, "https://acme.ghe.com/a/b").is_some());
    assert_eq!(git(&nothing, &enterprise, "https://github.com/a/b"), None);
}

#[test]
fn the_file_lies_outside_the_repo_and_says_only_what_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("repo");
    std::fs::create_dir_all(root.join(".git")).unwrap();
    let outside = dir.path().join("trust.toml");
    let refused = |path: &Path| Trust::of_file(path, &root).unwrap_err().to_string();
    let sound = "version = 1\nargocd = [\"argocd.example.com\"]\ngit = [\"git.example.com\"]\n";
    std::fs::write(&outside, sound).unwrap();
    assert_eq!(Trust::of_file(&outside, &root).unwrap().argocd.len(), 1);

    for inside in [root.join("trust.toml"), root.join(".git/trust.toml")] {
        std::fs::write(&inside, sound).unwrap();
        assert!(refused(&inside).contains("lies in the deployment repo"));
    }
    // A link out of the repo is the repo's word, and so is one into it.
    let link = root.join("link.toml");
    std::os::unix::fs::symlink(&outside, &link).unwrap();
    assert!(refused(&link).contains("lies in the deployment repo"));
    let link = dir.path().join("link.toml");
    std::os::unix::fs::symlink(root.join("trust.toml"), &link).unwrap();
    assert!(refused(&link).contains("lies in the deployment repo"));

    for (text, why) in [
        ("version = 2\n", "it has the version 2"),
        ("version = 1\nargo = []\n", "line 2: unknown field `argo`"),
        (
            "version = 1\ngit = [\n \"/srv\",\n \"x y\"]\n",
            "line 3: \"/srv\" is no host",
        ),
        ("version = 1\ngit = [\"https://t@h\"]\n", "it holds a login"),
        ("version = \n", "line 1: "),
    ] {
        std::fs::write(&outside, text).unwrap();
        let said = refused(&outside);
        assert!(said.contains(why), "{said}");
        assert!(said.contains("trust.toml: "), "{said}");
    }
    assert!(refused(&dir.path().join("none.toml")).contains("can't be read"));
    assert!(refused(dir.path()).contains("it is a folder"));
}

#[test]
fn what_is_logged_of_an_environment_holds_no_token() {
    let environment = Environment {
        git_token: Some(TOKEN.to_owned()),
        github_token: Some(TOKEN.to_owned()),
        ..environment(Some("argocd.example.com"))
    };
    let access = Trust::default().argocd(&environment, "x").unwrap();
    assert_eq!(access.token, TOKEN);
    let logged = format!("{environment:?} {access:?}");
    assert!(!logged.contains(TOKEN), "{logged}");
}
