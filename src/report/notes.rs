//! Notes on the methods behind the numbers, and on reasons to be wary.

use std::collections::BTreeMap;

use crate::record::{
    ANALYSIS_VERSION, CacheState, EngineCache, FindingKind, Iteration, Lane, LaneNoise, RunRecord,
    Status, StopReason,
};
use crate::statistics::{CONFIDENCE, MINIMUM_PAIRS};
use crate::units;

use super::break_even;
use super::requests;
use super::scenario::{Cell, Scenario};
use super::text;
use super::words::{confidence, whole_percent};

/// Most findings of one kind that a note names without `details`.
const MOST_NAMED: usize = 3;

pub(super) fn notes(record: &RunRecord, scenarios: &[Scenario], details: bool) -> Vec<String> {
    let cells = || scenarios.iter().flat_map(|scenario| &scenario.cells);
    let counted: Vec<&Iteration> = cells().flat_map(Cell::counted).collect();
    let mut notes = Vec::new();
    notes.extend(method_of_times(&counted));
    notes.extend(method_of_ratios(record, scenarios));
    notes.extend(older_method(record));
    notes.extend(method_of_streams(&counted));
    notes.extend(method_of_lanes(record, &counted));
    notes.extend(method_of_predictions(record));
    notes.extend(stopped(record));
    notes.extend(requests::endpoints(record));
    notes.extend(host(record));
    notes.extend(findings(record, details));
    notes.extend(failures(scenarios));
    notes.extend(
        record
            .warnings
            .iter()
            .map(|warning| format!("warning: {}", text::passage(warning))),
    );
    notes
}

/// Sentences on expectations that failed, and on iterations that do not count.
pub(super) fn failures(scenarios: &[Scenario]) -> Vec<String> {
    let cells = || scenarios.iter().flat_map(|scenario| &scenario.cells);
    let controls = scenarios.iter().flat_map(|it| &it.controls);
    let lost = cells().chain(controls).flat_map(lost_iterations);
    cells().flat_map(failed_expectations).chain(lost).collect()
}

fn method_of_times(counted: &[&Iteration]) -> Option<String> {
    if counted.is_empty() {
        return None;
    }
    let states = [
        CacheState::Warm,
        CacheState::Cold,
        CacheState::Direct,
        CacheState::Remote,
    ];
    let states: Vec<String> = states
        .into_iter()
        .filter_map(|state| of_cache(state, counted))
        .collect();
    let states = match states.is_empty() {
        true => String::new(),
        false => format!(", {}", states.join("; ")),
    };
    let fresh = counted
        .iter()
        .filter(|it| it.figures.cache.engine == EngineCache::Fresh)
        .count();
    let engine = match fresh {
        0 => "",
        all if all == counted.len() => {
            " The engine's own caches were emptied before each execution, so that the footers that it needs are read within the time."
        }
        _ => {
            " Where the engine's own caches were emptied before each execution, the footers that it needs are read within the time."
        }
    };
    let what = match counted.first().map(|iteration| iteration.lane) {
        Some(Lane::Storage) => "the byte ranges of the query, read and dropped (lane storage)",
        Some(Lane::Compute) => {
            "the query with its bytes in memory, planning excluded (lane compute)"
        }
        _ => "planning excluded",
    };
    Some(format!(
        "time: median of the measured iterations of a variant, {what}{states}; interval from order statistics at {}. \
         Throughputs are counted rows and bytes over the median time.{engine}",
        confidence()
    ))
}

/// Clause on the state of the page cache as it was found before the iterations that should run in
/// `state`. `None` if there were none, or if there is nothing to say.
fn of_cache(state: CacheState, counted: &[&Iteration]) -> Option<String> {
    let of_state = || {
        counted
            .iter()
            .filter(move |it| it.figures.cache.state == state)
    };
    of_state().next()?;
    let ratios: Option<Vec<f64>> = of_state()
        .map(|iteration| iteration.figures.cache.resident_ratio_before)
        .collect();
    match state {
        CacheState::Warm => {
            let least = ratios?.into_iter().min_by(f64::total_cmp)?;
            let share = match least {
                1.0.. => "all pages".to_owned(),
                // Rounded down, as it is a lower bound.
                _ => {
                    let bound = units::percent((least * 1000.0).floor() / 1000.0);
                    format!("at least {bound} of the pages")
                }
            };
            Some(format!(
                "with {share} of the tables' files found in the client's page cache before each (99 % are required)"
            ))
        }
        CacheState::Cold => {
            let found = match ratios.and_then(|ratios| ratios.into_iter().max_by(f64::total_cmp)) {
                Some(most) => format!(
                    "at most {} of the pages of the tables' files found in it before each execution (up to 1 % may be)",
                    units::percent((most * 1000.0).ceil() / 1000.0)
                ),
                None => "not attested by residency".to_owned(),
            };
            Some(format!(
                "with the client's page cache cold: {found}; caches of a server, a controller or a hypervisor are not seen"
            ))
        }
        CacheState::Direct => Some(
            "with direct reads, past the client's page cache; caches of a server, a controller or a hypervisor are not seen"
                .to_owned(),
        ),
        CacheState::Remote => Some(
            "from a store behind a network, whose caches are not seen".to_owned(),
        ),
        CacheState::Memory => None,
    }
}

fn method_of_ratios(record: &RunRecord, scenarios: &[Scenario]) -> Option<String> {
    let cells = || scenarios.iter().flat_map(|scenario| &scenario.cells);
    let pairs: Vec<u32> = cells()
        .filter_map(|cell| cell.comparison)
        .map(|comparison| comparison.contrast.pairs)
        .collect();
    let (fewest, most) = (pairs.iter().min()?, pairs.iter().max()?);
    let rounds = if fewest == most {
        format!("{most}")
    } else {
        format!("{fewest} to {most}")
    };
    let family = record.comparisons.iter().map(|it| it.family).max();
    let holm = match family.unwrap_or(0) {
        0 | 1 => String::new(),
        family => format!(
            ", its probability under no difference within {} when adjusted for {family} comparisons (Holm)",
            whole_percent(1.0 - CONFIDENCE)
        ),
    };
    let noise = match record.noise.is_empty() {
        true => "",
        false => {
            ", and an estimate beyond the interval of every control, which is the baseline measured once more"
        }
    };
    let lane_noise = record
        .lane_noise
        .iter()
        .find(|it| it.lane == scenarios.first().map_or(Lane::EndToEnd, Scenario::lane));
    let compared = || record.cells.iter().filter(|cell| cell.control.is_none());
    let other_files = compared().any(|cell| {
        let mut of_scenario = compared().filter(|it| it.scenario == cell.scenario);
        of_scenario.any(|it| it.dataset != cell.dataset)
    });
    let wider = lane_noise.map_or_else(String::new, |it| wider(it, other_files));
    Some(format!(
        "time ratio: variant over baseline, below 1 is faster; Hodges-Lehmann estimate of the log ratios paired within \
         {rounds} rounds, interval by Wilcoxon's signed-rank test at {}{wider}. A tie is an interval of the rounds within {} of 1; \
         faster and slower are intervals that exclude 1{holm}{noise}; anything else, or fewer than {MINIMUM_PAIRS} pairs, is \
         inconclusive. Variants are compared with the baseline; those of a ranking with each other, as a family of their own.",
        confidence(),
        effect(record.effect)
    ))
}

/// Clause on how much wider intervals are than those of independent rounds, and why. Empty if they
/// are not.
fn wider(noise: &LaneNoise, other_files: bool) -> String {
    let rounds = match noise.autocorrelation {
        Some(correlation) if noise.widening > 1.0 => format!(
            "{:.2} times as wide as those of independent rounds, as neighbouring ones resemble each other (lag-1 autocorrelation {:.2})",
            noise.widening, correlation
        ),
        _ => String::new(),
    };
    if !other_files {
        return match rounds.is_empty() {
            true => rounds,
            false => format!(", {rounds}"),
        };
    }
    let and = if rounds.is_empty() { "" } else { ", and " };
    let copies = match noise.copies {
        0 => "taken for granted, as no copy was measured".to_owned(),
        1 => "from one copy".to_owned(),
        copies => format!("from {copies} copies"),
    };
    format!(
        ", {rounds}{and}wider by what equal sets of files differ by (a standard deviation of {}, {copies})",
        units::percent(noise.file_set_bias)
    )
}

/// Note that the program which made the run may have given other verdicts. `None` if it judged by
/// the same version of the method.
fn older_method(record: &RunRecord) -> Option<String> {
    (record.analysis_version < ANALYSIS_VERSION).then(|| {
        format!(
            "method: this run was made by a program that judged by version {} of the method; what stands here is judged anew by version \
             {ANALYSIS_VERSION}, so that verdicts may be others than it gave.",
            record.analysis_version
        )
    })
}

fn method_of_streams(counted: &[&Iteration]) -> Option<String> {
    let several = counted
        .iter()
        .any(|iteration| iteration.figures.streams > 1);
    several.then(|| {
        "several copies of a query at once: times are those until the last of them ended, throughputs those of all, and time ratios \
         compare times per copy."
            .to_owned()
    })
}

fn method_of_lanes(record: &RunRecord, counted: &[&Iteration]) -> Option<String> {
    let fresh = |it: &&&Iteration| it.figures.cache.engine == EngineCache::Fresh;
    let footers = match counted.iter().filter(fresh).count() {
        0 => "Footers were in the engine's caches, and are part of no lane",
        all if all == counted.len() => "The footers that a query needs are part of every lane",
        _ => {
            "The footers that a query needs are part of every lane where the engine's caches were emptied"
        }
    };
    (!record.ceilings.is_empty()).then(|| {
        format!(
            "lanes: the side that takes longer binds, where the interval of their ratio excludes 1; a ceiling is the requested \
             bytes over the lane's time; overlap is the larger of the two times over end_to_end: 1 where reading and computing \
             overlap perfectly. Memory for the ranges, and handing them over, is in neither. {footers}."
        )
    })
}

fn stopped(record: &RunRecord) -> Option<String> {
    let stopped = record.stopped.as_ref()?;
    let widest = match stopped.widest_interval {
        Some(widest) => format!("the widest interval spans {}", units::percent(widest)),
        None => "an interval has no bounds yet".to_owned(),
    };
    let rounds = units::count(u64::from(stopped.rounds));
    let asked = stopped
        .precision
        .map_or_else(|| "what is not recorded".to_owned(), units::percent);
    Some(match stopped.by {
        StopReason::Rounds => format!("rounds: {rounds}, as asked for; {widest}."),
        StopReason::Precision => {
            format!(
                "rounds: {rounds}, until every interval spanned no more than {asked}; {widest}."
            )
        }
        StopReason::TimeBudget => format!(
            "rounds: {rounds}, until the time budget of {} was up; {widest}, and {asked} were asked for.",
            units::duration_ns(stopped.time_budget_ns.unwrap_or(0) as f64)
        ),
    })
}

fn method_of_predictions(record: &RunRecord) -> Option<String> {
    if record.break_even.is_empty() && record.prediction_checks.is_empty() {
        return None;
    }
    let checked = match record.prediction_checks.is_empty() {
        true => "not checked in this run: `--sweep storage.throttle.bandwidth=none,200MB/s --sweep storage.throttle.latency=0,1ms` would do so".to_owned(),
        false => format!("checked: {}", break_even::checked(record)),
    };
    Some(format!(
        "other storage: a simulation of what each query asked for, and when, with its bytes in memory; ranges less than 1 MiB apart are one \
         request, ten of a call at once. In brackets, where 99 % of crossings lie when rounds are drawn again and predictions are up to 5 % off against each other; {checked}."
    ))
}

/// Note on properties of the host that make times vary. `None` if there are none.
fn host(record: &RunRecord) -> Option<String> {
    let system = &record.system;
    let hypervisor = system.hypervisor.as_deref().map(|name| match name {
        "unknown" => "it is a virtual machine".to_owned(),
        name => format!("it is a virtual machine ({})", text::visible(name)),
    });
    let quota = system
        .cpu_quota_cores
        .map(|quota| format!("its cgroup has a quota of {quota} cores"));
    let governor = system.governor.as_deref().filter(|it| *it != "performance");
    let governor = governor.map(|it| format!("the frequency governor is {}", text::visible(it)));
    let found: Vec<String> = [hypervisor, quota, governor]
        .into_iter()
        .flatten()
        .collect();
    (!found.is_empty()).then(|| format!("host: {}.", found.join("; ")))
}

/// A sentence per kind of finding. It names up to [`MOST_NAMED`] findings, or all of them with
/// `details`.
fn findings(record: &RunRecord, details: bool) -> Vec<String> {
    let mut by_kind: BTreeMap<FindingKind, Vec<String>> = BTreeMap::new();
    for finding in &record.findings {
        by_kind.entry(finding.kind).or_default().push(format!(
            "{} ({}): {}",
            text::name(&finding.cell),
            finding.lane.name(),
            text::passage(&finding.text)
        ));
    }
    let notes = by_kind.into_iter().map(|(kind, found)| {
        let named = if details { found.len() } else { MOST_NAMED };
        let more = match found.len().saturating_sub(named) {
            0 => String::new(),
            more => format!("; and {more} more (--details)"),
        };
        let found: Vec<String> = found.into_iter().take(named).collect();
        format!("{}: {}{more}.", words(kind), found.join("; "))
    });
    notes.collect()
}

fn words(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::Drift => "drift (Mann-Kendall test; slope of Theil and Sen)",
        FindingKind::Bimodality => "bimodality (Hartigan's dip test)",
        FindingKind::Outliers => {
            "outliers, which all figures include (modified z-score above 3.5, Iglewicz and Hoaglin)"
        }
        FindingKind::Parallelism => "unequal parallelism",
        FindingKind::Ranges => "ranges that vary between executions",
    }
}

fn effect(share: f64) -> String {
    let percent = format!("{:.2}", share * 100.0);
    format!("{} %", percent.trim_end_matches('0').trim_end_matches('.'))
}

fn failed_expectations(cell: &Cell) -> Vec<String> {
    let failed = cell
        .record
        .expectations
        .iter()
        .filter(|expectation| !expectation.passed);
    let told = failed.map(|expectation| {
        format!(
            "failed expectation: {}, {}: {}: expected {}, found {}",
            text::name(&cell.record.scenario),
            cell.name(),
            text::passage(&expectation.name),
            text::passage(&expectation.expected),
            text::passage(&expectation.found)
        )
    });
    told.collect()
}

/// Sentences on iterations that do not count, warm-ups included, by their status and the reason.
fn lost_iterations(cell: &Cell) -> Vec<String> {
    let mut reasons: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    for iteration in &cell.record.iterations {
        let word = match iteration.status {
            Status::Ok => continue,
            Status::Void => "void",
            Status::Failed => "failed",
        };
        *reasons
            .entry((
                word,
                iteration.reason.as_deref().unwrap_or("no reason was kept"),
            ))
            .or_default() += 1;
    }
    let iterations = cell.record.iterations.len();
    let told = reasons.into_iter().map(|((word, reason), count)| {
        format!(
            "{word} iterations: {}, {}: {count} of {iterations}, warm-ups included: {}",
            text::name(&cell.record.scenario),
            cell.name(),
            text::passage(reason)
        )
    });
    told.collect()
}
