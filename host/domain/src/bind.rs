//! Putting known values in the place of tokens, through whole states.

use serde_json::Value;

use crate::declaration::GeneratedKey;
use crate::resource::{
    Aaaa, AccessPoint, Application, File, FileSystem, Folder, MountTarget, Project, Record,
    Resource, Routing, Secret, Sync,
};
use crate::token::{self, Bindings, BrokenToken};

/// A state with every token that `bindings` know replaced; the others stay.
///
/// # Errors
/// When a text holds a broken token.
pub fn bind(resource: &Resource, bindings: &Bindings) -> Result<Resource, BrokenToken> {
    let mut bound = resource.clone();
    texts(&mut bound, &mut |text| {
        if !token::is_surely_plain(text) {
            *text = token::bind(text, bindings)?;
        }
        Ok(())
    })?;
    Ok(bound)
}

/// Whether a state holds no token.
#[must_use]
pub fn is_bound(resource: &Resource) -> bool {
    let mut state = resource.clone();
    texts(&mut state, &mut |text| {
        if token::is_plain(text) {
            Ok(())
        } else {
            Err(BrokenToken { line: 1 })
        }
    })
    .is_ok()
}

/// Every reference in a state, each once.
///
/// # Errors
/// When a text holds a broken token.
pub fn references(resource: &Resource) -> Result<Vec<token::Reference>, BrokenToken> {
    let mut found = Vec::new();
    let mut state = resource.clone();
    texts(&mut state, &mut |text| {
        for reference in token::references(text)? {
            if !found.contains(&reference) {
                found.push(reference);
            }
        }
        Ok(())
    })?;
    Ok(found)
}

type Visit<'a> = dyn FnMut(&mut String) -> Result<(), BrokenToken> + 'a;

/// The texts of where a record points.
fn places(routing: &mut Routing, visit: &mut Visit<'_>) -> Result<(), BrokenToken> {
    match routing {
        Routing::Addresses { ipv4, ttl: _ } => all(ipv4, visit),
        Routing::Addresses6 { ipv6, ttl: _ } => all(ipv6, visit),
        Routing::Alias {
            dns_name,
            hosted_zone_id,
            evaluate_target_health: _,
        } => all([dns_name, hosted_zone_id], visit),
    }
}

/// Every text of a state in which a token may stand: all but names of ours, which have
/// types of their own. Field by field, so that a new one can't be forgotten.
fn texts(resource: &mut Resource, visit: &mut Visit<'_>) -> Result<(), BrokenToken> {
    match resource {
        Resource::FileSystem(FileSystem {
            region: _,
            creation_token,
            name,
            performance_mode,
            throughput_mode,
            kms_key_id,
        }) => all(
            [creation_token, name, performance_mode, throughput_mode]
                .into_iter()
                .chain(kms_key_id),
            visit,
        ),
        Resource::MountTarget(MountTarget {
            region: _,
            file_system,
            subnet,
            security_groups,
        }) => all(
            [file_system, subnet].into_iter().chain(security_groups),
            visit,
        ),
        Resource::AccessPoint(AccessPoint {
            region: _,
            file_system,
            client_token,
            name,
            path,
            uid: _,
            gid: _,
            permissions,
        }) => all([file_system, client_token, name, path, permissions], visit),
        Resource::Record(Record {
            zone,
            name,
            set_identifier,
            weight: _,
            routing,
            aaaa,
        }) => {
            all([zone, name, set_identifier], visit)?;
            places(routing, visit)?;
            match aaaa {
                Some(Aaaa { weight: _, routing }) => places(routing, visit),
                None => Ok(()),
            }
        }
        Resource::Secret(Secret {
            region: _,
            name,
            keys,
        }) => {
            visit(name)?;
            let keys = keys.iter_mut().map(|GeneratedKey { key, length: _ }| key);
            all(keys, visit)
        }
        Resource::File(File { path, content }) => all([path, content], visit),
        Resource::Folder(Folder {
            branch,
            path,
            tree,
            files,
        }) => {
            all([branch, path].into_iter().chain(tree), visit)?;
            all(files.values_mut(), visit)
        }
        Resource::Project(Project { name, labels, spec }) => {
            visit(name)?;
            all(labels.values_mut(), visit)?;
            walk(spec, visit)
        }
        Resource::Application(Application {
            name,
            project,
            labels,
            spec,
        }) => {
            all([name, project], visit)?;
            all(labels.values_mut(), visit)?;
            walk(spec, visit)
        }
        Resource::Sync(Sync {
            application,
            project,
            branch,
            path,
            tree,
            ailing: _,
        }) => all(
            [application, project, branch, path].into_iter().chain(tree),
            visit,
        ),
    }
}

fn all<'a>(
    texts: impl IntoIterator<Item = &'a mut String>,
    visit: &mut Visit<'_>,
) -> Result<(), BrokenToken> {
    texts.into_iter().try_for_each(visit)
}

fn walk(value: &mut Value, visit: &mut Visit<'_>) -> Result<(), BrokenToken> {
    match value {
        Value::String(text) => visit(text),
        Value::Array(items) => items.iter_mut().try_for_each(|item| walk(item, visit)),
        Value::Object(map) => map.values_mut().try_for_each(|item| walk(item, visit)),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}
