//! Checks that files have not changed while they are read, on a thread that may block.

use super::error::{Failure, SessionError};
use crate::measure::Cell;
use crate::storage::InputError;

/// Fails if a file that a cell reads has changed since it was opened.
pub async fn unchanged(cell: &Cell) -> Result<(), Failure> {
    for table in cell.tables.clone() {
        checked(move || table.inputs.check()).await?;
    }
    Ok(())
}

/// Looks at files on a thread that may block.
pub(crate) async fn checked(
    look: impl FnOnce() -> Result<(), InputError> + Send + 'static,
) -> Result<(), Failure> {
    let looked = tokio::task::spawn_blocking(look).await;
    Ok(looked.map_err(|error| SessionError::Internal(error.to_string()))??)
}
