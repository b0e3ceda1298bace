//! A run record that is journaled as it grows.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::SystemTime;

use chrono::{DateTime, SecondsFormat, Utc};

use super::error::{Failure, SessionError};
use super::event::{Event as Shown, Observer};
use super::warning::Warning;
use crate::config::Config;
use crate::record::{ANALYSIS_VERSION, Event, Journal, RunRecord, SCHEMA_VERSION, System};

pub(crate) struct RunJournal {
    journal: Journal,
    record: RunRecord,
}

impl RunJournal {
    /// Begins the journal of a new run.
    pub(crate) fn start(
        config: &Config,
        results: &Path,
        labels: &BTreeMap<String, String>,
        command_line: &[String],
        system: System,
    ) -> Result<Self, Failure> {
        let (started_at, second) = timestamps(SystemTime::now());
        let random = getrandom::u32().unwrap_or_else(|_| std::process::id());
        let record = RunRecord {
            schema_version: SCHEMA_VERSION,
            run_id: format!("{second}-{random:08x}"),
            started_at,
            command_line: command_line.to_vec(),
            labels: labels.clone(),
            seed: config.measure.seed,
            versions: crate::observe::versions(),
            system,
            config: config.resolved.clone(),
            warnings: Vec::new(),
            complete: false,
            datasets: Vec::new(),
            cells: Vec::new(),
            workers: Vec::new(),
            training: None,
            effect: config.measure.effect,
            analysis_version: ANALYSIS_VERSION,
            stopped: None,
            comparisons: Vec::new(),
            noise: Vec::new(),
            lane_noise: Vec::new(),
            ceilings: Vec::new(),
            scaling: Vec::new(),
            findings: Vec::new(),
            overall: Vec::new(),
            standings: Vec::new(),
            rankings: Vec::new(),
            break_even: Vec::new(),
            prediction_checks: Vec::new(),
            confidence: None,
            conclusions: Vec::new(),
        };
        let mut journal = Journal::create(results, &record.run_id)?;
        journal.append(&Event::Started {
            record: Box::new(record.clone()),
        })?;
        Ok(RunJournal { journal, record })
    }

    /// Appends an event to the journal, then to the record.
    pub(crate) fn append(&mut self, event: Event) -> Result<(), Failure> {
        self.journal.append(&event)?;
        let applied = self.record.apply(event);
        Ok(applied.map_err(|error| SessionError::Internal(error.to_string()))?)
    }

    /// Shows a warning and records it.
    pub(crate) fn warn(
        &mut self,
        observer: &dyn Observer,
        warning: &Warning,
    ) -> Result<(), Failure> {
        observer.event(Shown::Warning(warning));
        self.append(Event::Warning {
            text: warning.to_string(),
        })
    }

    pub(crate) fn record(&self) -> &RunRecord {
        &self.record
    }

    pub(crate) fn path(&self) -> &Path {
        self.journal.path()
    }

    /// Ends the journal. Returns the record even if the journal's end could not be written.
    pub(crate) fn finish(mut self, complete: bool) -> (RunRecord, Result<(), Failure>) {
        let ended = if complete {
            self.append(Event::Finished)
        } else {
            Ok(())
        };
        (self.record, ended)
    }
}

/// Formats a time as records have it.
pub(crate) fn rfc3339(time: SystemTime) -> String {
    timestamps(time).0
}

/// Formats a time as records have it, and to the second as the beginning of a run's id. `Utc::now`
/// would panic if the clock is before 1970.
fn timestamps(time: SystemTime) -> (String, String) {
    let time = DateTime::<Utc>::from(time);
    (
        time.to_rfc3339_opts(SecondsFormat::Millis, true),
        time.format("%Y%m%dT%H%M%SZ").to_string(),
    )
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn a_clock_before_1970_gives_timestamps_as_any_other() {
        let of = |(full, second): (&str, &str)| (full.to_owned(), second.to_owned());
        let after = UNIX_EPOCH + Duration::from_millis(86_400_500);
        assert_eq!(
            timestamps(after),
            of(("1970-01-02T00:00:00.500Z", "19700102T000000Z"))
        );
        let before = UNIX_EPOCH - Duration::from_millis(500);
        assert_eq!(
            timestamps(before),
            of(("1969-12-31T23:59:59.500Z", "19691231T235959Z"))
        );
    }
}
