//! Deployment repos to render from, and folders as maps.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use deploycenter_plugin_runtime::bundled;
use deploycenter_sandbox::sample::{CUSTOMERS, SampleRepo};
use deploycenter_testkit::files;

/// Settings with a fixed repository for what is generated: manifests name it, so it is
/// part of what is wanted.
pub(crate) const SETTINGS: &str = "\
version = 1
installation = \"testing\"

[git]
generated = \"https://git.example.com/fleet.git\"

[argocd]
server = \"https://argocd.example.com\"
";

/// The apps that this binary brings.
pub(crate) fn apps() -> Vec<&'static str> {
    bundled().iter().map(|(app, _)| *app).collect()
}

/// A deployment repo below a folder: the fleet, and what a test adds.
pub(crate) fn fleet(dir: &Path, more: &[(&str, &str)]) -> SampleRepo {
    let mut files = files(CUSTOMERS).unwrap();
    for (path, text) in [("deploycenter.toml", SETTINGS)].iter().chain(more) {
        files.insert((*path).to_owned(), text.as_bytes().to_vec());
    }
    let repo = SampleRepo::below(dir);
    assert!(repo.create(&files).unwrap());
    repo
}

/// Runs `render` for every instance; `command` is the binary, perhaps behind a shell.
pub(crate) fn render(mut command: Command, out: &Path) -> BTreeMap<String, Vec<u8>> {
    let output = command.args(["render", "--out"]).arg(out).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    read(out)
}

/// Every file below a folder, by path with `/`; empty when the folder isn't there.
pub(crate) fn read(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut left = vec![folder.to_path_buf()];
    while let Some(next) = left.pop() {
        for entry in fs::read_dir(&next).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else {
                let name = path
                    .strip_prefix(folder)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .replace('\\', "/");
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}
