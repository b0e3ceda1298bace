//! Effect of noise alone: the controls, which are equal to the baseline.

use crate::analysis::{OverBaseline, repeated};
use crate::record::{Contrast, Lane, RunRecord};
use crate::units;

use super::super::text;

/// Sentence on the control whose interval reaches farthest from equality with the baseline.
pub(super) fn sentence(record: &RunRecord) -> Option<String> {
    let over_baseline = OverBaseline::of(record);
    let controls = record.cells.iter().filter(|cell| cell.control.is_some());
    let contrasts = controls.filter_map(|cell| {
        let of_means = over_baseline.contrast(&cell.variant_name);
        of_means.or_else(|| {
            let mut noise = record.noise.iter();
            let found =
                noise.find(|it| it.lane == Lane::EndToEnd && it.cell.as_ref() == Some(&cell.id));
            found.map(|it| &it.contrast)
        })
    });
    let widest = |contrast: &&Contrast| {
        let (low, high) = contrast.interval().unwrap_or((1.0, 1.0));
        high.max(1.0 / low)
    };
    let contrast = contrasts.max_by(|one, other| widest(one).total_cmp(&widest(other)))?;
    let (low, high) = contrast.interval()?;
    let of = other_than_baseline(record).unwrap_or_else(|| "baseline".to_owned());
    let percent = |ratio: f64| units::tenths((ratio - 1.0) * 100.0);
    Some(format!(
        "Brackets: 99 % intervals. Noise (verdicts allow for it): {of} against itself {} % [{}, {}].",
        percent(contrast.ratio?),
        percent(low),
        percent(high)
    ))
}

/// The variant that the controls repeat, if it is not the baseline, as in a record that is compared
/// with another variant than its run was.
fn other_than_baseline(record: &RunRecord) -> Option<String> {
    let control = record.cells.iter().find(|it| it.control.is_some())?;
    let baseline = record.cells.iter().find(|it| it.control.is_none())?;
    let of = repeated(&record.cells, control)?;
    (of.variant_name != baseline.variant_name).then(|| text::quoted(&of.variant_name))
}
