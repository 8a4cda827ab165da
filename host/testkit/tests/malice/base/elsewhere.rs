//! Kinds and places that aren't the target's.

use super::{Attack, config, kept, with};

pub(super) fn attacks() -> Vec<Attack> {
    let mut cases: Vec<Attack> = [
        ("v1", "Secret"),
        ("v1", "Pod"),
        ("v1", "Endpoints"),
        ("v1", "Node"),
        ("batch/v1", "Job"),
        ("apps/v1", "DaemonSet"),
        ("discovery.k8s.io/v1", "EndpointSlice"),
        ("networking.k8s.io/v1", "Ingress"),
        ("gateway.networking.k8s.io/v1", "HTTPRoute"),
        ("rbac.authorization.k8s.io/v1", "ClusterRole"),
        ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"),
        ("external-secrets.io/v1", "ClusterSecretStore"),
        ("external-secrets.io/v1", "ClusterExternalSecret"),
        ("external-secrets.io/v1alpha1", "PushSecret"),
        ("argoproj.io/v1alpha1", "Application"),
        ("argoproj.io/v1alpha1", "AppProject"),
        (
            "admissionregistration.k8s.io/v1",
            "MutatingWebhookConfiguration",
        ),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
        ("storage.k8s.io/v1", "StorageClass"),
        ("postgresql.cnpg.io/v1", "ImageCatalog"),
        ("postgresql.cnpg.io/v1", "Pooler"),
        ("k8s.mariadb.com/v1alpha1", "SqlJob"),
        ("k8s.mariadb.com/v1alpha1", "Backup"),
        ("v1beta1", "ConfigMap"),
        ("", "ConfigMap"),
    ]
    .into_iter()
    .map(|(version, kind)| {
        let version = if version.is_empty() { "\"\"" } else { version };
        (
            kept(version, kind, ""),
            "is of a kind that a base may not hold",
        )
    })
    .collect();
    cases.extend([
        (
            with(&config(""), "acme--mattermost", "kube-system"),
            "has metadata.namespace \"kube-system\", which has to be the target's own namespace",
        ),
        (
            with(&config(""), "acme--mattermost", "rivoli--moodle"),
            "which has to be the target's own namespace",
        ),
        (
            with(&config(""), "  namespace: acme--mattermost\n", ""),
            "has no metadata.namespace",
        ),
        (
            with(&config(""), "  name: x\n", "  generateName: x\n"),
            "has metadata.generateName, which a base may not hold",
        ),
        (
            with(&config(""), "  name: x\n", "  name: x\n  ownerReferences: [{apiVersion: v1, kind: Namespace, name: kube-system, uid: x}]\n"),
            "has metadata.ownerReferences, which a base may not hold",
        ),
        (
            with(&config(""), "  name: x\n", "  name: x\n  finalizers: [example.com/never]\n"),
            "has metadata.finalizers, which a base may not hold",
        ),
        (config("status: {phase: Active}\n"), "has status, which a base may not hold"),
        (
            with(&config(""), "  name: x\n", "  name: x\n  labels: {argocd.argoproj.io/instance: rivoli}\n"),
            "has metadata.labels[\"argocd.argoproj.io/instance\"], which a base may not hold",
        ),
        (
            with(&config(""), "  name: x\n", "  name: x\n  labels: {deploycenter.dev/customer: rivoli}\n"),
            "which has to be the target's own label of that name",
        ),
    ]);
    for (key, value) in [
        ("argocd.argoproj.io/hook", "PreSync"),
        (
            "argocd.argoproj.io/hook-delete-policy",
            "BeforeHookCreation",
        ),
        ("argocd.argoproj.io/compare-options", "IgnoreExtraneous"),
        ("argocd.argoproj.io/tracking-id", "rivoli:v1/Namespace:x/x"),
        ("helm.sh/hook", "pre-install"),
        ("eks.amazonaws.com/role-arn", "arn:aws:iam::1:role/admin"),
        (
            "external-dns.alpha.kubernetes.io/hostname",
            "rivoli.apps.example.com",
        ),
        ("kubectl.kubernetes.io/last-applied-configuration", "{}"),
    ] {
        cases.push((
            with(
                &config(""),
                "  name: x\n",
                &format!(
                    "  name: x\n  annotations: {{{key}: \"{}\"}}\n",
                    value.replace('"', "")
                ),
            ),
            "has metadata.annotations[\"",
        ));
    }
    cases.push((
        with(
            &config(""),
            "  name: x\n",
            "  name: x\n  annotations: {argocd.argoproj.io/sync-options: \"Replace=true\"}\n",
        ),
        "has metadata.annotations[\"argocd.argoproj.io/sync-options\"] \"Replace=true\"",
    ));
    cases
}
