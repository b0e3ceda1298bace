use crate::analysis::summarise::summarise;
use crate::record::fixture::{cell, codecs, record, rounds};
use crate::record::{CacheState, Lane};

#[test]
fn a_summary_is_the_median_and_the_counted_figures_over_it() {
    let mut record = codecs();
    summarise(&mut record);
    let summary = &record.cells[0].summary[&Lane::EndToEnd];
    // Times are 9.8 9.85 9.88 9.9 9.93 9.95 9.98 10 10 10.02 10.05 10.07 10.1 10.12 10.15 10.2 ms.
    // The third from either end bounds the interval.
    assert_eq!(summary.median_ns, 10_000_000.0);
    assert_eq!(
        (summary.ci_low_ns, summary.ci_high_ns),
        (Some(9_880_000.0), Some(10_120_000.0))
    );
    assert_eq!(
        summary.confidence,
        Some(1.0 - 2.0 * (1.0 + 16.0 + 120.0) / 65_536.0)
    );
    assert_eq!(summary.iterations, 16);
    assert_eq!(summary.rows_per_s, 100_000.0);
    assert_eq!(summary.arrow_bytes_per_s, 800_000.0);
    assert_eq!(summary.requested_bytes_per_s, 400_000.0);
}

#[test]
fn the_ledger_says_where_the_bytes_went() {
    let mut record = record();
    let mut iterations = rounds(&[1000; 9]);
    record.cells = vec![cell("scan", "a", iterations.clone())];
    summarise(&mut record);
    let ledger = record.cells[0].summary[&Lane::EndToEnd].ledger.unwrap();
    assert_eq!(
        (ledger.chunk_encoded_bytes, ledger.requested_bytes),
        (7_000, 4_000)
    );
    assert_eq!(ledger.over_read_ratio, Some(4_000.0 / 3_500.0));
    for iteration in &mut iterations {
        iteration.figures.cache.state = CacheState::Cold;
        iteration.figures.device_read_bytes = Some(7_000);
    }
    record.cells = vec![cell("scan", "a", iterations)];
    summarise(&mut record);
    let ledger = record.cells[0].summary[&Lane::EndToEnd].ledger.unwrap();
    assert_eq!(
        (ledger.device_read_bytes, ledger.over_read_ratio),
        (Some(7_000), Some(2.0))
    );
}

#[test]
fn several_streams_give_their_rows_together_and_their_times_apart() {
    let mut record = record();
    let mut iterations = rounds(&[1_000_000_000; 9]);
    for iteration in &mut iterations {
        iteration.figures.streams = 4;
        iteration.figures.stream_elapsed_ns = vec![10, 20, 30, 1_000];
    }
    record.cells = vec![cell("scan", "a", iterations)];
    summarise(&mut record);
    let summary = &record.cells[0].summary[&Lane::EndToEnd];
    assert_eq!(summary.rows_per_s, 4_000.0);
    let tail = summary.stream_ns.unwrap();
    assert_eq!(
        (tail.p50, tail.p90, tail.p99, tail.max),
        (20, 1_000, 1_000, 1_000)
    );
}
