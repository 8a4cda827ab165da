//! Templates.

use serde_json::Value;

use crate::PlanError;
use crate::bindings::deploycenter::rendering::rendering as host;

/// Renders a template with the keys of an object as its variables, and nothing else;
/// [`Request::render`](crate::Request::render) brings values and context.
///
/// # Errors
/// When the template, or one that it includes, fails.
pub fn render(template: &str, variables: &Value) -> Result<String, PlanError> {
    host::render(template, &variables.to_string()).map_err(|error| PlanError::Render {
        template: error.template,
        line: error.line,
        message: error.message,
    })
}

/// The names of all templates that begin with a prefix, sorted.
#[must_use]
pub fn templates(prefix: &str) -> Vec<String> {
    host::templates(prefix)
}
