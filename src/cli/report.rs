//! `bench report`.

use std::io::Write;
use std::process::ExitCode;

use super::arguments::ReportArguments;
use super::exit::CommandError;
use super::outputs::{output, refuse_details_without_tables};
use super::stdout::show;
use super::{load, print};
use crate::analysis::{Predictions, TrainingRun, history};
use crate::output::{Output, Replaces};
use crate::record::{RunRecord, read_record};
use crate::report::{
    Format, HTML_START, html, html_history, html_training, render_all, render_history,
    render_training,
};
use crate::train::write_summary;

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
        page_file = Some(output("--html", "report.html", file, PAGE)?);
    }
    if let Some(records) = training_records(arguments)? {
        return report_training(arguments, &records, page_file);
    }
    if arguments.dlio.is_some() {
        return Err(CommandError::Usage(format!(
            "--dlio is for training runs, and {} is none",
            arguments.records[0].display()
        )));
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
                without_run.push(CommandError::from(error));
            }
            Err(error @ CommandError::Training { .. }) if arguments.history => {
                without_run.push(error);
            }
            Err(error) => return Err(error),
        }
    }
    if records.is_empty()
        && let Some(error) = without_run.pop()
    {
        return Err(error);
    }
    for error in without_run {
        print::line(&format!("warning: {error}; the history goes without it"));
    }
    let view = print::view(format, arguments.details, arguments.prefer);
    if page_file.is_some() && records.len() > 1 && !arguments.history {
        return Err(CommandError::Usage(
            "--html shows one record; name one, or add --history".to_owned(),
        ));
    }
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

/// Returns the records of a training run. `None` if the first is none.
fn training_records(arguments: &ReportArguments) -> Result<Option<Vec<RunRecord>>, CommandError> {
    let mut records: Vec<RunRecord> = Vec::new();
    for file in &arguments.records {
        let read = match read_record(file) {
            // It is told where the record is shown.
            Err(_) if records.is_empty() => return Ok(None),
            read => read?,
        };
        if records.is_empty() && read.training.is_none() {
            return Ok(None);
        }
        records.push(read);
    }
    Ok(Some(records))
}

/// Shows a training run. Several records are those of its ranks.
fn report_training(
    arguments: &ReportArguments,
    records: &[RunRecord],
    page_file: Option<Output>,
) -> Result<ExitCode, CommandError> {
    let refused = [
        ("--history", arguments.history),
        ("--baseline", arguments.baseline.is_some()),
    ];
    if let Some((flag, _)) = refused.into_iter().find(|(_, given)| *given) {
        return Err(CommandError::Usage(format!(
            "{flag} is for runs that compare variants, and {} is a training run",
            arguments.records[0].display()
        )));
    }
    let Some(run) = TrainingRun::of(records) else {
        return Ok(ExitCode::SUCCESS);
    };
    let run = run?;
    if let Some(folder) = &arguments.dlio {
        run.check_all_ranks()?;
        let file = write_summary(folder, &run)?;
        print::line(&format!("wrote {}", file.display()));
    }
    if let Some(file) = page_file {
        let page = html_training(&run);
        file.write(|file| file.write_all(page.as_bytes()))?;
        print::line(&format!("wrote {}", file.path().display()));
        return Ok(ExitCode::SUCCESS);
    }
    let view = print::view(arguments.format, arguments.details, arguments.prefer);
    show(&render_training(&run, &view)?)
}
