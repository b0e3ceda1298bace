#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, ArrayData, AsArray, make_array};
use arrow::compute::concat;
use arrow::datatypes::{ArrowPrimitiveType, Schema, ToByteSlice};
use proptest::prelude::*;

use super::*;
use crate::config::{LengthDistribution, TemplatePart};

const ROWS: u64 = 5_000;

const LAYOUTS: [VectorLayout; 3] = [
    VectorLayout::FixedSizeList,
    VectorLayout::List,
    VectorLayout::Binary,
];

fn integer(value: i128) -> Option<Number> {
    Some(Number::Integer(value))
}

fn column(dtype: Dtype, size: u64, distribution: Distribution) -> Column {
    Column {
        name: "column".to_owned(),
        dtype,
        size,
        read: true,
        distribution,
        null_fraction: 0.0,
        sortedness: 0.0,
        length: None,
        run_length: 1.0,
        cycle: None,
        drift: None,
        pool: None,
        multiple_of: None,
        time_zone: None,
        children: Vec::new(),
    }
}

fn generator(column: &Column) -> ColumnGenerator {
    ColumnGenerator::new(7, "train", column, ROWS, VectorLayout::FixedSizeList).unwrap()
}

fn uniform() -> Distribution {
    Distribution::Uniform {
        min: None,
        max: None,
        cardinality: None,
    }
}

fn categorical(cardinality: u64) -> Distribution {
    Distribution::Categorical {
        weights: None,
        values: None,
        cardinality,
        min: None,
    }
}

fn zipf(exponent: f64, cardinality: u64) -> Distribution {
    Distribution::Zipf {
        exponent,
        cardinality,
        min: None,
    }
}

fn sequence(start: i128, step: i128, cardinality: Option<u64>) -> Distribution {
    Distribution::Sequence {
        jitter: None,
        start: Number::Integer(start),
        step: Number::Integer(step),
        cardinality,
    }
}

fn hotspot(min: Option<Number>) -> Distribution {
    Distribution::Hotspot {
        cardinality: 100,
        hot_fraction: 0.1,
        hot_share: 0.9,
        min,
    }
}

fn distinct(min: Option<Number>, max: Option<Number>, cardinality: Option<u64>) -> Distribution {
    Distribution::Distinct {
        min,
        max,
        cardinality,
    }
}

fn weighed_values(values: Vec<Value>) -> Distribution {
    Distribution::Categorical {
        weights: Some((1..=values.len()).map(|weight| weight as f64).collect()),
        cardinality: values.len() as u64,
        values: Some(values),
        min: None,
    }
}

/// Each kind that fits the type, by name.
fn distributions(dtype: Dtype) -> Vec<(&'static str, Distribution)> {
    let number = |value: i128| Value::Number(Number::Integer(value));
    let uniform_of = |min, max, cardinality| Distribution::Uniform {
        min,
        max,
        cardinality,
    };
    let given = |values: Vec<Value>| Distribution::Categorical {
        weights: None,
        cardinality: values.len() as u64,
        values: Some(values),
        min: None,
    };
    let mut all = vec![("uniform", uniform())];
    if dtype != Dtype::Bool {
        all.push(("categorical", categorical(2)));
    }
    match dtype {
        Dtype::Bool => all.extend([
            (
                "given",
                given(vec![
                    Value::Bool(true),
                    Value::Bool(true),
                    Value::Bool(false),
                ]),
            ),
            (
                "constant",
                Distribution::Constant {
                    value: Value::Bool(true),
                },
            ),
        ]),
        dtype if dtype.is_text() => {
            let texts = ["", "b", "Ünicode"].map(|text| Value::Text(text.to_owned()));
            all.extend([
                ("uniform cardinality", uniform_of(None, None, Some(1000))),
                ("zipf", zipf(1.2, 1000)),
                ("zipf of many", zipf(0.8, 100_000_000)),
                ("given", given(texts.to_vec())),
                ("many categories", categorical(100_000)),
                (
                    "constant",
                    Distribution::Constant {
                        value: Value::Text("one".to_owned()),
                    },
                ),
                (
                    "words",
                    Distribution::Words {
                        min_words: 0,
                        max_words: 9,
                        cardinality: 50_000,
                    },
                ),
                ("hotspot", hotspot(None)),
                ("distinct", distinct(None, None, Some(50))),
                ("weights", weighed_values(texts.to_vec())),
                (
                    "template",
                    Distribution::Template {
                        template: vec![
                            TemplatePart::Text("é-".to_owned()),
                            TemplatePart::Row(6),
                            TemplatePart::Uniform(0),
                            TemplatePart::Zipf(4),
                            TemplatePart::Word,
                            TemplatePart::Hex(5),
                            TemplatePart::Digits(3),
                            TemplatePart::Letters(9),
                            TemplatePart::Uuid,
                        ],
                        exponent: 1.3,
                        cardinality: 500,
                    },
                ),
                (
                    "json",
                    Distribution::Json {
                        min_fields: 1,
                        max_fields: 6,
                        cardinality: 100,
                    },
                ),
                (
                    "compressible",
                    Distribution::Compressible {
                        compressibility: 0.7,
                    },
                ),
            ]);
            if dtype != Dtype::Binary {
                all.retain(|(name, _)| *name != "compressible");
            }
        }
        _ => all.extend([
            ("uniform bounds", uniform_of(integer(3), integer(90), None)),
            (
                "uniform cardinality",
                uniform_of(integer(3), integer(90), Some(10)),
            ),
            (
                "normal",
                Distribution::Normal {
                    mean: 20.0,
                    std_dev: 20.0,
                    min: None,
                    max: integer(60),
                    cardinality: None,
                },
            ),
            (
                "zipf",
                Distribution::Zipf {
                    exponent: 1.2,
                    cardinality: 100,
                    min: integer(5),
                },
            ),
            ("given", given(vec![number(3), number(7), number(7)])),
            ("sequence", sequence(100, -1, Some(20))),
            ("constant", Distribution::Constant { value: number(42) }),
            (
                "lognormal",
                Distribution::Lognormal {
                    mean: 2.0,
                    std_dev: 0.7,
                    min: None,
                    max: integer(100),
                    cardinality: None,
                },
            ),
            (
                "normal cardinality",
                Distribution::Normal {
                    mean: 50.0,
                    std_dev: 10.0,
                    min: None,
                    max: None,
                    cardinality: Some(16),
                },
            ),
            ("hotspot", hotspot(integer(3))),
            ("distinct", distinct(integer(0), integer(120), Some(50))),
            (
                "weights",
                weighed_values(vec![number(1), number(2), number(9)]),
            ),
            (
                "jitter",
                Distribution::Sequence {
                    start: Number::Integer(0),
                    step: Number::Integer(2),
                    jitter: integer(3),
                    cardinality: Some(10),
                },
            ),
            (
                "walk",
                Distribution::RandomWalk {
                    start: 0.0,
                    step: 3.0,
                    min: integer(0),
                    max: integer(100),
                },
            ),
        ]),
    }
    if matches!(dtype, Dtype::Int64 | Dtype::Uint64 | Dtype::Float64) {
        all.push(("zipf of many", zipf(1.0, 1_000_000_000)));
        all.push(("cardinality of many", uniform_of(None, None, Some(1 << 40))));
    }
    all
}

fn layouts(column: &Column) -> &'static [VectorLayout] {
    if column.is_vector() {
        &LAYOUTS
    } else {
        &LAYOUTS[..1]
    }
}

/// Every type with every distribution, as scalars and as vectors.
fn columns() -> Vec<(String, Column)> {
    let mut columns = Vec::new();
    let decimal = Dtype::Decimal128 {
        precision: 20,
        scale: 3,
    };
    let scalar = Dtype::ALL
        .into_iter()
        .filter(|(dtype, _)| !dtype.is_nested());
    for (dtype, type_name) in scalar.chain([(decimal, "decimal128(20, 3)")]) {
        for (name, distribution) in distributions(dtype) {
            let sizes: &[u64] = match dtype {
                dtype if dtype.is_text() => &[1, 13],
                dtype if dtype.is_numeric() => &[1, 5],
                _ => &[1],
            };
            for size in sizes {
                let name = format!("{type_name} {size} {name}");
                columns.push((name, column(dtype, *size, distribution.clone())));
            }
        }
    }
    for (name, sorted) in [
        ("uniform bounds", Dtype::Int16),
        ("normal", Dtype::Float32),
        ("zipf of many", Dtype::Int64),
        ("hotspot", Dtype::Uint8),
        ("weights", Dtype::Int32),
        ("uniform", Dtype::Int64),
        ("uniform", Dtype::Float64),
        ("weights", Dtype::String),
    ] {
        let found = distributions(sorted)
            .into_iter()
            .find(|(known, _)| *known == name);
        columns.push((
            format!("{sorted} 1 {name} sorted"),
            Column {
                sortedness: 0.5,
                ..column(sorted, 1, found.unwrap().1)
            },
        ));
    }
    let length = |distribution| {
        Some(Length {
            min: 1,
            max: 9,
            distribution,
        })
    };
    for (dtype, name, distribution, lengths) in [
        (
            Dtype::String,
            "uniform",
            uniform(),
            LengthDistribution::Uniform,
        ),
        (
            Dtype::Binary,
            "uniform",
            uniform(),
            LengthDistribution::Normal,
        ),
        (
            Dtype::String,
            "zipf",
            zipf(1.1, 5_000),
            LengthDistribution::Zipf,
        ),
    ] {
        columns.push((
            format!("{dtype} of drawn length {name}"),
            Column {
                length: length(lengths),
                ..column(dtype, 1, distribution)
            },
        ));
    }
    columns.extend(repeated());
    let item = Column {
        null_fraction: 0.2,
        ..column(Dtype::String, 4, uniform())
    };
    let list = Column {
        length: length(LengthDistribution::Zipf),
        children: vec![item],
        ..column(Dtype::List, 1, uniform())
    };
    let structure = Column {
        children: vec![
            Column {
                name: "x".to_owned(),
                ..column(Dtype::Float64, 1, uniform())
            },
            Column {
                name: "tags".to_owned(),
                ..list.clone()
            },
        ],
        ..column(Dtype::Struct, 1, uniform())
    };
    columns.push(("list".to_owned(), list));
    columns.push(("struct".to_owned(), structure));
    columns
}

fn quantiles(values: &[i128]) -> Distribution {
    let values = values.iter().map(|value| Number::Integer(*value));
    Distribution::Quantiles {
        values: values.collect(),
    }
}

/// Columns whose rows share draws, are sorted anew every so often, wander, or are rounded.
fn repeated() -> Vec<(String, Column)> {
    let bounded = |min, max| Distribution::Uniform {
        min: integer(min),
        max: integer(max),
        cardinality: None,
    };
    let skewed = Some(Pool {
        size: 300,
        exponent: 1.0,
    });
    let shaped = quantiles(&[-40, 0, 0, 20, 100]);
    let words = Distribution::Words {
        min_words: 1,
        max_words: 1,
        cardinality: 500,
    };
    let drawn_length = Some(Length {
        min: 0,
        max: 40,
        distribution: LengthDistribution::Normal,
    });
    let named = |name: &str, column: Column| (name.to_owned(), column);
    vec![
        named("int32 quantiles", column(Dtype::Int32, 1, shaped.clone())),
        named(
            "float32 5 quantiles",
            column(Dtype::Float32, 5, shaped.clone()),
        ),
        named(
            "int32 runs",
            Column {
                run_length: 7.5,
                ..column(Dtype::Int32, 1, uniform())
            },
        ),
        named(
            "string of words, runs of a pool",
            Column {
                run_length: 3.0,
                pool: skewed,
                length: drawn_length,
                ..column(Dtype::String, 1, words)
            },
        ),
        named(
            "int64 pool",
            Column {
                pool: Some(Pool {
                    size: 40,
                    exponent: 0.0,
                }),
                ..column(Dtype::Int64, 1, uniform())
            },
        ),
        named(
            "int16 multiples",
            Column {
                multiple_of: integer(7),
                ..column(Dtype::Int16, 1, uniform())
            },
        ),
        named(
            "float64 multiples",
            Column {
                multiple_of: Some(Number::Float(0.01)),
                ..column(Dtype::Float64, 1, bounded(-3, 5))
            },
        ),
        named(
            "int32 cycles",
            Column {
                sortedness: 0.9,
                cycle: Some(24),
                ..column(Dtype::Int32, 1, bounded(0, 1_000))
            },
        ),
        named(
            "date32 drift",
            Column {
                drift: Some(0.01),
                ..column(Dtype::Date32, 1, shaped)
            },
        ),
        named(
            "float64 drift",
            Column {
                drift: Some(0.1),
                ..column(Dtype::Float64, 1, uniform())
            },
        ),
        named(
            "string weights drift",
            Column {
                drift: Some(0.05),
                ..column(
                    Dtype::String,
                    1,
                    weighed_values(vec![
                        Value::Text("a".to_owned()),
                        Value::Text("bb".to_owned()),
                        Value::Text("ccc".to_owned()),
                    ]),
                )
            },
        ),
    ]
}

/// The values of a column of numbers.
fn numbers<T: ArrowPrimitiveType>(column: &Column, rows: usize) -> Vec<T::Native> {
    generator(column)
        .range(0, rows)
        .as_primitive::<T>()
        .values()
        .to_vec()
}

fn texts(column: &Column, rows: usize) -> Vec<String> {
    generator(column)
        .range(0, rows)
        .as_string::<i32>()
        .iter()
        .map(|text| text.unwrap().to_owned())
        .collect()
}

/// The values of each row in bytes, whatever the layout; nulls are none.
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
fn uniform_integers_reach_both_bounds_evenly() {
    let distribution = Distribution::Uniform {
        min: integer(-3),
        max: integer(3),
        cardinality: None,
    };
    let mut counts = BTreeMap::new();
    for value in numbers::<Int16Type>(&column(Dtype::Int16, 1, distribution), 70_000) {
        *counts.entry(value).or_insert(0) += 1;
    }
    assert_eq!(
        counts.keys().copied().collect::<Vec<_>>(),
        (-3..=3).collect::<Vec<_>>()
    );
    assert!(
        counts.values().all(|count| (9_500..10_500).contains(count)),
        "{counts:?}"
    );
}

#[test]
fn uniform_integers_cover_the_whole_type_where_no_bounds_are_given() {
    let values: BTreeSet<_> = numbers::<Int8Type>(&column(Dtype::Int8, 1, uniform()), 10_000)
        .into_iter()
        .collect();
    assert_eq!(values.len(), 256);
    let values = numbers::<UInt64Type>(&column(Dtype::Uint64, 1, uniform()), 1_000);
    assert!(
        values.iter().any(|value| *value < u64::MAX / 100)
            && values.iter().any(|value| *value > u64::MAX / 100 * 99)
    );
    // Given bounds that are the type's give other numbers, but cover it too.
    let bounds = Distribution::Uniform {
        min: integer(i64::MIN.into()),
        max: integer(i64::MAX.into()),
        cardinality: None,
    };
    let values = numbers::<Int64Type>(&column(Dtype::Int64, 1, bounds), 1_000);
    assert!(
        values.iter().any(|value| *value < i64::MIN / 100 * 98)
            && values.iter().any(|value| *value > i64::MAX / 100 * 98)
    );
}

#[test]
fn uniform_floats_lie_in_their_half_open_interval() {
    for (min, max) in [(0.0, 1.0), (-2.0, -1.0), (5.0, 5.0), (100.0, 101.0)] {
        let distribution = Distribution::Uniform {
            min: Some(Number::Float(min)),
            max: Some(Number::Float(max)),
            cardinality: None,
        };
        let half = numbers::<Float16Type>(&column(Dtype::Float16, 1, distribution.clone()), 20_000);
        let single =
            numbers::<Float32Type>(&column(Dtype::Float32, 1, distribution.clone()), 20_000);
        let double = numbers::<Float64Type>(&column(Dtype::Float64, 1, distribution), 20_000);
        let half: Vec<f64> = half.into_iter().map(f64::from).collect();
        let single: Vec<f64> = single.into_iter().map(f64::from).collect();
        for values in [half, single, double] {
            assert!(
                values
                    .iter()
                    .all(|value| *value >= min && (*value < max || min == max))
            );
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            assert!((mean - (min + max) / 2.0).abs() < 0.05, "{mean}");
        }
    }
}

#[test]
fn uniform_floats_take_any_finite_bounds() {
    let widest = Distribution::Uniform {
        min: Some(Number::Float(f64::MIN)),
        max: Some(Number::Float(f64::MAX)),
        cardinality: None,
    };
    let values = numbers::<Float64Type>(&column(Dtype::Float64, 1, widest), 1_000);
    assert!(values.iter().all(|value| value.is_finite()));
    assert!(values.iter().any(|value| *value < 0.0) && values.iter().any(|value| *value > 0.0));
}

#[test]
fn a_cardinality_spreads_that_many_values_over_the_range() {
    let of = |min, max, cardinality| Distribution::Uniform {
        min,
        max,
        cardinality: Some(cardinality),
    };
    let values = numbers::<Int32Type>(
        &column(Dtype::Int32, 1, of(integer(0), integer(1_000), 11)),
        1_000,
    );
    let distinct: Vec<i32> = values
        .into_iter()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    assert_eq!(
        distinct,
        (0..=10).map(|step| step * 100).collect::<Vec<_>>()
    );

    let values = numbers::<UInt64Type>(&column(Dtype::Uint64, 1, of(None, None, 2)), 100);
    assert_eq!(
        values.into_iter().collect::<BTreeSet<_>>(),
        BTreeSet::from([0, u64::MAX])
    );

    let values = numbers::<Int8Type>(
        &column(Dtype::Int8, 1, of(integer(1), integer(3), 1_000)),
        100,
    );
    assert_eq!(
        values.into_iter().collect::<BTreeSet<_>>(),
        BTreeSet::from([1, 2, 3])
    );

    let values = numbers::<Float32Type>(&column(Dtype::Float32, 1, of(None, None, 4)), 100);
    let distinct: BTreeSet<String> = values.iter().map(f32::to_string).collect();
    assert_eq!(
        distinct,
        ["0", "0.25", "0.5", "0.75"].map(str::to_owned).into()
    );

    let values = texts(&column(Dtype::String, 2, of(None, None, 3_000)), 60_000);
    assert_eq!(values.iter().collect::<BTreeSet<_>>().len(), 3_000);
    assert!(values.iter().all(|text| text.len() == 2));
}

#[test]
fn a_cardinality_beyond_what_the_length_can_tell_apart_gives_every_value_there_is() {
    let distribution = Distribution::Uniform {
        min: None,
        max: None,
        cardinality: Some(u64::MAX),
    };
    let values = texts(&column(Dtype::String, 1, distribution), 5_000);
    assert_eq!(values.iter().collect::<BTreeSet<_>>().len(), 62);
}

#[test]
fn normal_numbers_have_their_mean_deviation_and_tails() {
    let distribution = Distribution::Normal {
        mean: 10.0,
        std_dev: 3.0,
        min: None,
        max: None,
        cardinality: None,
    };
    let values = numbers::<Float64Type>(&column(Dtype::Float64, 1, distribution), 400_000);
    let scores: Vec<f64> = values.iter().map(|value| (value - 10.0) / 3.0).collect();
    let moment = |power: i32| {
        scores.iter().map(|score| score.powi(power)).sum::<f64>() / scores.len() as f64
    };
    assert!(
        moment(1).abs() < 0.01 && (moment(2) - 1.0).abs() < 0.01,
        "{} {}",
        moment(1),
        moment(2)
    );
    assert!(
        moment(3).abs() < 0.03 && (moment(4) - 3.0).abs() < 0.05,
        "{} {}",
        moment(3),
        moment(4)
    );
    // Shares beyond 1, 2, 3 and 3.66 deviations; the last lies in the ziggurat's tail.
    for (bound, share) in [
        (1.0, 0.317_310_5),
        (2.0, 0.045_500_3),
        (3.0, 0.002_699_8),
        (3.66, 0.000_252_2),
    ] {
        let found = scores.iter().filter(|score| score.abs() > bound).count() as f64;
        let expected = share * scores.len() as f64;
        assert!(
            (found - expected).abs() < 4.0 * expected.sqrt(),
            "{bound}: {found} of {expected}"
        );
    }
}

#[test]
fn normal_numbers_are_rounded_and_held_within_bounds_and_type() {
    let wide = |min, max| Distribution::Normal {
        mean: 0.0,
        std_dev: 100.0,
        min,
        max,
        cardinality: None,
    };
    let values = numbers::<Int8Type>(&column(Dtype::Int8, 1, wide(None, integer(50))), 10_000);
    assert_eq!(
        (values.iter().min(), values.iter().max()),
        (Some(&-128), Some(&50))
    );
    let values = numbers::<UInt64Type>(&column(Dtype::Uint64, 1, wide(None, None)), 1_000);
    assert_eq!(values.iter().min(), Some(&0));
    let huge = Distribution::Normal {
        mean: 0.0,
        std_dev: 1e6,
        min: None,
        max: None,
        cardinality: None,
    };
    assert!(
        numbers::<Float16Type>(&column(Dtype::Float16, 1, huge), 1_000)
            .iter()
            .all(|value| value.is_finite())
    );
    let narrow = Distribution::Normal {
        mean: 2.0,
        std_dev: 0.01,
        min: None,
        max: None,
        cardinality: None,
    };
    assert!(
        numbers::<Int32Type>(&column(Dtype::Int32, 1, narrow), 1_000)
            .iter()
            .all(|value| *value == 2)
    );
}

#[test]
fn zipf_ranks_come_as_often_as_theory_says() {
    for (exponent, cardinality) in [
        (1.0, 100),
        (1.5, 20_000),
        (1.0, 1_000_000),
        (0.5, 1_000_000),
        (2.0, u64::MAX / 4),
    ] {
        let rows = 200_000;
        let values =
            numbers::<UInt64Type>(&column(Dtype::Uint64, 1, zipf(exponent, cardinality)), rows);
        assert!(values.iter().all(|value| *value < cardinality));
        // What lies behind the first million is small where there is more at all.
        let weight = |ranks: std::ops::RangeInclusive<u64>| {
            ranks.map(|rank| (rank as f64).powf(-exponent)).sum::<f64>()
        };
        let total = weight(1..=cardinality.min(1_000_000));
        for ranks in [1..=1, 2..=2, 10..=30, 16_000..=20_000, 100_000..=400_000] {
            if *ranks.end() > cardinality {
                continue;
            }
            let found = values
                .iter()
                .filter(|value| ranks.contains(&(**value + 1)))
                .count() as f64;
            let expected = rows as f64 * weight(ranks.clone()) / total;
            assert!(
                (found - expected).abs() < 4.0 * expected.sqrt() + 1.0,
                "{exponent} {cardinality} {ranks:?}: {found} {expected}"
            );
        }
    }
}

#[test]
fn zipf_strings_differ_by_rank_and_have_their_length() {
    let values = texts(&column(Dtype::String, 12, zipf(0.1, 1_000)), 50_000);
    assert!(
        values
            .iter()
            .all(|text| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    );
    assert_eq!(values.iter().collect::<BTreeSet<_>>().len(), 1_000);
}

#[test]
fn categories_are_all_found_and_no_others() {
    let values = ["red", "green", "blue"];
    let given = Distribution::Categorical {
        weights: None,
        values: Some(values.map(|text| Value::Text(text.to_owned())).to_vec()),
        cardinality: 3,
        min: None,
    };
    let found: BTreeSet<String> = texts(&column(Dtype::String, 1, given), 100)
        .into_iter()
        .collect();
    assert_eq!(found, values.map(str::to_owned).into());

    let ten = Distribution::Categorical {
        weights: None,
        values: None,
        cardinality: 10,
        min: integer(-5),
    };
    let found: BTreeSet<i8> = numbers::<Int8Type>(&column(Dtype::Int8, 1, ten), 1_000)
        .into_iter()
        .collect();
    assert_eq!(found, (-5..5).collect());

    let found: BTreeSet<String> = texts(&column(Dtype::String, 1, categorical(500)), 20_000)
        .into_iter()
        .collect();
    assert_eq!(found.len(), 500);
}

#[test]
fn no_two_words_are_equal() {
    let count = 400_000;
    let vocabulary = vocabulary::Vocabulary::words(count);
    let mut words = BTreeSet::new();
    for number in 0..count {
        let mut word = Vec::new();
        vocabulary.append(number, &mut word);
        assert!(word.len() as u64 <= vocabulary.longest(count));
        assert!(words.insert(word), "{number}");
    }
}

#[test]
fn sentences_have_as_many_words_as_asked_and_the_frequent_ones_first() {
    let distribution = Distribution::Words {
        min_words: 2,
        max_words: 4,
        cardinality: 1_000,
    };
    let mut counts = BTreeMap::<String, u32>::new();
    let mut lengths = BTreeSet::new();
    for text in texts(&column(Dtype::String, 1, distribution), 10_000) {
        lengths.insert(text.split(' ').count());
        for word in text.split(' ') {
            *counts.entry(word.to_owned()).or_insert(0) += 1;
        }
    }
    assert_eq!(lengths, BTreeSet::from([2, 3, 4]));
    let mut counts: Vec<u32> = counts.into_values().collect();
    counts.sort_unstable_by(|first, second| second.cmp(first));
    let ratio = f64::from(counts[0]) / f64::from(counts[1]);
    assert!((ratio - 2.0).abs() < 0.3, "{ratio}");
}

#[test]
fn sequences_count_rows_and_start_again() {
    assert_eq!(
        numbers::<Int32Type>(&column(Dtype::Int32, 1, sequence(5, -2, None)), 4),
        [5, 3, 1, -1]
    );
    assert_eq!(
        numbers::<UInt8Type>(&column(Dtype::Uint8, 1, sequence(250, 2, Some(3))), 5),
        [250, 252, 254, 250, 252]
    );
    let halves = Distribution::Sequence {
        jitter: None,
        start: Number::Integer(1),
        step: Number::Float(0.5),
        cardinality: None,
    };
    assert_eq!(
        numbers::<Float32Type>(&column(Dtype::Float32, 1, halves), 3),
        [1.0, 1.5, 2.0]
    );
    // The numbers of a vector follow one another.
    let array = generator(&column(Dtype::Int16, 3, sequence(0, 1, Some(2)))).range(1, 2);
    assert_eq!(
        array
            .as_fixed_size_list()
            .values()
            .as_primitive::<Int16Type>()
            .values(),
        &[3, 4, 5, 0, 1, 2]
    );
    // Far into the table.
    let total = u64::MAX;
    let far = column(Dtype::Uint64, 1, sequence(0, 1, None));
    let array = ColumnGenerator::new(7, "train", &far, total, VectorLayout::List)
        .unwrap()
        .range(total - 2, 2);
    assert_eq!(
        array.as_primitive::<UInt64Type>().values(),
        &[total - 2, total - 1]
    );
}

#[test]
fn what_does_not_fit_a_type_is_an_error() {
    let error = |column: Column| {
        ColumnGenerator::new(7, "train", &column, ROWS, VectorLayout::FixedSizeList)
            .err()
            .map(|error| error.to_string())
    };
    let words = Distribution::Words {
        min_words: 1,
        max_words: 2,
        cardinality: 3,
    };
    for (column, expected) in [
        (
            column(Dtype::Int8, 1, words.clone()),
            "its distribution does not fit its type",
        ),
        (
            column(Dtype::Bool, 1, zipf(1.0, 2)),
            "its distribution does not fit its type",
        ),
        (
            column(Dtype::String, 1, sequence(0, 1, None)),
            "its distribution does not fit its type",
        ),
        (
            column(Dtype::Int8, 1, sequence(0, 1, None)),
            "5000 values from 0 in steps of 1 leave the range of its type",
        ),
        (
            column(Dtype::Float16, 1, sequence(0, 100, None)),
            "5000 values from 0 in steps of 100 leave the range of its type",
        ),
        (
            column(Dtype::Uint8, 1, categorical(257)),
            "257 values from 0 in steps of 1 leave the range of its type",
        ),
        (
            column(
                Dtype::Uint8,
                1,
                Distribution::Constant {
                    value: Value::Bool(true),
                },
            ),
            "true is not a value of its type",
        ),
        (
            column(
                Dtype::Uint8,
                1,
                Distribution::Uniform {
                    min: integer(9),
                    max: integer(8),
                    cardinality: None,
                },
            ),
            "its bounds leave no value to choose from",
        ),
        (
            column(Dtype::Int64, 1, zipf(0.0, 5)),
            "zipf takes an exponent above 0, not 0",
        ),
        (
            column(Dtype::Int64, 1 << 30, uniform()),
            "a value of 8589934592 bytes is too long: an array holds up to 2 147 483 647",
        ),
        (
            column(
                Dtype::String,
                1,
                Distribution::Words {
                    min_words: 1,
                    max_words: 1 << 40,
                    cardinality: 3,
                },
            ),
            "a value of 7696581394432 bytes is too long: an array holds up to 2 147 483 647",
        ),
    ] {
        assert_eq!(error(column).as_deref(), Some(expected));
    }
    assert_eq!(
        error(column(Dtype::Int8, 1, sequence(0, 1, Some(128)))),
        None
    );
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

/// Every value of an array, its nulls and its offsets.
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

/// Where this fails, datasets that users have are no longer what the same config generates: raise [`GENERATOR_VERSION`]
/// and replace the table.
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
            concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/src/dataset/content/pinned.txt"
            ),
            &found,
        )
        .unwrap();
    }
    assert_eq!(found, include_str!("pinned.txt"));
}

/// The columns of a table of which one follows another.
fn following(dtype: Dtype, followed: Column, correlation: f64) -> (Column, Vec<Column>) {
    let follower = Column {
        name: "follower".to_owned(),
        ..column(
            dtype,
            8,
            Distribution::CorrelatedWith {
                with: followed.name.clone(),
                correlation,
                mean: 5.0,
                std_dev: 2.0,
                min: None,
                max: None,
                cardinality: 40,
            },
        )
    };
    (follower.clone(), vec![followed, follower])
}

fn doubles(generator: &ColumnGenerator, rows: usize) -> Vec<f64> {
    let array = arrow::compute::cast(&generator.range(0, rows), &DataType::Float64).unwrap();
    array.as_primitive::<Float64Type>().values().to_vec()
}

fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares = values.iter().map(|value| (value - mean).powi(2));
    (mean, (squares.sum::<f64>() / count).sqrt())
}

#[test]
fn numbers_that_follow_numbers_have_the_correlation_asked_for() {
    let rows = 100_000;
    for (correlation, distribution) in [
        (0.9, sequence(0, 3, None)),
        (-0.6, zipf(1.5, 50)),
        (0.0, uniform()),
        (1.0, uniform()),
    ] {
        let followed = Column {
            name: "followed".to_owned(),
            ..column(Dtype::Int64, 1, distribution)
        };
        let (mut follower, columns) = following(Dtype::Float64, followed, correlation);
        follower.size = 1;
        let make = |column: &Column| {
            let layout = VectorLayout::List;
            ColumnGenerator::among(7, "train", column, &columns, rows as u64, layout).unwrap()
        };
        let first = doubles(&make(&columns[0]), rows);
        let second = doubles(&make(&follower), rows);
        let (first_mean, first_deviation) = mean_and_deviation(&first);
        let (mean, deviation) = mean_and_deviation(&second);
        assert!((mean - 5.0).abs() < 0.1, "{mean}");
        assert!((deviation - 2.0).abs() < 0.1, "{deviation}");
        let products = first
            .iter()
            .zip(&second)
            .map(|(one, two)| (one - first_mean) * (two - mean));
        let found = products.sum::<f64>() / rows as f64 / first_deviation / deviation;
        assert!((found - correlation).abs() < 0.02, "{found} {correlation}");
    }
}

#[test]
fn texts_that_follow_a_column_are_a_function_of_it_in_the_share_asked_for() {
    let rows = 20_000;
    let followed = Column {
        name: "followed".to_owned(),
        ..column(Dtype::String, 6, zipf(0.5, 300))
    };
    let (follower, columns) = following(Dtype::String, followed, 0.8);
    let make = |column: &Column| {
        let layout = VectorLayout::List;
        let made = ColumnGenerator::among(7, "train", column, &columns, rows as u64, layout);
        made.unwrap().range(0, rows)
    };
    let (first, second) = (make(&columns[0]), make(&follower));
    let mut pairs: BTreeMap<&str, BTreeMap<&str, u32>> = BTreeMap::new();
    for (one, two) in first
        .as_string::<i32>()
        .iter()
        .zip(second.as_string::<i32>())
    {
        *pairs
            .entry(one.unwrap())
            .or_default()
            .entry(two.unwrap())
            .or_insert(0) += 1;
    }
    let usual: u32 = pairs
        .values()
        .map(|values| values.values().max().unwrap())
        .sum();
    let share = f64::from(usual) / rows as f64;
    assert!((0.78..0.86).contains(&share), "{share}");
}

/// The share of rising pairs of neighbours beyond a half, doubled, as Zeng et al. count it.
fn sortedness_of(values: &[f64]) -> f64 {
    let rising = values.windows(2).filter(|pair| pair[0] <= pair[1]).count();
    (rising as f64 / (values.len() - 1) as f64 - 0.5) * 2.0
}

#[test]
fn rows_are_as_sorted_as_asked_and_keep_their_distribution() {
    let rows = 50_000;
    for distribution in [
        uniform(),
        Distribution::Normal {
            mean: 0.0,
            std_dev: 1e6,
            min: None,
            max: None,
            cardinality: None,
        },
        Distribution::Lognormal {
            mean: 15.0,
            std_dev: 1.0,
            min: None,
            max: None,
            cardinality: None,
        },
    ] {
        let plain = column(Dtype::Int64, 1, distribution);
        let make = |sortedness| {
            let column = Column {
                sortedness,
                ..plain.clone()
            };
            let layout = VectorLayout::List;
            doubles(
                &ColumnGenerator::new(7, "train", &column, rows as u64, layout).unwrap(),
                rows,
            )
        };
        for asked in [0.25, 0.8, 1.0] {
            let values = make(asked);
            let found = sortedness_of(&values);
            assert!((found - asked).abs() < 0.02, "{found} {asked}");
            let mut sorted = values.clone();
            let mut random = make(0.0);
            sorted.sort_by(f64::total_cmp);
            random.sort_by(f64::total_cmp);
            for share in [0.1, 0.5, 0.9] {
                let at = (rows as f64 * share) as usize;
                let width = random[rows * 9 / 10] - random[rows / 10];
                assert!((sorted[at] - random[at]).abs() < width * 0.03);
            }
        }
        assert!(sortedness_of(&make(0.0)).abs() < 0.02);
    }
}

#[test]
fn lognormal_numbers_have_the_moments_of_their_logarithm() {
    for cardinality in [None, Some(10_000)] {
        let distribution = Distribution::Lognormal {
            mean: 1.5,
            std_dev: 0.5,
            min: None,
            max: None,
            cardinality,
        };
        let values = numbers::<Float64Type>(&column(Dtype::Float64, 1, distribution), 100_000);
        let logarithms: Vec<f64> = values.iter().map(|value| value.ln()).collect();
        let (mean, deviation) = mean_and_deviation(&logarithms);
        assert!((mean - 1.5).abs() < 0.01 && (deviation - 0.5).abs() < 0.01);
    }
}

#[test]
fn a_cardinality_of_a_bell_curve_is_met_exactly() {
    let distribution = Distribution::Normal {
        mean: 0.0,
        std_dev: 1.0,
        min: None,
        max: None,
        cardinality: Some(33),
    };
    let values = numbers::<Float64Type>(&column(Dtype::Float64, 1, distribution), 5_000);
    let distinct: BTreeSet<u64> = values.iter().map(|value| value.to_bits()).collect();
    assert_eq!(distinct.len(), 33);
    let (mean, deviation) = mean_and_deviation(&values);
    assert!(mean.abs() < 0.05 && (deviation - 1.0).abs() < 0.05);
}

#[test]
fn hot_values_get_their_share_of_the_rows() {
    for sortedness in [0.0, 0.9] {
        let column = Column {
            sortedness,
            ..column(Dtype::Int32, 1, hotspot(integer(0)))
        };
        let values = numbers::<Int32Type>(&column, 5_000);
        let hot = values.iter().filter(|value| **value < 10).count() as f64 / 5_000.0;
        assert!((hot - 0.9).abs() < 0.02, "{hot}");
        let distinct: BTreeSet<i32> = values.into_iter().collect();
        assert!(distinct.len() > 95 && distinct.iter().all(|value| (0..100).contains(value)));
    }
}

#[test]
fn weights_decide_how_often_a_value_comes() {
    for sortedness in [0.0, 1.0] {
        let values = ["c", "a", "b"].map(|text| Value::Text(text.to_owned()));
        let column = Column {
            sortedness,
            ..column(Dtype::String, 1, weighed_values(values.to_vec()))
        };
        let texts = texts(&column, ROWS as usize);
        for (text, weight) in [("c", 1.0), ("a", 2.0), ("b", 3.0)] {
            let share = texts.iter().filter(|found| *found == text).count() as f64 / ROWS as f64;
            assert!((share - weight / 6.0).abs() < 0.03, "{text} {share}");
        }
    }
}

#[test]
fn distinct_values_are_all_there_and_each_as_often_as_the_others() {
    let all = numbers::<Int64Type>(
        &column(Dtype::Int64, 1, distinct(integer(10), integer(5_009), None)),
        ROWS as usize,
    );
    let mut sorted = all.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (10..5_010).collect::<Vec<i64>>());
    assert!(sortedness_of(&all.iter().map(|value| *value as f64).collect::<Vec<_>>()).abs() < 0.05);

    let texts = texts(
        &column(Dtype::String, 5, distinct(None, None, Some(50))),
        ROWS as usize,
    );
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for text in texts {
        *counts.entry(text).or_insert(0) += 1;
    }
    assert_eq!(counts.len(), 50);
    assert!(counts.values().all(|count| *count == 100));
}

#[test]
fn a_jittered_sequence_stays_within_its_jitter() {
    let distribution = Distribution::Sequence {
        start: Number::Integer(1_000),
        step: Number::Integer(10),
        jitter: integer(4),
        cardinality: None,
    };
    let values = numbers::<Int64Type>(&column(Dtype::Int64, 1, distribution), 2_000);
    let jitters: BTreeSet<i64> = values
        .iter()
        .enumerate()
        .map(|(row, value)| value - 1_000 - 10 * row as i64)
        .collect();
    assert_eq!(jitters, (0..=4).collect());
}

#[test]
fn a_walk_takes_steps_of_its_size_within_its_bounds() {
    let distribution = Distribution::RandomWalk {
        start: 0.0,
        step: 2.0,
        min: Some(Number::Float(-50.0)),
        max: Some(Number::Float(50.0)),
    };
    let walk = column(Dtype::Float64, 1, distribution);
    let generator = ColumnGenerator::new(7, "train", &walk, 100_000, VectorLayout::List).unwrap();
    let values = doubles(&generator, 100_000);
    assert!(values.iter().all(|value| (-50.0..=50.0).contains(value)));
    let steps: Vec<f64> = values.windows(2).map(|pair| pair[1] - pair[0]).collect();
    // All but the starts of blocks.
    let usual: Vec<f64> = steps.into_iter().filter(|step| step.abs() < 12.0).collect();
    assert!(usual.len() > 99_900, "{}", usual.len());
    let (mean, deviation) = mean_and_deviation(&usual);
    assert!(
        mean.abs() < 0.05 && (deviation - 2.0).abs() < 0.05,
        "{mean} {deviation}"
    );
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

#[test]
fn drawn_lengths_are_those_of_texts_and_values_stay_apart() {
    let length = Length {
        min: 1,
        max: 20,
        distribution: LengthDistribution::Uniform,
    };
    let drawn = |distribution| Column {
        length: Some(length),
        ..column(Dtype::String, 1, distribution)
    };
    let plain = texts(&drawn(uniform()), ROWS as usize);
    let lengths: Vec<f64> = plain.iter().map(|text| text.len() as f64).collect();
    assert!((mean_and_deviation(&lengths).0 - 10.5).abs() < 0.3);
    assert!(lengths.iter().all(|length| (1.0..=20.0).contains(length)));
    let few = texts(&drawn(distinct(None, None, Some(1_000))), ROWS as usize);
    assert_eq!(few.into_iter().collect::<BTreeSet<_>>().len(), 1_000);
}

#[test]
fn templates_and_json_have_their_form() {
    let find = |name: &str| {
        let all = distributions(Dtype::String);
        all.into_iter().find(|(known, _)| *known == name).unwrap().1
    };
    for (row, text) in texts(&column(Dtype::String, 1, find("template")), 50)
        .iter()
        .enumerate()
    {
        assert!(text.starts_with(&format!("é-{row:06}")), "{text}");
        let uuid = &text[text.len() - 36..];
        let dashes: Vec<usize> = uuid.match_indices('-').map(|(at, _)| at).collect();
        assert_eq!(dashes, [8, 13, 18, 23]);
        assert_eq!(&uuid[14..15], "4");
        assert!("89ab".contains(&uuid[19..20]));
    }
    for text in texts(&column(Dtype::String, 1, find("json")), 500) {
        let object: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert!((1..=6).contains(&object.as_object().unwrap().len()));
    }
}

#[test]
fn binary_values_compress_as_far_as_they_say() {
    use parquet::basic::{Compression, ZstdLevel};
    use parquet::file::properties::WriterProperties;
    for size in [256_u64, 1_000, 100_000] {
        for compressibility in [0.0, 0.3, 0.5, 0.9, 0.99] {
            let rows = (8_000_000 / size) as usize;
            let column = column(
                Dtype::Binary,
                size,
                Distribution::Compressible { compressibility },
            );
            let generator =
                ColumnGenerator::new(7, "train", &column, rows as u64, VectorLayout::List);
            let array = generator.unwrap().range(0, rows);
            let batch = arrow::array::RecordBatch::try_from_iter([("column", array)]).unwrap();
            let properties = WriterProperties::builder()
                .set_compression(Compression::ZSTD(ZstdLevel::try_new(3).unwrap()))
                .set_dictionary_enabled(false)
                .build();
            let mut file = Vec::new();
            let mut writer =
                parquet::arrow::ArrowWriter::try_new(&mut file, batch.schema(), Some(properties))
                    .unwrap();
            writer.write(&batch).unwrap();
            writer.close().unwrap();
            let found = file.len() as f64 / (rows as u64 * size) as f64;
            let stated = 1.0 - compressibility;
            assert!(
                (found / stated - 1.0).abs() < 0.1,
                "{size} {compressibility}: {found}"
            );
        }
    }
}

#[test]
fn a_column_that_follows_what_is_not_there_is_an_error() {
    let (follower, _) = following(Dtype::Float64, column(Dtype::Int8, 1, uniform()), 0.5);
    let error = ColumnGenerator::new(7, "train", &follower, ROWS, VectorLayout::List).err();
    assert!(error.unwrap().to_string().contains("cannot be followed"));
    // A circle.
    let mut one = follower.clone();
    one.name = "column".to_owned();
    one.size = 1;
    if let Distribution::CorrelatedWith { with, .. } = &mut one.distribution {
        *with = "column".to_owned();
    }
    let error = ColumnGenerator::among(
        7,
        "train",
        &one,
        std::slice::from_ref(&one),
        ROWS,
        VectorLayout::List,
    )
    .err();
    assert!(error.unwrap().to_string().contains("cannot be followed"));
}

/// A table of so many rows, which the shared `generator` is too short for.
fn long<T: ArrowPrimitiveType>(column: &Column, rows: u64) -> Vec<Option<T::Native>> {
    ColumnGenerator::new(7, "train", column, rows, VectorLayout::List)
        .unwrap()
        .range(0, rows as usize)
        .as_primitive::<T>()
        .iter()
        .collect()
}

#[test]
fn runs_are_as_long_as_asked_and_nulls_come_in_them_too() {
    let column = Column {
        run_length: 12.0,
        null_fraction: 0.25,
        ..column(Dtype::Int64, 1, uniform())
    };
    let values = long::<Int64Type>(&column, 200_000);
    let null_share = values.iter().filter(|value| value.is_none()).count() as f64 / 200_000.0;
    assert!((null_share - 0.25).abs() < 0.02, "{null_share}");
    let changes = values.windows(2).filter(|pair| pair[0] != pair[1]).count() as f64;
    // Of two runs side by side, both are null in 1 of 16 cases; no two values of 64 bits are equal.
    let expected = 200_000.0 / 12.0 * (1.0 - 1.0 / 16.0);
    assert!((changes / expected - 1.0).abs() < 0.03, "{changes}");
}

#[test]
fn a_sequence_in_runs_is_a_staircase() {
    let column = Column {
        run_length: 4.0,
        ..column(Dtype::Int64, 1, sequence(0, 1, None))
    };
    let values = numbers::<Int64Type>(&column, 5_000);
    assert!(values.windows(2).all(|pair| pair[0] <= pair[1]));
    assert!(values.iter().zip(0..).all(|(value, row)| *value <= row));
    let steps = values.iter().collect::<BTreeSet<_>>().len();
    assert!((1_100..1_400).contains(&steps), "{steps}");
}

#[test]
fn a_pool_has_so_many_values_of_which_the_first_ones_are_the_frequent_ones() {
    let with = |size, exponent| Column {
        pool: Some(Pool { size, exponent }),
        ..column(Dtype::Int64, 1, uniform())
    };
    let counts_of = |column: &Column| {
        let mut counts: BTreeMap<i64, u32> = BTreeMap::new();
        for value in long::<Int64Type>(column, 100_000).into_iter().flatten() {
            *counts.entry(value).or_default() += 1;
        }
        let mut counts: Vec<u32> = counts.into_values().collect();
        counts.sort_unstable_by(|left, right| right.cmp(left));
        counts
    };
    let alike = counts_of(&with(100, 0.0));
    assert_eq!(alike.len(), 100);
    assert!(alike[0] < 1_150 && alike[99] > 850, "{alike:?}");
    let skewed = counts_of(&with(100, 1.0));
    assert_eq!(skewed.len(), 100);
    // The 100th harmonic number is 5.187.
    let first = f64::from(skewed[0]) / 100_000.0;
    assert!((first * 5.187 - 1.0).abs() < 0.03, "{first}");
    assert!((f64::from(skewed[0]) / f64::from(skewed[9]) / 10.0 - 1.0).abs() < 0.15);
    // No table has more values than rows.
    assert!(counts_of(&with(1 << 50, 0.0)).len() > 60_000);
}

#[test]
fn as_many_rows_lie_between_two_quantiles_as_between_any_others() {
    let values = long::<Int32Type>(
        &column(Dtype::Int32, 1, quantiles(&[-40, 0, 0, 20, 100])),
        100_000,
    );
    let share = |low: i32, high: i32| {
        let inside = values.iter().flatten();
        inside.filter(|value| (low..=high).contains(*value)).count() as f64 / 100_000.0
    };
    assert!((share(-40, -1) - 0.25).abs() < 0.01);
    assert!((share(0, 0) - 0.26).abs() < 0.015, "{}", share(0, 0));
    assert!((share(1, 20) - 0.25).abs() < 0.015);
    assert!((share(21, 100) - 0.25).abs() < 0.01);
    assert!((share(61, 100) - 0.125).abs() < 0.01);
    let far = long::<Int64Type>(
        &column(
            Dtype::Int64,
            1,
            quantiles(&[i64::MIN.into(), i64::MAX.into()]),
        ),
        1_000,
    );
    assert!(far.iter().flatten().any(|value| *value < i64::MIN / 2));
    assert!(far.iter().flatten().any(|value| *value > i64::MAX / 2));
}

#[test]
fn numbers_are_rounded_to_multiples() {
    let of = |dtype, multiple, distribution| Column {
        multiple_of: Some(multiple),
        ..column(dtype, 1, distribution)
    };
    let sevens = of(Dtype::Int8, Number::Integer(7), uniform());
    assert!(
        numbers::<Int8Type>(&sevens, 5_000)
            .iter()
            .all(|value| value % 7 == 0)
    );
    let days = of(
        Dtype::Timestamp(TimeUnit::Ms),
        Number::Integer(86_400_000),
        quantiles(&[0, 86_400_000_000]),
    );
    let days: BTreeSet<i64> = generator(&days)
        .range(0, 5_000)
        .as_primitive::<TimestampMillisecondType>()
        .values()
        .iter()
        .copied()
        .collect();
    assert!(days.iter().all(|time| time % 86_400_000 == 0));
    assert!(days.len() > 900);
    let cents = of(Dtype::Float64, Number::Float(0.01), uniform());
    let cents = numbers::<Float64Type>(&cents, 5_000);
    // Exactly what is read from a text of two decimals.
    assert!(
        cents
            .iter()
            .all(|value| format!("{value:.2}").parse::<f64>() == Ok(*value))
    );
    let hundreds = of(
        Dtype::Float32,
        Number::Float(250.0),
        quantiles(&[-1_000, 1_000]),
    );
    assert!(
        numbers::<Float32Type>(&hundreds, 5_000)
            .iter()
            .all(|value| value % 250.0 == 0.0)
    );
    let coarse = of(Dtype::Int8, Number::Integer(1_000), uniform());
    assert!(
        numbers::<Int8Type>(&coarse, 5_000)
            .iter()
            .all(|value| *value == 0)
    );
}

#[test]
fn a_cycle_sorts_anew_every_so_many_rows() {
    let hours: Vec<Value> = (0..24)
        .map(|hour| Value::Number(Number::Integer(hour)))
        .collect();
    let given = Distribution::Categorical {
        weights: None,
        cardinality: 24,
        values: Some(hours),
        min: None,
    };
    let column = Column {
        sortedness: 1.0,
        cycle: Some(24),
        ..column(Dtype::Int32, 1, given)
    };
    let hours = numbers::<Int32Type>(&column, 4_800);
    let in_order = hours
        .iter()
        .zip(0..)
        .filter(|(hour, row)| **hour == row % 24)
        .count();
    assert_eq!(in_order, 4_800);
}

#[test]
fn ranks_that_wander_keep_the_distribution_and_move_by_their_step() {
    let column = Column {
        drift: Some(0.01),
        ..column(Dtype::Float64, 1, uniform())
    };
    let rows = 1_000_000;
    let values: Vec<f64> = long::<Float64Type>(&column, rows)
        .into_iter()
        .flatten()
        .collect();
    let (mean, deviation) = mean_and_deviation(&values);
    assert!((mean - 0.5).abs() < 0.05, "{mean}");
    assert!(
        (deviation - 1.0 / 12.0_f64.sqrt()).abs() < 0.02,
        "{deviation}"
    );
    // Every 4 096 rows another walk begins.
    let steps: Vec<f64> = values
        .chunks(4_096)
        .flat_map(|walk| {
            walk.windows(2)
                .map(|pair| pair[1] - pair[0])
                .collect::<Vec<_>>()
        })
        .collect();
    let (drift, step) = mean_and_deviation(&steps);
    assert!(
        drift.abs() < 1e-3 && (step / 0.01 - 1.0).abs() < 0.02,
        "{step}"
    );
}

#[test]
fn words_fill_a_drawn_length() {
    let column = Column {
        length: Some(Length {
            min: 20,
            max: 30,
            distribution: LengthDistribution::Uniform,
        }),
        ..column(
            Dtype::String,
            1,
            Distribution::Words {
                min_words: 1,
                max_words: 1,
                cardinality: 100,
            },
        )
    };
    let texts = texts(&column, 2_000);
    let lengths: BTreeSet<usize> = texts.iter().map(String::len).collect();
    assert_eq!(lengths, (20..=30).collect());
    let known: BTreeSet<&str> = texts
        .iter()
        .flat_map(|text| text.rsplit(' ').skip(1))
        .collect();
    assert!((50..=100).contains(&known.len()), "{}", known.len());
}
