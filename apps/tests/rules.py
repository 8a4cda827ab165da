"""Rules for rendered objects that no schema knows. Each function gives problems, a
sentence each, and an empty list where there are none."""

import re

PROTECTED = ("argocd.argoproj.io/sync-options", "Delete=false,Prune=false")
# What guards and holds nothing itself is pruned once it isn't wanted any more.
PRUNED = {
    "ResourceQuota", "LimitRange", "ServiceAccount", "NetworkPolicy", "Role", "RoleBinding", "ExternalSecret", "SecretStore",
}
UNDELETED = "Delete=false"

# What a base may hold (host/domain), and whether it keeps or guards data.
BASE_KINDS = {
    "Namespace": True, "PersistentVolume": True, "PersistentVolumeClaim": True, "ResourceQuota": True, "LimitRange": True,
    "ServiceAccount": True, "NetworkPolicy": True, "Role": True, "RoleBinding": True, "ExternalSecret": True,
    "SecretStore": True, "Cluster": True, "MariaDB": True, "Database": True, "User": True, "Grant": True,
    "ScheduledBackup": False, "ConfigMap": False, "Service": False, "Deployment": False, "StatefulSet": False,
    "PodDisruptionBudget": False,
}
CLUSTER_SCOPED = {"Namespace", "PersistentVolume"}
# What the customer's project lets through.
WORKLOAD_KINDS = {
    "ConfigMap", "Deployment", "StatefulSet", "Service", "Ingress", "Job", "CronJob", "PodDisruptionBudget",
    "HorizontalPodAutoscaler", "VerticalPodAutoscaler", "ServiceMonitor",
}

PINNED = re.compile(
    r"^[a-z0-9.-]+(\.[a-z]+|:[1-9][0-9]{0,4})/[a-z0-9._/-]+:(?P<tag>[A-Za-z0-9][\w.-]*)(@sha256:[0-9a-f]{64})?$"
)


def base_problems(thing, namespace):
    problems = []
    kind, metadata = thing["kind"], thing["metadata"]
    if kind not in BASE_KINDS:
        problems.append("is a kind that doesn't belong in a base")
    annotations = metadata.get("annotations", {})
    kept = annotations.get(PROTECTED[0]) == (UNDELETED if kind in PRUNED else PROTECTED[1])
    if BASE_KINDS.get(kind) and not kept:
        problems.append("isn't kept when Argo CD deletes or prunes" if kind not in PRUNED else "isn't kept when Argo CD deletes, or not pruned")
    if kept and len(annotations) < 2:
        problems.append("has no annotation beside that, so taking it out leaves an empty map")
    for key in ("customer", "app", "environment", "installation", "instance"):
        if f"deploycenter.dev/{key}" not in metadata.get("labels", {}):
            problems.append(f"has no label deploycenter.dev/{key}")
    if kind in CLUSTER_SCOPED:
        name = metadata["name"]
        if "namespace" in metadata or not (name == namespace or name.startswith(namespace + "--")):
            problems.append(f"is of the whole cluster, so its name must begin with {namespace}")
    elif metadata.get("namespace") != namespace:
        problems.append(f"isn't in the namespace {namespace}")
    if kind == "Namespace" and metadata["labels"].get("pod-security.kubernetes.io/enforce") != "restricted":
        problems.append("doesn't enforce the restricted Pod Security standard")
    if kind == "Role" and thing.get("rules"):
        problems.append("allows something")
    if kind == "Cluster" and "@sha256:" not in thing["spec"]["imageName"]:
        problems.append("takes an image that isn't pinned by digest")
    if kind == "MariaDB":
        pinned = PINNED.match(thing["spec"]["image"])
        if not pinned or pinned["tag"] == "latest":
            problems.append(f"takes {thing['spec']['image']}, which is no full name with an exact tag")
    if kind == "PersistentVolume":
        claim = thing["spec"].get("claimRef", {})
        if claim.get("namespace") != namespace or thing["spec"].get("persistentVolumeReclaimPolicy") != "Retain":
            problems.append("isn't bound to a claim of its own namespace and retained")
        if not re.fullmatch(r"fs-\w+::fsap-\w+", thing["spec"]["csi"]["volumeHandle"]):
            problems.append(f"has the handle {thing['spec']['csi']['volumeHandle']}, not <file system>::<access point>")
    if pod := pod_of(thing):
        problems += pod_problems(pod, serves=True)
    return problems


def pod_of(thing):
    """The pod template's spec, or None."""
    if thing["kind"] == "CronJob":
        return thing["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return thing["spec"].get("template", {}).get("spec") if thing["kind"] in ("Deployment", "StatefulSet", "Job") else None


def containers_of(pod):
    return pod.get("initContainers", []) + pod["containers"]


def workload_problems(thing, namespace):
    problems = []
    kind = thing["kind"]
    if kind not in WORKLOAD_KINDS:
        problems.append("is a kind that the customer's project doesn't let through")
    if thing["metadata"].get("namespace", namespace) != namespace:
        problems.append(f"isn't in the namespace {namespace}")
    if kind == "Ingress":
        covered = {host for entry in thing["spec"].get("tls", []) for host in entry["hosts"]}
        bare = {rule["host"] for rule in thing["spec"]["rules"]} - covered
        if bare or not covered:
            problems.append(f"has no TLS for {', '.join(sorted(bare)) or 'any host'}")
    if pod := pod_of(thing):
        problems += pod_problems(pod, serves=kind in ("Deployment", "StatefulSet"))
    return problems


def pod_problems(pod, serves):
    """The restricted Pod Security standard, and what we ask beyond it."""
    problems = []
    security = pod.get("securityContext", {})
    if not security.get("runAsNonRoot") or security.get("runAsUser", 0) == 0:
        problems.append("may run as root")
    if security.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        problems.append("runs without the default seccomp profile")
    if pod.get("automountServiceAccountToken") is not False:
        problems.append("gets a token of the Kubernetes API")
    for forbidden in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(forbidden):
            problems.append(f"asks for {forbidden}")
    for volume in pod.get("volumes", []):
        if not {"configMap", "secret", "emptyDir", "persistentVolumeClaim", "projected"} & volume.keys():
            problems.append(f"mounts {volume['name']}, which restricted pods may not")
        if "emptyDir" in volume and "sizeLimit" not in (volume["emptyDir"] or {}):
            problems.append(f"the volume {volume['name']} may fill the node's disk")
    for container in containers_of(pod):
        name, own = container["name"], container.get("securityContext", {})
        if own.get("allowPrivilegeEscalation") is not False or own.get("privileged"):
            problems.append(f"{name} may gain privileges")
        if own.get("capabilities", {}) != {"drop": ["ALL"]}:
            problems.append(f"{name} keeps capabilities")
        if own.get("readOnlyRootFilesystem") is not True:
            problems.append(f"{name} may write to its image")
        pinned = PINNED.match(container["image"])
        if not pinned or pinned["tag"] == "latest":
            problems.append(f"{name} takes {container['image']}, which is no full name with an exact tag")
        resources = container.get("resources", {})
        if not {"cpu", "memory"} <= resources.get("requests", {}).keys() or "memory" not in resources.get("limits", {}):
            problems.append(f"{name} says not what it takes (requests for CPU and memory, a limit for memory)")
        if any("hostPort" in port for port in container.get("ports", [])):
            problems.append(f"{name} takes a port of its node")
        for variable in container.get("env", []):
            if re.search(r"PASSWORD|SECRET|TOKEN|SALT|LICENSE|ENCRYPTKEY", variable["name"]) and "value" in variable:
                problems.append(f"{name} has {variable['name']} in plain text")
        if serves and container in pod["containers"] and not {"startupProbe", "livenessProbe", "readinessProbe"} <= container.keys():
            problems.append(f"{name} lacks a probe")
    return problems


def wave_problems(workload):
    """What follows the pods comes in the last wave, alone with what isn't a hook: there
    Argo CD's sync is done once it is applied, and in any other an autoscaler that has no
    measured pods yet is degraded, which fails the sync."""
    def wave(thing):
        return int(thing["metadata"].get("annotations", {}).get("argocd.argoproj.io/sync-wave", "0"))

    def hook(thing):
        return "argocd.argoproj.io/hook" in thing["metadata"].get("annotations", {})

    problems = []
    last = max(map(wave, workload), default=0)
    for thing in workload:
        if thing["kind"] not in ("HorizontalPodAutoscaler", "VerticalPodAutoscaler", "PodDisruptionBudget"):
            continue
        name = f"{thing['kind']}/{thing['metadata']['name']}"
        deployments = [wave(other) for other in workload if other["kind"] == "Deployment"]
        if wave(thing) != last or any(hook(other) for other in workload if wave(other) == last):
            problems.append(f"{name} isn't in the last wave, or with a hook")
        if any(wave(thing) <= other for other in deployments):
            problems.append(f"{name} comes with the pods that it follows, or before")
    return problems


def scaling_problems(workload, application):
    """A Deployment always says `replicas`: taken out of what was applied before, it becomes 1,
    and an autoscaler comes waves later. What the autoscaler sets is left alone by Argo CD,
    which is told so of that Deployment and of no other."""
    scalers = {thing["spec"]["scaleTargetRef"]["name"]: thing["spec"] for thing in workload if thing["kind"] == "HorizontalPodAutoscaler"}
    left = [entry for entry in application["spec"].get("ignoreDifferences", []) if "/spec/replicas" in entry["jsonPointers"]]
    respected = "RespectIgnoreDifferences=true" in application["spec"]["syncPolicy"]["syncOptions"]
    problems = []
    for thing in workload:
        if thing["kind"] not in ("Deployment", "StatefulSet"):
            continue
        name, replicas = f"{thing['kind']}/{thing['metadata']['name']}", thing["spec"].get("replicas")
        scaler = scalers.get(thing["metadata"]["name"])
        is_left = any((entry["group"], entry["kind"]) == ("apps", thing["kind"])
                      and entry.get("name", thing["metadata"]["name"]) == thing["metadata"]["name"] for entry in left)
        if replicas is None:
            problems.append(f"{name} doesn't say how many, so it falls to one pod where it said so before")
        elif scaler and not scaler["minReplicas"] <= replicas <= scaler["maxReplicas"]:
            problems.append(f"{name} begins with {replicas} pods, out of its autoscaler's bounds")
        if scaler and not (is_left and respected):
            problems.append(f"{name} is put back from what its autoscaler sets by each sync")
        if is_left and not scaler:
            problems.append(f"{name} has no autoscaler, and Argo CD leaves its number of pods alone")
    return problems


def reference_problems(base, workload):
    """What the workload refers to and nobody makes."""
    problems = []
    by_kind = {}
    for thing in base + workload:
        by_kind.setdefault(thing["kind"], {})[thing["metadata"]["name"]] = thing
    secrets = {}
    for external in by_kind.get("ExternalSecret", {}).values():
        secrets[external["spec"]["target"]["name"]] = {entry["secretKey"] for entry in external["spec"]["data"]}
    for cluster in by_kind.get("Cluster", {}):
        secrets[f"{cluster}-app"] = {"username", "password", "uri", "jdbc-uri", "host", "port", "dbname", "user", "pgpass"}
        secrets[f"{cluster}-ca"] = {"ca.crt"}

    for server in by_kind.get("MariaDB", {}).values():
        root = server["spec"]["rootPasswordSecretKeyRef"]
        secrets[root["name"]] = {root["key"]}

    def need(kind, name, user):
        if name not in by_kind.get(kind, {}):
            problems.append(f"{user} refers to the {kind} {name}, which nothing makes")

    def need_secret(name, key, user):
        if key not in secrets.get(name, ()):
            problems.append(f"{user} refers to the key {key} of the secret {name}, which nothing makes")

    for account in by_kind.get("ServiceAccount", {}).values():
        for reference in account.get("imagePullSecrets", []):
            need_secret(reference["name"], ".dockerconfigjson", f"ServiceAccount/{account['metadata']['name']}")

    scaled = {hpa["spec"]["scaleTargetRef"]["name"] for hpa in by_kind.get("HorizontalPodAutoscaler", {}).values()}
    for deployment in by_kind.get("Deployment", {}).values():
        name = deployment["metadata"]["name"]
    for vpa in by_kind.get("VerticalPodAutoscaler", {}).values():
        need(vpa["spec"]["targetRef"]["kind"], vpa["spec"]["targetRef"]["name"], "VerticalPodAutoscaler")
    for name in scaled:
        need("Deployment", name, "HorizontalPodAutoscaler")

    pods = {}
    for thing in base + workload:
        pod = pod_of(thing)
        if not pod:
            continue
        user = f"{thing['kind']}/{thing['metadata']['name']}"
        template = thing["spec"].get("template") or thing["spec"]["jobTemplate"]["spec"]["template"]
        pods[user] = (template["metadata"]["labels"], {port.get("name") for c in pod["containers"] for port in c.get("ports", [])})
        need("ServiceAccount", pod.get("serviceAccountName", "default"), user)
        declared = {volume["name"] for volume in pod.get("volumes", [])}
        for volume in pod.get("volumes", []):
            if claim := volume.get("persistentVolumeClaim"):
                need("PersistentVolumeClaim", claim["claimName"], user)
            if config := volume.get("configMap"):
                need("ConfigMap", config["name"], user)
            if secret := volume.get("secret"):
                for item in secret.get("items", [{"key": "?"}]):
                    need_secret(secret["secretName"], item["key"], user)
        for container in containers_of(pod):
            for mount in container.get("volumeMounts", []):
                if mount["name"] not in declared:
                    problems.append(f"{user} mounts {mount['name']}, which is no volume of it")
            for source in container.get("envFrom", []):
                if "configMapRef" in source:
                    need("ConfigMap", source["configMapRef"]["name"], user)
                else:
                    problems.append(f"{user} takes a whole secret into its environment")
            for variable in container.get("env", []):
                if reference := variable.get("valueFrom", {}).get("secretKeyRef"):
                    need_secret(reference["name"], reference["key"], user)

    for service in by_kind.get("Service", {}).values():
        name, wanted = service["metadata"]["name"], service["spec"]["selector"].items()
        chosen = [ports for labels, ports in pods.values() if wanted <= labels.items()]
        if not chosen:
            problems.append(f"Service/{name} selects no pod")
        for port in service["spec"]["ports"]:
            if isinstance(port.get("targetPort"), str) and not any(port["targetPort"] in ports for ports in chosen):
                problems.append(f"Service/{name} forwards to the port {port['targetPort']}, which no pod has")
    for ingress in by_kind.get("Ingress", {}).values():
        for rule in ingress["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                need("Service", path["backend"]["service"]["name"], "Ingress")
    for thing in (t for t in workload if t["kind"] in ("PodDisruptionBudget", "ServiceMonitor")):
        wanted = thing["spec"]["selector"]["matchLabels"].items()
        among = pods.values() if thing["kind"] == "PodDisruptionBudget" else [(s["metadata"]["labels"], 0) for s in by_kind.get("Service", {}).values()]
        if not any(wanted <= entry[0].items() for entry in among):
            problems.append(f"{thing['kind']}/{thing['metadata']['name']} selects nothing")

    for account in by_kind.get("User", {}).values():
        password = account["spec"]["passwordSecretKeyRef"]
        need_secret(password["name"], password["key"], f"User/{account['metadata']['name']}")
        need("MariaDB", account["spec"]["mariaDbRef"]["name"], f"User/{account['metadata']['name']}")

    policies = by_kind.get("NetworkPolicy", {}).values()
    if not any(p["spec"]["podSelector"] == {} and set(p["spec"]["policyTypes"]) == {"Ingress", "Egress"}
               and not p["spec"].get("ingress") and not p["spec"].get("egress") for p in policies):
        problems.append("no network policy denies by default")
    for kind in ("Namespace", "ResourceQuota", "LimitRange"):
        if kind not in by_kind:
            problems.append(f"the base has no {kind}")
    return problems
