//! The page for a terminal.

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, TableStyle};

use super::columns::{Column, DISPENSABLE};
use super::page::{Page, Table};

/// A rule under the head, and space between columns.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─'));

/// Spaces around the content of a column, of both sides together.
const PADDING: usize = 2;

const INDENT: &str = "  ";

pub(super) fn render(page: &Page, width: Option<u16>) -> String {
    let mut blocks = vec![lines(&page.cautions, width), lines(&page.answers, width)];
    blocks.extend(page.tables.iter().map(|table| block(table, width)));
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

/// The sentence in lines of at most `width` characters, all but the first indented. A longer word has a line to itself.
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

fn block(table: &Table, width: Option<u16>) -> String {
    let title = match &table.description {
        Some(description) => format!("{}: {description}", table.scenario),
        None => table.scenario.clone(),
    };
    let mut shown = wrapped(&title, width);
    for line in drawn(table, width).lines() {
        shown.push('\n');
        shown.push_str(line.trim_end());
    }
    shown
}

/// The table without as many of the least important columns as it takes to fit; what is left is wrapped if it still does not.
fn drawn(table: &Table, width: Option<u16>) -> comfy_table::Table {
    let mut columns = table.columns.clone();
    let mut drawn = with_columns(table, &columns);
    let Some(width) = width else { return drawn };
    for dispensable in DISPENSABLE {
        if width_of(&drawn) <= usize::from(width) {
            return drawn;
        }
        columns.retain(|column| *column != dispensable);
        drawn = with_columns(table, &columns);
    }
    if width_of(&drawn) > usize::from(width) {
        drawn
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(width);
    }
    drawn
}

fn with_columns(table: &Table, columns: &[Column]) -> comfy_table::Table {
    let mut drawn = comfy_table::Table::new();
    drawn
        .load_style(STYLE)
        .set_content_arrangement(ContentArrangement::Disabled);
    drawn.set_header(
        columns
            .iter()
            .map(|column| column.head())
            .collect::<Vec<_>>(),
    );
    for row in &table.rows {
        let kept = table
            .columns
            .iter()
            .zip(row)
            .filter(|(column, _)| columns.contains(column));
        drawn.add_row(kept.map(|(_, text)| text.as_str()).collect::<Vec<_>>());
    }
    for (shown, column) in drawn.column_iter_mut().zip(columns) {
        shown.set_cell_alignment(if column.is_number() {
            CellAlignment::Right
        } else {
            CellAlignment::Left
        });
    }
    drawn
}

fn width_of(drawn: &comfy_table::Table) -> usize {
    drawn
        .column_max_content_widths()
        .iter()
        .map(|width| usize::from(*width) + PADDING)
        .sum()
}
