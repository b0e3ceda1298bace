//! Scenarios of a record as a report shows them: each cell with everything that belongs to it.

use crate::analysis::{DifferentContent, Disagreement, different_content, disagreements};
use crate::record::{
    CacheState, Ceilings, CellRecord, Comparison, Iteration, Kind, Lane, Noise, RunRecord, Status,
    Summary,
};

use super::text;

/// The cells of one scenario, the baseline first.
pub(super) struct Scenario<'a> {
    pub(super) name: &'a str,
    pub(super) description: Option<&'a str>,
    pub(super) cells: Vec<Cell<'a>>,
    /// The baseline measured once or twice more, which shows the effect of noise.
    pub(super) controls: Vec<Cell<'a>>,
    pub(super) disagreements: Vec<Disagreement>,
    pub(super) different_content: Option<DifferentContent>,
}

/// A cell with everything that belongs to it elsewhere in the record.
pub(super) struct Cell<'a> {
    pub(super) record: &'a CellRecord,
    pub(super) summary: Option<&'a Summary>,
    /// Comparison with the baseline. Absent for the baseline itself.
    pub(super) comparison: Option<&'a Comparison>,
    /// Comparison of the control with the baseline. Absent for any other cell.
    pub(super) noise: Option<&'a Noise>,
    pub(super) ceilings: Option<&'a Ceilings>,
    /// Comparisons with the baseline in the other lanes.
    pub(super) of_lanes: Vec<&'a Comparison>,
    /// Lane whose result the report shows.
    pub(super) lane: Lane,
    /// Bytes of the files of the tables that the cell scans. Absent if they are unknown.
    pub(super) file_bytes: Option<u64>,
}

/// Scenarios of a record in the order of their first cells.
pub(super) fn scenarios(record: &RunRecord) -> Vec<Scenario<'_>> {
    let disagreements = disagreements(record);
    let lane = lane(record);
    let mut scenarios: Vec<Scenario> = Vec::new();
    for cell in &record.cells {
        let shown = Cell::of(record, cell, lane);
        match scenarios
            .iter_mut()
            .find(|scenario| scenario.name == cell.scenario)
        {
            Some(scenario) if cell.control.is_some() => scenario.controls.push(shown),
            Some(scenario) => scenario.cells.push(shown),
            None => scenarios.push(Scenario {
                name: &cell.scenario,
                description: cell.description.as_deref(),
                cells: vec![shown],
                controls: Vec::new(),
                disagreements: disagreements
                    .iter()
                    .filter(|it| it.scenario == cell.scenario)
                    .cloned()
                    .collect(),
                different_content: different_content(record, &cell.scenario),
            }),
        }
    }
    scenarios
}

/// Lane whose result the report shows: `end_to_end` if it was measured, or else the first lane that
/// was.
fn lane(record: &RunRecord) -> Lane {
    let iterations = record.cells.iter().flat_map(|cell| &cell.iterations);
    let first = iterations.map(|iteration| iteration.lane).min();
    first.unwrap_or(Lane::EndToEnd)
}

impl<'a> Scenario<'a> {
    /// Returns true if a cell was measured in several lanes.
    pub(super) fn has_lanes(&self) -> bool {
        let mut cells = self.cells.iter();
        cells.any(|cell| cell.record.summary.len() > 1)
    }

    /// Lane whose result the report shows.
    pub(super) fn lane(&self) -> Lane {
        self.cells.first().map_or(Lane::EndToEnd, |cell| cell.lane)
    }

    /// Returns true if a cell was read cold, or past the page cache.
    pub(super) fn past_the_cache(&self) -> bool {
        let mut counted = self.cells.iter().flat_map(Cell::counted);
        counted.any(|it| {
            matches!(
                it.figures.cache.state,
                CacheState::Cold | CacheState::Direct | CacheState::Remote
            )
        })
    }

    pub(super) fn baseline(&self) -> Option<&Cell<'a>> {
        self.cells.first()
    }

    /// Returns true if all variants are known to have given the same results.
    pub(super) fn results_are_equal(&self) -> bool {
        self.disagreements.is_empty() && self.different_content.is_none()
    }

    /// Returns true if times of different results stand beside each other.
    pub(super) fn results_differ(&self) -> bool {
        let different = self.different_content.as_ref();
        !self.disagreements.is_empty() || different.is_some_and(|it| it.results_differ)
    }
}

impl<'a> Cell<'a> {
    fn of(record: &'a RunRecord, cell: &'a CellRecord, lane: Lane) -> Self {
        let compared = || {
            let comparisons = record.comparisons.iter();
            comparisons.filter(|it| it.candidate == cell.id)
        };
        let noise = record.noise.iter().filter(|_| cell.control.is_some());
        Self {
            record: cell,
            summary: cell.summary.get(&lane),
            comparison: compared().find(|it| it.lane == lane),
            noise: noise
                .filter(|it| it.scenario == cell.scenario && it.lane == lane)
                .find(|it| it.cell.as_ref().is_none_or(|id| *id == cell.id)),
            ceilings: record.ceilings.iter().find(|it| it.cell == cell.id),
            of_lanes: compared().filter(|it| it.lane != lane).collect(),
            lane,
            file_bytes: (cell.file_bytes > 0).then_some(cell.file_bytes),
        }
    }

    pub(super) fn name(&self) -> String {
        text::name(&self.record.variant_name)
    }

    /// Name for use within a sentence.
    pub(super) fn quoted(&self) -> String {
        text::quoted(&self.record.variant_name)
    }

    /// Measured iterations of the lane that is shown, whatever became of them.
    pub(super) fn measured(&self) -> impl Iterator<Item = &'a Iteration> {
        self.record
            .iterations
            .iter()
            .filter(|it| it.lane == self.lane && it.kind == Kind::Measured)
    }

    /// Measured iterations that the summary rests on.
    pub(super) fn counted(&self) -> impl Iterator<Item = &'a Iteration> {
        self.measured().filter(|it| it.status == Status::Ok)
    }

    /// File size over the baseline's.
    pub(super) fn size_ratio(&self, baseline: &Cell) -> Option<f64> {
        Some(self.file_bytes? as f64 / baseline.file_bytes? as f64)
    }
}
