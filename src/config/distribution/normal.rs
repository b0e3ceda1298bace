//! Bell curves: `normal` and `lognormal`.

use super::draft::{DEFAULT_STD_DEV, DistributionDraft};
use super::rules::{Draws, Rules};
use crate::config::leaf::Point;
use crate::config::model::{Distribution, Dtype};
use crate::config::raw::RawDistributionKeys;

pub(super) const NORMAL: Rules = Rules {
    draws: Draws::Numbers,
    keys: &[
        "mean",
        "std_dev",
        "min",
        "max",
        "cardinality",
        "multiple_of",
    ],
    ordered: true,
    repeats: true,
    has_length: false,
    check: normal,
};

fn normal(
    draft: &mut DistributionDraft<'_, '_>,
    keys: RawDistributionKeys,
) -> Option<Distribution> {
    let min = draft.number("min", keys.min);
    let max = draft.number("max", keys.max);
    let mean = draft.place("mean", keys.mean);
    let std_dev = draft.positive_float("std_dev", keys.std_dev, DEFAULT_STD_DEV) * draft.unit();
    let cardinality = draft.count("cardinality", keys.cardinality);
    let (low, high) = draft.check_bounds(min, max);
    let mean = mean.unwrap_or(0.0);
    if matches!(draft.target.dtype, Dtype::Decimal128 { .. }) && std_dev > high - low {
        draft.refuse(
            "std_dev",
            "is wider than the range of values, which have up to 18 digits".to_owned(),
        );
    }
    if !(low..=high).contains(&mean) && low <= high {
        draft.refuse("mean", format!("{mean} lies outside of {low} to {high}"));
    }
    Some(Distribution::Normal {
        mean,
        std_dev,
        min,
        max,
        cardinality,
    })
}

pub(super) const LOGNORMAL: Rules = Rules {
    draws: Draws::Numbers,
    keys: &[
        "mean",
        "std_dev",
        "min",
        "max",
        "cardinality",
        "multiple_of",
    ],
    ordered: true,
    repeats: true,
    has_length: false,
    check: lognormal,
};

fn lognormal(
    draft: &mut DistributionDraft<'_, '_>,
    keys: RawDistributionKeys,
) -> Option<Distribution> {
    let min = draft.number("min", keys.min);
    let max = draft.number("max", keys.max);
    let mean = match draft.findings.take(&draft.path.key("mean"), keys.mean) {
        None => 0.0,
        Some(Point::Number(number)) => number.as_f64(),
        Some(Point::Text(text)) => {
            draft.refuse(
                "mean",
                format!("`{text}` is not a number, and the mean of a logarithm is one"),
            );
            0.0
        }
    };
    let std_dev = draft.positive_float("std_dev", keys.std_dev, DEFAULT_STD_DEV);
    let cardinality = draft.count("cardinality", keys.cardinality);
    let (_, high) = draft.check_bounds(min, max);
    if (mean + draft.unit().ln()).exp() > high {
        draft.refuse(
            "mean",
            format!("{mean} is the logarithm of more than {high}, the largest value"),
        );
    }
    Some(Distribution::Lognormal {
        // A decimal is stored without its point, multiplied by 10^scale. That adds to the
        // logarithm.
        mean: mean + draft.unit().ln(),
        std_dev,
        min,
        max,
        cardinality,
    })
}
