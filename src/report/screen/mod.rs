//! The first screen: the answer, how sure it is, the costs of each variant, and what would change
//! the answer. Every form of a report for people shows it.

mod bound;
mod changes;
mod costs;
mod matrix;
mod noise;
mod reads;
mod result;
mod so_far;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

pub use so_far::so_far;

use crate::recipe::dataset_of;
use crate::record::{ConclusionKind, Preference, RunRecord};

use super::requests;
use super::scenario::Scenario;
use super::table::Table;
use super::{text, workers};

/// Content of the first screen. Invisible characters in its text are shown as codes (see `text`).
pub(super) struct Screen {
    pub(super) statements: Vec<Statement>,
    /// A row per variant, or a row per scenario if there is only one variant.
    pub(super) costs: Option<Table>,
    /// Difference of equals.
    pub(super) noise: Option<String>,
    /// Ratios of times: a row per scenario, a column per variant but the baseline.
    pub(super) matrix: Option<Table>,
    /// Meanings of the marks in both tables that need one.
    pub(super) doubts: Option<String>,
    pub(super) changes: Option<Statement>,
    /// Call of PyArrow that writes the layout of the recommended variant.
    pub(super) recipe: Option<Statement>,
}

/// Sentences under one label.
pub(super) struct Statement {
    pub(super) label: &'static str,
    pub(super) sentences: Vec<String>,
}

impl Statement {
    fn some(label: &'static str, sentences: Vec<String>) -> Option<Self> {
        (!sentences.is_empty()).then_some(Statement { label, sentences })
    }
}

impl Screen {
    pub(super) fn of(record: &RunRecord, scenarios: &[Scenario], prefer: Preference) -> Self {
        let statements = [
            Statement::some("RESULT", result::sentences(record, scenarios, prefer)),
            Statement::some("CONFIDENCE", confidence(record)),
            Statement::some("BOUND BY", bound::sentences(scenarios)),
            Statement::some("REQUESTS", requests::sentences(scenarios)),
            Statement::some("WORKERS", workers::sentences(record)),
        ];
        let matrix = matrix::matrix(scenarios);
        Screen {
            statements: statements.into_iter().flatten().collect(),
            costs: costs::costs(record, scenarios),
            noise: noise::sentence(record),
            doubts: matrix::doubts(scenarios),
            matrix,
            changes: Statement::some("CHANGES IF", changes::sentences(record, prefer)),
            recipe: Statement::some("RECIPE", recipe(record, prefer).into_iter().collect()),
        }
    }
}

/// Call of PyArrow that writes the layout of the recommended variant. `None` if there is
/// no such variant, or its layout is not known.
fn recipe(record: &RunRecord, prefer: Preference) -> Option<String> {
    let mut conclusions = record.conclusions.iter();
    let conclusion = conclusions.find(|it| it.prefer == prefer)?;
    let is_one = conclusion.kind == ConclusionKind::Recommended;
    let variant = conclusion.variant.as_ref().filter(|_| is_one)?;
    // How to write files is no answer where all variants read the same ones.
    let of_variants = record.cells.iter().filter(|it| it.control.is_none());
    let mut datasets = of_variants.map(|it| &it.dataset);
    let first = datasets.next()?;
    if datasets.all(|it| it == first) && record.standings.len() > 1 {
        return None;
    }
    crate::recipe::short(dataset_of(record, variant)?).map(|call| text::visible(&call))
}

/// Level of confidence with its reasons, and advice on how to raise it.
fn confidence(record: &RunRecord) -> Vec<String> {
    let Some(found) = &record.confidence else {
        return Vec::new();
    };
    let joined = |all: &[String]| {
        let shown: Vec<String> = all.iter().map(|it| text::passage(it)).collect();
        shown.join("; ")
    };
    let mut sentences = vec![format!(
        "{}: {}.",
        found.level.name(),
        joined(&found.reasons)
    )];
    if !found.advice.is_empty() {
        sentences.push(format!("To be surer: {}.", joined(&found.advice)));
    }
    sentences
}
