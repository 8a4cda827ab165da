//! The host's own kinds in a folder that was left before: held against their lists.

use deploycenter_domain::base::BaseOrigin;

use crate::base::{committed_of, namespace, within};

#[test]
fn what_the_host_made_before_is_held_against_its_list() {
    let of_folder = |text: &str| {
        let found = committed_of(BaseOrigin::Folder, text).err();
        found.unwrap_or_default().join("\n")
    };
    assert_eq!(of_folder(&namespace("acme--chat")), "");
    let other = of_folder(&namespace("acme-corp--chat"));
    assert!(
        other.contains(
            "has metadata.name \"acme-corp--chat\", which has to be the target's own namespace"
        ),
        "{other}"
    );
    let open = namespace("acme--chat").replace("enforce: restricted", "enforce: privileged");
    assert!(of_folder(&open).contains("\"privileged\", which has to be \"restricted\""));
    for (version, kind, sound, changes) in GUARDS {
        let text = within(version, kind, sound);
        assert_eq!(of_folder(&text), "", "{text}");
        for (piece, other, says) in *changes {
            assert!(text.contains(piece), "{piece} isn't in {text}");
            let text = text.replacen(piece, other, 1);
            let found = of_folder(&text);
            assert!(found.contains(says), "{text}\n{found}");
        }
    }
}

/// A kind, an object of it, and changes of it with what is said of them.
type Guard = (
    &'static str,
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str, &'static str)],
);

const GUARDS: &[Guard] = &[
    (
        "external-secrets.io/v1",
        "SecretStore",
        "spec:\n  provider:\n    aws: { service: SecretsManager, region: us-west-2 }\n",
        &[
            (
                "region: us-west-2",
                "region: us-west-2, role: arn:aws:iam::1:role/admin",
                "spec.provider.aws.role",
            ),
            (
                "region: us-west-2",
                "region: eu-west-3",
                "spec.provider.aws.region \"eu-west-3\"",
            ),
            (
                "SecretsManager",
                "ParameterStore",
                "spec.provider.aws.service",
            ),
            (
                "us-west-2",
                "us-west-2, auth: {jwt: {serviceAccountRef: {name: x, namespace: kube-system}}}",
                "spec.provider.aws.auth",
            ),
            (
                "    aws:",
                "    kubernetes: {}\n    aws:",
                "spec.provider.kubernetes",
            ),
            ("spec:\n", "spec:\n  controller: x\n", "spec.controller"),
        ],
    ),
    (
        "rbac.authorization.k8s.io/v1",
        "Role",
        "rules:\n  - { apiGroups: [\"\"], resources: [pods], verbs: [get] }\n",
        &[
            ("[pods]", "[secrets]", "rules[0].resources[0] \"secrets\""),
            ("[\"\"]", "[\"*\"]", "rules[0].apiGroups[0] \"*\""),
            ("[get]", "[\"*\"]", "rules[0].verbs[0] \"*\""),
            (
                "[get]",
                "[get], nonResourceURLs: [/metrics]",
                "rules[0].nonResourceURLs",
            ),
            (
                "rules:\n",
                "aggregationRule: {}\nrules:\n",
                "aggregationRule",
            ),
        ],
    ),
    (
        "rbac.authorization.k8s.io/v1",
        "RoleBinding",
        "roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: x }\nsubjects:\n  - { kind: ServiceAccount, name: x, namespace: acme--chat }\n",
        &[
            (
                "kind: Role, name: x",
                "kind: ClusterRole, name: cluster-admin",
                "roleRef.kind \"ClusterRole\"",
            ),
            (
                "{ kind: ServiceAccount, name: x, namespace: acme--chat }",
                "{ kind: Group, name: \"system:authenticated\", apiGroup: rbac.authorization.k8s.io }",
                "subjects[0].kind \"Group\"",
            ),
            (
                "x, namespace: acme--chat",
                "x, namespace: rivoli--learn",
                "subjects[0].namespace \"rivoli--learn\"",
            ),
            (
                "x, namespace: acme--chat",
                "x",
                "has no subjects[0].namespace",
            ),
        ],
    ),
    (
        "v1",
        "ServiceAccount",
        "automountServiceAccountToken: false\n",
        &[
            (
                "automount",
                "secrets: [{name: x}]\nautomount",
                "has secrets",
            ),
            (
                "automountServiceAccountToken: false",
                "imagePullSecrets: []",
                "has no automountServiceAccountToken",
            ),
        ],
    ),
    (
        "networking.k8s.io/v1",
        "NetworkPolicy",
        "spec:\n  podSelector: { matchLabels: { app: x } }\n  policyTypes: [Ingress, Egress]\n  ingress:\n    - from: [{ podSelector: {} }]\n  egress:\n    - to: [{ ipBlock: { cidr: 0.0.0.0/0, except: [169.254.0.0/16] } }]\n      ports: [{ port: 443, protocol: TCP }]\n",
        &[
            (
                "from: [{ podSelector: {} }]",
                "{}",
                "has a rule of ingress that opens everything",
            ),
            (
                "to: [{ ipBlock: { cidr: 0.0.0.0/0, except: [169.254.0.0/16] } }]\n      ports: [{ port: 443, protocol: TCP }]",
                "{}",
                "has no spec.egress[0].to",
            ),
            (
                "{ podSelector: {} }",
                "{ namespaceSelector: {} }",
                "has no spec.ingress[0].from[0].namespaceSelector.matchLabels",
            ),
            (
                "{ podSelector: {} }",
                "{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: rivoli--learn } } }",
                "has to be a namespace of the platform",
            ),
            ("{ podSelector: {} }", "{}", "whose peer says nothing"),
            (
                ", except: [169.254.0.0/16]",
                "",
                "has to except 169.254.0.0/16",
            ),
            (
                "0.0.0.0/0",
                "169.254.169.254/32",
                "ipBlock.cidr \"169.254.169.254/32\"",
            ),
            (
                "      ports: [{ port: 443, protocol: TCP }]\n",
                "",
                "opens every port beyond the namespace",
            ),
            ("port: 443,", "port: 1, endPort: 65535,", "ports[0].endPort"),
            (
                "{ ipBlock: { cidr: 0.0.0.0/0, except: [169.254.0.0/16] } }",
                "{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: kube-system } } }",
                "at another port than 53",
            ),
            (
                "cidr: 0.0.0.0/0, except: [169.254.0.0/16]",
                "cidr: 169.254.20.10/32",
                "at another port than 53",
            ),
        ],
    ),
];
