//! Which deployment repo a command works in.

use std::path::{Path, PathBuf};

use deploycenter_domain::desired::file;
use deploycenter_engine::ErrorCode;

use crate::fail::Fail;

/// Finds the deployment repo: as said, or around the current folder.
pub(crate) fn find_repo(args: Option<&Path>) -> Result<PathBuf, Fail> {
    let start = match args {
        Some(path) => path.to_path_buf(),
        None => std::env::current_dir().map_err(|error| {
            Fail::new(
                ErrorCode::Repository,
                format!("the current folder can't be read: {error}"),
            )
        })?,
    };
    let found = start
        .ancestors()
        .find(|folder| folder.join(file::SETTINGS).is_file());
    match found {
        Some(folder) if args.is_none() || folder == start => Ok(folder.to_path_buf()),
        _ => Err(Fail::new(
            ErrorCode::Repository,
            format!("{} holds no {}", start.display(), file::SETTINGS),
        )
        .help("run it in a deployment repo, or name one with -C or DEPLOYCENTER_REPO")),
    }
}
