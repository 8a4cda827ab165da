//! What a base may hold. Every object of `dependencies/` is read strictly
//! ([`manifest`](crate::manifest)), held against the list of its kind (`kinds/*.yaml`), and
//! written anew: the project that a base is applied through may make namespaces and
//! volumes, so nothing gets there that isn't listed.

mod check;
mod laws;
mod list;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use crate::desired::{Content, Node};
use crate::manifest;

pub use list::{FILES, PARTS};
pub use words::{WORDS, Word};

/// How many problems of one base are told.
const MAX_PROBLEMS: usize = 100;
/// Where the base's files are, in a target's folder.
pub const FOLDER: &str = "dependencies/";

/// The base of one target, as far as a check needs it.
#[derive(Debug, Clone, Copy)]
pub struct Bounds<'a> {
    /// The only namespace.
    pub namespace: &'a str,
    /// The volumes that are the target's own: `fs::fsap`, with tokens.
    pub handles: &'a [String],
    /// What the names of the target's own entries in Secrets Manager begin with.
    pub secret_prefix: &'a str,
    /// The AWS region that these entries are in.
    pub aws_region: &'a str,
    /// The labels that say whose the target is.
    pub labels: &'a BTreeMap<String, String>,
    /// Where the files come from.
    pub origin: BaseOrigin,
}

/// Where the files of a base come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BaseOrigin {
    /// Templates, beside [the host's own](crate::guardrails::FILES): only these hold the
    /// kinds that the host makes itself.
    Templates,
    /// A folder that was left or committed before: such a kind may stand in any file.
    Folder,
}

/// The files of a base, by path, as they are committed: what was checked, written by the
/// host, with quantities in Kubernetes' canonical form. Files outside `dependencies/` are left as they are.
///
/// # Errors
/// Everything that a base may not hold, each a sentence with file, line, object and field.
pub fn written(
    files: &BTreeMap<String, String>,
    bounds: Bounds<'_>,
) -> Result<BTreeMap<String, String>, Vec<String>> {
    let mut done = BTreeMap::new();
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for (path, text) in files {
        if !path.starts_with(FOLDER) {
            done.insert(path.clone(), text.clone());
            continue;
        }
        match manifest::read(path, text) {
            Ok(mut documents) => {
                for document in &mut documents {
                    check::object(path, document, bounds, &mut found);
                    check::rewrite(document);
                    if let Some(again) = again(path, document, &mut seen) {
                        found.push(again);
                    }
                }
                done.insert(path.clone(), manifest::write(&documents));
            }
            Err(problems) => found.extend(problems.iter().map(|problem| {
                let help = problem.help.as_ref();
                let help = help.map(|help| format!("; {help}")).unwrap_or_default();
                format!("{problem}{help}")
            })),
        }
    }
    if found.is_empty() {
        return Ok(done);
    }
    if found.len() > MAX_PROBLEMS {
        let more = found.len() - MAX_PROBLEMS;
        found.truncate(MAX_PROBLEMS);
        found.push(format!("… and {more} more problems of the base"));
    }
    Err(found)
}

/// That an object stands twice in a base: which of the two would be applied is nobody's
/// guess, and one could take the place of a guardrail.
fn again(
    path: &str,
    document: &Node,
    seen: &mut BTreeSet<(String, String, String)>,
) -> Option<String> {
    let text = |at: &[&str]| text_at(document, at).unwrap_or_default().to_owned();
    let version = text(&["apiVersion"]);
    let group = version.split_once('/').map_or("", |(group, _)| group);
    let (kind, name) = (text(&["kind"]), text(&["metadata", "name"]));
    let line = document.spot.line;
    let said = format!(
        "{path}:{line}: {} stands twice in the base",
        check::named(&kind, &name)
    );
    (!seen.insert((group.to_owned(), kind, name))).then_some(said)
}

/// A value further in.
fn at<'a>(node: &'a Node, path: &[&str]) -> Option<&'a Node> {
    path.iter().try_fold(node, |node, key| match &node.content {
        Content::Map(entries) => entries
            .iter()
            .find(|entry| entry.key == *key)
            .map(|entry| &entry.node),
        _ => None,
    })
}

fn text_at<'a>(node: &'a Node, path: &[&str]) -> Option<&'a str> {
    match &at(node, path)?.content {
        Content::Text(text) => Some(text),
        _ => None,
    }
}

fn items<'a>(node: &'a Node, path: &[&str]) -> &'a [Node] {
    match at(node, path).map(|node| &node.content) {
        Some(Content::List(items)) => items,
        _ => &[],
    }
}
