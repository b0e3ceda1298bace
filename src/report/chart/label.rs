//! Names and labels: their approximate widths, shortened forms, and places where they do not
//! overlap.

use crate::report::text::visible;

/// Size of all text of a chart, in its units of length. The style sheet has the same size.
const TEXT_SIZE: f64 = 12.0;

/// Height of a line of text and the space that it needs.
pub(super) const LINE_HEIGHT: f64 = 15.0;

/// Longest name in a table, a description or the text of a page, in characters.
const LONGEST_NAME: usize = 120;

/// A text of at most `most` characters, with invisible characters as codes. A longer one ends in an
/// ellipsis.
pub(super) fn shortened(text: &str, most: usize) -> String {
    // A code takes at least as many characters as the character that it stands for, so that the
    // rest would be cut off anyway.
    let enough: String = text.chars().take(most + 1).collect();
    let shown = visible(&enough);
    match shown.char_indices().nth(most) {
        None => shown,
        Some(_) => {
            let kept = shown.chars().take(most.saturating_sub(1));
            kept.chain(['…']).collect()
        }
    }
}

/// The long form of a name, for tables and descriptions.
pub(super) fn long(name: &str) -> String {
    shortened(name, LONGEST_NAME)
}

/// A text of at most about `width` units of length, with invisible characters as codes. A longer
/// one ends in an ellipsis.
pub(super) fn fitted(text: &str, width: f64) -> String {
    let shown = long(text);
    if width_of(&shown) <= width {
        return shown;
    }
    let mut left = width - width_of("…");
    let kept = shown.chars().take_while(|character| {
        left -= width_of_character(*character);
        left >= 0.0
    });
    kept.chain(['…']).collect()
}

/// Approximate width of a text in units of length. It is rather too large than too small, as fonts
/// differ.
pub(super) fn width_of(text: &str) -> f64 {
    text.chars().map(width_of_character).sum()
}

fn width_of_character(character: char) -> f64 {
    let width = match character {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | ' ' => 0.34,
        'f' | 'r' | 't' | '(' | ')' | '[' | ']' | '/' | '\\' | '-' => 0.42,
        'm' | 'w' | 'M' | 'W' | '%' | '@' | '…' => 0.98,
        'A'..='Z' => 0.7,
        character if character.is_ascii() => 0.62,
        '\u{80}'..='\u{10ff}' => 0.72,
        _ => 1.05,
    };
    width * TEXT_SIZE
}

/// Moves positions as little as needed to be `gap` apart and between `low` and `high`, as far as
/// there is room.
pub(super) fn spread(positions: &[f64], gap: f64, low: f64, high: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..positions.len()).collect();
    order.sort_by(|first, second| positions[*first].total_cmp(&positions[*second]));
    let mut moved = positions.to_vec();
    let mut least = low;
    for index in &order {
        moved[*index] = moved[*index].max(least);
        least = moved[*index] + gap;
    }
    let mut most = high;
    for index in order.iter().rev() {
        moved[*index] = moved[*index].min(most);
        most = moved[*index] - gap;
    }
    moved
}

/// A rectangle: left, top, right, bottom.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Area {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

impl Area {
    fn around(x: f64, y: f64, distance: f64) -> Self {
        Area {
            left: x - distance,
            top: y - distance,
            right: x + distance,
            bottom: y + distance,
        }
    }

    fn overlaps(&self, other: &Area) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }

    fn contains(&self, other: &Area) -> bool {
        self.left <= other.left
            && other.right <= self.right
            && self.top <= other.top
            && other.bottom <= self.bottom
    }
}

/// Finds room for labels beside points.
pub(super) struct Placer {
    bounds: Area,
    taken: Vec<Area>,
}

/// Beginning of the base line of a label, and the end of a line to it if it is far from its point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct LabelPlace {
    pub(super) x: f64,
    pub(super) y: f64,
    /// End of a line from the point to the label. Absent if the label is near the point.
    pub(super) leader: Option<(f64, f64)>,
}

impl Placer {
    /// Creates a placer within bounds, where points already take room.
    pub(super) fn new(bounds: Area, points: impl Iterator<Item = (f64, f64)>) -> Self {
        Placer {
            bounds,
            taken: points.map(|(x, y)| Area::around(x, y, 5.0)).collect(),
        }
    }

    /// Keeps labels off a line that is level or upright.
    pub(super) fn avoid(&mut self, (x, y): (f64, f64), (other_x, other_y): (f64, f64)) {
        const MARGIN: f64 = 2.0;
        self.taken.push(Area {
            left: x.min(other_x) - MARGIN,
            top: y.min(other_y) - MARGIN,
            right: x.max(other_x) + MARGIN,
            bottom: y.max(other_y) + MARGIN,
        });
    }

    /// A free place near a point, if there is one: beside it, above or below it, then farther away.
    pub(super) fn place(&mut self, (x, y): (f64, f64), text: &str) -> Option<LabelPlace> {
        const NEAR: f64 = 8.0;
        const FAR: [f64; 3] = [18.0, 30.0, 44.0];
        let width = width_of(text);
        let beside = |dx: f64, dy: f64| {
            let left = match dx {
                dx if dx > 0.0 => x + dx,
                dx if dx < 0.0 => x + dx - width,
                _ => x - width / 2.0,
            };
            (left, y + dy)
        };
        let near = [(NEAR, 0.0), (-NEAR, 0.0), (0.0, -13.0), (0.0, 13.0)];
        let diagonal = [(NEAR, -10.0), (NEAR, 10.0), (-NEAR, -10.0), (-NEAR, 10.0)];
        let near = near.into_iter().chain(diagonal).map(|it| (it, false));
        let far = FAR.into_iter().flat_map(|distance| {
            let (aside, up) = (distance * 0.7, distance);
            [(aside, -up), (aside, up), (-aside, -up), (-aside, up)].map(|it| (it, true))
        });
        for ((dx, dy), is_far) in near.chain(far) {
            let (left, middle) = beside(dx, dy);
            let area = Area {
                left,
                top: middle - LINE_HEIGHT / 2.0,
                right: left + width,
                bottom: middle + LINE_HEIGHT / 2.0,
            };
            if self.bounds.contains(&area) && !self.taken.iter().any(|taken| taken.overlaps(&area))
            {
                self.taken.push(area);
                let end = if dx > 0.0 {
                    left - 1.0
                } else {
                    left + width + 1.0
                };
                return Some(LabelPlace {
                    x: left,
                    y: middle + 4.0,
                    leader: is_far.then_some((end, middle)),
                });
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_shortened_with_an_ellipsis() {
        assert_eq!(shortened("zstd(3)", 7), "zstd(3)");
        assert_eq!(shortened("zstd(3)+", 7), "zstd(3…");
        assert_eq!(
            shortened(&"é".repeat(10_000), 60),
            format!("{}…", "é".repeat(59))
        );
        assert_eq!(shortened("", 5), "");
        assert_eq!(shortened("abc", 0), "…");
    }

    #[test]
    fn what_turns_or_hides_text_is_shown_as_its_code() {
        assert_eq!(shortened("gpj\u{202e}exe\n", 60), "gpj\\u{202e}exe\\n");
        assert!(shortened(&"\u{202e}".repeat(10_000), 60).chars().count() <= 60);
    }

    #[test]
    fn a_fitted_name_is_no_wider_than_its_room() {
        for name in [
            "W".repeat(10_000),
            "i".repeat(10_000),
            "日本".repeat(50),
            "zstd".repeat(9),
        ] {
            let shown = fitted(&name, 150.0);
            assert!(width_of(&shown) <= 150.0, "{shown}");
            assert!(shown.ends_with('…'));
        }
        assert_eq!(fitted("zstd(3)", 150.0), "zstd(3)");
        assert_eq!(fitted("zstd(3)", 0.0), "…");
    }

    #[test]
    fn positions_are_spread_as_little_as_it_takes() {
        assert_eq!(spread(&[10.0, 50.0], 10.0, 0.0, 100.0), [10.0, 50.0]);
        assert_eq!(
            spread(&[50.0, 49.0, 50.0], 10.0, 0.0, 100.0),
            [59.0, 49.0, 69.0]
        );
        assert_eq!(spread(&[98.0, 99.0], 10.0, 0.0, 100.0), [90.0, 100.0]);
        assert!(spread(&[], 10.0, 0.0, 100.0).is_empty());
        assert_eq!(spread(&[f64::NAN, 5.0], 10.0, 0.0, 100.0).len(), 2);
    }

    #[test]
    fn labels_do_not_lie_on_each_other_and_are_left_out_where_there_is_no_room() {
        let bounds = Area {
            left: 0.0,
            top: 0.0,
            right: 400.0,
            bottom: 300.0,
        };
        let mut placer = Placer::new(bounds, [(200.0, 150.0); 60].into_iter());
        let places: Vec<LabelPlace> = (0..60)
            .filter_map(|_| placer.place((200.0, 150.0), "zstd(3)"))
            .collect();
        assert!((8..60).contains(&places.len()), "{}", places.len());
        for (index, first) in placer.taken[60..].iter().enumerate() {
            assert!(bounds.contains(first));
            assert!(
                placer.taken[60 + index + 1..]
                    .iter()
                    .all(|second| !first.overlaps(second))
            );
        }
    }
}
