//! The limit that a comparison has to pass.

use serde::Serialize;

use super::across::{Across, SideComparison};
use super::between_runs::Between;

/// Cells that are, or may be, slower than a limit allows, and other reasons not to pass.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gate {
    /// Share by which a cell may be slower at most.
    pub limit: f64,
    /// Cells whose whole interval lies beyond the limit.
    pub slower: Vec<SideComparison>,
    /// Cells whose interval lies beyond the limit in part, and cells without an interval.
    pub inconclusive: Vec<SideComparison>,
    /// Movements of all cells together that may be beyond the limit, caused by the host or by the
    /// program.
    pub moved: Vec<Between>,
    /// Cells of the first side that another side lacks or has no finished round of.
    pub missing: Vec<String>,
    /// Cells that read equal rows, but came to different results.
    pub disagreements: Vec<String>,
}

/// Outcome of a gate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GateOutcome {
    /// No cell is slower than the limit allows.
    Passed,
    /// A cell is slower than the limit allows, or its results differ.
    Failed,
    /// A cell, or all cells together, may be slower than the limit allows, or a cell was not
    /// measured.
    Undecided,
}

impl Gate {
    pub fn outcome(&self) -> GateOutcome {
        let open =
            !self.inconclusive.is_empty() || !self.moved.is_empty() || !self.missing.is_empty();
        match !self.slower.is_empty() || !self.disagreements.is_empty() {
            true => GateOutcome::Failed,
            false if open => GateOutcome::Undecided,
            false => GateOutcome::Passed,
        }
    }

    /// Returns true if the comparison fails. With `if_inconclusive`, it also fails if its outcome
    /// is undecided.
    pub fn fails(&self, if_inconclusive: bool) -> bool {
        match self.outcome() {
            GateOutcome::Passed => false,
            GateOutcome::Failed => true,
            GateOutcome::Undecided => if_inconclusive,
        }
    }

    /// Largest share by which a cell, or all cells together, may be slower, among those that are
    /// not known to be within the limit. `None` if none of them has an interval.
    pub fn worst(&self) -> Option<f64> {
        let cells = self.slower.iter().chain(&self.inconclusive);
        let highs = cells.filter_map(|cell| cell.contrast.interval());
        let of_cells = highs.map(|(_, high)| high);
        let all = of_cells.chain(self.moved.iter().map(most));
        all.reduce(f64::max).map(|high| high - 1.0)
    }
}

/// Largest ratio that all cells of a side together may have. If there are too few cells for an
/// interval of their common movement, it is no better known than that of one cell.
fn most(it: &Between) -> f64 {
    it.ci_high.unwrap_or(it.shift * (1.0 + it.allowance))
}

/// Compares every cell with a limit, by the interval of its ratio. For two runs, that ratio is
/// relative to the movement that all cells share, and the movement is compared with the limit by
/// itself.
pub fn gate(across: &Across, limit: f64) -> Gate {
    let mut gate = Gate {
        limit,
        slower: Vec::new(),
        inconclusive: Vec::new(),
        moved: Vec::new(),
        missing: across.missing.clone(),
        disagreements: across.disagreements.clone(),
    };
    for cell in &across.cells {
        match cell.contrast.interval() {
            Some((low, _)) if low > 1.0 + limit => gate.slower.push(cell.clone()),
            Some((_, high)) if high <= 1.0 + limit => {}
            _ => gate.inconclusive.push(cell.clone()),
        }
    }
    let may_be_beyond = |it: &&Between| it.cells > 0 && most(it) > 1.0 + limit;
    gate.moved = across
        .between
        .iter()
        .filter(may_be_beyond)
        .cloned()
        .collect();
    gate
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Contrast, Lane, Verdict};

    fn cell(scenario: &str, interval: Option<(f64, f64)>) -> SideComparison {
        SideComparison {
            scenario: Some(scenario.to_owned()),
            variant: Some("none".to_owned()),
            lane: Lane::EndToEnd,
            side: "b".to_owned(),
            base_ns: 1.0,
            time_ns: 1.0,
            contrast: Contrast {
                ratio: Some(1.0),
                ci_low: interval.map(|it| it.0),
                ci_high: interval.map(|it| it.1),
                pairs: 10,
                p: None,
                p_adjusted: None,
                verdict: Verdict::Inconclusive,
                doubt: None,
            },
            paired: false,
            base_rounds: 10,
            rounds: 10,
        }
    }

    #[test]
    fn a_cell_fails_where_its_interval_lies_beyond_the_limit() {
        let across = Across {
            by: "record".to_owned(),
            sides: vec!["a".to_owned(), "b".to_owned()],
            effect: 0.01,
            cells: vec![
                cell("beyond", Some((1.051, 1.2))),
                cell("at", Some((0.9, 1.05))),
                cell("across", Some((1.04, 1.06))),
                cell("unknown", None),
            ],
            means: Vec::new(),
            between: Vec::new(),
            unmatched: Vec::new(),
            missing: Vec::new(),
            disagreements: Vec::new(),
            results_equal: 0,
            results_compared: 0,
            differences: Vec::new(),
        };
        let missing = Across {
            cells: Vec::new(),
            missing: vec!["a/none".to_owned()],
            ..across.clone()
        };
        let stopped = |it: &Gate| (it.fails(false), it.fails(true));
        assert_eq!(stopped(&super::gate(&missing, 0.05)), (false, true));
        let wrong = Across {
            missing: Vec::new(),
            disagreements: vec!["a/none".to_owned()],
            ..missing
        };
        assert_eq!(stopped(&super::gate(&wrong, 0.05)), (true, true));
        let gate = gate(&across, 0.05);
        assert_eq!(stopped(&gate), (true, true));
        let names =
            |cells: &[SideComparison]| cells.iter().map(SideComparison::name).collect::<Vec<_>>();
        assert_eq!(names(&gate.slower), ["beyond/none"]);
        assert_eq!(names(&gate.inconclusive), ["across/none", "unknown/none"]);
    }
}
