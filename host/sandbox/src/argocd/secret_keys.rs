//! What pods wait for before they start: the keys of secrets that they name. External Secrets
//! makes those, and so not before it has seen a change of its object.

use serde_json::Value;

use super::health::{Clusters, Pods, has_pods};
use super::json::{list, text};
use super::state::{Application, LiveObject, ObjectKey};
use crate::service::Millis;

const GROUP: &str = "external-secrets.io";
const KIND: &str = "ExternalSecret";

impl Clusters<'_> {
    /// Since when every key is there that an object's pods name of secrets which an external
    /// secret makes; `None` while one isn't. Secrets that others make are always there.
    pub(crate) fn secrets_there(
        &self,
        application: &Application,
        key: &ObjectKey,
        live: &LiveObject,
    ) -> Option<Millis> {
        if !has_pods(&key.group, &key.kind) {
            return Some(0);
        }
        let containers = list(&live.object, "/spec/template/spec/containers");
        let named = containers
            .iter()
            .flat_map(|container| list(container, "/env"));
        let mut since = 0;
        for variable in named {
            let secret = text(variable, "/valueFrom/secretKeyRef/name");
            let wanted = text(variable, "/valueFrom/secretKeyRef/key");
            let first = ObjectKey {
                group: GROUP.to_owned(),
                kind: KIND.to_owned(),
                name: String::new(),
                ..key.clone()
            };
            let mut makers = self.state.live.range(first..).take_while(|(maker, _)| {
                maker.server == key.server && maker.kind == KIND && maker.namespace == key.namespace
            });
            let maker = makers.find(|(_, live)| text(&live.object, "/spec/target/name") == secret);
            if let Some((maker, external)) = maker {
                since = since.max(self.made(application, maker, external, wanted)?);
            }
        }
        Some(since)
    }

    /// Since when an external secret's secret has a key; 0 for one that it had before the last
    /// change, `None` where it hasn't.
    fn made(
        &self,
        application: &Application,
        key: &ObjectKey,
        live: &LiveObject,
        wanted: &str,
    ) -> Option<Millis> {
        let had = live
            .before
            .as_ref()
            .is_some_and(|before| before.keys.iter().any(|key| key == wanted));
        match self.operated(application, key, live) {
            Pods::Ready(at) => {
                asked(live)
                    .any(|key| key == wanted)
                    .then_some(if had { 0 } else { at })
            }
            _ => had.then_some(0),
        }
    }

    /// The keys that an external secret's secret has now; none for another kind.
    pub(crate) fn made_keys(
        &self,
        application: &Application,
        key: &ObjectKey,
        live: &LiveObject,
    ) -> Vec<String> {
        if key.kind != KIND {
            return Vec::new();
        }
        match self.operated(application, key, live) {
            Pods::Ready(_) => asked(live).map(str::to_owned).collect(),
            _ => live
                .before
                .as_ref()
                .map(|before| before.keys.clone())
                .unwrap_or_default(),
        }
    }

    /// How an external secret does, by the habits of its own application: `asking` may be
    /// the workload's.
    fn operated(&self, asking: &Application, key: &ObjectKey, live: &LiveObject) -> Pods<'_> {
        let own = self.state.applications.get(&live.application);
        self.pods(own.unwrap_or(asking), key, live)
    }
}

/// The keys that an external secret asks for.
fn asked(live: &LiveObject) -> impl Iterator<Item = &str> {
    let data: &[Value] = list(&live.object, "/spec/data");
    data.iter().map(|entry| text(entry, "/secretKey"))
}
