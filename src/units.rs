//! How quantities are shown to people, and how sizes are read from them.
//!
//! Shown sizes are decimal: 1 GB is 10^9 bytes. Three significant digits are kept, as more is rarely known.

use thiserror::Error;

type Unit = (f64, &'static str);

const BYTE_UNITS: [Unit; 6] = [
    (1.0, "B"),
    (1e3, "kB"),
    (1e6, "MB"),
    (1e9, "GB"),
    (1e12, "TB"),
    (1e15, "PB"),
];
const DURATION_UNITS: [Unit; 6] = [
    (1.0, "ns"),
    (1e3, "µs"),
    (1e6, "ms"),
    (1e9, "s"),
    (3.6e12, "h"),
    (8.64e13, "d"),
];
const ROW_UNITS: [Unit; 4] = [
    (1.0, "rows/s"),
    (1e3, "k rows/s"),
    (1e6, "M rows/s"),
    (1e9, "G rows/s"),
];

/// Units that [`parse_bytes`] takes, and their bytes.
const PARSED_UNITS: [(&str, u64); 11] = [
    ("B", 1),
    ("kB", 1_000),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("kiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

/// `1.23 GB`; whole below 1 kB.
pub fn bytes(bytes: u64) -> String {
    if bytes < 1000 {
        format!("{bytes} B")
    } else {
        with_unit(bytes as f64, &BYTE_UNITS)
    }
}

/// `1.23 GB/s`.
pub fn bytes_per_second(rate: f64) -> String {
    format!("{}/s", with_unit(rate, &BYTE_UNITS))
}

/// `12.3 ms`, from nanoseconds.
pub fn duration_ns(nanoseconds: f64) -> String {
    with_unit(nanoseconds, &DURATION_UNITS)
}

/// `12.3 ms [12.1, 12.6]`, from nanoseconds; the unit and the digits of the value hold for its interval.
pub fn duration_interval_ns(nanoseconds: f64, low: f64, high: f64) -> String {
    let (scale, name) = unit_for(nanoseconds, &DURATION_UNITS);
    let decimals = decimals_for(nanoseconds / scale);
    format!(
        "{:.decimals$} {name} [{:.decimals$}, {:.decimals$}]",
        nanoseconds / scale,
        low / scale,
        high / scale
    )
}

/// `12.3 M rows/s`.
pub fn rows_per_second(rate: f64) -> String {
    with_unit(rate, &ROW_UNITS)
}

/// `1,000,000`.
pub fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// `12.3 %`, from a share between 0 and 1.
pub fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// `0.853x`. Three decimals, since differences of 1 % decide; fewer from 10 on, three digits below 0.1.
pub fn ratio(ratio: f64) -> String {
    format!("{:.*}x", ratio_decimals(ratio), ratio)
}

/// `0.853x [0.831, 0.872]`; the digits of the value hold for its interval.
pub fn ratio_interval(ratio: f64, low: f64, high: f64) -> String {
    let decimals = ratio_decimals(ratio);
    format!("{ratio:.decimals$}x [{low:.decimals$}, {high:.decimals$}]")
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ParseBytesError {
    #[error(
        "{0:?} is not a size: a number is expected, with or without a unit, such as 1048576, 128MiB or 1.5GB"
    )]
    Number(String),
    #[error(
        "{0:?} is not a unit of size; the units are B, kB, MB, GB, TB (powers of 1000), KiB, MiB, GiB, TiB (powers of 1024)"
    )]
    Unit(String),
    #[error("{0:?} is more than 2^64 - 1 bytes")]
    TooLarge(String),
}

/// Bytes from `1048576`, `128MiB`, `1.5 GB`. Fractions of a byte are cut off.
pub fn parse_bytes(text: &str) -> Result<u64, ParseBytesError> {
    let trimmed = text.trim();
    let number_end = trimmed
        .find(|character: char| !character.is_ascii_digit() && character != '.' && character != '_')
        .unwrap_or(trimmed.len());
    let (number, unit) = trimmed.split_at(number_end);
    let number = number.replace('_', "");
    let unit = unit.trim_start();
    let not_a_number = || ParseBytesError::Number(text.to_owned());
    let too_large = || ParseBytesError::TooLarge(text.to_owned());

    if !number.starts_with(|character: char| character.is_ascii_digit()) {
        return Err(not_a_number());
    }
    let multiplier = if unit.is_empty() {
        1
    } else {
        PARSED_UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .map(|(_, multiplier)| *multiplier)
            .ok_or_else(|| ParseBytesError::Unit(unit.to_owned()))?
    };
    if number.contains('.') {
        let value = number.parse::<f64>().map_err(|_| not_a_number())? * multiplier as f64;
        if value < u64::MAX as f64 {
            Ok(value as u64)
        } else {
            Err(too_large())
        }
    } else {
        // Only digits are left, so the one way to fail is too many of them.
        number
            .parse::<u64>()
            .ok()
            .and_then(|value| value.checked_mul(multiplier))
            .ok_or_else(too_large)
    }
}

fn with_unit(value: f64, units: &[Unit]) -> String {
    let (scale, name) = unit_for(value, units);
    format!("{:.*} {name}", decimals_for(value / scale), value / scale)
}

/// The largest unit of which the value, as rounded for showing, is at least one.
fn unit_for(value: f64, units: &[Unit]) -> Unit {
    const ROUNDS_TO_A_WHOLE_UNIT: f64 = 0.9995;
    units
        .iter()
        .rev()
        .find(|(scale, _)| value.abs() >= scale * ROUNDS_TO_A_WHOLE_UNIT)
        .or(units.first())
        .copied()
        .unwrap_or((1.0, ""))
}

/// Decimals that leave three significant digits of a value from 1 on.
fn decimals_for(value: f64) -> usize {
    match value.abs() {
        value if value >= 99.95 => 0,
        value if value >= 9.995 => 1,
        _ => 2,
    }
}

fn ratio_decimals(ratio: f64) -> usize {
    match ratio.abs() {
        ratio if ratio >= 99.95 => 0,
        ratio if ratio >= 9.9995 => 1,
        ratio if ratio >= 0.1 || ratio == 0.0 => 3,
        ratio => ((2.0 - ratio.log10().floor()) as usize).min(9),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(0, "0 B")]
    #[case(999, "999 B")]
    #[case(1_000, "1.00 kB")]
    #[case(1_234_567_890, "1.23 GB")]
    #[case(12_345_678, "12.3 MB")]
    #[case(999_499, "999 kB")]
    #[case(999_500, "1.00 MB")]
    #[case(u64::MAX, "18447 PB")]
    fn bytes_are_shown_in_decimal_units(#[case] value: u64, #[case] shown: &str) {
        assert_eq!(bytes(value), shown);
    }

    #[rstest]
    #[case(12_300_000.0, "12.3 ms")]
    #[case(999.0, "999 ns")]
    #[case(0.0, "0.00 ns")]
    #[case(1_500.0, "1.50 µs")]
    #[case(999_960_000.0, "1.00 s")]
    #[case(125e9, "125 s")]
    #[case(1_800e9, "1800 s")]
    #[case(7_200e9, "2.00 h")]
    #[case(531_896e9, "6.16 d")]
    fn durations_keep_three_significant_digits(#[case] value: f64, #[case] shown: &str) {
        assert_eq!(duration_ns(value), shown);
    }

    #[test]
    fn an_interval_is_shown_in_the_unit_of_its_value() {
        assert_eq!(
            duration_interval_ns(1_000_000.0, 950_000.0, 1_012_000.0),
            "1.00 ms [0.95, 1.01]"
        );
        assert_eq!(
            ratio_interval(0.8526, 0.8312, 0.8724),
            "0.853x [0.831, 0.872]"
        );
        assert_eq!(ratio_interval(12.34, 9.96, 14.0), "12.3x [10.0, 14.0]");
    }

    #[test]
    fn rates_and_counts_carry_their_units() {
        assert_eq!(bytes_per_second(1.234e9), "1.23 GB/s");
        assert_eq!(rows_per_second(12_345_678.0), "12.3 M rows/s");
        assert_eq!(rows_per_second(850.0), "850 rows/s");
        assert_eq!(count(1_000_000), "1,000,000");
        assert_eq!(count(12_345), "12,345");
        assert_eq!(count(123), "123");
        assert_eq!(percent(0.1234), "12.3 %");
    }

    #[rstest]
    #[case(1.0, "1.000x")]
    #[case(0.9904, "0.990x")]
    #[case(9.99951, "10.0x")]
    #[case(250.4, "250x")]
    #[case(0.01234, "0.0123x")]
    #[case(0.0, "0.000x")]
    fn ratios_show_the_differences_that_decide(#[case] value: f64, #[case] shown: &str) {
        assert_eq!(ratio(value), shown);
    }

    #[rstest]
    #[case("1048576", 1_048_576)]
    #[case("1_000", 1_000)]
    #[case("0", 0)]
    #[case(" 128MiB ", 134_217_728)]
    #[case("128 MiB", 134_217_728)]
    #[case("1.5GB", 1_500_000_000)]
    #[case("2kB", 2_000)]
    #[case("2KB", 2_000)]
    #[case("2KiB", 2_048)]
    #[case("3TB", 3_000_000_000_000)]
    #[case("3TiB", 3_298_534_883_328)]
    #[case("1GiB", 1_073_741_824)]
    #[case("7B", 7)]
    fn sizes_are_parsed(#[case] text: &str, #[case] value: u64) {
        assert_eq!(parse_bytes(text), Ok(value));
    }

    #[rstest]
    #[case("", "is not a size")]
    #[case("-1", "is not a size")]
    #[case("MiB", "is not a size")]
    #[case(".5GB", "is not a size")]
    #[case("1.2.3GB", "is not a size")]
    #[case("12 parsecs", "\"parsecs\" is not a unit of size")]
    #[case("1 mb", "\"mb\" is not a unit of size")]
    #[case("99999999999999999999", "more than 2^64")]
    #[case("18000000TiB", "more than 2^64")]
    #[case("18000000.5TiB", "more than 2^64")]
    fn a_bad_size_says_what_is_wrong(#[case] text: &str, #[case] message: &str) {
        let error = parse_bytes(text).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }

    proptest! {
        #[test]
        fn a_plain_integer_is_itself(value: u64) {
            prop_assert_eq!(parse_bytes(&value.to_string()), Ok(value));
        }

        #[test]
        fn the_commas_of_a_count_are_all_that_is_added(value: u64) {
            prop_assert_eq!(count(value).replace(',', ""), value.to_string());
        }
    }
}
