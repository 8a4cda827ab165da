//! What a Helm chart gives here. There is no Helm in the stand-in: chart and values must exist
//! and parse, and the objects are the usual four, made from the values.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::json::{digest, text};
use super::manifest::Manifest;

/// A chart's files and the values for it, read from git.
pub(crate) struct Chart<'a> {
    pub(crate) application: &'a str,
    pub(crate) namespace: &'a str,
    /// `Chart.yaml`, parsed.
    pub(crate) about: Value,
    /// The merged values.
    pub(crate) values: Value,
    /// The templates, by path below `templates/`.
    pub(crate) templates: Vec<(String, String)>,
}

/// A kind that a template names, which the project may forbid.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TemplateKind {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
}

impl Chart<'_> {
    /// Makes the chart's objects: Deployment, Service, ConfigMap and Ingress, named after the
    /// application.
    ///
    /// # Errors
    /// A template whose `{{` and `}}` don't pair, in Helm's words.
    pub(crate) fn manifests(&self) -> Result<Vec<Manifest>, String> {
        self.check_templates()?;
        let name = self.application;
        let values = &self.values;
        let labels = json!({
            "app.kubernetes.io/instance": name,
            "app.kubernetes.io/name": text(&self.about, "/name"),
            "helm.sh/chart": format!("{}-{}", text(&self.about, "/name"), text(&self.about, "/version")),
        });
        let selector = json!({"app.kubernetes.io/instance": name});
        let metadata = json!({"name": name, "namespace": self.namespace, "labels": labels});
        let templates: String = self
            .templates
            .iter()
            .map(|(_, content)| content.as_str())
            .collect();
        let host = ["/ingress/host", "/domain"]
            .iter()
            .find_map(|at| values.pointer(at)?.as_str())
            .unwrap_or_default();
        let mut objects = [
            json!({
                "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata,
                "data": {"values": digest(&values.to_string())},
            }),
            json!({
                "apiVersion": "v1", "kind": "Service", "metadata": metadata,
                "spec": {"selector": selector, "ports": [{"name": "http", "port": 80}]},
            }),
            json!({
                "apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata,
                "spec": {
                    "selector": {"matchLabels": selector},
                    "template": {
                        "metadata": {
                            "labels": selector,
                            "annotations": {
                                "checksum/values": digest(&self.pod_values().to_string()),
                                "checksum/templates": digest(&templates),
                            },
                        },
                        "spec": {"containers": [{
                            "name": "app", "image": self.image(), "env": self.secrets(),
                        }]},
                    },
                },
            }),
            json!({
                "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata,
                "spec": {"rules": [{"host": host}]},
            }),
        ];
        if let Some(replicas) = self.replicas() {
            objects[2]["spec"]["replicas"] = replicas.into();
        }
        objects
            .into_iter()
            .map(|object| Manifest::new(object, self.namespace))
            .collect()
    }

    /// Every kind that the templates name. Conditions around them aren't evaluated.
    pub(crate) fn template_kinds(&self) -> BTreeSet<TemplateKind> {
        self.templates
            .iter()
            .flat_map(|(_, content)| content.split("\n---"))
            .filter_map(|document| {
                let field = |name: &str| {
                    document
                        .lines()
                        .find_map(|line| line.strip_prefix(name))
                        .map(|value| value.trim().trim_matches('"').to_owned())
                        .filter(|value| !value.is_empty() && !value.contains("{{"))
                };
                let kind = field("kind:")?;
                let api_version =
                    field("apiVersion:").unwrap_or_else(|| usual_version(&kind).to_owned());
                let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
                Some(TemplateKind {
                    group: group.to_owned(),
                    version: version.to_owned(),
                    kind,
                })
            })
            .collect()
    }

    fn check_templates(&self) -> Result<(), String> {
        for (path, content) in &self.templates {
            let mut open = None;
            for (index, line) in content.lines().enumerate() {
                let mut rest = line;
                while let Some(at) = rest.find(if open.is_some() { "}}" } else { "{{" }) {
                    open = if open.is_some() {
                        None
                    } else {
                        Some(index + 1)
                    };
                    rest = &rest[at + 2..];
                }
            }
            if let Some(line) = open {
                return Err(helm_failure(
                    self.application,
                    self.namespace,
                    &format!(
                        "parse error at ({}/templates/{path}:{line}): unclosed action",
                        text(&self.about, "/name")
                    ),
                ));
            }
        }
        Ok(())
    }

    /// None where the chart leaves it to an autoscaler: its line stands under a condition,
    /// as `if not .Values.autoscaling.enabled`, and the values switch one on.
    fn replicas(&self) -> Option<u64> {
        let scaled = self.values.pointer("/autoscaling/enabled") == Some(&Value::Bool(true));
        if scaled && self.templates.iter().any(|(_, text)| has_condition(text)) {
            return None;
        }
        let said = ["/replicas", "/replicaCount"]
            .iter()
            .find_map(|at| self.values.pointer(at)?.as_u64());
        Some(said.unwrap_or(1))
    }

    /// The values that pods are made of: all but those that only the ConfigMap or the Ingress show.
    fn pod_values(&self) -> Value {
        let mut values = self.values.clone();
        if let Some(map) = values.as_object_mut() {
            for key in [
                "aliases",
                "config",
                "domain",
                "ingress",
                "replicas",
                "replicaCount",
            ] {
                map.remove(key);
            }
        }
        values
    }

    /// The keys of secrets that the values name under `secretKeys`, as the pods read them.
    fn secrets(&self) -> Vec<Value> {
        let keys = self.values.get("secretKeys").and_then(Value::as_object);
        let named = keys.into_iter().flatten();
        named
            .map(|(secret, key)| {
                json!({"name": secret.to_uppercase(), "valueFrom": {"secretKeyRef": {
                    "name": format!("{}-{secret}", text(&self.about, "/name")), "key": key,
                }}})
            })
            .collect()
    }

    fn image(&self) -> String {
        match self.values.get("image") {
            Some(Value::String(image)) => image.clone(),
            Some(image @ Value::Object(_)) => {
                let mut name = text(image, "/repository").to_owned();
                if let registry @ [_, ..] = text(image, "/registry").as_bytes() {
                    name = format!("{}/{name}", String::from_utf8_lossy(registry));
                }
                match image.get("tag") {
                    Some(Value::String(tag)) if !tag.is_empty() => name = format!("{name}:{tag}"),
                    Some(Value::Number(tag)) => name = format!("{name}:{tag}"),
                    _ => {}
                }
                match text(image, "/digest") {
                    "" => name,
                    digest => format!("{name}@{digest}"),
                }
            }
            _ => format!(
                "{}:{}",
                text(&self.about, "/name"),
                self.about.get("appVersion").map_or_else(
                    || "0".to_owned(),
                    |version| version
                        .as_str()
                        .map_or_else(|| version.to_string(), str::to_owned)
                )
            ),
        }
    }
}

/// Whether a Deployment's `replicas:` follows an `if`.
fn has_condition(template: &str) -> bool {
    template
        .split("\n---")
        .filter(|document| document.lines().any(|line| line == "kind: Deployment"))
        .any(|document| {
            let lines: Vec<&str> = document.lines().map(str::trim_start).collect();
            lines
                .windows(2)
                .any(|pair| pair[0].starts_with("{{- if") && pair[1].starts_with("replicas:"))
        })
}

/// A failed Helm run as Argo CD reports it: the command line and what came on standard error.
pub(crate) fn helm_failure(application: &str, namespace: &str, stderr: &str) -> String {
    format!(
        "failed to execute helm template command: failed to get command args to log: `helm \
         template . --name-template {application} --namespace {namespace} --kube-version 1.34 \
         <api versions removed> --include-crds` failed exit status 1: Error: {stderr}"
    )
}

/// Merges values as Helm does: maps by key, all else replaced; null removes.
pub(crate) fn merge_values(base: &mut Value, over: Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                if value.is_null() {
                    base.remove(&key);
                } else {
                    merge_values(base.entry(key).or_insert(Value::Null), value);
                }
            }
        }
        (base, over) => *base = over,
    }
}

/// Sets one of `helm.parameters` (`a.b.c`).
pub(crate) fn set_parameter(values: &mut Value, name: &str, value: &str) {
    let wanted = name.rsplit('.').fold(Value::from(value), |inner, key| {
        Value::Object(Map::from_iter([(key.to_owned(), inner)]))
    });
    merge_values(values, wanted);
}

fn usual_version(kind: &str) -> &'static str {
    match kind {
        "NetworkPolicy" | "Ingress" => "networking.k8s.io/v1",
        "Role" | "RoleBinding" | "ClusterRole" | "ClusterRoleBinding" => {
            "rbac.authorization.k8s.io/v1"
        }
        "Deployment" | "StatefulSet" | "DaemonSet" => "apps/v1",
        "Job" | "CronJob" => "batch/v1",
        "HorizontalPodAutoscaler" => "autoscaling/v2",
        "PodDisruptionBudget" => "policy/v1",
        "StorageClass" => "storage.k8s.io/v1",
        _ => "v1",
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn chart(values: Value, template: &str) -> Chart<'static> {
        Chart {
            application: "acme--odoo",
            namespace: "acme--odoo",
            about: json!({"name": "odoo", "version": "1.0.0", "appVersion": "18.0"}),
            values,
            templates: vec![("all.yaml".to_owned(), template.to_owned())],
        }
    }

    #[test]
    fn the_image_comes_from_the_values() {
        for (values, wanted) in [
            (json!({"image": "odoo:18.1"}), "odoo:18.1"),
            (
                json!({"image": {"repository": "r/odoo", "tag": "18"}}),
                "r/odoo:18",
            ),
            (
                json!({"image": {"registry": "reg.example", "repository": "odoo", "digest": "sha256:aa"}}),
                "reg.example/odoo@sha256:aa",
            ),
            (json!({}), "odoo:18.0"),
        ] {
            assert_eq!(chart(values, "").image(), wanted);
        }
    }

    #[test]
    fn a_domain_changes_no_pods_but_an_image_does() {
        let deployment = |values: Value| chart(values, "").manifests().unwrap()[2].object.clone();
        let before = deployment(json!({"domain": "a.example", "image": "odoo:1"}));
        assert_eq!(
            before,
            deployment(json!({"domain": "b.example", "image": "odoo:1"}))
        );
        assert_ne!(
            before,
            deployment(json!({"domain": "a.example", "image": "odoo:2"}))
        );
    }

    #[test]
    fn an_unclosed_action_is_an_error_with_its_line() {
        let error = chart(
            json!({}),
            "kind: Service\nx: {{ .Values.a }}\ny: {{ .Values.b\n",
        )
        .manifests();
        assert!(
            error
                .unwrap_err()
                .contains("(odoo/templates/all.yaml:3): unclosed action")
        );
    }

    #[test]
    fn kinds_are_read_from_templates() {
        let kinds = chart(
            json!({}),
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n---\nkind: ResourceQuota\n---\nkind: {{ .Values.k }}\n",
        )
        .template_kinds();
        let found: Vec<_> = kinds
            .iter()
            .map(|k| (k.group.as_str(), k.kind.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                ("", "ResourceQuota"),
                ("networking.k8s.io", "NetworkPolicy")
            ]
        );
    }

    #[test]
    fn values_merge_deeply() {
        let mut values = json!({"a": {"b": 1, "c": 2}, "d": 3});
        merge_values(&mut values, json!({"a": {"c": 4}, "d": null}));
        set_parameter(&mut values, "a.e", "5");
        assert_eq!(values, json!({"a": {"b": 1, "c": 4, "e": "5"}}));
    }
}
