//! Takes rows of a stretch: whole rows, up to a number of bytes.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, OffsetSizeTrait, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;

use super::shape::Shape;
use crate::files::Then;

/// Bytes that an element of a list counts for besides its value, as it costs more time than memory.
pub(super) const ELEMENT_BYTES: u64 = 32;

/// Most rows that are read at a time, and the bytes that these should have.
const BATCH_ROWS: u64 = 64;
const BATCH_BYTES: u64 = 1 << 20;

/// Times that a batch may become larger than the one before. Each time, a page is decoded anew.
const GROWTHS: u32 = 8;

/// Keeps the rows that are read of a stretch, converted to the shape that is generated.
#[derive(Debug)]
pub(super) struct RowTaker {
    shape: Shape,
    most_bytes: u64,
    /// Most bytes of the first row, which may exceed `most_bytes`.
    most_first_bytes: u64,
    batch_rows: u64,
    growths: u32,
    pub(super) arrays: Vec<ArrayRef>,
    pub(super) rows: usize,
    /// Rows that are null in the file.
    pub(super) nulls: usize,
    pub(super) bytes: u64,
    /// Bytes of a first row that was too large to be kept.
    pub(super) refused: Option<u64>,
}

impl RowTaker {
    pub(super) fn new(shape: Shape, most_bytes: u64, most_first_bytes: u64) -> Self {
        RowTaker {
            shape,
            most_bytes,
            most_first_bytes,
            batch_rows: 1,
            growths: GROWTHS,
            arrays: Vec::new(),
            rows: 0,
            nulls: 0,
            bytes: 0,
            refused: None,
        }
    }

    /// Rows of the first batch of a column. If all values have equally many bytes, it is a whole
    /// batch, else one row, whose size decides how many to read next.
    pub(super) fn first_rows(data_type: &DataType) -> usize {
        match width(data_type) {
            Some(bytes) => rows_of_batch(bytes) as usize,
            None => 1,
        }
    }

    /// Keeps as many of the rows as there is room for. Returns whether to read on, and how many
    /// rows.
    pub(super) fn take(&mut self, array: &ArrayRef) -> Result<Then, ArrowError> {
        let bytes = unfolded_bytes(array);
        let room = self.most_bytes.saturating_sub(self.bytes);
        if bytes <= room {
            self.keep(array, bytes)?;
            return Ok(Then::Read(self.next_rows(bytes, array.len())));
        }
        let mut rows = rows_within(array, room);
        if rows == 0 && self.rows == 0 {
            let first = unfolded_bytes(&array.slice(0, 1));
            if first > self.most_first_bytes {
                self.refused = Some(first);
                return Ok(Then::Stop);
            }
            rows = 1;
        }
        if rows > 0 {
            // A slice of a list array keeps all elements of the array, which may exceed the room.
            let indices = UInt32Array::from_iter_values((0..rows).map(|row| row as u32));
            let kept = take(array, &indices, None)?;
            self.keep(&kept, unfolded_bytes(&kept))?;
        }
        Ok(Then::Stop)
    }

    fn keep(&mut self, array: &ArrayRef, bytes: u64) -> Result<(), ArrowError> {
        self.arrays.push(self.shape.take(array)?);
        self.rows += array.len();
        self.nulls += array.logical_null_count();
        self.bytes += bytes;
        Ok(())
    }

    /// Rows to read after a batch of so many bytes and rows, a power of two.
    fn next_rows(&mut self, bytes: u64, rows: usize) -> usize {
        let each = |bytes: u64, rows: usize| bytes / (rows as u64).max(1);
        // After one very large row, batches stay small until other rows have lowered the mean.
        let largest = each(bytes, rows).max(each(self.bytes, self.rows));
        let wanted = rows_of_batch(largest);
        if wanted > self.batch_rows && self.rows > rows {
            if self.growths == 0 {
                return self.batch_rows as usize;
            }
            self.growths -= 1;
        }
        self.batch_rows = wanted;
        wanted as usize
    }
}

/// Rows of `row_bytes` bytes to read at a time, a power of two.
fn rows_of_batch(row_bytes: u64) -> u64 {
    let rows = (BATCH_BYTES / row_bytes.max(1)).clamp(1, BATCH_ROWS);
    1 << rows.ilog2()
}

/// Bytes of a value. `None` if values of the type differ in bytes.
fn width(data_type: &DataType) -> Option<u64> {
    match data_type {
        DataType::Null | DataType::Boolean => Some(1),
        DataType::FixedSizeBinary(size) => u64::try_from(*size).ok(),
        DataType::Struct(fields) => fields.iter().map(|field| width(field.data_type())).sum(),
        other => other.primitive_width().map(|width| width as u64),
    }
}

/// Returns the largest number of first rows that take at most `bytes` bytes.
fn rows_within(array: &ArrayRef, bytes: u64) -> usize {
    let (mut fit, mut too_many) = (0, array.len() + 1);
    while too_many - fit > 1 {
        let middle = usize::midpoint(fit, too_many);
        match unfolded_bytes(&array.slice(0, middle)) <= bytes {
            true => fit = middle,
            false => too_many = middle,
        }
    }
    fit
}

/// Bytes of an array's values if each is stored separately: a value that a view or a dictionary
/// repeats counts each time. If the array is a slice, only the slice counts.
fn unfolded_bytes(array: &ArrayRef) -> u64 {
    let rows = array.len() as u64;
    let texts = |lengths: u64| lengths + 4 * rows;
    match array.data_type() {
        DataType::Utf8View => texts(array.as_string_view().lengths().map(u64::from).sum()),
        DataType::BinaryView => texts(array.as_binary_view().lengths().map(u64::from).sum()),
        DataType::Utf8 => texts(span(array.as_string::<i32>().value_offsets()).1 as u64),
        DataType::LargeUtf8 => texts(span(array.as_string::<i64>().value_offsets()).1 as u64),
        DataType::Binary => texts(span(array.as_binary::<i32>().value_offsets()).1 as u64),
        DataType::LargeBinary => texts(span(array.as_binary::<i64>().value_offsets()).1 as u64),
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            elements(list.values(), span(list.value_offsets())) + 4 * rows
        }
        DataType::LargeList(_) => {
            let list = array.as_list::<i64>();
            elements(list.values(), span(list.value_offsets())) + 4 * rows
        }
        DataType::Map(..) => {
            let map = array.as_map();
            let entries: ArrayRef = Arc::new(map.entries().clone());
            elements(&entries, span(map.value_offsets())) + 4 * rows
        }
        DataType::ListView(_) => {
            let list = array.as_list_view::<i32>();
            shown(list.values(), list.value_sizes()) + 4 * rows
        }
        DataType::LargeListView(_) => {
            let list = array.as_list_view::<i64>();
            shown(list.values(), list.value_sizes()) + 4 * rows
        }
        DataType::FixedSizeList(..) => {
            let values = array.as_fixed_size_list().values();
            elements(values, (0, values.len()))
        }
        DataType::Struct(_) => array.as_struct().columns().iter().map(unfolded_bytes).sum(),
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            let values = dictionary.values();
            if values.is_empty() {
                return rows;
            }
            let keys = dictionary.normalized_keys().into_iter();
            keys.map(|key| unfolded_bytes(&values.slice(key, 1))).sum()
        }
        other => rows * width(other).unwrap_or(16),
    }
}

/// Returns the first offset, and the distance from it to the last one.
fn span<O: OffsetSizeTrait>(offsets: &[O]) -> (usize, usize) {
    let at = |offset: Option<&O>| offset.map_or(0, |offset| offset.as_usize());
    let first = at(offsets.first());
    (first, at(offsets.last()).saturating_sub(first))
}

/// Bytes of `count` elements from `first` on.
fn elements(values: &ArrayRef, (first, count): (usize, usize)) -> u64 {
    unfolded_bytes(&values.slice(first, count)) + ELEMENT_BYTES * count as u64
}

/// Bytes of all elements of lists of these sizes, wherever the elements lie.
fn shown<O: OffsetSizeTrait>(values: &ArrayRef, sizes: &[O]) -> u64 {
    let count: u64 = sizes.iter().map(|size| size.as_usize() as u64).sum();
    let each = unfolded_bytes(values).div_ceil((values.len() as u64).max(1));
    count.saturating_mul(each + ELEMENT_BYTES)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use arrow::array::{Int64Array, ListArray, StringArray, StringViewArray};
    use arrow::datatypes::Int32Type;

    use super::*;

    /// A text of `bytes` bytes in each row, as a view of a single copy.
    fn texts(bytes: usize, rows: usize) -> ArrayRef {
        let text = "x".repeat(bytes);
        let one = StringViewArray::from_iter_values([text]);
        take(&one, &UInt32Array::from(vec![0; rows]), None).unwrap()
    }

    fn taking(most_bytes: u64, most_first_bytes: u64) -> RowTaker {
        let shape = Shape::of(&DataType::Utf8).unwrap();
        RowTaker::new(shape, most_bytes, most_first_bytes)
    }

    #[test]
    fn a_text_counts_each_time_that_it_is_repeated() {
        let array = texts(1_000, 500);
        assert_eq!(unfolded_bytes(&array), 500 * 1_004);
        assert_eq!(unfolded_bytes(&array.slice(3, 7)), 7 * 1_004);
        assert!(array.get_array_memory_size() < 100_000);
    }

    #[test]
    fn a_slice_counts_without_what_lies_beside_it() {
        let lists = (0..10).map(|row| Some((0..row).map(Some).collect::<Vec<_>>()));
        let lists: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(lists));
        let of = |elements: u64, rows: u64| elements * (4 + ELEMENT_BYTES) + rows * 4;
        assert_eq!(unfolded_bytes(&lists), of(45, 10));
        assert_eq!(unfolded_bytes(&lists.slice(2, 3)), of(2 + 3 + 4, 3));
        let plain: ArrayRef = Arc::new(StringArray::from(vec!["a", "bcd", "efghi"]));
        assert_eq!(unfolded_bytes(&plain.slice(1, 1)), 3 + 4);
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
        assert_eq!(unfolded_bytes(&numbers.slice(1, 2)), 16);
    }

    #[test]
    fn rows_are_kept_until_their_bytes_are_used_up() {
        let mut taking = taking(10 * 1_004 + 500, 0);
        assert_eq!(taking.take(&texts(1_000, 8)).unwrap(), Then::Read(64));
        assert_eq!(taking.take(&texts(1_000, 8)).unwrap(), Then::Stop);
        assert_eq!((taking.rows, taking.bytes), (10, 10 * 1_004));
        let kept: usize = taking.arrays.iter().map(|array| array.len()).sum();
        assert_eq!(kept, 10);
        let plain = taking.arrays.iter();
        assert!(
            plain
                .clone()
                .all(|array| *array.data_type() == DataType::Utf8)
        );
        assert_eq!(taking.refused, None);
    }

    #[test]
    fn a_first_row_may_have_more_than_its_share_up_to_a_bound() {
        let mut one = taking(100, 5_000);
        assert_eq!(one.take(&texts(1_000, 4)).unwrap(), Then::Stop);
        assert_eq!((one.rows, one.refused), (1, None));
        let mut none = taking(100, 1_000);
        assert_eq!(none.take(&texts(1_000, 4)).unwrap(), Then::Stop);
        assert_eq!((none.rows, none.refused), (0, Some(1_004)));
        assert!(none.arrays.is_empty());
    }

    #[test]
    fn large_rows_are_read_few_at_a_time() {
        let mut taking = taking(1 << 40, 0);
        assert_eq!(taking.take(&texts(10, 1)).unwrap(), Then::Read(64));
        // One row of 2 MiB, then many small ones.
        assert_eq!(taking.take(&texts(2 << 20, 1)).unwrap(), Then::Read(1));
        let mut next = 1;
        for _ in 0..1_000 {
            match taking.take(&texts(10, next)).unwrap() {
                Then::Read(rows) => next = rows,
                Then::Stop => break,
            }
        }
        assert_eq!(next, 64);
        assert_eq!(RowTaker::first_rows(&DataType::Int64), 64);
        assert_eq!(RowTaker::first_rows(&DataType::FixedSizeBinary(1 << 20)), 1);
        assert_eq!(RowTaker::first_rows(&DataType::Utf8), 1);
    }
}
