//! The page for a terminal.

use comfy_table::{CellAlignment, Color, ContentArrangement, LineStyle, TableStyle};

use super::page::Page;
use super::table::{Table, TableCell};
use super::view::View;
use crate::record::Verdict;

/// A rule under the head, and space between columns.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─'));

/// Spaces around the content of a column, of both sides together.
const PADDING: usize = 2;

const INDENT: &str = "  ";

pub(super) fn render(page: &Page, view: &View) -> String {
    let width = view.width;
    let mut blocks = vec![lines(&page.cautions, width), lines(&page.answers, width)];
    blocks.extend(
        page.overview
            .iter()
            .chain(&page.tables)
            .map(|table| table.to_terminal(view)),
    );
    blocks.push(lines(&page.notes, width));
    blocks.retain(|block| !block.is_empty());
    let mut shown = blocks.join("\n\n");
    shown.push('\n');
    shown
}

fn lines(sentences: &[String], width: Option<u16>) -> String {
    let wrapped: Vec<String> = sentences
        .iter()
        .map(|sentence| wrapped(sentence, width))
        .collect();
    wrapped.join("\n")
}

/// The sentence in lines of at most `width` characters, all but the first indented. A longer word
/// has a line to itself.
fn wrapped(sentence: &str, width: Option<u16>) -> String {
    let Some(width) = width.map(usize::from) else {
        return sentence.to_owned();
    };
    let mut lines: Vec<String> = Vec::new();
    for word in sentence.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            None => lines.push(word.to_owned()),
            Some(_) => lines.push(format!("{INDENT}{word}")),
        }
    }
    lines.join("\n")
}

impl Table {
    /// The table as lines for a terminal, below its title.
    pub fn to_terminal(&self, view: &View) -> String {
        let title = match &self.description {
            Some(description) => format!("{}: {description}", self.title),
            None => self.title.clone(),
        };
        let mut shown = wrapped(&title, view.width);
        for line in drawn(self, view).lines() {
            shown.push('\n');
            shown.push_str(line.trim_end());
        }
        shown
    }
}

/// The table without as many of the least important columns as it takes to fit; the rest is wrapped
/// if it still does not.
fn drawn(table: &Table, view: &View) -> comfy_table::Table {
    let mut kept: Vec<usize> = (0..table.heads.len()).collect();
    let mut drawn = with_columns(table, &kept, view);
    let Some(width) = view.width else {
        return drawn;
    };
    let dispensable = |index: &usize| Some((table.heads[*index].dispensable?, *index));
    let mut least: Vec<(usize, usize)> = kept.iter().filter_map(dispensable).collect();
    least.sort_unstable();
    for (_, left_out) in least {
        if width_of(&drawn) <= usize::from(width) {
            return drawn;
        }
        kept.retain(|index| *index != left_out);
        drawn = with_columns(table, &kept, view);
    }
    if width_of(&drawn) > usize::from(width) {
        drawn
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(width);
    }
    drawn
}

fn with_columns(table: &Table, kept: &[usize], view: &View) -> comfy_table::Table {
    let mut drawn = comfy_table::Table::new();
    drawn
        .load_style(STYLE)
        .set_content_arrangement(ContentArrangement::Disabled);
    match view.colour {
        true => drawn.enforce_styling(),
        false => drawn.force_no_tty(),
    };
    drawn.set_header(kept.iter().map(|index| table.heads[*index].text.as_ref()));
    for row in &table.rows {
        let cells = kept.iter().map(|index| {
            let cell = row.get(*index);
            let text = cell.map_or("", TableCell::text);
            match cell.and_then(colour_of) {
                Some(colour) => comfy_table::Cell::new(text).fg(colour),
                None => comfy_table::Cell::new(text),
            }
        });
        drawn.add_row(cells);
    }
    for (shown, index) in drawn.column_iter_mut().zip(kept) {
        shown.set_cell_alignment(match table.heads[*index].is_number {
            true => CellAlignment::Right,
            false => CellAlignment::Left,
        });
    }
    drawn
}

/// Colour of a verdict, which says the same as its word.
fn colour_of(cell: &TableCell) -> Option<Color> {
    match cell.verdict()? {
        Verdict::Faster => Some(Color::Green),
        Verdict::Slower => Some(Color::Red),
        Verdict::Inconclusive | Verdict::Failed | Verdict::Void => Some(Color::Yellow),
        Verdict::Tie => None,
    }
}

fn width_of(drawn: &comfy_table::Table) -> usize {
    drawn
        .column_max_content_widths()
        .iter()
        .map(|width| usize::from(*width) + PADDING)
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_verdict_is_coloured_and_no_name_that_reads_like_one() {
        for (verdict, colour) in [
            (Verdict::Faster, Some(Color::Green)),
            (Verdict::Slower, Some(Color::Red)),
            (Verdict::Inconclusive, Some(Color::Yellow)),
            (Verdict::Tie, None),
        ] {
            assert_eq!(colour_of(&verdict.into()), colour);
            assert_eq!(colour_of(&verdict.name().to_owned().into()), None);
        }
    }
}
