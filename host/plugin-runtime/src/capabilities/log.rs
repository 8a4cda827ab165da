//! `deploycenter:log/log`: lines for whoever runs or debugs a plugin.

use wasmtime::Error;

use crate::bindings::app::deploycenter::log::log::{self, Level};
use crate::limits;
use crate::state::{Phase, State};

impl log::Host for State {
    fn log(&mut self, level: Level, message: String) -> Result<(), Error> {
        self.granted("log")?;
        self.receive(&[&message])?;
        let message = &message[..message.floor_char_boundary(limits::LOG_LINE)];
        self.spent.log_lines += 1;
        self.spent.log_bytes += message.len();
        if self.spent.log_lines > limits::LOG_LINES || self.spent.log_bytes > limits::LOG_IN_ALL {
            return Ok(());
        }
        let (app, target) = (&self.manifest.app, &self.request.target);
        match level {
            Level::Debug => tracing::debug!(%app, %target, "{message}"),
            Level::Info => tracing::info!(%app, %target, "{message}"),
            // The plan shows it, to whoever reads the plan.
            Level::Warn if self.phase == Phase::Plan => {
                tracing::debug!(%app, %target, "{message}");
                self.declaration.warn(message, limits::WARNINGS);
            }
            Level::Warn => tracing::warn!(%app, %target, "{message}"),
            Level::Error => {
                tracing::error!(%app, %target, "{message}");
                self.last_error = Some(message.to_owned());
            }
        }
        Ok(())
    }
}
