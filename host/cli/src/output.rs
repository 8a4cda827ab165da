//! What people and other programs are shown. Everything is made as text first, styled with
//! escape codes; `anstream` takes those out where a stream is no terminal or `NO_COLOR`
//! is set. No meaning is in colour alone.

pub(crate) mod diff;
pub(crate) mod doctor;
mod effect;
pub(crate) mod error;
pub(crate) mod explained;
pub(crate) mod grouped;
pub(crate) mod history;
pub(crate) mod notes;
pub(crate) mod orphans;
pub(crate) mod plan;
pub(crate) mod planned;
pub(crate) mod print;
pub(crate) mod progress;
pub(crate) mod schemas;
pub(crate) mod secrets;
pub(crate) mod status;
mod style;
mod table;
mod target;

pub(crate) use print::{err, errln, out, outln};
pub(crate) use style::harmless;
pub(crate) mod watch;

/// The version of the JSON that `status` and `history` print.
pub(crate) const FORMAT: u32 = 1;

/// `1 target`, `2 targets`.
pub(crate) fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// The first `most` of some names, and how many more there are: `a, b and 3 more`.
pub(crate) fn few(names: impl IntoIterator<Item = impl ToString>, most: usize) -> String {
    few_and(names, most, "more")
}

/// The same, with another word for those that aren't named: `b, a and 3 older`.
pub(crate) fn few_and(
    names: impl IntoIterator<Item = impl ToString>,
    most: usize,
    others: &str,
) -> String {
    let mut names = names.into_iter();
    let named: Vec<String> = names.by_ref().take(most).map(|it| it.to_string()).collect();
    match names.count() {
        0 => named.join(", "),
        unnamed => format!("{} and {unnamed} {others}", named.join(", ")),
    }
}

/// Plain data as JSON over several lines, ended.
fn json(value: &impl serde::Serialize) -> String {
    let text =
        serde_json::to_string_pretty(value).expect("reports are plain data with string keys");
    text + "\n"
}

/// A text for snapshots: what is shown where there is no colour.
#[cfg(test)]
fn plain(styled: &str) -> String {
    anstream::adapter::strip_str(styled).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_counted_where_there_are_many() {
        for (names, shown) in [
            (&[][..], ""),
            (&["a"], "a"),
            (&["a", "b"], "a, b"),
            (&["a", "b", "c", "d"], "a, b and 2 more"),
        ] {
            assert_eq!(few(names, 2), shown);
        }
        assert_eq!(few_and(["c", "b", "a"], 1, "older"), "c and 2 older");
    }
}
