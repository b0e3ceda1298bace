//! Types of the functions that make values, and arrays of them.

use arrow::array::ArrayRef;
use arrow::buffer::NullBuffer;

use super::rows::Rows;

/// `size` values for each row, one row after the other.
pub(super) type Source<T> = Box<dyn Fn(Rows<'_>, usize) -> Vec<T> + Send + Sync>;

/// The array of some rows, of which those are null.
pub(super) type Maker = Box<dyn Fn(Rows<'_>, Option<NullBuffer>) -> ArrayRef + Send + Sync>;

/// A maker whose arrays are turned into another type.
pub(super) fn after(
    maker: Maker,
    turn: impl Fn(ArrayRef) -> ArrayRef + Send + Sync + 'static,
) -> Maker {
    Box::new(move |rows, nulls| turn(maker(rows, nulls)))
}
