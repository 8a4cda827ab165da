//! `deploycenter:argocd/argocd`: the two applications of a target.

use deploycenter_domain::declaration::ApplicationRole;
use deploycenter_domain::effect::EffectKind;
use deploycenter_domain::token;
use serde_json::Value;
use wasmtime::Error;

use crate::bindings::app::deploycenter::argocd::argocd;
use crate::limits;
use crate::state::{State, effect, shown};

impl argocd::Host for State {
    fn ensure_application(
        &mut self,
        role: argocd::ApplicationRole,
        manifest: String,
    ) -> Result<Result<String, String>, Error> {
        self.declare("argocd")?;
        let role = match role {
            argocd::ApplicationRole::Base => ApplicationRole::Base,
            argocd::ApplicationRole::Workload => ApplicationRole::Workload,
        };
        Ok(self.application(role, &manifest))
    }
}

impl State {
    fn application(&mut self, role: ApplicationRole, text: &str) -> Result<String, String> {
        let what = role.as_str();
        if text.len() > limits::TEXT {
            return Err(format!(
                "the manifest of the {what} application has more than {} KiB",
                limits::TEXT >> 10
            ));
        }
        let manifest: Value = serde_json::from_str(text).map_err(|error| {
            format!("the manifest of the {what} application is no JSON: {error}")
        })?;
        // Over the parsed value: an escape such as \ufffe would hide in the text.
        if !token::is_plain(text) || !token::is_plain(&strings(&manifest)) {
            return Err(format!(
                "the manifest of the {what} application holds a value that is known only after apply; such values go into files"
            ));
        }
        self.check_own(role, &manifest)?;
        let id = effect(EffectKind::Application, what)?;
        match self.declaration.applications.get(&role) {
            Some(same) if *same == manifest => {}
            Some(_) => {
                return Err(format!(
                    "the {what} application is declared twice, with different contents"
                ));
            }
            None => {
                self.declaration.applications.insert(role, manifest);
            }
        }
        Ok(id.into())
    }

    /// An application reads the target's folder and deploys to its namespace. Argo CD's
    /// projects enforce that too, but not between the instances of one customer, and not
    /// for bases, which share the platform's project.
    fn check_own(&self, role: ApplicationRole, manifest: &Value) -> Result<(), String> {
        let (name, project, folder) = match role {
            ApplicationRole::Base => (
                "/names/baseApplication",
                "/names/baseProject",
                "dependencies",
            ),
            ApplicationRole::Workload => ("/names/application", "/names/project", "chart"),
        };
        let context = |pointer: &str| {
            self.request
                .context
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let path = format!("{}/{folder}", context("/repository/folder"));
        for (pointer, wanted) in [
            ("/metadata/name", context(name)),
            ("/spec/project", context(project)),
            (
                "/spec/destination/server",
                context("/region/cluster/server"),
            ),
            ("/spec/destination/namespace", context("/names/namespace")),
            ("/spec/source/repoURL", context("/repository/url")),
            ("/spec/source/targetRevision", context("/repository/branch")),
            ("/spec/source/path", path.as_str()),
        ] {
            let found = manifest
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default();
            if found != wanted {
                let field = pointer.trim_start_matches('/').replace('/', ".");
                return Err(format!(
                    "the {} application has \"{}\" as {field}; only \"{wanted}\" is allowed there",
                    role.as_str(),
                    shown(found)
                ));
            }
        }
        if manifest.pointer("/spec/sources").is_some() {
            return Err(format!(
                "the {} application has several sources; it may have one",
                role.as_str()
            ));
        }
        Ok(())
    }
}

/// All keys and strings of a value, a line each.
fn strings(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{text}\n"),
        Value::Array(items) => items.iter().map(strings).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| format!("{key}\n{}", strings(value)))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => String::new(),
    }
}
