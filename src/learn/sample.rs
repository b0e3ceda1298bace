//! A bounded sample: stretches of neighbouring rows, spread evenly over all files.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::{cast, concat};
use arrow::datatypes::{DataType, Field, SchemaRef};
use arrow::error::ArrowError;
use object_store::ObjectStore;

use super::LearnError;
use super::series::{Piece, Series};
use super::shape::Shape;
use crate::dataset::{pages_of, read_footer};
use crate::storage::CountingStore;
use crate::table::{
    ColumnFacts, Inspection, Stretch, TableError, TableFiles, discover, read_stretch,
};

/// What messages call the files.
const NAME: &str = "";

/// Rows of a stretch, rows of all of them, and how many there are.
const STRETCH_ROWS: u64 = 32_768;
const SAMPLE_ROWS: u64 = 131_072;
const FEWEST_STRETCHES: u64 = 4;
const MOST_STRETCHES: u64 = 16;

/// Encoded bytes of a stretch, where its rows are large.
const STRETCH_BYTES: u64 = 8 << 20;

/// Bytes of a column's values in a stretch, which may be many more than they are encoded, and what an element of a list
/// counts, as it takes more time than room.
const COLUMN_BYTES: usize = 32 << 20;
const ELEMENT_BYTES: usize = 32;

pub(super) struct Sample {
    pub(super) columns: Vec<SampledColumn>,
    pub(super) rows: u64,
    /// Different values of all partition columns together; 1 where there are none.
    pub(super) partitions: u64,
    /// Of the first data page.
    pub(super) page_version: u8,
    pub(super) notes: Vec<String>,
}

pub(super) struct SampledColumn {
    pub(super) name: String,
    pub(super) shape: Shape,
    pub(super) series: Series,
}

/// A row group of the files, in their order.
struct Group {
    file: usize,
    row_group: usize,
    first: u64,
    rows: u64,
}

pub(super) async fn take(
    store: &Arc<CountingStore>,
    location: &str,
    inspection: &Inspection,
) -> Result<Sample, LearnError> {
    let unlearnable = |reason: String| LearnError::Unlearnable {
        location: location.to_owned(),
        reason,
    };
    let objects = Arc::clone(store) as Arc<dyn ObjectStore>;
    let files = discover(NAME, location).await?;
    if files.files.len() != inspection.files.len() {
        return Err(unlearnable(
            "its files change while they are read".to_owned(),
        ));
    }
    let fewer = |column: &&ColumnFacts| column.chunks < inspection.row_groups;
    if let Some(column) = inspection.columns.iter().find(fewer) {
        return Err(unlearnable(format!(
            "the column `{}` is in some of its files only; give files of one schema",
            column.column
        )));
    }
    let mut groups = Vec::new();
    let mut first = 0;
    for (file, facts) in inspection.files.iter().enumerate() {
        for group in &facts.row_groups {
            groups.push(Group {
                file,
                row_group: group.row_group as usize,
                first,
                rows: group.rows,
            });
            first += group.rows;
        }
    }
    groups.retain(|group| group.rows > 0);
    if groups.is_empty() {
        return Err(unlearnable("it holds no rows".to_owned()));
    }
    let encoded: u64 = inspection
        .columns
        .iter()
        .map(|column| column.encoded_bytes)
        .sum();
    let stretches = stretches(&groups, inspection.rows, encoded);

    let mut known: Option<(SchemaRef, usize)> = None;
    let mut pieces: Vec<Vec<Piece>> = Vec::new();
    for (group, stretch) in &stretches {
        let file = &files.files[group.file];
        let read = Arc::new(Mutex::new(Vec::new()));
        let mut taking = Taking::default();
        let taken = Arc::clone(&read);
        let take = move |column: usize, field: &Field, array: ArrayRef| {
            let mut read = taken.lock().unwrap_or_else(PoisonError::into_inner);
            taking.take(&mut read, column, field, &array)
        };
        let schema = read_stretch(store, NAME, file, *stretch, take).await?;
        match &known {
            None => {
                if let Some(name) = doubled(&schema) {
                    return Err(unlearnable(format!(
                        "two of its columns are named `{name}`"
                    )));
                }
                pieces.resize_with(schema.fields().len(), Vec::new);
                known = Some((schema, group.file));
            }
            Some((known, other)) => same_fields(known, &schema, &files, *other, group.file)?,
        }
        let read = std::mem::take(&mut *read.lock().unwrap_or_else(PoisonError::into_inner));
        for (column, arrays) in read {
            let arrays: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
            if let (Some(pieces), false) = (pieces.get_mut(column), arrays.is_empty()) {
                pieces.push(Piece {
                    first: group.first + stretch.first as u64,
                    array: concat(&arrays)?,
                });
            }
        }
    }
    let Some((schema, _)) = known else {
        return Err(unlearnable("it holds no rows".to_owned()));
    };
    // A corrupt page may make the reader panic.
    let task = {
        let (objects, files) = (Arc::clone(&objects), files.clone());
        tokio::spawn(async move { page_version(&objects, &files).await })
    };
    let page_version = task
        .await
        .map_err(|_| unlearnable("its pages are corrupt".to_owned()))??;
    let mut sample = Sample {
        columns: Vec::new(),
        rows: stretches
            .iter()
            .map(|(_, stretch)| stretch.rows as u64)
            .sum(),
        partitions: partitions(&files),
        page_version,
        notes: Vec::new(),
    };
    for (field, pieces) in schema.fields().iter().zip(pieces) {
        let shape = match Shape::of(field.data_type()) {
            Ok(shape) => shape,
            Err(found) => {
                let note = format!("`{}` is left out: {found} is not generated", field.name());
                sample.notes.push(note);
                continue;
            }
        };
        if is_changed(field.data_type(), &shape) {
            sample.notes.push(format!(
                "`{}` is {}, and becomes {}",
                field.name(),
                field.data_type(),
                shape.data_type()
            ));
        }
        let facts = inspection.columns.iter();
        let facts = facts.clone().find(|facts| facts.column == *field.name());
        let series = Series {
            pieces,
            rows: inspection.rows,
            // Of a column of one leaf, footers tell.
            nulls: facts.and_then(|facts| Some(facts.nulls? as f64 / facts.values.max(1) as f64)),
        };
        sample.columns.push(SampledColumn {
            name: field.name().clone(),
            shape,
            series,
        });
    }
    for (index, name) in files.partition_by.iter().enumerate() {
        if sample.columns.iter().any(|column| column.name == *name) {
            let note = format!("`{name}` is a column and a folder; the folders are left out");
            sample.notes.push(note);
            continue;
        }
        sample
            .columns
            .push(of_partition(&files, index, &stretches, inspection.rows)?);
    }
    Ok(sample)
}

/// The arrays of a column that were read of a stretch, by its number.
type Read = Vec<(usize, Vec<ArrayRef>)>;

/// Keeps what is read of a stretch, as the shapes that are generated, up to a number of bytes of each column.
#[derive(Default)]
struct Taking {
    bytes: usize,
}

impl Taking {
    fn take(
        &mut self,
        read: &mut Read,
        column: usize,
        field: &Field,
        array: &ArrayRef,
    ) -> Result<bool, ArrowError> {
        let Ok(shape) = Shape::of(field.data_type()) else {
            return Ok(true);
        };
        let array = shape.take(array)?;
        if read.last().is_none_or(|(last, _)| *last != column) {
            read.push((column, Vec::new()));
            self.bytes = 0;
        }
        // A slice of an array counts as all of it; these come whole.
        self.bytes += array.get_array_memory_size() + ELEMENT_BYTES * elements(&array);
        if let Some((_, arrays)) = read.last_mut() {
            arrays.push(array);
        }
        Ok(self.bytes >= COLUMN_BYTES)
    }
}

/// Elements of all lists in an array.
fn elements(array: &ArrayRef) -> usize {
    match array.data_type() {
        DataType::List(_) => {
            let values = array.as_list::<i32>().values();
            values.len() + elements(values)
        }
        DataType::FixedSizeList(..) => array.as_fixed_size_list().values().len(),
        DataType::Struct(_) => array.as_struct().columns().iter().map(elements).sum(),
        _ => 0,
    }
}

fn doubled(schema: &SchemaRef) -> Option<&str> {
    let mut known = BTreeSet::new();
    let mut names = schema.fields().iter().map(|field| field.name().as_str());
    names.find(|name| !known.insert(*name))
}

/// Whether the nearest type that is generated is another one in a file too.
fn is_changed(data_type: &DataType, shape: &Shape) -> bool {
    if let (DataType::FixedSizeList(..), Shape::List(_)) = (data_type, shape) {
        return true;
    }
    let same = data_type.equals_datatype(&shape.data_type());
    !same
        && !matches!(
            data_type,
            DataType::Utf8View
                | DataType::BinaryView
                | DataType::LargeBinary
                | DataType::Dictionary(..)
                | DataType::RunEndEncoded(..)
                | DataType::List(_)
                | DataType::LargeList(_)
                | DataType::ListView(_)
                | DataType::LargeListView(_)
                | DataType::Struct(_)
                | DataType::FixedSizeList(..)
        )
}

/// Evenly spread, none over the end of a row group, and none twice.
fn stretches(groups: &[Group], rows: u64, encoded_bytes: u64) -> Vec<(&Group, Stretch)> {
    let row_bytes = (encoded_bytes / rows.max(1)).max(1);
    let longest = groups.iter().map(|group| group.rows).max().unwrap_or(1);
    let length = STRETCH_ROWS
        .min(longest)
        .min((STRETCH_BYTES / row_bytes).max(1));
    let wanted = (SAMPLE_ROWS / length)
        .clamp(FEWEST_STRETCHES, MOST_STRETCHES)
        .min(rows.div_ceil(length));
    let mut stretches: Vec<(&Group, Stretch)> = Vec::new();
    let mut end = 0;
    for number in 0..wanted {
        let span = u128::from(rows.saturating_sub(length));
        let start = (span * u128::from(number) / u128::from((wanted - 1).max(1))) as u64;
        let start = start.max(end);
        let at = groups.partition_point(|group| group.first + group.rows <= start);
        let Some(group) = groups.get(at) else {
            break;
        };
        // As long as it can be, from a little earlier if need be.
        let latest = (group.first + group.rows).saturating_sub(length);
        let first = start.min(latest).max(group.first).max(end);
        let count = length.min(group.first + group.rows - first);
        end = first + count;
        stretches.push((
            group,
            Stretch {
                row_group: group.row_group,
                first: (first - group.first) as usize,
                rows: count as usize,
            },
        ));
    }
    stretches
}

fn same_fields(
    known: &SchemaRef,
    found: &SchemaRef,
    files: &TableFiles,
    other: usize,
    file: usize,
) -> Result<(), TableError> {
    let path = |index: usize| files.files[index].path.display().to_string();
    if known.fields().len() != found.fields().len() {
        return Err(TableError::BadFile {
            table: NAME.to_owned(),
            file: path(file),
            reason: format!("it has other columns than {}", path(other)),
        });
    }
    let pairs = known.fields().iter().zip(found.fields());
    for (known, found) in pairs {
        if known.name() != found.name() || known.data_type() != found.data_type() {
            return Err(TableError::BadFile {
                table: NAME.to_owned(),
                file: path(file),
                reason: format!(
                    "its column `{}` is {}; in {} there is `{}`, {}",
                    found.name(),
                    found.data_type(),
                    path(other),
                    known.name(),
                    known.data_type()
                ),
            });
        }
    }
    Ok(())
}

fn partitions(files: &TableFiles) -> u64 {
    let different: BTreeSet<_> = files.files.iter().map(|file| &file.partition).collect();
    different.len().max(1) as u64
}

/// A column that folders tell: whole numbers where all of its values are, else text.
fn of_partition(
    files: &TableFiles,
    index: usize,
    stretches: &[(&Group, Stretch)],
    rows: u64,
) -> Result<SampledColumn, LearnError> {
    let whole = files
        .files
        .iter()
        .filter_map(|file| file.partition[index].as_deref())
        .all(|value| value.parse::<i64>().is_ok());
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

/// The version of the first data page's header.
async fn page_version(
    objects: &Arc<dyn ObjectStore>,
    files: &TableFiles,
) -> Result<u8, LearnError> {
    for file in &files.files {
        let path = file.path.display().to_string();
        let (_, metadata) = read_footer(objects, &file.object.location, &path).await?;
        let group = metadata
            .row_groups()
            .iter()
            .find(|group| group.num_rows() > 0);
        let smallest = group.and_then(|group| {
            let chunks = group.columns().iter();
            chunks.min_by_key(|chunk| chunk.compressed_size())
        });
        if let (Some(group), Some(chunk)) = (group, smallest) {
            let rows = u64::try_from(group.num_rows()).unwrap_or(0);
            let pages = pages_of(objects, &file.object.location, &path, chunk, rows).await?;
            let data = pages.iter().find(|page| !page.is_dictionary);
            return Ok(data.map_or(1, |page| page.version));
        }
    }
    Ok(1)
}
