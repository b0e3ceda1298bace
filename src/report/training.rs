//! Training runs: utilization of the accelerators, and what binds them.

use super::csv::{field, figure, line, optional};
use super::page::Page;
use super::screen::{Screen, Statement};
use super::table::{Head, Table, texts};
use super::text;
use super::words::ABSENT;
use crate::analysis::{PassSummary, TrainingRun};
use crate::record::{
    AcceleratorSearch, AcceleratorTrial, EpochRecord, Figures, Lane, Phase, RunRecord, Status,
    StepTimes, TrainingRecord,
};
use crate::units;

/// Share of the ceiling from which on storage is said to cost nothing, and utilization from which
/// on nothing binds but the accelerator.
const ENOUGH: f64 = 0.95;

/// Share of an epoch that ranks must have trained together at least.
const TOGETHER: f64 = 0.9;

/// Ratio of the utilization to its ceiling that noise alone can explain.
const NOISE: f64 = 1.05;

/// Page of a training run.
pub(super) fn page(run: &TrainingRun<'_>) -> Page {
    let Some(training) = run.training() else {
        return empty();
    };
    let result = match &training.search {
        Some(search) => searched(search),
        None => result(run, training),
    };
    let statements = [
        ("RESULT", result),
        ("BOUND BY", binds(run)),
        ("LOOP", vec![loop_of(training)]),
        ("CAUTION", optimistic(run, training)),
    ];
    let statements = statements
        .into_iter()
        .filter(|(_, sentences)| !sentences.is_empty());
    let screen = Screen {
        statements: statements
            .map(|(label, sentences)| Statement { label, sentences })
            .collect(),
        costs: Some(match &training.search {
            Some(search) => trials(search),
            None => passes(run),
        }),
        noise: None,
        matrix: None,
        doubts: None,
        changes: None,
        recipe: None,
    };
    let mut tables = vec![accelerators(run)];
    tables.extend(run.records.iter().filter_map(|record| step_times(record)));
    Page {
        screen: Some(screen),
        cautions: cautions(run),
        results_agree: true,
        answers: Vec::new(),
        overview: None,
        tables,
        notes: notes(run, training),
        failures: Vec::new(),
    }
}

fn empty() -> Page {
    Page {
        screen: None,
        cautions: Vec::new(),
        results_agree: true,
        answers: Vec::new(),
        overview: None,
        tables: Vec::new(),
        notes: Vec::new(),
        failures: Vec::new(),
    }
}

fn share(share: Option<f64>) -> String {
    share.map_or_else(|| ABSENT.to_owned(), utilization)
}

/// A utilization in per cent.
fn utilization(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

fn samples(rate: f64) -> String {
    match rate {
        rate if rate >= 100.0 => units::count(rate.round() as u64),
        rate => format!("{rate:.2}"),
    }
}

/// Mean of a figure over the epochs that count.
fn mean(run: &TrainingRun<'_>, lane: Lane, figure: fn(&PassSummary) -> Option<f64>) -> Option<f64> {
    run.mean(Phase::Train, lane, figure).map(|(mean, _)| mean)
}

fn result(run: &TrainingRun<'_>, training: &TrainingRecord) -> Vec<String> {
    let Some(lane) = main_lane(run) else {
        return vec!["No epoch counts.".to_owned()];
    };
    let epochs = run.counted(Phase::Train, lane).count();
    let epochs = match epochs {
        1 => String::new(),
        epochs => format!(", in the mean of {epochs} epochs"),
    };
    let mut sentences = Vec::new();
    let target = training.target_utilization;
    match mean(run, lane, |it| it.utilization) {
        _ if !computes(run) => sentences.push(
            "Steps compute for no time, so that there is no AU; train.computation_time sets it."
                .to_owned(),
        ),
        None => sentences.push(format!(
            "No utilization: all steps of an epoch are excluded, the first {} and the last {}.",
            training.excluded_start_steps, training.excluded_end_steps
        )),
        Some(found) => {
            let met = match found >= target {
                true => "meets",
                false => "misses",
            };
            let of_lane = match lane {
                Lane::EndToEnd => String::new(),
                lane => format!(", lane {}", lane.name()),
            };
            let measured = mean(run, lane, |it| it.measured_utilization).unwrap_or(found);
            sentences.push(format!(
                "AU {}{epochs}{of_lane}: {met} the target of {} %. DLIO's AU, by the time that steps took, is {}.",
                utilization(found),
                (target * 1000.0).round() / 10.0,
                utilization(measured)
            ));
        }
    }
    if let Some(rate) = mean(run, lane, |it| it.samples_per_s) {
        let requested = mean(run, lane, |it| Some(it.requested_bytes_per_s)).unwrap_or(0.0);
        sentences.push(format!(
            "{} samples/s, {} requested of the storage.",
            samples(rate),
            units::bytes_per_second(requested)
        ));
    }
    let worst = run
        .counted(Phase::Train, lane)
        .filter_map(|it| it.worst.as_ref());
    if let Some(worst) = worst.min_by(|one, two| one.utilization.total_cmp(&two.utilization)) {
        sentences.push(format!(
            "The worst accelerator is {} on {}, with {}.",
            worst.accelerator,
            text::name(&worst.hostname),
            utilization(worst.utilization)
        ));
    }
    sentences
}

/// Sentences on the result of a search for accelerators.
fn searched(search: &AcceleratorSearch) -> Vec<String> {
    let target = utilization(search.target_utilization);
    let of_one = search.trials.iter().find(|trial| trial.accelerators == 1);
    let mut sentences = vec![match (search.most, of_one) {
        (0, Some(one)) => format!(
            "This host cannot be shown to feed one accelerator at AU {target}: one has AU {}.",
            utilization(mean_of(&one.utilizations))
        ),
        (0, None) => format!("No number of accelerators is shown to reach AU {target}."),
        (most, _) => format!(
            "This host feeds {} accelerator(s) at AU {target} or more.",
            units::count(most)
        ),
    }];
    match search.too_many {
        Some(too_many) if too_many > search.most + 1 => sentences.push(format!(
            "{} are shown to be too many; between the two it is unclear.",
            units::count(too_many)
        )),
        Some(_) => {}
        None => sentences.push(format!(
            "More than {} were not tried: the rows make too few steps for them, or memory has no room for their batches.",
            units::count(search.limit)
        )),
    }
    sentences
}

fn mean_of(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// A row per number of accelerators that was tried.
fn trials(search: &AcceleratorSearch) -> Table {
    let mut trials: Vec<&AcceleratorTrial> = search.trials.iter().collect();
    trials.sort_by_key(|trial| trial.accelerators);
    let row = |trial: &AcceleratorTrial| {
        let target = search.target_utilization;
        let reaches = match (trial.ci_low >= target, trial.ci_high < target) {
            (true, _) => "reaches",
            (_, true) => "misses",
            _ => "unclear",
        };
        texts(vec![
            units::count(trial.accelerators),
            utilization(mean_of(&trial.utilizations)),
            format!(
                "[{}, {}]",
                utilization(trial.ci_low),
                utilization(trial.ci_high)
            ),
            reaches.to_owned(),
            samples(trial.samples_per_s),
            trial.utilizations.len().to_string(),
        ])
    };
    Table {
        title: "accelerators tried".to_owned(),
        description: None,
        heads: vec![
            Head::text("accelerators"),
            Head::number("AU"),
            Head::number("99 % interval"),
            Head::text("target"),
            Head::number("samples/s"),
            Head::number("repetitions"),
        ],
        rows: trials.into_iter().map(row).collect(),
    }
}

/// True if a step that counts computes for a time.
fn computes(run: &TrainingRun<'_>) -> bool {
    let trainings = run
        .records
        .iter()
        .filter_map(|record| record.training.as_ref());
    let epochs = trainings.flat_map(|training| &training.epochs);
    let mut all = epochs.flat_map(|epoch| &epoch.accelerators);
    all.any(|it| it.utilization.set_compute_ns > 0)
}

/// The lane that the result is about.
fn main_lane(run: &TrainingRun<'_>) -> Option<Lane> {
    Lane::ALL
        .into_iter()
        .find(|lane| run.counted(Phase::Train, *lane).next().is_some())
}

/// Sentences on the part that accelerators wait for.
fn binds(run: &TrainingRun<'_>) -> Vec<String> {
    let found = mean(run, Lane::EndToEnd, |it| it.utilization);
    let ceiling = mean(run, Lane::Compute, |it| it.utilization);
    let Some(found) = found.filter(|_| computes(run)) else {
        return Vec::new();
    };
    if found >= ENOUGH {
        return vec!["the accelerators: they hardly wait.".to_owned()];
    }
    let measured = mean(run, Lane::EndToEnd, |it| it.measured_utilization).unwrap_or(found);
    let Some(ceiling) = ceiling.filter(|ceiling| *ceiling > 0.0) else {
        let overshoot = match measured > found * 1.02 {
            true => " Steps compute longer than they should: the host's cores are too busy.",
            false => "",
        };
        return vec![format!(
            "storage or decoding: `--lane all` tells them apart.{overshoot}"
        )];
    };
    let reached = found / ceiling;
    if reached > NOISE {
        return vec![format!(
            "not known: with all bytes in memory AU was {}, less than with them on the storage. Epochs are too short, or the host is \
             too busy.",
            utilization(ceiling)
        )];
    }
    let what = match (reached >= ENOUGH, ceiling >= ENOUGH) {
        (true, _) => {
            "this host: decoding and copying, or too few readers; faster storage would change nothing"
        }
        (false, true) => "the storage",
        (false, false) => "the storage, and this host's decoding and copying",
    };
    vec![format!(
        "{what}. With all bytes in memory AU is {}, the ceiling; {:.0} % of that are reached.",
        utilization(ceiling),
        reached * 100.0
    )]
}

fn loop_of(training: &TrainingRecord) -> String {
    let plural = |count: u64, word: &str| match count {
        1 => format!("1 {word}"),
        count => format!("{} {word}s", units::count(count)),
    };
    let ranks = match training.world_size {
        1 => String::new(),
        ranks => format!(" in each of {ranks} ranks"),
    };
    let tensors = match training.tensors.as_str() {
        "none" => "columns as the engine returns them".to_owned(),
        _ if training.row_bytes == 0 => "columns of varying length, in no matrix".to_owned(),
        other => format!(
            "{} of {} a row",
            match other {
                "one" => "one matrix",
                _ => "a matrix per type",
            },
            units::bytes(training.row_bytes)
        ),
    };
    let kept = training.cached_row_groups.map_or_else(String::new, |kept| {
        format!(
            ", {} decoded row groups kept by each reader",
            units::count(kept)
        )
    });
    format!(
        "{}{ranks}, {} each; batches of {} rows, {} prefetched, {tensors}; {} per step; read mode {}{kept}.",
        plural(training.accelerators, "accelerator"),
        plural(training.readers, "reader"),
        units::count(training.batch_rows),
        units::count(training.prefetched_batches),
        text::passage(&training.computation),
        text::name(&training.access),
    )
}

/// Doubts about figures of several processes.
fn optimistic(run: &TrainingRun<'_>, training: &TrainingRecord) -> Vec<String> {
    if training.world_size == 1 {
        let is_optimistic = training.accelerators > 1 && !training.barrier;
        let sentence = "AU is optimistic: train.barrier is false, and the accelerators do not wait for each other after each step.";
        return is_optimistic
            .then(|| sentence.to_owned())
            .into_iter()
            .collect();
    }
    let mut sentences = vec![format!(
        "AU is optimistic: the {} processes do not wait for each other after each step, as accelerators that train together do.",
        training.world_size
    )];
    let passes = run.counted(Phase::Train, Lane::EndToEnd);
    let together = passes.map(|it| it.together).fold(1.0, f64::min);
    if together < TOGETHER && run.records.len() > 1 {
        sentences.push(format!(
            "The ranks trained together for only {:.0} % of an epoch, and samples/s are those of that time; --start-at lets them start \
             together.",
            together * 100.0
        ));
    }
    sentences
}

fn cautions(run: &TrainingRun<'_>) -> Vec<String> {
    let incomplete = run.records.iter().filter(|record| !record.complete);
    let ids: Vec<String> = incomplete
        .map(|record| text::name(&record.run_id))
        .collect();
    match ids.is_empty() {
        true => Vec::new(),
        false => vec![format!(
            "INCOMPLETE: {} did not come to the end; shown is what was finished",
            ids.join(", ")
        )],
    }
}

const PASSES: [Head; 10] = [
    Head::text("epoch"),
    Head::number("AU"),
    Head::number("DLIO's AU").dispensable(2),
    Head::number("samples/s"),
    Head::number("requested"),
    Head::number("steps"),
    Head::number("counted").dispensable(1),
    Head::number("waiting p50"),
    Head::number("p99"),
    Head::text("bytes from").dispensable(0),
];

/// A row per pass.
fn passes(run: &TrainingRun<'_>) -> Table {
    let row = |(index, pass): (usize, &PassSummary)| {
        let epochs = run.records.iter().filter_map(|record| {
            let training = record.training.as_ref()?;
            training.epochs.get(index)
        });
        let epochs: Vec<&EpochRecord> = epochs.collect();
        let waiting = |figure: fn(&StepTimes) -> u64| {
            let all = epochs.iter().flat_map(|epoch| &epoch.accelerators);
            let most = all.map(|it| figure(&it.waiting)).max().unwrap_or(0);
            units::duration_ns(most as f64)
        };
        let from = epochs
            .first()
            .map_or(ABSENT, |it| it.figures.cache.state.name());
        let void = match pass.void {
            Some(_) => " (void)",
            None => "",
        };
        texts(vec![
            format!("{}{void}", name(pass.phase, pass.lane, pass.epoch)),
            share(pass.utilization),
            share(pass.measured_utilization),
            pass.samples_per_s
                .map_or_else(|| ABSENT.to_owned(), samples),
            units::bytes_per_second(pass.requested_bytes_per_s),
            units::count(pass.steps),
            units::count(pass.counted_steps),
            waiting(|it| it.p50_ns),
            waiting(|it| it.p99_ns),
            from.to_owned(),
        ])
    };
    Table {
        title: "epochs".to_owned(),
        description: None,
        heads: PASSES.to_vec(),
        rows: run.passes.iter().enumerate().map(row).collect(),
    }
}

pub(super) fn name(phase: Phase, lane: Lane, epoch: u64) -> String {
    match (phase, lane) {
        (Phase::Train, Lane::EndToEnd) => epoch.to_string(),
        (Phase::Train, Lane::Storage) => format!("{epoch}, raw reads"),
        (Phase::Train, Lane::Compute) => "ceiling".to_owned(),
        (Phase::Evaluation, _) => format!("{epoch}, evaluation"),
    }
}

/// A row per accelerator in the last epoch that counts.
fn accelerators(run: &TrainingRun<'_>) -> Table {
    let lane = main_lane(run).unwrap_or(Lane::EndToEnd);
    let mut rows = Vec::new();
    for record in &run.records {
        let Some(training) = &record.training else {
            continue;
        };
        let mut epochs = training.epochs.iter().rev();
        let is_last = |it: &&EpochRecord| {
            it.phase == Phase::Train && it.lane == lane && it.status == Status::Ok
        };
        let Some(epoch) = epochs.find(is_last) else {
            continue;
        };
        for it in &epoch.accelerators {
            rows.push(texts(vec![
                it.accelerator.to_string(),
                text::name(&training.hostname),
                share(it.utilization.utilization),
                share(it.utilization.measured_utilization),
                it.utilization
                    .samples_per_s
                    .map_or_else(|| ABSENT.to_owned(), samples),
                units::count(it.steps),
                units::count(it.samples),
                units::duration_ns(it.elapsed_ns as f64),
            ]));
        }
    }
    Table {
        title: "accelerators".to_owned(),
        description: Some("in the last epoch that counts".to_owned()),
        heads: vec![
            Head::text("accelerator"),
            Head::text("host"),
            Head::number("AU"),
            Head::number("DLIO's AU"),
            Head::number("samples/s"),
            Head::number("steps"),
            Head::number("samples"),
            Head::number("time"),
        ],
        rows,
    }
}

/// Times of the steps, by epoch and part. `None` if there are none.
fn step_times(record: &RunRecord) -> Option<Table> {
    let training = record.training.as_ref()?;
    let mut rows = Vec::new();
    for epoch in &training.epochs {
        for it in &epoch.accelerators {
            let parts = [
                ("waiting", it.waiting),
                ("computing", it.computing),
                ("barrier", it.barrier),
                ("readers: storage", it.reading),
                ("readers: decoding", it.decoding),
                ("readers: copying", it.copying),
            ];
            for (part, times) in parts.into_iter().filter(|(_, times)| times.total_ns > 0) {
                let time = |ns: u64| units::duration_ns(ns as f64);
                rows.push(texts(vec![
                    format!(
                        "{}, {}",
                        name(epoch.phase, epoch.lane, epoch.epoch),
                        it.accelerator
                    ),
                    part.to_owned(),
                    time(times.p50_ns),
                    time(times.p95_ns),
                    time(times.p99_ns),
                    time(times.max_ns),
                    time(times.total_ns),
                ]));
            }
        }
    }
    (!rows.is_empty()).then(|| Table {
        title: format!("steps of rank {}", training.rank),
        description: Some(
            "times per step; those of readers are summed over the readers of a batch".to_owned(),
        ),
        heads: vec![
            Head::text("epoch, accelerator"),
            Head::text("part"),
            Head::number("p50"),
            Head::number("p95"),
            Head::number("p99"),
            Head::number("max"),
            Head::number("sum"),
        ],
        rows,
    })
}

fn notes(run: &TrainingRun<'_>, training: &TrainingRecord) -> Vec<String> {
    let mut notes = vec![
        format!(
            "AU: computation time that was asked for, over the time of the loop, without the first {} and the last {} step(s) of an \
             epoch; DLIO's AU takes the computation time that was measured. DLIO's own Parquet loader does not decode: its AU is that of \
             `--lane storage` with `storage.row_group_reads: true`.",
            training.excluded_start_steps, training.excluded_end_steps
        ),
        "requested: bytes of a whole pass over its time, with its first steps.".to_owned(),
        "ceiling: the same loop with all bytes in memory. Storage can make AU no higher on this host with these readers.".to_owned(),
        "No Parquet workload can be submitted to MLPerf Storage; the figures are for comparisons of your own.".to_owned(),
    ];
    let dropped: u64 = run
        .passes
        .iter()
        .map(|it| it.dropped_rows)
        .max()
        .unwrap_or(0);
    if dropped > 0 {
        notes.push(format!(
            "drop_last: {} row(s) of an epoch are in no batch, as the last one would not be full",
            units::count(dropped)
        ));
    }
    for record in &run.records {
        let Some(training) = &record.training else {
            continue;
        };
        for epoch in &training.epochs {
            let place = name(epoch.phase, epoch.lane, epoch.epoch);
            if let Some(reason) = &epoch.reason {
                notes.push(format!("epoch {place} is void: {}", text::passage(reason)));
            }
            if epoch.nulls > 0 {
                notes.push(format!(
                    "epoch {place}: {} null(s) became 0, or NaN among floats",
                    units::count(epoch.nulls)
                ));
            }
            if let Some(found) = epoch.row_group_cache {
                let all = (found.hits + found.misses).max(1);
                notes.push(format!(
                    "epoch {place}: {} of {} samples were in row groups that were decoded already, {} %",
                    units::count(found.hits),
                    units::count(all),
                    units::tenths(found.hits as f64 / all as f64 * 100.0)
                ));
            }
        }
        notes.extend(
            record
                .warnings
                .iter()
                .map(|warning| format!("warning: {}", text::passage(warning))),
        );
    }
    notes
}

/// Columns of CSV besides those of the figures, which are of all accelerators of a process.
const CSV_PLACE: [&str; 7] = [
    "run_id", "rank", "hostname", "phase", "lane", "epoch", "status",
];

/// A row per accelerator and pass.
pub(super) fn csv(run: &TrainingRun<'_>) -> String {
    let times = [
        "waiting",
        "reading",
        "decoding",
        "copying",
        "computing",
        "barrier",
    ];
    let own = [
        "accelerator",
        "steps",
        "samples",
        "loop_ns",
        "counted_steps",
        "window_ns",
        "set_compute_ns",
        "measured_compute_ns",
        "utilization",
        "measured_utilization",
        "samples_per_s",
    ];
    let percentiles = ["total", "p50", "p95", "p99", "max"];
    let heads = CSV_PLACE.iter().chain(&own).map(|head| (*head).to_owned());
    let of_times = times
        .iter()
        .flat_map(|time| percentiles.map(|percentile| format!("{time}_{percentile}_ns")));
    let figures = Figures::columns().map(|column| column.name.to_owned());
    let mut lines = vec![line(heads.chain(of_times).chain(figures))];
    for record in &run.records {
        let Some(training) = &record.training else {
            continue;
        };
        for epoch in &training.epochs {
            for it in &epoch.accelerators {
                let place = [
                    field(&record.run_id),
                    training.rank.to_string(),
                    field(&training.hostname),
                    epoch.phase.name().to_owned(),
                    epoch.lane.name().to_owned(),
                    epoch.epoch.to_string(),
                    epoch.status.to_string(),
                ];
                let utilization = &it.utilization;
                let own = [
                    it.accelerator.to_string(),
                    it.steps.to_string(),
                    it.samples.to_string(),
                    it.elapsed_ns.to_string(),
                    utilization.counted_steps.to_string(),
                    utilization.window_ns.to_string(),
                    utilization.set_compute_ns.to_string(),
                    utilization.measured_compute_ns.to_string(),
                    optional(utilization.utilization),
                    optional(utilization.measured_utilization),
                    optional(utilization.samples_per_s),
                ];
                let times = [
                    it.waiting,
                    it.reading,
                    it.decoding,
                    it.copying,
                    it.computing,
                    it.barrier,
                ];
                let times = times.into_iter().flat_map(|it| {
                    [it.total_ns, it.p50_ns, it.p95_ns, it.p99_ns, it.max_ns]
                        .map(|ns| ns.to_string())
                });
                let figures = Figures::columns();
                let figures = figures.map(|column| figure((column.field)(&epoch.figures)));
                lines.push(line(
                    place.into_iter().chain(own).chain(times).chain(figures),
                ));
            }
        }
    }
    lines.concat()
}
