//! Scales and their round ticks.

use super::label::width_of;
use super::quantity::{Quantity, extent, is_usable, labels};

/// Smallest value that a logarithmic axis can show.
const SMALLEST: f64 = 1e-12;

/// Least distance between ticks above each other, in units of length.
const LINE: f64 = 26.0;
/// Least distance between ticks beside each other, in units of length.
const BESIDE: f64 = 52.0;
/// The closest ticks of a logarithmic axis may have this share of that distance, as the others are
/// farther apart.
const CLOSEST: f64 = 0.65;
/// Gap between labels beside each other, in units of length.
const GAP: f64 = 14.0;

/// Start and end of something along an axis, in units of length of the chart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Span {
    pub(super) from: f64,
    pub(super) to: f64,
}

impl Span {
    fn is_upright(self) -> bool {
        self.from > self.to
    }

    fn length(self) -> f64 {
        (self.to - self.from).abs()
    }
}

/// Scale of an axis, and the values that it covers besides those that are plotted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AxisScale {
    /// Equal differences are equally long. The axis begins at zero.
    Zero,
    /// Equal differences are equally long. The axis begins at zero, unless values differ and that
    /// would squeeze all of them into less than half of it. It has room for markers at its ends.
    Linear,
    /// Equal ratios are equally long. The axis has no zero.
    Logarithmic,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    /// Position in units of length of the chart.
    pub(super) at: f64,
    pub(super) label: String,
}

/// A scale with its ticks and its title.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    pub(super) title: String,
    pub(super) ticks: Vec<Tick>,
    low: f64,
    high: f64,
    is_logarithmic: bool,
    span: Span,
}

impl Axis {
    /// An axis that has room for all of these values.
    pub(super) fn new(
        what: &str,
        quantity: Quantity,
        kind: AxisScale,
        span: Span,
        values: impl Iterator<Item = f64>,
    ) -> Self {
        let is_logarithmic = kind == AxisScale::Logarithmic;
        let plotted = extent(values.filter(|value| !is_logarithmic || *value >= SMALLEST));
        let (low, high, marks) = match (plotted, kind) {
            (None, AxisScale::Logarithmic) => (1.0, 10.0, Vec::new()),
            (None, _) => (0.0, 1.0, Vec::new()),
            (Some((smallest, largest)), AxisScale::Logarithmic) => {
                logarithmic(smallest, largest, span)
            }
            (Some((smallest, largest)), _) => linear(smallest, largest, span, kind),
        };
        let (unit, labels) = labels(quantity, &marks);
        let title = match kind {
            AxisScale::Linear if low > 0.0 => format!("{what} ({unit}; axis does not begin at 0)"),
            AxisScale::Logarithmic => format!("{what} ({unit}, logarithmic)"),
            _ => format!("{what} ({unit})"),
        };
        let mut axis = Axis {
            title,
            ticks: Vec::new(),
            low,
            high,
            is_logarithmic,
            span,
        };
        let marks = marks.into_iter().zip(labels);
        axis.ticks = marks
            .filter_map(|(mark, label)| {
                Some(Tick {
                    at: axis.at(mark)?,
                    label,
                })
            })
            .collect();
        axis
    }

    /// An axis of things in their order. As many of them have labels as there is room for.
    pub(super) fn ordinal(what: &str, span: Span, labels: &[String]) -> Self {
        let mut axis = Axis {
            title: what.to_owned(),
            ticks: Vec::new(),
            low: -0.5,
            high: labels.len().max(1) as f64 - 0.5,
            is_logarithmic: false,
            span,
        };
        let widest = labels
            .iter()
            .map(|label| width_of(label))
            .fold(0.0, f64::max);
        let room = span.length() / labels.len().max(1) as f64;
        let every = ((widest + GAP) / room).ceil().max(1.0) as usize;
        axis.ticks = labels
            .iter()
            .enumerate()
            .step_by(every)
            .map(|(index, label)| Tick {
                at: axis.placed(index as f64),
                label: label.clone(),
            })
            .collect();
        axis
    }

    /// Position of a value in units of length of the chart. `None` if the axis does not cover it.
    pub(super) fn at(&self, value: f64) -> Option<f64> {
        let margin = 1e-9 * (self.high - self.low);
        let within = (self.low - margin..=self.high + margin).contains(&value);
        within.then(|| self.placed(value))
    }

    /// Position of a value, or the end of the axis if the value lies beyond it. `None` if the value
    /// is no measurement.
    pub(super) fn clamped(&self, value: f64) -> Option<f64> {
        is_usable(value).then(|| self.placed(value.clamp(self.low, self.high)))
    }

    fn placed(&self, value: f64) -> f64 {
        let share = match self.is_logarithmic {
            true => (value.max(SMALLEST) / self.low).ln() / (self.high / self.low).ln(),
            false => (value - self.low) / (self.high - self.low),
        };
        self.span.from + share.clamp(0.0, 1.0) * (self.span.to - self.span.from)
    }
}

/// Ends of a linear axis and its marks.
fn linear(smallest: f64, largest: f64, span: Span, kind: AxisScale) -> (f64, f64, Vec<f64>) {
    /// Values that are relatively closer than this count as equal.
    const SAME: f64 = 1e-4;
    /// Room for markers at each end of an axis, as a share of the spread of its values.
    const HEADROOM: f64 = 0.03;
    let gap = if span.is_upright() { LINE } else { BESIDE };
    let most = (span.length() / gap).clamp(2.0, 10.0).floor();
    let largest = if largest > 0.0 { largest } else { 1.0 };
    let spread = largest - smallest;
    let from_zero =
        kind == AxisScale::Zero || smallest <= largest / 2.0 || spread <= largest * SAME;
    let smallest = if from_zero { 0.0 } else { smallest };
    let headroom = match kind {
        AxisScale::Linear => (largest - smallest) * HEADROOM,
        _ => 0.0,
    };
    let step = round_up((largest - smallest) / most);
    let first = ((smallest - headroom) / step).floor().max(0.0);
    let last = ((largest + headroom) / step - 1e-9).ceil().max(first + 1.0);
    // Rounding adds at most two marks.
    let count = (last - first).min(most + 2.0) as usize;
    let marks = (0..=count).map(|index| (first + index as f64) * step);
    (first * step, last * step, marks.collect())
}

/// Ends of a logarithmic axis and its marks: powers of ten, and 2 and 5 times these where there is
/// room.
fn logarithmic(smallest: f64, largest: f64, span: Span) -> (f64, f64, Vec<f64>) {
    let low = factors(&[5.0, 2.0, 1.0], smallest, -1).find(|mark| *mark <= smallest * 1.000_001);
    let high = factors(&[1.0, 2.0, 5.0], largest, 1).find(|mark| *mark >= largest * 0.999_999);
    let low = low.unwrap_or(smallest);
    let high = high.unwrap_or(largest).max(low * 10.0);
    let decades = (high / low).log10();
    let room = span.length() / decades;
    let needed = if span.is_upright() { LINE } else { BESIDE };
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let every = (needed / room).ceil().max(1.0) as i32;
    let within: &[f64] = if room * 2.0_f64.log10() >= needed * CLOSEST {
        &[1.0, 2.0, 5.0]
    } else {
        &[1.0]
    };
    let powers = (first..=last).filter(|power| power.rem_euclid(every) == 0);
    let marks = powers
        .flat_map(|power| within.iter().map(move |factor| factor * 10_f64.powi(power)))
        .filter(|mark| (low * 0.999..=high * 1.001).contains(mark));
    (low, high, marks.collect())
}

/// Multiples of three powers of ten, from that of a value upwards (`direction` 1) or downwards
/// (-1).
fn factors(of: &'static [f64], value: f64, direction: i32) -> impl Iterator<Item = f64> {
    let power = value.log10().floor() as i32;
    (0..3).flat_map(move |index| {
        of.iter()
            .map(move |factor| factor * 10_f64.powi(power + index * direction))
    })
}

/// Rounds up to 1, 2 or 5 times a power of ten.
fn round_up(value: f64) -> f64 {
    let value = value.max(1e-30);
    let power = 10_f64.powf(value.log10().floor());
    let factor = [1.0, 2.0, 5.0]
        .into_iter()
        .find(|factor| factor * power >= value * 0.999_999);
    factor.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACROSS: Span = Span {
        from: 100.0,
        to: 540.0,
    };

    fn axis(quantity: Quantity, kind: AxisScale, values: &[f64]) -> Axis {
        Axis::new("what", quantity, kind, ACROSS, values.iter().copied())
    }

    fn labels_of(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn linear_ticks_are_round_and_of_one_unit() {
        let axis = axis(Quantity::Time, AxisScale::Zero, &[3.0e6, 9.3e6]);
        assert_eq!(labels_of(&axis), ["0", "2", "4", "6", "8", "10"]);
        assert_eq!(axis.title, "what (ms)");
        assert_eq!(
            (axis.at(0.0), axis.at(5e6), axis.at(10e6)),
            (Some(100.0), Some(320.0), Some(540.0))
        );
    }

    #[test]
    fn a_unit_is_chosen_by_the_data() {
        for (largest, title) in [
            (800.0, "what (ns)"),
            (80e3, "what (µs)"),
            (250e6, "what (ms)"),
            (1.2e9, "what (s)"),
            (90e9, "what (s)"),
        ] {
            assert_eq!(
                axis(Quantity::Time, AxisScale::Zero, &[largest]).title,
                title
            );
        }
        assert_eq!(
            axis(Quantity::Bytes, AxisScale::Zero, &[95e6]).title,
            "what (MB)"
        );
        assert_eq!(
            axis(Quantity::Bytes, AxisScale::Zero, &[600.0]).title,
            "what (B)"
        );
    }

    #[test]
    fn a_linear_axis_that_leaves_out_zero_says_so() {
        let near = axis(Quantity::Bytes, AxisScale::Linear, &[90e6, 95e6]);
        assert_eq!(near.title, "what (MB; axis does not begin at 0)");
        assert_eq!(
            labels_of(&near),
            ["89", "90", "91", "92", "93", "94", "95", "96"]
        );
        assert_eq!(
            axis(Quantity::Bytes, AxisScale::Linear, &[10e6, 95e6]).title,
            "what (MB)"
        );
        assert_eq!(
            axis(Quantity::Bytes, AxisScale::Linear, &[95e6, 95e6]).title,
            "what (MB)"
        );
    }

    #[test]
    fn a_logarithmic_axis_has_powers_of_ten_and_2_and_5_where_there_is_room() {
        let wide = axis(
            Quantity::BytesPerSecond,
            AxisScale::Logarithmic,
            &[1e6, 50e9],
        );
        assert_eq!(labels_of(&wide), ["1", "10", "100", "1000", "10000"]);
        assert_eq!(wide.title, "what (MB/s, logarithmic)");
        assert_eq!((wide.at(1e6), wide.at(50e9)), (Some(100.0), Some(540.0)));
        let narrow = axis(Quantity::Time, AxisScale::Logarithmic, &[3e6, 80e6]);
        assert_eq!(labels_of(&narrow), ["2", "5", "10", "20", "50", "100"]);
    }

    #[test]
    fn a_logarithmic_axis_skips_what_is_not_positive() {
        let axis = axis(
            Quantity::Time,
            AxisScale::Logarithmic,
            &[0.0, -5.0, f64::NAN, f64::INFINITY, 3e6],
        );
        assert_eq!(labels_of(&axis), ["2", "5", "10", "20"]);
        assert_eq!(
            (axis.at(0.0), axis.at(-5.0), axis.at(f64::NAN)),
            (None, None, None)
        );
        assert_eq!(axis.clamped(0.0), Some(100.0));
    }

    #[test]
    fn nothing_zeros_and_extremes_have_an_axis_all_the_same() {
        for values in [
            vec![],
            vec![0.0],
            vec![f64::NAN, f64::NEG_INFINITY],
            vec![5e-324],
            vec![f64::MAX],
            vec![9e23, 1e-11],
            vec![1.0; 200],
            vec![1e15, 1e15 + 1.0],
        ] {
            for kind in [AxisScale::Zero, AxisScale::Linear, AxisScale::Logarithmic] {
                let axis = axis(Quantity::Time, kind, &values);
                let is_plotted = values.iter().any(|value| (1e-12..1e24).contains(value));
                let fewest = if is_plotted { 2 } else { 0 };
                assert!(
                    (fewest..20).contains(&axis.ticks.len()),
                    "{kind:?} {values:?} {axis:?}"
                );
                assert!(
                    axis.ticks
                        .iter()
                        .all(|tick| (100.0..=540.0).contains(&tick.at)),
                    "{axis:?}"
                );
            }
        }
    }

    #[test]
    fn every_plotted_value_lies_on_its_axis() {
        let values = [0.3, 1.0, 7.77e3, 1.23e6, 9.99e9, 4.2e13];
        for kind in [AxisScale::Zero, AxisScale::Linear, AxisScale::Logarithmic] {
            for from in 0..values.len() {
                let axis = axis(Quantity::Bytes, kind, &values[from..]);
                assert!(
                    values[from..].iter().all(|value| axis.at(*value).is_some()),
                    "{axis:?}"
                );
            }
        }
    }

    #[test]
    fn runs_are_labelled_as_far_as_there_is_room() {
        let dates: Vec<String> = (0..200)
            .map(|index| format!("2026-01-{index:02}"))
            .collect();
        let axis = Axis::ordinal("run", ACROSS, &dates);
        assert!((2..8).contains(&axis.ticks.len()), "{axis:?}");
        assert_eq!(Axis::ordinal("run", ACROSS, &dates[..1]).ticks[0].at, 320.0);
        assert_eq!(Axis::ordinal("run", ACROSS, &[]).ticks, []);
    }
}
