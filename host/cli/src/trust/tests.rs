#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;

const TOKEN: &str = "ey.canary";

fn trust(argocd: &[&str], git: &[&str]) -> Trust {
    let read = |list: &[&str]| list.iter().map(|it| Origin::read(it).unwrap()).collect();
    Trust {
        argocd: read(argocd),
        git: read(git),
    }
}

/// What binds the token, or why it is refused with what to do.
fn argocd(trust: &Trust, setting: &str, named: Option<&str>) -> Result<String, (String, String)> {
    let named = named.map(|text| ("ARGOCD_SERVER", text));
    match trust.argocd_of(setting, named, TOKEN.to_owned()) {
        Ok(access) => Ok(access.bound_by.unwrap()),
        Err(fail) => {
            assert_eq!(fail.code(), "untrusted");
            let (message, help) = fail.in_short();
            Err((message, help.unwrap()))
        }
    }
}

#[test]
fn the_repo_never_says_where_the_token_goes() {
    let nothing = Trust::default();
    let (message, help) = argocd(&nothing, "evil.example.com", None).unwrap_err();
    assert!(message.contains("isn't sent to https://evil.example.com: only deploycenter.toml"));
    assert_eq!(
        help,
        "if the token is meant for it, set ARGOCD_SERVER=evil.example.com; or name it in the file of DEPLOYCENTER_TRUST: argocd = [\"https://evil.example.com\"]"
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
    let (message, help) = argocd(&nothing, "x", Some("http://10.0.0.7:8080")).unwrap_err();
    assert!(message.contains("everyone on the way could read it"));
    assert!(
        help.contains("argocd = [\"http://10.0.0.7:8080\"]"),
        "{help}"
    );
    let listed = trust(&["http://10.0.0.7:8080"], &[]);
    argocd(&listed, "x", Some("http://10.0.0.7:8080")).unwrap();
}

#[test]
fn without_a_token_nothing_is_bound() {
    let access = Trust::default()
        .argocd_of("argocd.example.com", None, String::new())
        .unwrap();
    assert_eq!(access.bound_by, None);
}

/// Which token goes to each address, by the environment.
fn git(trust: &Trust, env: &[(&str, &str)], url: &str) -> Option<String> {
    let env = |name: &str| {
        let found = env.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    let credentials = trust.git_of(&env, BTreeSet::new()).unwrap();
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
    let refused = |path: &Path| {
        let (message, help) = Trust::of_file(path, &root).unwrap_err().in_short();
        format!("{message} | {}", help.unwrap())
    };
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
