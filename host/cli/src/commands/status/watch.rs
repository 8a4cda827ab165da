//! `status --watch`.

use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;

use deploycenter_ports::Reading;

use super::Reader;
use crate::fail::Fail;
use crate::output::watch::Watch;

/// Reads again and again, until Ctrl-C or until nobody reads what is printed. The first
/// reading has to succeed, so that a slip of the hand ends at once; a later one that fails
/// is said, and the next may do better.
pub(super) async fn run(
    reader: &mut Reader<'_>,
    interval: Duration,
    json: bool,
) -> Result<ExitCode, Fail> {
    let clock = reader.place.engine.clock.clone();
    let mut stop = pin!(tokio::signal::ctrl_c());
    let mut watch = Watch::stdout(json, interval);
    let mut reading = Reading::Listed;
    loop {
        let round = tokio::select! {
            biased;
            _ = &mut stop => break,
            round = reader.report(reading) => round,
        };
        let shown = match round {
            Ok((report, None)) => watch.show(report, clock.now()),
            Ok((_, Some(away))) if reading == Reading::Listed => return Err(away),
            Ok((report, Some(away))) => watch.show_partly(report, &away, clock.now()),
            Err(fail) if reading == Reading::Listed => return Err(fail),
            Err(fail) => watch.complain(&fail, clock.now()),
        };
        if shown.is_err() {
            break;
        }
        reading = Reading::Fresh;
        tokio::select! {
            biased;
            _ = &mut stop => break,
            () = clock.sleep(interval) => {}
        }
    }
    watch.end();
    Ok(ExitCode::SUCCESS)
}
