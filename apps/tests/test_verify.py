"""Proof that the checks can fail: `python3 -m unittest` in this folder."""

import copy
import sys
import unittest

sys.dont_write_bytecode = True  # The folder is part of the checkout.

from addons import OURS, SOURCES, addon_problems  # noqa: E402
from rules import base_problems, pod_problems, reference_problems, scaling_problems, wave_problems, workload_problems  # noqa: E402

LABELS = {f"deploycenter.dev/{key}": "x" for key in ("customer", "app", "environment", "installation", "instance")}
KEPT = {"argocd.argoproj.io/sync-options": "Delete=false,Prune=false", "deploycenter.dev/target": "acme/chat"}
CLAIM = {"kind": "PersistentVolumeClaim", "metadata": {"name": "data", "namespace": "acme--chat", "labels": LABELS, "annotations": KEPT}, "spec": {}}
SECRET = {
    "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": {"name": "app"},
    "spec": {"secretStoreRef": {"kind": "SecretStore", "name": "s"}, "target": {"name": "app"},
             "data": [{"secretKey": "salt", "remoteRef": {"key": "k", "property": "salt"}}]},
}
POD = {
    "automountServiceAccountToken": False,
    "serviceAccountName": "app",
    "securityContext": {"runAsNonRoot": True, "runAsUser": 2000, "seccompProfile": {"type": "RuntimeDefault"}},
    "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
    "containers": [{
        "name": "app",
        "image": "docker.io/acme/app:1.2.3",
        "securityContext": {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}},
        "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}},
        "env": [{"name": "SALT", "valueFrom": {"secretKeyRef": {"name": "app", "key": "salt"}}}],
        "startupProbe": {}, "livenessProbe": {}, "readinessProbe": {},
    }],
}


def changed(thing, path, value):
    """A deep copy with one place set, or taken out for None."""
    thing = copy.deepcopy(thing)
    place = thing
    for key in path[:-1]:
        place = place[key]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return thing


class Rules(unittest.TestCase):
    def test_a_good_base_object_passes(self):
        self.assertEqual(base_problems(CLAIM, "acme--chat"), [])

    def test_a_bad_base_object_does_not(self):
        for path, value in [
            (("kind",), "Ingress"),
            (("kind",), "ClusterRole"),
            (("metadata", "namespace"), "acme-corp--chat"),
            (("metadata", "annotations"), {"deploycenter.dev/target": "acme/chat"}),
            (("metadata", "annotations"), {"argocd.argoproj.io/sync-options": "Delete=false,Prune=false"}),
            (("metadata", "labels"), {}),
        ]:
            self.assertTrue(base_problems(changed(CLAIM, path, value), "acme--chat"), path)

    def test_what_guards_is_pruned_and_what_holds_data_is_not(self):
        options = ("metadata", "annotations", "argocd.argoproj.io/sync-options")
        guard = changed(changed(CLAIM, ("kind",), "SecretStore"), options, "Delete=false")
        self.assertEqual(base_problems(guard, "acme--chat"), [])
        self.assertTrue(base_problems(changed(guard, options, "Delete=false,Prune=false"), "acme--chat"))
        self.assertTrue(base_problems(changed(CLAIM, options, "Delete=false"), "acme--chat"))

    def test_a_volume_of_the_whole_cluster_has_the_namespace_in_its_name(self):
        volume = {"kind": "PersistentVolume", "metadata": {"name": "data", "labels": LABELS, "annotations": KEPT},
                  "spec": {"persistentVolumeReclaimPolicy": "Retain", "csi": {"volumeHandle": "fs-1::fsap-1"},
                           "claimRef": {"namespace": "acme--chat", "name": "data"}}}
        self.assertTrue(base_problems(volume, "acme--chat"))
        self.assertEqual(base_problems(changed(volume, ("metadata", "name"), "acme--chat--data"), "acme--chat"), [])

    def test_a_good_pod_passes(self):
        self.assertEqual(pod_problems(POD, serves=True), [])

    def test_a_bad_pod_does_not(self):
        container = ("containers", 0)
        for path, value in [
            (("automountServiceAccountToken",), None),
            (("securityContext", "runAsUser"), 0),
            (("securityContext", "seccompProfile"), None),
            (("hostNetwork",), True),
            (("volumes",), [{"name": "x", "hostPath": {"path": "/"}}]),
            (("volumes",), [{"name": "x", "emptyDir": {}}]),
            ((*container, "image"), "docker.io/acme/app:latest"),
            ((*container, "image"), "docker.io/acme/app"),
            ((*container, "image"), "app:1.2.3"),
            ((*container, "securityContext", "capabilities"), {}),
            ((*container, "securityContext", "readOnlyRootFilesystem"), False),
            ((*container, "resources", "limits"), {}),
            ((*container, "env"), [{"name": "SALT", "value": "abc"}]),
            ((*container, "ports"), [{"containerPort": 1, "hostPort": 1}]),
            ((*container, "readinessProbe"), None),
        ]:
            self.assertTrue(pod_problems(changed(POD, path, value), serves=True), (path, value))

    def test_a_workload_keeps_to_its_kinds_and_its_namespace(self):
        for kind in ("NetworkPolicy", "ResourceQuota", "Role", "PersistentVolume", "Secret", "ExternalSecret", "ClusterRole"):
            self.assertTrue(workload_problems({"kind": kind, "metadata": {"name": "x"}, "spec": {}}, "acme--chat"), kind)
        config = {"kind": "ConfigMap", "metadata": {"name": "x"}, "data": {}}
        self.assertEqual(workload_problems(config, "acme--chat"), [])
        self.assertTrue(workload_problems(changed(config, ("metadata", "namespace"), "kube-system"), "acme--chat"))

    def test_every_host_has_a_certificate(self):
        ingress = {"kind": "Ingress", "metadata": {"name": "x"}, "spec": {"tls": [{"hosts": ["a"]}], "rules": [{"host": "a"}]}}
        self.assertEqual(workload_problems(ingress, "n"), [])
        self.assertTrue(workload_problems(changed(ingress, ("spec", "rules"), [{"host": "a"}, {"host": "b"}]), "n"))

    def test_references(self):
        names = lambda kind, **spec: {"kind": kind, "metadata": {"name": "app"}, "spec": spec}
        deny = names("NetworkPolicy", podSelector={}, policyTypes=["Ingress", "Egress"])
        base = [CLAIM, SECRET, deny, names("ServiceAccount"), names("Namespace"), names("ResourceQuota"), names("LimitRange")]
        deployment = names("Deployment", replicas=1, template={"metadata": {"labels": {"a": "b"}}, "spec": POD})
        self.assertEqual(reference_problems(base, [deployment]), [])
        for gone in range(len(base)):
            self.assertTrue(reference_problems(base[:gone] + base[gone + 1:], [deployment]), base[gone]["kind"])
        lost = names("HorizontalPodAutoscaler", scaleTargetRef={"name": "other"})
        self.assertTrue(reference_problems(base, [deployment, lost]))
        service = names("Service", selector={"a": "c"}, ports=[{"port": 80}])
        self.assertTrue(reference_problems(base, [deployment, service]))

    def test_an_autoscaler_takes_over_without_a_drop(self):
        deployment = {"kind": "Deployment", "metadata": {"name": "app"}, "spec": {"replicas": 4}}
        scaler = {"kind": "HorizontalPodAutoscaler", "metadata": {"name": "app"},
                  "spec": {"scaleTargetRef": {"name": "app"}, "minReplicas": 2, "maxReplicas": 6}}
        left = [{"group": "apps", "kind": "Deployment", "name": "app", "jsonPointers": ["/spec/replicas"]}]

        def application(ignored=(), options=("RespectIgnoreDifferences=true",)):
            return {"spec": {"ignoreDifferences": list(ignored), "syncPolicy": {"syncOptions": list(options)}}}

        self.assertEqual(scaling_problems([deployment], application()), [])
        self.assertEqual(scaling_problems([deployment, scaler], application(left)), [])
        for things, app, says in (
            ([changed(deployment, ("spec", "replicas"), None), scaler], application(left), "falls to one pod"),
            ([changed(deployment, ("spec", "replicas"), 1), scaler], application(left), "out of its autoscaler's bounds"),
            ([changed(deployment, ("spec", "replicas"), 7), scaler], application(left), "out of its autoscaler's bounds"),
            ([deployment, scaler], application(), "is put back"),
            ([deployment, scaler], application(left, ()), "is put back"),
            ([deployment], application(left), "has no autoscaler"),
        ):
            found = scaling_problems(things, app)
            self.assertTrue(len(found) == 1 and says in found[0], found)

    def test_what_follows_pods_comes_last(self):
        def thing(kind, wave, **annotations):
            annotations = {"argocd.argoproj.io/sync-wave": wave, **annotations}
            return {"kind": kind, "metadata": {"name": "app", "annotations": annotations}}

        job = thing("Job", "1", **{"argocd.argoproj.io/hook": "Sync"})
        deployment = {"kind": "Deployment", "metadata": {"name": "app"}}
        for kind in ("HorizontalPodAutoscaler", "VerticalPodAutoscaler", "PodDisruptionBudget"):
            self.assertEqual(wave_problems([deployment, job, thing(kind, "2")]), [])
            for bad in (
                [deployment, thing(kind, "0")],
                [deployment, job, thing(kind, "1")],
                [deployment, thing(kind, "1"), thing("Ingress", "2")],
                [thing("Deployment", "2"), thing(kind, "2")],
            ):
                self.assertTrue(wave_problems(bad), bad)
        self.assertEqual(wave_problems([deployment, job]), [])

    def test_a_database_server_and_who_signs_in(self):
        names = lambda kind, **spec: {"kind": kind, "metadata": {"name": kind.lower(), "namespace": "n", "labels": LABELS, "annotations": KEPT}, "spec": spec}
        server = names("MariaDB", image="docker.io/library/mariadb:11.4.13", rootPasswordSecretKeyRef={"name": "root", "key": "password"})
        self.assertEqual(base_problems(server, "n"), [])
        self.assertTrue(base_problems(changed(server, ("spec", "image"), "docker.io/library/mariadb:latest"), "n"))
        user = names("User", mariaDbRef={"name": "mariadb"}, passwordSecretKeyRef={"name": "app", "key": "salt"})
        about = lambda *things: [p for p in reference_problems(list(things), []) if p.startswith("User/")]
        self.assertEqual(about(SECRET, server, user), [])
        self.assertTrue(about(SECRET, user))
        self.assertTrue(about(server, user))

    def test_addons(self):
        self.assertEqual(addon_problems(SECRET), [])
        self.assertTrue(addon_problems(changed(SECRET, ("spec", "dataFrom"), [])))
        self.assertTrue(addon_problems(changed(SECRET, ("spec", "secretStoreRef", "kind"), "ClusterSecretStore")))
        grant = {"apiVersion": "k8s.mariadb.com/v1alpha1", "kind": "Grant", "metadata": {"name": "app"},
                 "spec": {"mariaDbRef": {"name": "mariadb"}, "privileges": ["SELECT"], "username": "app", "cleanupPolicy": "Skip"}}
        self.assertEqual(addon_problems(grant), [])
        self.assertTrue(addon_problems(changed(grant, ("spec", "cleanupPolicy"), None)))
        self.assertTrue(addon_problems(changed(grant, ("spec", "mariaDbRef", "name"), "another")))
        # Dropping the object would drop what it stands for.
        self.assertTrue(addon_problems(changed(grant, ("spec", "cleanupPolicy"), "Delete")))

    def test_operators_definitions(self):
        """What mariadb-operator itself refuses, which no rule of ours asks."""
        restricted = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
        helper = {"image": "docker.io/acme/helper:1.2.3", "securityContext": restricted, "resources": {"requests": {"cpu": "1"}, "limits": {}}}
        server = {"apiVersion": "k8s.mariadb.com/v1alpha1", "kind": "MariaDB", "metadata": {"name": "mariadb"}, "spec": {
            "image": "docker.io/library/mariadb:11.4.13", "replicas": 3, "storage": {"size": "20Gi"},
            "rootPasswordSecretKeyRef": {"name": "root", "key": "password", "generate": True}, "securityContext": restricted,
            "resources": helper["resources"],
            "podSecurityContext": {"runAsNonRoot": True, "runAsUser": 999, "seccompProfile": {"type": "RuntimeDefault"}},
            "replication": {"enabled": True, "initContainer": helper, "agent": helper}}}
        self.assertEqual(addon_problems(server), [])
        for path, value, why in [
            (("spec", "replication", "initContainer", "image"), None, "image"),
            (("spec", "replication", "initContainer", "imagePulPolicy"), "Always", "imagePulPolicy"),
            (("spec", "replicas"), "3", "integer"),
            (("spec", "storage", "size"), [], "string"),
            (("spec", "updateStrategy"), {"type": "Sometimes"}, "Sometimes"),
        ]:
            problems = addon_problems(changed(server, path, value))
            self.assertTrue(any(why in problem for problem in problems), (path, problems))

    def test_every_kind_of_an_operator_has_its_definition(self):
        self.assertTrue(all(source["project"] and source["version"] for source in SOURCES.values()))
        self.assertEqual(SOURCES.keys(), OURS.keys())


if __name__ == "__main__":
    unittest.main()
