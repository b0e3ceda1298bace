//! The rounds of a run: every cell once per round, in a shuffled order, each iteration kept before the next begins.

use std::time::Instant;

use super::journaled::Journaled;
use super::{CellPlan, Event, Observer, Opened, RunError};
use crate::config::Config;
use crate::dataset::Cancel;
use crate::measure::{
    Cell, MeasureError, Probe, Verified, evaluate, offset_ns, order, unknown_cache,
};
use crate::record::{Event as Entry, Iteration, Kind, Lane, Status};

/// All rounds, warm-ups first. Every iteration is in the journal before the next one begins.
pub(crate) async fn measure(
    config: &Config,
    opened: Opened,
    journal: &mut Journaled,
    cancel: &Cancel,
    observer: &dyn Observer,
) -> Result<(), RunError> {
    let started = Instant::now();
    for dataset in opened.datasets {
        journal.append(Entry::Dataset {
            dataset: Box::new(dataset),
        })?;
    }
    let mut cells = opened.cells;
    for cell in &cells {
        journal.append(Entry::Cell {
            cell: Box::new(cell.record.clone()),
        })?;
    }
    let schedule = &config.measure;
    let rounds = (0..schedule.warmup)
        .map(|round| (Kind::Warmup, round))
        .chain((0..schedule.rounds).map(|round| (Kind::Measured, round)));
    let total = cells.len() * (schedule.warmup + schedule.rounds) as usize;
    let mut done = 0;
    let mut warned_of_residency = false;
    for (kind, round) in rounds {
        for (position, index) in order(cells.len(), schedule.seed, kind, round)
            .into_iter()
            .enumerate()
        {
            let plan = &mut cells[index];
            let CellPlan {
                record,
                cell,
                verified,
                variant,
                ..
            } = plan;
            let shown_variant = variant.as_deref().unwrap_or(&record.variant_name);
            observer.event(Event::Measuring {
                done,
                total,
                kind,
                round,
                scenario: &record.scenario,
                variant: shown_variant,
            });
            let probe = Probe {
                kind,
                round,
                position: u32::try_from(position).unwrap_or(u32::MAX),
                started_offset_ns: offset_ns(started),
                arrow_bytes: verified.as_ref().map_or(0, |verified| verified.arrow_bytes),
            };
            let measured = tokio::select! {
                // An iteration that has come to its end is kept, also when the request to stop came with it.
                biased;
                measured = iterate(cell, verified, probe) => measured,
                () = cancel.cancelled() => return Err(RunError::Interrupted),
            };
            let (iteration, first) = match measured {
                Ok(measured) => measured,
                Err(source) => {
                    let iteration = Box::new(failed(&probe, &source));
                    journal.append(Entry::Iteration {
                        cell: record.id.clone(),
                        iteration,
                    })?;
                    let source = tokio::select! {
                        located = cell.locate(source) => located,
                        () = cancel.cancelled() => return Err(RunError::Interrupted),
                    };
                    return Err(RunError::Measure {
                        scenario: record.scenario.clone(),
                        variant: variant.clone(),
                        source,
                    });
                }
            };
            if iteration.cache.resident_ratio_before.is_none() && !warned_of_residency {
                warned_of_residency = true;
                let text = "this user may not ask which pages of the files are resident, so that a warm cache is \
                            established but not attested";
                observer.event(Event::Warning(text));
                journal.append(Entry::Warning {
                    text: text.to_owned(),
                })?;
            }
            journal.append(Entry::Iteration {
                cell: record.id.clone(),
                iteration: Box::new(iteration),
            })?;
            if first && let Some(verified) = &plan.verified {
                let expectations = evaluate(&plan.cell.scenario, &verified.observed, |key| {
                    plan.setting(key)
                });
                let cell = plan.record.id.clone();
                journal.append(Entry::Expectations { cell, expectations })?;
            }
            done += 1;
            observer.event(Event::Measured { done, total });
        }
    }
    Ok(())
}

/// One iteration. A cell's first one is followed by an untimed execution that counts and checksums the result; the second
/// value says whether this was it.
async fn iterate(
    cell: &mut Cell,
    verified: &mut Option<Verified>,
    probe: Probe,
) -> Result<(Iteration, bool), MeasureError> {
    let mut iteration = cell.iterate(probe).await?;
    let first = verified.is_none();
    if first {
        let found = cell.verify().await?;
        iteration.checksum = Some(found.checksum.clone());
        iteration.arrow_bytes = found.arrow_bytes;
        *verified = Some(found);
    }
    if let Some(verified) = verified
        && verified.rows != iteration.rows
        && cell.scenario.nondeterministic.is_none()
    {
        return Err(MeasureError::defect(format!(
            "one execution gave {} rows, another {}",
            verified.rows, iteration.rows
        )));
    }
    Ok((iteration, first))
}

/// The iteration that an error ended, without figures.
fn failed(probe: &Probe, error: &MeasureError) -> Iteration {
    Iteration {
        lane: Lane::EndToEnd,
        round: probe.round,
        position: probe.position,
        started_offset_ns: probe.started_offset_ns,
        kind: probe.kind,
        status: Status::Failed,
        reason: Some(error.to_string()),
        elapsed_ns: 0,
        planning_ns: 0,
        first_batch_ns: None,
        executions: 0,
        cpu_user_ns: 0,
        cpu_system_ns: 0,
        rows: 0,
        arrow_bytes: 0,
        checksum: None,
        engine_ranges: 0,
        engine_data_bytes: 0,
        engine_metadata_bytes: 0,
        requests: 0,
        requested_bytes: 0,
        device_read_bytes: None,
        cache: unknown_cache(),
        scan_partitions: 0,
        scans: Vec::new(),
    }
}
