//! The page for a browser: one file, which needs no network and no scripts.

mod parts;
mod storage;
mod training;

use std::collections::BTreeSet;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use self::parts::Charts;
use self::storage::other_storage;
pub use self::training::html_training;
use super::chart::{self, prose};
use super::page::{Page, tables};
use super::scenario::{Cell, Scenario, scenarios};
use super::screen::Screen;
use super::text;
use super::view::View;
use crate::analysis::{History, OverBaseline, Predictions};
use crate::record::{Kind, Lane, RunRecord, Status};
use crate::units;

/// Beginning of every page, by which a file is known to be one.
pub const START: &str = "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"generator\" content=\"bench\">";

pub(super) const STYLE: &str = include_str!("style.css");

/// Longest SQL text, plan or config, in characters.
const LONGEST_TEXT: usize = 100_000;

/// Shows a record as a page, with the predictions that its break-even points rest on.
pub fn html(record: &RunRecord, predictions: &Predictions, view: &View) -> String {
    let scenarios = scenarios(record);
    let page = Page::of(record, &scenarios, view.details, view.prefer);
    let mut charts = Charts::default();
    let title = format!(
        "Parquet layouts compared: run {}",
        text::name(&record.run_id)
    );
    let tradeoffs = match page.results_agree {
        true => tradeoffs(record, &mut charts),
        false => Markup::default(),
    };
    let body = html! {
        (header(&title, &about(record, &scenarios), &page, &tradeoffs))
        (contents(&scenarios, &page, record))
        main {
            @if page.results_agree {
                (whole(&page))
                (other_storage(record, predictions, &mut charts))
            }
            @for (index, scenario) in scenarios.iter().enumerate() {
                (of_scenario(record, (index, scenario), view, &mut charts))
            }
            section.notes id="method" {
                h2 { "What the numbers rest on" }
                ul { @for note in &page.notes { li { (note) } } }
                (facts(record))
            }
        }
    };
    document(&title, &body)
}

/// Shows scenarios over time as a page.
pub fn html_history(histories: &[History]) -> String {
    let page = super::history::page(histories);
    let mut charts = Charts::default();
    let title = "Parquet layouts over time";
    let body = html! {
        (header(title, "each scenario over the runs, in the order of their start", &page, &Markup::default()))
        main {
            section {
                @for history in histories { (of_history(history, &mut charts)) }
            }
            section.notes { ul { @for note in &page.notes { li { (note) } } } }
        }
    };
    document(title, &body)
}

fn document(title: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="generator" content="bench";
                meta name="viewport" content="width=device-width, initial-scale=1";
                // The page loads nothing and runs nothing, whatever a record holds.
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { (body) }
        }
    };
    page.into_string()
}

/// The answer, with a chart below it.
fn header(title: &str, about: &str, page: &Page, chart: &Markup) -> Markup {
    html! {
        header.answer {
            h1 { (title) }
            @for caution in &page.cautions { p.caution { (caution) } }
            @if let Some(screen) = &page.screen { (first_view(screen)) }
            (chart)
            @if !page.answers.is_empty() {
                details {
                    summary { "In sentences, scenario by scenario" }
                    ul { @for answer in &page.answers { li { (prose(answer)) } } }
                }
            }
            p.about { (about) }
        }
    }
}

/// First screen of the report; the first sentence leads.
fn first_view(screen: &Screen) -> Markup {
    let statements = || {
        screen
            .statements
            .iter()
            .chain(&screen.changes)
            .chain(&screen.recipe)
    };
    html! {
        @for (index, statement) in statements().enumerate() {
            div.statement {
                p.label { (statement.label) }
                div {
                    @for (place, sentence) in statement.sentences.iter().enumerate() {
                        p.lead[index == 0 && place == 0] { (prose(sentence)) }
                    }
                }
            }
        }
        @if let Some(costs) = &screen.costs { (chart::table(costs)) }
        @if let Some(noise) = &screen.noise { p { (prose(noise)) } }
        @if let Some(matrix) = &screen.matrix { div.heat { (chart::table(matrix)) } }
        @if let Some(doubts) = &screen.doubts { p { (prose(doubts)) } }
    }
}

/// Links to the parts of the page.
fn contents(scenarios: &[Scenario], page: &Page, record: &RunRecord) -> Markup {
    html! {
        nav aria-label="Contents" {
            @if page.results_agree && page.overview.is_some() { a href="#together" { "All scenarios" } }
            @if page.results_agree && !record.break_even.is_empty() { a href="#storage" { "Other storage" } }
            @for (index, scenario) in scenarios.iter().enumerate() {
                a href={ "#scenario-" (index + 1) } { (text::name(scenario.name)) }
            }
            a href="#method" { "What the numbers rest on" }
        }
    }
}

fn about(record: &RunRecord, scenarios: &[Scenario]) -> String {
    let variants = scenarios.iter().map(|it| it.cells.len()).max().unwrap_or(0);
    let rounds = record
        .stopped
        .as_ref()
        .map_or_else(String::new, |it| format!(", {} rounds", it.rounds));
    let labels: Vec<String> = record
        .labels
        .iter()
        .map(|(key, value)| format!(", {}={}", text::name(key), text::name(value)))
        .collect();
    format!(
        "{} scenario(s), {variants} variant(s){rounds}, begun {}, on {} cores of {}{}",
        scenarios.len(),
        text::name(&record.started_at),
        record.system.cores,
        text::name(&record.system.cpu_model),
        labels.concat()
    )
}

/// Chart of file sizes against times. It has nothing to show of a lone variant.
fn tradeoffs(record: &RunRecord, charts: &mut Charts) -> Markup {
    let over_baseline = OverBaseline::of(record);
    let baseline_ns = over_baseline.baseline().map(|it| it.time_ns);
    let tradeoffs: Vec<chart::Tradeoff> = record
        .standings
        .iter()
        .map(|standing| {
            let paired = baseline_ns.and_then(|it| over_baseline.time(&standing.variant, it));
            chart::Tradeoff {
                name: standing.variant.clone(),
                file_bytes: standing.file_bytes as f64,
                time_ns: paired.map_or(standing.time_ns, |it| it.time_ns),
                interval_ns: paired.and_then(|it| it.interval_ns),
                is_on_front: standing.dominated_by.is_empty(),
            }
        })
        .collect();
    html! {
        @if tradeoffs.len() > 1 {
            (chart::scatter(&charts.frame("File size against time, and the Pareto front".to_owned()), &tradeoffs))
            p.about { "A variant is on the front if no other is shown to be better in time, CPU time or file size and no worse in the other two." }
        }
    }
}

/// Section on all scenarios together.
fn whole(page: &Page) -> Markup {
    html! {
        @if let Some(overview) = &page.overview {
            section id="together" { h2 { "All scenarios together" } (chart::table(overview)) }
        }
    }
}

fn of_scenario(
    record: &RunRecord,
    (index, scenario): (usize, &Scenario),
    view: &View,
    charts: &mut Charts,
) -> Markup {
    let name = text::name(scenario.name);
    let cells = || scenario.cells.iter().chain(&scenario.controls);
    let estimates: Vec<chart::IntervalRow> = cells()
        .enumerate()
        .filter_map(|(index, cell)| {
            let summary = cell.summary?;
            Some(chart::IntervalRow {
                name: cell.record.variant_name.clone(),
                median_ns: summary.median_ns,
                interval_ns: summary.ci_low_ns.zip(summary.ci_high_ns),
                is_baseline: index == 0,
            })
        })
        .collect();
    html! {
        details.scenario id={ "scenario-" (index + 1) } {
            summary { h2 { "Scenario " code { (name) } } }
            @if let Some(description) = scenario.description { p { (text::passage(description)) } }
            @for found in tables(scenario, view.details) { (chart::table(&found)) }
            @if !estimates.is_empty() {
                (chart::intervals(&charts.frame(format!("{name}: median time with its interval")), &estimates))
            }
            (ledger(&name, scenario, charts))
            (lanes(&name, scenario, charts))
            (latencies(&name, scenario, charts))
            (iterations(&name, scenario, charts))
            @if let Some(cell) = scenario.cells.first() {
                details open { summary { "SQL of " (name) } pre tabindex="0" { (long(&cell.record.sql)) } }
            }
            @for cell in &scenario.cells {
                details { summary { "Plan of " (cell.name()) } pre tabindex="0" { (long(&cell.record.plan)) } }
            }
            @if record.cells.is_empty() { p { "Nothing was measured." } }
        }
    }
}

/// The first [`LONGEST_TEXT`] characters of a text. Line ends are kept; other invisible characters
/// are shown as codes.
fn long(text: &str) -> String {
    let kept: String = text.chars().take(LONGEST_TEXT).collect();
    let lines: Vec<String> = kept.lines().map(text::visible).collect();
    lines.join("\n")
}

fn ledger(name: &str, scenario: &Scenario, charts: &mut Charts) -> Markup {
    let kinds = [
        "data asked for",
        "metadata asked for",
        "requested besides",
        "read by the device besides",
    ];
    let bars: Vec<chart::Bars> = scenario
        .cells
        .iter()
        .filter_map(|cell| {
            let ledger = cell.summary?.ledger?;
            let asked = ledger
                .engine_data_bytes
                .saturating_add(ledger.engine_metadata_bytes);
            let device = ledger.device_read_bytes.unwrap_or(0);
            let parts = [
                ledger.engine_data_bytes,
                ledger.engine_metadata_bytes,
                ledger.requested_bytes.saturating_sub(asked),
                device.saturating_sub(ledger.requested_bytes),
            ];
            Some(chart::Bars {
                name: cell.record.variant_name.clone(),
                values: parts.iter().map(|bytes| Some(*bytes as f64)).collect(),
            })
        })
        .collect();
    html! {
        @if !bars.is_empty() {
            (chart::stacked(&charts.frame(format!("{name}: bytes of one execution")), chart::BarAxis::BYTES, &kinds.map(str::to_owned), &bars))
        }
    }
}

fn lanes(name: &str, scenario: &Scenario, charts: &mut Charts) -> Markup {
    let bars: Vec<chart::Bars> = scenario
        .cells
        .iter()
        .map(|cell| chart::Bars {
            name: cell.record.variant_name.clone(),
            values: Lane::ALL
                .map(|lane| cell.record.summary.get(&lane).map(|it| it.median_ns))
                .to_vec(),
        })
        .collect();
    let kinds = Lane::ALL.map(|lane| lane.name().to_owned());
    html! {
        @if scenario.has_lanes() {
            (chart::grouped(&charts.frame(format!("{name}: the whole, its byte ranges alone, and the query from memory")), chart::BarAxis::LANES, &kinds, &bars))
        }
    }
}

/// Chart of how long calls of the store took: the median over the iterations for each percentile,
/// and the longest call of all.
fn latencies(name: &str, scenario: &Scenario, charts: &mut Charts) -> Markup {
    let of = |cell: &Cell| {
        let calls: Vec<_> = cell
            .counted()
            .filter_map(|it| it.figures.store_calls.as_ref())
            .collect();
        let over = |figure: fn(&crate::record::Percentiles) -> u64| {
            let values: Vec<f64> = calls
                .iter()
                .map(|it| figure(&it.latency_ns) as f64)
                .collect();
            crate::statistics::median(&values)
        };
        Some(chart::Latencies {
            name: cell.record.variant_name.clone(),
            p50_ns: over(|it| it.p50)?,
            upper_ns: over(|it| it.p90)?,
            p99_ns: over(|it| it.p99)?,
            max_ns: calls.iter().map(|it| it.latency_ns.max).max()? as f64,
        })
    };
    let found: Vec<chart::Latencies> = scenario.cells.iter().filter_map(of).collect();
    html! {
        @if !found.is_empty() {
            (chart::ranges(&charts.frame(format!("{name}: latency of calls of the store")), chart::RangeAxis::REQUESTS, &found))
        }
    }
}

fn iterations(name: &str, scenario: &Scenario, charts: &mut Charts) -> Markup {
    let of = |cell: &Cell| {
        let iterations = cell.record.iterations.iter();
        let measured = iterations.filter(|it| {
            it.lane == cell.lane && it.kind == Kind::Measured && it.status != Status::Failed
        });
        chart::IterationSeries {
            name: cell.record.variant_name.clone(),
            points: measured
                .map(|it| chart::IterationPoint {
                    elapsed_s: it.started_offset_ns as f64 / 1e9,
                    time_ns: it.figures.elapsed_ns as f64,
                    is_void: it.status == Status::Void,
                })
                .collect(),
        }
    };
    let found: Vec<chart::IterationSeries> = scenario.cells.iter().map(of).collect();
    html! {
        @if found.iter().any(|series| !series.points.is_empty()) {
            (chart::over_time(&charts.frame(format!("{name}: iterations over the time of the run")), &found))
        }
    }
}

/// Names of the runs: their days, minutes or ids, the first of these that differ between all runs.
fn names_of_runs(history: &History) -> Vec<String> {
    let points = || history.points.iter();
    let cut = |start: usize, end: usize| -> Vec<String> {
        let of = |text: &str| text.chars().take(end).skip(start).collect::<String>();
        points()
            .map(|it| text::visible(&of(&it.started_at).replace('T', " ")))
            .collect()
    };
    let differ = |names: &Vec<String>| names.iter().collect::<BTreeSet<_>>().len() == names.len();
    [cut(0, 10), cut(5, 16)]
        .into_iter()
        .find(differ)
        .unwrap_or_else(|| points().map(|it| text::name(&it.run_id)).collect())
}

fn of_history(history: &History, charts: &mut Charts) -> Markup {
    let name = super::history::name(history);
    let runs = names_of_runs(history);
    let levels = history
        .points
        .iter()
        .enumerate()
        .map(|(run, point)| chart::Level {
            run,
            median_ns: point.median_ns,
            interval_ns: point.ci_low_ns.zip(point.ci_high_ns),
        });
    let track = chart::Track {
        name: history.variant.clone(),
        levels: levels.collect(),
    };
    let changes: Vec<chart::LevelChange> = history
        .changes
        .iter()
        .map(|change| chart::LevelChange {
            run: change.at,
            label: units::ratio(change.ratio),
        })
        .collect();
    chart::history(&charts.frame(name), &runs, &[track], &changes)
}

/// The command line, the versions, the host and the config, for readers who want to measure again.
fn facts(record: &RunRecord) -> Markup {
    let versions = serde_json::to_string_pretty(&record.versions).unwrap_or_default();
    let system = serde_json::to_string_pretty(&record.system).unwrap_or_default();
    let config = serde_json::to_string_pretty(&record.config).unwrap_or_default();
    let command: Vec<String> = record
        .command_line
        .iter()
        .map(|it| text::visible(it))
        .collect();
    html! {
        details { summary { "Command line" } pre tabindex="0" { (long(&command.join(" "))) } }
        details { summary { "Versions" } pre tabindex="0" { (long(&versions)) } }
        details { summary { "Host" } pre tabindex="0" { (long(&system)) } }
        details { summary { "Config" } pre tabindex="0" { (long(&config)) } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_begin_as_is_looked_for() {
        assert!(html_history(&[]).starts_with(START));
    }
}
