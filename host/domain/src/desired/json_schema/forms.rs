//! The forms of names, domains, ids and addresses as JSON schemas: what `name` and
//! `formats` check. The patterns are plain ones that every dialect of regular expressions
//! has; `tests` holds them against the checks.

use serde_json::{Value, json};

use super::with;
use crate::desired::formats::DOMAIN_MAX;
use crate::name::{LABEL_MAX, RESERVED, RESERVED_PREFIXES};

/// A text of a form. `wanted` is what editors say of one that isn't.
fn text(pattern: &str, wanted: &str) -> Value {
    json!({ "type": "string", "pattern": pattern, "patternErrorMessage": wanted })
}

/// A form without what another schema takes. In place of `not`, of which editors say
/// nothing that helps.
fn but(mut form: Value, taken: Value, wanted: &str) -> Value {
    // No form here takes the empty text.
    let never = json!({ "pattern": "^$", "patternErrorMessage": wanted });
    form = with(form, "if", taken);
    with(form, "then", never)
}

/// A text that isn't empty.
pub(super) fn any_text() -> Value {
    text("[^\\s]", "must not be empty")
}

/// A DNS label without `--`.
pub(super) fn label() -> Value {
    let form = text(
        "^[a-z0-9]+(-[a-z0-9]+)*$",
        "only a-z, 0-9 and single hyphens between them",
    );
    with(form, "maxLength", LABEL_MAX)
}

/// A label that isn't reserved.
pub(super) fn own_label() -> Value {
    let prefixes = format!("^({})", RESERVED_PREFIXES.join("|"));
    let reserved = json!({ "anyOf": [{ "enum": RESERVED }, { "pattern": prefixes }] });
    but(label(), reserved, "is reserved")
}

/// A region's name: a label that leaves room for what is derived from it.
pub(super) fn region_name() -> Value {
    with(label(), "maxLength", crate::desired::regions::NAME_MAX)
}

/// The id of an installation.
pub(super) fn installation() -> Value {
    with(with(label(), "minLength", 4), "maxLength", 32)
}

/// A domain; not the address of a machine.
pub(super) fn domain() -> Value {
    const LABEL: &str = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
    let form = text(
        &format!("^({LABEL}\\.)+{LABEL}$"),
        "must be a domain such as erp.acme.apps.example.com",
    );
    let form = with(form, "maxLength", DOMAIN_MAX);
    let address = json!({ "pattern": "\\.[0-9]+$" });
    but(form, address, "ends in a number, as only an address does")
}

/// That a domain lies in one of these zones. Case doesn't matter, which a pattern has to
/// spell out.
pub(super) fn in_zones(zones: &[String]) -> Value {
    let spelled: Vec<String> = zones
        .iter()
        .map(|zone| {
            zone.chars()
                .map(|c| match c {
                    c if c.is_ascii_alphabetic() => {
                        format!("[{}{}]", c.to_ascii_lowercase(), c.to_ascii_uppercase())
                    }
                    '.' => "\\.".to_owned(),
                    // Digits and hyphens: a zone's name is a domain.
                    c => c.to_string(),
                })
                .collect()
        })
        .collect();
    json!({
        "pattern": format!("(^|\\.)({})$", spelled.join("|")),
        "patternErrorMessage": format!(
            "must lie in a hosted zone of regions.yaml: {}; a name of the customer's own goes under aliases",
            zones.join(", "),
        ),
    })
}

/// The number of an AWS account.
pub(super) fn account() -> Value {
    text("^[0-9]{12}$", "must be 12 digits, in double quotes")
}

/// The ARN of a role.
pub(super) fn role_arn() -> Value {
    text(
        "^arn:aws[!-9;-~]*:iam::[0-9]{12}:role/[!-~]+$",
        "must be a role's ARN such as arn:aws:iam::111122223333:role/deploycenter",
    )
}

/// The ARN of a KMS key.
pub(super) fn kms_key() -> Value {
    text(
        "^arn:aws[!-9;-~]*:kms:[!-9;-~]+:[0-9]{12}:key/[!-~]+$",
        "must be a key's ARN such as arn:aws:kms:us-west-2:111122223333:key/…",
    )
}

/// What a name of AWS's regions is.
pub(super) const AWS_REGION: &str = "^[a-z]+(-[a-z]+)+-[0-9]{1,2}$";

/// AWS's name of a region.
pub(super) fn aws_region() -> Value {
    text(AWS_REGION, "must be an AWS region such as eu-west-3")
}

/// The id of a hosted zone.
pub(super) fn zone_id() -> Value {
    text(
        "^[A-Z0-9]{1,32}$",
        "must be a hosted zone's id such as Z0123456789ABC",
    )
}

/// An IPv4 address.
pub(super) fn ipv4() -> Value {
    const OCTET: &str = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
    text(
        &format!("^{OCTET}(\\.{OCTET}){{3}}$"),
        "must be an IPv4 address such as 198.51.100.20",
    )
}

/// An IPv6 address in hexadecimal digits.
pub(super) fn ipv6() -> Value {
    const GROUP: &str = "[0-9A-Fa-f]{1,4}";
    // Groups before and after the two colons that stand for at least one.
    let around = (1..=6).map(|before| {
        let after = 7 - before;
        format!("({GROUP}:){{1,{before}}}(:{GROUP}){{1,{after}}}")
    });
    let mut ways = vec![
        format!("({GROUP}:){{7}}{GROUP}"),
        format!("({GROUP}:){{1,7}}:"),
        format!(":(:{GROUP}){{1,7}}"),
        "::".to_owned(),
    ];
    ways.extend(around);
    text(
        &format!("^({})$", ways.join("|")),
        "must be an IPv6 address such as 2001:db8::20",
    )
}

/// A URL without user information.
pub(super) fn url() -> Value {
    text(
        "^https?://(\\[[0-9A-Fa-f:.]{2,45}\\]|[A-Za-z0-9\\-_~%+=;&$])[A-Za-z0-9\\-._~:/%+=;&$]*$",
        "must be a URL such as https://cluster.example.com",
    )
}

/// `subnet-…`, `sg-…`, `fs-…`.
pub(super) fn aws_id(prefix: &str) -> Value {
    text(
        &format!("^{prefix}[0-9a-f]{{8,40}}$"),
        &format!("must be an id such as {prefix}0123456789abcdef0"),
    )
}

/// A size as Kubernetes writes it.
pub(super) fn quantity() -> Value {
    text(
        "^[0-9]{1,15}(Ki|Mi|Gi|Ti|k|M|G|T)?$",
        "must be a size in double quotes or with a unit, such as 512Mi or 2Gi",
    )
}

/// A number of cores as Kubernetes writes it.
pub(super) fn cores() -> Value {
    text(
        "^[0-9]{1,9}m?$",
        "must be a number of cores in double quotes, such as \"4\" or 1500m",
    )
}

/// The name of a Kubernetes namespace of the platform.
pub(super) fn namespace() -> Value {
    with(
        text(
            "^[a-z0-9]+(-[a-z0-9]+)*$",
            "must be a namespace such as ingress-nginx",
        ),
        "maxLength",
        LABEL_MAX,
    )
}

/// What a name within a target is.
pub(super) const SHORT_NAME: &str = "^[a-z0-9-]{1,40}$";

/// A name of a remote or branch that git takes.
pub(super) fn ref_name() -> Value {
    let form = text(
        "^[A-Za-z0-9_][A-Za-z0-9_./-]*$",
        "must be a name that git takes",
    );
    let refused = json!({ "pattern": "\\.\\.|//|[/.]$|\\.lock$" });
    but(form, refused, "must be a name that git takes")
}

/// A name of a branch that isn't where the generated ones are.
pub(super) fn main_branch() -> Value {
    let form = text(
        "^[A-Za-z0-9_][A-Za-z0-9_./-]*$",
        "must be a name that git takes",
    );
    let refused = json!({ "pattern": "\\.\\.|//|[/.]$|\\.lock$|^customer(/|$)" });
    but(
        form,
        refused,
        "must be a name that git takes, and none of customer/…, where generated branches are",
    )
}

/// Host and port, or a URL.
pub(super) fn server_address() -> Value {
    let form = text(
        "^[A-Za-z0-9.:\\[\\]_-][A-Za-z0-9./:\\[\\]_-]*$",
        "must be an address such as argocd.example.com",
    );
    let no_host = json!({ "pattern": "^https?://(/|$)" });
    but(form, no_host, "has no host")
}

/// A repository as git takes it, without a login.
pub(super) fn repository_address() -> Value {
    let form = text("^\\S(.*\\S)?$", "must be an address of a git repository");
    let taken = json!({ "pattern": "^[Hh][Tt][Tt][Pp][Ss]?://[^/?#\\\\]*@|[*?\\[\\]{}!,\\\\#]" });
    but(
        form,
        taken,
        "holds a login, a query, a fragment, or a character of patterns",
    )
}

/// A plugin's own version.
pub(super) fn plugin_version() -> Value {
    text("^[A-Za-z0-9.+-]{1,64}$", "must be a version such as 0.1.0")
}

/// The digest of a file.
pub(super) fn digest() -> Value {
    text(
        "^sha256:[0-9a-f]{64}$",
        "must be sha256: and 64 hexadecimal digits",
    )
}

/// A path below the deployment repo's root.
pub(super) fn relative_path() -> Value {
    const PART: &str = "[A-Za-z0-9_+-][A-Za-z0-9._+-]*";
    let form = text(
        &format!("^{PART}(/{PART})*$"),
        "must be a plain path below the deployment repo's root",
    );
    with(form, "maxLength", 300)
}

/// The name of a plugin's interface.
pub(super) fn interface_name() -> Value {
    text(
        "^[a-z0-9-]{1,64}$",
        "must be an interface's name such as efs",
    )
}
