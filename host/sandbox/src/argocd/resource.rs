//! The calls on one live object of an application: reading, patching, deleting it.

use serde_json::{Value, json};

use super::ArgoCd;
use super::admission::qualified_name;
use super::answer::{Answer, Code, Failure};
use super::json::text;
use super::manifest::Manifest;
use super::patch::{json_patch, merge};
use super::state::{Application, COMPARED_AFTER, ObjectKey, Step};
use crate::service::{Millis, Request};

/// The object that a request's query names.
struct Wanted {
    application: Application,
    key: ObjectKey,
}

impl ArgoCd {
    /// `GET /api/v1/applications/{name}/resource`: the live object, as JSON in a text.
    pub(crate) fn get_resource(&self, name: &str, request: &Request, now: Millis) -> Answer {
        let wanted = self.wanted(name, request, now)?;
        let live = self.clusters(now).live(&wanted.application, &wanted.key);
        Ok(json!({"manifest": live.unwrap_or_default().to_string()}))
    }

    /// `POST /api/v1/applications/{name}/resource`: patches the live object. The body is the
    /// patch, as JSON in a text.
    pub(crate) fn patch_resource(
        &mut self,
        name: &str,
        patch: &str,
        request: &Request,
        now: Millis,
    ) -> Answer {
        let patch_type = required(request, "patchType")?;
        let Wanted { application, key } = self.wanted(name, request, now)?;
        let failed = |reason: String| {
            Failure::new(Code::Unknown, format!("error patching resource: {reason}"))
        };
        let patch: Value = serde_json::from_str(patch)
            .map_err(|error| failed(format!("error decoding patch: {error}")))?;
        let Some(live) = self.state.live.get(&key) else {
            return Err(not_part_of(&key, name));
        };
        let mut object = live.object.clone();
        match patch_type {
            "application/json-patch+json" => json_patch(&mut object, &patch).map_err(|error| {
                failed(format!(
                    "the server rejected our request due to an error in our request: {error}"
                ))
            })?,
            "application/merge-patch+json" => merge(&mut object, patch),
            // What is a list is replaced here, where the real one knows which lists it merges.
            "application/strategic-merge-patch+json" if !is_custom(&key.group) => {
                merge(&mut object, patch);
            }
            _ => {
                return Err(failed(
                    "the body of the request was in an unknown format - accepted media types \
                     include: application/json-patch+json, application/merge-patch+json, \
                     application/apply-patch+yaml"
                        .to_owned(),
                ));
            }
        }
        // What the API server keeps to itself.
        if let Some(object) = object.as_object_mut() {
            object.remove("status");
        }
        let manifest = Manifest::new(object, &key.namespace).map_err(failed)?;
        let renamed = manifest.key(&key.server) != key;
        let reason = if renamed {
            let name = qualified_name(&manifest);
            Some(format!(
                "{name} is invalid: metadata.name: Invalid value: field is immutable"
            ))
        } else {
            let rejected = self.rejection(&application, &manifest);
            rejected.or_else(|| self.objection(&manifest, &key, now))
        };
        if let Some(reason) = reason {
            return Err(failed(reason));
        }
        let owner = Application {
            name: self.state.live[&key].application.clone(),
            ..application.clone()
        };
        self.put_live(key.clone(), &manifest, &owner, now);
        self.noticed(name, now);
        let live = self.clusters(now).live(&application, &key);
        Ok(json!({"manifest": live.unwrap_or_default().to_string()}))
    }

    /// `DELETE /api/v1/applications/{name}/resource`. `force` and `orphan` say how its
    /// dependents go, which are only imagined here. What automated sync wants back comes back.
    pub(crate) fn delete_resource(&mut self, name: &str, request: &Request, now: Millis) -> Answer {
        let Wanted { key, .. } = self.wanted(name, request, now)?;
        self.remove_live(&key, now);
        self.noticed(name, now);
        Ok(json!({}))
    }

    /// The controller watches what it manages.
    fn noticed(&mut self, name: &str, now: Millis) {
        self.state.bump();
        if let Some(application) = self.state.applications.get_mut(name) {
            application.schedule(now + COMPARED_AFTER, Step::Compare);
        }
    }

    fn wanted(&self, name: &str, request: &Request, now: Millis) -> Result<Wanted, Failure> {
        let resource_name = required(request, "resourceName")?;
        required(request, "version")?;
        let kind = required(request, "kind")?;
        self.find(name, request)?;
        let given = |name: &str| request.query(name).unwrap_or_default();
        let application = self
            .state
            .applications
            .get(name)
            .ok_or_else(Failure::denied)?;
        let key = ObjectKey {
            server: super::spec::server(&application.spec).to_owned(),
            group: given("group").to_owned(),
            kind: kind.to_owned(),
            namespace: given("namespace").to_owned(),
            name: resource_name.to_owned(),
        };
        let tree = self.resource_tree(name, request, now)?;
        let listed = tree["nodes"].as_array().is_some_and(|nodes| {
            nodes.iter().any(|node| {
                text(node, "/group") == key.group
                    && text(node, "/kind") == key.kind
                    && text(node, "/namespace") == key.namespace
                    && text(node, "/name") == key.name
            })
        });
        if listed {
            Ok(Wanted {
                application: application.clone(),
                key,
            })
        } else {
            Err(not_part_of(&key, name))
        }
    }
}

fn not_part_of(key: &ObjectKey, application: &str) -> Failure {
    let ObjectKey {
        kind, group, name, ..
    } = key;
    Failure::invalid(format!(
        "{kind} {group} {name} not found as part of application {application}"
    ))
}

/// A query parameter that the protocol requires.
fn required<'a>(request: &'a Request, name: &str) -> Result<&'a str, Failure> {
    request
        .query(name)
        .ok_or_else(|| Failure::field_missing(name))
}

/// Whether a group's kinds are defined by custom resource definitions.
fn is_custom(group: &str) -> bool {
    group.contains('.') && !group.ends_with(".k8s.io")
}
