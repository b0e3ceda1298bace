//! Rounding of a column's numbers.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type, Int64Type};
use chrono::{DateTime, Days, NaiveDate};
use serde_json::{Value as Json, json};

use super::keys::rounded;
use super::series::Series;
use super::shape::Single;
use crate::config::{Dtype, TimeUnit};

/// Numbers lie far from 0 if their distance from 0 is more than this many times their range.
const FAR: f64 = 10.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rounding {
    Down,
    Nearest,
    Up,
}

/// Rounding and moving of a column's numbers, by which the config does not repeat the values of the
/// files.
pub(super) struct Grid {
    pub(super) dtype: Dtype,
    /// Number that all values are multiples of, in the unit in which they are stored. 0 if there is
    /// none.
    pub(super) multiple: f64,
    /// Numbers in the config are rounded to multiples of this. 0 if they are not rounded.
    pub(super) unit: f64,
    /// The smallest and the largest number are rounded to multiples of this. They are rounded more
    /// than others, as they are more likely to identify somebody.
    bound: f64,
    /// Number that is added to each number before it is rounded.
    pub(super) shift: f64,
}

impl Grid {
    /// Numbers keep three digits of the range that most of them lie in, and bounds keep two digits
    /// of the whole range. Numbers that lie far from 0, such as years or account numbers, are moved
    /// so that the smallest one has only its first two digits. `numbers` must ascend.
    pub(super) fn new(
        single: &Single,
        series: &Series,
        numbers: &[f64],
        keep_values: bool,
    ) -> Self {
        let dtype = single.dtype;
        let multiple = match dtype.integer_range() {
            Some(_) => whole_multiple(series).max(1.0),
            None => real_multiple(dtype, numbers),
        };
        // An unusual divisor would reveal something about the values.
        let multiple = match keep_values || is_usual(multiple, dtype) {
            true => multiple,
            false if dtype.is_float() => 0.0,
            false => 1.0,
        };
        let mut grid = Grid {
            dtype,
            multiple,
            unit: multiple,
            bound: multiple,
            shift: 0.0,
        };
        let (Some(low), Some(high)) = (numbers.first(), numbers.last()) else {
            return grid;
        };
        if keep_values {
            return grid;
        }
        let at = |share: f64| numbers[((numbers.len() - 1) as f64 * share) as usize];
        let width = match at(0.95) - at(0.05) {
            0.0 => high - low,
            width => width,
        };
        let digit = |number: f64, number_of: f64| {
            10_f64.powf((number.abs().log10() - number_of + 1.0).floor())
        };
        if width > 0.0 {
            let unit = digit(width, 3.0);
            grid.unit = match multiple > 0.0 {
                true => multiple * (unit / multiple).round().max(1.0),
                false => unit,
            };
            grid.bound = grid.unit * (digit(high - low, 2.0) / grid.unit).round().max(1.0);
        }
        let nearest = low.abs().min(high.abs());
        if low.signum() == high.signum() && nearest > FAR * (high - low) && nearest >= FAR {
            let unit = digit(*low, 2.0).max(grid.bound);
            let unit = match grid.bound > 0.0 {
                true => grid.bound * (unit / grid.bound).round(),
                false => unit,
            };
            grid.shift = (low / unit).floor() * unit - low;
        }
        grid
    }

    /// Returns a number as the config has it: moved and rounded.
    pub(super) fn told(&self, number: f64, rounding: Rounding) -> Json {
        let number = number + self.shift;
        let unit = match rounding {
            Rounding::Nearest => self.unit,
            Rounding::Down | Rounding::Up => self.bound,
        };
        let places = match unit > 0.0 {
            true => number / unit,
            false => number,
        };
        let places = match (rounding, unit > 0.0) {
            (_, false) => places,
            // A number that stands on the grid already is not moved by an error in its last digit.
            _ if (places - places.round()).abs() < 1e-6 => places.round(),
            (Rounding::Down, _) => places.floor(),
            (Rounding::Up, _) => places.ceil(),
            (Rounding::Nearest, _) => places.round(),
        };
        match self.dtype.integer_range() {
            None => self.real(places, unit),
            Some((low, high)) => {
                let unit = (unit as i128).max(1);
                let multiple = (self.multiple as i128).max(1);
                let whole = (places as i128).saturating_mul(unit);
                let up = if low.rem_euclid(multiple) > 0 {
                    multiple
                } else {
                    0
                };
                let low = low.div_euclid(multiple) * multiple + up;
                self.whole(whole.clamp(low, high.div_euclid(multiple) * multiple))
            }
        }
    }

    /// Returns the same grid, which rounds only to multiples of the number that all values are
    /// multiples of.
    pub(super) fn fine(&self) -> Grid {
        Grid {
            unit: self.multiple,
            bound: self.multiple,
            ..*self
        }
    }

    fn real(&self, places: f64, unit: f64) -> Json {
        let number = match unit > 0.0 {
            false => places,
            true => {
                let parts = (1.0 / unit).round();
                match unit < 1.0 && (1.0 / unit - parts).abs() < 1e-6 * parts {
                    true => places / parts,
                    false => places * unit,
                }
            }
        };
        let limit = match self.dtype {
            Dtype::Float16 => 65_504.0,
            Dtype::Float32 => f64::from(f32::MAX),
            _ => f64::MAX,
        };
        json!(number.clamp(-limit, limit))
    }

    /// Formats a stored number as its type has it in a config: a date, a time, a decimal or a
    /// number.
    fn whole(&self, number: i128) -> Json {
        let small = i64::try_from(number).ok();
        let told = match self.dtype {
            Dtype::Date32 => small.and_then(date).map(|date| json!(date)),
            Dtype::Timestamp(unit) => small
                .and_then(|number| moment(number, unit))
                .map(|time| json!(time)),
            Dtype::Decimal128 { scale, .. } if scale > 0 => {
                Some(json!(number as f64 / 10_f64.powi(scale.into())))
            }
            _ => None,
        };
        told.or_else(|| small.map(|number| json!(number)))
            .or_else(|| u64::try_from(number).ok().map(|number| json!(number)))
            .unwrap_or_else(|| json!(number as f64))
    }

    /// Returns a distance between numbers, rounded, as `step` and `std_dev` take it.
    pub(super) fn distance(&self, distance: f64) -> Json {
        match self.dtype {
            Dtype::Decimal128 { scale, .. } => json!(rounded(distance / 10_f64.powi(scale.into()))),
            _ => json!(rounded(distance)),
        }
    }

    /// Returns the exact distance. It is a whole number unless the type is a float or a decimal.
    pub(super) fn exactly(&self, distance: f64) -> Json {
        match self.dtype {
            Dtype::Decimal128 { scale, .. } => json!(distance / 10_f64.powi(scale.into())),
            dtype if dtype.is_float() => json!(distance),
            _ => json!(distance as i64),
        }
    }
}

fn date(days: i64) -> Option<String> {
    let epoch = NaiveDate::default();
    let date = match u64::try_from(days) {
        Ok(days) => epoch.checked_add_days(Days::new(days)),
        Err(_) => epoch.checked_sub_days(Days::new(days.unsigned_abs())),
    }?;
    let text = date.format("%Y-%m-%d").to_string();
    // Years of five digits cannot be read back.
    (text.len() == 10).then_some(text)
}

fn moment(number: i64, unit: TimeUnit) -> Option<String> {
    let per_second = unit.per_second();
    let nanoseconds = number.rem_euclid(per_second) * (1_000_000_000 / per_second);
    let time = DateTime::from_timestamp(
        number.div_euclid(per_second),
        u32::try_from(nanoseconds).ok()?,
    )?;
    let text = time.format("%Y-%m-%dT%H:%M:%S%.f").to_string();
    (text.len() < 30 && text.as_bytes().get(4) == Some(&b'-')).then_some(text)
}

/// True if a divisor is a common one: a power of ten, its half or its quarter, or a usual number of
/// seconds, minutes, hours or days.
fn is_usual(multiple: f64, dtype: Dtype) -> bool {
    let per_second = match dtype {
        Dtype::Timestamp(unit) => unit.per_second() as f64,
        _ => 1.0,
    };
    let is_power = |number: f64| {
        let power = number.log10().round();
        (number / 10_f64.powf(power) - 1.0).abs() < 1e-9
    };
    let tens = [1.0, 2.0, 4.0].iter().any(|part| is_power(multiple * part));
    let times = [60.0, 300.0, 900.0, 1_800.0, 3_600.0, 86_400.0, 604_800.0];
    multiple == 0.0 || tens || times.iter().any(|time| multiple == time * per_second)
}

/// Returns the greatest common divisor of whole numbers.
fn whole_multiple(series: &Series) -> f64 {
    let mut divisor = 0_u128;
    for piece in &series.pieces {
        for number in whole_of(&piece.array).into_iter().flatten() {
            divisor = gcd(number.unsigned_abs(), divisor);
            if divisor == 1 {
                return 1.0;
            }
        }
    }
    divisor as f64
}

fn gcd(left: u128, right: u128) -> u128 {
    let (mut left, mut right) = (left, right);
    while right > 0 {
        (left, right) = (right, left % right);
    }
    left
}

fn whole_of(array: &ArrayRef) -> Vec<Option<i128>> {
    let wide = match array.data_type() {
        DataType::Decimal128(..) => {
            return array.as_primitive::<Decimal128Type>().iter().collect();
        }
        DataType::UInt64 => {
            return array
                .as_primitive::<arrow::datatypes::UInt64Type>()
                .iter()
                .map(|number| number.map(i128::from))
                .collect();
        }
        DataType::Date32 => {
            cast(array, &DataType::Int32).and_then(|days| cast(&days, &DataType::Int64))
        }
        _ => cast(array, &DataType::Int64),
    };
    wide.map_or_else(
        |_| Vec::new(),
        |wide| {
            wide.as_primitive::<Int64Type>()
                .iter()
                .map(|number| number.map(i128::from))
                .collect()
        },
    )
}

/// Returns a power of ten, or a whole multiple of one, that all floats are multiples of. 0 if there
/// is none.
fn real_multiple(dtype: Dtype, numbers: &[f64]) -> f64 {
    const MOST_DECIMALS: i32 = 8;
    // Relative distance of neighbouring floats.
    let (step, most) = match dtype {
        Dtype::Float64 => (f64::EPSILON, 1e15),
        Dtype::Float32 => (f64::from(f32::EPSILON), 1e6),
        _ => return 0.0,
    };
    'decimals: for decimals in 0..=MOST_DECIMALS {
        let factor = 10_f64.powi(decimals);
        let mut divisor = 0_u128;
        for number in numbers {
            let scaled = number * factor;
            let allowed = (scaled.abs() * step * 2.0).max(1e-9);
            if scaled.abs() > most || allowed > 0.05 || (scaled - scaled.round()).abs() > allowed {
                continue 'decimals;
            }
            divisor = gcd(scaled.round().abs() as u128, divisor);
        }
        return divisor.max(1) as f64 / factor;
    }
    0.0
}

/// Returns another number with as many digits before the point. 0 stays 0, and a time becomes the
/// first moment of 2000.
pub(super) fn made_up_constant(dtype: Dtype, number: f64) -> Json {
    if dtype.is_temporal() {
        return json!("2000-01-01");
    }
    if number == 0.0 {
        return json!(0);
    }
    let digits = 10_f64.powf(number.abs().log10().floor());
    let first = (number.abs() / digits).floor();
    let other = if first > 1.0 { first - 1.0 } else { 2.0 };
    let unit = match dtype.is_float() {
        true => digits,
        false => digits.max(1.0),
    };
    let grid = Grid {
        dtype,
        multiple: 0.0,
        unit,
        bound: unit,
        shift: 0.0,
    };
    // If the type has no number so large, this is its largest.
    grid.told(other * digits * number.signum(), Rounding::Nearest)
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Arc;

    use arrow::array::Int64Array;
    use rstest::rstest;

    use super::*;
    use crate::learn::series::Piece;

    #[rstest]
    #[case(Dtype::Float64, &[0.25, 12.5, -3.0], 0.25)]
    #[case(Dtype::Float64, &[19.99, 0.01, 5.0], 0.01)]
    #[case(Dtype::Float64, &[100.0, 250.0, 0.0], 50.0)]
    #[case(Dtype::Float64, &[std::f64::consts::PI, 1.0], 0.0)]
    #[case(Dtype::Float32, &[0.1_f32 as f64, 12.3_f32 as f64], 0.1)]
    #[case(Dtype::Float32, &[0.123_456_79_f32 as f64, 7_654_321.0], 0.0)]
    fn decimals_are_found_where_all_numbers_have_them(
        #[case] dtype: Dtype,
        #[case] numbers: &[f64],
        #[case] expected: f64,
    ) {
        assert_eq!(real_multiple(dtype, numbers), expected);
    }

    pub(in crate::learn) fn grid(dtype: Dtype, numbers: &[i64], keep_values: bool) -> Grid {
        let single = Single {
            dtype,
            time_zone: None,
        };
        let series = Series {
            pieces: vec![Piece {
                first: 0,
                array: Arc::new(Int64Array::from(numbers.to_vec())),
            }],
            rows: 3,
            nulls: None,
        };
        let mut numbers: Vec<f64> = numbers.iter().map(|number| *number as f64).collect();
        numbers.sort_unstable_by(f64::total_cmp);
        Grid::new(&single, &series, &numbers, keep_values)
    }

    #[test]
    fn told_numbers_have_three_digits_of_the_range_and_bounds_two() {
        let numbers: Vec<i64> = (0..1_000).map(|number| number * number + 7).collect();
        let wide = grid(Dtype::Int64, &numbers, false);
        assert_eq!(wide.told(98_765.0, Rounding::Down), json!(90_000));
        assert_eq!(wide.told(98_765.0, Rounding::Nearest), json!(99_000));
        assert_eq!(wide.told(998_008.0, Rounding::Up), json!(1_000_000));
        let exact = grid(Dtype::Int64, &numbers, true);
        assert_eq!(exact.told(98_765.0, Rounding::Down), json!(98_765));
        let narrow = grid(Dtype::Int64, &[1, 12, 5], false);
        assert_eq!(narrow.told(12.0, Rounding::Up), json!(12));
        let tens = grid(Dtype::Int64, &[10, 120, 50], false);
        assert_eq!(tens.told(115.0, Rounding::Nearest), json!(120));
        let fives = grid(Dtype::Int64, &[5, 55, 500], true);
        assert_eq!(fives.told(-1e30, Rounding::Down), json!(i64::MIN + 3));
    }

    #[test]
    fn what_lies_far_from_zero_moves_to_a_round_number() {
        let accounts = grid(
            Dtype::Int64,
            &[982_451_653, 982_451_700, 982_451_999],
            false,
        );
        assert_eq!(
            accounts.told(982_451_653.0, Rounding::Down),
            json!(980_000_000)
        );
        assert_eq!(
            accounts.told(982_451_999.0, Rounding::Up),
            json!(980_000_350)
        );
        let years = grid(Dtype::Int32, &[1987, 2016, 2001], false);
        assert_eq!(years.told(1987.0, Rounding::Down), json!(1900));
        let days = grid(Dtype::Date32, &[6_364, 6_763], false);
        assert_eq!(days.told(6_364.0, Rounding::Down), json!("1987-04-02"));
    }

    #[test]
    fn divisors_that_tell_something_are_left_out() {
        assert_eq!(grid(Dtype::Int64, &[12_347, 24_694], false).multiple, 1.0);
        assert_eq!(
            grid(Dtype::Int64, &[12_347, 24_694], true).multiple,
            12_347.0
        );
        assert_eq!(grid(Dtype::Int64, &[250, 500], false).multiple, 250.0);
        let minutes = grid(Dtype::Timestamp(TimeUnit::Ms), &[60_000, 180_000], false);
        assert_eq!(minutes.multiple, 60_000.0);
    }

    #[rstest]
    #[case(Dtype::Int64, 5.0, json!(4))]
    #[case(Dtype::Int64, 2_013.0, json!(1_000))]
    #[case(Dtype::Int64, 1_000.0, json!(2_000))]
    #[case(Dtype::Int8, 100.0, json!(127))]
    #[case(Dtype::Int8, 1.0, json!(2))]
    #[case(Dtype::Float64, 19.99, json!(20.0))]
    #[case(Dtype::Int64, -77.0, json!(-60))]
    #[case(Dtype::Date32, 20_000.0, json!("2000-01-01"))]
    fn constants_are_others_of_as_many_digits(
        #[case] dtype: Dtype,
        #[case] number: f64,
        #[case] expected: Json,
    ) {
        assert_eq!(made_up_constant(dtype, number), expected);
    }

    #[test]
    fn dates_times_and_decimals_are_told_in_their_own_words() {
        let days = grid(Dtype::Date32, &[0, 20_454], true);
        assert_eq!(days.told(20_454.0, Rounding::Nearest), json!("2026-01-01"));
        let times = grid(
            Dtype::Timestamp(TimeUnit::Ms),
            &[0, 1_700_000_000_123],
            true,
        );
        assert_eq!(
            times.told(1_700_000_000_123.0, Rounding::Nearest),
            json!("2023-11-14T22:13:20.123")
        );
        let prices = grid(
            Dtype::Decimal128 {
                precision: 9,
                scale: 2,
            },
            &[1, 1_999],
            true,
        );
        assert_eq!(prices.told(1_999.0, Rounding::Nearest), json!(19.99));
    }
}
