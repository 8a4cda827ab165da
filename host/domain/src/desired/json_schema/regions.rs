//! `regions.yaml`.

use serde_json::{Map, Value, json};

use super::{described, forms, object, version, with};
use crate::desired::AddonNamespaces;
use crate::desired::regions_cluster::COUNT_MAX;

/// The file.
pub(super) fn schema() -> Map<String, Value> {
    let mut root = object(
        "Regions",
        "Where customers run, and the hosted zones of their domains.",
        &["version", "regions"],
        json!({
            "version": version(),
            "hostedZones": {
                "title": "Hosted zones",
                "description": "The zones of Route 53 in which instances' domains lie.",
                "type": ["array", "null"],
                "items": hosted_zone(),
            },
            "regions": {
                "title": "Regions",
                "description": "By name. A name that isn't AWS's own needs awsRegion.",
                "type": "object",
                "propertyNames": forms::region_name(),
                "patternProperties": { (forms::AWS_REGION): { "$ref": "#/$defs/region" } },
                "additionalProperties": { "$ref": "#/$defs/region", "required": ["awsRegion"] },
            },
        }),
    );
    root.insert("$defs".to_owned(), json!({ "region": region() }));
    root
}

fn account() -> Value {
    described(
        forms::account(),
        "Account",
        "The AWS account: 12 digits in double quotes.",
    )
}

fn hosted_zone() -> Map<String, Value> {
    object(
        "Hosted zone",
        "A public hosted zone of Route 53.",
        &["name", "id", "account", "roleArn"],
        json!({
            "name": described(forms::domain(), "Name", "The zone's domain."),
            "id": described(forms::zone_id(), "Id", "The zone's id, without /hostedzone/."),
            "account": account(),
            "roleArn": described(
                forms::role_arn(),
                "Role",
                "The role to take for changes to the zone; of the same account.",
            ),
        }),
    )
}

fn region() -> Value {
    let mut region = object(
        "Region",
        "A place where customers run: an AWS region and a Kubernetes cluster in it.",
        &["account", "roleArn", "cluster", "ingress"],
        json!({
            "awsRegion": described(
                forms::aws_region(),
                "AWS region",
                "AWS's name for it, where this region's own name is another.",
            ),
            "account": account(),
            "roleArn": described(
                forms::role_arn(),
                "Role",
                "The role to take for file systems and secrets; of the same account.",
            ),
            "cluster": object(
                "Cluster",
                "The Kubernetes cluster as Argo CD knows it.",
                &["name", "server"],
                json!({
                    "name": described(forms::any_text(), "Name", "The cluster's name."),
                    "server": described(forms::url(), "Server", "The URL of its API server."),
                    "namespaces": namespaces(),
                    "quota": object(
                        "Quota",
                        "What the operator says of the quota of each instance, beside what its app declares.",
                        &[],
                        json!({
                            "most": figures("At most", "What an app may declare; what declares more isn't deployed."),
                            "extra": figures("On top", "What comes on top of what an app declares, such as for what the operator injects into pods."),
                        }),
                    ),
                }),
            ),
            "ingress": ingress(),
            "efs": efs(),
            "addons": {
                "title": "Add-ons",
                "description": "What is installed in the cluster; `validate` tells of an app that needs another. Without this key nothing is checked.",
                "type": ["array", "null"],
                "items": with(
                    forms::any_text(),
                    "examples",
                    json!(["cloudnative-pg", "mariadb-operator", "external-secrets", "cert-manager", "efs-csi"]),
                ),
            },
            "storage": storage(),
        }),
    );
    let dedicated =
        json!({ "properties": { "kind": { "const": "dedicated" } }, "required": ["kind"] });
    let has_dedicated = json!({
        "properties": {
            "storage": { "type": "object", "not": { "additionalProperties": { "not": dedicated } } },
        },
        "required": ["storage"],
    });
    let list = json!({ "type": "array", "minItems": 1 });
    let whole = json!({
        "required": ["efs"],
        "properties": {
            "efs": {
                "type": "object",
                "required": ["subnets", "securityGroups"],
                "properties": { "subnets": list, "securityGroups": list },
            },
        },
    });
    region.insert("if".to_owned(), has_dedicated);
    region.insert("then".to_owned(), whole);
    Value::Object(region)
}

/// Where add-ons live; the network policies of instances let them in.
fn namespaces() -> Map<String, Value> {
    let defaults = AddonNamespaces::default();
    let namespace = |title: &str, whose: &str, default: &str| {
        let form = described(
            forms::namespace(),
            title,
            &format!("Where {whose} runs; the network policies of instances let it in."),
        );
        with(form, "default", default)
    };
    object(
        "Namespaces of add-ons",
        "Where the cluster's add-ons live, if not where their own charts put them.",
        &[],
        json!({
            "ingress": namespace("Ingress", "the ingress controller", &defaults.ingress),
            "mariadbOperator": namespace("MariaDB", "mariadb-operator", &defaults.mariadb_operator),
            "monitoring": namespace("Monitoring", "Prometheus", &defaults.monitoring),
            "postgresOperator": namespace("PostgreSQL", "CloudNativePG's operator", &defaults.postgres_operator),
        }),
    )
}

fn figures(title: &str, description: &str) -> Map<String, Value> {
    let size = |title: &str, what: &str| described(forms::quantity(), title, what);
    let count = |title: &str, what: &str| {
        json!({
            "title": title,
            "description": what,
            "type": "integer",
            "minimum": 0,
            "maximum": COUNT_MAX,
        })
    };
    object(
        title,
        description,
        &[],
        json!({
            "cpu": described(forms::cores(), "CPU", "Requested cores of all pods together."),
            "memory": size("Memory", "Requested memory of all pods together."),
            "memoryLimit": size("Memory limit", "The sum of all pods' memory limits."),
            "storage": size("Storage", "Of all claims together."),
            "pods": count("Pods", "Pods at once."),
            "claims": count("Claims", "Persistent volume claims."),
        }),
    )
}

fn ingress() -> Map<String, Value> {
    let mut ingress = object(
        "Ingress",
        "How traffic gets in: by addresses, or by a load balancer's alias.",
        &["class", "clusterIssuer"],
        json!({
            "class": described(forms::any_text(), "Class", "The ingress class."),
            "ipv4": {
                "title": "Addresses",
                "description": "Where the records of domains point. In place of alias.",
                "type": "array",
                "minItems": 1,
                "uniqueItems": true,
                "items": forms::ipv4(),
            },
            "ipv6": {
                "title": "IPv6 addresses",
                "description": "Where AAAA records of domains point, beside ipv4; without this key there are none.",
                "type": "array",
                "minItems": 1,
                "uniqueItems": true,
                "items": forms::ipv6(),
            },
            "ttl": {
                "title": "TTL",
                "description": "Seconds that resolvers may keep an address.",
                "type": "integer",
                "minimum": 1,
                "maximum": 86_400,
                "default": 60,
            },
            "alias": object(
                "Alias",
                "The load balancer that records point to. In place of ipv4.",
                &["dnsName", "hostedZoneId"],
                json!({
                    "dnsName": described(forms::domain(), "DNS name", "The load balancer's."),
                    "hostedZoneId": described(
                        forms::zone_id(),
                        "Hosted zone",
                        "The id of the load balancer's own zone, which AWS lists by region.",
                    ),
                    "evaluateTargetHealth": {
                        "title": "Evaluate target health",
                        "description": "Whether Route 53 leaves it out while it isn't healthy.",
                        "type": "boolean",
                        "default": true,
                    },
                    "dualStack": {
                        "title": "Dual-stack",
                        "description": "Whether the load balancer has IPv6, too: domains get an AAAA record beside their A.",
                        "type": "boolean",
                        "default": false,
                    },
                }),
            ),
            "clusterIssuer": described(
                forms::any_text(),
                "Issuer",
                "cert-manager's cluster issuer for certificates.",
            ),
            "challenge": {
                "title": "Challenge",
                "description": "How that issuer shows that a domain is ours. Where several regions answer one domain, only dns-01 gets each cluster its certificate; `validate` and `plan` say so.",
                "type": "string",
                "enum": ["http-01", "dns-01"],
            },
            "maxBodySize": with(
                described(
                    forms::quantity(),
                    "Largest body",
                    "The largest request body that gets through; apps' upload limits stay below.",
                ),
                "examples",
                json!(["2Gi"]),
            ),
        }),
    );
    ingress.insert(
        "oneOf".to_owned(),
        json!([
            { "required": ["ipv4"] },
            { "required": ["alias"], "properties": { "ttl": false, "ipv6": false } },
        ]),
    );
    ingress
}

fn efs() -> Value {
    let ids = |prefix: &str, title: &str, description: &str| {
        json!({
            "title": title,
            "description": description,
            "type": ["array", "null"],
            "uniqueItems": true,
            "items": forms::aws_id(prefix),
        })
    };
    let mut efs = object(
        "EFS",
        "For file systems of an instance's own; a dedicated storage class needs it.",
        &[],
        json!({
            "subnets": ids("subnet-", "Subnets", "One for each availability zone: each gets a mount target."),
            "securityGroups": ids("sg-", "Security groups", "Of the mount targets."),
            "performanceMode": {
                "title": "Performance mode",
                "description": "EFS has no maxIO with elastic throughput.",
                "type": "string",
                "enum": ["generalPurpose", "maxIO"],
                "default": "generalPurpose",
            },
            "throughputMode": {
                "title": "Throughput mode",
                "description": "elastic is paid by use; bursting grows with the size.",
                "type": "string",
                "enum": ["elastic", "bursting"],
                "default": "elastic",
            },
            "kmsKeyId": described(
                forms::kms_key(),
                "KMS key",
                "The ARN of the key that encrypts; AWS's own for EFS when absent.",
            ),
        }),
    );
    efs.insert(
        "if".to_owned(),
        json!({ "properties": { "performanceMode": { "const": "maxIO" } }, "required": ["performanceMode"] }),
    );
    efs.insert(
        "then".to_owned(),
        json!({ "properties": { "throughputMode": { "const": "bursting" } }, "required": ["throughputMode"] }),
    );
    efs.insert("type".to_owned(), json!(["object", "null"]));
    Value::Object(efs)
}

fn storage() -> Value {
    let mut class = object(
        "Storage class",
        "Where an instance's files lie.",
        &["kind"],
        json!({
            "kind": {
                "title": "Kind",
                "description": "dedicated: a file system of each instance's own. existing: an access point on yours.",
                "type": "string",
                "enum": ["dedicated", "existing"],
            },
            "fileSystemId": described(
                forms::aws_id("fs-"),
                "File system",
                "Yours, for an existing class; only access points on it are made.",
            ),
            "default": {
                "title": "Default",
                "description": "Whether volumes that name no class get this one; at most one says so.",
                "type": "boolean",
                "default": false,
            },
        }),
    );
    class.insert(
        "if".to_owned(),
        json!({ "properties": { "kind": { "const": "existing" } }, "required": ["kind"] }),
    );
    class.insert("then".to_owned(), json!({ "required": ["fileSystemId"] }));
    class.insert(
        "else".to_owned(),
        json!({ "properties": { "fileSystemId": false } }),
    );
    json!({
        "title": "Storage classes",
        "description": "By name; apps' values name them as storage.class.",
        "type": ["object", "null"],
        "propertyNames": { "pattern": forms::SHORT_NAME },
        "additionalProperties": class,
    })
}
