//! Files that say more than one reader would see.

use super::{Attack, CONFIG, EXTERNAL, META, config, kept, with};

pub(super) fn attacks() -> Vec<Attack> {
    let foreign = "{kind: Secret, metadata: {namespace: kube-system}}";
    vec![
        (
            config(&format!("items: [{foreign}]\n")),
            "ConfigMap \"x\" has items, which a base may not hold",
        ),
        (
            with(
                &config(""),
                "  namespace: acme--mattermost\n",
                "  namespace: acme--mattermost\n  <<: {namespace: kube-system}\n",
            ),
            "holds the key \"<<\"",
        ),
        (
            config("<<: {kind: ClusterRoleBinding, apiVersion: rbac.authorization.k8s.io/v1}\n"),
            "holds the key \"<<\"",
        ),
        (config("\"<<\": {kind: Secret}\n"), "holds the key \"<<\""),
        (config("'\\x3c<': {kind: Secret}\n"), "has "),
        (
            config("\"\\x3c\\x3c\": {kind: Secret}\n"),
            "holds the key \"<<\"",
        ),
        (
            with(
                &config(""),
                "kind: ConfigMap\n",
                "kind: ConfigMap\nkind: Secret\n",
            ),
            "the key \"kind\" stands twice",
        ),
        (
            with(
                &config(""),
                "kind: ConfigMap\n",
                "kind: ConfigMap\n\"k\\x69nd\": Secret\n",
            ),
            "the key \"kind\" stands twice",
        ),
        (
            with(
                &config(""),
                "  name: x\n",
                "  name: x\n  namespace: kube-system\n",
            ),
            "the key \"namespace\" stands twice",
        ),
        (
            config("data: &a {x: y}\nbinaryData: *a\n"),
            "holds an anchor",
        ),
        (config("data: !!binary eA==\n"), "holds the tag"),
        (
            config("data: {x: !<tag:yaml.org,2002:int> \"1\"}\n"),
            "holds the tag",
        ),
        (format!("%YAML 1.1\n---\n{CONFIG}"), "as a directive does"),
        (
            format!("apiVersion: v1\nkind: List\nitems:\n  - {foreign}\n"),
            "List \"\" (v1) is of a kind that a base may not hold",
        ),
        (
            format!("apiVersion: v1\nkind: ConfigMapList\n{META}items:\n  - {foreign}\n"),
            "is of a kind that a base may not hold",
        ),
        (format!("- {foreign}\n"), "a document is a list"),
        (config("data: {x: yes}\n"), "\"yes\" is read as one thing"),
        (config("data: {x: 0o17}\n"), "\"0o17\" is read as one thing"),
        (config("data: {x: 12:30:45}\n"), "is read as one thing"),
        (config("data: {no: x}\n"), "\"no\" is read as one thing"),
        (
            config("data: {x: 1}\n"),
            "has data.x the number 1, which has to be a text",
        ),
        (
            config("data: {x: null}\n"),
            "has data.x nothing, which has to be a text",
        ),
        (
            format!("---\n{CONFIG}...\n---\n{CONFIG}"),
            "ConfigMap \"x\" stands twice in the base",
        ),
        (
            // It would take the place of the host's own.
            with(
                &kept("external-secrets.io/v1", "ExternalSecret", EXTERNAL),
                "name: x\n",
                "name: mattermost-app\n",
            ),
            "ExternalSecret \"mattermost-app\" stands twice in the base",
        ),
        (
            config(&format!("data: {}\n", "[ ".repeat(10_000))),
            "is nested deeper than 40 levels",
        ),
        (
            config(&format!(
                "data: {{x: {}1{}}}\n",
                "{a: ".repeat(60),
                "}".repeat(60)
            )),
            "is nested deeper than 40 levels",
        ),
    ]
}
