//! `bench explain`.

use std::process::ExitCode;

use super::arguments::ExplainArguments;
use super::exit::CommandError;
use super::interrupt::cancel_on_interrupt;
use super::progress::Progress;
use super::stdout::show_text;
use super::threads::{leave, runtime};
use super::{load, workers};
use crate::measure::evaluate;
use crate::session::{
    AtSite, CellPlan, Event, Failure, Observer, check_workers, open, prepare, unchanged,
};
use crate::storage::Stores;

pub(super) fn explain(arguments: &ExplainArguments) -> Result<ExitCode, CommandError> {
    let cancel = cancel_on_interrupt()?;
    let config = load::config(&arguments.config, Some(&arguments.queries))?;
    let mut config = config.for_queries();
    // A control has the plans of the baseline.
    config.measure.control = Some(false);
    let progress = Progress::new();
    let runtime = runtime()?;
    let workers = workers::connect(&runtime, &arguments.workers, &cancel)?;
    check_workers(&config, workers.as_ref())?;
    let datasets = prepare(
        &runtime,
        &Stores::reached_by(&config.connection, 0),
        &config,
        arguments.yes,
        None,
        &cancel,
        &progress,
    )?;
    datasets.warn(&progress);
    let explained = runtime.block_on(async {
        let all = async {
            let mut text = String::new();
            for plan in open(&config, &datasets, workers.as_ref(), None, &progress)
                .await?
                .cells
            {
                text.push_str(&describe(&plan).await?);
            }
            Ok::<_, Failure>(text)
        };
        cancel.unless(all).await?
    });
    leave(runtime);
    progress.event(Event::Finished);
    show_text(&explained?)
}

/// The plan of a cell, and the figures of its scans from an untimed execution.
async fn describe(plan: &CellPlan) -> Result<String, Failure> {
    let CellPlan { record, cell, .. } = plan;
    let verified = cell.verify().await;
    unchanged(cell).await?;
    let verified = match verified {
        Ok(verified) => verified,
        Err(error) => return Err(cell.locate(error).await).at(&plan.site),
    };
    let observed = &verified.observed;
    let columns: Vec<&str> = observed.columns.iter().map(String::as_str).collect();
    let mut text = format!(
        "# {}\n{}\n\n{}",
        record.id,
        record.sql.trim_end(),
        record.plan
    );
    text.push_str(&format!(
        "\ncolumns read: {} of {}: {}\nrow groups kept: {} of {}\nrows: {}\n",
        record.columns_read,
        record.columns_stored,
        columns.join(", "),
        observed.row_groups_kept,
        observed.row_groups,
        verified.rows
    ));
    for expectation in evaluate(&cell.scenario, observed, |key| plan.setting(key)) {
        let verdict = if expectation.passed { "holds" } else { "FAILS" };
        text.push_str(&format!(
            "{} {}: {verdict}, found {}\n",
            expectation.name, expectation.expected, expectation.found
        ));
    }
    text.push('\n');
    Ok(text)
}
