//! Text from a guest, a file or a server, as it may be shown to a person.

/// How long one such text may be in a line that is shown, in characters.
pub const SHOWN_MAX: usize = 2_000;

/// Whether a terminal, or whoever draws the text, would obey the character and not show
/// it: control characters, ends of lines, and what turns the direction of writing or is
/// there without being seen.
#[must_use]
pub fn is_obeyed(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}'
                | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

/// A line of text with what would be obeyed made visible, as `\u{1b}`; a tab stays. An end
/// of line within it becomes visible too.
#[must_use]
pub fn harmless(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    for c in line.chars() {
        if c != '\t' && is_obeyed(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// The first so many characters of a text, and `…` where there are more.
#[must_use]
pub fn clipped(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// A line of at most [`SHOWN_MAX`] characters, harmless.
#[must_use]
pub fn shown(line: &str) -> String {
    harmless(&clipped(line, SHOWN_MAX))
}

/// Whether a text is a line that can be seen whole: at most so many bytes, and nothing in
/// it that would be obeyed.
#[must_use]
pub fn is_plain_line(text: &str, most: usize) -> bool {
    text.len() <= most && !text.chars().any(is_obeyed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_obeyed_is_made_visible() {
        assert_eq!(
            harmless("a\u{1b}[31m\tb\u{202e}c\r\n\u{9b}2J\u{2028}\u{200b}"),
            "a\\u{1b}[31m\tb\\u{202e}c\\u{d}\\u{a}\\u{9b}2J\\u{2028}\u{200b}"
        );
        assert_eq!(
            harmless("Zoë – ✓ 日本 👩\u{200d}💻"),
            "Zoë – ✓ 日本 👩\u{200d}💻"
        );
    }

    #[test]
    fn long_texts_are_cut_at_a_character() {
        assert_eq!(clipped("äöü", 3), "äöü");
        assert_eq!(clipped("äöü", 2), "äö…");
        assert_eq!(
            shown(&"x".repeat(SHOWN_MAX + 9)).chars().count(),
            SHOWN_MAX + 1
        );
    }

    #[test]
    fn a_plain_line() {
        assert!(is_plain_line("An app – for chats", 40));
        for odd in [
            "a\nb",
            "a\u{1b}[2J",
            "a\u{202e}b",
            "a\u{e0041}",
            "much too long a text for it, isn't it?!",
        ] {
            assert!(!is_plain_line(odd, 30), "{odd:?}");
        }
    }
}
