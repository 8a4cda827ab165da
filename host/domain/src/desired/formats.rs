//! The forms of ids, domains and addresses that people write.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::settings::without_a_login;
use crate::address::without_login;
use crate::quantity::Quantity;

/// The longest domain name (RFC 1035), in characters.
pub(super) const DOMAIN_MAX: usize = 253;

/// What a text is read as, or why it isn't taken.
type Formatted = Result<String, String>;

fn digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// A domain in lower case: labels of a-z, 0-9 and hyphens (RFC 1035), at least two.
///
/// # Errors
/// A sentence for whoever wrote it, with the text.
pub fn domain(text: &str) -> Formatted {
    let lower = text.to_ascii_lowercase();
    let fail = |reason: &str| Err(format!("the domain {text:?} {reason}"));
    if let Some(odd) = lower
        .chars()
        .find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '.')))
    {
        return if odd.is_alphanumeric() {
            fail(&format!(
                "holds {odd:?} (U+{:04X}); write the name in its xn-- form",
                odd as u32
            ))
        } else if odd == '*' {
            fail("is a wildcard; a domain belongs to one instance")
        } else {
            fail(&format!(
                "holds {odd:?}; only letters, digits, hyphens and dots are allowed"
            ))
        };
    }
    if lower.len() > DOMAIN_MAX {
        return fail("is longer than 253 characters");
    }
    if lower.ends_with('.') {
        return fail("ends with a dot; leave it out");
    }
    let labels: Vec<&str> = lower.split('.').collect();
    if labels.len() < 2 {
        return fail("has no dot in it");
    }
    for label in labels {
        if label.is_empty() {
            return fail("has two dots in a row or begins with one");
        }
        if label.len() > 63 {
            return fail("has a part longer than 63 characters");
        }
        if label.starts_with('-') || label.ends_with('-') {
            return fail("has a part that begins or ends with a hyphen");
        }
    }
    if lower.rsplit('.').next().is_some_and(digits) {
        return fail("ends in a number, as only an address does");
    }
    Ok(lower)
}

/// An AWS account: 12 digits.
pub(super) fn account(text: &str) -> Formatted {
    if text.len() == 12 && digits(text) {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?} is no AWS account of 12 digits"))
    }
}

/// The ARN of a role.
pub(super) fn role_arn(text: &str) -> Formatted {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", partition, "iam", "", account, resource]
            if partition.starts_with("aws")
                && account.len() == 12
                && digits(account)
                && resource
                    .strip_prefix("role/")
                    .is_some_and(|name| !name.is_empty())
                && text.bytes().all(|b| b.is_ascii_graphic()) =>
        {
            Ok(text.to_owned())
        }
        _ => Err(format!(
            "{text:?} is no role's ARN such as arn:aws:iam::111122223333:role/deploycenter"
        )),
    }
}

/// The account in an ARN.
pub(super) fn account_of(arn: &str) -> Option<&str> {
    arn.split(':').nth(4)
}

/// The ARN of a KMS key.
pub(super) fn kms_key(text: &str) -> Formatted {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", partition, "kms", region, account, resource]
            if partition.starts_with("aws")
                && !region.is_empty()
                && account.len() == 12
                && digits(account)
                && resource
                    .strip_prefix("key/")
                    .is_some_and(|id| !id.is_empty())
                && text.bytes().all(|b| b.is_ascii_graphic()) =>
        {
            Ok(text.to_owned())
        }
        _ => Err(format!(
            "{text:?} is no key's ARN such as arn:aws:kms:us-west-2:111122223333:key/…"
        )),
    }
}

/// AWS's name of a region: `eu-west-3`, `us-gov-west-1`.
pub(super) fn aws_region(text: &str) -> Formatted {
    let parts: Vec<&str> = text.split('-').collect();
    let letters = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    let fine = parts.len() >= 3
        && parts.split_last().is_some_and(|(number, words)| {
            (1..=2).contains(&number.len()) && digits(number) && words.iter().all(letters)
        });
    if fine {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?} is no AWS region such as eu-west-3"))
    }
}

/// The id of a hosted zone.
pub(super) fn zone_id(text: &str) -> Formatted {
    let fine = (1..=32).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if fine {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "{text:?} is no hosted zone's id such as Z0123456789ABC"
        ))
    }
}

/// An IPv4 address.
pub(super) fn ipv4(text: &str) -> Formatted {
    text.parse::<Ipv4Addr>()
        .map(|address| address.to_string())
        .map_err(|_| format!("{text:?} is no IPv4 address"))
}

/// An IPv6 address in hexadecimal digits; what comes back is its shortest form.
pub(super) fn ipv6(text: &str) -> Formatted {
    text.parse::<Ipv6Addr>()
        .ok()
        .filter(|_| !text.contains('.'))
        .map(|address| address.to_string())
        .ok_or_else(|| format!("{text:?} is no IPv6 address such as 2001:db8::20"))
}

/// An IPv4 address that others may reach.
pub(super) fn public_ipv4(text: &str) -> Formatted {
    let written = ipv4(text)?;
    let why = text.parse::<Ipv4Addr>().ok().and_then(unreachable4);
    why.map_or(Ok(written), |why| {
        Err(format!("{text:?} is {why}, which nobody else reaches"))
    })
}

/// An IPv6 address that others may reach.
pub(super) fn public_ipv6(text: &str) -> Formatted {
    let written = ipv6(text)?;
    let why = text.parse::<Ipv6Addr>().ok().and_then(unreachable6);
    why.map_or(Ok(written), |why| {
        Err(format!("{text:?} is {why}, which nobody else reaches"))
    })
}

/// Why no record can lead to an address.
fn unreachable4(address: Ipv4Addr) -> Option<&'static str> {
    [
        (address.is_unspecified(), "the unspecified address"),
        (address.is_loopback(), "a loopback address"),
        (address.is_link_local(), "a link-local address"),
        (address.is_multicast(), "a multicast address"),
        (address.is_broadcast(), "the broadcast address"),
    ]
    .into_iter()
    .find_map(|(is, why)| is.then_some(why))
}

/// The same of IPv6.
fn unreachable6(address: Ipv6Addr) -> Option<&'static str> {
    [
        (address.is_unspecified(), "the unspecified address"),
        (address.is_loopback(), "a loopback address"),
        (address.is_unicast_link_local(), "a link-local address"),
        (address.is_multicast(), "a multicast address"),
        (
            address.to_ipv4_mapped().is_some(),
            "an IPv4 address in the form of IPv6",
        ),
    ]
    .into_iter()
    .find_map(|(is, why)| is.then_some(why))
}

/// The URL of a cluster's API server, which no login stands in.
pub(super) fn cluster_server(text: &str) -> Formatted {
    without_a_login(text)?;
    url(text)
}

/// An `https` or `http` URL without user information, query or fragment, and without what
/// Argo CD's projects read as a pattern.
pub(super) fn url(text: &str) -> Formatted {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))
        .unwrap_or_default();
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/%+=;&$".contains(&b);
    let fine = match rest.strip_prefix('[') {
        // An address of IPv6.
        Some(inner) => inner.split_once(']').is_some_and(|(address, after)| {
            (2..=45).contains(&address.len())
                && address
                    .bytes()
                    .all(|b| b.is_ascii_hexdigit() || b":.".contains(&b))
                && after.bytes().all(is_plain)
        }),
        None => {
            !rest.is_empty() && !rest.starts_with(['/', ':', '.']) && rest.bytes().all(is_plain)
        }
    };
    if fine {
        Ok(text.to_owned())
    } else {
        let bare = without_login(text);
        Err(format!(
            "{bare:?} is no URL such as https://cluster.example.com"
        ))
    }
}

fn aws_id(text: &str, prefix: &str, what: &str) -> Formatted {
    let fine = text.strip_prefix(prefix).is_some_and(|id| {
        (8..=40).contains(&id.len())
            && id
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    });
    if fine {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "{text:?} is no {what} such as {prefix}0123456789abcdef0"
        ))
    }
}

/// `subnet-…`.
pub(super) fn subnet(text: &str) -> Formatted {
    aws_id(text, "subnet-", "subnet's id")
}

/// `sg-…`.
pub(super) fn security_group(text: &str) -> Formatted {
    aws_id(text, "sg-", "security group's id")
}

/// `fs-…`.
pub(super) fn file_system(text: &str) -> Formatted {
    aws_id(text, "fs-", "file system's id")
}

/// A size as Kubernetes writes it: digits and `Ki`, `Mi`, `Gi`, `Ti`, `k`, `M`, `G` or `T`.
pub(super) fn quantity(text: &str) -> Formatted {
    bytes(text).map(|_| text.to_owned())
}

/// The same in bytes; more than Kubernetes holds is as much as it does.
pub(super) fn bytes(text: &str) -> Result<u64, String> {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    // Fifteen digits fit.
    let fine = (1..=15).contains(&(text.len() - unit.len()))
        && matches!(unit, "" | "Ki" | "Mi" | "Gi" | "Ti" | "k" | "M" | "G" | "T");
    Quantity::parse(text)
        .filter(|_| fine)
        .map(|quantity| quantity.units())
        .ok_or_else(|| format!("{text:?} is no size such as 512Mi or 2Gi"))
}

/// A number of cores, as thousandths of one: `4`, `1500m`.
pub(super) fn millicores(text: &str) -> Result<u64, String> {
    let number = text.strip_suffix('m').unwrap_or(text);
    let fine = (1..=9).contains(&number.len()) && digits(number);
    Quantity::parse(text)
        .filter(|_| fine)
        .map(|quantity| quantity.thousandths())
        .ok_or_else(|| format!("{text:?} is no number of cores such as 4 or 1500m"))
}

/// The name of a Kubernetes namespace of the platform: without `--`, which is in every
/// target's.
pub(super) fn namespace(text: &str) -> Formatted {
    let fine = (1..=63).contains(&text.len())
        && !text.starts_with('-')
        && !text.ends_with('-')
        && !text.contains("--")
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if fine {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "{text:?} is no namespace such as ingress-nginx: 1 to 63 of a-z, 0-9 and single hyphens between them"
        ))
    }
}

/// A short name within a target: 1 to 40 of a-z, 0-9 and hyphens.
pub(super) fn short_name(text: &str) -> Formatted {
    let fine = (1..=40).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if fine {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "the name {text:?} isn't 1 to 40 of a-z, 0-9 and hyphens"
        ))
    }
}
