//! Plans in files: `plan --out` writes them, `apply --plan` reads them.

use std::path::Path;

use deploycenter_domain::plan::Plan;
use deploycenter_domain::problem::Problem;
use deploycenter_domain::saved::{self, SavedError};
use deploycenter_engine::ErrorCode;

use crate::fail::Fail;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 1 << 30;

/// How a file that can't be read is made anew.
const ANEW: &str = "make it anew with: deploycenter plan --out FILE";

/// Refuses a link as a plan's file: one that a repo holds would have a file outside
/// overwritten. The system's own links, such as `/dev/stdout`, are no repo's.
pub(crate) fn check_place(path: &Path) -> Result<(), Fail> {
    let system = path.starts_with("/dev") || path.starts_with("/proc");
    if system || !path.symlink_metadata().is_ok_and(|it| it.is_symlink()) {
        return Ok(());
    }
    let shown = path.display();
    Err(
        Fail::new(ErrorCode::Failed, format!("{shown} is a symbolic link"))
            .help("a plan is saved to a plain file alone; remove the link, or name another file"),
    )
}

/// Writes a plan, sealed.
pub(crate) fn save(path: &Path, plan: &Plan) -> Result<(), Fail> {
    let text =
        serde_json::to_string_pretty(&saved::seal(plan)).map_err(anyhow::Error::from)? + "\n";
    deploycenter_private::replace(path, &[text.as_bytes()]).map_err(|error| {
        let shown = path.display();
        Fail::new(
            ErrorCode::Failed,
            format!("{shown} can't be written: {error}"),
        )
    })
}

/// Reads a plan as it was written.
pub(crate) fn read(path: &Path) -> Result<Plan, Fail> {
    let shown = path.display();
    let text = deploycenter_private::read_regular(path, LARGEST).map_err(|error| {
        Fail::new(ErrorCode::Failed, format!("{shown} can't be read: {error}"))
            .help("name a file that was saved with: deploycenter plan --out FILE")
    })?;
    saved::read(&text).map_err(|error| match error {
        SavedError::Unreadable {
            message,
            line,
            column,
        } => {
            let place = |number| u32::try_from(number).unwrap_or(u32::MAX);
            let problem = Problem::new(message)
                .in_file(shown.to_string())
                .at(place(line), place(column))
                .help(ANEW);
            let message = format!("{shown} is no plan of this version");
            Fail::problems(ErrorCode::PlanUnreadable, message, vec![problem])
        }
        SavedError::Format(_) => {
            Fail::new(ErrorCode::PlanUnreadable, format!("{shown}: {error}")).help(ANEW)
        }
        SavedError::Edited(_) => Fail::new(
            ErrorCode::PlanEdited,
            format!("{shown}: {error}; nothing was applied"),
        )
        .help("a plan is applied as it was made; change the desired state and plan again"),
    })
}
