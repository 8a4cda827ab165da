//! Takes typed values out of [`Node`]s and collects every problem on the way.

use std::str::FromStr;

use super::node::{Content, Entry, Node, Spot, join};
use super::suggest::nearest;
use super::text::MAX_PROBLEMS;
use crate::name::NameError;
use crate::problem::Problem;
use crate::remedy::Advice;

/// A value, and where it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Located<T> {
    pub(super) value: T,
    pub(super) spot: Spot,
    pub(super) pointer: String,
}

impl<T> Located<T> {
    /// A problem with this value.
    pub(super) fn problem(&self, file: &str, message: impl Into<String>) -> Problem {
        self.place(file, Problem::new(message))
    }

    /// A problem, where this value was written.
    pub(super) fn place(&self, file: &str, problem: Problem) -> Problem {
        problem
            .in_file(file)
            .at(self.spot.line, self.spot.column)
            .on(self.pointer.clone())
    }

    pub(super) fn map<U>(self, to: impl FnOnce(T) -> U) -> Located<U> {
        Located {
            value: to(self.value),
            spot: self.spot,
            pointer: self.pointer,
        }
    }
}

/// A map of a file.
#[derive(Debug, Clone)]
pub(super) struct Object<'n> {
    entries: &'n [Entry],
    pub(super) spot: Spot,
    pub(super) pointer: String,
    /// The known keys that unknown ones are slips for: those aren't missing.
    meant: Vec<String>,
}

impl<'n> Object<'n> {
    pub(super) fn entries(&self) -> &'n [Entry] {
        self.entries
    }

    /// The entry of a key; one without a value counts as left out.
    pub(super) fn entry(&self, key: &str) -> Option<&'n Entry> {
        self.entries
            .iter()
            .find(|entry| entry.key == key && entry.node.content != Content::Null)
    }
}

/// Reads one file's nodes; what is wrong gathers in `found`.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    pub(super) file: &'a str,
    pub(super) found: Vec<Problem>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(file: &'a str, found: Vec<Problem>) -> Self {
        Self { file, found }
    }

    /// Notes a problem.
    pub(super) fn problem(
        &mut self,
        spot: Spot,
        pointer: &str,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        let mut problem = Problem::new(message);
        problem.help = help.map(Advice::from);
        self.at(spot, pointer, problem);
    }

    /// Notes a problem at a place.
    pub(super) fn at(&mut self, spot: Spot, pointer: &str, problem: Problem) {
        self.found.push(
            problem
                .in_file(self.file)
                .at(spot.line, spot.column)
                .on(pointer),
        );
    }

    /// Gives what the parser refused within a node its place in the data, so that the
    /// same value isn't found fault with again.
    pub(super) fn name_places(&mut self, node: &Node, pointer: &str) {
        // The parser's own come first, and aren't many.
        let parsed = self.found.len().min(MAX_PROBLEMS);
        let parsed = &mut self.found[..parsed];
        if parsed.iter().all(|problem| problem.path.is_some()) {
            return;
        }
        node.walk(pointer, &mut |spot, pointer| {
            for problem in &mut *parsed {
                if problem.path.is_none()
                    && (problem.line, problem.column) == (Some(spot.line), Some(spot.column))
                {
                    problem.path = Some(pointer.to_owned());
                }
            }
        });
    }

    /// The keys of a map, all of them known. An unknown key is a problem.
    pub(super) fn object<'n>(
        &mut self,
        node: &'n Node,
        pointer: &str,
        known: &[&str],
    ) -> Option<Object<'n>> {
        let mut object = self.any_object(node, pointer)?;
        #[cfg(test)]
        self.note(pointer, known);
        for entry in object.entries {
            if !known.contains(&entry.key.as_str()) {
                object
                    .meant
                    .extend(nearest(&entry.key, known).map(str::to_owned));
                let problem = Problem::new(format!("unknown key {:?}", entry.key))
                    .suggest(&entry.key, known.iter().copied());
                self.at(entry.spot, &join(pointer, &entry.key), problem);
            }
        }
        Some(object)
    }

    /// The keys of a map, whatever they are called.
    pub(super) fn any_object<'n>(&mut self, node: &'n Node, pointer: &str) -> Option<Object<'n>> {
        let Content::Map(entries) = &node.content else {
            self.problem(
                node.spot,
                pointer,
                format!("a map of keys is wanted here, not {}", node.content.kind()),
                None,
            );
            return None;
        };
        Some(Object {
            entries,
            spot: node.spot,
            pointer: pointer.to_owned(),
            meant: Vec::new(),
        })
    }

    /// A key that has to be there.
    pub(super) fn need<'n>(&mut self, object: &Object<'n>, key: &str) -> Option<&'n Entry> {
        let entry = object.entry(key);
        if entry.is_none() && !object.meant.iter().any(|meant| meant == key) {
            // Where the key stands without a value, that line is the place to mend.
            let spot = object
                .entries
                .iter()
                .find(|entry| entry.key == key)
                .map_or(object.spot, |entry| entry.spot);
            self.problem(spot, &object.pointer, format!("\"{key}\" is missing"), None);
        }
        entry
    }

    /// A map under a key.
    pub(super) fn inner<'n>(
        &mut self,
        object: &Object<'n>,
        key: &str,
        known: &[&str],
    ) -> Option<Object<'n>> {
        let entry = object.entry(key)?;
        self.object(&entry.node, &join(&object.pointer, key), known)
    }

    /// The items of a list under a key; empty when the key isn't there.
    pub(super) fn list<'n>(&mut self, object: &Object<'n>, key: &str) -> &'n [Node] {
        let Some(entry) = object.entry(key) else {
            return &[];
        };
        match &entry.node.content {
            Content::List(items) => items,
            other => {
                let pointer = join(&object.pointer, key);
                self.problem(
                    entry.node.spot,
                    &pointer,
                    format!("\"{key}\" must be a list, not {}", other.kind()),
                    None,
                );
                &[]
            }
        }
    }

    /// A text under a key.
    pub(super) fn text(&mut self, object: &Object<'_>, key: &str) -> Option<Located<String>> {
        let entry = object.entry(key)?;
        self.as_text(&entry.node, &join(&object.pointer, key), key)
    }

    /// A text under a key that has to be there.
    pub(super) fn need_text(&mut self, object: &Object<'_>, key: &str) -> Option<Located<String>> {
        self.need(object, key)?;
        self.text(object, key)
    }

    /// A node that must be text and not empty.
    pub(super) fn as_text(
        &mut self,
        node: &Node,
        pointer: &str,
        what: &str,
    ) -> Option<Located<String>> {
        match &node.content {
            Content::Text(text) if !text.trim().is_empty() => {
                return Some(Located {
                    value: text.clone(),
                    spot: node.spot,
                    pointer: pointer.to_owned(),
                });
            }
            Content::Text(_) => {
                self.problem(node.spot, pointer, format!("\"{what}\" is empty"), None)
            }
            other => {
                let help = matches!(other, Content::Number(_) | Content::Bool(_))
                    .then(|| "put it in double quotes".to_owned());
                self.problem(
                    node.spot,
                    pointer,
                    format!("\"{what}\" must be text, not {}", other.kind()),
                    help,
                );
            }
        }
        None
    }

    /// The texts of a list under a key.
    pub(super) fn texts(&mut self, object: &Object<'_>, key: &str) -> Vec<Located<String>> {
        let pointer = join(&object.pointer, key);
        self.list(object, key)
            .iter()
            .enumerate()
            .filter_map(|(index, item)| self.as_text(item, &format!("{pointer}/{index}"), key))
            .collect()
    }

    /// A text that passes `check`, else what `check` says is wrong with it.
    pub(super) fn checked<T>(
        &mut self,
        text: Option<Located<String>>,
        check: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<Located<T>> {
        let text = text?;
        match check(&text.value) {
            Ok(value) => Some(text.map(|_| value)),
            Err(message) => {
                self.problem(text.spot, &text.pointer, message, None);
                None
            }
        }
    }

    /// A name.
    pub(super) fn name<T: FromStr<Err = NameError>>(
        &mut self,
        text: Option<Located<String>>,
    ) -> Option<Located<T>> {
        self.checked(text, |text| {
            text.parse().map_err(|error: NameError| error.to_string())
        })
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(
        &mut self,
        text: Option<Located<String>>,
        words: &[(&str, T)],
    ) -> Option<T> {
        let text = text?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text.value) {
            return Some(*value);
        }
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let mut problem = Problem::new(format!(
            "{:?} isn't one of {}",
            text.value,
            known.join(", ")
        ))
        .suggest(&text.value, known);
        problem.help = None;
        self.at(text.spot, &text.pointer, problem);
        None
    }

    /// A whole number within a range under a key.
    pub(super) fn integer(
        &mut self,
        object: &Object<'_>,
        key: &str,
        least: u64,
        most: u64,
    ) -> Option<Located<u64>> {
        let entry = object.entry(key)?;
        let pointer = join(&object.pointer, key);
        let number = match &entry.node.content {
            Content::Number(number) => number
                .as_u64()
                .filter(|number| (least..=most).contains(number)),
            _ => None,
        };
        if number.is_none() {
            let message = format!("\"{key}\" must be a whole number from {least} to {most}");
            self.problem(entry.node.spot, &pointer, message, None);
        }
        Some(Located {
            value: number?,
            spot: entry.node.spot,
            pointer,
        })
    }

    /// True or false under a key.
    pub(super) fn flag(&mut self, object: &Object<'_>, key: &str) -> Option<bool> {
        let entry = object.entry(key)?;
        if let Content::Bool(value) = entry.node.content {
            return Some(value);
        }
        let message = format!(
            "\"{key}\" must be true or false, not {}",
            entry.node.content.kind()
        );
        self.problem(entry.node.spot, &join(&object.pointer, key), message, None);
        None
    }

    /// Checks the `version` of a file, which is the version of its layout.
    pub(super) fn version(&mut self, object: &Object<'_>) {
        let Some(entry) = self.need(object, "version") else {
            return;
        };
        match &entry.node.content {
            Content::Number(number) if number.as_u64() == Some(1) => {}
            other => self.problem(
                entry.node.spot,
                &join(&object.pointer, "version"),
                format!("the version of this file's layout is {}, which isn't known", other.kind()),
                Some("this DeployCenter reads version 1: write version: 1, or use a newer DeployCenter".to_owned()),
            ),
        }
    }
}

/// What a reader knew: for a test that holds it against the JSON schemas.
#[cfg(test)]
#[derive(Debug)]
pub(super) struct Noted {
    pub(super) file: String,
    pub(super) pointer: String,
    /// Every key of the map there.
    pub(super) known: Vec<String>,
}

#[cfg(test)]
thread_local! {
    /// The maps that this thread has read.
    pub(super) static NOTED: std::cell::RefCell<Vec<Noted>> =
        const { std::cell::RefCell::new(Vec::new()) };
}

#[cfg(test)]
impl Reader<'_> {
    fn note(&self, pointer: &str, known: &[&str]) {
        let noted = Noted {
            file: self.file.to_owned(),
            pointer: pointer.to_owned(),
            known: known.iter().map(|key| (*key).to_owned()).collect(),
        };
        NOTED.with_borrow_mut(|all| all.push(noted));
    }
}
