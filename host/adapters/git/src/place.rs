//! Branches and paths, checked before anything is built from them.

use std::fmt;

use deploycenter_domain::resource::Folder;
use deploycenter_domain::wanted::{BASE_PROJECT_FILE, PROJECT_FILE};
use deploycenter_ports::ProviderError;

use crate::failure::refused;

/// What generated branches begin with; nothing else is ever fetched or pushed.
pub(crate) const PREFIX: &str = "customer/";

/// The file that stands for the shared target's folder.
pub(crate) const ROOT_FILE: &str = PROJECT_FILE;

/// All that the shared target has at the root, sorted.
pub(crate) const ROOT_FILES: [&str; 2] = [BASE_PROJECT_FILE, PROJECT_FILE];

/// A folder on a generated branch; without a path, the files of the branch's root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) branch: String,
    pub(crate) path: String,
}

impl Place {
    pub(crate) fn new(branch: &str, path: &str) -> Result<Self, ProviderError> {
        let sound = branch.starts_with(PREFIX)
            && git2::Reference::is_valid_name(&format!("refs/heads/{branch}"));
        if !sound {
            return Err(refused(format!(
                "\"{}\" is no branch that DeployCenter generates; those are {PREFIX}<name>",
                branch.escape_debug()
            )));
        }
        if !path.is_empty() {
            check_path(path)?;
        }
        Ok(Self {
            branch: branch.to_owned(),
            path: path.to_owned(),
        })
    }

    pub(crate) fn of(folder: &Folder) -> Result<Self, ProviderError> {
        Self::new(&folder.branch, &folder.path)
    }

    /// What the place is called: the folder, or the root's own file.
    fn key(&self) -> &str {
        if self.path.is_empty() {
            ROOT_FILE
        } else {
            &self.path
        }
    }

    pub(crate) fn is_root(&self) -> bool {
        self.path.is_empty()
    }

    /// Where its content stands in the branch's tree.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        let (folder, root) = match self.is_root() {
            true => (None, &ROOT_FILES[..]),
            false => (Some(self.path.as_str()), &[][..]),
        };
        folder.into_iter().chain(root.iter().copied())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on branch {}", self.key(), self.branch)
    }
}

/// Refuses a path that leads out of its folder, into git's own files, or that another
/// system would read differently.
pub(crate) fn check_path(path: &str) -> Result<(), ProviderError> {
    let reason = if path.is_empty() {
        "is empty"
    } else if path.starts_with('/') {
        "is absolute"
    } else if path.contains('\\') || path.contains(':') {
        "holds a backslash or a colon"
    } else if path.chars().any(char::is_control) {
        "holds a control character"
    } else if path
        .split('/')
        .any(|part| part.is_empty() || part == "." || part == "..")
    {
        "has an empty part, \".\" or \"..\" in it"
    } else if path
        .split('/')
        .any(|part| part.eq_ignore_ascii_case(".git") || part.eq_ignore_ascii_case("git~1"))
    {
        "leads into git's own files"
    } else {
        return Ok(());
    };
    Err(refused(format!(
        "the path \"{}\" {reason}",
        path.escape_debug()
    )))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn paths_stay_in_their_folder() {
        for path in [
            "a",
            "us-west-2/odoo",
            "chart/templates/_helpers.tpl",
            "a/.github/x",
            "ü/x",
        ] {
            check_path(path).unwrap();
        }
        for path in [
            "",
            "/etc/passwd",
            "../x",
            "a/../b",
            "a//b",
            "./a",
            "a/",
            ".git/config",
            "a/.GIT/hooks",
            "a\\b",
            "c:x",
            "a\nb",
            "a\0b",
        ] {
            assert!(check_path(path).is_err(), "{path:?}");
        }
    }

    #[test]
    fn only_generated_branches_are_touched() {
        assert_eq!(
            Place::new("customer/acme", "").unwrap().to_string(),
            "project.json on branch customer/acme"
        );
        for branch in [
            "main",
            "customer/",
            "customer/a..b",
            "customer/a b",
            "refs/heads/customer/a",
            "customer/a/../../main",
        ] {
            assert!(Place::new(branch, "x").is_err(), "{branch}");
        }
    }
}
