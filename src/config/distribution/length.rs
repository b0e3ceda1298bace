//! Lengths of lists, and of string and binary values.

use crate::config::findings::Findings;
use crate::config::fit::check_length;
use crate::config::key_path::KeyPath;
use crate::config::model::{Dtype, Length, LengthDistribution};
use crate::config::raw::RawLength;

pub(super) fn length(
    raw: RawLength,
    dtype: Dtype,
    path: &KeyPath,
    findings: &mut Findings<'_>,
) -> Option<Length> {
    let min = findings
        .take(&path.key("min"), raw.min)
        .unwrap_or(u64::from(dtype != Dtype::List));
    let max_given = raw.max.is_some();
    if !max_given {
        findings.problem(path, "needs a `max`");
    }
    let max = findings.take(&path.key("max"), raw.max)?;
    let distribution = findings
        .take(&path.key("distribution"), raw.distribution)
        .unwrap_or(LengthDistribution::Uniform);
    if min > max {
        findings.problem(
            &path.key("min"),
            format!("{min} is more than `max`, which is {max}"),
        );
        return None;
    }
    findings
        .problems
        .extend(check_length(&path.key("max"), max));
    Some(Length {
        min,
        max,
        distribution,
    })
}
