//! `status --watch`.

use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;

use deploycenter_engine::workflow::StatusReader;
use deploycenter_ports::Clock;

use crate::fail::Fail;
use crate::output::status::StatusReport;
use crate::output::watch::Watch;

/// Reads again and again, until Ctrl-C or until nobody reads what is printed. The first
/// reading has to succeed, so that a slip of the hand ends at once; a later one that fails
/// is said, and the next may do better.
pub(super) async fn run(
    reader: &StatusReader<'_>,
    clock: &dyn Clock,
    interval: Duration,
    json: bool,
) -> Result<ExitCode, Fail> {
    let mut stop = pin!(tokio::signal::ctrl_c());
    let mut watch = Watch::stdout(json, interval);
    let mut first = true;
    loop {
        let round = tokio::select! {
            biased;
            _ = &mut stop => break,
            round = reader.read() => round.map_err(Fail::from),
        };
        let shown = match round {
            Ok(outcome) => {
                let report = StatusReport::of_targets(outcome.targets);
                match outcome.away.map(Fail::from) {
                    None => watch.show(report, clock.now()),
                    Some(away) if first => return Err(away),
                    Some(away) => watch.show_partly(report, &away, clock.now()),
                }
            }
            Err(fail) if first => return Err(fail),
            Err(fail) => watch.complain(&fail, clock.now()),
        };
        if shown.is_err() {
            break;
        }
        first = false;
        tokio::select! {
            biased;
            _ = &mut stop => break,
            () = clock.sleep(interval) => {}
        }
    }
    watch.end();
    Ok(ExitCode::SUCCESS)
}
