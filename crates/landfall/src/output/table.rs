//! Tables and lists of facts, aligned by the width that a terminal gives each character.
//!
//! Much of what is shown came over a network, so control characters are replaced here: a name cannot move the cursor.

use unicode_width::UnicodeWidthStr;

use super::Screen;

/// A text with a tone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    text: String,
    tone: Tone,
}

/// How a text is meant; shown as colour where colours are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Nothing in particular.
    Plain,
    /// In order.
    Good,
    /// Worth a look.
    Doubtful,
    /// Wrong.
    Bad,
    /// A heading.
    Heading,
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(text, Tone::Plain)
    }
}

impl Cell {
    /// A text with a tone; control characters are replaced.
    pub(crate) fn new(text: impl Into<String>, tone: Tone) -> Self {
        let text: String = text.into();
        let harmless = |character: char| if character.is_control() { '\u{fffd}' } else { character };
        Self { text: text.chars().map(harmless).collect(), tone }
    }

    /// What is known, or a dash.
    pub(crate) fn known(text: Option<&str>) -> Self {
        Self::from(text.filter(|text| !text.is_empty()).unwrap_or("-"))
    }

    fn width(&self) -> usize {
        self.text.width()
    }

    fn painted(&self, screen: Screen) -> String {
        let code = match self.tone {
            Tone::Good => "32",
            Tone::Doubtful => "33",
            Tone::Bad => "31",
            Tone::Heading => "1",
            Tone::Plain => return self.text.clone(),
        };
        if screen.colours { format!("\u{1b}[{code}m{}\u{1b}[0m", self.text) } else { self.text.clone() }
    }
}

/// A table with headings; without rows, only its headings.
pub(crate) fn table<const N: usize>(screen: Screen, headings: [&str; N], rows: &[[Cell; N]]) -> String {
    let head = headings.map(|heading| Cell::new(heading, Tone::Heading));
    let widths: [usize; N] = std::array::from_fn(|column| {
        let widths = rows.iter().map(|row| row[column].width());
        widths.chain([head[column].width()]).max().unwrap_or_default()
    });
    std::iter::once(&head).chain(rows).map(|row| line(screen, row, &widths)).collect()
}

/// Facts about one thing, one a line: a name and a value.
pub(crate) fn facts(screen: Screen, facts: &[(&str, Cell)]) -> String {
    let widest = facts.iter().map(|(name, _)| name.width()).max().unwrap_or_default();
    facts
        .iter()
        .map(|(name, value)| line(screen, &[Cell::new(*name, Tone::Heading), value.clone()], &[widest, 0]))
        .collect()
}

/// A line of cells, two spaces apart and none at its end.
fn line(screen: Screen, cells: &[Cell], widths: &[usize]) -> String {
    let mut text = String::new();
    let mut owed = 0;
    for (cell, width) in cells.iter().zip(widths) {
        if !cell.text.is_empty() {
            text.extend(std::iter::repeat_n(' ', owed));
            text.push_str(&cell.painted(screen));
            owed = 0;
        }
        owed += width.saturating_sub(cell.width()) + 2;
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use smc::Timestamp;

    use super::{Cell, Tone, facts, table};
    use crate::output::Screen;

    const PLAIN: Screen = Screen { now: Timestamp::from_unix(0), colours: false };

    #[test]
    fn columns_line_up_whatever_the_script() {
        let rows = [
            ["at-1".into(), "迁移".into(), Cell::new("activated", Tone::Good)],
            ["at-22".into(), "".into(), "expired".into()],
            ["".into(), "web".into(), "".into()],
        ];
        insta::assert_snapshot!(table(PLAIN, ["ID", "NAME", "STATUS"], &rows), @r"
        ID     NAME  STATUS
        at-1   迁移  activated
        at-22        expired
               web
        ");
    }

    #[test]
    fn names_cannot_move_the_cursor() {
        let shown = facts(PLAIN, &[("Name", "a\u{1b}[2Jb\nc".into())]);
        assert_eq!(shown, "Name  a\u{fffd}[2Jb\u{fffd}c\n");
    }

    #[test]
    fn colours_do_not_move_columns() {
        let coloured = Screen { colours: true, ..PLAIN };
        let rows = [[Cell::new("Available", Tone::Good), "x".into()]];
        let shown = table(coloured, ["STATE", "NAME"], &rows);
        assert_eq!(
            shown,
            "\u{1b}[1mSTATE\u{1b}[0m      \u{1b}[1mNAME\u{1b}[0m\n\u{1b}[32mAvailable\u{1b}[0m  x\n"
        );
    }
}
