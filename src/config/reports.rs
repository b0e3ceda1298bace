//! The problems of a config, each with the place where it was typed.

use super::error::{PlacedProblem, Problem};
use super::input::Source;
use super::origins::{TypedPlace, place};
use super::wrapper::WRAPPER;

/// Collects problems, with their places, as they are found.
pub(super) struct Reports<'a> {
    pub(super) source: &'a Source,
    /// True if the file has everything below the top key `workload`.
    pub(super) wrapped: bool,
    pub(super) placed: Vec<PlacedProblem>,
}

impl Reports<'_> {
    pub(super) fn add(&mut self, mut problem: Problem, typed: &TypedPlace) {
        let typed = match typed {
            TypedPlace::File(place) if self.wrapped => {
                problem.path = problem.path.within(WRAPPER);
                TypedPlace::File(place.within(WRAPPER))
            }
            other => other.clone(),
        };
        self.placed
            .push(place(problem, &typed, self.source, self.placed.len()));
    }
}
