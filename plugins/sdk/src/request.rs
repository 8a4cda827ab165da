//! What an app is asked, and what it may find wrong with it.

use serde_json::{Map, Value};

use crate::{Context, PlanError, rendering};

/// What an app is asked to plan or to validate.
#[derive(Debug, Clone)]
pub struct Request<V> {
    /// `<customer>/<instance>`.
    pub target: String,
    /// The merged values.
    pub values: V,
    /// The merged values as they stand, for templates.
    pub raw_values: Value,
    /// Customer, place and names.
    pub context: Context,
    /// The context as it came, for templates.
    pub raw_context: Map<String, Value>,
}

impl<V> Request<V> {
    /// Renders a template. It sees the context's keys, `values`, and the keys of the
    /// object `extra`; a later one wins.
    ///
    /// # Errors
    /// When the template fails, or `extra` is neither an object nor null.
    pub fn render(&self, template: &str, extra: &Value) -> Result<String, PlanError> {
        let mut variables = self.raw_context.clone();
        variables.insert("values".to_owned(), self.raw_values.clone());
        match extra {
            Value::Null => {}
            Value::Object(more) => variables.extend(more.clone()),
            _ => {
                return Err(PlanError::Internal(format!(
                    "the extra variables for {template} are no object"
                )));
            }
        }
        rendering::render(template, &Value::Object(variables))
    }

    /// The storage class of that name, or the region's default for an empty one.
    ///
    /// # Errors
    /// When none is named and the region has no default. Whether the region has the
    /// named one is for the host to say.
    pub fn storage_class<'a>(&'a self, name: &'a str) -> Result<&'a str, PlanError> {
        if !name.is_empty() {
            return Ok(name);
        }
        self.context.region.default_storage_class.as_deref().ok_or_else(|| {
            PlanError::Refused(format!(
                "the region {} has no default storage class; name one in the values, or mark one with `default: true` in regions.yaml",
                self.context.region.name
            ))
        })
    }
}

/// A value that the app doesn't take although its schema does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Where in the values: a JSON pointer such as `/autoscaling/minReplicas`.
    pub pointer: String,
    /// A short stable code such as `replicas-need-shared-storage`.
    pub code: String,
    /// What is wrong, for the person who wrote the value.
    pub message: String,
}

impl Violation {
    /// A violation at a JSON pointer into the values.
    pub fn new(
        pointer: impl Into<String>,
        code: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            pointer: pointer.into(),
            code: code.into(),
            message: message.into(),
        }
    }
}
