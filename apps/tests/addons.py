"""The kinds of add-ons, held against what their operators define and against what we ask.

`definitions/` has what each operator's own resource definition says of the fields that our
objects use (`sources.json`: project and version; `distil.py` writes it anew). A field that
isn't there is a slip, or one that our objects use for the first time. `OURS` is what we ask
beyond that.
"""

import json
from pathlib import Path

import jsonschema

FOLDER = Path(__file__).parent / "definitions"
SOURCES = json.loads((FOLDER / "sources.json").read_text())


def closed(schema):
    """An operator's schema in which a field that it doesn't have is a problem, as under
    strict validation."""
    closed_one = {key: value for key, value in schema.items() if not key.startswith("x-kubernetes-") and key != "format"}
    if schema.get("x-kubernetes-int-or-string"):
        closed_one["type"] = ["integer", "string"]
    if "properties" in schema:
        closed_one["properties"] = {name: closed(inner) for name, inner in schema["properties"].items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            closed_one["additionalProperties"] = False
    if isinstance(schema.get("additionalProperties"), dict):
        closed_one["additionalProperties"] = closed(schema["additionalProperties"])
    if "items" in schema:
        closed_one["items"] = closed(schema["items"])
    return closed_one


def asked(required=(), /, **properties):
    """What we ask of an object; fields that aren't named are the operator's business."""
    return {"type": "object", "required": list(required), "properties": properties}


TEXT, MAP = {"type": "string", "minLength": 1}, {"type": "object", "additionalProperties": {"type": "string"}}
RESOURCES = asked(["requests", "limits"], requests=MAP, limits=MAP)
# What the restricted Pod Security standard asks, which no webhook of the operator fills in.
RESTRICTED = asked(["allowPrivilegeEscalation", "capabilities"], allowPrivilegeEscalation={"const": False},
                   capabilities=asked(["drop"], drop={"const": ["ALL"]}))
# Helpers that work with the operator are of its own release, so theirs is its image.
HELPER = asked(["image", "securityContext", "resources"], securityContext=RESTRICTED, resources=RESOURCES)
OF_OURS = asked(["name"], name={"const": "mariadb"})
# Deleting the object must not drop what it stands for.
KEEPS = {"const": "Skip"}

OURS = {
    "Cluster": asked(["instances", "imageName", "storage", "bootstrap", "resources"], enableSuperuserAccess={"const": False}, resources=RESOURCES),
    "MariaDB": asked(
        ["image", "replicas", "rootPasswordSecretKeyRef", "storage", "resources", "podSecurityContext", "securityContext"],
        rootPasswordSecretKeyRef=asked(["name", "key", "generate"], generate={"const": True}),
        resources=RESOURCES,
        podSecurityContext=asked(
            ["runAsNonRoot", "runAsUser", "seccompProfile"], runAsNonRoot={"const": True}, runAsUser={"type": "integer", "minimum": 1},
            seccompProfile=asked(["type"], type={"const": "RuntimeDefault"})),
        securityContext=RESTRICTED,
        replication=asked(["enabled", "initContainer", "agent"], initContainer=HELPER, agent=HELPER)),
    "Database": asked(["mariaDbRef", "cleanupPolicy"], mariaDbRef=OF_OURS, cleanupPolicy=KEEPS),
    "User": asked(["mariaDbRef", "passwordSecretKeyRef", "cleanupPolicy"], mariaDbRef=OF_OURS, cleanupPolicy=KEEPS,
                  passwordSecretKeyRef=asked(["name", "key"], name=TEXT, key=TEXT)),
    "Grant": asked(["mariaDbRef", "cleanupPolicy"], mariaDbRef=OF_OURS, cleanupPolicy=KEEPS),
    "SecretStore": asked(["provider"], provider={"maxProperties": 1, **asked(["aws"], aws=asked(["service"], service={"const": "SecretsManager"}))}),
    "ExternalSecret": asked(
        ["secretStoreRef", "target", "data"], secretStoreRef=asked(["kind"], kind={"const": "SecretStore"}),
        target=asked(["name"], creationPolicy={"const": "Owner"}, deletionPolicy={"const": "Retain"}),
        data={"type": "array", "minItems": 1, "items": asked(["remoteRef"], remoteRef=asked(["key", "property"]))}),
    "VerticalPodAutoscaler": asked(["targetRef"]),
    "ServiceMonitor": asked(["selector", "endpoints"], endpoints={"type": "array", "minItems": 1}),
}

METADATA = {"type": "object", "additionalProperties": False, "required": ["name"],
            "properties": {"name": TEXT, "namespace": TEXT, "labels": MAP, "annotations": MAP}}


def whole(spec):
    return {"type": "object", "additionalProperties": False, "required": ["spec"],
            "properties": {"apiVersion": TEXT, "kind": TEXT, "metadata": METADATA, "spec": spec}}


VALIDATORS = {
    (source["apiVersion"], kind): [
        jsonschema.Draft202012Validator(whole(closed(json.loads((FOLDER / f"{kind}.json").read_text())))),
        jsonschema.Draft202012Validator(whole(OURS[kind])),
    ]
    for kind, source in SOURCES.items()
}
ADDON_KINDS = VALIDATORS.keys()


def addon_problems(thing):
    """What is wrong with an object of a kind in ADDON_KINDS."""
    return [f"{'.'.join(map(str, error.path))}: {error.message}"
            for validator in VALIDATORS[thing["apiVersion"], thing["kind"]] for error in validator.iter_errors(thing)]
