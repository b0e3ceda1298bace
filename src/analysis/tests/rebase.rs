//! One record, compared with another of its variants.

use super::super::{OverBaseline, rebase, summarise};
use crate::record::fixture::{cell, codecs, rounds};
use crate::record::{ControlKind, RunRecord, Verdict};

/// [`codecs`] with a second scenario, and a control of `none` in both.
fn record() -> RunRecord {
    let mut record = codecs();
    let times: Vec<u64> = (0..16)
        .map(|round| 10_000_000 + round * 7 % 5 * 40_000)
        .collect();
    let mut control = cell("full_scan", "(control)", rounds(&times));
    control.control = Some(ControlKind::Copy);
    control.dataset = vec!["none".to_owned()];
    control.variant = record.cells[0].variant.clone();
    record.cells.push(control);
    let others = record.cells.clone().into_iter().map(|mut cell| {
        cell.scenario = "other".to_owned();
        cell.id = format!("other/{}", cell.variant_name);
        cell
    });
    record.cells.extend(others.collect::<Vec<_>>());
    record
}

#[test]
fn ratios_with_another_baseline_are_inverse_and_controls_keep_theirs() {
    let mut first = record();
    summarise(&mut first);
    let mut second = record();
    assert!(rebase(&mut second, "zstd"));
    summarise(&mut second);
    let ratio = |record: &RunRecord, variant: &str| {
        let contrast = OverBaseline::of(record).contrast(variant).unwrap();
        (contrast.ratio.unwrap(), contrast.verdict)
    };
    let (zstd, verdict) = ratio(&first, "zstd");
    assert_eq!(verdict, Verdict::Faster);
    let (none, verdict) = ratio(&second, "none");
    assert_eq!(verdict, Verdict::Slower);
    assert!((zstd * none - 1.0).abs() < 1e-9, "{zstd} {none}");
    let baselines = |record: &RunRecord| -> Vec<String> {
        let comparisons = record.comparisons.iter();
        let mut all: Vec<String> = comparisons.map(|it| it.baseline.clone()).collect();
        all.dedup();
        all
    };
    assert_eq!(baselines(&second), ["full_scan/zstd", "other/zstd"]);
    // A control repeats the baseline of the run.
    assert_eq!(first.noise, second.noise);
    assert_eq!(
        OverBaseline::of(&first).contrast("(control)"),
        OverBaseline::of(&second).contrast("(control)")
    );
    // The best variant does not depend on the one that others are compared with.
    let variants = |record: &RunRecord| -> Vec<Option<String>> {
        let conclusions = record.conclusions.iter();
        conclusions.map(|it| it.variant.clone()).collect()
    };
    assert_eq!(variants(&first), variants(&second));
}

#[test]
fn a_variant_that_is_not_there_changes_nothing() {
    let mut changed = record();
    assert!(!rebase(&mut changed, "brotli"));
    assert!(!rebase(&mut changed, "(control)"));
    assert_eq!(changed, record());
}
