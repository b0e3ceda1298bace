//! Batches as tensors: row-major matrices, as a framework would get them.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, RecordBatch, make_array};
use arrow::buffer::NullBuffer;
use arrow::compute::{cast, concat, interleave};
use arrow::datatypes::{
    DataType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    Schema, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow::error::ArrowError;

use super::buffer::SharedMatrix;
use crate::config::Tensors;

/// Form of the batches of a loop.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TensorPlan {
    pub(super) matrices: Vec<MatrixPlan>,
    /// Columns that are in no matrix: of varying length, or nested.
    pub(super) others: Vec<usize>,
    /// True if columns stay as the engine returns them.
    pub(super) as_they_are: bool,
}

/// A row-major matrix: the values of a row follow each other.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct MatrixPlan {
    pub(super) dtype: DataType,
    /// Values of a row.
    pub(super) width: usize,
    columns: Vec<MatrixColumn>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct MatrixColumn {
    /// Place among the columns of a batch of the engine.
    index: usize,
    /// Place of its first value in a row.
    offset: usize,
    /// Values of a row: more than 1 for vectors.
    size: usize,
}

impl MatrixPlan {
    fn value_bytes(&self) -> usize {
        self.dtype.primitive_width().unwrap_or(1)
    }

    pub(super) fn row_bytes(&self) -> usize {
        self.width * self.value_bytes()
    }
}

/// Type of a column's numbers, and how many a row has. `None` if it is not of numbers, or of
/// varying length. Dates and times are whole numbers.
fn numbers_of(data_type: &DataType) -> Option<(DataType, usize)> {
    let number = |data_type: &DataType| match data_type {
        DataType::Boolean => Some(DataType::Boolean),
        numeric if numeric.is_integer() || numeric.is_floating() => Some(numeric.clone()),
        DataType::Date32 => Some(DataType::Int32),
        DataType::Date64 | DataType::Timestamp(..) => Some(DataType::Int64),
        _ => None,
    };
    match data_type {
        DataType::FixedSizeList(item, size) => {
            Some((number(item.data_type())?, usize::try_from(*size).ok()?))
        }
        DataType::FixedSizeBinary(size) => Some((DataType::UInt8, usize::try_from(*size).ok()?)),
        other => Some((number(other)?, 1)),
    }
}

/// Returns the type that NumPy promotes types of numbers to (`numpy.result_type`). `None` of no
/// type.
///
/// Beside floats, each whole number asks for the smallest float that holds it, whatever the others
/// are; else the largest signed type meets the largest unsigned one.
fn promoted_of_all(types: &[DataType]) -> Option<DataType> {
    use DataType::{Boolean, Float16, Float32, Float64, Int8, Int16, Int32, Int64, UInt64};
    let bits = |it: &DataType| it.primitive_width().unwrap_or(1) * 8;
    let largest = |types: &mut dyn Iterator<Item = DataType>| types.max_by_key(bits);
    let numbers = || types.iter().filter(|it| **it != Boolean);
    if numbers().any(DataType::is_floating) {
        let float_of = |it: &DataType| match it {
            it if it.is_floating() => it.clone(),
            it => match bits(it) {
                8 => Float16,
                16 => Float32,
                _ => Float64,
            },
        };
        return largest(&mut numbers().map(float_of));
    }
    let signed = largest(&mut numbers().filter(|it| it.is_signed_integer()).cloned());
    let unsigned = largest(&mut numbers().filter(|it| it.is_unsigned_integer()).cloned());
    match (signed, unsigned) {
        (Some(_), Some(UInt64)) => Some(Float64),
        (Some(signed), Some(unsigned)) => {
            let needed = (bits(&unsigned) * 2).max(bits(&signed));
            [Int8, Int16, Int32, Int64]
                .into_iter()
                .find(|it| bits(it) >= needed)
        }
        (Some(one), None) | (None, Some(one)) => Some(one),
        (None, None) => types.first().cloned(),
    }
}

impl TensorPlan {
    /// Plans the batches of rows of a schema.
    pub(super) fn new(schema: &Schema, tensors: Tensors) -> Self {
        let mut plan = TensorPlan {
            matrices: Vec::new(),
            others: Vec::new(),
            as_they_are: tensors == Tensors::None,
        };
        if plan.as_they_are {
            plan.others = (0..schema.fields().len()).collect();
            return plan;
        }
        let found: Vec<_> = schema
            .fields()
            .iter()
            .map(|it| numbers_of(it.data_type()))
            .collect();
        let types: Vec<DataType> = found
            .iter()
            .flatten()
            .map(|(dtype, _)| dtype.clone())
            .collect();
        let whole = promoted_of_all(&types);
        for (index, numbers) in found.into_iter().enumerate() {
            let Some((dtype, size)) = numbers else {
                plan.others.push(index);
                continue;
            };
            let dtype = match (tensors, &whole) {
                (Tensors::One, Some(whole)) => whole.clone(),
                _ => dtype,
            };
            let dtype = match dtype {
                // NumPy's booleans take a byte.
                DataType::Boolean => DataType::UInt8,
                dtype => dtype,
            };
            let known = plan.matrices.iter_mut().position(|it| it.dtype == dtype);
            let place = known.unwrap_or_else(|| {
                plan.matrices.push(MatrixPlan {
                    dtype,
                    width: 0,
                    columns: Vec::new(),
                });
                plan.matrices.len() - 1
            });
            let matrix = &mut plan.matrices[place];
            let offset = matrix.width;
            matrix.columns.push(MatrixColumn {
                index,
                offset,
                size,
            });
            matrix.width += size;
        }
        plan
    }

    /// Returns the plan of batches of which only the rows are counted.
    pub(super) fn empty() -> Self {
        TensorPlan {
            matrices: Vec::new(),
            others: Vec::new(),
            as_they_are: true,
        }
    }

    /// Bytes of a row in all matrices.
    pub(super) fn row_bytes(&self) -> usize {
        self.matrices.iter().map(MatrixPlan::row_bytes).sum()
    }
}

/// Rows of the engine that are copied, and their rows in a batch.
#[derive(Debug, Clone)]
pub(super) enum CopiedRows<'a> {
    /// Consecutive rows, which follow each other in the batch from this row on.
    Run { rows: Range<usize>, to: usize },
    /// Pairs of rows of the engine and rows of the batch.
    Each(&'a [(u32, u32)]),
}

impl<'a> CopiedRows<'a> {
    /// Returns the same rows in blocks.
    fn blocks(&self) -> Vec<CopiedRows<'a>> {
        match self {
            CopiedRows::Run { rows, to } => {
                let starts = rows.clone().step_by(BLOCK_ROWS);
                let block = |start: usize| CopiedRows::Run {
                    rows: start..rows.end.min(start + BLOCK_ROWS),
                    to: to + start - rows.start,
                };
                starts.map(block).collect()
            }
            CopiedRows::Each(pairs) => pairs.chunks(BLOCK_ROWS).map(CopiedRows::Each).collect(),
        }
    }
}

/// Rows that are copied before the next column has its turn, so that they stay in the cache.
const BLOCK_ROWS: usize = 128;

/// Columns of a batch of the engine as numbers of the matrices' types.
pub(super) struct MatrixValues {
    /// Columns of each matrix.
    columns: Vec<Vec<ArrayRef>>,
    /// Nulls, which become 0, or NaN in matrices of floats.
    pub(super) nulls: u64,
}

impl MatrixValues {
    /// Converts the columns of a batch that go into matrices.
    pub(super) fn of(plan: &TensorPlan, batch: &RecordBatch) -> Result<Self, ArrowError> {
        let mut nulls = 0;
        let mut converted = |matrix: &MatrixPlan, column: &MatrixColumn| {
            let array = batch.column(column.index);
            let found = as_numbers(array, &matrix.dtype)?;
            nulls += found.null_count() as u64;
            if found.len() != batch.num_rows() * column.size {
                return Err(ArrowError::InvalidArgumentError(format!(
                    "column {} has {} values for {} rows of {}",
                    column.index,
                    found.len(),
                    batch.num_rows(),
                    column.size
                )));
            }
            Ok(found)
        };
        let columns = plan.matrices.iter().map(|matrix| {
            let columns = matrix.columns.iter();
            columns
                .map(|column| converted(matrix, column))
                .collect::<Result<Vec<_>, _>>()
        });
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        Ok(MatrixValues { columns, nulls })
    }

    /// Copies some of the rows into the matrices of a batch.
    pub(super) fn copy(&self, plan: &TensorPlan, rows: &CopiedRows<'_>, batch: &[SharedMatrix]) {
        let blocks = rows.blocks();
        for ((matrix, columns), buffer) in plan.matrices.iter().zip(&self.columns).zip(batch) {
            for rows in &blocks {
                for (column, array) in matrix.columns.iter().zip(columns) {
                    let copy = ColumnCopy {
                        width: matrix.width,
                        column: *column,
                        rows,
                        buffer,
                    };
                    copy.of(array, &matrix.dtype);
                }
            }
        }
    }
}

/// Returns a column's numbers in a type; those of a vector follow each other. A vector that is null
/// is one of nulls.
fn as_numbers(array: &ArrayRef, dtype: &DataType) -> Result<ArrayRef, ArrowError> {
    let flat: ArrayRef = match array.data_type() {
        DataType::FixedSizeList(_, size) => {
            let list = array.as_fixed_size_list();
            let size = usize::try_from(*size).unwrap_or(0);
            let first = usize::try_from(list.value_offset(0)).unwrap_or(0);
            let values = list.values().slice(first, list.len() * size);
            with_nulls(&values, list.nulls(), size)?
        }
        DataType::FixedSizeBinary(size) => {
            let binary = array.as_fixed_size_binary();
            let size = usize::try_from(*size).unwrap_or(0);
            let bytes: Vec<u8> = (0..binary.len())
                .flat_map(|row| binary.value(row))
                .copied()
                .collect();
            let values: ArrayRef = Arc::new(arrow::array::UInt8Array::from(bytes));
            with_nulls(&values, binary.nulls(), size)?
        }
        _ => Arc::clone(array),
    };
    // Arrow converts some types by way of another one alone.
    let by_way = match flat.data_type() {
        DataType::Boolean => Some(DataType::UInt8),
        DataType::Date32 => Some(DataType::Int32),
        DataType::Date64 | DataType::Timestamp(..) => Some(DataType::Int64),
        _ => None,
    };
    let flat = match by_way {
        Some(way) => cast(&flat, &way)?,
        None => flat,
    };
    match flat.data_type() == dtype {
        true => Ok(flat),
        false => cast(&flat, dtype),
    }
}

/// Makes values null whose vector is.
fn with_nulls(
    values: &ArrayRef,
    nulls: Option<&NullBuffer>,
    size: usize,
) -> Result<ArrayRef, ArrowError> {
    let Some(nulls) = nulls.filter(|nulls| nulls.null_count() > 0) else {
        return Ok(Arc::clone(values));
    };
    let nulls = NullBuffer::union(Some(&nulls.expand(size)), values.nulls());
    let data = values.to_data().into_builder().nulls(nulls).build()?;
    Ok(make_array(data))
}

/// A copy of a column's values in some rows.
struct ColumnCopy<'a> {
    /// Values of a row of the matrix.
    width: usize,
    column: MatrixColumn,
    rows: &'a CopiedRows<'a>,
    buffer: &'a SharedMatrix,
}

impl ColumnCopy<'_> {
    fn of(&self, array: &ArrayRef, dtype: &DataType) {
        macro_rules! copy_as {
            ($($dtype:ident: $kind:ty, $null:expr;)*) => {
                match dtype {
                    $(DataType::$dtype => self.values::<$kind>(array, $null),)*
                    // Plans have no other types.
                    _ => {}
                }
            };
        }
        copy_as! {
            Int8: Int8Type, 0; Int16: Int16Type, 0; Int32: Int32Type, 0; Int64: Int64Type, 0;
            UInt8: UInt8Type, 0; UInt16: UInt16Type, 0; UInt32: UInt32Type, 0;
            UInt64: UInt64Type, 0; Float16: Float16Type, half::f16::NAN;
            Float32: Float32Type, f32::NAN; Float64: Float64Type, f64::NAN;
        }
    }

    fn values<T: ArrowPrimitiveType>(&self, array: &ArrayRef, null: T::Native) {
        let array = array.as_primitive::<T>();
        let values = array.values();
        let MatrixColumn { offset, size, .. } = self.column;
        let copy = |row: usize, to: usize| {
            let (place, items) = (to * self.width + offset, row * size..(row + 1) * size);
            if array.null_count() == 0 {
                self.buffer.put_all(place, &values[items]);
                return;
            }
            for (place, item) in (place..).zip(items) {
                let value = match array.is_valid(item) {
                    true => values[item],
                    false => null,
                };
                self.buffer.put(place, value);
            }
        };
        match self.rows {
            CopiedRows::Run { rows, to } if size == 1 && array.null_count() == 0 => {
                let place = to * self.width + offset;
                self.buffer
                    .put_strided(place, self.width, &values[rows.clone()]);
            }
            CopiedRows::Run { rows, to } => {
                rows.clone().zip(*to..).for_each(|(row, to)| copy(row, to));
            }
            CopiedRows::Each(pairs) => {
                pairs
                    .iter()
                    .for_each(|(row, to)| copy(*row as usize, *to as usize));
            }
        }
    }
}

/// Rows of columns that are in no matrix, with their places in a batch.
#[derive(Debug)]
pub(super) struct BatchPart {
    pub(super) columns: Vec<ArrayRef>,
    pub(super) rows: PartRows,
}

/// Rows of a part.
#[derive(Debug)]
pub(super) enum PartRows {
    /// All rows follow each other in the batch, from this one on.
    From(usize),
    /// Rows of the columns, and their rows in the batch.
    Each(Vec<(u32, u32)>),
}

/// Puts the columns of parts into the order of a batch of `rows` rows, each column in one piece of
/// memory.
pub(super) fn assembled(parts: &mut [BatchPart], rows: usize) -> Result<Vec<ArrayRef>, ArrowError> {
    let is_in_order = parts
        .iter()
        .all(|part| matches!(part.rows, PartRows::From(_)));
    if is_in_order {
        parts.sort_by_key(|part| match &part.rows {
            PartRows::From(first) => *first,
            PartRows::Each(_) => 0,
        });
    }
    let mut order = vec![(0, 0); if is_in_order { 0 } else { rows }];
    let mut put = |place: usize, part: usize, row: usize| {
        if let Some(entry) = order.get_mut(place) {
            *entry = (part, row);
        }
    };
    for (index, part) in parts.iter().enumerate().filter(|_| !is_in_order) {
        match &part.rows {
            PartRows::From(first) => {
                let rows = part.columns.first().map_or(0, |column| column.len());
                (0..rows).for_each(|row| put(first + row, index, row));
            }
            PartRows::Each(rows) => {
                rows.iter()
                    .for_each(|(row, place)| put(*place as usize, index, *row as usize));
            }
        }
    }
    let column = |column: usize| {
        let arrays: Vec<&dyn Array> = parts
            .iter()
            .map(|part| part.columns[column].as_ref())
            .collect();
        let whole = match is_in_order {
            true => concat(&arrays)?,
            false => interleave(&arrays, &order)?,
        };
        // Views refer to the engine's buffers; a tensor has its bytes in one piece.
        match whole.data_type() {
            DataType::Utf8View => cast(&whole, &DataType::LargeUtf8),
            DataType::BinaryView => cast(&whole, &DataType::LargeBinary),
            _ => Ok(whole),
        }
    };
    let columns = parts.first().map_or(0, |part| part.columns.len());
    (0..columns).map(column).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use arrow::array::{ArrayRef, BooleanArray, Float32Array, Int8Array, StringArray};
    use arrow::datatypes::Field;
    use rstest::rstest;

    use super::*;

    /// Types as `numpy.result_type` gives them.
    #[rstest]
    #[case(&[DataType::Boolean, DataType::Int8], DataType::Int8)]
    #[case(&[DataType::Int8, DataType::UInt8], DataType::Int16)]
    #[case(&[DataType::Int8, DataType::UInt16], DataType::Int32)]
    #[case(&[DataType::Int64, DataType::UInt32], DataType::Int64)]
    #[case(&[DataType::Int8, DataType::UInt64], DataType::Float64)]
    #[case(&[DataType::UInt8, DataType::UInt16], DataType::UInt16)]
    #[case(&[DataType::Int8, DataType::Float16], DataType::Float16)]
    #[case(&[DataType::Int16, DataType::Float16], DataType::Float32)]
    #[case(&[DataType::UInt16, DataType::Float32], DataType::Float32)]
    #[case(&[DataType::Int32, DataType::Float16], DataType::Float64)]
    #[case(&[DataType::Int64, DataType::Float32], DataType::Float64)]
    #[case(&[DataType::Boolean, DataType::Float16, DataType::Float32], DataType::Float32)]
    #[case(&[DataType::Boolean], DataType::UInt8)]
    #[case(&[DataType::Int16, DataType::UInt16, DataType::Float32], DataType::Float32)]
    #[case(&[DataType::Int8, DataType::UInt8, DataType::Float16], DataType::Float16)]
    #[case(&[DataType::Float16, DataType::Int64, DataType::UInt8], DataType::Float64)]
    #[case(&[DataType::UInt8, DataType::Int16, DataType::UInt16], DataType::Int32)]
    fn numbers_are_promoted_as_numpy_would(#[case] types: &[DataType], #[case] expected: DataType) {
        let fields = types.iter().enumerate();
        let fields: Vec<Field> = fields
            .map(|(index, it)| Field::new(index.to_string(), it.clone(), true))
            .collect();
        let plan = TensorPlan::new(&Schema::new(fields), Tensors::One);
        assert_eq!(plan.matrices.len(), 1);
        assert_eq!(
            (&plan.matrices[0].dtype, plan.matrices[0].width),
            (&expected, types.len())
        );
    }

    #[test]
    fn types_apart_have_a_matrix_each_and_vectors_stay_vectors() {
        let vector = DataType::new_fixed_size_list(DataType::Float32, 3, false);
        let fields = vec![
            Field::new("flag", DataType::Boolean, false),
            Field::new("vector", vector, false),
            Field::new("text", DataType::Utf8, false),
            Field::new("number", DataType::Float32, false),
            Field::new("bytes", DataType::FixedSizeBinary(5), false),
        ];
        let plan = TensorPlan::new(&Schema::new(fields), Tensors::PerDtype);
        let shapes: Vec<_> = plan
            .matrices
            .iter()
            .map(|it| (it.dtype.clone(), it.width))
            .collect();
        assert_eq!(shapes, [(DataType::UInt8, 6), (DataType::Float32, 4)]);
        assert_eq!(
            (plan.others.as_slice(), plan.row_bytes()),
            ([2].as_slice(), 22)
        );
    }

    #[test]
    fn rows_are_copied_to_their_places_and_nulls_become_zero_or_nan() {
        let flags: ArrayRef = Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)]));
        let bytes: ArrayRef = Arc::new(Int8Array::from(vec![Some(-3), Some(4), None]));
        let floats: ArrayRef = Arc::new(Float32Array::from(vec![None, Some(0.5), Some(1.5)]));
        let batch = RecordBatch::try_from_iter_with_nullable([
            ("flag", flags, true),
            ("byte", bytes, true),
            ("float", floats, true),
        ])
        .unwrap();
        let plan = TensorPlan::new(&batch.schema(), Tensors::One);
        let values = MatrixValues::of(&plan, &batch).unwrap();
        assert_eq!(values.nulls, 3);
        let buffers = [SharedMatrix::new(plan.row_bytes() * 3)];
        values.copy(&plan, &CopiedRows::Run { rows: 1..3, to: 0 }, &buffers);
        values.copy(&plan, &CopiedRows::Each(&[(0, 2)]), &buffers);
        let found = buffers[0].values::<f32>(9);
        let nan = f32::NAN;
        let expected = [nan, 4.0, 0.5, 0.0, nan, 1.5, 1.0, -3.0, nan];
        assert_eq!(format!("{found:?}"), format!("{expected:?}"));
    }

    #[test]
    fn dates_and_times_become_numbers_beside_others_and_null_vectors_become_nan() {
        use arrow::array::{Date32Array, FixedSizeListArray, Float64Array, TimestampSecondArray};
        let vectors = [Some(vec![Some(1.0), None]), None];
        let vectors = FixedSizeListArray::from_iter_primitive::<Float32Type, _, _>(vectors, 2);
        let batch = RecordBatch::try_from_iter_with_nullable([
            (
                "date",
                Arc::new(Date32Array::from(vec![10, -3])) as ArrayRef,
                false,
            ),
            (
                "time",
                Arc::new(TimestampSecondArray::from(vec![7, 8])) as ArrayRef,
                false,
            ),
            (
                "number",
                Arc::new(Float64Array::from(vec![0.5, 1.5])) as ArrayRef,
                false,
            ),
            ("vector", Arc::new(vectors) as ArrayRef, true),
        ])
        .unwrap();
        let plan = TensorPlan::new(&batch.schema(), Tensors::One);
        let values = MatrixValues::of(&plan, &batch).unwrap();
        assert_eq!(values.nulls, 3);
        let matrices = [SharedMatrix::new(plan.row_bytes() * 2)];
        values.copy(&plan, &CopiedRows::Run { rows: 0..2, to: 0 }, &matrices);
        let nan = f64::NAN;
        let expected = [10.0, 7.0, 0.5, 1.0, nan, -3.0, 8.0, 1.5, nan, nan];
        assert_eq!(
            format!("{:?}", matrices[0].values::<f64>(10)),
            format!("{expected:?}")
        );
    }

    #[test]
    fn other_columns_are_put_together_in_the_order_of_the_batch() {
        let text = |values: &[&str]| -> Vec<ArrayRef> {
            vec![Arc::new(StringArray::from(values.to_vec()))]
        };
        let read = |parts: &mut [BatchPart], rows| {
            let whole = assembled(parts, rows).unwrap().remove(0);
            let whole = whole.as_string::<i32>().iter();
            whole
                .map(|it| it.unwrap_or_default().to_owned())
                .collect::<Vec<_>>()
        };
        let mut in_order = [
            BatchPart {
                columns: text(&["c"]),
                rows: PartRows::From(2),
            },
            BatchPart {
                columns: text(&["a", "b"]),
                rows: PartRows::From(0),
            },
        ];
        assert_eq!(read(&mut in_order, 3), ["a", "b", "c"]);
        let mut mixed = [
            BatchPart {
                columns: text(&["x", "b", "a"]),
                rows: PartRows::Each(vec![(2, 0), (1, 1)]),
            },
            BatchPart {
                columns: text(&["c"]),
                rows: PartRows::From(2),
            },
        ];
        assert_eq!(read(&mut mixed, 3), ["a", "b", "c"]);
    }
}
