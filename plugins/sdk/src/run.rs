//! Between the bindings and an [`App`].

use std::marker::PhantomData;
use std::sync::Once;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::bindings::exports::deploycenter::plugin::{planning, validation};
use crate::{App, PlanError, Request, Violation};

/// What [`register!`](crate::register) exports for an app.
#[derive(Debug)]
pub struct Component<A>(PhantomData<A>);

impl<A: App> planning::Guest for Component<A> {
    fn plan(request: planning::Request) -> Result<(), planning::PlanError> {
        log_panics();
        let planned = read(&request.target, &request.values, &request.context)
            .map_err(PlanError::Refused)
            .and_then(|request| A::plan(&request));
        planned.map_err(|error| match error {
            PlanError::Render {
                template,
                line,
                message,
            } => planning::PlanError::Render(
                crate::bindings::deploycenter::plugin::contract::TemplateError {
                    template,
                    line,
                    message,
                },
            ),
            PlanError::Refused(message) => planning::PlanError::Refused(message),
            PlanError::Internal(message) => planning::PlanError::Internal(message),
        })
    }
}

impl<A: App> validation::Guest for Component<A> {
    fn validate(request: validation::Request) -> Vec<validation::Violation> {
        log_panics();
        let found = match read(&request.target, &request.values, &request.context) {
            Ok(request) => A::validate(&request),
            Err(message) => vec![Violation::new("", "unreadable", message)],
        };
        found
            .into_iter()
            .map(
                |Violation {
                     pointer,
                     code,
                     message,
                 }| validation::Violation {
                    pointer,
                    code,
                    message,
                },
            )
            .collect()
    }
}

/// A guest has no standard error: without this, a panic would be a trap with no message.
/// It is why every plugin made with the SDK asks for the grant `log`.
fn log_panics() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        std::panic::set_hook(Box::new(|panic| crate::log::error(&panic.to_string())))
    });
}

fn read<V: DeserializeOwned>(
    target: &str,
    values: &str,
    context: &str,
) -> Result<Request<V>, String> {
    let raw_values: Value =
        serde_json::from_str(values).map_err(|error| format!("the values are no JSON: {error}"))?;
    let raw_context: Value = serde_json::from_str(context)
        .map_err(|error| format!("the context is no JSON: {error}"))?;
    Ok(Request {
        target: target.to_owned(),
        values: V::deserialize(&raw_values).map_err(|error| {
            format!("the values don't have the shape that the plugin reads: {error}")
        })?,
        context: serde::Deserialize::deserialize(&raw_context).map_err(|error| {
            format!("the context doesn't have the shape that the plugin reads: {error}")
        })?,
        raw_context: match raw_context {
            Value::Object(map) => map,
            _ => return Err("the context is no object".to_owned()),
        },
        raw_values,
    })
}
