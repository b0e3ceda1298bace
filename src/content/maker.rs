//! Types of the functions that make values, and arrays of them.

use arrow::array::ArrayRef;
use arrow::buffer::NullBuffer;

use super::rows::RowNumbers;

/// Function that makes `size` values for each row, one row after the other.
pub(super) type ValueSource<T> = Box<dyn Fn(RowNumbers<'_>, usize) -> Vec<T> + Send + Sync>;

/// Function that makes the array of some rows, with the given nulls.
pub(super) type Maker = Box<dyn Fn(RowNumbers<'_>, Option<NullBuffer>) -> ArrayRef + Send + Sync>;

/// Returns a maker whose arrays are converted to another type.
pub(super) fn after(
    maker: Maker,
    turn: impl Fn(ArrayRef) -> ArrayRef + Send + Sync + 'static,
) -> Maker {
    Box::new(move |rows, nulls| turn(maker(rows, nulls)))
}
