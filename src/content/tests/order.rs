//! Rows that are sorted, share draws, or wander.

use std::collections::{BTreeMap, BTreeSet};

use arrow::datatypes::{Float64Type, Int32Type, Int64Type};

use super::columns::{
    column, doubles, long, mean_and_deviation, numbers, sequence, sortedness_of, uniform,
};
use crate::config::{Column, Distribution, Dtype, Number, Pool, Value, VectorLayout};
use crate::content::ColumnGenerator;

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
    // Two neighbouring runs are both null in 1 of 16 cases; no two values of 64 bits are equal.
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
