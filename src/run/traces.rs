//! Files of traces.

use std::io::{self, Write};

use crate::output::Output;
use crate::record::RunRecord;
use crate::session::{
    AtSite, CellPlan, Failure, KeptTrace, SessionError, TRACE_VERSION, unchanged,
};
use crate::storage::{Location, Store, Trace};

/// Writes the requests of each cell to the store, except those of the control.
pub(super) async fn write(
    output: &Output,
    record: &RunRecord,
    cells: &mut [CellPlan],
) -> Result<(), Failure> {
    let failed = |source| SessionError::Io {
        path: output.path().display().to_string(),
        source,
    };
    let mut written = output.stage()?;
    for plan in cells
        .iter_mut()
        .filter(|plan| plan.record.control.is_none())
    {
        let trace = plan.cell.recorded().await;
        unchanged(&plan.cell).await?;
        let trace = match trace {
            Ok(trace) => trace,
            // The failure of its execution has been reported.
            Err(error) if error.is_of_the_cell() => continue,
            Err(error) => return Err(error).at(&plan.site),
        };
        let kept = KeptTrace {
            trace_version: TRACE_VERSION,
            run_id: record.run_id.clone(),
            cell: plan.record.id.clone(),
            engine_cache: plan.cell.reader().engine_cache,
            copies: plan.cell.reader().streams.0,
            store: match plan.cell.store().is_local() {
                true => None,
                false => Some(plan.cell.store().url().to_string()),
            },
            file_bytes: file_bytes(plan.cell.store(), &trace).map_err(failed)?,
            trace: trace.as_ref().clone(),
        };
        let mut line = serde_json::to_vec(&kept)
            .map_err(std::io::Error::from)
            .map_err(failed)?;
        line.push(b'\n');
        written.file().write_all(&line).map_err(failed)?;
    }
    Ok(written.publish()?)
}

/// Sizes of the files of a trace, as they are now.
fn file_bytes(store: &Store, trace: &Trace) -> io::Result<Vec<u64>> {
    let sizes = trace.files.iter().map(|file| {
        let bytes = Location::of_object(store, file).bytes()?;
        bytes.ok_or_else(|| io::ErrorKind::NotFound.into())
    });
    sizes.collect()
}
