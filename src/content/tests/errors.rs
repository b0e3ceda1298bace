//! Columns that cannot be generated.

use super::columns::{ROWS, categorical, column, integer, sequence, uniform, zipf};
use crate::config::{Column, Distribution, Dtype, Value, VectorLayout};
use crate::content::ColumnGenerator;

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
