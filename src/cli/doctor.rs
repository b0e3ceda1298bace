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
    rows.add_rows(host(found));
    rows.add_rows(caches(found));
    rows.add_rows(noise(found));
    let mut text = format!("{rows}\n");
    for disturbance in &found.disturbances {
        text.push_str(&format!("warning: {disturbance}\n"));
    }
    text.push_str(&detectable(found));
    text
}

/// Difference that people ask about first, as a share.
const ASKED: f64 = 0.03;

/// The sentence that the doctor ends with: the differences that this host can show.
fn detectable(found: &Doctor) -> String {
    let asked = units::percent(ASKED);
    let mut known = found
        .detectable
        .iter()
        .filter_map(|(rounds, share)| Some((rounds, (*share)?)));
    let enough = known.clone().find(|(_, share)| *share <= ASKED);
    match (enough, known.next_back()) {
        (Some((rounds, share)), _) => format!(
            "A difference of {asked} is detectable here: {rounds} rounds find one of {} in about half of the runs.\n",
            units::percent(share)
        ),
        (None, Some((rounds, share))) => format!(
            "A difference of {asked} is not detectable here in {rounds} rounds; one of {} is, in about half of the runs.\n",
            units::percent(share)
        ),
        (None, None) => {
            "Which differences are detectable here is not known: there were too few rounds.\n"
                .to_owned()
        }
    }
}

/// A row of the table: a subject, and the finding about it.
type SubjectRow = [String; 2];

fn row(what: &str, found: impl Into<String>) -> SubjectRow {
    [what.to_owned(), found.into()]
}

fn host(found: &Doctor) -> Vec<SubjectRow> {
    let system = &found.system;
    let quota = system
        .cpu_quota_cores
        .map_or_else(String::new, |quota| format!(", quota {quota}"));
    let limit = system.memory_limit_bytes.map_or_else(String::new, |limit| {
        format!(", limited to {}", units::bytes(limit))
    });
    let mut rows = vec![
        row(
            "processor",
            format!(
                "{}; {} of {} cores to be used{quota}",
                system.cpu_model, system.cores, system.cores_online
            ),
        ),
        row(
            "memory",
            format!(
                "{} available of {}{limit}",
                units::bytes(system.memory_available_bytes),
                units::bytes(system.memory_total_bytes)
            ),
        ),
        row(
            "hypervisor",
            match system.hypervisor.as_deref() {
                None => "none seen",
                Some("unknown") => "there is one, of unknown make",
                Some(name) => name,
            },
        ),
        row(
            "container",
            system.container.as_deref().unwrap_or("none seen"),
        ),
        row(
            "frequency governor",
            system.governor.as_deref().unwrap_or("not told"),
        ),
        row(
            "clock",
            format!(
                "{}, steps of {}, {} a reading",
                system.clock_source.as_deref().unwrap_or("unknown source"),
                units::duration_ns(found.clock_step_ns as f64),
                units::duration_ns(found.clock_read_ns)
            ),
        ),
    ];
    rows.extend(system.file_systems.iter().map(|it| {
        let options = it.options.join(",");
        row(
            "file system",
            format!("{} on {} ({options})", it.fs_type, it.device),
        )
    }));
    rows
}

/// States of caches that can be brought about and attested here.
fn caches(found: &Doctor) -> [SubjectRow; 4] {
    let delivered = found
        .device_share_when_evicted
        .map_or_else(|| "unknown".to_owned(), units::percent);
    let warm = match found.resident_when_read {
        Some(0.99..) => "works: files that were read are resident".to_owned(),
        Some(share) => format!(
            "does not work: {} of a file just read are resident",
            units::percent(share)
        ),
        None => "cannot be attested: this user may not ask which pages are resident".to_owned(),
    };
    let cold = match found.resident_when_evicted {
        Some(..=0.01) => format!(
            "works: evicted files are not resident; devices deliver {delivered} of their bytes"
        ),
        Some(share) => format!(
            "does not work: {} of an evicted file are still resident",
            units::percent(share)
        ),
        None => {
            format!("cannot be attested; devices deliver {delivered} of an evicted file's bytes")
        }
    };
    let direct = match &found.direct_error {
        None => "works: the file system takes O_DIRECT".to_owned(),
        Some(error) => format!("does not work: {error}"),
    };
    let drop_caches = match found.may_drop_caches {
        true => "may be used",
        false => "may not be used: it takes root",
    };
    [
        row("warm", warm),
        row("cold", cold),
        row("direct", direct),
        row("drop_caches", drop_caches),
    ]
}

/// Difference between equal scans, and the differences that so many rounds find.
fn noise(found: &Doctor) -> Vec<SubjectRow> {
    let mut rows = Vec::new();
    if let Some(noise) = &found.noise {
        let verdict = match noise.contrast.verdict {
            Verdict::Tie => "a tie, as it has to be",
            Verdict::Inconclusive | Verdict::Failed | Verdict::Void => {
                "no verdict, as it has to be"
            }
            Verdict::Faster | Verdict::Slower => "a difference, where there is none",
        };
        let other = match noise.kind {
            ControlKind::Copy => "a copy of its files",
            ControlKind::SameFiles => "itself",
        };
        let text = format!(
            "a scan of {} against {other}, {} rounds: {} ({verdict})",
            units::duration_ns(found.scan_ns),
            noise.contrast.pairs,
            ratio_with_interval(&noise.contrast).unwrap_or_default()
        );
        rows.push(row("noise", text));
    }
    rows.extend(found.detectable.iter().map(|(rounds, smallest)| {
        let text = smallest.map_or_else(
            || "too few for a verdict".to_owned(),
            |share| {
                let share = units::percent(share);
                format!("find a difference of {share} in about half of the runs")
            },
        );
        row(&format!("{rounds} rounds"), text)
    }));
    rows
}
