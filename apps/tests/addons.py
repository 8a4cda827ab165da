"""Small strict schemas for the kinds of add-ons, whose own need a cluster to fetch.

They hold what our manifests use, no more: a key that isn't here is either a slip or a
reason to look it up in the add-on's reference and add it. Names and types are those of
CloudNativePG 1.27, mariadb-operator 25.10, External Secrets 0.17 (v1), the vertical
autoscaler 1.4 and the Prometheus operator 0.80, or newer.
"""

import jsonschema

TEXT, NUMBER, SWITCH = {"type": "string", "minLength": 1}, {"type": "integer"}, {"type": "boolean"}


def closed(required, /, **properties):
    return {"type": "object", "additionalProperties": False, "required": required, "properties": properties}


def several(item):
    return {"type": "array", "items": item, "minItems": 1}


def one_of(*values):
    return {"enum": list(values)}


MAP = {"type": "object", "additionalProperties": {"type": "string"}}
QUANTITIES = {"type": "object", "additionalProperties": {"type": "string", "pattern": r"^[0-9.]+(m|Ki|Mi|Gi|Ti)?$"}}
RESOURCES = closed(["requests", "limits"], requests=QUANTITIES, limits=QUANTITIES)
SELECTOR = closed(["matchLabels"], matchLabels=MAP)
# What the restricted Pod Security standard asks, which no webhook of the operator fills in.
RESTRICTED = closed(["allowPrivilegeEscalation", "capabilities"], allowPrivilegeEscalation={"const": False},
                    capabilities=closed(["drop"], drop={"const": ["ALL"]}))
HELPER = closed(["securityContext", "resources"], securityContext=RESTRICTED, resources=RESOURCES,
                basicAuth=closed(["enabled"], enabled=SWITCH))
MARIADB_REF = closed(["name"], name={"const": "mariadb"})
SCALED = closed(["apiVersion", "kind", "name"], apiVersion=TEXT, kind=TEXT, name=TEXT)

ADDON_KINDS = {
    ("postgresql.cnpg.io/v1", "Cluster"): closed(
        ["instances", "imageName", "storage", "bootstrap"],
        imageName=TEXT,
        instances={"type": "integer", "minimum": 1},
        enablePDB=SWITCH,
        enableSuperuserAccess={"const": False},
        primaryUpdateStrategy=one_of("unsupervised", "supervised"),
        bootstrap=closed(["initdb"], initdb=closed(["database", "owner"], database=TEXT, owner=TEXT, dataChecksums=SWITCH,
                                                   encoding=TEXT, localeCollate=TEXT, localeCType=TEXT)),
        storage=closed(["size"], size=TEXT, storageClass=TEXT),
        resources=RESOURCES,
        affinity=closed([], enablePodAntiAffinity=SWITCH, podAntiAffinityType=one_of("preferred", "required"), topologyKey=TEXT),
        postgresql=closed(["parameters"], parameters=MAP),
    ),
    ("k8s.mariadb.com/v1alpha1", "MariaDB"): closed(
        ["image", "replicas", "rootPasswordSecretKeyRef", "storage", "podSecurityContext", "securityContext"],
        image=TEXT,
        imagePullPolicy=one_of("IfNotPresent"),
        replicas={"type": "integer", "minimum": 1},
        rootPasswordSecretKeyRef=closed(["name", "key", "generate"], name=TEXT, key=TEXT, generate={"const": True}),
        storage=closed(["size"], size=TEXT, storageClassName=TEXT),
        resources=RESOURCES,
        podSecurityContext=closed(
            ["runAsNonRoot", "runAsUser", "seccompProfile"], runAsNonRoot={"const": True}, runAsUser={"type": "integer", "minimum": 1},
            runAsGroup=NUMBER, fsGroup=NUMBER, fsGroupChangePolicy=one_of("OnRootMismatch", "Always"),
            seccompProfile=closed(["type"], type={"const": "RuntimeDefault"})),
        securityContext=RESTRICTED,
        myCnf=TEXT,
        tls=closed(["enabled"], enabled=SWITCH, required=SWITCH),
        updateStrategy=closed(["type"], type=one_of("ReplicasFirstPrimaryLast", "RollingUpdate", "OnDelete", "Never")),
        affinity=closed([], antiAffinityEnabled=SWITCH),
        podDisruptionBudget=closed([], maxUnavailable=NUMBER),
        replication=closed(["enabled", "initContainer", "agent"], enabled=SWITCH, initContainer=HELPER, agent=HELPER),
    ),
    ("k8s.mariadb.com/v1alpha1", "Database"): closed(
        ["mariaDbRef"], mariaDbRef=MARIADB_REF, characterSet=TEXT, collate=TEXT, cleanupPolicy=one_of("Skip")),
    ("k8s.mariadb.com/v1alpha1", "User"): closed(
        ["mariaDbRef", "passwordSecretKeyRef"], mariaDbRef=MARIADB_REF, passwordSecretKeyRef=closed(["name", "key"], name=TEXT, key=TEXT),
        host=TEXT, maxUserConnections=NUMBER, cleanupPolicy=one_of("Skip")),
    ("k8s.mariadb.com/v1alpha1", "Grant"): closed(
        ["mariaDbRef", "privileges", "username"], mariaDbRef=MARIADB_REF, privileges=several(TEXT), database=TEXT, table=TEXT,
        username=TEXT, host=TEXT, cleanupPolicy=one_of("Skip")),
    ("external-secrets.io/v1", "SecretStore"): closed(
        ["provider"], provider=closed(["aws"], aws=closed(["service", "region"], service=one_of("SecretsManager"), region=TEXT)),
    ),
    ("external-secrets.io/v1", "ExternalSecret"): closed(
        ["secretStoreRef", "target", "data"],
        refreshInterval=TEXT,
        secretStoreRef=closed(["kind", "name"], kind=one_of("SecretStore"), name=TEXT),
        target=closed(["name"], name=TEXT, creationPolicy=one_of("Owner"), deletionPolicy=one_of("Retain")),
        data=several(closed(["secretKey", "remoteRef"], secretKey=TEXT, remoteRef=closed(
            ["key", "property"], key=TEXT, property=TEXT, conversionStrategy=one_of("Default"), decodingStrategy=one_of("None"),
            metadataPolicy=one_of("None")))),
    ),
    ("autoscaling.k8s.io/v1", "VerticalPodAutoscaler"): closed(
        ["targetRef"],
        targetRef=SCALED,
        updatePolicy=closed(["updateMode"], updateMode=one_of("Off", "Initial", "Recreate", "InPlaceOrRecreate")),
        resourcePolicy=closed(["containerPolicies"], containerPolicies=several(closed(
            ["containerName"], containerName=TEXT, controlledValues=one_of("RequestsOnly", "RequestsAndLimits"),
            minAllowed=QUANTITIES, maxAllowed=QUANTITIES))),
    ),
    ("monitoring.coreos.com/v1", "ServiceMonitor"): closed(
        ["selector", "endpoints"],
        selector=SELECTOR,
        endpoints=several(closed(["port"], port=TEXT, interval={"type": "string", "pattern": "^[0-9]+s$"}, path=TEXT)),
    ),
}

METADATA = closed(["name"], name=TEXT, namespace=TEXT, labels=MAP, annotations=MAP)


def addon_problems(thing):
    """What is wrong with an object of a kind in ADDON_KINDS."""
    spec = ADDON_KINDS[thing["apiVersion"], thing["kind"]]
    whole = closed(["spec"], apiVersion=TEXT, kind=TEXT, metadata=METADATA, spec=spec)
    return [f"{'.'.join(map(str, error.path))}: {error.message}" for error in jsonschema.Draft202012Validator(whole).iter_errors(thing)]
