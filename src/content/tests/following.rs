//! Columns that follow another one.

use std::collections::BTreeMap;

use arrow::array::AsArray;

use super::columns::{ROWS, column, doubles, mean_and_deviation, sequence, uniform, zipf};
use crate::config::{Column, Distribution, Dtype, VectorLayout};
use crate::content::ColumnGenerator;

/// Returns a column that follows another one, and the columns of its table.
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
