//! Every iteration as a row, for spreadsheets and data frames. Quoting as in RFC 4180, lines ended by a line feed alone.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::record::{
    CellRecord, ColdEvidence, ControlKind, DatasetRecord, Iteration, Kind, RunRecord, Scan, Status,
};

use super::text;

/// A row has the labels of the run and the keys that the variants set, under these prefixes, after the fixed columns.
const LABEL_PREFIX: &str = "label.";
const VARIANT_PREFIX: &str = "variant.";

const COLUMNS: [&str; 58] = [
    "run_id",
    "cell",
    "scenario",
    "variant_name",
    "lane",
    "kind",
    "round",
    "position",
    "status",
    "reason",
    "started_offset_ns",
    "elapsed_ns",
    "planning_ns",
    "first_batch_ns",
    "executions",
    "cpu_user_ns",
    "cpu_system_ns",
    "minor_faults",
    "major_faults",
    "voluntary_switches",
    "involuntary_switches",
    "memory_pool_peak_bytes",
    "streams",
    "rows",
    "arrow_bytes",
    "checksum",
    "engine_ranges",
    "engine_data_bytes",
    "engine_metadata_bytes",
    "chunk_encoded_bytes",
    "chunk_compressed_bytes",
    "requests",
    "requested_bytes",
    "store_calls",
    "call_p50_ns",
    "call_p90_ns",
    "call_p99_ns",
    "range_p50_bytes",
    "device_read_bytes",
    "cache_state",
    "resident_ratio_before",
    "cold_evidence",
    "engine_cache",
    "scan_partitions",
    "row_groups_read",
    "row_groups_pruned",
    "row_groups",
    "files_read",
    "files",
    "file_bytes",
    "columns_read",
    "columns_stored",
    "dataset",
    "dataset_rows",
    "content_fingerprint",
    "control",
    "peak_memory_bytes",
    "base_memory_bytes",
];

pub(super) fn render(records: &[RunRecord]) -> String {
    let cells = || records.iter().flat_map(|record| &record.cells);
    let keys: BTreeSet<&String> = cells().flat_map(|cell| cell.variant.keys()).collect();
    let labels: BTreeSet<&String> = records.iter().flat_map(|it| it.labels.keys()).collect();
    let label_heads = labels.iter().map(|label| format!("{LABEL_PREFIX}{label}"));
    let variant_heads = keys.iter().map(|key| format!("{VARIANT_PREFIX}{key}"));
    let mut lines =
        vec![line(COLUMNS.iter().map(|name| (*name).to_owned()).chain(
            label_heads.chain(variant_heads).map(|it| field(&it)),
        ))];
    for record in records {
        for cell in &record.cells {
            for iteration in &cell.iterations {
                let labels = labels.iter().map(|label| {
                    let value = record.labels.get(*label);
                    value.map(|it| field(it)).unwrap_or_default()
                });
                let variant = keys
                    .iter()
                    .map(|key| cell.variant.get(*key).map(value).unwrap_or_default());
                lines.push(line(
                    fixed(record, cell, iteration)
                        .into_iter()
                        .chain(labels)
                        .chain(variant),
                ));
            }
        }
    }
    lines.concat()
}

/// In the order of [`COLUMNS`].
fn fixed(record: &RunRecord, cell: &CellRecord, iteration: &Iteration) -> [String; COLUMNS.len()] {
    let dataset = |id: &String| record.datasets.iter().find(|dataset| dataset.id == *id);
    let datasets: Option<Vec<&DatasetRecord>> = cell.dataset.iter().map(dataset).collect();
    let datasets = datasets.as_deref();
    let fingerprints = datasets.map(|all| {
        all.iter()
            .map(|it| it.content_fingerprint.as_str())
            .collect::<Vec<_>>()
    });
    let calls = iteration.store_calls.as_ref();
    let sum =
        |figure: fn(&Scan) -> u64| iteration.scans.iter().map(figure).sum::<u64>().to_string();
    [
        field(&record.run_id),
        field(&cell.id),
        field(&cell.scenario),
        field(&cell.variant_name),
        iteration.lane.name().to_owned(),
        kind(iteration.kind).to_owned(),
        iteration.round.to_string(),
        iteration.position.to_string(),
        status(iteration.status).to_owned(),
        iteration.reason.as_deref().map(field).unwrap_or_default(),
        iteration.started_offset_ns.to_string(),
        iteration.elapsed_ns.to_string(),
        iteration.planning_ns.to_string(),
        optional(iteration.first_batch_ns),
        iteration.executions.to_string(),
        iteration.cpu_user_ns.to_string(),
        iteration.cpu_system_ns.to_string(),
        iteration.minor_faults.to_string(),
        iteration.major_faults.to_string(),
        iteration.voluntary_switches.to_string(),
        iteration.involuntary_switches.to_string(),
        optional(iteration.memory_pool_peak_bytes),
        iteration.streams.to_string(),
        iteration.rows.to_string(),
        iteration.arrow_bytes.to_string(),
        iteration
            .checksum
            .as_ref()
            .map(|checksum| field(&checksum.exact))
            .unwrap_or_default(),
        iteration.engine_ranges.to_string(),
        iteration.engine_data_bytes.to_string(),
        iteration.engine_metadata_bytes.to_string(),
        iteration.chunk_encoded_bytes.to_string(),
        iteration.chunk_compressed_bytes.to_string(),
        iteration.requests.to_string(),
        iteration.requested_bytes.to_string(),
        optional(calls.map(|calls| calls.calls)),
        optional(calls.map(|calls| calls.latency_ns.p50)),
        optional(calls.map(|calls| calls.latency_ns.p90)),
        optional(calls.map(|calls| calls.latency_ns.p99)),
        optional(calls.map(|calls| calls.range_bytes.p50)),
        optional(iteration.device_read_bytes),
        iteration.cache.state.name().to_owned(),
        optional(iteration.cache.resident_ratio_before),
        optional(iteration.cache.cold_evidence.map(ColdEvidence::name)),
        iteration.cache.engine.name().to_owned(),
        iteration.scan_partitions.to_string(),
        sum(|scan| scan.row_groups_read),
        sum(|scan| scan.row_groups_pruned),
        sum(|scan| scan.row_groups),
        sum(|scan| scan.files_read),
        sum(|scan| scan.files),
        optional((cell.file_bytes > 0).then_some(cell.file_bytes)),
        cell.columns_read.to_string(),
        cell.columns_stored.to_string(),
        field(&cell.dataset.join(" ")),
        optional(datasets.map(|all| all.iter().map(|it| it.rows).sum::<u64>())),
        fingerprints
            .map(|all| field(&all.join(" ")))
            .unwrap_or_default(),
        optional(cell.control.map(ControlKind::name)),
        optional(cell.peak_memory_bytes),
        optional(cell.base_memory_bytes),
    ]
}

pub(super) fn line(fields: impl Iterator<Item = String>) -> String {
    let mut line = fields.collect::<Vec<_>>().join(",");
    line.push('\n');
    line
}

pub(super) fn optional<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// Text that a spreadsheet takes for text: what it would run as a formula follows an apostrophe
/// (<https://owasp.org/www-community/attacks/CSV_Injection>).
pub(super) fn field(text: &str) -> String {
    let mut shown = text::visible(text);
    if shown.starts_with(['=', '+', '-', '@']) {
        shown.insert(0, '\'');
    }
    if shown.contains(['"', ',', ';']) {
        format!("\"{}\"", shown.replace('"', "\"\""))
    } else {
        shown
    }
}

/// What a variant sets; a number stays one.
fn value(value: &Value) -> String {
    match value {
        Value::String(text) => field(text),
        Value::Number(number) => number.to_string(),
        other => field(&other.to_string()),
    }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Warmup => "warmup",
        Kind::Measured => "measured",
    }
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Ok => "ok",
        Status::Void => "void",
        Status::Failed => "failed",
    }
}
