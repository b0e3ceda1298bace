//! Charts as SVG that needs no script: each with its title, a text alternative, axes with their
//! units, and its figures as a table.
//!
//! Colours come from the style sheet by classes, so that a page is light or dark as its reader's
//! screen is. A shape, a dash, a hatch or a label tells everything that a colour tells. Charts do
//! not plot values that are negative or no numbers, and logarithmic axes do not plot zeros either.
//! Tables have `-` in place of values that are no measurements.

mod axis;
mod bars;
mod curves;
mod draw;
mod figure;
mod history;
mod intervals;
mod label;
mod legend;
mod over_time;
mod pattern;
mod phases;
mod plane;
mod prose;
mod quantity;
mod ranges;
mod rows;
mod scatter;
mod table;

pub(crate) use bars::{BarAxis, Bars, grouped, stacked};
pub(crate) use curves::{CurveCrossing, CurveLine, MeasuredPoint, curves};
pub(crate) use figure::Frame;
pub(crate) use history::{Level, LevelChange, Track, history};
pub(crate) use intervals::{IntervalRow, intervals};
pub(crate) use over_time::{IterationPoint, IterationSeries, over_time};
pub(crate) use phases::{Boundary, PhaseRow, PhaseStretch, StorageMark, phases};
pub(crate) use prose::prose;
pub(crate) use ranges::{Latencies, RangeAxis, ranges};
pub(crate) use scatter::{Tradeoff, scatter};
pub(crate) use table::table;

#[cfg(test)]
mod tests;
