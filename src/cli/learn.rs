//! `bench learn`.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;

use super::arguments::{InspectFormat, LearnArguments};
use super::exit::CommandError;
use super::inspect::table;
use super::progress::Progress;
use super::{cancel_on_interrupt, print, runtime, show, show_text};
use crate::learn::{CODECS, CodecSizes, LearnError, Learned, learn as learn_files};
use crate::run::{Event, Observer};
use crate::storage::local_store;
use crate::units;

pub(super) fn learn(arguments: &LearnArguments) -> Result<ExitCode, CommandError> {
    let cancel = cancel_on_interrupt()?;
    // Better said before the work than after it.
    if arguments.output.symlink_metadata().is_ok() {
        return Err(there_already(&arguments.output));
    }
    let folder = arguments
        .output
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    if let Some(Err(error)) = folder.map(std::fs::metadata) {
        let output = arguments.output.display();
        return Err(CommandError::Usage(format!("--output {output}: {error}")));
    }
    let runtime = runtime()?;
    let progress = Progress::new();
    let learned = runtime.block_on(learn_files(
        &local_store(),
        &arguments.location,
        arguments.keep_values,
        &cancel,
        &|done, all| progress.at(done as u64, all as u64, "fitting columns".to_owned()),
    ));
    progress.event(Event::Finished);
    let learned = learned?;
    let Some(hold) = cancel.hold() else {
        return Err(LearnError::Interrupted.into());
    };
    write(&arguments.output, &config_text(&learned))?;
    drop(hold);
    let output = arguments.output.display();
    match arguments.format {
        InspectFormat::Json => {
            let json = serde_json::to_string_pretty(&learned)
                .map_err(|error| CommandError::Failed(error.to_string()))?;
            print::line(&format!("config: {output}"));
            show(&format!("{json}\n"))
        }
        InspectFormat::Table => {
            let shown = show_text(&describe(&learned))?;
            print::line(&format!("config: {output}"));
            print::line(&format!("next: bench run {output}"));
            Ok(shown)
        }
    }
}

fn there_already(path: &Path) -> CommandError {
    CommandError::Usage(format!(
        "--output {}: there is such a file, and it is not overwritten; give another name",
        path.display()
    ))
}

fn config_text(learned: &Learned) -> String {
    format!(
        "# Made by `bench learn` from {} rows in {} columns, of which {} rows were looked at.\n{}",
        learned.rows,
        learned.columns.len(),
        learned.sampled_rows,
        learned.yaml
    )
}

/// A new file, whole or not at all.
fn write(path: &Path, text: &str) -> Result<(), CommandError> {
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::AlreadyExists => there_already(path),
        _ => CommandError::Usage(format!("--output {}: {error}", path.display())),
    };
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .map_err(failed)?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all());
    written.map_err(|error| {
        // What is half written is of no use; the error says enough where this fails too.
        let _ = std::fs::remove_file(path);
        failed(error)
    })
}

fn describe(learned: &Learned) -> String {
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
    let medians = CODECS
        .iter()
        .map(|codec| share(learned.median_error_of(*codec)));
    table.add_row(
        ["median error".to_owned(), String::new(), String::new()]
            .into_iter()
            .chain(medians),
    );
    let mut text = format!(
        "{}: {} rows, {} of them looked at\n\
         bytes per value: in the files, by their footers; and original > look-alike, both written here in the learned layout\n{table}\n\
         median error of all {}\n",
        learned.location,
        units::count(learned.rows),
        units::count(learned.sampled_rows),
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
