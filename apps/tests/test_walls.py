"""Proof that the walls stop something: `python3 -m unittest` in this folder."""

import sys
import unittest

sys.dont_write_bytecode = True  # The folder is part of the checkout.

from test_verify import POD, changed  # noqa: E402
from walls import application_wall_problems, chart_problems, wall_problems  # noqa: E402

NAMESPACE = "acme--chat"


def thing(kind, api="v1", spec=None, **metadata):
    return {"apiVersion": api, "kind": kind, "metadata": {"name": "app", **metadata}, "spec": spec or {}}


DEPLOYMENT = thing("Deployment", "apps/v1", {"template": {"metadata": {"labels": {"a": "b"}}, "spec": POD}})
SERVICE = thing("Service", spec={"selector": {"a": "b"}, "ports": [{"port": 80}]})
INGRESS = thing("Ingress", "networking.k8s.io/v1", {"rules": [{"host": "a.example", "http": {"paths": []}}]})


class Walls(unittest.TestCase):
    def assert_stopped(self, thing, says):
        found = wall_problems(thing, NAMESPACE)
        self.assertTrue(any(says in problem for problem in found), (says, found))

    def test_what_charts_are_made_of_passes(self):
        job = thing("Job", "batch/v1", {"template": {"spec": POD}}, annotations={"argocd.argoproj.io/hook": "Sync"})
        cron = thing("CronJob", "batch/v1", {"jobTemplate": {"spec": {"template": {"spec": POD}}}})
        for good in (DEPLOYMENT, SERVICE, INGRESS, job, cron, thing("ConfigMap", namespace=NAMESPACE)):
            self.assertEqual(wall_problems(good, NAMESPACE), [], good["kind"])

    def test_other_kinds_do_not_whatever_they_are_called(self):
        for api, kind in [
            ("v1", "Namespace"), ("v1", "PersistentVolume"), ("v1", "ResourceQuota"), ("v1", "LimitRange"), ("v1", "Secret"),
            ("v1", "ServiceAccount"), ("v1", "Pod"), ("v1", "List"), ("v1", "Endpoints"), ("discovery.k8s.io/v1", "EndpointSlice"),
            ("networking.k8s.io/v1", "NetworkPolicy"), ("rbac.authorization.k8s.io/v1", "Role"),
            ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"), ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
            ("external-secrets.io/v1", "ExternalSecret"), ("argoproj.io/v1alpha1", "Application"),
            ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration"), ("evil.example/v1", "Deployment"), ("apps/v1", "ConfigMap"),
        ]:
            self.assert_stopped(thing(kind, api), "which a workload isn't made of")

    def test_an_object_stays_one_in_its_namespace(self):
        self.assert_stopped(thing("ConfigMap", namespace="kube-system"), "kube-system")
        self.assert_stopped({**thing("ConfigMap"), "items": []}, "has items")
        self.assert_stopped(thing("ConfigMap", ownerReferences=[]), "ownerReferences")
        self.assert_stopped(thing("ConfigMap", finalizers=["a/b"]), "finalizers")
        for key in ("argocd.argoproj.io/tracking-id", "argocd.argoproj.io/sync-options", "argocd.argoproj.io/compare-options"):
            self.assert_stopped(thing("ConfigMap", annotations={key: "x"}), key)
        self.assert_stopped(thing("ConfigMap", annotations={"argocd.argoproj.io/hook": "Sync"}), "is a hook")

    def test_traffic_comes_by_the_ingress_alone(self):
        for path, value, says in [
            (("spec", "externalIPs"), ["10.0.0.1"], "externalIPs"),
            (("spec", "externalName"), "db.other", "externalName"),
            (("spec", "type"), "LoadBalancer", "LoadBalancer"),
            (("spec", "type"), "NodePort", "NodePort"),
            (("spec", "selector"), None, "selects no pods"),
        ]:
            self.assert_stopped(changed(SERVICE, path, value), says)
        for path, value, says in [
            (("spec", "defaultBackend"), {}, "default backend"),
            (("spec", "rules", 0, "host"), None, "every host"),
            (("spec", "rules", 0, "host"), "*.example", "*.example"),
            (("metadata", "annotations"), {"nginx.ingress.kubernetes.io/configuration-snippet": "x"}, "snippet"),
            (("metadata", "annotations"), {"nginx.ingress.kubernetes.io/auth-url": "https://x"}, "auth-url"),
        ]:
            self.assert_stopped(changed(INGRESS, path, value), says)
        self.assert_stopped(thing("ServiceMonitor", "monitoring.coreos.com/v1", {"namespaceSelector": {"any": True}}), "other namespaces")

    def test_pods_are_restricted(self):
        pod, own = ("spec", "template", "spec"), ("spec", "template", "spec", "containers", 0)
        for path, value, says in [
            ((*pod, "hostNetwork"), True, "hostNetwork"),
            ((*pod, "hostPID"), True, "hostPID"),
            ((*pod, "nodeName"), "node-1", "nodeName"),
            ((*pod, "priorityClassName"), "system-node-critical", "priorityClassName"),
            ((*pod, "securityContext", "sysctls"), [], "sysctls"),
            ((*pod, "securityContext", "seLinuxOptions"), {}, "seLinuxOptions"),
            ((*pod, "tolerations"), [{"operator": "Exists"}], "every node"),
            ((*pod, "volumes"), [{"name": "x", "hostPath": {"path": "/"}}], "x as hostPath"),
            ((*pod, "volumes"), [{"name": "x", "csi": {"driver": "efs.csi.aws.com"}}], "x as csi"),
            ((*pod, "volumes"), [{"name": "x", "projected": {}}], "x as projected"),
            ((*own, "securityContext", "privileged"), True, "privileged"),
            ((*own, "securityContext", "procMount"), "Unmasked", "procMount"),
            ((*own, "securityContext", "runAsUser"), 0, "run as root"),
            ((*own, "securityContext", "runAsNonRoot"), False, "run as root"),
            ((*own, "securityContext", "seccompProfile"), {"type": "Unconfined"}, "seccomp"),
            ((*own, "volumeDevices"), [{}], "raw device"),
            ((*own, "volumeMounts"), [{"name": "x", "mountPropagation": "Bidirectional"}], "passes mounts on"),
            (("spec", "template", "metadata", "namespace"), "other", "makes pods in the namespace other"),
        ]:
            self.assert_stopped(changed(DEPLOYMENT, path, value), says)
        stateful = thing("StatefulSet", "apps/v1", {"template": {"spec": POD}, "volumeClaimTemplates": [{}]})
        self.assert_stopped(stateful, "claims of its own")

    def test_an_application_is_the_hosts(self):
        app = {"spec": {"project": "acme", "destination": {}, "syncPolicy": {"automated": {}, "syncOptions": ["CreateNamespace=false"]},
                        "source": {"repoURL": "r", "targetRevision": "b", "path": "p/chart", "helm": {"releaseName": "a", "valueFiles": ["../values.yaml"]}}}}
        self.assertEqual(application_wall_problems(app, "workload"), [])
        self.assertTrue(application_wall_problems(app, "base"))
        for path, value in [
            (("spec", "sources"), []),
            (("spec", "source", "kustomize"), {}),
            (("spec", "source", "plugin"), {}),
            (("spec", "source", "directory"), {"jsonnet": {}}),
            (("spec", "source", "helm", "parameters"), []),
            (("spec", "source", "helm", "valueFiles"), ["https://evil.example/v.yaml"]),
            (("spec", "syncPolicy", "managedNamespaceMetadata"), {}),
            (("spec", "syncPolicy", "syncOptions"), ["CreateNamespace=true"]),
        ]:
            self.assertTrue(application_wall_problems(changed(app, path, value), "workload"), path)

    def test_a_chart_is_its_own_files(self):
        own = ["Chart.yaml", "values.yaml", ".helmignore", "templates/a.yaml", "files/x.py"]
        self.assertEqual(chart_problems(own), [])
        for path in (".argocd-source.yaml", ".argocd-source-acme--chat.yaml", "charts/x.tgz", "Chart.lock", "crds/x.yaml", "kustomization.yaml", "templates"):
            self.assertEqual(chart_problems([*own, path]), [f"chart/{path} is no chart's own file"])


if __name__ == "__main__":
    unittest.main()
