//! Draws that are shared by several rows: runs of rows, and pools of values.

use crate::config::findings::Findings;
use crate::config::key_path::KeyPath;
use crate::config::leaf::Leaf;
use crate::config::model::Pool;
use crate::config::raw::RawPool;

/// Rows of a block. No run extends beyond its block.
const MOST_RUN_LENGTH: f64 = 65_536.0;

pub(super) fn run_length(
    leaf: Option<Leaf<f64>>,
    path: &KeyPath,
    findings: &mut Findings<'_>,
) -> f64 {
    let length = findings.take(path, leaf).unwrap_or(1.0);
    if !(1.0..=MOST_RUN_LENGTH).contains(&length) {
        findings.problem(
            path,
            format!("{length} is not a number of rows; it lies between 1 and {MOST_RUN_LENGTH}"),
        );
    }
    length
}

pub(super) fn pool(raw: RawPool, path: &KeyPath, findings: &mut Findings<'_>) -> Option<Pool> {
    if raw.size.is_none() {
        findings.problem(path, "needs a `size`");
    }
    let exponent_path = path.key("exponent");
    let exponent = findings.take(&exponent_path, raw.exponent).unwrap_or(0.0);
    if exponent < 0.0 {
        findings.problem(&exponent_path, format!("{exponent} is below 0"));
    }
    let size = findings.take_count(&path.key("size"), raw.size)?;
    Some(Pool { size, exponent })
}
