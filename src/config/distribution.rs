//! How a column's values are drawn: whether the parameters fit each other, the column's type and its rows.

use std::collections::HashSet;

use super::findings::Findings;
use super::fit::{check_length, fitted, fitting_value, limits, shown, stored};
use super::key_path::KeyPath;
use super::kind::Kind;
use super::leaf::{Leaf, Point, Positive, whole_float};
use super::model::{Distribution, Dtype, Length, LengthDistribution, Pool, TemplatePart};
use super::number::{Number, Value};
use super::raw::{RawDistribution, RawDistributionKeys, RawLength, RawPool};
use super::template;

const DEFAULT_STD_DEV: f64 = 1.0;
const DEFAULT_EXPONENT: f64 = 1.1;
const DEFAULT_CARDINALITY: u64 = 1000;
const DEFAULT_VOCABULARY: u64 = 10_000;
const DEFAULT_WORDS: (u64, u64) = (3, 12);
const DEFAULT_FIELDS: (u64, u64) = (2, 6);
const DEFAULT_HOT_FRACTION: f64 = 0.2;
const DEFAULT_HOT_SHARE: f64 = 0.8;
const DEFAULT_CORRELATION: f64 = 0.9;

/// Bounds of dates and times that have none.
const DEFAULT_TIMES: (&str, &str) = ("2020-01-01", "2024-12-31");

/// Rows of a block, beyond which no run goes.
const MOST_RUN_LENGTH: f64 = 65_536.0;

/// Letters and digits, which made-up strings consist of.
const CHARACTERS: u64 = 62;

/// The column that values are drawn for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    pub(super) dtype: Dtype,
    pub(super) size: u64,
    /// Of the whole table.
    pub(super) rows: u64,
}

impl Target {
    fn is_vector(self) -> bool {
        self.size > 1 && self.dtype.is_numeric()
    }
}

/// What a column's key `distribution` comes to.
#[derive(Debug, PartialEq)]
pub(super) struct Drawn {
    pub(super) distribution: Distribution,
    pub(super) null_fraction: f64,
    pub(super) sortedness: f64,
    pub(super) length: Option<Length>,
    pub(super) run_length: f64,
    pub(super) cycle: Option<u64>,
    pub(super) drift: Option<f64>,
    pub(super) pool: Option<Pool>,
    pub(super) multiple_of: Option<Number>,
}

/// Each value of a type's range alike.
pub(super) fn default_of(dtype: Dtype) -> Distribution {
    let bound = |text: &str| stored(Point::Text(text.to_owned()), dtype).ok();
    let (min, max) = match dtype {
        Dtype::Date32 | Dtype::Timestamp(_) => (bound(DEFAULT_TIMES.0), bound(DEFAULT_TIMES.1)),
        Dtype::Decimal128 { .. } => {
            let (low, high) = dtype.integer_range().unwrap_or_default();
            (Some(Number::Integer(low)), Some(Number::Integer(high)))
        }
        _ => (None, None),
    };
    Distribution::Uniform {
        min,
        max,
        cardinality: None,
    }
}

/// How values are drawn, and which are null. Where something is wrong, a problem and the default distribution.
pub(super) fn validate(
    raw: Option<RawDistribution>,
    target: Target,
    path: &KeyPath,
    findings: &mut Findings<'_>,
) -> Drawn {
    let mut drawn = Drawn {
        distribution: default_of(target.dtype),
        null_fraction: 0.0,
        sortedness: 0.0,
        length: None,
        run_length: 1.0,
        cycle: None,
        drift: None,
        pool: None,
        multiple_of: None,
    };
    let mut keys = match raw {
        None => {
            if target.dtype == Dtype::List {
                findings.problem(
                    &path.key("length"),
                    "is missing; a list needs one, such as `{ max: 10 }`",
                );
            }
            return drawn;
        }
        Some(RawDistribution::Keys(keys)) => *keys,
        Some(RawDistribution::Kind(kind)) => RawDistributionKeys {
            kind: Some(kind),
            ..Default::default()
        },
    };
    drawn.null_fraction = share(
        findings,
        &path.key("null_fraction"),
        keys.null_fraction.take(),
        0.0,
    );
    let length_path = path.key("length");
    let length_given = keys.length.is_some();
    drawn.length = keys
        .length
        .take()
        .and_then(|raw| length(raw, target.dtype, &length_path, findings));
    let repeated = [
        ("run_length", keys.run_length.is_some()),
        ("pool", keys.pool.is_some()),
    ];
    drawn.run_length = run_length(keys.run_length.take(), &path.key("run_length"), findings);
    drawn.pool = keys
        .pool
        .take()
        .and_then(|raw| pool(raw, &path.key("pool"), findings));
    let repeats = repeated.iter().any(|(_, given)| *given);
    if target.dtype.is_nested() {
        if target.dtype == Dtype::List && !length_given {
            findings.problem(
                &length_path,
                "is missing; a list needs one, such as `{ max: 10 }`",
            );
        } else if target.dtype == Dtype::Struct && length_given {
            findings.problem(
                &length_path,
                "does not apply to a struct; its fields have lengths of their own",
            );
        }
        let kind = keys.kind.is_some().then_some("kind");
        for key in kind.into_iter().chain(keys.given()) {
            findings.problem(
                &path.key(key),
                format!(
                    "does not apply to a {}; give it to {}",
                    target.dtype,
                    if target.dtype == Dtype::List {
                        "its `item`"
                    } else {
                        "its `fields`"
                    }
                ),
            );
        }
        return drawn;
    }
    if keys.kind.is_none() {
        // What says nothing about values needs no kind.
        if keys.given().is_empty() && (length_given || repeats || drawn.null_fraction > 0.0) {
            keys.kind = Some(Leaf(Ok(Kind::Uniform)));
        } else {
            findings.problem(path, "needs a `kind`");
        }
    }
    let kind_path = path.key("kind");
    let Some(kind) = findings.take(&kind_path, keys.kind.take()) else {
        return drawn;
    };
    if let Some(wanted) = kind.refuses(target.dtype) {
        let message = format!(
            "`{}` does not fit {}; it draws {wanted}",
            kind.name(),
            target.dtype
        );
        findings.problem(&kind_path, message);
        return drawn;
    }
    let before = findings.problems.len();
    for key in keys.given() {
        if !kind.parameters().contains(&key) {
            let known = kind.parameters().join(", ");
            let message = format!("does not apply to `{}`, which takes {known}", kind.name());
            findings.problem(&path.key(key), message);
        }
    }
    for (key, _) in repeated.iter().filter(|(_, given)| *given) {
        if !kind.repeats() {
            findings.problem(
                &path.key(key),
                format!(
                    "does not apply to `{}`, whose rows have values of their own",
                    kind.name()
                ),
            );
        }
    }
    if drawn.pool.is_some() && (keys.sortedness.is_some() || keys.drift.is_some()) {
        findings.problem(
            &path.key("pool"),
            "stands beside `sortedness` or `drift`; values out of a pool are in no order",
        );
    }
    if length_given && !(target.dtype.is_text() && kind.has_length()) {
        let message = format!(
            "does not apply to `{}` of {}; it is for lists, and for string and binary values that are uniform, \
             distinct, zipf, hotspot, words or compressible",
            kind.name(),
            target.dtype
        );
        findings.problem(&length_path, message);
    }
    if length_given && target.size > 1 {
        findings.problem(&length_path, "stands beside `size`; give one of them");
    }
    let sortedness_path = path.key("sortedness");
    let sorted_given = keys.sortedness.is_some();
    drawn.sortedness = share(findings, &sortedness_path, keys.sortedness.take(), 0.0);
    let cycle_path = path.key("cycle");
    let cycle_given = keys.cycle.is_some();
    drawn.cycle = findings.take_count(&cycle_path, keys.cycle.take());
    if cycle_given && drawn.sortedness == 0.0 {
        findings.problem(&cycle_path, "has no effect without `sortedness`");
    }
    let drift_path = path.key("drift");
    let drift_given = keys.drift.is_some();
    drawn.drift = findings.take(&drift_path, keys.drift.take());
    if let Some(drift) = drawn.drift.filter(|drift| !(*drift > 0.0 && *drift <= 1.0)) {
        findings.problem(
            &drift_path,
            format!("{drift} is not a share of the ranks; it lies above 0, and is at most 1"),
        );
    }
    if drift_given && sorted_given {
        findings.problem(&drift_path, "stands beside `sortedness`; give one of them");
    }
    let orders = !target.is_vector()
        && (target.dtype.draws_numbers()
            || (target.dtype.is_text() && kind == Kind::Categorical && keys.values.is_some()));
    for (given, path) in [(sorted_given, &sortedness_path), (drift_given, &drift_path)] {
        if given && kind.parameters().contains(&"sortedness") && !orders {
            findings.problem(
                path,
                "applies to single numbers, dates and times, and to the listed values of `categorical`",
            );
        }
    }
    let mut draft = Draft {
        target,
        has_length: length_given,
        path,
        findings,
    };
    let multiple_of = keys
        .multiple_of
        .take()
        .and_then(|leaf| draft.multiple_of(leaf));
    let distribution = match kind {
        Kind::Uniform => draft.uniform(keys),
        Kind::Distinct => draft.distinct(keys),
        Kind::Normal => draft.normal(keys),
        Kind::Lognormal => draft.lognormal(keys),
        Kind::Quantiles => draft.quantiles(keys),
        Kind::Zipf => draft.zipf(keys),
        Kind::Hotspot => draft.hotspot(keys),
        Kind::Categorical => draft.categorical(keys),
        Kind::Sequence => draft.sequence(keys),
        Kind::RandomWalk => draft.random_walk(keys),
        Kind::CorrelatedWith => draft.correlated_with(keys),
        Kind::Constant => draft.constant(keys),
        Kind::Words => draft.words(keys),
        Kind::Template => draft.template(keys),
        Kind::Json => draft.json(keys),
        Kind::Compressible => draft.compressible(keys),
    };
    if let (Some(distribution), Some(multiple)) = (&distribution, multiple_of) {
        draft.check_multiples(distribution, multiple);
    }
    if let Some(distribution) = distribution
        && findings.problems.len() == before
    {
        drawn.distribution = distribution;
        drawn.multiple_of = multiple_of;
    }
    drawn
}

fn run_length(leaf: Option<Leaf<f64>>, path: &KeyPath, findings: &mut Findings<'_>) -> f64 {
    let length = findings.take(path, leaf).unwrap_or(1.0);
    if !(1.0..=MOST_RUN_LENGTH).contains(&length) {
        findings.problem(
            path,
            format!("{length} is not a number of rows; it lies between 1 and {MOST_RUN_LENGTH}"),
        );
    }
    length
}

fn pool(raw: RawPool, path: &KeyPath, findings: &mut Findings<'_>) -> Option<Pool> {
    if raw.size.is_none() {
        findings.problem(path, "needs a `size`");
    }
    let exponent_path = path.key("exponent");
    let exponent = findings.take(&exponent_path, raw.exponent).unwrap_or(0.0);
    if exponent < 0.0 {
        findings.problem(&exponent_path, format!("{exponent} is below 0"));
    }
    let size = findings.take_count(&path.key("size"), raw.size)?;
    Some(Pool { size, exponent })
}

/// A share of something, 0 to 1.
fn share(
    findings: &mut Findings<'_>,
    path: &KeyPath,
    leaf: Option<Leaf<f64>>,
    default: f64,
) -> f64 {
    let share = findings.take(path, leaf).unwrap_or(default);
    if !(0.0..=1.0).contains(&share) {
        findings.problem(
            path,
            format!("{share} is not a share; it lies between 0 and 1"),
        );
    }
    share
}

fn length(
    raw: RawLength,
    dtype: Dtype,
    path: &KeyPath,
    findings: &mut Findings<'_>,
) -> Option<Length> {
    let min = findings
        .take(&path.key("min"), raw.min)
        .unwrap_or(u64::from(dtype != Dtype::List));
    let max_given = raw.max.is_some();
    if !max_given {
        findings.problem(path, "needs a `max`");
    }
    let max = findings.take(&path.key("max"), raw.max)?;
    let distribution = findings
        .take(&path.key("distribution"), raw.distribution)
        .unwrap_or(LengthDistribution::Uniform);
    if min > max {
        findings.problem(
            &path.key("min"),
            format!("{min} is more than `max`, which is {max}"),
        );
        return None;
    }
    findings
        .problems
        .extend(check_length(&path.key("max"), max));
    Some(Length {
        min,
        max,
        distribution,
    })
}

struct Draft<'a, 'b> {
    target: Target,
    /// Whether values are of a drawn length, and as long as it takes to tell them apart.
    has_length: bool,
    path: &'a KeyPath,
    findings: &'a mut Findings<'b>,
}

impl Draft<'_, '_> {
    fn refuse(&mut self, key: &str, message: impl Into<String>) {
        self.findings.problem(&self.path.key(key), message);
    }

    /// A number as the column's type stores it, integers as integers.
    fn number(&mut self, key: &str, leaf: Option<Leaf<Point>>) -> Option<Number> {
        let point = self.findings.take(&self.path.key(key), leaf)?;
        let dtype = self.target.dtype;
        if !dtype.draws_numbers() {
            self.refuse(
                key,
                format!("applies to numbers, and the column is {dtype}"),
            );
            return None;
        }
        match stored(point, dtype) {
            Ok(number) => Some(number),
            Err(message) => {
                self.refuse(key, message);
                None
            }
        }
    }

    fn count(&mut self, key: &str, leaf: Option<Leaf<Positive>>) -> Option<u64> {
        self.findings.take_count(&self.path.key(key), leaf)
    }

    fn float(&mut self, key: &str, leaf: Option<Leaf<f64>>, default: f64) -> f64 {
        self.findings
            .take(&self.path.key(key), leaf)
            .unwrap_or(default)
    }

    fn positive_float(&mut self, key: &str, leaf: Option<Leaf<f64>>, default: f64) -> f64 {
        let value = self.float(key, leaf, default);
        if value <= 0.0 {
            self.refuse(key, format!("{value} is not above 0"));
        }
        value
    }

    /// 10^scale of a decimal, else 1: what turns a number as written into one as stored.
    fn unit(&self) -> f64 {
        match self.target.dtype {
            Dtype::Decimal128 { scale, .. } => 10_f64.powi(scale.into()),
            _ => 1.0,
        }
    }

    /// A place on the line of numbers as stored, which need not be a value of the type.
    fn place(&mut self, key: &str, leaf: Option<Leaf<Point>>) -> Option<f64> {
        match self.findings.take(&self.path.key(key), leaf)? {
            Point::Number(number) => Some(number.as_f64() * self.unit()),
            text => match stored(text, self.target.dtype) {
                Ok(number) => Some(number.as_f64()),
                Err(message) => {
                    self.refuse(key, message);
                    None
                }
            },
        }
    }

    fn uniform(&mut self, keys: RawDistributionKeys) -> Option<Distribution> {
        let dtype = self.target.dtype;
        if dtype == Dtype::Bool && keys.cardinality.is_some() {
            self.refuse(
                "cardinality",
                "applies to numbers, string and binary, and the column is bool",
            );
        }
        let (min, max, cardinality) = self.range(keys);
        Some(Distribution::Uniform {
            min,
            max,
            cardinality,
        })
    }

    fn distinct(&mut self, keys: RawDistributionKeys) -> Option<Distribution> {
        let (min, max, cardinality) = self.range(keys);
        let rows = self.target.rows.saturating_mul(if self.target.is_vector() {
            self.target.size
        } else {
            1
        });
        if let Some(cardinality) = cardinality.filter(|cardinality| *cardinality > rows) {
            self.refuse(
                "cardinality",
                format!("{cardinality} distinct values do not fit into {rows} rows"),
            );
        }
        let wanted = cardinality.unwrap_or(rows);
        if cardinality.is_none() {
            self.check_room(min, max, wanted);
            self.check_made_up(Some(wanted));
        }
        Some(Distribution::Distinct {
            min,
            max,
            cardinality,
        })
    }

    /// Bounds, both or none, and the number of values between them.
    fn range(
        &mut self,
        keys: RawDistributionKeys,
    ) -> (Option<Number>, Option<Number>, Option<u64>) {
        let either = keys.min.is_some() || keys.max.is_some();
        let max_left_out = keys.max.is_none();
        let min = self.number("min", keys.min);
        let max = self.number("max", keys.max);
        let cardinality = self.count("cardinality", keys.cardinality);
        let dtype = self.target.dtype;
        let default = default_of(dtype);
        let (default_low, default_high) = match default {
            Distribution::Uniform {
                min: Some(low),
                max: Some(high),
                ..
            } => (low, high),
            _ => match dtype.integer_range() {
                Some((low, high)) => (Number::Integer(low), Number::Integer(high)),
                None => (Number::Float(0.0), Number::Float(1.0)),
            },
        };
        let (low, high) = (min.unwrap_or(default_low), max.unwrap_or(default_high));
        if either {
            self.check_order(low, high, max_left_out);
        }
        if let Some(cardinality) = cardinality {
            self.check_room(Some(low), Some(high), cardinality);
        }
        self.check_made_up(cardinality);
        // One bound alone is completed, so that both or none are given.
        let explicit = either || dtype.is_temporal() || matches!(dtype, Dtype::Decimal128 { .. });
        let bound = |bound| explicit.then_some(bound);
        (bound(low), bound(high), cardinality)
    }

    /// Whether so many integers lie between the bounds.
    fn check_room(&mut self, low: Option<Number>, high: Option<Number>, values: u64) {
        let range = self.target.dtype.integer_range();
        let bound = |number: Option<Number>, limit: Option<i128>| match number {
            Some(Number::Integer(number)) => Some(number),
            _ => limit,
        };
        if let (Some(low), Some(high)) = (
            bound(low, range.map(|range| range.0)),
            bound(high, range.map(|range| range.1)),
        ) && self.target.dtype.integer_range().is_some()
            && i128::from(values) > high - low + 1
        {
            let message = format!(
                "{values} is more than the {} values from {low} to {high}",
                high - low + 1
            );
            self.refuse("cardinality", message);
        }
    }

    /// `min` must lie below `max`, for integers it may equal it.
    fn check_order(&mut self, low: Number, high: Number, high_is_default: bool) {
        let ordered = match (low, high) {
            (Number::Integer(low), Number::Integer(high)) => low <= high,
            (low, high) => low.as_f64() < high.as_f64(),
        };
        if !ordered {
            let (low, high) = (shown(low), shown(high));
            let because = if high_is_default {
                " where left out"
            } else {
                ""
            };
            self.refuse(
                "min",
                format!("{low} is not below `max`, which is {high}{because}"),
            );
        }
    }

    /// Strings and bytes of a given size are only so many.
    fn check_made_up(&mut self, cardinality: Option<u64>) {
        if let (Some(cardinality), Some(most)) = (cardinality, self.made_up_values())
            && cardinality > most
        {
            let Target { dtype, size, .. } = self.target;
            self.refuse(
                "cardinality",
                format!("{cardinality} is more than the {most} {dtype} values of size {size}"),
            );
        }
    }

    /// How many made-up values of the column's size there are, where they can be counted and are no numbers.
    fn made_up_values(&self) -> Option<u64> {
        let base = match self.target.dtype {
            Dtype::String | Dtype::LargeString => CHARACTERS,
            Dtype::Binary => 256,
            _ => return None,
        };
        if self.has_length {
            return None;
        }
        base.checked_pow(u32::try_from(self.target.size).ok()?)
    }

    fn normal(&mut self, keys: RawDistributionKeys) -> Option<Distribution> {
        let min = self.number("min", keys.min);
        let max = self.number("max", keys.max);
        let mean = self.place("mean", keys.mean);
        let std_dev = self.positive_float("std_dev", keys.std_dev, DEFAULT_STD_DEV) * self.unit();
        let cardinality = self.count("cardinality", keys.cardinality);
        let (low, high) = self.check_bounds(min, max);
        let mean = mean.unwrap_or(0.0);
        if matches!(self.target.dtype, Dtype::Decimal128 { .. }) && std_dev > high - low {
            self.refuse(
                "std_dev",
                "is wider than the range of values, which have up to 18 digits".to_owned(),
            );
        }
        if !(low..=high).contains(&mean) && low <= high {
            self.refuse("mean", format!("{mean} lies outside of {low} to {high}"));
        }
        Some(Distribution::Normal {
            mean,
            std_dev,
            min,
            max,
            cardinality,
        })
    }

    fn lognormal(&mut self, keys: RawDistributionKeys) -> Option<Distribution> {
        let min = self.number("min", keys.min);
        let max = self.number("max", keys.max);
        let mean = match self.findings.take(&self.path.key("mean"), keys.mean) {
            None => 0.0,
            Some(Point::Number(number)) => number.as_f64(),
            Some(Point::Text(text)) => {
                self.refuse(
                    "mean",
                    format!("`{text}` is not a number, and the mean of a logarithm is one"),
                );
                0.0
            }
        };
        let std_dev = self.positive_float("std_dev", keys.std_dev, DEFAULT_STD_DEV);
        let cardinality = self.count("cardinality", keys.cardinality);
        let (_, high) = self.check_bounds(min, max);
        if (mean + self.unit().ln()).exp() > high {
            self.refuse(
                "mean",
                format!("{mean} is the logarithm of more than {high}, the largest value"),
            );
        }
        Some(Distribution::Lognormal {
            // A decimal's numbers are stored without their point, which a logarithm sees as a sum.
            mean: mean + self.unit().ln(),
            std_dev,
            min,
            max,
            cardinality,
        })
    }

    /// The bounds where they are given, else the type's, after a look at their order.
    fn check_bounds(&mut self, min: Option<Number>, max: Option<Number>) -> (f64, f64) {
        if let (Some(min), Some(max)) = (min, max) {
            self.check_order(min, max, false);
        }
        let (low, high) = limits(self.target.dtype);
        (
            min.map_or(low, Number::as_f64),
            max.map_or(high, Number::as_f64),
        )
    }

    /// What numbers are rounded to multiples of.
    fn multiple_of(&mut self, leaf: Leaf<Point>) -> Option<Number> {
        let dtype = self.target.dtype;
        if !dtype.draws_numbers() {
            self.refuse(
                "multiple_of",
                format!("applies to numbers, and the column is {dtype}"),
            );
            return None;
        }
        let multiple = self.distance("multiple_of", leaf)?;
        if multiple.as_f64() > 0.0 {
            return Some(multiple);
        }
        self.refuse("multiple_of", "must be above 0");
        None
    }

    /// Bounds must be multiples themselves, so that what lies between them stays there.
    fn check_multiples(&mut self, distribution: &Distribution, multiple: Number) {
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
            self.refuse(
                "multiple_of",
                format!("{bound} is not a multiple of {multiple}, and {keys} must be"),
            );
        }
    }

    fn quantiles(&mut self, keys: RawDistributionKeys) -> Option<Distribution> {
        let place = self.path.key("values");
        let mut values: Vec<Number> = Vec::new();
        let leaves = keys.values.unwrap_or_default();
        let count = leaves.len();
        for (index, leaf) in leaves.into_iter().enumerate() {
            let path = place.item(index, None);
            let Some(value) = self.findings.take(&path, Some(leaf)) else {
                continue;
            };
            match fitting_value(value, self.target.dtype) {
                Ok(Value::Number(number)) => {
                    if values.last().is_some_and(|last| below(number, *last)) {
                        self.findings
                            .problem(&path, "is below the one before; quantiles ascend");
                    }
                    values.push(number);
                }
                Ok(_) => self.findings.problem(&path, "is not a number"),
                Err(message) => self.findings.problem(&path, message),
            }
        }
        if count < 2 {
            self.refuse("values", "lists fewer than two quantiles; give two or more");
        }
        (count > 1 && values.len() == count).then_some(Distribution::Quantiles { values })
    }

    fn zipf(&mut self, keys: RawDistributionKeys) -> Option<Distribution> {
        let exponent = self.positive_float("exponent", keys.exponent, DEFAULT_EXPONENT);
        let (min, cardinality) = self.run(keys.min, keys.cardinality);
        Some(Distribution::Zipf {
            exponent,
            cardinality,
            min,
        })
    }

    fn hotspot(&mut self, keys: RawDistributionKeys) -> Option<Distribution> {
        let hot_fraction = self.float("hot_fraction", keys.hot_fraction, DEFAULT_HOT_FRACTION);
        if !(hot_fraction > 0.0 && hot_fraction < 1.0) {
            self.refuse(
                "hot_fraction",
                format!("{hot_fraction} does not lie between 0 and 1"),
            );
        }
        let path = self.path.key("hot_share");
        let hot_share = share(self.findings, &path, keys.hot_share, DEFAULT_HOT_SHARE);
        let (min, cardinality) = self.run(keys.min, keys.cardinality);
        if cardinality < 2 {
            self.refuse("cardinality", "must be 2 or more, hot values and others");
        }
        Some(Distribution::Hotspot {
            cardinality,
            hot_fraction,
            hot_share,
            min,
        })
    }

    /// Values that are numbered: where their numbers start, for numbers, and how many there are.
    fn run(
        &mut self,
        min: Option<Leaf<Point>>,
        cardinality: Option<Leaf<Positive>>,
    ) -> (Option<Number>, u64) {
        let min = self.number("min", min).or_else(|| self.zero());
        let cardinality = self.count("cardinality", cardinality);
        self.check_run(min, cardinality);
        self.check_made_up(cardinality);
        let most = self
            .values_from(min)
            .or_else(|| self.made_up_values())
            .unwrap_or(u64::MAX);
        (min, cardinality.unwrap_or(DEFAULT_CARDINALITY.min(most)))
    }

    fn categorical(&mut self, keys: RawDistributionKeys) -> Option<Distribution> {
        let cardinality = self.count("cardinality", keys.cardinality);
        let has_min = keys.min.is_some();
        let min = self.number("min", keys.min);
        if keys.weights.is_some() && keys.values.is_none() {
            self.refuse("weights", "stands without `values`, which it weighs");
            return None;
        }
        match (keys.values, cardinality) {
            (Some(_), Some(_)) => {
                self.refuse("cardinality", "stands beside `values`; give one of them");
                None
            }
            (Some(_), None) if has_min => {
                self.refuse("min", "stands beside `values`; give one of them");
                None
            }
            (Some(values), None) => {
                let weights = match keys.weights {
                    Some(weights) => Some(self.weights(weights, values.len())?),
                    None => None,
                };
                self.values(values, weights)
            }
            (None, Some(_)) if self.target.dtype == Dtype::Bool => {
                self.refuse(
                    "cardinality",
                    "applies to numbers, string and binary; for bool, write `values: [true]`",
                );
                None
            }
            (None, Some(cardinality)) => {
                let min = min.or_else(|| self.zero());
                self.check_run(min, Some(cardinality));
                Some(Distribution::Categorical {
                    values: None,
                    weights: None,
                    cardinality,
                    min,
                })
            }
            (None, None) => {
                self.findings
                    .problem(self.path, "`categorical` needs `values` or a `cardinality`");
                None
            }
        }
    }

    fn weights(&mut self, leaves: Vec<Leaf<f64>>, values: usize) -> Option<Vec<f64>> {
        let place = self.path.key("weights");
        let given = leaves.len();
        let weights: Vec<f64> = leaves
            .into_iter()
            .enumerate()
            .filter_map(|(index, leaf)| self.findings.take(&place.item(index, None), Some(leaf)))
            .collect();
        let wrong = if given != values {
            format!("lists {given} weights for {values} values")
        } else if weights.len() < given {
            return None;
        } else if weights.iter().any(|weight| *weight < 0.0) {
            "lists a weight below 0".to_owned()
        } else if weights.iter().all(|weight| *weight == 0.0) {
            "leaves no value that could be drawn; give a weight above 0".to_owned()
        } else {
            return Some(weights);
        };
        self.refuse("weights", wrong);
        None
    }

    fn values(
        &mut self,
        leaves: Vec<Leaf<Value>>,
        weights: Option<Vec<f64>>,
    ) -> Option<Distribution> {
        let place = self.path.key("values");
        if leaves.is_empty() {
            self.refuse("values", "lists no value; give at least one");
        }
        let mut values: Vec<Value> = Vec::new();
        let mut known = HashSet::new();
        for (index, leaf) in leaves.into_iter().enumerate() {
            let path = place.item(index, None);
            let Some(value) = self.findings.take(&path, Some(leaf)) else {
                continue;
            };
            match fitting_value(value, self.target.dtype) {
                Err(message) => self.findings.problem(&path, message),
                Ok(value) if known.insert(format!("{value:?}")) => values.push(value),
                Ok(_) => self
                    .findings
                    .problem(&path, "is listed twice; each value is drawn alike"),
            }
        }
        let cardinality = u64::try_from(values.len()).ok()?;
        Some(Distribution::Categorical {
            values: Some(values),
            weights,
            cardinality,
            min: None,
        })
    }

    fn sequence(&mut self, keys: RawDistributionKeys) -> Option<Distribution> {
        if keys.start.is_some() && keys.min.is_some() {
            self.refuse(
                "min",
                "stands beside `start`, which means the same; give one of them",
            );
        }
        let key = if keys.start.is_some() { "start" } else { "min" };
        let start = self.number(key, keys.start.or(keys.min));
        let step = match keys.step {
            Some(step) => self.distance("step", step)?,
            None => self.one(),
        };
        let jitter = match keys.jitter {
            Some(jitter) => Some(self.distance("jitter", jitter)?),
            None => None,
        };
        let cardinality = self.count("cardinality", keys.cardinality);
        let start = start.or_else(|| self.zero())?;
        if step.as_f64() == 0.0 {
            self.refuse("step", "0 repeats one value; write `kind: constant`");
        }
        if jitter.is_some_and(|jitter| jitter.as_f64() < 0.0) {
            self.refuse("jitter", "must not be below 0");
        }
        // A vector's elements count on: row r holds the numbers r * size to r * size + size - 1.
        let steps = self
            .target
            .rows
            .min(cardinality.unwrap_or(u64::MAX))
            .saturating_mul(self.target.size)
            .saturating_sub(1);
        let fits = |number: Option<Number>| {
            number.is_some_and(|number| fitted(number, self.target.dtype).is_ok())
        };
        let jitter_or_none = jitter.unwrap_or(Number::Integer(0));
        let first = after(start, 0, step, jitter_or_none);
        let last = after(start, steps, step, Number::Integer(0));
        let beyond = after(start, steps, step, jitter_or_none);
        if !(fits(first) && fits(last) && fits(beyond)) {
            let (dtype, rows) = (self.target.dtype, self.target.rows);
            let message = format!(
                "{rows} rows of it leave the range of {dtype}; give a smaller `step`, or a `cardinality` after which it starts again"
            );
            self.findings.problem(self.path, message);
        }
        Some(Distribution::Sequence {
            start,
            step,
            jitter,
            cardinality,
        })
    }

    /// A distance between two values, whole where the type is drawn as integers.
    fn distance(&mut self, key: &str, leaf: Leaf<Point>) -> Option<Number> {
        let number = match self.findings.take(&self.path.key(key), Some(leaf))? {
            Point::Number(number) => number,
            Point::Text(text) => {
                self.refuse(key, format!("`{text}` is not a number"));
                return None;
            }
        };
        let dtype = self.target.dtype;
        if dtype.is_float() {
            return Some(number);
        }
        let whole = match (number, dtype) {
            (Number::Integer(number), Dtype::Decimal128 { scale, .. }) => {
                number.checked_mul(10_i128.pow(scale.into()))
            }
            (Number::Integer(number), _) => Some(number),
            (Number::Float(number), _) => whole_float((number * self.unit() * 1e6).round() / 1e6),
        };
        if whole.is_none() {
            let number = shown(number);
            self.refuse(
                key,
                format!("{number} has a fraction, and the column is {dtype}"),
            );
        }
        whole.map(Number::Integer)
    }

    fn random_walk(&mut self, keys: RawDistributionKeys) -> Option<Distribution> {
        let start = self.place("start", keys.start);
        let min = self.number("min", keys.min);
        let max = self.number("max", keys.max);
        self.check_bounds(min, max);
        if min.is_some() != max.is_some() {
            let (given, missing) = if min.is_some() {
                ("min", "max")
            } else {
                ("max", "min")
            };
            self.refuse(
                given,
                format!("stands without `{missing}`; give both or none"),
            );
        }
        let step = match keys.step {
            Some(step) => self.place("step", Some(step))?,
            None => self.unit(),
        };
        if step <= 0.0 {
            self.refuse("step", format!("{step} is not above 0"));
        }
        let middle = match (min, max) {
            (Some(min), Some(max)) => (min.as_f64() + max.as_f64()) / 2.0,
            _ => match default_of(self.target.dtype) {
                Distribution::Uniform { min: Some(min), .. } if self.target.dtype.is_temporal() => {
                    min.as_f64()
                }
                _ => 0.0,
            },
        };
        Some(Distribution::RandomWalk {
            start: start.unwrap_or(middle),
            step,
            min,
            max,
        })
    }

    fn correlated_with(&mut self, keys: RawDistributionKeys) -> Option<Distribution> {
        let numbers = self.target.dtype.draws_numbers();
        if keys.column.is_none() {
            self.findings
                .problem(self.path, "`correlated_with` needs a `column`");
        }
        let with = self
            .findings
            .take_text(&self.path.key("column"), keys.column);
        let correlation = self.float("correlation", keys.correlation, DEFAULT_CORRELATION);
        let lowest = if numbers { -1.0 } else { 0.0 };
        if !(lowest..=1.0).contains(&correlation) {
            self.refuse(
                "correlation",
                format!("{correlation} does not lie between {lowest} and 1"),
            );
        }
        for (key, given) in [
            ("mean", keys.mean.is_some()),
            ("std_dev", keys.std_dev.is_some()),
        ] {
            if given && !numbers {
                self.refuse(
                    key,
                    format!(
                        "applies to numbers, and the column is {}",
                        self.target.dtype
                    ),
                );
            }
        }
        if numbers && keys.cardinality.is_some() {
            self.refuse(
                "cardinality",
                "does not apply to numbers, which have `mean` and `std_dev`",
            );
        }
        let min = self.number("min", keys.min);
        let max = self.number("max", keys.max);
        let mean = if numbers {
            self.place("mean", keys.mean)
        } else {
            None
        };
        let std_dev = self.positive_float("std_dev", keys.std_dev, DEFAULT_STD_DEV) * self.unit();
        if numbers {
            self.check_bounds(min, max);
        }
        let cardinality = self.count("cardinality", keys.cardinality);
        self.check_made_up(cardinality);
        let most = match self.target.dtype {
            Dtype::Bool => 2,
            _ => self.made_up_values().unwrap_or(u64::MAX),
        };
        Some(Distribution::CorrelatedWith {
            with: with?,
            correlation,
            mean: mean.unwrap_or_else(|| match default_of(self.target.dtype) {
                Distribution::Uniform {
                    min: Some(min),
                    max: Some(max),
                    ..
                } => (min.as_f64() + max.as_f64()) / 2.0,
                _ => 0.0,
            }),
            std_dev,
            min,
            max,
            cardinality: cardinality.unwrap_or(DEFAULT_CARDINALITY.min(most)),
        })
    }

    fn constant(&mut self, keys: RawDistributionKeys) -> Option<Distribution> {
        if keys.value.is_none() {
            self.findings
                .problem(self.path, "`constant` needs a `value`");
        }
        let value = self.findings.take(&self.path.key("value"), keys.value)?;
        match fitting_value(value, self.target.dtype) {
            Ok(value) => Some(Distribution::Constant { value }),
            Err(message) => {
                self.refuse("value", message);
                None
            }
        }
    }

    fn words(&mut self, keys: RawDistributionKeys) -> Option<Distribution> {
        if self.has_length && (keys.min.is_some() || keys.max.is_some()) {
            let key = if keys.min.is_some() { "min" } else { "max" };
            self.refuse(
                key,
                "stands beside `length`, which says how many bytes of words a value has; give one of them",
            );
        }
        let (min_words, max_words) = self.counts(keys.min, keys.max, "words", DEFAULT_WORDS);
        let cardinality = self
            .count("cardinality", keys.cardinality)
            .unwrap_or(DEFAULT_VOCABULARY);
        Some(Distribution::Words {
            min_words,
            max_words,
            cardinality,
        })
    }

    fn json(&mut self, keys: RawDistributionKeys) -> Option<Distribution> {
        let (min_fields, max_fields) = self.counts(keys.min, keys.max, "fields", DEFAULT_FIELDS);
        let cardinality = self
            .count("cardinality", keys.cardinality)
            .unwrap_or(DEFAULT_VOCABULARY);
        Some(Distribution::Json {
            min_fields,
            max_fields,
            cardinality,
        })
    }

    fn template(&mut self, keys: RawDistributionKeys) -> Option<Distribution> {
        if keys.template.is_none() {
            self.findings
                .problem(self.path, "`template` needs a `template`");
        }
        let text = self
            .findings
            .take(&self.path.key("template"), keys.template)?;
        let template = match template::parse(&text) {
            Ok(template) => template,
            Err(message) => {
                self.refuse("template", message);
                return None;
            }
        };
        let uses = |wanted: fn(&TemplatePart) -> bool| template.iter().any(wanted);
        let ranked = uses(|part| matches!(part, TemplatePart::Zipf(_)));
        let numbered = uses(|part| matches!(part, TemplatePart::Uniform(_) | TemplatePart::Word));
        if keys.exponent.is_some() && !ranked {
            self.refuse(
                "exponent",
                "has no effect, as there is no `{zipf}` in the template",
            );
        }
        if keys.cardinality.is_some() && !(ranked || numbered) {
            self.refuse(
                "cardinality",
                "has no effect, as there is no `{zipf}`, `{uniform}` or `{word}` in the template",
            );
        }
        let exponent = self.positive_float("exponent", keys.exponent, DEFAULT_EXPONENT);
        let cardinality = self
            .count("cardinality", keys.cardinality)
            .unwrap_or(DEFAULT_CARDINALITY);
        Some(Distribution::Template {
            template,
            exponent,
            cardinality,
        })
    }

    fn compressible(&mut self, keys: RawDistributionKeys) -> Option<Distribution> {
        if keys.compressibility.is_none() {
            self.findings
                .problem(self.path, "`compressible` needs a `compressibility`");
        }
        let given = keys.compressibility.is_some();
        let path = self.path.key("compressibility");
        let compressibility = share(self.findings, &path, keys.compressibility, 0.0);
        given.then_some(Distribution::Compressible { compressibility })
    }

    /// Fewest and most things in a value. A bound beyond the other's default moves that default.
    fn counts(
        &mut self,
        min: Option<Leaf<Point>>,
        max: Option<Leaf<Point>>,
        what: &str,
        default: (u64, u64),
    ) -> (u64, u64) {
        let min_given = min.is_some();
        let fewest = self.count_of("min", min, what, default.0);
        let most = self.count_of("max", max, what, default.1.max(fewest));
        let fewest = if min_given { fewest } else { fewest.min(most) };
        if fewest > most {
            self.refuse(
                "min",
                format!("{fewest} is more than `max`, which is {most}"),
            );
        }
        (fewest, most)
    }

    fn count_of(&mut self, key: &str, leaf: Option<Leaf<Point>>, what: &str, default: u64) -> u64 {
        let Some(point) = self.findings.take(&self.path.key(key), leaf) else {
            return default;
        };
        let whole = match &point {
            Point::Number(Number::Integer(number)) => Some(*number),
            Point::Number(Number::Float(number)) => whole_float(*number),
            Point::Text(_) => None,
        };
        match whole
            .and_then(|number| u64::try_from(number).ok())
            .filter(|number| *number > 0)
        {
            Some(count) => count,
            None => {
                let found = match point {
                    Point::Number(number) => shown(number),
                    Point::Text(text) => format!("`{text}`"),
                };
                self.refuse(key, format!("{found} is not a number of {what}, 1 or more"));
                default
            }
        }
    }

    /// What a sequence grows by, for numbers.
    fn one(&self) -> Number {
        match self.target.dtype {
            Dtype::Decimal128 { scale, .. } => Number::Integer(10_i128.pow(scale.into())),
            _ => Number::Integer(1),
        }
    }

    /// Where counting starts, for numbers.
    fn zero(&self) -> Option<Number> {
        match self.target.dtype {
            dtype if dtype.integer_range().is_some() => Some(Number::Integer(0)),
            dtype if dtype.is_float() => Some(Number::Float(0.0)),
            _ => None,
        }
    }

    /// How many whole numbers the type has from `min` on.
    fn values_from(&self, min: Option<Number>) -> Option<u64> {
        let min = min?;
        let (_, high) = limits(self.target.dtype);
        match (min, self.target.dtype.integer_range()) {
            (Number::Integer(min), Some((_, high))) => u64::try_from(high - min + 1).ok(),
            _ => Some((high - min.as_f64() + 1.0) as u64),
        }
    }

    /// Whether `min`, `min` + 1, ... `min` + `cardinality` - 1 all fit the type.
    fn check_run(&mut self, min: Option<Number>, cardinality: Option<u64>) {
        if let (Some(min), Some(cardinality)) = (min, cardinality)
            && let Some(most) = self
                .values_from(Some(min))
                .filter(|most| cardinality > *most)
        {
            let (dtype, min) = (self.target.dtype, shown(min));
            self.refuse(
                "cardinality",
                format!(
                    "{cardinality} is more than the {most} values that {dtype} has from {min} on"
                ),
            );
        }
    }
}

fn below(left: Number, right: Number) -> bool {
    match (left, right) {
        (Number::Integer(left), Number::Integer(right)) => left < right,
        (left, right) => left.as_f64() < right.as_f64(),
    }
}

/// `start` + `steps` * `step` + `more`; none where integers leave 128 bits.
fn after(start: Number, steps: u64, step: Number, more: Number) -> Option<Number> {
    match (start, step, more) {
        (Number::Integer(start), Number::Integer(step), Number::Integer(more)) => i128::from(steps)
            .checked_mul(step)
            .and_then(|way| start.checked_add(way))
            .and_then(|there| there.checked_add(more))
            .map(Number::Integer),
        (start, step, more) => Some(Number::Float(
            start.as_f64() + steps as f64 * step.as_f64() + more.as_f64(),
        )),
    }
}
