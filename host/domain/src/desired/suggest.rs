//! "Did you mean …?"

/// How many names a help line lists at most.
const LISTED: usize = 8;

/// A help line for a name that isn't one of the known: the nearest one, or else what
/// there is. `None` when nothing is known.
#[must_use]
pub fn did_you_mean<'a>(text: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let mut known: Vec<&str> = known.into_iter().collect();
    known.sort_unstable();
    known.dedup();
    if let Some(name) = nearest(text, &known) {
        return Some(format!("did you mean \"{name}\"?"));
    }
    let more = if known.len() > LISTED { ", …" } else { "" };
    let listed: Vec<&str> = known.iter().take(LISTED).copied().collect();
    (!listed.is_empty()).then(|| format!("known are {}{more}", listed.join(", ")))
}

/// The known name that a text is a slip for.
pub(super) fn nearest<'a>(text: &str, known: &[&'a str]) -> Option<&'a str> {
    let written = text.to_lowercase();
    // A slip in one of three characters is still recognizable.
    let limit = (written.chars().count() / 3).max(1);
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
