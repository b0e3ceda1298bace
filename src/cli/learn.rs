//! `bench learn`.

use std::io::Write;
use std::process::ExitCode;

use super::arguments::{InspectFormat, LearnArguments};
use super::exit::CommandError;
use super::interrupt::cancel_on_interrupt;
use super::outputs::{output, would_be_read};
use super::print;
use super::progress::Progress;
use super::stdout::{show_json, show_text};
use super::table::table;
use super::threads::runtime;
use crate::cancel::Interrupted;
use crate::learn::{
    CODECS, CodecErrors, CodecSizes, LearnError, LearnedConfig, learn as learn_files,
};
use crate::output::Replaces;
use crate::session::{Event, Observer};
use crate::storage::Stores;
use crate::table::would_be_of_table;
use crate::units;

pub(super) fn learn(arguments: &LearnArguments) -> Result<ExitCode, CommandError> {
    let cancel = cancel_on_interrupt()?;
    let config = output(
        "--output",
        "like.yaml",
        &arguments.output,
        Replaces::Nothing,
    )?;
    if would_be_of_table(&arguments.location, config.path()) {
        return Err(would_be_read("--output", &config, &arguments.location));
    }
    let runtime = runtime()?;
    let progress = Progress::new();
    let learned = runtime.block_on(learn_files(
        &Stores::default(),
        &arguments.location,
        arguments.keep_values,
        &cancel,
        &|done, all| progress.at(done as u64, all as u64, "fitting columns".to_owned()),
    ));
    progress.event(Event::Finished);
    let learned = learned?;
    let Some(hold) = cancel.hold() else {
        return Err(LearnError::from(Interrupted).into());
    };
    config.write(|file| file.write_all(config_text(&learned).as_bytes()))?;
    drop(hold);
    let written = arguments.output.display();
    match arguments.format {
        InspectFormat::Json => {
            print::line(&format!("config: {written}"));
            show_json(&learned)
        }
        InspectFormat::Table => {
            let shown = show_text(&describe(&learned))?;
            print::line(&format!("config: {written}"));
            print::line(&format!("next: bench run {written}"));
            Ok(shown)
        }
    }
}

fn config_text(learned: &LearnedConfig) -> String {
    format!(
        "# Made by `bench learn` from {} rows in {} columns, of which {} rows were looked at.\n{}",
        learned.rows,
        learned.columns.len(),
        learned.sampled_rows,
        learned.yaml
    )
}

fn describe(learned: &LearnedConfig) -> String {
    let codecs = CODECS.map(|codec| codec.to_string());
    let mut heads = vec!["column", "drawn as", "in file"];
    heads.extend(codecs.iter().map(String::as_str));
    let mut table = table(&heads, 2);
    for column in &learned.columns {
        let cells = column.sizes.iter().map(|sizes| cell(sizes, column.values));
        table.add_row(
            [
                column.column.clone(),
                column.drawn_as.clone(),
                column
                    .file_bytes_per_row
                    .map_or_else(|| "-".to_owned(), each),
            ]
            .into_iter()
            .chain(cells),
        );
    }
    // Rows about all columns come last, with a figure under each codec.
    let errors = |head: &str, of: fn(&CodecErrors) -> Option<f64>| {
        let shares = learned.errors.iter().map(|errors| share(of(errors)));
        [head.to_owned(), String::new(), String::new()]
            .into_iter()
            .chain(shares)
            .collect::<Vec<String>>()
    };
    table.add_row(errors("error by bytes", |errors| errors.weighted_error));
    table.add_row(errors("median error", |errors| errors.median_error));
    let mut text = format!(
        "{}: {} rows, {} of them looked at\n\
         bytes per value: in the files, by their footers; and original > look-alike, both written here in the learned layout\n{table}\n\
         error by bytes {}: the bytes of a row that columns have too many or too few, as a share of all bytes of a row; the mean of {} codecs\n\
         median error {}: half of all pairs of a column and a codec are off by less; each counts the same, however few bytes it has\n",
        learned.location,
        units::count(learned.rows),
        units::count(learned.sampled_rows),
        share(learned.weighted_error),
        CODECS.len(),
        share(learned.median_error),
    );
    for note in &learned.notes {
        text.push_str(&format!("note: {note}\n"));
    }
    text
}

fn cell(sizes: &CodecSizes, values: u64) -> String {
    let of = |bytes: u64| each(bytes as f64 / values.max(1) as f64);
    format!(
        "{} > {} {:+.0}%",
        of(sizes.original_bytes),
        of(sizes.alike_bytes),
        sizes.error() * 100.0
    )
}

fn each(bytes: f64) -> String {
    match bytes {
        bytes if bytes >= 100.0 => format!("{bytes:.0}"),
        bytes if bytes >= 1.0 => format!("{bytes:.2}"),
        bytes => format!("{bytes:.3}"),
    }
}

fn share(error: Option<f64>) -> String {
    error.map_or_else(|| "-".to_owned(), |error| format!("{:.1}%", error * 100.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_a_value_have_about_three_digits() {
        assert_eq!(
            [0.1234, 1.0, 99.994, 123.4].map(each),
            ["0.123", "1.00", "99.99", "123"]
        );
    }

    #[test]
    fn an_error_that_nobody_knows_is_a_dash() {
        assert_eq!([None, Some(0.0123)].map(share), ["-", "1.2%"]);
    }
}
