//! Frequencies of values.

use std::collections::BTreeSet;

use arrow::datatypes::{Int8Type, Int32Type, UInt64Type};

use super::columns::{
    ROWS, categorical, column, hotspot, integer, numbers, texts, weighed_values, zipf,
};
use crate::config::{Column, Distribution, Dtype, Value};

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
        // The ranks beyond the first million, if any, have a small share.
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
