//! Colours, and what keeps text from outside from painting with them.

use std::fmt::Display;

use anstyle::{AnsiColor, Style};
use deploycenter_domain::effect::Action;
use deploycenter_domain::escape;

pub(crate) const PLAIN: Style = Style::new();
pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const CAREFUL: Style = AnsiColor::Yellow.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
pub(crate) const PLACE: Style = AnsiColor::Cyan.on_default();

/// The text in that style.
pub(crate) fn paint(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

/// What stands before an effect, and its colour.
pub(crate) fn sign(action: Action) -> (char, Style) {
    match action {
        Action::Create => ('+', GOOD),
        Action::Update => ('~', CAREFUL),
        Action::Delete => ('-', BAD),
        Action::None => (' ', DIM),
    }
}

/// A line of text from outside with what a terminal would obey made visible, and cut where
/// it goes on and on.
pub(crate) fn harmless(line: &str) -> String {
    escape::shown(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_cannot_paint() {
        assert_eq!(
            harmless("a\u{1b}[31m\tb\u{202e}c\r"),
            "a\\u{1b}[31m\tb\\u{202e}c\\u{d}"
        );
        assert_eq!(harmless("Zoë – ✓"), "Zoë – ✓");
        assert_eq!(harmless(&"x".repeat(9_999)).chars().count(), 2_001);
    }
}
