//! Quantities and their texts: each value with its own unit, or all in one unit for an axis.

use crate::units;

/// Text in place of a number that is absent.
pub(super) const ABSENT: &str = "-";

/// Values from here on are no measurements, and computations with them would overflow.
const LARGEST: f64 = 1e24;
/// Quantity along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quantity {
    Bytes,
    BytesPerSecond,
    /// In nanoseconds.
    Time,
    /// In seconds since a run began.
    Elapsed,
    /// Part of a whole.
    Share,
}

/// Name of a unit, and its size in the smallest unit of the quantity.
type AxisUnit = (&'static str, f64);

impl Quantity {
    fn units(self) -> &'static [AxisUnit] {
        match self {
            Quantity::Bytes => &[
                ("B", 1.0),
                ("kB", 1e3),
                ("MB", 1e6),
                ("GB", 1e9),
                ("TB", 1e12),
            ],
            Quantity::BytesPerSecond => &[
                ("B/s", 1.0),
                ("kB/s", 1e3),
                ("MB/s", 1e6),
                ("GB/s", 1e9),
                ("TB/s", 1e12),
            ],
            Quantity::Time => &[("ns", 1.0), ("µs", 1e3), ("ms", 1e6), ("s", 1e9)],
            Quantity::Elapsed => &[("s", 1.0)],
            Quantity::Share => &[("%", 0.01)],
        }
    }

    /// A value with its own unit, as everywhere in the report.
    pub(super) fn shown(self, value: f64) -> String {
        if !is_usable(value) {
            return ABSENT.to_owned();
        }
        match self {
            Quantity::Bytes => units::bytes(value as u64),
            Quantity::BytesPerSecond => units::bytes_per_second(value),
            Quantity::Time => units::duration_ns(value),
            Quantity::Elapsed => format!("{value:.1} s"),
            Quantity::Share => format!("{:.1} %", value * 100.0),
        }
    }

    /// Range of values in words: `from 8.00 ms to 12.0 ms`.
    pub(super) fn range(self, values: impl Iterator<Item = f64>) -> String {
        match extent(values) {
            Some((low, high)) => format!("from {} to {}", self.shown(low), self.shown(high)),
            None => "none of which can be plotted".to_owned(),
        }
    }
}

/// Returns true if a value can be plotted. Nothing that is measured here is negative.
pub(super) fn is_usable(value: f64) -> bool {
    (0.0..LARGEST).contains(&value)
}

/// Smallest and largest of the values that can be plotted. `None` if there are none.
pub(super) fn extent(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values
        .filter(|value| is_usable(*value))
        .fold(None, |range, value| match range {
            None => Some((value, value)),
            Some((low, high)) => Some((f64::min(low, value), f64::max(high, value))),
        })
}

/// Unit in which the labels of all marks are shortest, and these labels. If several units are
/// equally short, the smallest of them.
pub(super) fn labels(quantity: Quantity, marks: &[f64]) -> (&'static str, Vec<String>) {
    let candidates = quantity.units().iter().map(|(name, size)| {
        let labels: Vec<String> = marks.iter().map(|mark| plain(mark / size)).collect();
        (*name, labels)
    });
    // Powers of ten count as longer than they are, as they are hard to read.
    let length_of = |label: &String| label.len() + if label.contains('e') { 10 } else { 0 };
    let length = |labels: &[String]| labels.iter().map(length_of).sum::<usize>();
    candidates
        .min_by_key(|(_, labels)| length(labels))
        .unwrap_or_default()
}

/// A number without zeros at its end, or in powers of ten if it is very small or very large.
fn plain(value: f64) -> String {
    let without_zeros = |digits: &str| {
        digits
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_owned()
    };
    if value == 0.0 {
        "0".to_owned()
    } else if (1e-4..1e7).contains(&value) {
        without_zeros(&format!("{value:.7}"))
    } else {
        let shown = format!("{value:.5e}");
        let (digits, power) = shown.split_once('e').unwrap_or((&shown, "0"));
        format!("{}e{power}", without_zeros(digits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_written_as_in_the_report() {
        assert_eq!(Quantity::Bytes.shown(95e6), "95.0 MB");
        assert_eq!(Quantity::Time.shown(10e6), "10.0 ms");
        assert_eq!(Quantity::BytesPerSecond.shown(1.4e9), "1.40 GB/s");
        assert_eq!(Quantity::Elapsed.shown(12.34), "12.3 s");
        assert_eq!(Quantity::Time.shown(f64::NAN), "-");
    }

    #[test]
    fn the_range_of_what_can_be_plotted_is_told() {
        let range = |values: &[f64]| Quantity::Time.range(values.iter().copied());
        assert_eq!(
            range(&[f64::NAN, 2e6, -1.0, 1e6]),
            "from 1.00 ms to 2.00 ms"
        );
        assert_eq!(range(&[f64::INFINITY]), "none of which can be plotted");
    }

    #[test]
    fn labels_of_an_axis_are_as_short_as_they_can_be() {
        let of = |marks: &[f64]| {
            let (unit, labels) = labels(Quantity::BytesPerSecond, marks);
            format!("{} {unit}", labels.join(" "))
        };
        assert_eq!(of(&[0.0, 0.5e9, 1e9, 1.5e9]), "0 0.5 1 1.5 GB/s");
        assert_eq!(of(&[0.0, 200.0, 400.0]), "0 200 400 B/s");
        assert_eq!(of(&[0.0, 200e6, 400e6]), "0 200 400 MB/s");
        assert_eq!(of(&[1e-9, 3e22]), "1e-9 3e22 B/s");
        assert_eq!(of(&[]), " B/s");
    }
}
