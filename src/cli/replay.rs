//! `bench replay`.

use std::process::ExitCode;

use super::arguments::{InspectFormat, ReplayArguments};
use super::exit::CommandError;
use super::interrupt::cancel_on_interrupt;
use super::stdout::{show_json, show_text};
use super::table::table;
use super::threads::{leave, runtime};
use crate::replay::{ReplayResult, read_traces, replay as replay_traces};
use crate::report::visible;
use crate::storage::Stores;
use crate::units;

pub(super) fn replay(arguments: &ReplayArguments) -> Result<ExitCode, CommandError> {
    let cancel = cancel_on_interrupt()?;
    let traces = read_traces(&arguments.trace)?;
    let runtime = runtime()?;
    let replayed = replay_traces(
        &runtime,
        &Stores::default(),
        &traces,
        arguments.cache,
        arguments.rounds,
        &cancel,
    );
    leave(runtime);
    let replayed = replayed?;
    let shown = match arguments.format {
        InspectFormat::Json => show_json(&replayed)?,
        InspectFormat::Table => show_text(&describe(&replayed))?,
    };
    match replayed.iter().find(|one| one.replays == 0) {
        None => Ok(shown),
        Some(one) => Err(CommandError::Failed(format!(
            "every replay of {} was void: {}",
            visible(&one.cell),
            one.reason.as_deref().unwrap_or("no reason was kept")
        ))),
    }
}

fn describe(replayed: &[ReplayResult]) -> String {
    let heads = [
        "cell",
        "streams",
        "ranges",
        "bytes",
        "median time [interval]",
        "rate",
        "cache",
    ];
    let mut rows = table(&heads, 1);
    for one in replayed {
        let absent = || "-".to_owned();
        let time = match (one.median_ns, one.ci_low_ns, one.ci_high_ns) {
            (Some(median), Some(low), Some(high)) => units::duration_interval_ns(median, low, high),
            (Some(median), ..) => units::duration_ns(median),
            _ => absent(),
        };
        let evidence = one.cold_evidence.map(|it| format!(" ({})", it.name()));
        rows.add_row([
            visible(&one.cell),
            units::count(one.streams),
            units::count(one.ranges),
            units::bytes(one.bytes),
            time,
            one.bytes_per_s.map_or_else(absent, units::bytes_per_second),
            format!("{}{}", one.cache.name(), evidence.unwrap_or_default()),
        ]);
    }
    let mut text = format!("{rows}\n");
    for one in replayed.iter().filter(|one| one.void > 0) {
        let reason = one.reason.as_deref().unwrap_or("no reason was kept");
        text.push_str(&format!(
            "void replays: {}: {} of {}: {reason}\n",
            visible(&one.cell),
            one.void,
            one.void + one.replays
        ));
    }
    text
}
