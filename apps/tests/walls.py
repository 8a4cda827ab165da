"""What keeps a chart inside its target, held against the objects that Helm makes of it:
the walls that a cluster and Argo CD have too, so that a chart which would be stopped there
is stopped before. Each function gives problems, a sentence each."""

import re

# API group and kind: all that a workload may be made of, each within a namespace. The
# customer's project refuses quotas, limits, network policies, RBAC, service accounts,
# secret stores and databases by name; whatever else isn't here has no business there.
WORKLOAD = {
    ("", "ConfigMap"), ("", "Service"), ("apps", "Deployment"), ("apps", "StatefulSet"), ("batch", "CronJob"), ("batch", "Job"),
    ("autoscaling", "HorizontalPodAutoscaler"), ("autoscaling.k8s.io", "VerticalPodAutoscaler"),
    ("monitoring.coreos.com", "ServiceMonitor"), ("networking.k8s.io", "Ingress"), ("policy", "PodDisruptionBudget"),
}
# Top-level keys beyond these four are a kind's own; `items` would make one object many.
EVERYWHERE = {"apiVersion", "kind", "metadata"}
METADATA = {"name", "namespace", "labels", "annotations"}
# Of Argo CD's annotations, those that order a sync of the application's own objects.
ARGO_CD = {"argocd.argoproj.io/hook", "argocd.argoproj.io/hook-delete-policy", "argocd.argoproj.io/sync-wave"}
# Of ingress-nginx's, those that put text into the server's configuration or reach elsewhere.
SNIPPET = re.compile(r"^nginx\.ingress\.kubernetes\.io/(.*snippet|auth-url|auth-signin|mirror-.*|upstream-vhost|stream-.*)$")
# Volumes that a restricted pod may have, without those that bring another's data along.
VOLUMES = {"configMap", "secret", "emptyDir", "persistentVolumeClaim"}
# What a container may still say of its security beside what `restricted` wants.
SECURITY = {"allowPrivilegeEscalation", "capabilities", "readOnlyRootFilesystem", "runAsGroup", "runAsNonRoot", "runAsUser", "seccompProfile"}
POD_SECURITY = {"fsGroup", "fsGroupChangePolicy", "runAsGroup", "runAsNonRoot", "runAsUser", "seccompProfile", "supplementalGroups"}


def group_of(thing):
    version = str(thing.get("apiVersion", ""))
    return version.split("/")[0] if "/" in version else ""


def wall_problems(thing, namespace):
    """What of a workload's object reaches out of its target."""
    problems = []
    group, kind = group_of(thing), thing.get("kind")
    if (group, kind) not in WORKLOAD:
        return [f"is of the kind {group}/{kind}, which a workload isn't made of"]
    if "items" in thing:
        problems.append("has items, so it is a list, of whatever is in it")
    metadata = thing.get("metadata", {})
    if metadata.get("namespace", namespace) != namespace:
        problems.append(f"is in the namespace {metadata['namespace']}, and its own is {namespace}")
    for key in sorted(metadata.keys() - METADATA):
        problems.append(f"says {key} in its metadata, which isn't a chart's to say")
    for key in sorted(metadata.get("annotations") or {}):
        if key.startswith("argocd.argoproj.io/") and key not in ARGO_CD:
            problems.append(f"has the annotation {key}, which isn't a chart's to choose")
        if SNIPPET.match(key):
            problems.append(f"has the annotation {key}, which reaches into what all ingresses share")
    policy = (metadata.get("annotations") or {}).get("argocd.argoproj.io/hook-delete-policy", "BeforeHookCreation")
    if kind != "Job" and "argocd.argoproj.io/hook" in (metadata.get("annotations") or {}):
        problems.append(f"is a hook ({policy}), and only a job may be made and deleted at each sync")
    problems += OF_KIND.get(kind, lambda _: [])(thing.get("spec") or {})
    if template := template_of(thing):
        problems += template_problems(template, namespace)
    return problems


def template_of(thing):
    """The pod template, or None."""
    spec = thing.get("spec") or {}
    if thing.get("kind") == "CronJob":
        spec = spec.get("jobTemplate", {}).get("spec", {})
    return spec.get("template") if thing.get("kind") in ("CronJob", "Deployment", "Job", "StatefulSet") else None


def service_problems(spec):
    problems = [f"says {key}, by which it takes traffic that isn't its own" for key in ("externalIPs", "externalName", "loadBalancerIP") if key in spec]
    if spec.get("type", "ClusterIP") != "ClusterIP":
        problems.append(f"is a {spec['type']}; what comes from outside comes through the ingress")
    if not spec.get("selector"):
        problems.append("selects no pods, so anyone's endpoints could stand behind it")
    return problems


def ingress_problems(spec):
    problems = []
    if "defaultBackend" in spec:
        problems.append("has a default backend, which takes every host that nobody has")
    for rule in spec.get("rules", []):
        if not rule.get("host") or "*" in rule["host"]:
            problems.append(f"takes {rule.get('host') or 'every host'}, not one host by name")
        for path in rule.get("http", {}).get("paths", []):
            if "resource" in path.get("backend", {}):
                problems.append("leads to a resource that isn't a service")
    return problems


def monitor_problems(spec):
    return ["looks into other namespaces"] if spec.get("namespaceSelector") else []


def stateful_problems(spec):
    return ["makes claims of its own, which are the base's to keep"] if spec.get("volumeClaimTemplates") else []


OF_KIND = {"Ingress": ingress_problems, "Service": service_problems, "ServiceMonitor": monitor_problems, "StatefulSet": stateful_problems}


def template_problems(template, namespace):
    """The restricted Pod Security profile by what may be said, not by what may not."""
    problems = []
    metadata, pod = template.get("metadata") or {}, template.get("spec") or {}
    if metadata.get("namespace", namespace) != namespace:
        problems.append(f"makes pods in the namespace {metadata['namespace']}")
    for key in ("hostAliases", "hostIPC", "hostNetwork", "hostPID", "hostUsers", "nodeName", "priorityClassName", "runtimeClassName", "ephemeralContainers"):
        if pod.get(key) not in (None, False):
            problems.append(f"its pods say {key}")
    for key in sorted((pod.get("securityContext") or {}).keys() - POD_SECURITY):
        problems.append(f"its pods say {key} of their security")
    for toleration in pod.get("tolerations", []):
        if "key" not in toleration:
            problems.append("its pods run on every node, whatever that is kept for")
    for volume in pod.get("volumes", []):
        for key in sorted(volume.keys() - {"name"} - VOLUMES):
            problems.append(f"its pods mount {volume.get('name')} as {key}")
    for container in pod.get("initContainers", []) + pod.get("containers", []):
        name, own = container.get("name"), container.get("securityContext") or {}
        for key in sorted(own.keys() - SECURITY):
            problems.append(f"{name} says {key} of its security")
        if own.get("runAsNonRoot", True) is not True or own.get("runAsUser", 1) == 0:
            problems.append(f"{name} may run as root")
        if own.get("seccompProfile", {"type": "RuntimeDefault"}).get("type") != "RuntimeDefault":
            problems.append(f"{name} runs without the default seccomp profile")
        if container.get("volumeDevices"):
            problems.append(f"{name} takes a raw device")
        for mount in container.get("volumeMounts", []):
            if mount.get("mountPropagation", "None") != "None":
                problems.append(f"{name} passes mounts on to its node")
    return problems


# What the host writes into an application's source; anything else would change what it is.
SOURCE = {
    "base": {"directory", "path", "repoURL", "targetRevision"},
    "workload": {"helm", "path", "repoURL", "targetRevision"},
}
SYNC_POLICY = {"automated", "syncOptions"}
SPEC = {"destination", "ignoreDifferences", "project", "source", "syncPolicy"}


def application_wall_problems(app, role):
    """What of an application isn't the host's to write."""
    problems = []
    spec = app["spec"]
    for where, keys, known in (
        ("spec", spec.keys(), SPEC),
        ("spec.source", spec["source"].keys(), SOURCE[role]),
        ("spec.source.helm", spec["source"].get("helm", {}).keys(), {"releaseName", "valueFiles"}),
        ("spec.source.directory", spec["source"].get("directory", {}).keys(), {"recurse"}),
        ("spec.syncPolicy", spec.get("syncPolicy", {}).keys(), SYNC_POLICY),
    ):
        problems += [f"the {role} application has {where}.{key}" for key in sorted(keys - known)]
    if "CreateNamespace=false" not in spec.get("syncPolicy", {}).get("syncOptions", []):
        problems.append(f"the {role} application may make namespaces")
    if role == "workload" and spec["source"].get("helm", {}).get("valueFiles") != ["../values.yaml"]:
        problems.append("the workload application reads other values than ../values.yaml")
    return problems


# As host/domain/src/chart.rs has it.
CHART_FILES = {".helmignore", "Chart.yaml", "values.schema.json", "values.yaml"}
CHART_FOLDERS = {"files", "templates"}


def chart_problems(paths):
    """Files that Argo CD or Helm would read beside the chart's own."""
    return [f"chart/{path} is no chart's own file" for path in sorted(paths)
            if path not in CHART_FILES and not ("/" in path and path.split("/")[0] in CHART_FOLDERS)]
