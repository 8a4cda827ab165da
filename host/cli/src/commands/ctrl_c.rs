//! What Ctrl-C does to a run.

use deploycenter_engine::CancellationToken;

/// A run that Ctrl-C stops after the steps in flight; a second one ends the process, which
/// loses nothing either.
pub(crate) fn cancel_on_ctrl_c() -> CancellationToken {
    let cancel = CancellationToken::new();
    let asked = cancel.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            asked.cancel();
            crate::output::errln!(
                "Stopping after the steps in flight. Press Ctrl-C again to stop at once; `deploycenter resume` goes on either way."
            );
            if tokio::signal::ctrl_c().await.is_ok() {
                std::process::exit(130);
            }
        }
    });
    cancel
}
