//! The page of a training run.

use maud::{Markup, html};

use super::parts::Charts;
use super::{document, facts, header};
use crate::analysis::TrainingRun;
use crate::record::{AcceleratorEpoch, EpochRecord, Lane, Phase, StepTimes};
use crate::report::{chart, text, training};
use crate::units;

/// Shows a training run as a page.
pub fn html_training(run: &TrainingRun<'_>) -> String {
    let page = training::page(run);
    let mut charts = Charts::default();
    let ids: Vec<String> = run
        .records
        .iter()
        .map(|it| text::name(&it.run_id))
        .collect();
    let title = format!("Training: run {}", ids.join(", "));
    let body = html! {
        (header(&title, &about(run), &page, &utilization(run, &mut charts)))
        main {
            section { h2 { "Time of a step" } (steps(run, &mut charts)) (waiting(run, &mut charts)) }
            section { @for found in &page.tables { (chart::table(found)) } }
            section.notes id="method" {
                h2 { "What the numbers rest on" }
                ul { @for note in &page.notes { li { (note) } } }
                @for record in &run.records { (facts(record)) }
            }
        }
    };
    document(&title, &body)
}

fn about(run: &TrainingRun<'_>) -> String {
    let (Some(record), Some(training)) = (run.records.first(), run.training()) else {
        return String::new();
    };
    format!(
        "{} rows in {} files, {} of {} columns, begun {}, on {} cores of {}",
        units::count(training.rows),
        units::count(training.files),
        training.columns_read,
        training.columns,
        text::name(&record.started_at),
        record.system.cores,
        text::name(&record.system.cpu_model)
    )
}

/// Utilization of each epoch beside the ceiling.
fn utilization(run: &TrainingRun<'_>, charts: &mut Charts) -> Markup {
    let ceiling = run.mean(Phase::Train, Lane::Compute, |it| it.utilization);
    let ceiling = ceiling.map(|(mean, _)| mean);
    let rows: Vec<chart::Bars> = run
        .counted(Phase::Train, Lane::EndToEnd)
        .map(|pass| chart::Bars {
            name: pass.epoch.to_string(),
            values: vec![pass.utilization, pass.measured_utilization, ceiling],
        })
        .collect();
    let kinds = ["AU", "DLIO's AU", "ceiling"].map(str::to_owned);
    let kinds = match ceiling {
        Some(_) => kinds.to_vec(),
        None => kinds[..2].to_vec(),
    };
    html! {
        @if !rows.is_empty() {
            (chart::grouped(&charts.frame("Utilization of the accelerators".to_owned()), chart::BarAxis::UTILIZATION, &kinds, &rows))
        }
    }
}

/// All passes of all processes, with their names.
fn passes<'a>(run: &'a TrainingRun<'_>) -> impl Iterator<Item = (String, &'a EpochRecord)> {
    let several = run.records.len() > 1;
    let trainings = run
        .records
        .iter()
        .filter_map(|record| record.training.as_ref());
    trainings.flat_map(move |training| {
        training.epochs.iter().map(move |epoch| {
            let name = training::name(epoch.phase, epoch.lane, epoch.epoch);
            match several {
                true => (format!("{name}, rank {}", training.rank), epoch),
                false => (name, epoch),
            }
        })
    })
}

/// Mean times of a step, a row per pass.
fn means(
    run: &TrainingRun<'_>,
    parts: [fn(&AcceleratorEpoch) -> StepTimes; 3],
) -> Vec<chart::Bars> {
    let row = |(name, epoch): (String, &EpochRecord)| {
        let steps: u64 = epoch.accelerators.iter().map(|it| it.steps).sum();
        let mean = |part: fn(&AcceleratorEpoch) -> StepTimes| {
            let all = epoch.accelerators.iter().map(|it| part(it).total_ns);
            (steps > 0).then(|| all.sum::<u64>() as f64 / steps as f64)
        };
        chart::Bars {
            name,
            values: parts.map(mean).to_vec(),
        }
    };
    passes(run).map(row).collect()
}

/// Mean time of a step, by what the loop does in it and by what its readers do.
fn steps(run: &TrainingRun<'_>, charts: &mut Charts) -> Markup {
    let of_loop = means(run, [|it| it.waiting, |it| it.computing, |it| it.barrier]);
    let of_readers = means(run, [|it| it.reading, |it| it.decoding, |it| it.copying]);
    let parts_of_loop = ["waiting for a batch", "computing", "waiting for others"];
    let parts_of_readers = ["waiting for storage", "decoding", "copying"];
    let mut bars = |title: &str, parts: [&str; 3], rows: &[chart::Bars]| {
        let frame = charts.frame(title.to_owned());
        chart::stacked(
            &frame,
            chart::BarAxis::STEPS,
            &parts.map(str::to_owned),
            rows,
        )
    };
    html! {
        @if !of_loop.is_empty() {
            (bars("Mean time of a step in the loop", parts_of_loop, &of_loop))
            (bars("Mean time of the readers for a batch, all readers together", parts_of_readers, &of_readers))
        }
    }
}

/// How long the loop waited for batches: the accelerator that waited longest.
fn waiting(run: &TrainingRun<'_>, charts: &mut Charts) -> Markup {
    let row = |(name, epoch): (String, &EpochRecord)| {
        let longest = epoch
            .accelerators
            .iter()
            .max_by_key(|it| it.waiting.p99_ns)?
            .waiting;
        Some(chart::Latencies {
            name,
            p50_ns: longest.p50_ns as f64,
            upper_ns: longest.p95_ns as f64,
            p99_ns: longest.p99_ns as f64,
            max_ns: longest.max_ns as f64,
        })
    };
    let rows: Vec<chart::Latencies> = passes(run).filter_map(row).collect();
    html! {
        @if !rows.is_empty() {
            (chart::ranges(&charts.frame("Waiting for a batch".to_owned()), chart::RangeAxis::WAITING, &rows))
        }
    }
}
