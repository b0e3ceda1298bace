//! The events of a run, in their order, and the record that they add up to.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::cell::{CellRecord, ExpectationResult};
use super::dataset::DatasetRecord;
use super::iteration::Iteration;
use super::profile::RequestProfile;
use super::run::{EndOfRounds, RunRecord};
use super::training::{AcceleratorSearch, EpochRecord, TrainingRecord};
use super::worker::WorkerRecord;

/// A line of the journal, in the order of events. A record is the sum of the lines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// First line: the record without datasets and cells.
    Started {
        record: Box<RunRecord>,
    },
    Dataset {
        dataset: Box<DatasetRecord>,
    },
    Worker {
        worker: Box<WorkerRecord>,
    },
    /// A worker without which the run goes on.
    WorkerLost {
        url: String,
        reason: String,
    },
    /// A cell before its first iteration.
    Cell {
        cell: Box<CellRecord>,
    },
    Iteration {
        cell: String,
        iteration: Box<Iteration>,
    },
    Expectations {
        cell: String,
        expectations: Vec<ExpectationResult>,
    },
    Warning {
        text: String,
    },
    /// Memory of a process that did nothing but execute a cell's query.
    Memory {
        cell: String,
        peak_memory_bytes: u64,
        base_memory_bytes: u64,
    },
    /// Requests of a cell to its store, with their times.
    Profile {
        cell: String,
        profile: RequestProfile,
    },
    Stopped {
        stopped: EndOfRounds,
    },
    /// A training loop before its first epoch.
    Training {
        training: Box<TrainingRecord>,
    },
    Epoch {
        epoch: Box<EpochRecord>,
    },
    Search {
        search: AcceleratorSearch,
    },
    /// Last line of a run that came to its end.
    Finished,
}

/// Reason why an event cannot follow the ones before it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ApplyError {
    #[error("the run has already started")]
    StartedTwice,
    #[error("a journal begins with the event `started`")]
    NotStarted,
    #[error("there already is a cell {0:?}")]
    DuplicateCell(String),
    #[error("an epoch comes before the loop that it belongs to")]
    NoTraining,
    #[error("there is no worker {0:?}")]
    UnknownWorker(String),
    #[error("there is no cell {0:?}")]
    UnknownCell(String),
}

impl RunRecord {
    /// Adds an event. The live run and the reader of its journal both build their record by this
    /// function alone.
    pub fn apply(&mut self, event: Event) -> Result<(), ApplyError> {
        match event {
            Event::Started { .. } => return Err(ApplyError::StartedTwice),
            Event::Dataset { dataset } => self.datasets.push(*dataset),
            Event::Worker { worker } => self.workers.push(*worker),
            Event::WorkerLost { url, reason } => {
                let lost = self.workers.iter_mut().find(|worker| worker.url == url);
                lost.ok_or(ApplyError::UnknownWorker(url))?.lost = Some(reason);
            }
            Event::Cell { cell } => {
                if self.cells.iter().any(|known| known.id == cell.id) {
                    return Err(ApplyError::DuplicateCell(cell.id));
                }
                self.cells.push(*cell);
            }
            Event::Iteration { cell, iteration } => {
                self.cell_mut(cell)?.iterations.push(*iteration)
            }
            Event::Expectations { cell, expectations } => {
                self.cell_mut(cell)?.expectations.extend(expectations)
            }
            Event::Warning { text } => self.warnings.push(text),
            Event::Memory {
                cell,
                peak_memory_bytes,
                base_memory_bytes,
            } => {
                let cell = self.cell_mut(cell)?;
                cell.peak_memory_bytes = Some(peak_memory_bytes);
                cell.base_memory_bytes = Some(base_memory_bytes);
            }
            Event::Profile { cell, profile } => self.cell_mut(cell)?.profile = Some(profile),
            Event::Stopped { stopped } => self.stopped = Some(stopped),
            Event::Training { training } => self.training = Some(*training),
            Event::Epoch { epoch } => self.training_mut()?.epochs.push(*epoch),
            Event::Search { search } => self.training_mut()?.search = Some(search),
            Event::Finished => self.complete = true,
        }
        Ok(())
    }

    fn training_mut(&mut self) -> Result<&mut TrainingRecord, ApplyError> {
        self.training.as_mut().ok_or(ApplyError::NoTraining)
    }

    fn cell_mut(&mut self, id: String) -> Result<&mut CellRecord, ApplyError> {
        self.cells
            .iter_mut()
            .find(|cell| cell.id == id)
            .ok_or(ApplyError::UnknownCell(id))
    }
}
