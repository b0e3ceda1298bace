//! `bench train`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use super::arguments::TrainArguments;
use super::exit::{self, CommandError};
use super::interrupt::cancel_on_interrupt;
use super::load::GivenConfig;
use super::outputs::{output, refuse_details_without_tables, would_be_read};
use super::progress::Progress;
use super::run::{RESULTS, lanes};
use super::stdout::show;
use super::threads::{leave, runtime};
use super::{launcher, load, print};
use crate::analysis::TrainingRun;
use crate::config::without_secrets;
use crate::exit_class::ExitClass;
use crate::output::Replaces;
use crate::record::{EpochRecord, Preference, RunRecord, Status};
use crate::report::{Format, kept_training_at, render_training};
use crate::session::reader_of;
use crate::storage::Stores;
use crate::train::{Rank, TrainingOptions, train as train_config};

pub(super) fn train(arguments: &TrainArguments) -> Result<ExitCode, CommandError> {
    if !arguments.workers.is_empty() {
        return Err(CommandError::Usage(
            "--workers: `bench train` does not go to workers, whose engine does not pass on orders and choices of row groups; start it on \
             each host, with --rank and --world-size"
                .to_owned(),
        ));
    }
    refuse_details_without_tables(arguments.format, arguments.details)?;
    let rank = rank(arguments)?;
    let start_at = arguments.start_at.as_deref().map(start_at).transpose()?;
    let cancel = cancel_on_interrupt()?;
    let given = GivenConfig::of(&arguments.config, None, &set(arguments))?;
    let mut config = given.config()?.for_training();
    if arguments.find_accelerators && config.training.evaluation.take().is_some() {
        let note = "`--find-accelerators` does not evaluate: `workflow.evaluation` has no effect";
        config.notes.push(note.to_owned());
    }
    let labels = arguments
        .label
        .iter()
        .map(|label| load::name_and_value("--label", label, "KEY=VALUE"))
        .collect::<Result<BTreeMap<_, _>, _>>()?;
    let record = arguments.record.as_deref();
    let record = record.map(|file| output("--record", "record.json", file, Replaces::Nothing));
    let record = record.transpose()?;
    if let Some(record) = &record
        && let Some(reader) = reader_of(&config, record.path())
    {
        return Err(would_be_read("--record", record, &reader));
    }
    let options = TrainingOptions {
        stores: Stores::reached_by(&config.connection, rank.rank),
        labels,
        results: PathBuf::from(RESULTS),
        record,
        yes: arguments.yes,
        command_line: std::env::args_os()
            .map(|argument| without_secrets(&argument.to_string_lossy()))
            .collect(),
        rank,
        find_accelerators: arguments.find_accelerators,
        start_at,
    };
    let runtime = runtime()?;
    let outcome = train_config(&runtime, &config, &options, &cancel, &Progress::new());
    leave(runtime);
    let outcome = outcome?;

    let view = print::view(arguments.format, arguments.details, Preference::Balanced);
    let kept = outcome.record_file.as_ref().unwrap_or(&outcome.journal);
    let records = std::slice::from_ref(&outcome.record);
    // One process has a record of its own, which is shown alone.
    let mut text = match TrainingRun::of(records) {
        Some(run) => render_training(&run.map_err(CommandError::Merge)?, &view)?,
        None => String::new(),
    };
    match view.format {
        Format::Table => text.push_str(&kept_training_at(kept, outcome.dlio_folder.as_deref())),
        _ => print::line(&format!("record: {}", kept.display())),
    }
    let shown = show(&text);
    if shown.is_err() {
        // The measurements are kept nevertheless.
        print::line(&format!("record: {}", kept.display()));
    }
    let done = shown?;
    match outcome.ended_by {
        None => match void(&outcome.record) {
            None => Ok(done),
            Some(reason) => Err(CommandError::Failed(format!(
                "every epoch is void: {reason}"
            ))),
        },
        Some(error) if error.class() == ExitClass::Interrupted => {
            print::line("interrupted; the epochs until then are shown, and kept in the journal");
            Ok(ExitCode::from(exit::INTERRUPTED))
        }
        Some(error) => Err(error.into()),
    }
}

/// Reason why no epoch counts. `None` if one does, or there is none.
fn void(record: &RunRecord) -> Option<String> {
    let epochs = &record.training.as_ref()?.epochs;
    let counts = |epoch: &EpochRecord| epoch.status == Status::Ok;
    match epochs.iter().any(counts) {
        true => None,
        false => epochs.first()?.reason.clone(),
    }
}

/// Keys of the config that flags set.
fn set(arguments: &TrainArguments) -> Vec<String> {
    let cache = arguments
        .cache
        .map(|cache| format!("measure.cache={}", cache.name()));
    let accelerators = arguments
        .accelerators
        .map(|count| format!("train.accelerators={count}"));
    let epochs = arguments
        .epochs
        .map(|epochs| format!("train.epochs={epochs}"));
    let lanes = lanes(&arguments.lane);
    cache
        .into_iter()
        .chain(accelerators)
        .chain(epochs)
        .chain(lanes)
        .collect()
}

/// Place of this process, by the arguments or else by a launcher's environment.
fn rank(arguments: &TrainArguments) -> Result<Rank, CommandError> {
    let local_size = launcher::local_size()?;
    let share = match (arguments.rank, arguments.world_size) {
        (Some(rank), Some(world_size)) => {
            launcher::share_of(rank, world_size, "--rank and --world-size")?
        }
        (None, Some(world_size)) => launcher::completion_index(world_size)?,
        _ => {
            let launched = launcher::launched()?.map(|(share, _)| share);
            if launched.is_none() {
                launcher::refuse_index_alone()?;
            }
            launched
        }
    };
    Ok(share.map_or_else(Rank::default, |share| Rank {
        rank: share.rank(),
        world_size: share.world_size(),
        local_size: local_size.unwrap_or(1),
    }))
}

/// Longest time that processes wait for each other.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// Reads a time in RFC 3339, or in seconds since 1970.
fn start_at(text: &str) -> Result<SystemTime, CommandError> {
    let seconds = text.parse::<f64>().ok();
    let since = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let time = match since {
        Some(since) => SystemTime::UNIX_EPOCH.checked_add(since),
        None => {
            let time: Option<chrono::DateTime<chrono::Utc>> = text.parse().ok();
            time.map(SystemTime::from)
        }
    };
    let usage = |why: &str| CommandError::Usage(format!("--start-at {text}: {why}"));
    let time = time.ok_or_else(|| {
        usage("write a time as 2026-01-02T03:04:05Z, or seconds since 1970 (date +%s)")
    })?;
    match time.duration_since(SystemTime::now()) {
        Ok(left) if left > LONGEST_WAIT => Err(usage("it is more than a day away")),
        Ok(_) => Ok(time),
        Err(_) => Err(usage(
            "it is over; name one at which all processes have been started",
        )),
    }
}
