//! Values depend on their row alone, not on the other requested rows, and fit the layout.

use std::collections::BTreeSet;

use arrow::array::{Array, ArrayData, AsArray, make_array};
use arrow::compute::concat;
use arrow::datatypes::{DataType, Int8Type, Schema, ToByteSlice};
use proptest::prelude::*;
use xxhash_rust::xxh3::xxh3_64;

use super::columns::{
    LAYOUTS, ROWS, categorical, column, columns, generator, integer, layouts, mean_and_deviation,
    uniform,
};
use crate::config::{Column, Distribution, Dtype, Length, LengthDistribution, VectorLayout};
use crate::content::{ColumnGenerator, GENERATOR_VERSION, field_of};

/// Returns the values of each row in bytes, for any layout. None for nulls.
fn row_bytes(array: &dyn Array) -> Vec<Option<Vec<u8>>> {
    fn elements(array: &dyn Array) -> Vec<u8> {
        let data = array.to_data();
        let width = data.data_type().primitive_width().unwrap();
        data.buffers()[0].as_slice()[data.offset() * width..][..data.len() * width].to_vec()
    }
    let value = |row: usize| match array.data_type() {
        DataType::FixedSizeList(..) => elements(&array.as_fixed_size_list().value(row)),
        DataType::List(_) => elements(&array.as_list::<i32>().value(row)),
        DataType::Binary => array.as_binary::<i32>().value(row).to_vec(),
        other => panic!("{other}"),
    };
    (0..array.len())
        .map(|row| array.is_valid(row).then(|| value(row)))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn a_range_equals_its_parts_and_any_subset_of_its_rows(
        seed: u64,
        first in 0..ROWS - 400,
        count in 0..400_usize,
        part in 0.0..1.0,
        subset in proptest::collection::btree_set(0..400_u64, 0..300),
        null_fraction in prop_oneof![Just(0.0), Just(0.3), Just(1.0)],
    ) {
        for (name, column) in columns() {
            for layout in layouts(&column).iter().copied() {
                let column = Column { null_fraction, ..column.clone() };
                let generator = ColumnGenerator::new(seed, "train", &column, ROWS, layout).unwrap();
                let whole = generator.range(first, count);
                let field = generator.field();
                prop_assert_eq!(whole.data_type(), field.data_type());
                prop_assert!(field.is_nullable() || whole.null_count() == 0);

                let cut = (count as f64 * part) as usize;
                let parts = [generator.range(first, cut), generator.range(first + cut as u64, count - cut)];
                prop_assert_eq!(&concat(&[&parts[0], &parts[1]]).unwrap(), &whole, "{}", &name);

                let rows: Vec<u64> = subset.iter().map(|row| first + row).filter(|row| *row < first + count as u64).collect();
                let picked = generator.rows(&rows);
                for (index, row) in rows.iter().enumerate() {
                    prop_assert_eq!(&picked.slice(index, 1), &whole.slice((row - first) as usize, 1), "{}", &name);
                }
            }
        }
    }
}

#[test]
fn vectors_hold_the_same_numbers_in_every_layout() {
    for (name, column) in columns()
        .into_iter()
        .filter(|(_, column)| column.is_vector())
    {
        let column = Column {
            null_fraction: 0.2,
            ..column
        };
        let rows = LAYOUTS.map(|layout| {
            row_bytes(
                &ColumnGenerator::new(7, "train", &column, ROWS, layout)
                    .unwrap()
                    .range(11, 50),
            )
        });
        assert_eq!(rows[0], rows[1], "{name}");
        assert_eq!(rows[0], rows[2], "{name}");
    }
}

#[test]
fn null_lists_strings_and_binary_values_take_no_room() {
    for (name, column) in columns() {
        let column = Column {
            null_fraction: 1.0,
            ..column
        };
        for layout in layouts(&column).iter().copied() {
            let array = ColumnGenerator::new(7, "train", &column, ROWS, layout)
                .unwrap()
                .range(0, 10);
            assert_eq!(array.null_count(), 10, "{name}");
            match array.data_type() {
                DataType::List(_) => assert!(array.as_list::<i32>().values().is_empty(), "{name}"),
                DataType::Utf8 => assert!(array.as_string::<i32>().values().is_empty(), "{name}"),
                DataType::Binary => assert!(array.as_binary::<i32>().values().is_empty(), "{name}"),
                _ => {}
            }
        }
    }
}

#[test]
fn content_follows_from_seed_table_name_and_specification() {
    let base = column(Dtype::Int64, 1, uniform());
    let array = |seed, table: &str, column: &Column, total_rows| {
        ColumnGenerator::new(seed, table, column, total_rows, VectorLayout::List)
            .unwrap()
            .range(0, 100)
    };
    let values = array(7, "train", &base, ROWS);
    assert_eq!(&values, &array(7, "train", &base, ROWS * 2));
    assert_eq!(
        &values,
        &array(
            7,
            "train",
            &Column {
                read: false,
                ..base.clone()
            },
            ROWS
        )
    );

    assert_ne!(&values, &array(8, "train", &base, ROWS));
    assert_ne!(&values, &array(7, "valid", &base, ROWS));
    assert_ne!(
        &values,
        &array(
            7,
            "train",
            &Column {
                name: "other".to_owned(),
                ..base.clone()
            },
            ROWS
        )
    );
    let bounded = Distribution::Uniform {
        min: None,
        max: integer(i64::MAX.into()),
        cardinality: None,
    };
    assert_ne!(
        &values,
        &array(
            7,
            "train",
            &Column {
                distribution: bounded,
                ..base.clone()
            },
            ROWS
        )
    );
}

#[test]
fn nulls_come_as_often_as_asked_and_say_nothing_about_values() {
    let column = Column {
        null_fraction: 0.3,
        ..column(Dtype::Bool, 1, uniform())
    };
    let array = generator(&column).range(0, 100_000);
    let nulls = array.null_count() as f64 / 100_000.0;
    assert!((nulls - 0.3).abs() < 0.01, "{nulls}");
    // Looks beneath the nulls as well.
    let values = array.as_boolean().values().clone();
    let true_nulls = (0..array.len())
        .filter(|row| array.is_null(*row) && values.value(*row))
        .count();
    let share = true_nulls as f64 / array.null_count() as f64;
    assert!((share - 0.5).abs() < 0.02, "{share}");
}

#[test]
fn arrays_are_held_to_sixteen_mebibytes_and_at_least_one_row() {
    let rows = |dtype, size| generator(&column(dtype, size, uniform())).max_rows_per_array();
    assert_eq!(rows(Dtype::Int64, 1), 2 << 20);
    assert_eq!(rows(Dtype::Float32, 524_328), 7);
    assert_eq!(rows(Dtype::String, 1 << 30), 1);
}

#[test]
fn bytes_per_row_are_estimated_well() {
    for (name, column) in columns() {
        let column = Column {
            null_fraction: 0.25,
            ..column
        };
        if column.dtype.is_nested() {
            continue;
        }
        for layout in layouts(&column).iter().copied() {
            let generator = ColumnGenerator::new(7, "train", &column, ROWS, layout).unwrap();
            let array = generator.range(0, ROWS as usize);
            let contents: usize = match array.data_type() {
                DataType::FixedSizeList(..) | DataType::List(_) => row_bytes(&array)
                    .into_iter()
                    .flatten()
                    .map(|row| row.len())
                    .sum(),
                DataType::Utf8 => array.as_string::<i32>().values().len(),
                DataType::LargeUtf8 => array.as_string::<i64>().values().len(),
                DataType::Binary => array.as_binary::<i32>().values().len(),
                _ => 0,
            };
            let bytes = match array.data_type() {
                DataType::Boolean => 1.0,
                DataType::LargeUtf8 => 8.0,
                data_type => data_type.primitive_width().unwrap_or(4) as f64,
            } + contents as f64 / ROWS as f64;
            let estimate = generator.arrow_bytes_per_row();
            assert!(
                (estimate / bytes - 1.0).abs() < 0.1,
                "{name}: {estimate} for {bytes}"
            );
        }
    }
}

#[test]
fn a_schema_has_the_fields_of_its_generators() {
    let columns: Vec<Column> = columns()
        .into_iter()
        .enumerate()
        .map(|(number, (name, column))| Column {
            name,
            null_fraction: (number % 2) as f64 / 2.0,
            ..column
        })
        .collect();
    for layout in LAYOUTS {
        let schema = Schema::new(
            columns
                .iter()
                .map(|column| field_of(column, layout))
                .collect::<Vec<_>>(),
        );
        for (field, column) in schema.fields().iter().zip(&columns) {
            let generator = ColumnGenerator::new(7, "train", column, ROWS, layout).unwrap();
            assert_eq!(field.as_ref(), &generator.field());
        }
    }
}

/// Returns a hash of every value of an array, its nulls and its offsets.
fn fingerprint(array: &dyn Array) -> u64 {
    fn collect(data: &ArrayData, bytes: &mut Vec<u8>) {
        bytes.extend(
            data.nulls()
                .into_iter()
                .flat_map(|nulls| nulls.iter().map(u8::from)),
        );
        if *data.data_type() == DataType::Boolean {
            bytes.extend(
                make_array(data.clone())
                    .as_boolean()
                    .values()
                    .iter()
                    .map(u8::from),
            );
        } else {
            data.buffers()
                .iter()
                .for_each(|buffer| bytes.extend_from_slice(buffer.to_byte_slice()));
        }
        data.child_data()
            .iter()
            .for_each(|child| collect(child, bytes));
    }
    let mut bytes = Vec::new();
    collect(&array.to_data(), &mut bytes);
    xxh3_64(&bytes)
}

/// If this test fails, the same config no longer generates the datasets that users have: raise
/// [`GENERATOR_VERSION`] and replace the table.
#[test]
fn content_is_pinned_for_this_generator_version() {
    assert_eq!(GENERATOR_VERSION, 3);
    let mut found: Vec<(String, u64)> = columns()
        .into_iter()
        .map(|(name, column)| (name, fingerprint(&generator(&column).range(100, 1_000))))
        .collect();
    let nullable = Column {
        null_fraction: 0.5,
        ..column(Dtype::Int32, 3, uniform())
    };
    found.push((
        "int32 3 nulls".to_owned(),
        fingerprint(&generator(&nullable).range(100, 1_000)),
    ));
    let found: String = found
        .iter()
        .map(|(name, hash)| format!("{hash:016x} {name}\n"))
        .collect();
    if std::env::var_os("BENCH_UPDATE_PINNED").is_some() {
        std::fs::write(
            concat!(env!("CARGO_MANIFEST_DIR"), "/src/content/tests/pinned.txt"),
            &found,
        )
        .unwrap();
    }
    assert_eq!(found, include_str!("pinned.txt"));
}

#[test]
fn lists_have_lengths_as_drawn_and_elements_as_their_item() {
    for (distribution, mean) in [
        (LengthDistribution::Uniform, 6.0),
        (LengthDistribution::Normal, 6.0),
    ] {
        let list = Column {
            length: Some(Length {
                min: 2,
                max: 10,
                distribution,
            }),
            null_fraction: 0.25,
            children: vec![column(Dtype::Int8, 1, categorical(3))],
            ..column(Dtype::List, 1, uniform())
        };
        let array = generator(&list).range(0, ROWS as usize);
        let lists = array.as_list::<i32>();
        let lengths: Vec<f64> = (0..lists.len())
            .filter(|row| lists.is_valid(*row))
            .map(|row| lists.value_length(row).into())
            .collect();
        assert!(lengths.iter().all(|length| (2.0..=10.0).contains(length)));
        assert!((mean_and_deviation(&lengths).0 - mean).abs() < 0.2);
        assert!((lists.null_count() as f64 / ROWS as f64 - 0.25).abs() < 0.03);
        let values: BTreeSet<i8> = lists
            .values()
            .as_primitive::<Int8Type>()
            .values()
            .iter()
            .copied()
            .collect();
        assert_eq!(values, BTreeSet::from([0, 1, 2]));
    }
}
