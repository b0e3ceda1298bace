//! Progress on stderr: a bar if it is a terminal, and lines for what is worth keeping.

use std::sync::OnceLock;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{print, threads};
use crate::record::Kind;
use crate::report::so_far;
use crate::session::{Event, Observer};
use crate::storage::Location;
use crate::units;

pub(crate) struct Progress {
    /// Hidden if stderr is no terminal.
    bar: ProgressBar,
    /// Channel of the thread that turns the spinner. Dropping it ends the thread. `None` if no
    /// thread could start.
    turning: OnceLock<Option<Sender<()>>>,
}

/// A folder, relative to the working folder if it lies below that.
fn shown(folder: &Location) -> String {
    let text = folder.to_string();
    let working = std::env::current_dir().ok();
    let below = working.and_then(|it| {
        text.strip_prefix(&format!("{}/", it.display()))
            .map(str::to_owned)
    });
    below.unwrap_or(text)
}

/// Interval at which the spinner turns while a query runs.
const TURN_EVERY: Duration = Duration::from_millis(200);

impl Progress {
    pub(crate) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let template = "{spinner} {wide_msg} {bar:20} {percent:>3} %";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Progress {
            bar,
            turning: OnceLock::new(),
        }
    }

    fn line(&self, text: &str) {
        self.bar.suspend(|| print::line(text));
    }

    /// Turns the spinner from now on. The bar's own thread for that would panic if it could not
    /// start.
    fn turn(&self) {
        if self.bar.is_hidden() {
            return;
        }
        self.turning.get_or_init(|| {
            let (sender, ended) = channel::<()>();
            let bar = self.bar.clone();
            let turn = move || {
                while ended.recv_timeout(TURN_EVERY) == Err(RecvTimeoutError::Timeout) {
                    if !bar.is_finished() {
                        bar.tick();
                    }
                }
            };
            threads::small().spawn(turn).ok().map(|_| sender)
        });
    }

    pub(crate) fn at(&self, position: u64, length: u64, message: String) {
        self.bar.set_length(length);
        self.bar.set_position(position);
        self.bar.set_message(message);
    }
}

impl Observer for Progress {
    fn event(&self, event: Event<'_>) {
        match event {
            Event::Note(text) => self.line(&format!("note: {text}")),
            Event::Warning(text) => self.line(&format!("warning: {text}")),
            Event::Writing {
                dataset,
                datasets,
                progress,
                ..
            } => {
                if progress.rows_done == 0 {
                    self.bar.reset();
                }
                let message = format!(
                    "writing dataset {} of {datasets}: {} files, {}; {} s left",
                    dataset + 1,
                    units::count(progress.files_done),
                    units::bytes(progress.bytes_written),
                    self.bar.eta().as_secs()
                );
                self.at(progress.rows_done, progress.rows, message);
            }
            Event::Begun {
                folder,
                writers,
                row_group_bytes,
            } => {
                self.bar.set_message(format!(
                    "writing {}: {writers} writers, each with a row group of about {} in memory",
                    shown(folder),
                    units::bytes(row_group_bytes)
                ));
                self.bar.tick();
            }
            Event::Written {
                dataset,
                datasets,
                folder,
                files,
                kept,
                bytes,
                elapsed_ns,
            } => {
                let time = elapsed_ns.map_or_else(String::new, |time| {
                    format!(" in {}", units::duration_ns(time as f64))
                });
                let kept = match kept {
                    0 => String::new(),
                    kept => format!(" and kept {} of an interrupted run", units::count(kept)),
                };
                self.line(&format!(
                    "wrote dataset {} of {datasets}: {} files{kept}, {}{time}, footers proven: {}",
                    dataset + 1,
                    units::count(files),
                    units::bytes(bytes),
                    shown(folder)
                ));
            }
            Event::Reused {
                folder,
                files,
                bytes,
            } => {
                self.line(&format!(
                    "reusing {} files, {}: {}",
                    units::count(files),
                    units::bytes(bytes),
                    shown(folder)
                ));
            }
            Event::Opening {
                variant,
                table,
                files,
            } => {
                self.bar.set_message(format!(
                    "{variant}: reading {} footers of {table}",
                    units::count(files as u64)
                ));
                self.bar.tick();
            }
            Event::Measuring {
                done,
                total,
                kind,
                round,
                scenario,
                variant,
                left,
            } => {
                if done == 0 {
                    self.bar.reset();
                    self.turn();
                }
                let kind = match kind {
                    Kind::Warmup => "warm-up",
                    Kind::Measured => "round",
                };
                let left = left.map_or_else(String::new, |left| {
                    format!("; {} s left", left.as_secs().max(1))
                });
                let message = format!("{kind} {}: {scenario}, {variant}{left}", round + 1);
                self.at(done as u64, total as u64, message);
            }
            Event::Looking {
                what,
                done,
                total,
                scenario,
                variant,
            } => {
                if done == 0 {
                    self.bar.reset();
                }
                let message = format!("looking at {what}: {scenario}, {variant}");
                self.at(done as u64, total as u64, message);
            }
            Event::Measured { done, .. } => self.bar.set_position(done as u64),
            Event::SoFar { rounds, record } => {
                if let Some(known) = so_far(record) {
                    self.line(&format!("so far, after {rounds} rounds: {known}"));
                }
            }
            Event::Training {
                phase,
                lane,
                epoch,
                epochs,
            } => {
                self.turn();
                let message = format!("{} {epoch} of {epochs}, {}", phase.name(), lane.name());
                self.at(epoch.saturating_sub(1), epochs, message);
            }
            Event::Trying { accelerators } => {
                self.turn();
                self.bar
                    .set_message(format!("trying {accelerators} accelerators"));
                self.bar.tick();
            }
            Event::Finished => self.bar.finish_and_clear(),
        }
    }
}
