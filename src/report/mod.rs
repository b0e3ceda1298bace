//! Reports on records: the answer first, then a table per scenario, then the methods behind the
//! numbers.
//!
//! A report needs no more than a record, so that an old record is shown as that of a fresh run is.
//! Its figures come from `summary` and `comparisons` of the record, which `analysis` fills.

mod across;
mod answer;
mod break_even;
mod cache;
mod cautions;
mod chart;
mod columns;
mod csv;
mod history;
mod html;
mod markdown;
mod notes;
mod overview;
mod page;
mod requests;
mod scenario;
mod screen;
mod table;
mod terminal;
mod text;
mod training;
mod view;
mod words;
mod workers;

use std::path::Path;

use thiserror::Error;

use crate::analysis::{Across, Gate, History, TrainingRun};
use crate::exit_class::ExitClass;
use crate::record::{RunRecord, to_json};
pub use html::{START as HTML_START, html, html_history, html_training};
use page::Page;
use scenario::scenarios;
pub use screen::so_far;
pub use table::{Head, Table, TableCell};
pub use text::visible;
use text::visible_json;
pub use view::{Format, View};
pub use words::ratio_with_interval;

#[derive(Debug, Error)]
pub enum ReportError {
    #[error("this cannot be written as JSON")]
    Json(#[from] serde_json::Error),
}

impl ReportError {
    pub fn class(&self) -> ExitClass {
        match self {
            ReportError::Json(_) => ExitClass::Failed,
        }
    }
}

/// Shows a record.
pub fn render(record: &RunRecord, view: &View) -> Result<String, ReportError> {
    Ok(match view.format {
        Format::Table => terminal::render(&page_of(record, view), view),
        Format::Markdown => markdown::render(&page_of(record, view)),
        Format::Csv => csv::render(std::slice::from_ref(record)),
        Format::Json => visible_json(&to_json(record)?),
    })
}

/// Shows a training run, of one process or of several.
pub fn render_training(run: &TrainingRun<'_>, view: &View) -> Result<String, ReportError> {
    Ok(match view.format {
        Format::Table => terminal::render(&training::page(run), view),
        Format::Markdown => markdown::render(&training::page(run)),
        Format::Csv => training::csv(run),
        Format::Json => match run.records.as_slice() {
            [record] => visible_json(&to_json(record)?),
            records => visible_json(&format!("{}\n", serde_json::to_string_pretty(records)?)),
        },
    })
}

/// Lines on where the record and its page are kept. They end the first screen.
pub fn kept_at(record: &Path, page: Option<&Path>, has_layouts: bool) -> String {
    let shown = |path: &Path| visible(&path.display().to_string());
    let page = page.map_or_else(String::new, |page| format!(", as a page {}", shown(page)));
    let more = match has_layouts {
        true => {
            "bench report FILE --details: all tables; bench recipe FILE VARIANT: how to write it"
        }
        false => "bench report FILE --details: all tables",
    };
    [
        terminal::labelled("RECORD", &format!("{}{page}", shown(record))),
        terminal::labelled("MORE", more),
    ]
    .concat()
}

/// Lines on where the record of a training run is kept, and its files in DLIO's form.
pub fn kept_training_at(record: &Path, dlio: Option<&Path>) -> String {
    let shown = |path: &Path| visible(&path.display().to_string());
    let dlio = dlio.map_or_else(String::new, |folder| {
        format!(", as DLIO has it {}", shown(folder))
    });
    [
        terminal::labelled("RECORD", &format!("{}{dlio}", shown(record))),
        terminal::labelled(
            "MORE",
            "bench report FILE --details: all tables; --html: charts",
        ),
    ]
    .concat()
}

fn page_of(record: &RunRecord, view: &View) -> Page {
    Page::of(record, &scenarios(record), view.details, view.prefer)
}

/// Shows one record, or several one after the other. In CSV and JSON, several are one list.
pub fn render_all(records: &[RunRecord], view: &View) -> Result<String, ReportError> {
    if let [record] = records {
        return render(record, view);
    }
    Ok(match view.format {
        Format::Csv => csv::render(records),
        Format::Json => visible_json(&format!("{}\n", serde_json::to_string_pretty(records)?)),
        Format::Table | Format::Markdown => {
            let one = |record: &RunRecord| {
                let title = format!("run {}", text::name(&record.run_id));
                let title = match view.format {
                    Format::Markdown => format!("# {}\n\n", markdown::escaped(&title)),
                    _ => format!("{title}\n\n"),
                };
                Ok(format!("{title}{}\n", render(record, view)?))
            };
            records
                .iter()
                .map(one)
                .collect::<Result<String, ReportError>>()?
        }
    })
}

/// Shows a comparison, with the outcome of the gate if there is one.
pub fn render_across(
    across: &Across,
    gate: Option<&Gate>,
    view: &View,
) -> Result<String, ReportError> {
    Ok(match view.format {
        Format::Table => terminal::render(&across::page(across, gate), view),
        Format::Markdown => markdown::render(&across::page(across, gate)),
        Format::Csv => across::csv(across),
        Format::Json => visible_json(&across::json(across, gate)?),
    })
}

/// The last line of a gate: its outcome, how the results compare, and the exit code.
pub fn gate_line(across: &Across, gate: &Gate, code: u8) -> String {
    across::gate_line(across, gate, code)
}

/// Sentences on everything that keeps a comparison from passing a limit. Empty if it passes.
pub fn gate_sentences(across: &Across, gate: &Gate) -> Vec<String> {
    across::gated(across, gate)
}

/// Shows scenarios over time.
pub fn render_history(histories: &[History], view: &View) -> Result<String, ReportError> {
    Ok(match view.format {
        Format::Table => terminal::render(&history::page(histories), view),
        Format::Markdown => markdown::render(&history::page(histories)),
        Format::Csv => history::csv(histories),
        Format::Json => visible_json(&format!("{}\n", serde_json::to_string_pretty(histories)?)),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
