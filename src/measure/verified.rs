//! Counts and checksums a query's result, and locates files that cannot be read.

use std::sync::Arc;

use parking_lot::Mutex;
use url::Url;

use super::cell::Cell;
use super::error::{Cause, MeasureError};
use super::execute::execute;
use super::expectation::CellBehaviour;
use super::measurement::Measurement;
use super::scans::{reads, row_groups_kept};
use crate::cluster::{TableScans, WorkerReport};
use crate::config::HeldAgainst;
use crate::digest::ResultDigest;
use crate::engine::{
    ENGINE_FAILED, PlannedScan, drains_its_scans, has_aggregation, has_unordered_limit,
    physical_scans, plan, plan_text,
};
use crate::files::first_damage_of;
use crate::record::Checksum;
use crate::storage::ByteSource;
use crate::table::OpenTable;

/// Counts and checksum of a query's result.
#[derive(Debug)]
pub struct VerifiedResult {
    pub rows: u64,
    pub arrow_bytes: u64,
    pub checksum: Checksum,
    /// True if a limit without an order leaves open which rows it gives.
    is_any_of_several: bool,
    /// True once an iteration of the record has the checksum.
    pub is_kept: bool,
    pub observed: CellBehaviour,
}

impl Cell {
    /// Executes the query untimed, and counts and checksums the result. If workers execute it, this
    /// process does so as well, and the results must be the same: that rows arrived is no proof
    /// that none are missing.
    pub async fn verify(&self) -> Result<VerifiedResult, MeasureError> {
        let verified = self
            .verified(&self.measurement(&ByteSource::Store)?)
            .await?;
        if self.deployment.is_some() && self.reader.held_against == HeldAgainst::OneHost {
            let here = self.measurement_here(&ByteSource::Store)?;
            let here = self.verified(&here).await?;
            let same = here.checksum.agrees_with(&verified.checksum) || here.is_any_of_several;
            if self.scenario.nondeterministic.is_none() && (here.rows != verified.rows || !same) {
                return Err(MeasureError::defect(format!(
                    "workers gave another result than this process: {} rows, checksum {}, in place of {} rows, checksum {}; where equal content may \
                     give other rows, as random numbers do, a line `-- nondeterministic: REASON` in the SQL says so",
                    verified.rows, verified.checksum.exact, here.rows, here.checksum.exact
                )));
            }
        }
        Ok(verified)
    }

    async fn verified(&self, measurement: &Measurement) -> Result<VerifiedResult, MeasureError> {
        let observing = match &measurement.exchange {
            None => None,
            Some(_) => Some(self.watch(&ByteSource::Store, measurement).await?),
        };
        let planned = plan(&measurement.context, &self.scenario.sql).await?;
        let approximate = has_aggregation(&planned.physical);
        let digest = Arc::new(Mutex::new(ResultDigest::new(
            &planned.physical.schema(),
            approximate,
        )));
        let task = measurement.context.task_ctx();
        let execution = execute(&planned.physical, &task, Some(&digest));
        let found = match &measurement.exchange {
            None => execution.await,
            Some(exchange) => exchange.execution(execution).await?,
        };
        let found = found.map_err(|error| MeasureError::execution(&error))?;
        let reports = match observing {
            None => Vec::new(),
            Some(mut observing) => {
                let start = observing.start();
                observing.stop(&start, found.elapsed, 1);
                observing.end().await?.reports
            }
        };
        let scans = physical_scans(&planned.physical);
        if measurement.exchange.is_some()
            && self.reader.held_against == HeldAgainst::Footers
            && drains_its_scans(&planned.physical)
        {
            self.hold_against_footers(&scans, &reports)?;
        }
        let columns = scans
            .iter()
            .flat_map(|scan| scan.columns.iter().cloned())
            .collect();
        let row_groups_kept = self
            .scans(&planned.physical, &reports, &measurement.ledger)
            .0
            .iter()
            .map(|scan| row_groups_kept(&scan.metrics))
            .sum();
        // A table that is scanned twice counts twice, as it does in the metrics.
        let scans_of =
            |table: &OpenTable| scans.iter().filter(|scan| reads(scan, table)).count() as u64;
        let observed = CellBehaviour {
            columns,
            rows: found.rows,
            row_groups_kept,
            row_groups: self
                .tables
                .iter()
                .map(|table| table.row_groups * scans_of(table).max(1))
                .sum(),
            plan: plan_text(&planned.physical),
        };
        let digest = Arc::into_inner(digest).ok_or_else(|| {
            MeasureError::defect("a partition was still running after the last batch".to_owned())
        })?;
        let digest = digest.into_inner();
        let arrow_bytes = digest.arrow_bytes();
        Ok(VerifiedResult {
            is_any_of_several: has_unordered_limit(&planned.physical),
            is_kept: false,
            rows: found.rows,
            arrow_bytes,
            checksum: digest.finish(),
            observed,
        })
    }

    /// Holds the rows that workers' scans of each table have output against those that footers
    /// state, as far as these say.
    fn hold_against_footers(
        &self,
        scans: &[PlannedScan],
        reports: &[(Url, WorkerReport)],
    ) -> Result<(), MeasureError> {
        for table in &self.tables {
            let of_table = scans.iter().filter(|scan| reads(scan, table));
            let Some(stated) = of_table.map(|scan| scan.rows).sum::<Option<u64>>() else {
                continue;
            };
            let of_workers = reports.iter().flat_map(|(_, report)| &report.scans);
            all_rows(&table.name, stated, of_workers).map_err(MeasureError::defect)?;
        }
        Ok(())
    }

    /// Adds the file and the row group that cannot be read to an error, if there is one. It only
    /// looks for them if reading may have caused the error, or the engine considers it its own
    /// fault.
    pub async fn locate(&self, error: MeasureError) -> MeasureError {
        let MeasureError::Execution { message, cause } = error else {
            return error;
        };
        if self.deployment.is_some() {
            // It names a worker, which alone has read its files.
            return MeasureError::Execution { message, cause };
        }
        let reads = matches!(cause, Cause::Reading | Cause::Decoding);
        if !reads && !message.starts_with(ENGINE_FAILED) {
            return MeasureError::Execution { message, cause };
        }
        let files = self.places();
        let named = match files.as_slice() {
            [] => return MeasureError::reading(message),
            [only] => only.to_string(),
            [first, others @ ..] => {
                format!("{first} or one of {} more files", others.len())
            }
        };
        // The measured store is not used here: it may be slow, and counts its reads.
        match first_damage_of(files).await {
            Some(damage) => MeasureError::Execution {
                message: damage,
                cause: Cause::BadInput,
            },
            None => MeasureError::Execution {
                message: format!("{named}: {message}{}", self.doubted()),
                cause: match cause {
                    Cause::Decoding => Cause::BadInput,
                    other => other,
                },
            },
        }
    }

    /// Names a column whose statistics cannot be trusted, as the end of a message. Empty if there
    /// is none.
    fn doubted(&self) -> String {
        let doubt = self
            .tables
            .iter()
            .find_map(|table| Some((table, table.doubts.first_key_value()?)));
        doubt.map_or_else(String::new, |(table, (column, reason))| {
            format!("; table `{}`: column `{column}`: {reason}", table.name)
        })
    }
}

/// Checks that the scans of a table have output as many rows as footers state. The error says how
/// many they have.
fn all_rows<'a>(
    table: &str,
    stated: u64,
    of_workers: impl Iterator<Item = &'a TableScans>,
) -> Result<(), String> {
    let of_table = of_workers.filter(|scans| scans.table == table);
    let output: u64 = of_table
        .filter_map(|scans| scans.metrics.get("output_rows"))
        .sum();
    match output == stated {
        true => Ok(()),
        false => Err(format!(
            "workers read {output} rows of table `{table}`, of which footers state {stated}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn rows_that_a_worker_left_out_are_missed() {
        let scans = |table: &str, rows: u64| TableScans {
            table: table.to_owned(),
            metrics: BTreeMap::from([("output_rows".to_owned(), rows)]),
            partition_rows: Vec::new(),
        };
        let reports = [scans("t", 60), scans("other", 7), scans("t", 39)];
        assert_eq!(all_rows("t", 99, reports.iter()), Ok(()));
        let error = all_rows("t", 100, reports.iter()).err();
        assert_eq!(
            error.as_deref(),
            Some("workers read 99 rows of table `t`, of which footers state 100")
        );
        assert!(all_rows("u", 1, reports.iter()).is_err());
    }
}
