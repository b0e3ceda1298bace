//! Clauses and literals in SQL.

use super::knobs::Knobs;

/// An `ORDER BY` with a space before it. Empty if rows are not sorted.
pub(super) fn order_by(knobs: &Knobs) -> String {
    let keys = knobs.layout.sort_by.iter().map(|sort| {
        let direction = if sort.descending { " DESC" } else { "" };
        format!("{}{direction} NULLS FIRST", quoted(&sort.column))
    });
    let keys: Vec<String> = keys.collect();
    match keys.is_empty() {
        true => String::new(),
        false => format!(" ORDER BY {}", keys.join(", ")),
    }
}

/// An identifier in double quotes.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A literal in single quotes.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
