//! Columns of every type and distribution, and their values.

use arrow::array::AsArray;
use arrow::datatypes::{ArrowPrimitiveType, DataType, Float64Type};

use crate::config::{
    Column, Distribution, Dtype, Length, LengthDistribution, Number, Pool, TemplatePart, Value,
    VectorLayout,
};
use crate::content::ColumnGenerator;

pub(super) const ROWS: u64 = 5_000;

pub(super) const LAYOUTS: [VectorLayout; 3] = [
    VectorLayout::FixedSizeList,
    VectorLayout::List,
    VectorLayout::Binary,
];

pub(super) fn integer(value: i128) -> Option<Number> {
    Some(Number::Integer(value))
}

pub(super) fn column(dtype: Dtype, size: u64, distribution: Distribution) -> Column {
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

pub(super) fn generator(column: &Column) -> ColumnGenerator {
    ColumnGenerator::new(7, "train", column, ROWS, VectorLayout::FixedSizeList).unwrap()
}

pub(super) fn uniform() -> Distribution {
    Distribution::Uniform {
        min: None,
        max: None,
        cardinality: None,
    }
}

pub(super) fn categorical(cardinality: u64) -> Distribution {
    Distribution::Categorical {
        weights: None,
        values: None,
        cardinality,
        min: None,
    }
}

pub(super) fn zipf(exponent: f64, cardinality: u64) -> Distribution {
    Distribution::Zipf {
        exponent,
        cardinality,
        min: None,
    }
}

pub(super) fn sequence(start: i128, step: i128, cardinality: Option<u64>) -> Distribution {
    Distribution::Sequence {
        jitter: None,
        start: Number::Integer(start),
        step: Number::Integer(step),
        cardinality,
    }
}

pub(super) fn hotspot(min: Option<Number>) -> Distribution {
    Distribution::Hotspot {
        cardinality: 100,
        hot_fraction: 0.1,
        hot_share: 0.9,
        min,
    }
}

pub(super) fn distinct(
    min: Option<Number>,
    max: Option<Number>,
    cardinality: Option<u64>,
) -> Distribution {
    Distribution::Distinct {
        min,
        max,
        cardinality,
    }
}

pub(super) fn weighed_values(values: Vec<Value>) -> Distribution {
    Distribution::Categorical {
        weights: Some((1..=values.len()).map(|weight| weight as f64).collect()),
        cardinality: values.len() as u64,
        values: Some(values),
        min: None,
    }
}

/// Returns each kind that fits the type, by name.
pub(super) fn distributions(dtype: Dtype) -> Vec<(&'static str, Distribution)> {
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

pub(super) fn layouts(column: &Column) -> &'static [VectorLayout] {
    if column.is_vector() {
        &LAYOUTS
    } else {
        &LAYOUTS[..1]
    }
}

/// Returns every type with every distribution, as scalars and as vectors.
pub(super) fn columns() -> Vec<(String, Column)> {
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

pub(super) fn quantiles(values: &[i128]) -> Distribution {
    let values = values.iter().map(|value| Number::Integer(*value));
    Distribution::Quantiles {
        values: values.collect(),
    }
}

/// Returns columns whose rows share draws, are sorted in cycles, wander, or are rounded.
pub(super) fn repeated() -> Vec<(String, Column)> {
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

/// Returns the values of a column of numbers.
pub(super) fn numbers<T: ArrowPrimitiveType>(column: &Column, rows: usize) -> Vec<T::Native> {
    generator(column)
        .range(0, rows)
        .as_primitive::<T>()
        .values()
        .to_vec()
}

pub(super) fn texts(column: &Column, rows: usize) -> Vec<String> {
    generator(column)
        .range(0, rows)
        .as_string::<i32>()
        .iter()
        .map(|text| text.unwrap().to_owned())
        .collect()
}

pub(super) fn doubles(generator: &ColumnGenerator, rows: usize) -> Vec<f64> {
    let array = arrow::compute::cast(&generator.range(0, rows), &DataType::Float64).unwrap();
    array.as_primitive::<Float64Type>().values().to_vec()
}

pub(super) fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares = values.iter().map(|value| (value - mean).powi(2));
    (mean, (squares.sum::<f64>() / count).sqrt())
}

/// Returns the share of rising pairs of neighbours less a half, doubled: the measure of Zeng et al.
pub(super) fn sortedness_of(values: &[f64]) -> f64 {
    let rising = values.windows(2).filter(|pair| pair[0] <= pair[1]).count();
    (rising as f64 / (values.len() - 1) as f64 - 0.5) * 2.0
}

/// Returns the values of a column of `rows` rows, more than the shared `generator` has.
pub(super) fn long<T: ArrowPrimitiveType>(column: &Column, rows: u64) -> Vec<Option<T::Native>> {
    ColumnGenerator::new(7, "train", column, rows, VectorLayout::List)
        .unwrap()
        .range(0, rows as usize)
        .as_primitive::<T>()
        .iter()
        .collect()
}
