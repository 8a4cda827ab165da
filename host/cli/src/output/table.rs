//! Columns that line up.

use anstyle::Style;

use super::style::{self, BOLD, PLAIN};

/// One field: its text, made harmless, and its style.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    pub(crate) fn styled(text: impl AsRef<str>, style: Style) -> Self {
        Self {
            text: style::harmless(text.as_ref()),
            style,
        }
    }
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::styled(text, PLAIN)
    }
}

/// Rows without a heading, each line ended.
pub(crate) fn plain<const N: usize>(rows: &[[Cell; N]]) -> String {
    let shown = render([""; N], rows);
    shown
        .split_once('\n')
        .map_or("", |(_, rows)| rows)
        .to_owned()
}

/// A heading and rows, each line ended. Columns in which no row has a text are left out.
pub(crate) fn render<const N: usize>(heading: [&str; N], rows: &[[Cell; N]]) -> String {
    let width = |column: usize| {
        let widest = rows
            .iter()
            .map(|row| row[column].text.chars().count())
            .max()
            .unwrap_or(0);
        if widest == 0 {
            0
        } else {
            widest.max(heading[column].len())
        }
    };
    let columns: Vec<(usize, usize)> = (0..N)
        .map(|column| (column, width(column)))
        .filter(|(_, width)| *width > 0)
        .collect();
    let heading = heading.map(|text| Cell {
        text: text.to_owned(),
        style: BOLD,
    });
    let mut out = String::new();
    for row in std::iter::once(&heading).chain(rows) {
        let mut line = String::new();
        let mut gap = 0;
        for (column, width) in &columns {
            let cell = &row[*column];
            if cell.text.is_empty() {
                gap += width + 2;
                continue;
            }
            line.push_str(&" ".repeat(gap));
            line.push_str(&style::paint(cell.style, &cell.text));
            // Added before the next text only, so that no line ends in spaces.
            gap = width - cell.text.chars().count() + 2;
        }
        out.push_str(&line);
        out.push('\n');
    }
    out
}
