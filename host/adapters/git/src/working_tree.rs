//! The files of the desired state in a working tree.

use std::path::Path;

use deploycenter_domain::address::hide_logins;
use deploycenter_ports::RepositoryError;

/// The largest file of the desired state, in bytes.
const LARGEST: u64 = 10 * 1024 * 1024;

/// Files that are read when they are there.
pub(crate) const SINGLE: [&str; 4] = [
    "deploycenter.toml",
    "customers.yaml",
    "regions.yaml",
    "plugins.lock",
];

/// Folders whose YAML files are read, not those of folders in them. Whatever else lies
/// there is told of: it was meant to be read.
const YAML: [&str; 2] = ["customers.d", "environments"];

/// The folder that is read whole.
const WHOLE: &str = "overrides";

/// Every folder whose files are listed.
pub(crate) const FOLDERS: [&str; 3] = [YAML[0], YAML[1], WHOLE];

/// Where policies live: checked on what will be committed, so they have to be committed
/// themselves.
const POLICIES: &str = "policies";

pub(crate) fn unreadable(error: &git2::Error) -> RepositoryError {
    problem(format!(
        "the deployment repo can't be read: {}",
        error.message()
    ))
}

pub(crate) fn problem(message: impl Into<String>) -> RepositoryError {
    RepositoryError {
        message: hide_logins(&message.into()),
        help: None,
    }
}

/// Whether a path, relative to the repo, belongs to the desired state.
pub(crate) fn is_desired(path: &str) -> bool {
    if SINGLE.contains(&path) {
        return true;
    }
    let Some((folder, rest)) = path.split_once('/') else {
        return false;
    };
    match folder {
        WHOLE => true,
        POLICIES => rest.ends_with(".rego"),
        _ => YAML.contains(&folder) && !rest.contains('/') && rest.ends_with(".yaml"),
    }
}

/// The paths at which the desired state may be, relative to the repo; some name nothing.
pub(crate) fn listed(root: &Path) -> Result<Vec<String>, RepositoryError> {
    let mut paths: Vec<String> = SINGLE.iter().map(|name| (*name).to_owned()).collect();
    for folder in FOLDERS {
        list(root, folder, &mut paths)?;
    }
    Ok(paths)
}

fn list(root: &Path, folder: &str, paths: &mut Vec<String>) -> Result<(), RepositoryError> {
    let failed = |error: std::io::Error| problem(format!("{folder} can't be read: {error}"));
    let place = root.join(folder);
    match place.symlink_metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
        Ok(meta) if meta.is_symlink() => return Err(symlink(folder)),
        Ok(meta) if !meta.is_dir() => {
            return Err(problem(format!(
                "{folder} is a file; it has to be a folder"
            )));
        }
        Ok(_) => {}
    }
    for entry in place.read_dir().map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let name = name
            .to_str()
            .ok_or_else(|| problem(format!("{folder} holds a file whose name isn't UTF-8")))?;
        let path = format!("{folder}/{name}");
        if entry.file_type().map_err(failed)?.is_dir() {
            if name != ".git" {
                list(root, &path, paths)?;
            }
        } else {
            paths.push(path);
        }
    }
    Ok(())
}

/// A file; none where there is none.
pub(crate) fn read(root: &Path, path: &str) -> Result<Option<Vec<u8>>, RepositoryError> {
    let failed = |error: std::io::Error| problem(format!("{path} can't be read: {error}"));
    let place = root.join(path);
    let meta = match place.symlink_metadata() {
        Ok(meta) => meta,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    if meta.is_symlink() {
        return Err(symlink(path));
    }
    if !meta.is_file() {
        return Err(problem(format!("{path} isn't a file")));
    }
    check_size(path, meta.len())?;
    std::fs::read(&place).map(Some).map_err(failed)
}

fn symlink(path: &str) -> RepositoryError {
    RepositoryError {
        message: format!("{path} is a symbolic link"),
        help: Some(
            "the desired state is read from plain files alone; put the content there itself".into(),
        ),
    }
}

/// Refuses a file that can't be meant.
pub(crate) fn check_size(path: &str, bytes: u64) -> Result<(), RepositoryError> {
    if bytes <= LARGEST {
        return Ok(());
    }
    Err(RepositoryError {
        message: format!(
            "{path} has {bytes} bytes; a file of the desired state has at most {LARGEST} (10 MiB)"
        ),
        help: Some("did something else land in that place?".into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_named_places_belong_to_the_desired_state() {
        for path in [
            "customers.yaml",
            "customers.d/acme.yaml",
            "environments/dev.yaml",
            "overrides/odoo/a/b.txt",
            "plugins.lock",
            "policies/x.rego",
        ] {
            assert!(is_desired(path), "{path}");
        }
        for path in [
            "README.md",
            "plan.json",
            "customers.d/x/y.yaml",
            "customers.d/notes.txt",
            "x/customers.yaml",
            "overrides",
            "customers.yml",
        ] {
            assert!(!is_desired(path), "{path}");
        }
    }
}
