//! A live object of an application, as Argo CD's cache has it.

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::client::Ask;
use crate::model::or_default;

/// By which Argo CD knows whose an object is: `app:group/Kind:namespace/name`.
const TRACKING: &str = "argocd.argoproj.io/tracking-id";
/// What is to be different for one object, separated by commas.
const OPTIONS: &str = "argocd.argoproj.io/sync-options";
/// Those that keep Argo CD from removing an object.
const PROTECTING: [&str; 2] = ["Delete=false", "Prune=false"];

/// One item of `managed-resources`, as far as we look.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Managed {
    #[serde(deserialize_with = "or_default")]
    group: String,
    #[serde(deserialize_with = "or_default")]
    kind: String,
    #[serde(deserialize_with = "or_default")]
    namespace: String,
    #[serde(deserialize_with = "or_default")]
    name: String,
    /// JSON in a text; `null` in it when there is no such object.
    #[serde(deserialize_with = "or_default")]
    live_state: String,
}

/// An object that is there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Live {
    pub(crate) group: String,
    pub(crate) kind: String,
    /// Empty: it is the cluster's.
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// The object itself; a Secret's values are masked.
    pub(crate) object: Value,
}

impl Live {
    pub(crate) fn read(item: Managed) -> Option<Self> {
        let object: Value = serde_json::from_str(&item.live_state).ok()?;
        object.is_object().then_some(Self {
            group: item.group,
            kind: item.kind,
            namespace: item.namespace,
            name: item.name,
            object,
        })
    }

    pub(crate) fn shown(&self) -> String {
        if self.namespace.is_empty() {
            format!("{} {}", self.kind, self.name)
        } else {
            format!("{} {}/{}", self.kind, self.namespace, self.name)
        }
    }

    pub(crate) fn is_deleting(&self) -> bool {
        self.object
            .pointer("/metadata/deletionTimestamp")
            .is_some_and(|it| !it.is_null())
    }

    pub(crate) fn finalizers(&self) -> Vec<&str> {
        let all = self.object.pointer("/metadata/finalizers");
        let all = all.and_then(Value::as_array).into_iter().flatten();
        all.filter_map(Value::as_str).collect()
    }

    fn annotation(&self, name: &str) -> Option<&str> {
        self.object
            .get("metadata")?
            .get("annotations")?
            .get(name)?
            .as_str()
    }

    /// How Argo CD syncs it, by its own word.
    pub(crate) fn options(&self) -> Option<&str> {
        self.annotation(OPTIONS)
    }

    /// Whether a sync doesn't prune it, by its own word.
    pub(crate) fn is_kept(&self) -> bool {
        let mut options = self.options().unwrap_or_default().split(',');
        options.any(|option| option.trim() == "Prune=false")
    }

    /// Whether its tracking id says that it is this application's, and this object's: a
    /// copy of an annotation on another object says nothing.
    pub(crate) fn is_of(&self, application: &str) -> bool {
        let Some(id) = self.annotation(TRACKING) else {
            return false;
        };
        let mut parts = id.splitn(3, ':');
        let (Some(of), Some(kind), Some(place)) = (parts.next(), parts.next(), parts.next()) else {
            return false;
        };
        let Some((namespace, name)) = place.split_once('/') else {
            return false;
        };
        of == application
            && kind == format!("{}/{}", self.group, self.kind)
            && name == self.name
            // The cluster's objects bear the namespace that the application deploys to.
            && (self.namespace.is_empty() || namespace == self.namespace)
    }

    /// The merge patch that takes off what keeps Argo CD from removing it; `None`: nothing
    /// does. Other options stay.
    pub(crate) fn unprotecting(&self) -> Option<Value> {
        let options = self.annotation(OPTIONS)?;
        let is_protecting = |option: &&str| PROTECTING.contains(&option.trim());
        if !options.split(',').any(|option| is_protecting(&option)) {
            return None;
        }
        let rest: Vec<&str> = options
            .split(',')
            .filter(|option| !is_protecting(option))
            .collect();
        let rest = if rest.is_empty() {
            Value::Null
        } else {
            json!(rest.join(","))
        };
        let mut annotations = Map::new();
        annotations.insert(OPTIONS.to_owned(), rest);
        Some(json!({ "metadata": { "annotations": annotations } }))
    }

    /// A request about this one object.
    pub(crate) fn ask<'a>(
        &'a self,
        method: Method,
        application: &'a str,
        project: &'a str,
    ) -> Ask<'a> {
        let version = self.object.get("apiVersion").and_then(Value::as_str);
        let version = version.unwrap_or_default();
        let version = version.rsplit_once('/').map_or(version, |(_, last)| last);
        Ask::new(method, &["applications", application, "resource"])
            .query("project", project)
            .query("group", &self.group)
            .query("version", version)
            .query("kind", &self.kind)
            .query("namespace", &self.namespace)
            .query("resourceName", &self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(kind: &str, namespace: &str, annotations: &Value) -> Live {
        Live {
            group: String::new(),
            kind: kind.to_owned(),
            namespace: namespace.to_owned(),
            name: "x".to_owned(),
            object: json!({ "apiVersion": "v1", "metadata": { "annotations": annotations } }),
        }
    }

    #[test]
    fn an_object_is_the_applications_only_if_its_tracking_id_says_so_to_the_letter() {
        let of = |kind: &str, namespace: &str, id: &str| {
            object(kind, namespace, &json!({ TRACKING: id })).is_of("acme--odoo--base")
        };
        for (kind, namespace, id, wanted) in [
            ("Secret", "n", "acme--odoo--base:/Secret:n/x", true),
            (
                "Namespace",
                "",
                "acme--odoo--base:/Namespace:acme--odoo/x",
                true,
            ),
            ("Namespace", "", "acme--odoo--base:/Namespace:/x", true),
            ("Secret", "n", "acme--odoo:/Secret:n/x", false),
            ("Secret", "n", "other_acme--odoo--base:/Secret:n/x", false),
            ("Secret", "n", "acme--odoo--base:/ConfigMap:n/x", false),
            ("Secret", "n", "acme--odoo--base:apps/Secret:n/x", false),
            ("Secret", "n", "acme--odoo--base:/Secret:other/x", false),
            ("Secret", "n", "acme--odoo--base:/Secret:n/y", false),
            ("Secret", "n", "acme--odoo--base", false),
            ("Secret", "n", "", false),
        ] {
            assert_eq!(of(kind, namespace, id), wanted, "{id}");
        }
        assert!(!object("Secret", "n", &Value::Null).is_of("acme--odoo--base"));
    }

    #[test]
    fn only_what_protects_is_taken_off() {
        for (options, rest) in [
            ("Delete=false,Prune=false", Some(Value::Null)),
            ("Prune=false", Some(Value::Null)),
            (
                "ServerSideApply=true, Delete=false,Replace=true",
                Some(json!("ServerSideApply=true,Replace=true")),
            ),
            ("ServerSideApply=true", None),
            ("Delete=true", None),
            ("", None),
        ] {
            let patch = object("Secret", "n", &json!({ OPTIONS: options })).unprotecting();
            let wanted =
                rest.map(|rest| json!({ "metadata": { "annotations": { OPTIONS: rest } } }));
            assert_eq!(patch, wanted, "{options}");
        }
        assert_eq!(object("Secret", "n", &Value::Null).unprotecting(), None);
    }
}
