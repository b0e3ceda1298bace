//! Figures as a table that scrolls by itself.

use maud::{Markup, html};

use super::label::{long, shortened};
use super::prose::prose;
use crate::record::Verdict;
use crate::report::table::{Head, Table, TableCell};

/// Most rows of a table. A page with more would be slow to open.
const MOST_ROWS: usize = 2_000;

/// Longest caption, in characters.
const LONGEST_CAPTION: usize = 300;

/// Longest head, in characters.
const LONGEST_HEAD: usize = 40;

/// Longest text of a cell that needs no least width, in characters.
const LONGEST_UNWRAPPED: usize = 40;

/// Most columns of a table that stays one on a narrow screen. In a wider table, each row becomes a
/// card there, with the head of its column before each cell.
const MOST_BESIDE: usize = 6;

/// A table in a container that scrolls where the page is too narrow. Long texts are shortened.
pub(crate) fn table(table: &Table) -> Markup {
    let caption = match &table.description {
        Some(description) => format!("{}: {description}", table.title),
        None => table.title.clone(),
    };
    let caption = shortened(&caption, LONGEST_CAPTION);
    let size = if table.heads.len() > MOST_BESIDE {
        "many"
    } else {
        "few"
    };
    let is_card = size == "many";
    let heads: Vec<String> = table.heads.iter().map(head_of).collect();
    let left_out = table.rows.len().saturating_sub(MOST_ROWS);
    html! {
        div class=(format!("scroll {size}")) tabindex="0" role="region" aria-label=(format!("Table: {caption}")) {
            table class=[holds_names(table).then_some("names")] {
                caption {
                    (caption)
                    @if left_out > 0 { " (the first " (MOST_ROWS) " rows; " (left_out) " more are left out)" }
                }
                thead { tr {
                    @for (head, shown) in table.heads.iter().zip(&heads) {
                        th scope="col" class=[head.is_number.then_some("number")] { (prose(shown)) }
                    }
                } }
                tbody {
                    @for row in table.rows.iter().take(MOST_ROWS) {
                        tr {
                            @for (index, (head, cell)) in table.heads.iter().zip(row).enumerate() {
                                @if index == 0 { th scope="row" class=[class(head, cell)] { (long(cell.text())) } }
                                @else { td class=[class(head, cell)] data-head=[is_card.then_some(&heads[index])] { (long(cell.text())) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Heads of columns that hold names.
const NAMES: [&str; 4] = ["variant", "scenario", "cell", "time against"];

/// Returns true if the first column of a table holds names.
fn holds_names(table: &Table) -> bool {
    let first = table.heads.first();
    first.is_some_and(|head| NAMES.iter().any(|it| head.text.starts_with(it)))
}

fn head_of(head: &Head) -> String {
    shortened(&head.text.replace('\n', " "), LONGEST_HEAD)
}

/// CSS classes of a cell. A verdict has a sign and a colour besides its word. A long text has a
/// least width, so that some of it fits into every line, however many columns there are.
fn class(head: &Head, cell: &TableCell) -> Option<&'static str> {
    let is_long = |text: &str| text.chars().nth(LONGEST_UNWRAPPED).is_some();
    match cell {
        TableCell::Verdict(verdict) | TableCell::Judged { verdict, .. } => Some(match verdict {
            Verdict::Faster => "verdict faster",
            Verdict::Slower => "verdict slower",
            Verdict::Tie => "verdict tie",
            Verdict::Inconclusive | Verdict::Failed | Verdict::Void => "verdict inconclusive",
        }),
        TableCell::Text(_) if head.is_number => Some("number"),
        TableCell::Text(text) => is_long(text).then_some("long"),
    }
}
