//! Whether files that are read are still what they were, looked at again on a thread where that may
//! take its time.

use super::error::{Failure, SessionError};
use crate::measure::Cell;
use crate::storage::InputError;

/// Fails where a file that a cell reads is not what it was when it was opened.
pub async fn unchanged(cell: &Cell) -> Result<(), Failure> {
    for table in cell.tables.clone() {
        checked(move || table.inputs.check()).await?;
    }
    Ok(())
}

/// What a look at files comes to.
pub(crate) async fn checked(
    look: impl FnOnce() -> Result<(), InputError> + Send + 'static,
) -> Result<(), Failure> {
    let looked = tokio::task::spawn_blocking(look).await;
    Ok(looked.map_err(|error| SessionError::Internal(error.to_string()))??)
}
