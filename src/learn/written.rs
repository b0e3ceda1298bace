//! Sampled or generated rows of a column, and the bytes that they take in a file.

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::Field;

use super::error::LearnError;
use super::series::{Piece, Series, joined};
use crate::config::{Codec, Layout};
use crate::content::ColumnGenerator;
use crate::dataset::chunk_bytes;

/// Most rows and most bytes of a piece that candidates are generated for, and most pieces.
const FITTED_ROWS: usize = 16_384;
const FITTED_BYTES: usize = 4 << 20;
const FITTED_PIECES: usize = 3;

/// Returns the first rows of some pieces. If rows are very large, it is one row.
pub(super) fn some_rows(series: &Series) -> Vec<Piece> {
    let step = series.pieces.len().div_ceil(FITTED_PIECES).max(1);
    let pieces = series.pieces.iter().step_by(step);
    let mut found: Vec<Piece> = Vec::new();
    let mut room = FITTED_PIECES * FITTED_BYTES;
    for piece in pieces.filter(|piece| !piece.array.is_empty()) {
        let rows = piece.array.len();
        let row_bytes = (piece.array.get_array_memory_size() / rows).max(1);
        // Each candidate is generated and written for all of these pieces.
        if !found.is_empty() && row_bytes > room {
            break;
        }
        let most = (FITTED_BYTES / row_bytes).clamp(1, FITTED_ROWS).min(rows);
        room = room.saturating_sub(row_bytes * most);
        found.push(Piece {
            first: piece.first,
            array: piece.array.slice(0, most),
        });
    }
    found
}

/// Generates rows `first..first + count`, in one array.
pub(super) fn generated(
    generator: &ColumnGenerator,
    first: u64,
    count: usize,
) -> Result<ArrayRef, LearnError> {
    let most = generator.max_rows_per_array();
    let arrays: Vec<ArrayRef> = (0..count)
        .step_by(most)
        .map(|at| generator.range(first + at as u64, most.min(count - at)))
        .collect();
    Ok(joined(&arrays, generator.field().data_type().clone())?)
}

/// Returns the compressed bytes of the arrays by codec. Each array is a column chunk of its own.
pub(super) fn sizes(
    arrays: &[ArrayRef],
    layout: &Layout,
    codecs: &[Codec],
    nullable: bool,
) -> Result<Vec<u64>, LearnError> {
    codecs
        .iter()
        .map(|codec| {
            let mut layout = layout.clone();
            layout.chunk.codec = *codec;
            for chunk in layout.columns.values_mut() {
                chunk.codec = *codec;
            }
            layout.sort_by.clear();
            let mut bytes = 0;
            for array in arrays.iter().filter(|array| !array.is_empty()) {
                let name = layout
                    .columns
                    .keys()
                    .next()
                    .map_or("column", String::as_str);
                let field = Field::new(name, array.data_type().clone(), nullable);
                bytes += chunk_bytes(&field, &layout, std::slice::from_ref(array))?;
            }
            Ok(bytes)
        })
        .collect()
}
