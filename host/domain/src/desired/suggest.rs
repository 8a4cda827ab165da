//! "Did you mean …?"

use crate::problem::Problem;
use crate::remedy::Advice;

/// How many names a help line lists at most.
const LISTED: usize = 8;

/// A help line for a name that isn't one of the known: the nearest one, or else what
/// there is. `None` when nothing is known.
#[must_use]
pub fn did_you_mean<'a>(text: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    did_you_mean_below("", text, known)
}

/// The same of names that are told with what they are written behind: `acme/`, say. Only
/// the names have to be near.
#[must_use]
pub(crate) fn did_you_mean_below<'a>(
    prefix: &str,
    text: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    let known = sorted(known);
    if let Some(name) = nearest(text, &known) {
        return Some(format!("did you mean \"{prefix}{name}\"?"));
    }
    let whole: Vec<String> = known.iter().map(|name| format!("{prefix}{name}")).collect();
    listed(&whole)
}

impl Problem {
    /// The same problem with the known name that `text` is a slip for in its message, or
    /// else with the known names as the way out.
    #[must_use]
    pub(super) fn suggest<'a>(
        mut self,
        text: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let known = sorted(known);
        match nearest(text, &known) {
            Some(name) => self.message = format!("{}; did you mean \"{name}\"?", self.message),
            None => self.help = listed(&known).map(Advice::from),
        }
        self
    }

    /// The same problem with a way out, unless it has one.
    #[must_use]
    pub(super) fn or_help(mut self, help: impl Into<Advice>) -> Self {
        if self.help.is_none() && !self.message.ends_with('?') {
            self.help = Some(help.into());
        }
        self
    }
}

fn sorted<'a>(known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut known: Vec<&str> = known.into_iter().collect();
    known.sort_unstable();
    known.dedup();
    known
}

fn listed<S: AsRef<str>>(known: &[S]) -> Option<String> {
    match known {
        [] => None,
        [one] => Some(format!("known is {}", one.as_ref())),
        known => Some(format!("known are {}", few(known))),
    }
}

/// A list as a message holds it: the first few, and how many more.
pub(super) fn few<S: AsRef<str>>(names: &[S]) -> String {
    // One more than fits is as short as saying so.
    let shown = if names.len() > LISTED + 1 {
        LISTED
    } else {
        names.len()
    };
    let text = names[..shown]
        .iter()
        .map(AsRef::as_ref)
        .collect::<Vec<_>>()
        .join(", ");
    match names.len() - shown {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}

/// The known name that a text is a slip for.
pub(super) fn nearest<'a>(text: &str, known: &[&'a str]) -> Option<&'a str> {
    let written = text.to_lowercase();
    // A slip in one of three characters is still recognizable; shorter words are near to
    // too many others.
    let limit = written.chars().count() / 3;
    known
        .iter()
        .map(|name| {
            (
                strsim::damerau_levenshtein(&written, &name.to_lowercase()),
                *name,
            )
        })
        .min()
        .filter(|(distance, _)| *distance <= limit)
        .map(|(_, name)| name)
}
