//! `multiple_of`: rounding of numbers to multiples of another one.

use super::draft::DistributionDraft;
use crate::config::fit::shown;
use crate::config::leaf::{Leaf, Point};
use crate::config::model::Distribution;
use crate::config::number::Number;

/// Returns the number to whose multiples values are rounded.
pub(super) fn multiple_of(
    draft: &mut DistributionDraft<'_, '_>,
    leaf: Leaf<Point>,
) -> Option<Number> {
    let dtype = draft.target.dtype;
    if !dtype.draws_numbers() {
        draft.refuse(
            "multiple_of",
            format!("applies to numbers, and the column is {dtype}"),
        );
        return None;
    }
    let multiple = draft.distance("multiple_of", leaf)?;
    if multiple.as_f64() > 0.0 {
        return Some(multiple);
    }
    draft.refuse("multiple_of", "must be above 0");
    None
}

/// Refuses bounds that are not multiples themselves. Otherwise rounding could move a value across a
/// bound.
pub(super) fn check_multiples(
    draft: &mut DistributionDraft<'_, '_>,
    distribution: &Distribution,
    multiple: Number,
) {
    let (keys, bounds): (_, Vec<Number>) = match distribution {
        Distribution::Uniform { min, max, .. }
        | Distribution::Normal { min, max, .. }
        | Distribution::Lognormal { min, max, .. }
        | Distribution::RandomWalk { min, max, .. } => (
            "`min` and `max`",
            [*min, *max].into_iter().flatten().collect(),
        ),
        Distribution::Quantiles { values } => (
            "the first and the last of `values`",
            values
                .first()
                .into_iter()
                .chain(values.last())
                .copied()
                .collect(),
        ),
        _ => return,
    };
    let is_multiple = |number: &Number| match (*number, multiple) {
        (Number::Integer(number), Number::Integer(multiple)) => number % multiple == 0,
        (number, multiple) => {
            let times = number.as_f64() / multiple.as_f64();
            (times - times.round()).abs() <= 1e-6 * times.abs().max(1.0)
        }
    };
    if let Some(bound) = bounds.iter().find(|bound| !is_multiple(bound)) {
        let (bound, multiple) = (shown(*bound), shown(multiple));
        draft.refuse(
            "multiple_of",
            format!("{bound} is not a multiple of {multiple}, and {keys} must be"),
        );
    }
}
