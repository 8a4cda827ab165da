//! Logins that every world of these tests knows, and that nothing which comes of a run may
//! hold: no output, no file, no object in git, nothing at a stand-in.

use std::path::Path;

/// What all of them hold.
const MARK: &str = "canary-0f3c9a";
/// A token in the environment.
pub(crate) const TOKEN: &str = "canary-0f3c9a-token";
/// A password in git's configuration.
pub(crate) const PASSWORD: &str = "canary-0f3c9a-password";

/// Objects larger than this are plugins.
const LARGE: usize = 1 << 20;

/// Gives a checkout a remote with a login in its URL, and its user a rule that adds one.
pub(crate) fn plant(checkout: &Path, home: &Path) {
    let url = format!("https://ci:{PASSWORD}@git.invalid/ops/deploy.git");
    let git = git2::Repository::open(checkout).unwrap();
    git.remote("mirror", &url).unwrap();
    let rule = format!(
        "[url \"https://ci:{PASSWORD}@git.invalid/\"]\n\tinsteadOf = https://git.invalid/\n"
    );
    std::fs::write(home.join(".gitconfig"), rule).unwrap();
}

/// Wants none in a text.
#[track_caller]
pub(crate) fn absent(place: &str, text: &str) {
    assert!(!text.contains(MARK), "a login in {place}:\n{text}");
}

/// Where one was found below a folder, besides git's own configuration.
pub(crate) fn search(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        if folder.join("objects").is_dir() {
            objects(&folder, &mut found);
        }
        for entry in folder.read_dir().into_iter().flatten().flatten() {
            let path = entry.path();
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file()
                && !path.ends_with(".git/config")
                && !path.ends_with(".gitconfig")
                && path.extension().is_none_or(|end| end != "wasm")
                && let Ok(bytes) = std::fs::read(&path)
                && holds(&bytes)
            {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

fn holds(bytes: &[u8]) -> bool {
    String::from_utf8_lossy(bytes).contains(MARK)
}

/// Looks into the objects of a git folder, which are compressed in its files.
fn objects(folder: &Path, found: &mut Vec<String>) {
    let Ok(repo) = git2::Repository::open(folder) else {
        return;
    };
    let odb = repo.odb().unwrap();
    let mut ids = Vec::new();
    odb.foreach(|id| {
        ids.push(*id);
        true
    })
    .unwrap();
    for id in ids {
        if odb.read_header(id).is_ok_and(|(size, _)| size < LARGE)
            && let Ok(object) = odb.read(id)
            && holds(object.data())
        {
            found.push(format!("{id} in {}", folder.display()));
        }
    }
}

#[test]
fn a_login_that_was_written_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let repo = git2::Repository::init(dir.path().join("repo")).unwrap();
    assert_eq!(search(dir.path()), [""; 0]);
    let blob = repo.blob(format!("url: {TOKEN}").as_bytes()).unwrap();
    std::fs::write(dir.path().join("plan.json"), PASSWORD).unwrap();
    let found = search(dir.path());
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().any(|it| it.starts_with(&blob.to_string())));
}
