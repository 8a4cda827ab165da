//! Network policies: nothing passes but names, and what was declared by its purpose.
//!
//! The app's pods are those with the label `app.kubernetes.io/name: <app>`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::TargetPlace;
use crate::declaration::{Openings, Port};

/// Every address.
pub(super) const ANYWHERE: &str = "0.0.0.0/0";
/// Where clusters keep what isn't everyone's; the web is what lies outside.
pub(super) const PRIVATE: [&str; 5] = [
    "10.0.0.0/8",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
];
/// Where a node's metadata service answers, with the node's credentials.
const LINK_LOCAL: &str = "169.254.0.0/16";
/// The address of node-local DNS caches, where a cluster has them.
const DNS_CACHE: &str = "169.254.20.10/32";

const HTTPS: u16 = 443;
/// At which the Kubernetes API is reached, whose address no policy can name.
const KUBERNETES: [u16; 2] = [HTTPS, 6443];
const POSTGRES: u16 = 5432;
const POSTGRES_STATUS: u16 = 8000;
const POSTGRES_METRICS: u16 = 9187;
const MARIADB: u16 = 3306;
/// Of the helpers that follow each other where there are several instances.
const MARIADB_HELPERS: [u16; 2] = [5555, 5566];
const REDIS: u16 = 6379;
/// Of the pods that cert-manager makes to answer a challenge by HTTP.
const CHALLENGE: u16 = 8089;

/// All policies of a target, the denial first.
///
/// # Errors
/// When the app's own name is that of something beside it.
pub(super) fn policies(place: TargetPlace<'_>, openings: &Openings) -> Result<Vec<Value>, String> {
    let network = Network { place, openings };
    let named = [
        vec![network.deny(), network.dns()],
        network.app(),
        network.challenge(),
        network.postgres(),
        network.mariadb(),
        network.redis(),
    ]
    .concat();
    let mut names = BTreeSet::new();
    if let Some((name, _)) = named.iter().find(|(name, _)| !names.insert(name.clone())) {
        return Err(format!(
            "two network policies would be named {name}; an app can't have the name of what runs beside it, \"{}\"",
            place.names.app()
        ));
    }
    Ok(named
        .into_iter()
        .map(|(name, spec)| {
            place.object(
                "networking.k8s.io/v1",
                "NetworkPolicy",
                &name,
                json!({ "spec": spec }),
            )
        })
        .collect())
}

struct Network<'a> {
    place: TargetPlace<'a>,
    openings: &'a Openings,
}

/// A policy's name and its spec.
type Named = (String, Value);

impl Network<'_> {
    fn app_name(&self) -> &str {
        self.place.names.app().as_str()
    }

    /// The app's pods.
    fn own(&self) -> Value {
        labelled("app.kubernetes.io/name", self.app_name())
    }

    fn deny(&self) -> Named {
        let spec = json!({ "podSelector": {}, "policyTypes": ["Ingress", "Egress"] });
        ("default-deny".to_owned(), spec)
    }

    fn dns(&self) -> Named {
        let resolver = json!({
            "namespaceSelector": labelled("kubernetes.io/metadata.name", "kube-system"),
            "podSelector": labelled("k8s-app", "kube-dns"),
        });
        let spec = json!({
            "podSelector": {},
            "policyTypes": ["Egress"],
            "egress": [{
                "to": [resolver, { "ipBlock": { "cidr": DNS_CACHE } }],
                "ports": [{ "port": 53, "protocol": "UDP" }, { "port": 53, "protocol": "TCP" }],
            }],
        });
        ("allow-dns".to_owned(), spec)
    }

    /// Who reaches the app's pods, and whom these reach; none where nothing is declared.
    fn app(&self) -> Vec<Named> {
        let Openings {
            http,
            peers,
            metrics,
            public,
            smtp,
            web,
            postgres,
            mariadb: _,
            redis: _,
        } = self.openings;
        let namespaces = &self.place.region.cluster.namespaces;
        let (own, mut ingress, mut egress) = (self.own(), Vec::new(), Vec::new());
        let pods = json!({ "podSelector": own });
        let peers: Vec<Value> = peers.iter().map(port).collect();
        if let Some(http) = http {
            let ports: Vec<Value> = [http.port].iter().chain(&http.more).map(tcp).collect();
            ingress.push(json!({ "from": [namespace(&namespaces.ingress), pods], "ports": ports }));
        }
        if !peers.is_empty() {
            ingress.push(json!({ "from": [pods], "ports": peers }));
        }
        if let Some(metrics) = metrics {
            let from = namespace(&namespaces.monitoring);
            ingress.push(json!({ "from": [from], "ports": [tcp(metrics)] }));
        }
        if !public.is_empty() {
            let ports: Vec<Value> = public.iter().map(port).collect();
            ingress.push(json!({ "ports": ports }));
        }
        let among: Vec<Value> = http
            .iter()
            .map(|http| tcp(&http.port))
            .chain(peers)
            .collect();
        if !among.is_empty() {
            egress.push(json!({ "to": [pods], "ports": among }));
        }
        if *postgres {
            let cluster = labelled("cnpg.io/cluster", "postgres");
            egress.push(json!({ "to": [{ "podSelector": cluster }], "ports": [tcp(&POSTGRES)] }));
        }
        if let Some(smtp) = smtp {
            // A relay may be in the own network.
            egress.push(json!({ "to": [anywhere(&[LINK_LOCAL])], "ports": [tcp(smtp)] }));
        }
        if *web {
            egress.push(json!({ "to": [anywhere(&PRIVATE)], "ports": [tcp(&HTTPS)] }));
        }
        if ingress.is_empty() && egress.is_empty() {
            return Vec::new();
        }
        let spec = json!({
            "podSelector": own,
            "policyTypes": ["Ingress", "Egress"],
            "ingress": ingress,
            "egress": egress,
        });
        vec![(format!("allow-{}", self.app_name()), spec)]
    }

    /// Who is reached by the ingress has a certificate, and so challenges to answer.
    fn challenge(&self) -> Vec<Named> {
        if self.openings.http.is_none() {
            return Vec::new();
        }
        let from = namespace(&self.place.region.cluster.namespaces.ingress);
        let spec = json!({
            "podSelector": labelled("acme.cert-manager.io/http01-solver", "true"),
            "policyTypes": ["Ingress"],
            "ingress": [{ "from": [from], "ports": [tcp(&CHALLENGE)] }],
        });
        vec![("allow-certificate-challenge".to_owned(), spec)]
    }

    /// CloudNativePG: its operator reaches each instance at its status port and the
    /// database; each instance reports to the Kubernetes API.
    fn postgres(&self) -> Vec<Named> {
        if !self.openings.postgres {
            return Vec::new();
        }
        let namespaces = &self.place.region.cluster.namespaces;
        let cluster = labelled("cnpg.io/cluster", "postgres");
        let pods = json!({ "podSelector": cluster });
        let mut operator = namespace(&namespaces.postgres_operator);
        operator["podSelector"] = labelled("app.kubernetes.io/name", "cloudnative-pg");
        let among: Vec<Value> = [POSTGRES, POSTGRES_STATUS].iter().map(tcp).collect();
        let spec = json!({
            "podSelector": cluster,
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [
                { "from": [{ "podSelector": self.own() }], "ports": [tcp(&POSTGRES)] },
                { "from": [operator, pods], "ports": among },
                { "from": [namespace(&namespaces.monitoring)], "ports": [tcp(&POSTGRES_METRICS)] },
            ],
            "egress": [{ "to": [pods], "ports": among }, kubernetes()],
        });
        vec![("allow-postgres".to_owned(), spec)]
    }

    /// mariadb-operator signs in at each instance; where there are several, also at their
    /// helpers; instances follow each other, and their helpers ask the Kubernetes API.
    fn mariadb(&self) -> Vec<Named> {
        let Some(instances) = self.openings.mariadb else {
            return Vec::new();
        };
        let server = labelled("app.kubernetes.io/name", "mariadb");
        let pods = json!({ "podSelector": server });
        let namespaces = &self.place.region.cluster.namespaces;
        let mut operator = namespace(&namespaces.mariadb_operator);
        operator["podSelector"] = labelled("app.kubernetes.io/name", "mariadb-operator");
        let (mut from, mut ports, mut egress) = (vec![operator], vec![tcp(&MARIADB)], Vec::new());
        if instances > 1 {
            from.push(pods.clone());
            ports.extend(MARIADB_HELPERS.iter().map(tcp));
            egress = vec![json!({ "to": [pods], "ports": ports }), kubernetes()];
        }
        let spec = json!({
            "podSelector": server,
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [
                { "from": [{ "podSelector": self.own() }], "ports": [tcp(&MARIADB)] },
                { "from": from, "ports": ports },
            ],
            "egress": egress,
        });
        vec![
            self.to("mariadb", MARIADB),
            ("allow-mariadb".to_owned(), spec),
        ]
    }

    fn redis(&self) -> Vec<Named> {
        if !self.openings.redis {
            return Vec::new();
        }
        let spec = json!({
            "podSelector": labelled("app.kubernetes.io/name", "redis"),
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{ "from": [{ "podSelector": self.own() }], "ports": [tcp(&REDIS)] }],
            "egress": [],
        });
        vec![self.to("redis", REDIS), ("allow-redis".to_owned(), spec)]
    }

    /// The app's pods reach what runs beside them.
    fn to(&self, server: &str, port: u16) -> Named {
        let to = json!({ "podSelector": labelled("app.kubernetes.io/name", server) });
        let spec = json!({
            "podSelector": self.own(),
            "policyTypes": ["Egress"],
            "egress": [{ "to": [to], "ports": [tcp(&port)] }],
        });
        (format!("allow-{}-to-{server}", self.app_name()), spec)
    }
}

fn labelled(key: &str, value: &str) -> Value {
    json!({ "matchLabels": { key: value } })
}

fn namespace(name: &str) -> Value {
    json!({ "namespaceSelector": labelled("kubernetes.io/metadata.name", name) })
}

/// Any address but these.
fn anywhere(except: &[&str]) -> Value {
    json!({ "ipBlock": { "cidr": ANYWHERE, "except": except } })
}

fn kubernetes() -> Value {
    let ports: Vec<Value> = KUBERNETES.iter().map(tcp).collect();
    json!({ "to": [anywhere(&[LINK_LOCAL])], "ports": ports })
}

fn tcp(number: &u16) -> Value {
    json!({ "port": number, "protocol": "TCP" })
}

fn port(port: &Port) -> Value {
    json!({ "port": port.number, "protocol": port.protocol })
}
