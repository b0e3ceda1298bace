//! The page as GitHub's Markdown.

use super::page::Page;
use super::screen::{Screen, Statement};
use super::table::Table;

pub(super) fn render(page: &Page) -> String {
    let mut blocks: Vec<String> = Vec::new();
    blocks.extend(
        page.cautions
            .iter()
            .map(|caution| format!("**{}**", escaped(caution))),
    );
    blocks.extend(page.screen.iter().flat_map(screen));
    blocks.extend(list(&page.answers));
    blocks.extend(
        page.overview
            .iter()
            .chain(&page.tables)
            .map(Table::to_markdown),
    );
    blocks.extend(list(&page.notes));
    let mut shown = blocks.join("\n\n");
    shown.push('\n');
    shown
}

/// Blocks of the first screen: statements, tables, legend, then what would change the answer.
fn screen(screen: &Screen) -> Vec<String> {
    let statement = |it: &Statement| {
        let sentences: Vec<String> = it.sentences.iter().map(|it| escaped(it)).collect();
        format!("**{}** {}", it.label, sentences.join(" "))
    };
    let statements = screen.statements.iter().map(statement);
    let tables = screen.costs.iter().chain(&screen.matrix);
    statements
        .chain(tables.map(Table::to_markdown))
        .chain(
            screen
                .noise
                .iter()
                .chain(&screen.doubts)
                .map(|it| escaped(it)),
        )
        .chain(screen.changes.iter().chain(&screen.recipe).map(statement))
        .collect()
}

fn list(items: &[String]) -> Option<String> {
    let lines: Vec<String> = items
        .iter()
        .map(|item| format!("- {}", escaped(item)))
        .collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

impl Table {
    /// The table as GitHub's Markdown, below a heading.
    pub fn to_markdown(&self) -> String {
        let mut lines = vec![format!("### {}", escaped(&self.title)), String::new()];
        if let Some(description) = &self.description {
            lines.extend([escaped(description), String::new()]);
        }
        lines.push(row(self
            .heads
            .iter()
            .map(|head| head.text.replace('\n', " "))));
        lines.push(row(self.heads.iter().map(|head| {
            if head.is_number { "---:" } else { ":---" }.to_owned()
        })));
        lines.extend(
            self.rows
                .iter()
                .map(|cells| row(cells.iter().map(|cell| escaped(cell.text())))),
        );
        lines.join("\n")
    }
}

fn row(texts: impl Iterator<Item = String>) -> String {
    format!("| {} |", texts.collect::<Vec<_>>().join(" | "))
}

/// Text that Markdown shows as it is: nothing in it ends a cell, or becomes HTML, code, a link, an
/// image or emphasis by asterisks. Brackets of intervals stay as they are, so that the source is
/// easy to read, too; brackets do nothing by themselves.
pub(super) fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '<' => shown.push_str("&lt;"),
            '&' => shown.push_str("&amp;"),
            // An at sign would notify somebody.
            '@' => shown.push_str("&#64;"),
            '\\' | '`' | '*' | '~' | '|' => shown.extend(['\\', character]),
            ']' if characters
                .peek()
                .is_some_and(|next| matches!(next, '(' | '[' | ':')) =>
            {
                shown.push_str("\\]")
            }
            _ => shown.push(character),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn text_stays_text() {
        assert_eq!(
            escaped("full_scan 0.853x [0.831, 0.872]"),
            "full_scan 0.853x [0.831, 0.872]"
        );
        assert_eq!(escaped("a|b"), "a\\|b");
        assert_eq!(escaped("a\\|b"), "a\\\\\\|b");
        assert_eq!(
            escaped("<script>&lt;`x` *y* ~z~"),
            "&lt;script>&amp;lt;\\`x\\` \\*y\\* \\~z\\~"
        );
        assert_eq!(
            escaped("![x](http://y) [x][y] [x]: y"),
            "![x\\](http://y) [x\\][y] [x\\]: y"
        );
    }
}
