//! Places a sample: stretches of neighbouring rows, spread evenly over all row groups.

use crate::files::Stretch;
use crate::table::Inspection;

/// Rows of a stretch, rows of all stretches, and the number of stretches.
const STRETCH_ROWS: u64 = 32_768;
const SAMPLE_ROWS: u64 = 131_072;
const FEWEST_STRETCHES: u64 = 4;
const MOST_STRETCHES: u64 = 16;

/// Most encoded bytes of a stretch, unless a single row has more.
const STRETCH_BYTES: u64 = 8 << 20;

/// A row group of the files, in their order.
pub(super) struct FileRowGroup {
    pub(super) file: usize,
    pub(super) row_group: usize,
    pub(super) first: u64,
    pub(super) rows: u64,
}

/// Returns the row groups that have rows.
pub(super) fn groups_of(inspection: &Inspection) -> Vec<FileRowGroup> {
    let mut groups = Vec::new();
    let mut first = 0;
    for (file, facts) in inspection.files.iter().enumerate() {
        for group in facts.row_groups.iter().filter(|group| group.rows > 0) {
            groups.push(FileRowGroup {
                file,
                row_group: group.row_group as usize,
                first,
                rows: group.rows,
            });
            first += group.rows;
        }
    }
    groups
}

/// Spreads stretches evenly over the rows. None crosses the end of a row group, and none overlaps
/// another.
pub(super) fn stretches(
    groups: &[FileRowGroup],
    rows: u64,
    encoded_bytes: u64,
) -> Vec<(&FileRowGroup, Stretch)> {
    let row_bytes = (encoded_bytes / rows.max(1)).max(1);
    let longest = groups.iter().map(|group| group.rows).max().unwrap_or(1);
    let length = STRETCH_ROWS
        .min(longest)
        .min((STRETCH_BYTES / row_bytes).max(1));
    let wanted = (SAMPLE_ROWS / length)
        .clamp(FEWEST_STRETCHES, MOST_STRETCHES)
        .min(rows.div_ceil(length));
    let mut stretches: Vec<(&FileRowGroup, Stretch)> = Vec::new();
    let mut end = 0;
    for number in 0..wanted {
        let span = u128::from(rows.saturating_sub(length));
        let start = (span * u128::from(number) / u128::from((wanted - 1).max(1))) as u64;
        let start = start.max(end);
        let at = groups.partition_point(|group| group.first + group.rows <= start);
        let Some(group) = groups.get(at) else {
            break;
        };
        // The stretch has full length if possible, and begins a little earlier if it must.
        let latest = (group.first + group.rows).saturating_sub(length);
        let first = start.min(latest).max(group.first).max(end);
        let count = length.min(group.first + group.rows - first);
        end = first + count;
        stretches.push((
            group,
            Stretch {
                row_group: group.row_group,
                first: (first - group.first) as usize,
                rows: count as usize,
            },
        ));
    }
    stretches
}
