//! `bench doctor`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::arguments::{DoctorArguments, InspectFormat};
use super::exit::CommandError;
use super::interrupt::cancel_on_interrupt;
use super::progress::Progress;
use super::stdout::{show_json, show_text};
use super::table::table;
use super::threads::{leave, runtime};
use crate::doctor::{Doctor, doctor as look};
use crate::record::{ControlKind, Verdict};
use crate::report::ratio_with_interval;
use crate::run::{Options, run};
use crate::units;

pub(super) fn doctor(arguments: &DoctorArguments) -> Result<ExitCode, CommandError> {
    let folder = arguments
        .folder
        .clone()
        .unwrap_or_else(|| PathBuf::from("."));
    if !Path::new(&folder).is_dir() {
        return Err(CommandError::Usage(format!(
            "{}: no such folder",
            folder.display()
        )));
    }
    let (cancel, runtime) = (cancel_on_interrupt()?, runtime()?);
    let found = look(&folder, &cancel, |config, results| {
        let options = Options {
            results: results.to_path_buf(),
            yes: true,
            ..Options::default()
        };
        let outcome = run(&runtime, config, &options, &cancel, &Progress::new())?;
        outcome.ended_by.map_or(Ok(outcome.record), Err)
    });
    leave(runtime);
    let found = found?;
    match arguments.format {
        InspectFormat::Json => show_json(&found),
        InspectFormat::Table => show_text(&describe(&found)),
    }
}

fn describe(found: &Doctor) -> String {
    let mut rows = table(&["what", "found"], 2);
    let mut add = |what: &str, found: String| {
        rows.add_row([what.to_owned(), found]);
    };
    let system = &found.system;
    let share = |share: Option<f64>| share.map_or_else(|| "unknown".to_owned(), units::percent);
    add(
        "processor",
        format!(
            "{}; {} of {} cores to be used{}",
            system.cpu_model,
            system.cores,
            system.cores_online,
            system
                .cpu_quota_cores
                .map_or_else(String::new, |quota| format!(", quota {quota}"))
        ),
    );
    let limit = system.memory_limit_bytes.map_or_else(String::new, |limit| {
        format!(", limited to {}", units::bytes(limit))
    });
    add(
        "memory",
        format!(
            "{} available of {}{limit}",
            units::bytes(system.memory_available_bytes),
            units::bytes(system.memory_total_bytes)
        ),
    );
    add(
        "hypervisor",
        match system.hypervisor.as_deref() {
            None => "none seen".to_owned(),
            Some("unknown") => "there is one, of unknown make".to_owned(),
            Some(name) => name.to_owned(),
        },
    );
    add(
        "container",
        system
            .container
            .clone()
            .unwrap_or_else(|| "none seen".to_owned()),
    );
    add(
        "frequency governor",
        system
            .governor
            .clone()
            .unwrap_or_else(|| "not told".to_owned()),
    );
    add(
        "clock",
        format!(
            "{}, steps of {}, {} a reading",
            system.clock_source.as_deref().unwrap_or("unknown source"),
            units::duration_ns(found.clock_step_ns as f64),
            units::duration_ns(found.clock_read_ns)
        ),
    );
    for file_system in &system.file_systems {
        add(
            "file system",
            format!(
                "{} on {} ({})",
                file_system.fs_type,
                file_system.device,
                file_system.options.join(",")
            ),
        );
    }
    add(
        "warm",
        match found.resident_when_read {
            Some(0.99..) => "works: files that were read are resident".to_owned(),
            Some(found) => format!(
                "does not work: {} of a file just read are resident",
                units::percent(found)
            ),
            None => "cannot be attested: this user may not ask which pages are resident".to_owned(),
        },
    );
    add(
        "cold",
        match found.resident_when_evicted {
            Some(..=0.01) => format!(
                "works: evicted files are not resident; devices deliver {} of their bytes",
                share(found.device_share_when_evicted)
            ),
            Some(found) => format!(
                "does not work: {} of an evicted file are still resident",
                units::percent(found)
            ),
            None => format!(
                "cannot be attested; devices deliver {} of an evicted file's bytes",
                share(found.device_share_when_evicted)
            ),
        },
    );
    add(
        "direct",
        match &found.direct_error {
            None => "works: the file system takes O_DIRECT".to_owned(),
            Some(error) => format!("does not work: {error}"),
        },
    );
    add(
        "drop_caches",
        match found.may_drop_caches {
            true => "may be used".to_owned(),
            false => "may not be used: it takes root".to_owned(),
        },
    );
    if let Some(noise) = &found.noise {
        let verdict = match noise.contrast.verdict {
            Verdict::Tie => "a tie, as it has to be",
            Verdict::Inconclusive => "no verdict, as it has to be",
            Verdict::Faster | Verdict::Slower => "a difference, where there is none",
        };
        add(
            "noise",
            format!(
                "a scan of {} against {}, {} rounds: {} ({verdict})",
                units::duration_ns(found.scan_ns),
                match noise.kind {
                    ControlKind::Copy => "a copy of its files",
                    ControlKind::SameFiles => "itself",
                },
                noise.contrast.pairs,
                ratio_with_interval(&noise.contrast).unwrap_or_default()
            ),
        );
    }
    for (rounds, smallest) in &found.detectable {
        add(
            &format!("{rounds} rounds"),
            smallest.map_or_else(
                || "too few for a verdict".to_owned(),
                |share| {
                    format!(
                        "find a difference of {} in about half of the runs",
                        units::percent(share)
                    )
                },
            ),
        );
    }
    let mut text = format!("{rows}\n");
    for disturbance in &found.disturbances {
        text.push_str(&format!("warning: {disturbance}\n"));
    }
    text
}
