use rstest::rstest;

use super::*;

fn drawn(keys: &str) -> (Distribution, f64) {
    let column = dataset_of(&one_column(keys)).columns.remove(0);
    (column.distribution, column.null_fraction)
}

fn integer(value: i128) -> Option<Number> {
    Some(Number::Integer(value))
}

fn float(value: f64) -> Option<Number> {
    Some(Number::Float(value))
}

#[rstest]
#[case("dtype: int8", Distribution::Uniform { min: None, max: None, cardinality: None })]
#[case("dtype: int8, distribution: uniform", Distribution::Uniform { min: None, max: None, cardinality: None })]
#[case("dtype: int8, distribution: {kind: uniform, min: 3}", Distribution::Uniform { min: integer(3), max: integer(127), cardinality: None })]
#[case("dtype: int8, distribution: {kind: uniform, max: 3, cardinality: 5}", Distribution::Uniform { min: integer(-128), max: integer(3), cardinality: Some(5) })]
#[case("dtype: float32, distribution: {kind: uniform, min: -3}", Distribution::Uniform { min: float(-3.0), max: float(1.0), cardinality: None })]
#[case("dtype: uint64, distribution: {kind: uniform, min: 1, max: 18446744073709551615}", Distribution::Uniform { min: integer(1), max: integer(u64::MAX.into()), cardinality: None })]
#[case("dtype: int32, distribution: {kind: uniform, max: 1e6}", Distribution::Uniform { min: integer(i32::MIN.into()), max: integer(1_000_000), cardinality: None })]
#[case("dtype: string, size: 8, distribution: {kind: uniform, cardinality: 5}", Distribution::Uniform { min: None, max: None, cardinality: Some(5) })]
#[case("dtype: bool, distribution: uniform", Distribution::Uniform { min: None, max: None, cardinality: None })]
#[case("dtype: float64, distribution: normal", Distribution::Normal { mean: 0.0, std_dev: 1.0, min: None, max: None, cardinality: None })]
#[case("dtype: int8, distribution: {kind: normal, mean: 5, std_dev: 2.5, min: 0, max: 9}", Distribution::Normal { mean: 5.0, std_dev: 2.5, min: integer(0), max: integer(9), cardinality: None })]
#[case("dtype: int32, distribution: zipf", Distribution::Zipf { exponent: 1.1, cardinality: 1000, min: integer(0) })]
#[case("dtype: int8, distribution: zipf", Distribution::Zipf { exponent: 1.1, cardinality: 128, min: integer(0) })]
#[case("dtype: string, distribution: zipf", Distribution::Zipf { exponent: 1.1, cardinality: 62, min: None })]
#[case("dtype: float32, distribution: {kind: zipf, exponent: 2, cardinality: 7, min: 1}", Distribution::Zipf { exponent: 2.0, cardinality: 7, min: float(1.0) })]
#[case("dtype: int8, distribution: {kind: categorical, cardinality: 10}", Distribution::Categorical { weights: None, values: None, cardinality: 10, min: integer(0) })]
#[case("dtype: string, distribution: {kind: categorical, cardinality: 100}", Distribution::Categorical { weights: None, values: None, cardinality: 100, min: None })]
#[case("dtype: bool, distribution: {kind: categorical, values: [true]}", Distribution::Categorical { weights: None, values: Some(vec![Value::Bool(true)]), cardinality: 1, min: None })]
#[case("dtype: string, distribution: {kind: categorical, values: [a, b]}", Distribution::Categorical { weights: None, values: Some(vec![Value::Text("a".into()), Value::Text("b".into())]), cardinality: 2, min: None })]
#[case("dtype: int64, distribution: sequence", Distribution::Sequence { jitter: None, start: Number::Integer(0), step: Number::Integer(1), cardinality: None })]
#[case("dtype: int64, distribution: {kind: sequence, min: 5, step: -2}", Distribution::Sequence { jitter: None, start: Number::Integer(5), step: Number::Integer(-2), cardinality: None })]
#[case("dtype: int8, distribution: {kind: sequence, start: 5, cardinality: 100}", Distribution::Sequence { jitter: None, start: Number::Integer(5), step: Number::Integer(1), cardinality: Some(100) })]
#[case("dtype: float32, distribution: {kind: sequence, start: 0.5, step: 0.25}", Distribution::Sequence { jitter: None, start: Number::Float(0.5), step: Number::Float(0.25), cardinality: None })]
#[case("dtype: int8, distribution: {kind: constant, value: 7}", Distribution::Constant { value: Value::Number(Number::Integer(7)) })]
#[case("dtype: bool, distribution: {kind: constant, value: yes}", Distribution::Constant { value: Value::Bool(true) })]
#[case("dtype: string, distribution: {kind: constant, value: '7'}", Distribution::Constant { value: Value::Text("7".into()) })]
#[case("dtype: string, distribution: words", Distribution::Words { min_words: 3, max_words: 12, cardinality: 10_000 })]
#[case("dtype: string, distribution: {kind: words, min: 20, cardinality: 5}", Distribution::Words { min_words: 20, max_words: 20, cardinality: 5 })]
#[case("dtype: string, distribution: {kind: words, max: 2}", Distribution::Words { min_words: 2, max_words: 2, cardinality: 10_000 })]
fn a_distribution_takes_its_parameters_and_defaults(
    #[case] keys: &str,
    #[case] expected: Distribution,
) {
    assert_eq!(drawn(keys), (expected, 0.0));
}

#[rstest]
#[case("uniform")]
#[case("normal")]
#[case("zipf")]
#[case("categorical, cardinality: 2")]
#[case("sequence")]
#[case("constant, value: 1")]
fn every_distribution_takes_a_share_of_nulls(#[case] kind: &str) {
    assert_eq!(
        drawn(&format!(
            "dtype: int32, distribution: {{kind: {kind}, null_fraction: 0.25}}"
        ))
        .1,
        0.25
    );
}

#[rstest]
#[case(
    "dtype: int8, distribution: {kind: uniform, run_length: 0.5}",
    ".run_length: 0.5 is not a number of rows; it lies between 1 and 65536"
)]
#[case(
    "dtype: int64, distribution: {kind: distinct, run_length: 2}",
    ".run_length: does not apply to `distinct`, whose rows have values of their own"
)]
#[case(
    "dtype: int64, distribution: {kind: distinct, pool: {size: 2}}",
    ".pool: does not apply to `distinct`"
)]
#[case(
    "dtype: int8, distribution: {kind: uniform, pool: {exponent: 1}}",
    ".pool: needs a `size`"
)]
#[case(
    "dtype: int8, distribution: {kind: uniform, pool: {size: 0}}",
    ".pool.size: `0` is not a whole number of 1 or more"
)]
#[case(
    "dtype: int8, distribution: {kind: uniform, pool: {size: 5, exponent: -1}}",
    ".pool.exponent: -1 is below 0"
)]
#[case(
    "dtype: int8, distribution: {kind: uniform, pool: {size: 5}, sortedness: 1}",
    ".pool: stands beside `sortedness` or `drift`"
)]
#[case(
    "dtype: int8, distribution: {kind: uniform, cycle: 5}",
    ".cycle: has no effect without `sortedness`"
)]
#[case(
    "dtype: int8, distribution: {kind: uniform, drift: 0}",
    ".drift: 0 is not a share of the ranks"
)]
#[case(
    "dtype: int8, distribution: {kind: uniform, drift: 0.1, sortedness: 1}",
    ".drift: stands beside `sortedness`"
)]
#[case(
    "dtype: string, distribution: {kind: uniform, drift: 0.1}",
    ".drift: applies to single numbers, dates and times"
)]
#[case(
    "dtype: int8, distribution: {kind: uniform, multiple_of: 0}",
    ".multiple_of: must be above 0"
)]
#[case(
    "dtype: int8, distribution: {kind: uniform, multiple_of: 0.5}",
    ".multiple_of: 0.5 has a fraction, and the column is int8"
)]
#[case(
    "dtype: int8, distribution: {kind: uniform, min: 3, max: 10, multiple_of: 5}",
    ".multiple_of: 3 is not a multiple of 5, and `min` and `max` must be"
)]
#[case(
    "dtype: string, distribution: {kind: uniform, multiple_of: 5}",
    ".multiple_of: applies to numbers, and the column is string"
)]
#[case(
    "dtype: int8, distribution: {kind: quantiles, values: [1]}",
    ".values: lists fewer than two quantiles"
)]
#[case(
    "dtype: int8, distribution: quantiles",
    ".values: lists fewer than two"
)]
#[case(
    "dtype: int8, distribution: {kind: quantiles, values: [3, 1, 5]}",
    ".values[1]: is below the one before; quantiles ascend"
)]
#[case(
    "dtype: int8, distribution: {kind: quantiles, values: [3, 300]}",
    ".values[1]: 300 does not fit int8"
)]
#[case(
    "dtype: string, distribution: {kind: quantiles, values: [3, 30]}",
    ".kind: `quantiles` does not fit string"
)]
#[case(
    "dtype: int8, distribution: {kind: quantiles, values: [3, 30], multiple_of: 10}",
    ".multiple_of: 3 is not a multiple of 10, and the first and the last of `values` must be"
)]
#[case(
    "dtype: string, distribution: {kind: words, min: 2, length: {max: 9}}",
    ".min: stands beside `length`"
)]
#[case(
    "dtype: int8, distribution: {kind: uniform, min: 5, max: 4}",
    ".min: 5 is not below `max`, which is 4"
)]
#[case(
    "dtype: float32, distribution: {kind: uniform, min: 5}",
    ".min: 5 is not below `max`, which is 1 where left out"
)]
#[case(
    "dtype: float32, distribution: {kind: uniform, min: 1, max: 1}",
    ".min: 1 is not below `max`, which is 1"
)]
#[case(
    "dtype: int8, distribution: {kind: uniform, min: -129}",
    ".min: -129 does not fit int8, which holds -128 to 127"
)]
#[case(
    "dtype: uint64, distribution: {kind: uniform, min: -1}",
    ".min: -1 does not fit uint64"
)]
#[case(
    "dtype: int8, distribution: {kind: uniform, max: 1e30}",
    ".max: 1000000000000000000000000000000 does not fit int8"
)]
#[case(
    "dtype: int8, distribution: {kind: uniform, max: 1.5}",
    ".max: 1.5 has a fraction, and the column is int8"
)]
#[case(
    "dtype: float16, distribution: {kind: uniform, max: 65505}",
    ".max: 65505 does not fit float16, which holds -65504 to 65504"
)]
#[case(
    "dtype: float32, distribution: {kind: uniform, max: 1e39}",
    ".max: 1000000000000000000000000000000000000000 does not fit float32"
)]
#[case(
    "dtype: int8, distribution: {kind: uniform, max: top}",
    ".max: `top` is not a number"
)]
#[case(
    "dtype: string, distribution: {kind: uniform, min: 5}",
    ".min: applies to numbers, and the column is string"
)]
#[case(
    "dtype: bool, distribution: {kind: uniform, cardinality: 2}",
    ".cardinality: applies to numbers, string and binary, and the column is bool"
)]
#[case(
    "dtype: int8, distribution: {kind: uniform, cardinality: 0}",
    ".cardinality: `0` is not a whole number of 1 or more"
)]
#[case(
    "dtype: int8, distribution: {kind: uniform, cardinality: 257}",
    ".cardinality: 257 is more than the 256 values from -128 to 127"
)]
#[case(
    "dtype: int64, distribution: {kind: uniform, min: 1, max: 9, cardinality: 10}",
    ".cardinality: 10 is more than the 9 values from 1 to 9"
)]
#[case(
    "dtype: string, distribution: {kind: uniform, cardinality: 63}",
    ".cardinality: 63 is more than the 62 string values of size 1"
)]
#[case(
    "dtype: binary, distribution: {kind: zipf, cardinality: 257}",
    ".cardinality: 257 is more than the 256 binary values of size 1"
)]
#[case(
    "dtype: string, distribution: normal",
    ".kind: `normal` does not fit string; it draws numbers"
)]
#[case(
    "dtype: bool, distribution: normal",
    ".kind: `normal` does not fit bool; it draws numbers"
)]
#[case(
    "dtype: float32, distribution: {kind: normal, std_dev: 0}",
    ".std_dev: 0 is not above 0"
)]
#[case(
    "dtype: float32, distribution: {kind: normal, min: 2, max: 1, mean: 1.5}",
    ".min: 2 is not below `max`, which is 1"
)]
#[case(
    "dtype: float32, distribution: {kind: normal, min: 2, max: 3}",
    ".mean: 0 lies outside of 2 to 3"
)]
#[case(
    "dtype: int8, distribution: {kind: normal, mean: 200}",
    ".mean: 200 lies outside of -128 to 127"
)]
#[case(
    "dtype: int8, distribution: {kind: normal, exponent: 3}",
    ".exponent: does not apply to `normal`, which takes mean, std_dev, min, max, cardinality, multiple_of, sortedness, cycle, drift"
)]
#[case("dtype: bool, distribution: zipf", ".kind: `zipf` does not fit bool")]
#[case(
    "dtype: int8, distribution: {kind: zipf, exponent: 0}",
    ".exponent: 0 is not above 0"
)]
#[case(
    "dtype: int8, distribution: {kind: zipf, cardinality: 129}",
    ".cardinality: 129 is more than the 128 values that int8 has from 0 on"
)]
#[case(
    "dtype: int8, distribution: {kind: zipf, max: 3}",
    ".max: does not apply to `zipf`"
)]
#[case(
    "dtype: int8, distribution: categorical",
    ": `categorical` needs `values` or a `cardinality`"
)]
#[case(
    "dtype: int8, distribution: {kind: categorical, values: [1], cardinality: 1}",
    ".cardinality: stands beside `values`"
)]
#[case(
    "dtype: int8, distribution: {kind: categorical, values: [1], min: 1}",
    ".min: stands beside `values`"
)]
#[case(
    "dtype: int8, distribution: {kind: categorical, values: []}",
    ".values: lists no value"
)]
#[case(
    "dtype: int8, distribution: {kind: categorical, values: [1, 128]}",
    ".values[1]: 128 does not fit int8"
)]
#[case(
    "dtype: int8, distribution: {kind: categorical, values: [1, 1]}",
    ".values[1]: is listed twice"
)]
#[case(
    "dtype: string, distribution: {kind: categorical, values: [a, 1]}",
    ".values[1]: `1` is not text; put it in quotes"
)]
#[case(
    "dtype: bool, distribution: {kind: categorical, values: [1]}",
    ".values[0]: 1 is not a boolean"
)]
#[case(
    "dtype: bool, distribution: {kind: categorical, cardinality: 2}",
    ".cardinality: applies to numbers, string and binary"
)]
#[case(
    "dtype: int8, distribution: {kind: categorical, cardinality: 3, min: 126}",
    ".cardinality: 3 is more than the 2 values that int8 has from 126 on"
)]
#[case(
    "dtype: string, distribution: sequence",
    ".kind: `sequence` does not fit string"
)]
#[case(
    "dtype: int8, distribution: sequence",
    ": 1000 rows of it leave the range of int8"
)]
#[case(
    "dtype: uint64, distribution: {kind: sequence, step: -1}",
    ": 1000 rows of it leave the range of uint64"
)]
#[case(
    "dtype: int64, distribution: {kind: sequence, step: 9223372036854775807}",
    ": 1000 rows of it leave the range of int64"
)]
#[case(
    "dtype: float16, distribution: {kind: sequence, step: 100}",
    ": 1000 rows of it leave the range of float16"
)]
#[case(
    "dtype: int8, distribution: {kind: sequence, cardinality: 200}",
    ": 1000 rows of it leave the range of int8"
)]
#[case(
    "dtype: int32, distribution: {kind: sequence, step: 0.5}",
    ".step: 0.5 has a fraction"
)]
#[case(
    "dtype: int32, distribution: {kind: sequence, step: 0}",
    ".step: 0 repeats one value"
)]
#[case(
    "dtype: int32, distribution: {kind: sequence, start: 1, min: 1}",
    ".min: stands beside `start`"
)]
#[case("dtype: int8, distribution: constant", ": `constant` needs a `value`")]
#[case(
    "dtype: int8, distribution: {kind: constant, value: 128}",
    ".value: 128 does not fit int8"
)]
#[case(
    "dtype: int8, distribution: {kind: constant, value: a}",
    ".value: `a` is not a number, and the column is int8"
)]
#[case(
    "dtype: string, distribution: {kind: constant, value: true}",
    ".value: `true` is not text; put it in quotes"
)]
#[case(
    "dtype: int8, distribution: {kind: constant, value: true}",
    ".value: `true` is a boolean, and the column is int8"
)]
#[case(
    "dtype: int8, distribution: words",
    ".kind: `words` does not fit int8; it draws string"
)]
#[case(
    "dtype: string, distribution: {kind: words, min: 5, max: 4}",
    ".min: 5 is more than `max`, which is 4"
)]
#[case(
    "dtype: string, distribution: {kind: words, min: 0}",
    ".min: 0 is not a number of words"
)]
#[case(
    "dtype: int8, distribution: {kind: uniform, null_fraction: 1.5}",
    ".null_fraction: 1.5 is not a share"
)]
#[case(
    "dtype: int8, distribution: {kind: uniform, null_fraction: -0.1}",
    ".null_fraction: -0.1 is not a share"
)]
#[case("dtype: int8, distribution: {cardinality: 5}", ": needs a `kind`")]
#[case(
    "dtype: int8, distribution: unifrom",
    ".kind: `unifrom` is not a distribution; known: uniform, distinct, normal"
)]
#[case(
    "dtype: int8, distribution: [zipf]",
    ": expected a mapping or text, found a list"
)]
#[case(
    "dtype: int8, distribution: {kind: zipf, cardinalty: 5}",
    ".cardinalty: unknown key (did you mean `cardinality`?)"
)]
fn impossible_parameters_name_their_key_path(#[case] keys: &str, #[case] expected: &str) {
    let message = bad(&one_column(keys));
    assert!(
        message.starts_with(&format!(
            "x.yaml:4: dataset.parquet.columns.c.distribution{expected}"
        )),
        "{message}"
    );
    assert_eq!(message.lines().count(), 1, "{message}");
}

#[test]
fn the_larger_table_decides_whether_a_sequence_fits() {
    let text = |eval: u64| {
        format!(
            "dataset: {{num_files_train: 1, num_files_eval: {eval}, num_samples_per_file: 100, parquet: {{columns: [{{name: c, dtype: int8, distribution: sequence}}]}}}}"
        )
    };
    good(&text(1));
    assert!(bad(&text(2)).contains("200 rows of it leave the range of int8"));
}

#[test]
fn bounds_of_a_nameless_column_are_told_by_its_index() {
    let message = bad(
        "dataset: {parquet: {columns: [a, {dtype: int8, distribution: {kind: uniform, min: 300}}]}}",
    );
    assert!(
        message.contains("dataset.parquet.columns[1].distribution.min: 300 does not fit int8"),
        "{message}"
    );
}
