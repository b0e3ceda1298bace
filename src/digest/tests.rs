#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use arrow::array::*;
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::compute::{cast, concat_batches, take_record_batch};
use arrow::datatypes::*;
use half::f16;
use proptest::prelude::*;

use super::{ResultDigest, logical_bytes};
use crate::record::Checksum;

fn batch(columns: Vec<ArrayRef>) -> RecordBatch {
    let names = (0..columns.len()).map(|number| number.to_string());
    RecordBatch::try_from_iter_with_nullable(
        names.zip(columns).map(|(name, array)| (name, array, true)),
    )
    .unwrap()
}

fn digest(batches: &[RecordBatch], approximate_floats: bool) -> (Checksum, u64, u64) {
    let mut digest = ResultDigest::new(batches[0].schema_ref(), approximate_floats);
    for batch in batches {
        digest.update(batch).unwrap();
    }
    let (rows, bytes) = (digest.rows(), digest.arrow_bytes());
    (digest.finish(), rows, bytes)
}

fn exact(array: impl Array + 'static) -> String {
    let array: ArrayRef = Arc::new(array);
    digest(&[batch(vec![array])], false).0.exact
}

fn bytes(array: impl Array + 'static) -> u64 {
    logical_bytes(&batch(vec![Arc::new(array)]))
}

fn texts() -> StringArray {
    StringArray::from(vec![
        Some("one"),
        None,
        Some(""),
        Some("a text too long to be held within a view"),
        Some("one"),
    ])
}

fn int_lists() -> ListArray {
    ListArray::from_iter_primitive::<Int32Type, _, _>([
        Some(vec![Some(1), Some(2)]),
        None,
        Some(vec![]),
        Some(vec![Some(3), None]),
        Some(vec![Some(-1), Some(7)]),
    ])
}

/// Returns a column of five rows for every kind of type.
fn every_type() -> Vec<ArrayRef> {
    let numbers = Int64Array::from(vec![Some(1), None, Some(3), Some(65), Some(1)]);
    let of = |data_type: DataType| cast(&numbers, &data_type).unwrap();
    let time = |from: DataType, to: DataType| cast(&cast(&numbers, &from).unwrap(), &to).unwrap();
    let mut map = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    for row in 0..5 {
        for key in 0..row {
            map.keys().append_value(format!("key {key}"));
            map.values()
                .append_option((key != 1).then_some(row * 10 + key));
        }
        map.append(row != 2).unwrap();
    }
    let struct_fields = Fields::from(vec![
        Field::new("number", DataType::Int64, true),
        Field::new("text", DataType::Utf8, true),
    ]);
    let structs = StructArray::new(
        struct_fields,
        vec![Arc::new(numbers.clone()), Arc::new(texts())],
        Some(NullBuffer::from(vec![true, true, false, true, true])),
    );
    let lists_of_text = {
        let mut builder = ListBuilder::new(StringBuilder::new());
        for row in [
            Some(vec![Some("a"), Some("b")]),
            Some(vec![Some("ab")]),
            None,
            Some(vec![None]),
            Some(vec![]),
        ] {
            match row {
                Some(row) => builder.append_value(row),
                None => builder.append_null(),
            }
        }
        builder.finish()
    };
    let union_fields = UnionFields::try_new(
        [3, 5],
        [
            Field::new("number", DataType::Int64, true),
            Field::new("text", DataType::Utf8, true),
        ],
    )
    .unwrap();
    let union = UnionArray::try_new(
        union_fields,
        ScalarBuffer::from(vec![3_i8, 5, 5, 3, 5]),
        Some(ScalarBuffer::from(vec![0, 0, 1, 3, 4])),
        vec![Arc::new(numbers.clone()), Arc::new(texts())],
    )
    .unwrap();
    let runs = RunArray::<Int32Type>::try_new(
        &Int32Array::from(vec![2, 3, 5]),
        &StringArray::from(vec![Some("x"), None, Some("yy")]),
    )
    .unwrap();
    vec![
        Arc::new(NullArray::new(5)),
        of(DataType::Boolean),
        of(DataType::Int8),
        of(DataType::UInt16),
        of(DataType::Int32),
        of(DataType::Float16),
        of(DataType::Float32),
        of(DataType::Float64),
        of(DataType::Decimal32(9, 2)),
        of(DataType::Decimal64(18, 2)),
        of(DataType::Decimal128(30, 2)),
        of(DataType::Decimal256(60, 2)),
        time(DataType::Int32, DataType::Date32),
        of(DataType::Date64),
        time(DataType::Int32, DataType::Time32(TimeUnit::Second)),
        of(DataType::Time64(TimeUnit::Nanosecond)),
        of(DataType::Timestamp(
            TimeUnit::Millisecond,
            Some("UTC".into()),
        )),
        of(DataType::Duration(TimeUnit::Second)),
        Arc::new(IntervalMonthDayNanoArray::from(vec![
            Some(IntervalMonthDayNano::new(1, 2, 3)),
            None,
            Some(IntervalMonthDayNano::new(1, 2, 4)),
            Some(IntervalMonthDayNano::new(0, 2, 3)),
            Some(IntervalMonthDayNano::new(1, 0, 3)),
        ])),
        Arc::new(IntervalDayTimeArray::from(vec![
            IntervalDayTime::new(1, 2);
            5
        ])),
        Arc::new(texts()),
        Arc::new(
            FixedSizeBinaryArray::try_from_sparse_iter_with_size(
                [Some([1, 2]), None, Some([3, 4]), None, Some([5, 6])].into_iter(),
                2,
            )
            .unwrap(),
        ),
        cast(
            &texts(),
            &DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Utf8)),
        )
        .unwrap(),
        Arc::new(int_lists()),
        Arc::new(lists_of_text),
        Arc::new(structs),
        Arc::new(map.finish()),
        Arc::new(union),
        Arc::new(runs),
    ]
}

#[test]
fn every_type_is_taken_and_each_of_its_values_counts() {
    for array in every_type() {
        let data_type = array.data_type().clone();
        let whole = digest(&[batch(vec![array.clone()])], false);
        assert_eq!(whole.1, 5);
        // One row less, or one twice, or cut in two.
        for row in 0..5 {
            let other = batch(vec![array.slice(row, 1)]);
            assert_ne!(
                digest(&[batch(vec![array.clone()]), other], false).0,
                whole.0,
                "{data_type} {row}"
            );
        }
        let parts = [
            batch(vec![array.slice(2, 3)]),
            batch(vec![array.slice(0, 2)]),
        ];
        assert_eq!(digest(&parts, false), whole, "{data_type}");
        let empty = batch(vec![array.slice(0, 0)]);
        assert_eq!(
            digest(std::slice::from_ref(&empty), false).2,
            0,
            "{data_type}"
        );
        assert_eq!(
            digest(&[parts[0].clone(), empty, parts[1].clone()], false),
            whole,
            "{data_type}"
        );
    }
}

#[test]
fn no_row_of_a_type_is_like_another_one_unless_they_are_equal() {
    for array in every_type() {
        for first in 0..5 {
            for second in 0..first {
                let (one, other) = (array.slice(first, 1), array.slice(second, 1));
                let equal = matches!(array.data_type(), DataType::Null | DataType::Interval(IntervalUnit::DayTime))
                    || one.to_data() == other.to_data()
                    || (one.is_null(0) && other.is_null(0))
                    // Truth is all that a bool keeps of a number, and a run its value.
                    || matches!((array.data_type(), first, second), (DataType::RunEndEncoded(..), 1, 0) | (DataType::RunEndEncoded(..), 4, 3));
                let equal_hash =
                    digest(&[batch(vec![one])], false).0 == digest(&[batch(vec![other])], false).0;
                assert_eq!(equal_hash, equal, "{} {first} {second}", array.data_type());
            }
        }
    }
}

#[test]
fn strings_are_equal_in_every_representation() {
    let reference = (exact(texts()), bytes(texts()));
    for data_type in [
        DataType::LargeUtf8,
        DataType::Utf8View,
        DataType::Binary,
        DataType::LargeBinary,
        DataType::BinaryView,
        DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
        DataType::Dictionary(Box::new(DataType::UInt8), Box::new(DataType::Utf8View)),
        DataType::RunEndEncoded(
            Arc::new(Field::new("run_ends", DataType::Int32, false)),
            Arc::new(Field::new("values", DataType::Utf8, true)),
        ),
    ] {
        let array = cast(&texts(), &data_type).unwrap();
        assert_eq!(
            (exact(array.clone()), bytes(array)),
            reference,
            "{data_type}"
        );
    }
}

#[test]
fn lists_are_equal_in_every_layout() {
    let reference = (exact(int_lists()), bytes(int_lists()));
    let element = Arc::new(Field::new("item", DataType::Int32, true));
    for data_type in [
        DataType::LargeList(element.clone()),
        DataType::ListView(element.clone()),
        DataType::LargeListView(element.clone()),
        DataType::List(Arc::new(Field::new(
            "element",
            DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Int32)),
            true,
        ))),
    ] {
        let array = cast(&int_lists(), &data_type).unwrap();
        assert_eq!(
            (exact(array.clone()), bytes(array)),
            reference,
            "{data_type}"
        );
    }
}

#[test]
fn vectors_are_equal_as_lists_of_fixed_size_and_as_bytes() {
    let values = Float32Array::from(vec![1.0, -0.0, f32::NAN, 4.5, 0.0, f32::MIN]);
    let element = Arc::new(Field::new("element", DataType::Float32, false));
    let nulls = Some(NullBuffer::from(vec![true, false, true]));
    let fixed =
        FixedSizeListArray::new(element.clone(), 2, Arc::new(values.clone()), nulls.clone());
    let kept = Float32Array::from(vec![1.0, -0.0, 0.0, f32::MIN]);
    let offsets = OffsetBuffer::new(vec![0, 2, 2, 4].into());
    let lists = ListArray::new(element, offsets, Arc::new(kept.clone()), nulls.clone());
    let offsets = OffsetBuffer::new(vec![0, 8, 8, 16].into());
    let binary = BinaryArray::new(offsets, Buffer::from_vec(kept.values().to_vec()), nulls);
    assert_eq!(exact(fixed.clone()), exact(binary.clone()));
    assert_eq!(exact(lists.clone()), exact(binary.clone()));
    assert_eq!(
        [bytes(fixed), bytes(lists)],
        [bytes(binary.clone()), bytes(binary)]
    );
}

#[test]
fn what_lies_beneath_a_null_does_not_count() {
    let element = Arc::new(Field::new("item", DataType::Utf8, true));
    let lists = |values: StringArray| {
        let nulls = Some(NullBuffer::from(vec![true, false, true]));
        ListArray::new(
            element.clone(),
            OffsetBuffer::new(vec![0, 1, 2, 3].into()),
            Arc::new(values),
            nulls,
        )
    };
    let (one, other) = (
        lists(vec!["a", "b", "c"].into()),
        lists(vec!["a", "something else", "c"].into()),
    );
    assert_eq!(
        (exact(one.clone()), bytes(one)),
        (exact(other.clone()), bytes(other))
    );

    let fields = Fields::from(vec![Field::new("text", DataType::Utf8, true)]);
    let structs = |values: StringArray| {
        StructArray::new(
            fields.clone(),
            vec![Arc::new(values)],
            Some(NullBuffer::from(vec![true, false])),
        )
    };
    let (one, other) = (
        structs(vec!["a", "b"].into()),
        structs(vec!["a", "something else"].into()),
    );
    assert_eq!(
        (exact(one.clone()), bytes(one)),
        (exact(other.clone()), bytes(other))
    );
    assert_ne!(
        exact(structs(vec![Some("a"), None].into())),
        exact(StructArray::new(
            fields,
            vec![Arc::new(StringArray::from(vec![Some("a"), None]))],
            None
        ))
    );
}

#[test]
fn logical_bytes_follow_the_rules() {
    assert_eq!(bytes(texts()), 5 * 4 + 3 + 40 + 3);
    assert_eq!(bytes(BooleanArray::from(vec![true; 9])), 9);
    assert_eq!(bytes(Int32Array::from(vec![Some(1), None])), 8);
    assert_eq!(bytes(int_lists()), 5 * 4 + 6 * 4);
    assert_eq!(bytes(NullArray::new(3)), 0);
    let array = every_type();
    let of = |wanted: fn(&DataType) -> bool| {
        let array = array
            .iter()
            .find(|array| wanted(array.data_type()))
            .unwrap();
        logical_bytes(&batch(vec![array.clone()]))
    };
    assert_eq!(
        of(|data_type| matches!(data_type, DataType::Struct(_))),
        5 * 8 + 5 * 4 + 3 + 40 + 3
    );
    assert_eq!(
        of(|data_type| matches!(data_type, DataType::Union(..))),
        5 + (8 + 7 + 4 + 8 + 7)
    );
    assert_eq!(
        of(|data_type| matches!(data_type, DataType::RunEndEncoded(..))),
        5 * 4 + 2 + 4
    );
    // A map's null row has two entries beneath; the others have 0, 1, 3 and 4.
    assert_eq!(
        of(|data_type| matches!(data_type, DataType::Map(..))),
        5 * 4 + 8 * (4 + 5 + 4)
    );
}

#[test]
fn nans_are_all_equal_and_zeros_are_not() {
    let other_nan = f64::from_bits(f64::NAN.to_bits() | 1);
    assert_eq!(
        exact(Float64Array::from(vec![f64::NAN])),
        exact(Float64Array::from(vec![other_nan]))
    );
    let other_nan = f16::from_bits(f16::NAN.to_bits() | 1);
    assert_eq!(
        exact(Float16Array::from(vec![f16::NAN])),
        exact(Float16Array::from(vec![other_nan]))
    );
    assert_ne!(
        exact(Float64Array::from(vec![0.0])),
        exact(Float64Array::from(vec![-0.0]))
    );
}

#[test]
fn rows_without_columns_are_counted() {
    let schema = Arc::new(Schema::empty());
    let of = |rows| {
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        digest(
            &[RecordBatch::try_new_with_options(schema.clone(), vec![], &options).unwrap()],
            false,
        )
        .0
    };
    assert_ne!(of(2), of(3));
}

#[test]
fn a_batch_with_other_columns_is_an_error() {
    let mut digest = ResultDigest::new(&Schema::empty(), false);
    let error = digest.update(&batch(vec![Arc::new(texts())])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Schema error: a batch has 1 columns where the result has 0"
    );
}

#[test]
fn approximate_floats_are_compared_by_sums_and_everything_else_by_bits() {
    let of = |keys: [i64; 3], values: [f64; 3]| {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from(keys.to_vec())),
            Arc::new(Float64Array::from(values.to_vec())),
        ];
        digest(&[batch(columns)], true).0
    };
    let near = |first: &Checksum, second: &Checksum| {
        let (first, second) = (first.approximate[0], second.approximate[0]);
        (first - second).abs() <= 1e-9 * first.abs().max(second.abs())
    };
    let reference = of([1, 2, 3], [0.1, -5e9, 3.0]);
    let rounded = of([1, 2, 3], [0.1 + 1e-16, -5e9 * (1.0 + 1e-15), 3.0]);
    assert_eq!(reference.exact, rounded.exact);
    assert!(near(&reference, &rounded));
    assert_eq!(reference.exact, of([3, 2, 1], [3.0, -5e9, 0.1]).exact);
    assert!(near(&reference, &of([3, 2, 1], [3.0, -5e9, 0.1])));
    // Another value, another sign, values that changed rows.
    assert!(!near(&reference, &of([1, 2, 3], [0.1, -5.1e9, 3.0])));
    assert!(!near(&reference, &of([1, 2, 3], [0.1, 5e9, 3.0])));
    assert!(!near(&reference, &of([1, 2, 3], [-5e9, 0.1, 3.0])));
    // Another key, and values that have no sum.
    assert_ne!(reference.exact, of([1, 2, 4], [0.1, -5e9, 3.0]).exact);
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let other = of([1, 2, 3], [0.1, -5e9, value]);
        assert_ne!(reference.exact, other.exact);
        assert!(other.approximate[0].is_finite());
    }
}

#[test]
fn approximate_floats_of_every_width_know_their_nulls() {
    for data_type in [DataType::Float16, DataType::Float32, DataType::Float64] {
        let of = |values: Vec<Option<i64>>| {
            let array = cast(&Int64Array::from(values), &data_type).unwrap();
            digest(&[batch(vec![array])], true).0
        };
        assert_eq!(of(vec![Some(1), None]).approximate.len(), 1);
        assert_eq!(of(vec![Some(1), None]), of(vec![None, Some(1)]));
        assert_ne!(of(vec![Some(1), None]), of(vec![Some(1), Some(0)]));
        assert_ne!(
            of(vec![Some(1), None]).approximate,
            of(vec![Some(2), None]).approximate
        );
    }
}

/// Strategy for tables of three columns: numbers, texts and lists, with nulls.
fn table() -> impl Strategy<Value = RecordBatch> {
    let row = (
        proptest::option::of(-3..3_i32),
        proptest::option::of("[a-c]{0,2}"),
        proptest::option::of(proptest::collection::vec(
            proptest::option::of(0..3_i16),
            0..3,
        )),
    );
    proptest::collection::vec(row, 1..40).prop_map(|rows| {
        let numbers: Int32Array = rows.iter().map(|row| row.0).collect();
        let texts: StringArray = rows.iter().map(|row| row.1.as_deref()).collect();
        let lists =
            ListArray::from_iter_primitive::<Int16Type, _, _>(rows.into_iter().map(|row| row.2));
        batch(vec![Arc::new(numbers), Arc::new(texts), Arc::new(lists)])
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_order_of_rows_and_the_cuts_of_batches_do_not_matter(
        (table, order) in table().prop_flat_map(|table| {
            let order: Vec<u32> = (0..table.num_rows() as u32).collect();
            (Just(table), Just(order).prop_shuffle())
        }),
        cut in 0.0..1.0,
    ) {
        let shuffled = take_record_batch(&table, &UInt32Array::from(order)).unwrap();
        let cut = (table.num_rows() as f64 * cut) as usize;
        let parts = [shuffled.slice(0, cut), shuffled.slice(cut, table.num_rows() - cut)];
        prop_assert_eq!(digest(&parts, false), digest(&[table], false));
    }

    #[test]
    fn any_changed_value_is_noticed(table in table(), row: prop::sample::Index, column in 0..3_usize, other in table()) {
        let row = row.index(table.num_rows());
        let value = other.column(column).slice(0, 1);
        prop_assume!(value.to_data() != table.column(column).slice(row, 1).to_data());
        let mut columns = table.columns().to_vec();
        let array = &columns[column];
        let parts: [ArrayRef; 3] = [array.slice(0, row), value, array.slice(row + 1, array.len() - row - 1)];
        columns[column] = arrow::compute::concat(&parts.each_ref().map(|part| part.as_ref())).unwrap();
        prop_assert_ne!(digest(&[batch(columns)], false).0, digest(&[table], false).0);
    }

    #[test]
    fn values_that_changed_rows_and_duplicates_are_noticed(table in table()) {
        let whole = digest(std::slice::from_ref(&table), false).0;
        let doubled = concat_batches(&table.schema(), [&table, &table]).unwrap();
        prop_assert_ne!(&digest(&[doubled], false).0, &whole);

        let mut columns = table.columns().to_vec();
        let reversed: UInt32Array = (0..table.num_rows() as u32).rev().collect();
        columns[0] = arrow::compute::take(&columns[0], &reversed, None).unwrap();
        let moved = batch(columns);
        let rows = |batch: &RecordBatch| {
            let mut rows: Vec<String> = (0..batch.num_rows()).map(|row| format!("{:?}", batch.slice(row, 1).columns())).collect();
            rows.sort();
            rows
        };
        prop_assert_eq!(digest(std::slice::from_ref(&moved), false).0 == whole, rows(&moved) == rows(&table));
    }
}
