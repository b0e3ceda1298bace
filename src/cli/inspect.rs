//! `bench inspect`.

use std::process::ExitCode;

use super::arguments::{InspectArguments, InspectFormat};
use super::exit::CommandError;
use super::stdout::{show_json, show_text};
use super::table::table;
use super::threads::runtime;
use crate::files::{ColumnFacts, Depth};
use crate::session::Failure;
use crate::storage::Stores;
use crate::table::{Inspection, inspect as inspect_files};
use crate::units;

/// Most files that the summary lists. It counts the others.
const MOST_FILES: usize = 20;

pub(super) fn inspect(arguments: &InspectArguments) -> Result<ExitCode, CommandError> {
    let depth = Depth {
        row_groups: arguments.row_groups,
        pages: arguments.pages,
    };
    let runtime = runtime()?;
    let inspected = runtime.block_on(inspect_files(
        &Stores::default(),
        &arguments.location,
        depth,
    ));
    let mut inspection = inspected.map_err(Failure::from)?;
    if !arguments.column.is_empty() {
        keep_columns(&mut inspection, &arguments.column)?;
    }
    match arguments.format {
        InspectFormat::Json => show_json(&inspection),
        InspectFormat::Table => show_text(&describe(&inspection, arguments)),
    }
}

/// Keeps the columns of these names, with all of their leaves.
fn keep_columns(inspection: &mut Inspection, names: &[String]) -> Result<(), CommandError> {
    let of = |leaf: &str, name: &String| {
        leaf == name
            || leaf
                .strip_prefix(name.as_str())
                .is_some_and(|rest| rest.starts_with('.'))
    };
    for name in names {
        if !inspection
            .columns
            .iter()
            .any(|column| of(&column.column, name))
        {
            let known: Vec<&str> = inspection
                .columns
                .iter()
                .map(|column| column.column.as_str())
                .collect();
            return Err(CommandError::Usage(format!(
                "--column {name}: there is no such column; columns: {}",
                known.join(", ")
            )));
        }
    }
    let kept = |leaf: &str| names.iter().any(|name| of(leaf, name));
    inspection.columns.retain(|column| kept(&column.column));
    for file in &mut inspection.files {
        file.pages.retain(|page| kept(&page.column));
    }
    Ok(())
}

fn describe(inspection: &Inspection, arguments: &InspectArguments) -> String {
    let mut text = summary(inspection);
    if arguments.columns || !arguments.column.is_empty() {
        text.push_str(&columns(&inspection.columns));
    }
    if arguments.row_groups {
        let heads = [
            "file",
            "row group",
            "rows",
            "encoded",
            "compressed",
            "sorted by",
        ];
        let mut shown = table(&heads, 1);
        for (number, file) in inspection.files.iter().enumerate() {
            for group in &file.row_groups {
                shown.add_row([
                    number.to_string(),
                    group.row_group.to_string(),
                    units::count(group.rows),
                    units::bytes(group.encoded_bytes),
                    units::bytes(group.compressed_bytes),
                    group.sorted_by.join(", "),
                ]);
            }
        }
        text.push_str(&format!("\nrow groups\n{shown}\n"));
    }
    if arguments.pages {
        let heads = [
            "file",
            "row group",
            "column",
            "page",
            "kind",
            "encoding",
            "values",
            "encoded",
            "statistics",
        ];
        let mut shown = table(&heads, 6);
        for (number, file) in inspection.files.iter().enumerate() {
            for page in &file.pages {
                shown.add_row([
                    number.to_string(),
                    page.row_group.to_string(),
                    page.column.clone(),
                    page.page.to_string(),
                    page.kind.clone(),
                    page.encoding.clone(),
                    units::count(page.values),
                    units::bytes(page.encoded_bytes),
                    if page.has_statistics { "yes" } else { "no" }.to_owned(),
                ]);
            }
        }
        text.push_str(&format!("\npages\n{shown}\n"));
    }
    for warning in &inspection.warnings {
        text.push_str(&format!("\nwarning: {warning}\n"));
    }
    text
}

fn summary(inspection: &Inspection) -> String {
    let files = &inspection.files;
    let columns = &inspection.columns;
    let sum = |of: fn(&ColumnFacts) -> u64| columns.iter().map(of).sum::<u64>();
    let (encoded, compressed) = (
        sum(|column| column.encoded_bytes),
        sum(|column| column.compressed_bytes),
    );
    let chunks = sum(|column| column.chunks);
    let list = |items: std::collections::BTreeSet<&String>| {
        let items: Vec<&str> = items.into_iter().map(String::as_str).collect();
        items.join(", ")
    };
    let footers: u64 = files.iter().map(|file| file.footer_bytes).sum();
    let parse: u64 = files.iter().map(|file| file.footer_parse_ns).sum();
    let share = |bytes: u64, of: u64| match of {
        0 => String::new(),
        of => format!(" ({})", units::percent(bytes as f64 / of as f64)),
    };
    let partitions = match inspection.partition_by.as_slice() {
        [] => String::new(),
        names => format!(", partitioned by {}", names.join(", ")),
    };
    let of_chunks = |of: fn(&ColumnFacts) -> u64| {
        format!("{} of {}", units::count(sum(of)), units::count(chunks))
    };
    let mut sorted: Vec<&ColumnFacts> = columns
        .iter()
        .filter(|column| column.sort_position.is_some())
        .collect();
    sorted.sort_by_key(|column| column.sort_position);
    let sorted: Vec<String> = sorted
        .iter()
        .map(|column| {
            let order = if column.sort_descending { " desc" } else { "" };
            format!("{}{order}", column.column)
        })
        .collect();
    let creators: std::collections::BTreeSet<&String> = files
        .iter()
        .filter_map(|file| file.created_by.as_ref())
        .collect();
    let mut text = format!(
        "{}\n  {} rows, {} leaf columns, {} files, {} row groups{partitions}\n  \
         files {}; chunks {} encoded, {} compressed{}\n  \
         codecs {}; encodings {}\n  \
         chunks with dictionary {}, of these given up {}; statistics {}; column index {}; offset index {}; bloom filter {}\n  \
         sorted by {}\n  \
         footers {}{}, parsed in {} ({} a file)\n  \
         written by {}\n",
        inspection.location,
        units::count(inspection.rows),
        columns.len(),
        units::count(files.len() as u64),
        units::count(inspection.row_groups),
        units::bytes(inspection.file_bytes),
        units::bytes(encoded),
        units::bytes(compressed),
        share(compressed, encoded),
        list(columns.iter().flat_map(|column| &column.codecs).collect()),
        list(
            columns
                .iter()
                .flat_map(|column| &column.encodings)
                .collect()
        ),
        of_chunks(|column| column.dictionary_chunks),
        units::count(sum(|column| column.fallback_chunks)),
        of_chunks(|column| column.statistics_chunks),
        of_chunks(|column| column.column_index_chunks),
        of_chunks(|column| column.offset_index_chunks),
        of_chunks(|column| column.bloom_filter_chunks),
        if sorted.is_empty() {
            "nothing that the footers tell".to_owned()
        } else {
            sorted.join(", ")
        },
        units::bytes(footers),
        share(footers, inspection.file_bytes),
        units::duration_ns(parse as f64),
        units::duration_ns(parse as f64 / files.len().max(1) as f64),
        if creators.is_empty() {
            "unknown".to_owned()
        } else {
            list(creators)
        },
    );
    let mut shown = table(
        &[
            "",
            "file",
            "rows",
            "row groups",
            "size",
            "footer",
            "parsed in",
        ],
        2,
    );
    for (number, file) in files.iter().take(MOST_FILES).enumerate() {
        shown.add_row([
            number.to_string(),
            file.path.clone(),
            units::count(file.rows),
            units::count(file.row_group_count),
            units::bytes(file.file_bytes),
            units::bytes(file.footer_bytes),
            units::duration_ns(file.footer_parse_ns as f64),
        ]);
    }
    text.push_str(&format!("{shown}\n"));
    if files.len() > MOST_FILES {
        text.push_str(&format!(
            "... and {} more files\n",
            files.len() - MOST_FILES
        ));
    }
    if let Some(file) = files.first().filter(|file| !file.key_values.is_empty()) {
        text.push_str("key-value metadata of the first file\n");
        for (key, value) in &file.key_values {
            let value = value.as_deref().unwrap_or("(no value)");
            text.push_str(&format!("  {key}: {value}\n"));
        }
    }
    text
}

fn columns(columns: &[ColumnFacts]) -> String {
    let heads = [
        "column",
        "type",
        "encodings",
        "codec",
        "encoded",
        "compressed",
        "ratio",
        "values",
        "nulls",
        "pages",
        "min",
        "max",
    ];
    let mut shown = table(&heads, 4);
    let join = |items: &std::collections::BTreeSet<String>| {
        let items: Vec<&str> = items.iter().map(String::as_str).collect();
        items.join(" ")
    };
    let or_unknown = |number: Option<u64>| number.map_or_else(|| "-".to_owned(), units::count);
    for column in columns {
        let fallback = match column.fallback_chunks {
            0 => String::new(),
            chunks => format!(" ({chunks} of {} chunks fell back)", column.chunks),
        };
        shown.add_row([
            column.column.clone(),
            format!("{} ({})", column.dtype, column.physical_type),
            format!("{}{fallback}", join(&column.encodings)),
            join(&column.codecs),
            units::bytes(column.encoded_bytes),
            units::bytes(column.compressed_bytes),
            column.ratio().map_or_else(|| "-".to_owned(), units::ratio),
            units::count(column.values),
            or_unknown(column.nulls),
            or_unknown(column.pages),
            column.min.clone().unwrap_or_else(|| "-".to_owned()),
            column.max.clone().unwrap_or_else(|| "-".to_owned()),
        ]);
    }
    format!("\ncolumns\n{shown}\n")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn inspection() -> Inspection {
        let leaf = |column: &str| ColumnFacts {
            column: column.to_owned(),
            ..ColumnFacts::default()
        };
        Inspection {
            location: "data".to_owned(),
            rows: 1,
            row_groups: 1,
            file_bytes: 1,
            partition_by: Vec::new(),
            files: Vec::new(),
            columns: ["a", "point.x", "point.y", "points"].map(leaf).to_vec(),
            warnings: Vec::new(),
        }
    }

    fn kept(names: &[&str]) -> Result<Vec<String>, CommandError> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut inspection = inspection();
        keep_columns(&mut inspection, &names)?;
        let columns = inspection.columns.into_iter();
        Ok(columns.map(|column| column.column).collect())
    }

    #[test]
    fn a_column_is_kept_with_all_of_its_leaves_and_no_other() {
        assert_eq!(kept(&["point"]).unwrap(), ["point.x", "point.y"]);
        assert_eq!(kept(&["point.y", "a"]).unwrap(), ["a", "point.y"]);
    }

    #[test]
    fn a_column_that_is_not_there_is_refused_with_those_that_are() {
        let error = kept(&["a", "poin"]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "--column poin: there is no such column; columns: a, point.x, point.y, points"
        );
    }
}
