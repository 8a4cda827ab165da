//! Templates.

use serde_json::Value;

use crate::PlanError;
use crate::host::call;

/// Renders a template with the keys of an object as its variables, and nothing else;
/// [`Request::render`](crate::Request::render) brings values and context.
///
/// # Errors
/// When the template, or one that it includes, fails.
pub fn render(template: &str, variables: &Value) -> Result<String, PlanError> {
    render_text(template, &variables.to_string())
}

/// The same with variables that are JSON already: several templates see the same ones.
pub(crate) fn render_text(template: &str, variables: &str) -> Result<String, PlanError> {
    call(|host| host.render(template, variables))
}

/// The names of all templates that begin with a prefix, sorted.
#[must_use]
pub fn templates(prefix: &str) -> Vec<String> {
    call(|host| host.templates(prefix))
}
