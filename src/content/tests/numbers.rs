//! Distributions of numbers.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::AsArray;
use arrow::datatypes::{
    Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMillisecondType, UInt8Type, UInt64Type,
};

use super::columns::{
    ROWS, column, distinct, doubles, generator, integer, long, mean_and_deviation, numbers,
    quantiles, sequence, sortedness_of, texts, uniform,
};
use crate::config::{Column, Distribution, Dtype, Number, TimeUnit, VectorLayout};
use crate::content::ColumnGenerator;

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
    // Exactly the number that is read from a text of two decimals.
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
