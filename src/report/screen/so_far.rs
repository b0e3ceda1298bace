//! Knowledge of a run before its end.

use crate::analysis::{OverBaseline, distinct};
use crate::record::RunRecord;

use super::super::text;
use super::super::words::MOST_VARIANTS_NAMED;
use super::costs::change_with_interval;

/// Phrase on the times of the variants against the baseline, by the rounds so far. `None` if
/// nothing can be compared yet.
pub fn so_far(record: &RunRecord) -> Option<String> {
    let cells = record.cells.iter().filter(|it| it.control.is_none());
    let mut names = distinct(cells.map(|it| it.variant_name.as_str()));
    let baseline = names.next()?;
    let over_baseline = OverBaseline::of(record);
    let changes = names.filter_map(|name| {
        let change = change_with_interval(over_baseline.contrast(name)?)?;
        Some(format!("{} {change}", text::quoted(name)))
    });
    let changes: Vec<String> = changes.collect();
    (!changes.is_empty()).then(|| {
        format!(
            "times against {}: {}",
            text::quoted(baseline),
            text::listed(&changes, MOST_VARIANTS_NAMED)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::summarise_measured;
    use crate::record::fixture::{cell, record, rounds};

    #[test]
    fn the_changes_so_far_are_told_once_there_are_any() {
        let of = |times: &[u64]| {
            let mut record = record();
            let slower: Vec<u64> = times.iter().map(|it| it * 3 / 2).collect();
            record.cells = vec![
                cell("scan", "none", rounds(times)),
                cell("scan", "zstd", rounds(&slower)),
            ];
            summarise_measured(&mut record);
            so_far(&record)
        };
        assert_eq!(of(&[]), None);
        assert_eq!(
            of(&[1000, 1000]).as_deref(),
            Some("times against `none`: `zstd` +50 %")
        );
        let ten: Vec<u64> = (0..10).map(|round| 100_000 + round * 1000).collect();
        let told = of(&ten).unwrap_or_default();
        assert!(
            told.starts_with("times against `none`: `zstd` +50 % ["),
            "{told}"
        );
    }
}
