//! What a plugin may import, and the grant that each import needs.

use crate::{API_VERSION, LoadError};

/// Every grant that there is, sorted.
pub const GRANTS: [&str; 9] = [
    "argocd",
    "efs",
    "git",
    "log",
    "network",
    "quota",
    "rendering",
    "route53",
    "secrets",
];

/// Interfaces by package and name, with the grant that each needs. Shapes and edges give
/// a plugin nothing, so they need none.
const INTERFACES: [(&str, Option<&str>); 12] = [
    ("argocd/argocd", Some("argocd")),
    ("aws/efs", Some("efs")),
    ("aws/route53", Some("route53")),
    ("aws/secrets", Some("secrets")),
    ("git/git", Some("git")),
    ("log/log", Some("log")),
    ("plugin/contract", None),
    ("plugin/graph", None),
    ("rendering/rendering", Some("rendering")),
    ("tenancy/network", Some("network")),
    ("tenancy/quota", Some("quota")),
    ("types/types", None),
];

/// The grant that an import needs, `None` when it needs none.
///
/// # Errors
/// When the import isn't one that plugins are given.
pub fn grant_of(import: &str) -> Result<Option<&'static str>, LoadError> {
    let shown = || {
        let start: String = import.chars().take(120).collect();
        start.escape_debug().to_string()
    };
    let Some(rest) = import.strip_prefix("deploycenter:") else {
        return Err(LoadError::ForeignImport(shown()));
    };
    let known = rest
        .split_once('@')
        .filter(|(_, version)| *version == API_VERSION)
        .and_then(|(path, _)| INTERFACES.iter().find(|(known, _)| *known == path));
    match known {
        Some((_, grant)) => Ok(*grant),
        None => Err(LoadError::UnknownImport(shown())),
    }
}

/// Checks the imports of a component against what its manifest asks for.
pub(crate) fn check<'a>(
    imports: impl IntoIterator<Item = &'a str>,
    grants: &[String],
) -> Result<(), LoadError> {
    match beyond(imports, grants)? {
        Some((import, grant)) => Err(LoadError::NotGranted { import, grant }),
        None => Ok(()),
    }
}

/// Checks them against what is permitted.
pub(crate) fn within<'a>(
    imports: impl IntoIterator<Item = &'a str>,
    permitted: &[String],
) -> Result<(), LoadError> {
    match beyond(imports, permitted)? {
        Some((import, grant)) => Err(LoadError::NotApproved { import, grant }),
        None => Ok(()),
    }
}

/// The first import that needs another grant, and which.
fn beyond<'a>(
    imports: impl IntoIterator<Item = &'a str>,
    grants: &[String],
) -> Result<Option<(String, &'static str)>, LoadError> {
    for import in imports {
        if let Some(grant) = grant_of(import)?
            && !grants.iter().any(|given| given == grant)
        {
            return Ok(Some((import.to_owned(), grant)));
        }
    }
    Ok(None)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn every_interface_maps_to_a_known_grant() {
        let granted: Vec<_> = INTERFACES.iter().filter_map(|(_, grant)| *grant).collect();
        assert_eq!(granted.len(), GRANTS.len());
        assert!(granted.iter().all(|grant| GRANTS.contains(grant)));
    }

    #[test]
    fn foreign_unknown_and_ungranted_imports_are_refused_by_name() {
        let efs = "deploycenter:aws/efs@0.1.0";
        assert_eq!(grant_of(efs).unwrap(), Some("efs"));
        assert_eq!(grant_of("deploycenter:types/types@0.1.0").unwrap(), None);
        for foreign in ["wasi:clocks/wall-clock@0.2.0", "env", "deploycenter"] {
            assert_eq!(
                grant_of(foreign),
                Err(LoadError::ForeignImport(foreign.to_owned()))
            );
        }
        for unknown in [
            "deploycenter:renderer/tokens@0.1.0",
            "deploycenter:aws/efs@0.2.0",
            "deploycenter:aws/efs",
        ] {
            assert_eq!(
                grant_of(unknown),
                Err(LoadError::UnknownImport(unknown.to_owned()))
            );
        }
        assert_eq!(
            check([efs], &["git".to_owned()]),
            Err(LoadError::NotGranted {
                import: efs.to_owned(),
                grant: "efs"
            })
        );
        assert_eq!(check([efs], &["efs".to_owned()]), Ok(()));
        assert_eq!(
            within([efs], &["git".to_owned()]),
            Err(LoadError::NotApproved {
                import: efs.to_owned(),
                grant: "efs"
            })
        );
    }
}
