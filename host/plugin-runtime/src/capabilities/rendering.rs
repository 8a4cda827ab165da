//! `deploycenter:rendering/rendering`: templates.

use std::sync::Arc;

use wasmtime::Error;

use crate::bindings::app::deploycenter::rendering::rendering::{self, RenderError};
use crate::failure::{HostFault, HostTooLong};
use crate::renderer::RenderFailure;
use crate::state::State;

impl rendering::Host for State {
    fn render(
        &mut self,
        template: String,
        context: String,
    ) -> Result<Result<String, RenderError>, Error> {
        self.granted("rendering")?;
        self.receive(&[&template, &context])?;
        tracing::trace!(template, context, "rendering");
        let templates = Arc::clone(&self.templates);
        match templates.render(&template, &context, &mut self.spent.rendering) {
            Ok(text) => Ok(Ok(text)),
            Err(RenderFailure::Template(error)) => Ok(Err(RenderError {
                template: error.template,
                line: error.line,
                message: error.message,
            })),
            Err(RenderFailure::TooMuch) => Err(Error::from(HostFault(
                "has more rendered than it may; look for a loop that renders".to_owned(),
            ))),
            Err(RenderFailure::TooLong(message)) => Err(Error::from(HostTooLong(message))),
        }
    }

    fn templates(&mut self, prefix: String) -> Result<Vec<String>, Error> {
        self.granted("rendering")?;
        Ok(self
            .templates
            .names()
            .filter(|name| name.starts_with(&prefix))
            .map(str::to_owned)
            .collect())
    }
}
