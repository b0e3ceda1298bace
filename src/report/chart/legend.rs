//! Legends: the signs of a chart with their names.

use maud::{Markup, html};

use super::draw::{Position, WIDTH, coordinate, text};
use super::label::{fitted, width_of};

/// Most entries. More would not help anybody, and the table has them all.
const MOST: usize = 40;
const LONGEST: f64 = 200.0;
const LINE: f64 = 19.0;
/// Distance from the start of an entry to its name.
const SIGN: f64 = 30.0;
const BETWEEN: f64 = 12.0;
const LEFT: f64 = 4.0;
/// Most entries that stand without columns. More are easier to find in columns.
const MOST_UNALIGNED: usize = 12;

/// A sign, drawn from the origin to 26 units to its right, and what it stands for.
pub(super) struct Entry {
    pub(super) sign: Markup,
    pub(super) name: String,
}

/// Entries beside each other in as many lines as they take, from `top` on, and their height
/// together.
pub(super) fn legend(entries: &[Entry], top: f64) -> (Markup, f64) {
    if entries.is_empty() {
        return (Markup::default(), 0.0);
    }
    let mut names: Vec<String> = entries
        .iter()
        .take(MOST)
        .map(|entry| fitted(&entry.name, LONGEST))
        .collect();
    if entries.len() > MOST {
        names.push(format!("and {} more", entries.len() - MOST));
    }
    let places = places(&names, top);
    let height = places.last().map_or(0.0, |(_, y)| y - top + LINE);
    let drawn = html! {
        g class="legend" {
            @for (index, (name, (x, y))) in names.iter().zip(&places).enumerate() {
                @if index < MOST && let Some(entry) = entries.get(index) {
                    g transform=(format!("translate({} {})", coordinate(*x), coordinate(*y))) { (entry.sign) }
                }
                (text("start", (x + SIGN, y + 4.0), name))
            }
        }
    };
    (drawn, height)
}

/// Middle of the left side of each entry. Entries stand one after the other, or in columns if there
/// are many.
fn places(names: &[String], top: f64) -> Vec<Position> {
    let widths: Vec<f64> = names
        .iter()
        .map(|name| SIGN + width_of(name) + BETWEEN)
        .collect();
    let widest = widths.iter().copied().fold(1.0, f64::max);
    let is_aligned = names.len() > MOST_UNALIGNED;
    let (mut x, mut y) = (LEFT, top + 8.0);
    let place = |width: f64| {
        let width = if is_aligned { widest } else { width };
        if x > LEFT && x + width > WIDTH {
            (x, y) = (LEFT, y + LINE);
        }
        x += width;
        (x - width, y)
    };
    widths.into_iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(count: usize) -> Vec<Entry> {
        (0..count)
            .map(|index| Entry {
                sign: Markup::default(),
                name: format!("variant {index}"),
            })
            .collect()
    }

    #[test]
    fn more_than_forty_series_are_counted() {
        let (drawn, height) = legend(&entries(200), 0.0);
        assert!(drawn.0.contains("and 160 more"));
        assert!(!drawn.0.contains("variant 40"));
        assert!(height < 300.0, "{height}");
        assert!(!legend(&entries(40), 0.0).0.0.contains(" more"));
    }

    #[test]
    fn no_series_need_no_legend() {
        let (drawn, height) = legend(&[], 10.0);
        assert_eq!((drawn.0.as_str(), height), ("", 0.0));
    }

    #[test]
    fn entries_stay_within_the_chart() {
        let names: Vec<String> = (0..30).map(|index| "m".repeat(1 + index % 14)).collect();
        for (name, (x, _)) in names.iter().zip(places(&names, 0.0)) {
            assert!(x + SIGN + width_of(name) <= WIDTH, "{name} at {x}");
        }
    }
}
