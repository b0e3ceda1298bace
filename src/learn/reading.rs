//! Reading the sampled rows of each column, of which there are as many as a number of bytes allows.

use std::collections::BTreeMap;

use arrow::array::Array;
use arrow::compute::concat;

use super::error::LearnError;
use super::places::Place;
use super::series::Piece;
use super::shape::Shape;
use super::stretches::Group;
use super::taking::{ELEMENT_BYTES, Taking};
use crate::files::{ColumnFacts, SampleFile, Stretch};
use crate::table::{Inspection, TableError};
use crate::units;

/// Bytes of the sampled values, which may be many more than they are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    /// Of all columns together.
    pub(super) sample_bytes: u64,
    /// Of a column, unless its first row alone has more.
    pub(super) column_bytes: u64,
    /// Of a column's first row. A column whose rows have more is left out.
    pub(super) row_bytes: u64,
}

/// What fits into the memory of a small machine a few times over, as values are copied and
/// imitated, and is written by all codecs within minutes.
pub(super) const LIMITS: Limits = Limits {
    sample_bytes: 256 << 20,
    column_bytes: 32 << 20,
    row_bytes: 64 << 20,
};

/// What was read of a column.
#[derive(Default)]
pub(super) struct Found {
    pub(super) pieces: Vec<Piece>,
    bytes: u64,
    /// Why a stretch of it, the first of them, could not be read.
    pub(super) refused: Option<String>,
    /// Why a footer's count of nulls cannot be that of the rows that were read.
    other_nulls: Option<String>,
}

impl Found {
    pub(super) fn rows(&self) -> u64 {
        let rows = self.pieces.iter().map(|piece| piece.array.len() as u64);
        rows.sum()
    }

    /// Compares the nulls of what was taken of a row group with what its footer counts.
    fn compare_nulls(&mut self, taking: &Taking, file: &SampleFile, column: usize, group: &Group) {
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

    /// The share of the whole column that is null, where footers tell.
    ///
    /// # Errors
    ///
    /// Says why what they tell cannot be so.
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

/// Reads all columns that have a shape, by their number. The smallest come first: what these leave
/// is for the larger ones, and none takes from another.
pub(super) async fn read_all(
    opened: &BTreeMap<usize, SampleFile>,
    columns: &[(Place, Result<Shape, String>)],
    stretches: &[(&Group, Stretch)],
    inspection: &Inspection,
    limits: Limits,
) -> Result<BTreeMap<usize, Found>, LearnError> {
    let encoded_bytes = |name: &str| -> u64 {
        let leaves = inspection.columns.iter().filter(|facts| facts.root == name);
        leaves.map(|facts| facts.encoded_bytes).sum()
    };
    let shaped = columns.iter().enumerate();
    let shaped =
        shaped.filter_map(|(column, (place, shape))| Some((column, place, shape.as_ref().ok()?)));
    let mut order: Vec<(usize, &Place, &Shape)> = shaped.collect();
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

/// Reads a column's rows of the stretches, as far as the limits allow. Each stretch has an equal
/// share of the bytes; where rows are too large for that, it is one row of fewer stretches.
async fn read(
    opened: &BTreeMap<usize, SampleFile>,
    place: &Place,
    shape: &Shape,
    stretches: &[(&Group, Stretch)],
    limits: Limits,
) -> Result<Found, LearnError> {
    let mut found = Found::default();
    let first_rows = Taking::first_rows(place.field.data_type());
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
            let mut nothing = Taking::new(shape.clone(), 0, 0);
            nothing.refused = Some(told);
            (nothing, None)
        } else {
            let taking = Taking::new(shape.clone(), room / waiting as u64, most_first_bytes);
            file.read(*column, *stretch, first_rows, taking, Taking::take)
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
        // What was taken before a page turned out too large is as good as any.
        if taking.rows > 0 {
            found.compare_nulls(&taking, file, *column, group);
            found.bytes += taking.bytes;
            let arrays: Vec<&dyn Array> = taking.arrays.iter().map(AsRef::as_ref).collect();
            found.pieces.push(Piece {
                first: group.first + stretch.first as u64,
                array: concat(&arrays)?,
            });
        }
        // Where there is not one more row for each stretch that waits, some of these are passed
        // over, so that the rows are spread over all files still.
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
