//! `bench generate-share`, for this program's own use: a worker that may write starts it for its
//! share of a dataset. It reads a line of JSON with the config, and writes lines of JSON with its
//! progress.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::exit::CommandError;
use super::interrupt::cancel_on_interrupt;
use super::load::GivenConfig;
use super::print;
use super::progress::Progress;
use super::threads::runtime;
use crate::cancel::Cancel;
use crate::cluster::{Generate, Roots};
use crate::dataset::{Progress as Written, Share};
use crate::session::{Event, Observer, prepare};
use crate::storage::{Location, Stores, end_with_parent};
use crate::text_file::{MOST_WRITTEN_BYTES, text_of};
use crate::units;

/// Name of the command.
const COMMAND: &str = "generate-share";

/// Interval at which a request to stop is looked for.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// A rank's share of the datasets of a config.
#[derive(Debug, Serialize, Deserialize)]
struct Job {
    config: GivenConfig,
    /// Working folder of the coordinator, from which relative paths lead on.
    folder: PathBuf,
    rank: u64,
    world_size: u64,
    /// Places below which it may write, as its worker has them.
    roots: Vec<String>,
}

/// A line of the answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Progress {
        dataset: usize,
        datasets: usize,
        rows_done: u64,
        rows: u64,
        files_done: u64,
        bytes_written: u64,
    },
    Note(String),
}

/// Returns a job for each worker.
pub(super) fn jobs(config: &GivenConfig, workers: usize) -> Result<Vec<String>, CommandError> {
    let failed = |error: String| CommandError::Failed(error);
    let folder = std::env::current_dir().map_err(|error| failed(error.to_string()))?;
    let jobs = (0..workers as u64).map(|rank| {
        let job = Job {
            config: config.clone(),
            folder: folder.clone(),
            rank,
            world_size: workers as u64,
            roots: Vec::new(),
        };
        serde_json::to_string(&job).map_err(|error| failed(error.to_string()))
    });
    jobs.collect()
}

/// Returns the work of a worker that may write: it starts this program again for each job, in the
/// coordinator's folder.
pub(super) fn hook() -> Generate {
    Arc::new(
        |job: &str, roots: &Roots, cancel: &Cancel, say: &dyn Fn(&str)| {
            let mut job: Job = serde_json::from_str(job).map_err(|error| error.to_string())?;
            job.roots = roots.texts();
            let text = serde_json::to_string(&job).map_err(|error| error.to_string())?;
            let program = std::env::current_exe().map_err(|error| error.to_string())?;
            let mut command = Command::new(program);
            command
                .arg(COMMAND)
                .current_dir(&job.folder)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped());
            // SAFETY: the function may be called between fork and exec.
            unsafe {
                // The child must not outlive its parent.
                command.pre_exec(end_with_parent);
            }
            let mut child = command
                .spawn()
                .map_err(|error| format!("{}: {error}", job.folder.display()))?;
            if let Some(mut stdin) = child.stdin.take() {
                // A child that ended early says why.
                let _ = writeln!(stdin, "{text}");
            }
            let said = child.stderr.take().map(|stderr| {
                std::thread::spawn(move || std::io::read_to_string(stderr).unwrap_or_default())
            });
            let lines = child.stdout.take().map(BufReader::new);
            let child = Mutex::new(child);
            let over = AtomicBool::new(false);
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    while !over.load(Ordering::Relaxed) {
                        if cancel.is_cancelled() {
                            // Complete files stay, and the next call goes on from there.
                            let _ = child.lock().kill();
                            return;
                        }
                        std::thread::sleep(ASK_EVERY);
                    }
                });
                for line in lines
                    .into_iter()
                    .flat_map(BufRead::lines)
                    .map_while(Result::ok)
                {
                    say(&line);
                }
                over.store(true, Ordering::Relaxed);
            });
            let mut child = child.into_inner();
            let status = child.wait().map_err(|error| error.to_string())?;
            if status.success() {
                return Ok(());
            }
            let said = said.and_then(|said| said.join().ok()).unwrap_or_default();
            let error = said.lines().find_map(|line| line.strip_prefix("error: "));
            Err(error.map_or_else(|| format!("writing failed ({status})"), str::to_owned))
        },
    )
}

/// Writes a rank's files, whose job comes on stdin.
pub(super) fn generate_share() -> Result<ExitCode, CommandError> {
    let bad = |error: String| CommandError::Usage(format!("stdin: {error}"));
    let text = text_of(std::io::stdin(), 8 * MOST_WRITTEN_BYTES);
    let text = text.map_err(|error| bad(error.to_string()))?;
    let job: Job = serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?;
    let cancel = cancel_on_interrupt()?;
    let mut config = job.config.config()?.for_queries();
    // Nothing but datasets is looked at: the rest of the config may name any file.
    config.scenarios.clear();
    for variant in &mut config.variants {
        variant.tables.clear();
    }
    let roots = Roots::of(&job.roots).map_err(crate::session::Failure::from)?;
    let stores = Stores::reached_by(&config.connection, job.rank);
    for dataset in config.variants.iter().filter_map(|it| it.dataset.as_ref()) {
        if let Some(source) = &dataset.source {
            return Err(CommandError::Usage(format!(
                "dataset.source: {source}: existing rows are read in one stream, which several workers cannot share; run `bench generate` \
                 without --workers"
            )));
        }
        let place = stores
            .location(&dataset.data_folder)
            .map_err(crate::session::Failure::from)?;
        roots.check(&place).map_err(CommandError::Usage)?;
    }
    let share = Share::new(job.rank, job.world_size)
        .ok_or_else(|| bad("there is no such rank".to_owned()))?;
    // The coordinator has asked for consent.
    let (yes, share) = (true, Some(share));
    prepare(&runtime()?, &stores, &config, yes, share, &cancel, &Lines)?;
    Ok(ExitCode::SUCCESS)
}

/// Writes events as lines of JSON.
struct Lines;

impl Observer for Lines {
    fn event(&self, event: Event<'_>) {
        let line = match event {
            Event::Writing {
                dataset,
                datasets,
                progress,
                ..
            } => Line::Progress {
                dataset,
                datasets,
                rows_done: progress.rows_done,
                rows: progress.rows,
                files_done: progress.files_done,
                bytes_written: progress.bytes_written,
            },
            Event::Written { folder, files, .. } => Line::Note(format!(
                "wrote {} files of {folder}, footers proven",
                units::count(files)
            )),
            _ => return,
        };
        if let Ok(text) = serde_json::to_string(&line) {
            let _ = print::data(&format!("{text}\n"));
        }
    }
}

/// Progress of all workers together.
pub(super) struct AllProgress<'a> {
    /// Dataset that each worker is at, and its progress there.
    of_workers: Mutex<Vec<(usize, Written)>>,
    folder: Location,
    progress: &'a Progress,
}

impl<'a> AllProgress<'a> {
    pub(super) fn of(workers: usize, folder: Location, progress: &'a Progress) -> Self {
        AllProgress {
            folder,
            of_workers: Mutex::new(vec![(0, Written::default()); workers]),
            progress,
        }
    }

    /// Shows what a worker said.
    pub(super) fn said(&self, worker: usize, line: &str) {
        match serde_json::from_str(line) {
            Ok(Line::Progress {
                dataset,
                datasets,
                rows_done,
                rows,
                files_done,
                bytes_written,
            }) => {
                let mut of_workers = self.of_workers.lock();
                let written = Written {
                    rows_done,
                    rows,
                    files_done,
                    bytes_written,
                };
                of_workers[worker] = (dataset, written);
                // The dataset of the worker that is least far.
                let dataset = of_workers.iter().map(|it| it.0).min().unwrap_or(dataset);
                let there: Vec<&Written> = of_workers
                    .iter()
                    .filter(|it| it.0 == dataset)
                    .map(|it| &it.1)
                    .collect();
                let sum = |figure: fn(&Written) -> u64| there.iter().map(|it| figure(it)).sum();
                let progress = Written {
                    rows_done: sum(|it| it.rows_done),
                    rows: sum(|it| it.rows),
                    files_done: sum(|it| it.files_done),
                    bytes_written: sum(|it| it.bytes_written),
                };
                self.progress.event(Event::Writing {
                    dataset,
                    datasets,
                    folder: &self.folder,
                    progress,
                });
            }
            Ok(Line::Note(text)) => {
                let note = format!("worker {}: {text}", worker + 1);
                self.progress.event(Event::Note(&note));
            }
            Err(_) => {}
        }
    }
}
