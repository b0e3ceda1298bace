//! `bench report`.

use std::io::Write;
use std::process::ExitCode;

use super::arguments::ReportArguments;
use super::exit::CommandError;
use super::outputs::{output, refuse_details_without_tables};
use super::stdout::show;
use super::{load, print};
use crate::analysis::{Predictions, history};
use crate::output::Replaces;
use crate::record::RunRecord;
use crate::report::{Format, HTML_START, html, html_history, render_all, render_history};

/// Pages, which are known by their beginning.
const PAGE: Replaces = Replaces::Kind {
    start: HTML_START.as_bytes(),
    name: "such a page",
};

pub(super) fn report(arguments: &ReportArguments) -> Result<ExitCode, CommandError> {
    refuse_details_without_tables(arguments.format, arguments.details)?;
    let mut records: Vec<RunRecord> = Vec::new();
    let mut page_file = None;
    if let Some(file) = &arguments.html {
        if arguments.records.len() > 1 && !arguments.history {
            return Err(CommandError::Usage(
                "--html shows one record; name one, or add --history".to_owned(),
            ));
        }
        page_file = Some(output("--html", "report.html", file, PAGE)?);
    }
    let format = arguments.format;
    let predicts = !arguments.history && format != Format::Csv;
    let mut predictions: Vec<Predictions> = Vec::new();
    let mut without_run = Vec::new();
    let baseline = arguments.baseline.as_deref();
    for file in &arguments.records {
        let read = match predicts {
            true => load::predicted(file, baseline).map(|(record, found)| {
                predictions.push(found);
                record
            }),
            false => load::measured(file, baseline),
        };
        match read {
            Ok(record) => records.push(record),
            // A run that wrote nothing, such as one on a full disk, must not hide all others.
            Err(CommandError::Record(error)) if arguments.history && error.holds_no_run() => {
                without_run.push(error);
            }
            Err(error) => return Err(error),
        }
    }
    if records.is_empty()
        && let Some(error) = without_run.pop()
    {
        return Err(error.into());
    }
    for error in without_run {
        print::line(&format!("warning: {error}; the history goes without it"));
    }
    let view = print::view(format, arguments.details, arguments.prefer);
    if let Some(file) = page_file {
        let page: String = match arguments.history {
            true => html_history(&history(&records)),
            false => records
                .iter()
                .zip(&predictions)
                .map(|(record, predictions)| html(record, predictions, &view))
                .collect(),
        };
        file.write(|file| file.write_all(page.as_bytes()))?;
        print::line(&format!("wrote {}", file.path().display()));
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.history {
        return show(&render_history(&history(&records), &view)?);
    }
    show(&render_all(&records, &view)?)
}
