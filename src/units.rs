//! Formats quantities for people, and parses sizes and durations from people.
//!
//! Shown sizes are decimal: 1 GB is 10^9 bytes. Three significant digits are kept, as more are
//! rarely known.

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

/// Units that [`parse_bytes`] accepts, and their bytes.
const PARSED_BYTE_UNITS: [(&str, u64); 9] = [
    ("B", 1),
    ("kB", 1_000),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

/// Units that [`parse_seconds`] accepts, and their seconds.
const PARSED_DURATION_UNITS: [(&str, f64); 5] = [
    ("us", 1e-6),
    ("ms", 0.001),
    ("s", 1.0),
    ("min", 60.0),
    ("h", 3600.0),
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

/// `12.3 ms [12.1, 12.6]`, from nanoseconds. The interval has the unit and the digits of the value.
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
    format!("{} %", tenths(share * 100.0))
}

/// `12.3`. A value that rounds to 0 has no sign.
pub fn tenths(value: f64) -> String {
    let shown = format!("{value:.1}");
    match shown.as_str() {
        "-0.0" => "0.0".to_owned(),
        _ => shown,
    }
}

/// `+12.3 %` or `-12.3 %`, from a share; `0.0 %` without a sign.
pub fn change(share: f64) -> String {
    let percent = percent(share);
    match percent.as_str() {
        "0.0 %" => percent,
        _ if share > 0.0 => format!("+{percent}"),
        _ => percent,
    }
}

/// `0.853x`. It has three decimals, as differences of 1 % decide, fewer from 10 on, and three
/// digits below 0.1.
pub fn ratio(ratio: f64) -> String {
    format!("{:.*}x", ratio_decimals(ratio), ratio)
}

/// `0.853x [0.831, 0.872]`. The interval has the digits of the value.
pub fn ratio_interval(ratio: f64, low: f64, high: f64) -> String {
    let decimals = ratio_decimals(ratio);
    format!("{ratio:.decimals$}x [{low:.decimals$}, {high:.decimals$}]")
}

/// Parses bytes from a whole number with a unit: `128MiB`, `64 MB`. `None` for anything else, and
/// for more than 64 bits hold.
pub fn parse_bytes(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|character: char| !character.is_ascii_digit());
    let unit = text.get(digits.len()..)?.trim();
    let (_, factor) = PARSED_BYTE_UNITS.iter().find(|(name, _)| *name == unit)?;
    digits.trim().parse::<u64>().ok()?.checked_mul(*factor)
}

/// Parses seconds from a number with a unit: `375us`, `250ms`, `90s`, `1.5 min`, `1h`. `None` for
/// anything else. The result may be negative or not finite.
pub fn parse_seconds(text: &str) -> Option<f64> {
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == ' ');
    let unit = text.get(number.len()..)?.trim();
    let (_, factor) = PARSED_DURATION_UNITS
        .iter()
        .find(|(name, _)| *name == unit)?;
    Some(number.trim().parse::<f64>().ok()? * factor)
}

fn with_unit(value: f64, units: &[Unit]) -> String {
    let (scale, name) = unit_for(value, units);
    format!("{:.*} {name}", decimals_for(value / scale), value / scale)
}

/// Returns the largest unit of which the value, rounded for display, is at least one.
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

/// Returns the number of decimals that leaves three significant digits of a value from 1 on.
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
    #[case(0.1234, "12.3 %", "+12.3 %")]
    #[case(-0.1234, "-12.3 %", "-12.3 %")]
    #[case(0.0004, "0.0 %", "0.0 %")]
    #[case(-0.0004, "0.0 %", "0.0 %")]
    fn what_rounds_to_nothing_has_no_sign(
        #[case] share: f64,
        #[case] plain: &str,
        #[case] signed: &str,
    ) {
        assert_eq!(percent(share), plain);
        assert_eq!(change(share), signed);
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
    #[case("7B", 7)]
    #[case("0MB", 0)]
    #[case("128MiB", 134_217_728)]
    #[case("128 MiB ", 134_217_728)]
    #[case("2kB", 2_000)]
    #[case("2KB", 2_000)]
    #[case("2KiB", 2_048)]
    #[case("5GB", 5_000_000_000)]
    #[case("1GiB", 1_073_741_824)]
    #[case("3TiB", 3_298_534_883_328)]
    fn sizes_are_parsed(#[case] text: &str, #[case] value: u64) {
        assert_eq!(parse_bytes(text), Some(value));
    }

    #[rstest]
    #[case::nothing("")]
    #[case::no_unit("1048576")]
    #[case::below_0("-1MB")]
    #[case::no_number("MiB")]
    #[case::no_whole_number("1.5GB")]
    #[case::two_points("1.2.3GB")]
    #[case::unknown_unit("12 parsecs")]
    #[case::other_case("1 mb")]
    #[case::too_many_digits("99999999999999999999B")]
    #[case::too_large("18000000TiB")]
    fn other_texts_are_no_sizes(#[case] text: &str) {
        assert_eq!(parse_bytes(text), None);
    }

    #[rstest]
    #[case("250ms", Some(0.25))]
    #[case("90s", Some(90.0))]
    #[case("1.5 min", Some(90.0))]
    #[case("1h", Some(3600.0))]
    #[case("0s", Some(0.0))]
    #[case("5", None)]
    #[case("5 days", None)]
    #[case("s", None)]
    fn durations_are_parsed(#[case] text: &str, #[case] seconds: Option<f64>) {
        assert_eq!(parse_seconds(text), seconds);
    }

    proptest! {
        #[test]
        fn a_number_of_bytes_is_itself(value: u64) {
            prop_assert_eq!(parse_bytes(&format!("{value}B")), Some(value));
        }

        #[test]
        fn the_commas_of_a_count_are_all_that_is_added(value: u64) {
            prop_assert_eq!(count(value).replace(',', ""), value.to_string());
        }
    }
}
