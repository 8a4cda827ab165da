//! Names a request in its service's own words, for whoever watches calls.

use deploycenter_ports::Call;

/// Which call a request is. `target` is the header `X-Amz-Target`, `path` comes without
/// the query, `form` is the body of a form request.
pub(crate) fn name(method: &str, path: &str, target: Option<&str>, form: Option<&[u8]>) -> Call {
    if let Some(action) = target.and_then(|target| target.strip_prefix("secretsmanager.")) {
        return call("secretsmanager", action);
    }
    // An endpoint may have a path of its own before the service's.
    if let Some((_, rest)) = path.split_once("/2015-02-01/") {
        return match efs(method, rest) {
            Some(operation) => call("efs", operation),
            None => call("efs", format!("{method} {path}")),
        };
    }
    if let Some((_, rest)) = path.split_once("/2013-04-01/") {
        return match route53(method, rest) {
            Some(operation) => call("route53", operation),
            None => call("route53", format!("{method} {path}")),
        };
    }
    match form.and_then(action_of) {
        Some(action) => call("sts", action),
        // What the credentials chain asks: single sign-on, instance metadata.
        None => call("sts", format!("{method} {path}")),
    }
}

fn call(system: &'static str, operation: impl Into<String>) -> Call {
    Call {
        system,
        operation: operation.into(),
    }
}

fn efs(method: &str, path: &str) -> Option<&'static str> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    Some(match (method, parts.as_slice()) {
        ("POST", ["file-systems"]) => "CreateFileSystem",
        ("GET", ["file-systems"]) => "DescribeFileSystems",
        ("PUT", ["file-systems", _]) => "UpdateFileSystem",
        ("DELETE", ["file-systems", _]) => "DeleteFileSystem",
        ("POST", ["mount-targets"]) => "CreateMountTarget",
        ("GET", ["mount-targets"]) => "DescribeMountTargets",
        ("DELETE", ["mount-targets", _]) => "DeleteMountTarget",
        ("GET", ["mount-targets", _, "security-groups"]) => "DescribeMountTargetSecurityGroups",
        ("PUT", ["mount-targets", _, "security-groups"]) => "ModifyMountTargetSecurityGroups",
        ("POST", ["access-points"]) => "CreateAccessPoint",
        ("GET", ["access-points"]) => "DescribeAccessPoints",
        ("DELETE", ["access-points", _]) => "DeleteAccessPoint",
        ("POST", ["resource-tags", ..]) => "TagResource",
        ("DELETE", ["resource-tags", ..]) => "UntagResource",
        _ => return None,
    })
}

fn route53(method: &str, path: &str) -> Option<&'static str> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    Some(match (method, parts.as_slice()) {
        ("GET", ["hostedzone", _]) => "GetHostedZone",
        ("GET", ["hostedzone", _, "rrset"]) => "ListResourceRecordSets",
        ("POST", ["hostedzone", _, "rrset"]) => "ChangeResourceRecordSets",
        ("GET", ["change", _]) => "GetChange",
        _ => return None,
    })
}

fn action_of(form: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(form).ok()?;
    text.split('&')
        .find_map(|pair| pair.strip_prefix("Action="))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(method: &str, path: &str) -> (&'static str, String) {
        let call = name(method, path, None, None);
        (call.system, call.operation)
    }

    #[test]
    fn each_protocol_is_named() {
        assert_eq!(
            named("POST", "/2015-02-01/file-systems"),
            ("efs", "CreateFileSystem".into())
        );
        assert_eq!(
            named("GET", "/2015-02-01/mount-targets/fsmt-1/security-groups"),
            ("efs", "DescribeMountTargetSecurityGroups".into())
        );
        assert_eq!(
            named("POST", "/2013-04-01/hostedzone/Z1/rrset/"),
            ("route53", "ChangeResourceRecordSets".into())
        );
        assert_eq!(
            named("GET", "/2013-04-01/change/C1"),
            ("route53", "GetChange".into())
        );
        assert_eq!(
            named("PATCH", "/2015-02-01/odd"),
            ("efs", "PATCH /2015-02-01/odd".into())
        );
        let secret = name("POST", "/", Some("secretsmanager.CreateSecret"), None);
        assert_eq!(
            (secret.system, secret.operation.as_str()),
            ("secretsmanager", "CreateSecret")
        );
        let role = name(
            "POST",
            "/",
            None,
            Some(b"Version=2011-06-15&Action=AssumeRole&RoleArn=x"),
        );
        assert_eq!(
            (role.system, role.operation.as_str()),
            ("sts", "AssumeRole")
        );
    }
}
