//! What a step is about in Argo CD.

use deploycenter_domain::resource::Resource;
use deploycenter_ports::{ProviderError, ProviderErrorKind};
use reqwest::Method;

use crate::client::{Ask, SYSTEM};

/// Which project or application a step is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Thing<'a> {
    Project(&'a str),
    Application { name: &'a str, project: &'a str },
}

impl<'a> Thing<'a> {
    pub(crate) fn of(resource: &'a Resource) -> Option<Self> {
        match resource {
            Resource::Project(project) => Some(Self::Project(&project.name)),
            Resource::Application(application) => Some(Self::Application {
                name: &application.name,
                project: &application.project,
            }),
            _ => None,
        }
    }

    /// A request about it; an application's always says its project, without which Argo
    /// CD answers 403 when there is no such application.
    pub(crate) fn ask(self, method: Method) -> Ask<'a> {
        match self {
            Self::Project(name) => Ask::new(method, &["projects", name]),
            Self::Application { name, project } => {
                Ask::new(method, &["applications", name]).query("project", project)
            }
        }
    }

    pub(crate) fn shown(self) -> String {
        match self {
            Self::Project(name) => format!("the Argo CD project {name}"),
            Self::Application { name, .. } => format!("the Argo CD application {name}"),
        }
    }
}

/// That a resource is another system's.
pub(crate) fn not_ours() -> ProviderError {
    ProviderError::new(
        ProviderErrorKind::Refused,
        SYSTEM,
        "Argo CD holds projects and applications; other effects belong to other systems",
    )
}
