//! Why there is no plan.

use std::fmt;

/// Why an app has no plan for a request. None is worth a retry: the same request fails
/// the same way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanError {
    /// A template failed.
    Render {
        /// The template, which may be one that the rendered one includes.
        template: String,
        /// From 1; 0 when it isn't known.
        line: u32,
        /// A sentence for the template's author.
        message: String,
    },
    /// The values or the region can't be served: a sentence for their author.
    Refused(String),
    /// The plugin is at fault: a sentence for its author.
    Internal(String),
}

impl PlanError {
    /// The values or the region can't be served.
    pub fn refused(message: impl Into<String>) -> Self {
        Self::Refused(message.into())
    }
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Render {
                template,
                line: 0,
                message,
            } => write!(f, "{template}: {message}"),
            Self::Render {
                template,
                line,
                message,
            } => write!(f, "{template}:{line}: {message}"),
            Self::Refused(message) | Self::Internal(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for PlanError {}
