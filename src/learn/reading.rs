//! Reads the sampled rows of each column: as many as a number of bytes allows.

use std::collections::BTreeMap;

use arrow::array::Array;
use arrow::compute::concat;

use super::error::LearnError;
use super::places::ColumnPlace;
use super::series::Piece;
use super::shape::Shape;
use super::stretches::FileRowGroup;
use super::taking::{ELEMENT_BYTES, RowTaker};
use crate::files::{ColumnFacts, SampleFile, Stretch};
use crate::table::{Inspection, TableError};
use crate::units;

/// Limits on the bytes of sampled values, which may be many more than the encoded bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    /// Most bytes of all columns together.
    pub(super) sample_bytes: u64,
    /// Most bytes of a column, unless its first row alone has more.
    pub(super) column_bytes: u64,
    /// Most bytes of a column's first row. A column whose rows have more is left out.
    pub(super) row_bytes: u64,
}

/// Limits that fit into the memory of a small machine several times over, as values are copied and
/// imitated, and that all codecs can write within minutes.
pub(super) const LIMITS: Limits = Limits {
    sample_bytes: 256 << 20,
    column_bytes: 32 << 20,
    row_bytes: 64 << 20,
};

/// The rows read of one column.
#[derive(Default)]
pub(super) struct ColumnRows {
    pub(super) pieces: Vec<Piece>,
    bytes: u64,
    /// Reason why a stretch could not be read, of the first such stretch.
    pub(super) refused: Option<String>,
    /// Reason why a footer's count of nulls cannot be true of the rows that were read.
    other_nulls: Option<String>,
}

impl ColumnRows {
    pub(super) fn rows(&self) -> u64 {
        let rows = self.pieces.iter().map(|piece| piece.array.len() as u64);
        rows.sum()
    }

    /// Compares the nulls among the rows read of a row group with the count in its footer.
    fn compare_nulls(
        &mut self,
        taking: &RowTaker,
        file: &SampleFile,
        column: usize,
        group: &FileRowGroup,
    ) {
        let Some((told, values)) = file.nulls_told(column, group.row_group) else {
            return;
        };
        let (rows, nulls) = (taking.rows as u64, taking.nulls as u64);
        if nulls > told || rows - nulls > values.saturating_sub(told) {
            let (row_group, path) = (group.row_group, file.path());
            self.other_nulls.get_or_insert_with(|| {
                format!(
                    "{} of {} rows are null in row group {row_group} of {path}, whose footer \
                     counts {} nulls among {} values",
                    units::count(nulls),
                    units::count(rows),
                    units::count(told),
                    units::count(values)
                )
            });
        }
    }

    /// Returns the share of the whole column that is null. `None` if footers do not count nulls.
    ///
    /// # Errors
    ///
    /// Says why the footers' counts cannot be true.
    pub(super) fn nulls_told(&self, facts: &ColumnFacts) -> Result<Option<f64>, String> {
        if facts.has_more_nulls_than_values {
            return Err("more nulls are counted than there are values".to_owned());
        }
        match &self.other_nulls {
            Some(reason) => Err(reason.clone()),
            None => Ok(facts
                .nulls
                .map(|nulls| nulls as f64 / facts.values.max(1) as f64)),
        }
    }
}

/// Reads all columns that have a shape, by their number. The smallest come first, so that larger
/// columns can use the bytes that these leave, and no column takes from another.
pub(super) async fn read_all(
    opened: &BTreeMap<usize, SampleFile>,
    columns: &[(ColumnPlace, Result<Shape, String>)],
    stretches: &[(&FileRowGroup, Stretch)],
    inspection: &Inspection,
    limits: Limits,
) -> Result<BTreeMap<usize, ColumnRows>, LearnError> {
    let encoded_bytes = |name: &str| -> u64 {
        let leaves = inspection.columns.iter().filter(|facts| facts.root == name);
        leaves.map(|facts| facts.encoded_bytes).sum()
    };
    let shaped = columns.iter().enumerate();
    let shaped =
        shaped.filter_map(|(column, (place, shape))| Some((column, place, shape.as_ref().ok()?)));
    let mut order: Vec<(usize, &ColumnPlace, &Shape)> = shaped.collect();
    order.sort_by_cached_key(|(_, place, _)| encoded_bytes(place.field.name()));
    let mut found = BTreeMap::new();
    let mut room = limits.sample_bytes;
    for (done, (column, place, shape)) in order.iter().enumerate() {
        let share = room / (order.len() - done) as u64;
        let limits = Limits {
            sample_bytes: room,
            column_bytes: limits.column_bytes.min(share),
            row_bytes: limits.row_bytes.min(room),
        };
        let read = read(opened, place, shape, stretches, limits).await?;
        room = room.saturating_sub(read.bytes);
        found.insert(*column, read);
    }
    Ok(found)
}

/// Reads a column's rows of the stretches, within the limits. Each stretch has an equal share of
/// the bytes. If rows are too large for that, fewer stretches are read, with one row of each.
async fn read(
    opened: &BTreeMap<usize, SampleFile>,
    place: &ColumnPlace,
    shape: &Shape,
    stretches: &[(&FileRowGroup, Stretch)],
    limits: Limits,
) -> Result<ColumnRows, LearnError> {
    let mut found = ColumnRows::default();
    let first_rows = RowTaker::first_rows(place.field.data_type());
    let mut next = 0;
    while let Some((group, stretch)) = stretches.get(next) {
        let waiting = stretches.len() - next;
        next += 1;
        let (Some(file), Some(column)) = (opened.get(&group.file), place.places.get(&group.file))
        else {
            continue;
        };
        let room = limits.column_bytes.saturating_sub(found.bytes);
        let most_first_bytes = match found.pieces.is_empty() {
            true => limits.row_bytes,
            false => room,
        };
        let told = file.row_bytes(*column, group.row_group, ELEMENT_BYTES);
        let (taking, oversize) = if told > limits.row_bytes {
            let mut nothing = RowTaker::new(shape.clone(), 0, 0);
            nothing.refused = Some(told);
            (nothing, None)
        } else {
            let taking = RowTaker::new(shape.clone(), room / waiting as u64, most_first_bytes);
            file.read(*column, *stretch, first_rows, taking, RowTaker::take)
                .await
                .map_err(TableError::from)?
        };
        let too_large = taking.refused.filter(|bytes| *bytes > limits.row_bytes);
        let reason = oversize
            .map(|oversize| oversize.to_string())
            .or_else(|| too_large.map(|bytes| row_refused(bytes, limits)));
        if let Some(reason) = reason {
            let (row_group, path) = (group.row_group, file.path());
            found
                .refused
                .get_or_insert_with(|| format!("{reason} (row group {row_group} of {path})"));
        }
        // Rows that were taken before a page turned out too large are as good as any.
        if taking.rows > 0 {
            found.compare_nulls(&taking, file, *column, group);
            found.bytes += taking.bytes;
            let arrays: Vec<&dyn Array> = taking.arrays.iter().map(AsRef::as_ref).collect();
            found.pieces.push(Piece {
                first: group.first + stretch.first as u64,
                array: concat(&arrays)?,
            });
        }
        // If there is no room for one row of each remaining stretch, some stretches are skipped, so
        // that the rows still spread over all files.
        let row_bytes = match (taking.rows, taking.refused) {
            (0, refused) => refused.filter(|_| too_large.is_none()).unwrap_or(0),
            (rows, _) => taking.bytes / rows as u64,
        };
        let waiting = (stretches.len() - next) as u64;
        let room = limits.column_bytes.saturating_sub(found.bytes);
        match room.checked_div(row_bytes) {
            Some(0) if !found.pieces.is_empty() => break,
            Some(rows) if (1..waiting).contains(&rows) => {
                next += (waiting.div_ceil(rows) - 1) as usize;
            }
            _ => {}
        }
    }
    Ok(found)
}

fn row_refused(bytes: u64, limits: Limits) -> String {
    format!(
        "a row of it takes {} as it is unfolded, and one of at most {} is looked at",
        units::bytes(bytes),
        units::bytes(limits.row_bytes)
    )
}
