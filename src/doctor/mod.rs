//! Finds out what this host can measure: times a small scan against its own copy, and checks which
//! operations the storage of a folder allows on its files.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::analysis::control_log_ratios;
use crate::cancel::{Cancel, Interrupted};
use crate::config::{Config, Overrides, Source, load};
use crate::dataset::OwnedFolder;
use crate::observe::{HostUsage, build, device_read_bytes, system};
use crate::record::{Noise, RunRecord, System};
use crate::session::{Failure, SessionError};
use crate::statistics::{CONFIDENCE, detectable};
use crate::storage::{check_direct, evict, make_resident, may_attest, may_drop_caches, residency};

/// Rounds of the scan.
const ROUNDS: u32 = 30;

/// Numbers of rounds for which the detectable difference is estimated.
const FOR_ROUNDS: [usize; 3] = [10, 30, 100];

/// Findings about a host and a folder. Shares are between 0 and 1.
#[derive(Debug, Clone, Serialize)]
pub struct Doctor {
    pub folder: String,
    pub system: System,
    /// Smallest difference between two readings of the clock that is not 0. `clock_read_ns` is the
    /// duration of a reading.
    pub clock_step_ns: u64,
    pub clock_read_ns: f64,
    /// Share of a file's pages that are resident after reading it, and after evicting it. Absent if
    /// this user may not ask.
    pub resident_when_read: Option<f64>,
    pub resident_when_evicted: Option<f64>,
    /// Bytes that devices delivered per byte of an evicted file. Absent if the system does not
    /// count them.
    pub device_share_when_evicted: Option<f64>,
    /// Reason why files cannot be read directly, if they cannot.
    pub direct_error: Option<String>,
    pub may_drop_caches: bool,
    /// Median time of the scan.
    pub scan_ns: f64,
    /// Time of the scan of a copy, relative to that of the original.
    pub noise: Option<Noise>,
    /// Smallest difference that this many rounds would distinguish from none, as a share. It is
    /// estimated by resampling the scan's rounds.
    pub detectable: BTreeMap<usize, Option<f64>>,
    pub disturbances: Vec<String>,
}

/// Beginning of the names of temporary folders.
const WORKING_FOLDER: &str = "_bench.doctor.";

/// Examines a folder's storage and the host, in a temporary folder that is removed again. `run`
/// measures a config to its end, with its results in the folder that it is given.
pub fn doctor(
    folder: &Path,
    cancel: &Cancel,
    run: impl FnOnce(&Config, &Path) -> Result<RunRecord, Failure>,
) -> Result<Doctor, Failure> {
    let failed = |source: io::Error| SessionError::Io {
        path: folder.display().to_string(),
        source,
    };
    // Dropped after the folder, which must be removed before the process may end.
    let Some(_hold) = cancel.hold() else {
        return Err(Interrupted.into());
    };
    let within = OwnedFolder::create(folder, WORKING_FOLDER).map_err(failed)?;
    let host = HostUsage::now();
    let config = load(
        &Source {
            origin: "bench doctor".to_owned(),
            text: CONFIG.to_owned(),
            folder: None,
        },
        &Overrides {
            set: vec![
                format!(
                    "dataset.data_folder={}",
                    serde_json::Value::from(within.path().join("data").display().to_string())
                ),
                format!("measure.rounds={ROUNDS}"),
            ],
            ..Overrides::default()
        },
    );
    let config = config.map_err(|error| SessionError::Internal(error.to_string()))?;
    let record = run(&config, &within.path().join("results"))?;
    let disturbances = HostUsage::now().since(&host).warnings();
    let ratios = control_log_ratios(&record);
    let of_rounds = |rounds| {
        (
            rounds,
            detectable(&ratios, rounds, CONFIDENCE).map(f64::exp_m1),
        )
    };
    let baseline = record.cells.first();
    let summary = baseline.and_then(|cell| cell.summary.values().next());

    let file = within.path().join("file");
    let bytes = vec![7_u8; 32 << 20];
    std::fs::write(&file, &bytes).map_err(failed)?;
    let share = |file: &Path| match may_attest(file) {
        true => residency(file).map(|found| Some(found.ratio())),
        false => Ok(None),
    };
    evict(&file)
        .and_then(|()| make_resident(&file))
        .map_err(failed)?;
    let resident_when_read = share(&file).map_err(failed)?;
    evict(&file).map_err(failed)?;
    let resident_when_evicted = share(&file).map_err(failed)?;
    let before = device_read_bytes();
    make_resident(&file).map_err(failed)?;
    let delivered = before.zip(device_read_bytes());
    let (clock_step_ns, clock_read_ns) = clock();
    if cancel.is_cancelled() {
        return Err(Interrupted.into());
    }
    Ok(Doctor {
        folder: folder.display().to_string(),
        system: system(&[folder.to_path_buf()], build()),
        clock_step_ns,
        clock_read_ns,
        resident_when_read,
        resident_when_evicted,
        device_share_when_evicted: delivered
            .map(|(before, after)| after.saturating_sub(before) as f64 / bytes.len() as f64),
        direct_error: check_direct(&file).err().map(|error| error.to_string()),
        may_drop_caches: may_drop_caches(),
        scan_ns: summary.map_or(f64::NAN, |summary| summary.median_ns),
        noise: record.noise.first().cloned(),
        detectable: FOR_ROUNDS.into_iter().map(of_rounds).collect(),
        disturbances,
    })
}

const CONFIG: &str = "
dataset:
  num_files_train: 2
  num_samples_per_file: 100000
  compression: snappy
  parquet:
    row_group_size: 16384
    columns:
      - { name: id, dtype: int64, distribution: sequence }
      - { name: number, dtype: float64 }
      - { name: text, dtype: string, distribution: { kind: words, min: 1, max: 4 } }
scenarios:
  - { name: scan, sql: SELECT * FROM train }
measure: { control: true, peak_memory: false }
";

/// Returns the smallest step of the clock, and the duration of a reading, both in nanoseconds.
fn clock() -> (u64, f64) {
    const READINGS: u32 = 100_000;
    let mut smallest = Duration::MAX;
    let started = Instant::now();
    let mut last = started;
    for _ in 0..READINGS {
        let now = Instant::now();
        let step = now - last;
        if !step.is_zero() {
            smallest = smallest.min(step);
        }
        last = now;
    }
    let step = u64::try_from(smallest.as_nanos()).unwrap_or(u64::MAX);
    (
        step,
        started.elapsed().as_nanos() as f64 / f64::from(READINGS),
    )
}
