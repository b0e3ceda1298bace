//! The page for a terminal.

use comfy_table::{CellAlignment, Color, ContentArrangement, LineStyle, TableStyle};

use super::page::Page;
use super::screen::{Screen, Statement};
use super::table::{Table, TableCell};
use super::view::View;
use crate::record::Verdict;

/// A rule under the head, and space between columns.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─'));

/// Space between columns, without a rule.
const PLAIN: TableStyle = TableStyle::new();

/// Widest line of the first screen, however wide the terminal is.
const SCREEN_WIDTH: u16 = 100;

/// Width of the labels of the first screen, with the space behind them.
const LABEL_WIDTH: usize = 12;

/// Spaces around the content of a column, on both sides together.
const PADDING: usize = 2;

const INDENT: &str = "  ";

/// The page as text. The first screen comes last, where it is still seen when the program has
/// ended. Without details, nothing but cautions and failures stands above it.
pub(super) fn render(page: &Page, view: &View) -> String {
    let width = view.width;
    let mut blocks = vec![lines(&page.cautions, width)];
    if view.details || page.screen.is_none() {
        blocks.push(lines(&page.answers, width));
        blocks.extend(
            page.overview
                .iter()
                .chain(&page.tables)
                .map(|table| table.to_terminal(view)),
        );
        blocks.push(lines(&page.notes, width));
    } else {
        blocks.push(lines(&page.failures, width));
    }
    blocks.extend(page.screen.iter().map(|screen| screen.to_terminal(view)));
    blocks.retain(|block| !block.is_empty());
    let mut shown = blocks.join("\n\n");
    shown.push('\n');
    shown
}

/// Most scenarios of the screen's second table, so that the answer stays in sight.
const MOST_SCENARIOS: usize = 14;

impl Screen {
    fn to_terminal(&self, view: &View) -> String {
        let width = view.width.unwrap_or(SCREEN_WIDTH).min(SCREEN_WIDTH);
        let view = View {
            width: Some(width),
            ..*view
        };
        let costs = self.costs.iter().map(|table| plain(table, &view));
        let sentence = |sentence: &Option<String>| {
            sentence
                .iter()
                .map(|it| wrapped(it, Some(width)))
                .collect::<String>()
        };
        let most = if view.details {
            usize::MAX
        } else {
            MOST_SCENARIOS
        };
        let matrix = self.matrix.iter().map(|matrix| {
            let left_out = matrix.rows.len().saturating_sub(most);
            let shown = Table {
                rows: matrix.rows.iter().take(most).cloned().collect(),
                ..matrix.clone()
            };
            match left_out {
                0 => in_blocks(&shown, &view),
                _ => format!(
                    "{}\n{left_out} more scenarios: see --details.",
                    in_blocks(&shown, &view)
                ),
            }
        });
        let joined = |parts: Vec<String>| {
            let parts = parts.into_iter().filter(|it| !it.is_empty());
            parts.collect::<Vec<_>>().join("\n")
        };
        let statements = |all: &mut dyn Iterator<Item = &Statement>| {
            all.map(|it| it.to_terminal(width)).collect::<Vec<_>>()
        };
        // Marks are explained below the last table that has them.
        let (below_costs, below_matrix) = match self.matrix.is_some() {
            true => (String::new(), sentence(&self.doubts)),
            false => (sentence(&self.doubts), String::new()),
        };
        let blocks = [
            joined(statements(&mut self.statements.iter())),
            joined(costs.chain([sentence(&self.noise), below_costs]).collect()),
            joined(matrix.chain([below_matrix]).collect()),
            joined(statements(&mut self.changes.iter().chain(&self.recipe))),
        ];
        let blocks: Vec<String> = blocks.into_iter().filter(|it| !it.is_empty()).collect();
        blocks.join("\n\n")
    }
}

impl Statement {
    /// The sentences beside the label, each of which begins a line.
    fn to_terminal(&self, width: u16) -> String {
        let beside = usize::from(width).saturating_sub(LABEL_WIDTH).max(1);
        let mut shown = String::new();
        let sentences = self.sentences.iter();
        let lines = sentences.flat_map(|it| filled(it, beside, beside));
        for (index, line) in lines.enumerate() {
            shown.push_str(&labelled(if index == 0 { self.label } else { "" }, &line));
        }
        shown.trim_end().to_owned()
    }
}

/// A line of the first screen beside its label.
pub(super) fn labelled(label: &str, line: &str) -> String {
    format!("{label:LABEL_WIDTH$}{line}\n")
}

/// The table without title and rule.
fn plain(table: &Table, view: &View) -> String {
    without_margin(&drawn(table, view, PLAIN).to_string())
}

/// Lines without the space before the first column and after the last.
fn without_margin(drawn: &str) -> String {
    let lines = drawn
        .lines()
        .map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end());
    lines.collect::<Vec<_>>().join("\n")
}

/// The table in as many parts as it needs to fit, each with the first column and some of the
/// others.
fn in_blocks(table: &Table, view: &View) -> String {
    let width = usize::from(view.width.unwrap_or(SCREEN_WIDTH));
    let rest = 1..table.heads.len();
    let widths = width_of_columns(&with_columns(table, &all(table), view, PLAIN));
    let mut parts: Vec<Vec<usize>> = Vec::new();
    let mut taken = 0;
    for index in rest {
        let fits = taken + widths[index] <= width;
        match parts.last_mut() {
            Some(part) if fits => part.push(index),
            _ => {
                taken = widths[0];
                parts.push(vec![0, index]);
            }
        }
        taken += widths[index];
    }
    let parts = parts
        .iter()
        .map(|kept| without_margin(&with_columns(table, kept, view, PLAIN).to_string()));
    parts.collect::<Vec<_>>().join("\n\n")
}

fn all(table: &Table) -> Vec<usize> {
    (0..table.heads.len()).collect()
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
    let rest = width.saturating_sub(INDENT.len());
    filled(sentence, width, rest).join(&format!("\n{INDENT}"))
}

/// The sentence in lines of at most `first` and then `rest` characters. A longer word has a line to
/// itself.
fn filled(sentence: &str, first: usize, rest: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in sentence.split(' ') {
        let width = if lines.len() > 1 { rest } else { first };
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

impl Table {
    /// The table as lines for a terminal, below its title.
    pub fn to_terminal(&self, view: &View) -> String {
        let title = match &self.description {
            Some(description) => format!("{}: {description}", self.title),
            None => self.title.clone(),
        };
        let mut shown = wrapped(&title, view.width);
        for line in drawn(self, view, STYLE).lines() {
            shown.push('\n');
            shown.push_str(line.trim_end());
        }
        shown
    }
}

/// The table without as many of the least important columns as it must lose to fit. If it still
/// does not fit, its cells are wrapped.
fn drawn(table: &Table, view: &View, style: TableStyle) -> comfy_table::Table {
    let mut kept = all(table);
    let mut drawn = with_columns(table, &kept, view, style);
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
        drawn = with_columns(table, &kept, view, style);
    }
    if width_of(&drawn) > usize::from(width) {
        drawn
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(width);
    }
    drawn
}

fn with_columns(
    table: &Table,
    kept: &[usize],
    view: &View,
    style: TableStyle,
) -> comfy_table::Table {
    let mut drawn = comfy_table::Table::new();
    drawn
        .load_style(style)
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
    width_of_columns(drawn).into_iter().sum()
}

fn width_of_columns(drawn: &comfy_table::Table) -> Vec<usize> {
    let widths = drawn.column_max_content_widths().into_iter();
    widths.map(|width| usize::from(width) + PADDING).collect()
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
