//! Takes a bounded sample: stretches of neighbouring rows, spread evenly over all files, and for
//! each column as many of their rows as a number of bytes allows.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::StringArray;
use arrow::compute::cast;
use arrow::datatypes::DataType;

use super::error::LearnError;
use super::places::{ColumnPlace, by_name};
use super::reading::{ColumnRows, Limits, read_all};
use super::series::{Piece, Series};
use super::shape::{Shape, is_changed};
use super::stretches::{FileRowGroup, groups_of, stretches};
use crate::dataset::is_whole_number;
use crate::files::{ColumnFacts, SampleFile, Stretch};
use crate::storage::Stores;
use crate::table::{Inspection, TableError, TableFile, TableFiles, discover, look, look_again};
use crate::units;

/// Name of the table in messages.
const NAME: &str = "";

/// Most columns that a note on cut columns names.
const NAMED: usize = 5;

#[derive(Debug)]
pub(super) struct Sample {
    pub(super) columns: Vec<SampledColumn>,
    /// Sampled rows of the column that has the most.
    pub(super) rows: u64,
    /// Number of different combinations of partition values. 1 if there are no partition columns.
    pub(super) partitions: u64,
    /// Version of the first data page.
    pub(super) page_version: u8,
    pub(super) notes: Vec<String>,
}

#[derive(Debug)]
pub(super) struct SampledColumn {
    pub(super) name: String,
    pub(super) shape: Shape,
    pub(super) series: Series,
}

pub(super) async fn take(
    stores: &Stores,
    location: &str,
    inspection: &Inspection,
    limits: Limits,
) -> Result<Sample, LearnError> {
    let files = discover(stores, NAME, location).await?;
    let inputs = look(NAME, &files).await?;
    check_alike(&files, inspection)?;
    let groups = groups_of(inspection);
    let leaves = inspection.columns.iter();
    let encoded = leaves.map(|leaf| leaf.encoded_bytes).sum();
    let stretches = stretches(&groups, inspection.rows, encoded);
    let opened = open_all(&files, &stretches).await?;
    let Some((_, first_file)) = opened.first_key_value() else {
        return Err(unlearnable(&files, "it holds no rows".to_owned()));
    };
    let page_version = first_file.page_version().await;
    let page_version = page_version.map_err(TableError::from)?.unwrap_or(1);
    let columns: Vec<(ColumnPlace, Result<Shape, String>)> = by_name(&opened)?
        .into_iter()
        .map(|place| {
            let shape = Shape::of(place.field.data_type());
            (place, shape)
        })
        .collect();
    let found = read_all(&opened, &columns, &stretches, inspection, limits).await?;
    let mut sample = Sample {
        columns: Vec::new(),
        rows: found.values().map(ColumnRows::rows).max().unwrap_or(0),
        partitions: partitions(&files),
        page_version,
        notes: Vec::new(),
    };
    let rows = stretches.iter().map(|(_, stretch)| stretch.rows as u64);
    sample.add_columns(&columns, found, inspection, rows.sum(), limits);
    sample.add_partitions(&files, &stretches, inspection.rows)?;
    look_again(NAME, location, inputs).await?;
    Ok(sample)
}

fn unlearnable(files: &TableFiles, reason: String) -> LearnError {
    LearnError::Unlearnable {
        location: files.location.clone(),
        reason,
    }
}

/// Refuses files that have changed since the inspection, and files of several schemas.
fn check_alike(files: &TableFiles, inspection: &Inspection) -> Result<(), LearnError> {
    let same = files.files.iter().zip(&inspection.files);
    let mut same = same.map(|(file, facts)| {
        file.object.size == facts.file_bytes && file.place.to_string() == facts.path
    });
    if files.files.len() != inspection.files.len() || !same.all(|same| same) {
        let reason = "its files change while they are read".to_owned();
        return Err(unlearnable(files, reason));
    }
    let fewer = |column: &&ColumnFacts| column.chunks < inspection.row_groups;
    match inspection.columns.iter().find(fewer) {
        Some(column) => Err(unlearnable(
            files,
            format!(
                "the column `{}` is in some of its files only; give files of one schema",
                column.column
            ),
        )),
        None => Ok(()),
    }
}

/// Opens the files that contain stretches.
async fn open_all(
    files: &TableFiles,
    stretches: &[(&FileRowGroup, Stretch)],
) -> Result<BTreeMap<usize, SampleFile>, LearnError> {
    let mut opened = BTreeMap::new();
    for (group, _) in stretches {
        if let Entry::Vacant(place) = opened.entry(group.file) {
            place.insert(open(&files.files[group.file]).await?);
        }
    }
    Ok(opened)
}

impl Sample {
    /// Adds the columns that were read. An uncut column has `rows` rows.
    fn add_columns(
        &mut self,
        columns: &[(ColumnPlace, Result<Shape, String>)],
        mut found: BTreeMap<usize, ColumnRows>,
        inspection: &Inspection,
        rows: u64,
        limits: Limits,
    ) {
        let mut cut = Vec::new();
        for (column, (place, shape)) in columns.iter().enumerate() {
            let name = place.field.name();
            let (shape, found) = match (shape, found.remove(&column)) {
                (Err(found), _) => {
                    let note = format!("`{name}` is left out: {found} is not generated");
                    self.notes.push(note);
                    continue;
                }
                (Ok(_), None) => continue,
                (Ok(shape), Some(found)) => (shape, found),
            };
            match &found.refused {
                Some(reason) if found.pieces.is_empty() => {
                    self.notes.push(format!("`{name}` is left out: {reason}"));
                    continue;
                }
                Some(reason) => self
                    .notes
                    .push(format!("some rows of `{name}` are left out: {reason}")),
                None if found.rows() < rows => cut.push((name.as_str(), found.rows())),
                None => {}
            }
            self.add_column(place, shape.clone(), found, inspection);
        }
        self.notes.extend(cut_note(&cut, rows, limits));
    }

    fn add_column(
        &mut self,
        place: &ColumnPlace,
        shape: Shape,
        found: ColumnRows,
        inspection: &Inspection,
    ) {
        let (name, data_type) = (place.field.name(), place.field.data_type());
        if is_changed(data_type, &shape) {
            let becomes = shape.data_type();
            self.notes
                .push(format!("`{name}` is {data_type}, and becomes {becomes}"));
        }
        let mut facts = inspection.columns.iter();
        let nulls = match facts.find(|facts| facts.column == *name) {
            // Footers count the nulls of a column that has one leaf.
            Some(facts) => found.nulls_told(facts),
            None => Ok(None),
        };
        if let Err(reason) = &nulls {
            self.notes.push(format!(
                "`{name}`: {reason}; the footers' counts of its nulls are not believed, and its \
                 share of nulls is that of the rows that were looked at"
            ));
        }
        self.columns.push(SampledColumn {
            name: name.clone(),
            shape,
            series: Series {
                pieces: found.pieces,
                rows: inspection.rows,
                nulls: nulls.ok().flatten(),
            },
        });
    }

    /// Adds the partition columns, whose values come from folder names.
    fn add_partitions(
        &mut self,
        files: &TableFiles,
        stretches: &[(&FileRowGroup, Stretch)],
        rows: u64,
    ) -> Result<(), LearnError> {
        for (index, name) in files.partition_by.iter().enumerate() {
            if self.columns.iter().any(|column| column.name == *name) {
                let note = format!("`{name}` is a column and a folder; the folders are left out");
                self.notes.push(note);
                continue;
            }
            self.columns
                .push(of_partition(files, index, stretches, rows)?);
        }
        Ok(())
    }
}

/// Returns a note on the columns that have fewer rows because of the limits on bytes.
fn cut_note(cut: &[(&str, u64)], rows: u64, limits: Limits) -> Option<String> {
    if cut.is_empty() {
        return None;
    }
    let named = cut.iter().take(NAMED);
    let mut of: Vec<String> = named
        .map(|(name, found)| format!("{} of `{name}`", units::count(*found)))
        .collect();
    if let Some(more @ 1..) = cut.len().checked_sub(NAMED) {
        of.push(format!("fewer of {more} more columns"));
    }
    Some(format!(
        "the sample is cut by bytes, at {} of a column and {} of all: of {} rows it has {}",
        units::bytes(limits.column_bytes),
        units::bytes(limits.sample_bytes),
        units::count(rows),
        of.join(", ")
    ))
}

fn partitions(files: &TableFiles) -> u64 {
    let different: BTreeSet<_> = files.files.iter().map(|file| &file.partition).collect();
    different.len().max(1) as u64
}

/// Returns a partition column, whose values come from folder names. It holds whole numbers if all
/// values are written like such, else text.
fn of_partition(
    files: &TableFiles,
    index: usize,
    stretches: &[(&FileRowGroup, Stretch)],
    rows: u64,
) -> Result<SampledColumn, LearnError> {
    let whole = files
        .files
        .iter()
        .filter_map(|file| file.partition[index].as_deref())
        .all(is_whole_number);
    let data_type = match whole {
        true => DataType::Int64,
        false => DataType::Utf8,
    };
    let mut pieces = Vec::with_capacity(stretches.len());
    for (group, stretch) in stretches {
        let value = files.files[group.file].partition[index].as_deref();
        let texts: StringArray = std::iter::repeat_n(value, stretch.rows).collect();
        pieces.push(Piece {
            first: group.first + stretch.first as u64,
            array: cast(&texts, &data_type)?,
        });
    }
    let shape = Shape::of(&data_type).map_err(|reason| LearnError::Unlearnable {
        location: files.location.clone(),
        reason,
    })?;
    Ok(SampledColumn {
        name: files.partition_by[index].clone(),
        shape,
        series: Series {
            pieces,
            rows,
            nulls: None,
        },
    })
}

async fn open(file: &TableFile) -> Result<SampleFile, TableError> {
    let store = Arc::clone(file.place.store().objects());
    let path = file.place.to_string();
    let opened = SampleFile::open(store, file.object.location.clone(), file.object.size, path);
    Ok(opened.await?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs::File;
    use std::path::Path;

    use arrow::array::{ArrayRef, Int64Array, RecordBatch};
    use parquet::arrow::ArrowWriter;
    use parquet::file::properties::WriterProperties;
    use tempfile::TempDir;

    use super::*;
    use crate::files::Depth;
    use crate::learn::reading::LIMITS;
    use crate::table::inspect;

    fn write(path: &Path, group_rows: usize, columns: Vec<(&str, ArrayRef)>) {
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let properties = WriterProperties::builder()
            .set_max_row_group_row_count(Some(group_rows))
            .build();
        let file = File::create(path).unwrap();
        let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
    }

    /// Different texts of `bytes` bytes each.
    fn texts(rows: usize, bytes: usize) -> ArrayRef {
        let texts = (0..rows).map(|row| format!("{row:0>bytes$}"));
        Arc::new(StringArray::from_iter_values(texts))
    }

    fn numbers(rows: i64) -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(0..rows))
    }

    async fn sampled(path: &Path, limits: Limits) -> Sample {
        let stores = Stores::default();
        let location = path.display().to_string();
        let depth = Depth {
            row_groups: true,
            pages: false,
        };
        let inspection = inspect(&stores, &location, depth).await.unwrap();
        take(&stores, &location, &inspection, limits).await.unwrap()
    }

    /// The first row number of each piece of a column, and the number of rows of all pieces.
    fn pieces(sample: &Sample, column: usize) -> (Vec<u64>, usize) {
        let series = &sample.columns[column].series;
        let firsts = series.pieces.iter().map(|piece| piece.first);
        (firsts.collect(), series.len())
    }

    #[tokio::test]
    async fn columns_share_a_number_of_bytes_and_leave_what_they_do_not_need() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("a.parquet");
        let columns = vec![
            ("a", texts(4_000, 100)),
            ("b", numbers(4_000)),
            ("c", texts(4_000, 101)),
        ];
        write(&path, 500, columns);
        let limits = Limits {
            sample_bytes: 150_000,
            column_bytes: 100_000,
            row_bytes: 50_000,
        };
        let sample = sampled(&path, limits).await;
        let names: Vec<&str> = sample.columns.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["a", "b", "c"]);
        let whole: Vec<u64> = (0..8).map(|stretch| stretch * 500).collect();
        assert_eq!(pieces(&sample, 1), (whole.clone(), 4_000));
        let mut bytes = 4_000 * 8;
        for (column, row_bytes) in [(0, 104), (2, 105)] {
            let (firsts, rows) = pieces(&sample, column);
            assert_eq!(firsts, whole, "all stretches have rows");
            // An equal third would be 50,000 bytes; the numbers need less.
            assert!(rows * row_bytes > 50_000, "{rows}");
            bytes += rows * row_bytes;
        }
        assert!(bytes <= 150_000, "{bytes}");
        assert_eq!(sample.rows, 4_000);
        let note = sample.notes.join("\n");
        assert!(note.contains("the sample is cut by bytes"), "{note}");
        assert!(note.contains("of `a`") && note.contains("of `c`"), "{note}");
        assert!(!note.contains("`b`"), "{note}");
    }

    /// A sample of 64 rows, in row groups of 8: texts of 20 kB, and numbers.
    async fn of_large_rows(limits: Limits) -> Sample {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("a.parquet");
        write(&path, 8, vec![("a", texts(64, 20_000)), ("b", numbers(64))]);
        sampled(&path, limits).await
    }

    #[tokio::test]
    async fn large_rows_are_taken_from_fewer_stretches_at_both_ends() {
        let limits = Limits {
            sample_bytes: 1_000_000,
            column_bytes: 50_000,
            row_bytes: 30_000,
        };
        let sample = of_large_rows(limits).await;
        assert_eq!(pieces(&sample, 0), (vec![0, 56], 2));
        assert_eq!(pieces(&sample, 1).1, 64);
    }

    #[tokio::test]
    async fn a_column_whose_rows_are_too_large_is_left_out_and_named() {
        let limits = Limits {
            sample_bytes: 1_000_000,
            column_bytes: 50_000,
            row_bytes: 10_000,
        };
        let sample = of_large_rows(limits).await;
        assert_eq!(sample.columns.len(), 1);
        assert_eq!(sample.columns[0].name, "b");
        let note = sample.notes.join("\n");
        assert!(
            note.starts_with("`a` is left out: a row of it takes 20.0 kB"),
            "{note}"
        );
    }

    #[tokio::test]
    async fn what_fits_is_read_as_a_whole() {
        let sample = of_large_rows(LIMITS).await;
        assert_eq!((pieces(&sample, 0).1, pieces(&sample, 1).1), (64, 64));
        assert_eq!(sample.notes, Vec::<String>::new());
    }
}
