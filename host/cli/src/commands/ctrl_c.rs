//! What Ctrl-C does to a run.

use std::sync::Arc;

use deploycenter_engine::CancellationToken;

use crate::output::progress::LiveProgress;

/// A run that Ctrl-C stops after the steps in flight, or before anything begins; a second
/// one ends the process, which loses nothing either.
pub(crate) fn cancel_on_ctrl_c(progress: &Arc<LiveProgress>) -> CancellationToken {
    let cancel = CancellationToken::new();
    let (asked, progress) = (cancel.clone(), Arc::clone(progress));
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            // Said first: the process may end as soon as the run knows.
            progress.say(if progress.is_deploying() {
                "Stopping after the steps in flight. Press Ctrl-C again to stop at once; `deploycenter resume` goes on either way."
            } else {
                "Stopping. Press Ctrl-C again to stop at once."
            });
            asked.cancel();
            if tokio::signal::ctrl_c().await.is_ok() {
                std::process::exit(130);
            }
        }
    });
    cancel
}
