//! An observation of executions, in this process or on workers.

use std::time::Duration;

use url::Url;

use super::error::MeasureError;
use super::measurement::Measurement;
use crate::cluster::WorkerReport;
use crate::observe::{ExecutionStart, Observation, Watch};
use crate::record::{Cache, WorkerFigures};

/// An observation of executions, in this process or on workers.
pub struct Observing<'a> {
    watch: Watch,
    measurement: &'a Measurement,
    /// Executions, and their time, since workers last brought their caches into their state.
    since: (u32, Duration),
    /// Queries so far: executions, by the streams of each.
    queries: u32,
}

/// Figures of observed executions, and the reports of workers in their order.
pub struct Observed {
    pub observation: Observation,
    pub reports: Vec<(Url, WorkerReport)>,
}

impl<'a> Observing<'a> {
    pub(super) fn new(watch: Watch, measurement: &'a Measurement) -> Self {
        Observing {
            watch,
            measurement,
            since: (0, Duration::ZERO),
            queries: 0,
        }
    }

    /// Brings the caches into their state once more, for the next execution.
    ///
    /// # Errors
    ///
    /// A worker that cannot.
    pub async fn prepare(&mut self) -> Result<(), MeasureError> {
        let prepared = self.watch.prepare().await;
        prepared.map_err(|error| MeasureError::defect(error.to_string()))?;
        if let Some(exchange) = &self.measurement.exchange {
            let (executions, elapsed) = std::mem::take(&mut self.since);
            exchange.prepare(executions, elapsed).await?;
        }
        Ok(())
    }

    /// Begins an execution.
    pub fn start(&self) -> ExecutionStart {
        self.watch.start()
    }

    /// Ends an execution of so many streams, which took `elapsed`.
    pub fn stop(&mut self, start: &ExecutionStart, elapsed: Duration, streams: u32) {
        self.watch.stop(start, elapsed);
        self.since.0 += 1;
        self.since.1 += elapsed;
        self.queries += streams;
    }

    /// Ends the observation. Figures of workers are added to those of this process.
    ///
    /// # Errors
    ///
    /// A worker that is lost, or that may have left out rows.
    pub async fn end(self) -> Result<Observed, MeasureError> {
        let executions = u64::from(self.watch.executions().max(1));
        let Some(exchange) = &self.measurement.exchange else {
            return Ok(Observed {
                observation: self.watch.end(),
                reports: Vec::new(),
            });
        };
        let (since, elapsed) = self.since;
        let ledger = &self.measurement.ledger;
        let reports = exchange.end(since, elapsed, self.queries, ledger).await?;
        let mut observation = self.watch.end();
        let figures = &mut observation.figures;
        figures.exchanged_bytes = Some(exchange.received_bytes() / executions);
        for (url, report) in &reports {
            figures.add_worker(&report.figures);
            if let Some(reason) = &report.void {
                let said = format!("worker {url}: {reason}");
                observation.void.get_or_insert(said);
            }
        }
        // A worker without files has nothing to attest.
        let with_files = reports.iter().filter(|(_, report)| report.files > 0);
        let caches = with_files.map(|(_, report)| &report.figures.cache);
        if let Some(cache) = Cache::of_all(caches) {
            figures.cache = cache;
        }
        Ok(Observed {
            observation,
            reports,
        })
    }
}

impl Observed {
    /// Shares of the workers, as records keep them.
    pub(super) fn workers(&self) -> Vec<WorkerFigures> {
        let shares = self.reports.iter().map(|(url, report)| {
            let metric = |name: &str| {
                let scans = report.scans.iter();
                scans.filter_map(|scan| scan.metrics.get(name)).sum()
            };
            WorkerFigures {
                worker: url.to_string(),
                figures: report.figures.clone(),
                files: report.files,
                busy_ns: report.busy_ns,
                resident_peak_bytes: report.resident_peak_bytes,
                bytes_scanned: metric("bytes_scanned"),
                scan_rows: metric("output_rows"),
            }
        });
        shares.collect()
    }
}
