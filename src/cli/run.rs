//! `bench run`.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::Duration;

use super::arguments::{CacheArgument, LaneArgument, RunArguments};
use super::exit::{self, CommandError};
use super::progress::Progress;
use super::{
    cancel_on_interrupt, check, launcher, load, output, print, runtime, show, would_be_read,
};
use crate::cancel::Cancel;
use crate::config::{Config, without_secrets};
use crate::exit_class::ExitClass;
use crate::output::{Output, Replaces};
use crate::report::render;
use crate::run::{Options, needed, run as run_config, with_baseline_first};
use crate::session::{KnownSources, TRACES, reader_of};

/// Folder of journals and records, below the working folder.
const RESULTS: &str = "results";

pub(super) fn run(arguments: &RunArguments) -> Result<ExitCode, CommandError> {
    let (cancel, (source, sources)) = match arguments.needed_memory_of {
        // As it was when the run began, whatever has become of the file. Whoever waits for this
        // process ends it.
        Some(_) => (Cancel::default(), load::of_parent(&arguments.config)?),
        None => {
            launcher::refuse_several_runs()?;
            let cancel = cancel_on_interrupt()?;
            let queries = Some(&arguments.queries);
            let source = load::source(&arguments.config, queries)?;
            (cancel, (source, KnownSources::new()))
        }
    };
    let mut config = load::config_of(
        &source,
        &arguments.config,
        Some(&arguments.queries),
        &set(arguments),
    )?;
    if arguments.rounds.is_some() {
        // Exactly so many, whatever the config says of precision.
        config.measure.until = None;
    }
    if let Some(cell) = &arguments.needed_memory_of {
        let (base, peak) = needed(&runtime()?, &config, cell, &sources, &Progress::new())?;
        return show(&format!("{base} {peak}\n"));
    }
    let labels = arguments
        .label
        .iter()
        .map(|label| load::name_and_value("--label", label, "KEY=VALUE"))
        .collect::<Result<BTreeMap<_, _>, _>>()?;
    let (record, trace) = outputs(arguments, &config)?;
    if arguments.dry_run {
        return check::dry_run(&with_baseline_first(
            &config,
            arguments.baseline.as_deref(),
        )?);
    }
    let asked = cancel.clone();
    let options = Options {
        baseline: arguments.baseline.clone(),
        labels,
        results: PathBuf::from(RESULTS),
        record,
        yes: arguments.yes,
        command_line: std::env::args_os()
            .map(|argument| without_secrets(&argument.to_string_lossy()))
            .collect(),
        trace,
        needed: Some(Arc::new(move |cell: &str, sources: &KnownSources| {
            let told = load::for_child(&source.text, sources).map_err(|error| error.to_string())?;
            needed_by_child(cell, &told, &asked)
        })),
        slowdown: None,
    };
    let runtime = runtime()?;
    let outcome = run_config(&runtime, &config, &options, &cancel, &Progress::new());
    // A query that ignores its cancellation must not hold the program.
    runtime.shutdown_background();
    let outcome = outcome?;

    let failed_expectation = outcome.failed_expectation();
    let view = print::view(
        arguments.format.into(),
        arguments.details,
        arguments.prefer.into(),
    );
    let shown = render(&outcome.record, &view)?;
    let shown = print::data(&shown);
    let kept = outcome.record_file.as_ref().unwrap_or(&outcome.journal);
    print::line(&format!("record: {}", kept.display()));
    print::line(&format!(
        "charts: bench report {} --html report.html",
        kept.display()
    ));
    // What was measured is kept all the same, and where that is has been said.
    shown.map_err(|error| CommandError::Failed(format!("stdout: {error}")))?;
    if let Some(error) = outcome.ended_by {
        if error.class() == ExitClass::Interrupted {
            print::line(
                "interrupted; what was measured until then is shown, and kept in the journal",
            );
            return Ok(ExitCode::from(exit::INTERRUPTED));
        }
        return Err(error.into());
    }
    Ok(ExitCode::from(if failed_expectation {
        exit::EXPECTATION
    } else {
        exit::DONE
    }))
}

/// Where the record and the trace go besides, and nothing else does or is read from.
fn outputs(
    arguments: &RunArguments,
    config: &Config,
) -> Result<(Option<Output>, Option<Output>), CommandError> {
    let record = arguments.record.as_deref();
    let record = record.map(|file| output("--record", "record.json", file, Replaces::Nothing));
    let record = record.transpose()?;
    let trace = arguments.trace.as_deref();
    let trace = trace.map(|file| output("--trace", "my.trace", file, TRACES));
    let trace = trace.transpose()?;
    if let (Some(record), Some(trace)) = (&record, &trace)
        && record.is_at(trace)
    {
        return Err(CommandError::Usage(format!(
            "--trace {}: --record goes to the same file",
            trace.path().display()
        )));
    }
    for (flag, output) in [("--record", &record), ("--trace", &trace)] {
        if let Some(output) = output
            && let Some(reader) = reader_of(config, output.path())
        {
            return Err(would_be_read(flag, output, &reader));
        }
    }
    Ok((record, trace))
}

/// What flags set of the config.
fn set(arguments: &RunArguments) -> Vec<String> {
    let rounds = arguments
        .rounds
        .map(|rounds| format!("measure.rounds={rounds}"));
    let cache = arguments.cache.map(|cache| {
        let cache = match cache {
            CacheArgument::Warm => "warm",
            CacheArgument::Cold => "cold",
            CacheArgument::Direct => "direct",
        };
        format!("measure.cache={cache}")
    });
    let mut lanes: Vec<&str> = Vec::new();
    for lane in &arguments.lane {
        match lane {
            LaneArgument::EndToEnd => lanes.push("end_to_end"),
            LaneArgument::Storage => lanes.push("storage"),
            LaneArgument::Compute => lanes.push("compute"),
            LaneArgument::All => lanes.extend(["end_to_end", "storage", "compute"]),
        }
    }
    let lanes = (!lanes.is_empty()).then(|| format!("measure.lanes=[{}]", lanes.join(", ")));
    rounds.into_iter().chain(cache).chain(lanes).collect()
}

/// How often a process that looks at memory is asked whether it is done.
const ASK_EVERY: Duration = Duration::from_millis(10);

/// Starts this program anew with the same arguments, to execute one cell and nothing else, and reads what memory it tells of.
fn needed_by_child(cell: &str, told: &str, cancel: &Cancel) -> Result<(u64, u64), String> {
    let failed = |error: std::io::Error| error.to_string();
    let program = std::env::current_exe().map_err(failed)?;
    let mut arguments = std::env::args_os().skip(1);
    let mut command = Command::new(program);
    command
        .args(arguments.next())
        .arg(format!("--needed-memory-of={cell}"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    // SAFETY: prctl(2) may be called between fork and exec, and takes numbers only.
    unsafe {
        command.pre_exec(|| {
            // It does not outlive its parent.
            match libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) {
                0 => Ok(()),
                _ => Err(std::io::Error::last_os_error()),
            }
        });
    }
    let mut child = command.spawn().map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that ended early says why.
        let _ = stdin.write_all(told.as_bytes());
    }
    let status = loop {
        match child.try_wait().map_err(failed)? {
            Some(status) => break status,
            None if cancel.is_cancelled() => {
                let _ = child.kill();
                let _ = child.wait();
                return Err("it was interrupted".to_owned());
            }
            None => std::thread::sleep(ASK_EVERY),
        }
    };
    let mut told = String::new();
    if let Some(mut stdout) = child.stdout.take() {
        stdout.read_to_string(&mut told).map_err(failed)?;
    }
    let figures: Vec<u64> = told.split_whitespace().flat_map(str::parse).collect();
    match figures.as_slice() {
        [base, peak] if status.success() => Ok((*base, *peak)),
        _ => {
            let mut said = String::new();
            if let Some(mut stderr) = child.stderr.take() {
                stderr.read_to_string(&mut said).map_err(failed)?;
            }
            let error = said.lines().find_map(|line| line.strip_prefix("error: "));
            let error = error.map_or_else(String::new, |error| format!(": {error}"));
            Err(format!("a process of its own failed ({status}){error}"))
        }
    }
}
