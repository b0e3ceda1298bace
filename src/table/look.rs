//! Checks that the files of a table do not change while they are read.

use super::error::TableError;
use super::table_files::TableFiles;
use crate::storage::{InputError, Inputs, Location};

/// Looks at the files of a table for the first time, on a thread that may block.
pub(crate) async fn look(table: &str, files: &TableFiles) -> Result<Inputs, TableError> {
    let places: Vec<Location> = files.files.iter().map(|file| file.place.clone()).collect();
    let of = move || Inputs::of(&places);
    looked(table, &files.location, of).await
}

/// Looks at the files of a table for the last time, on a thread that may block.
pub(crate) async fn look_again(
    table: &str,
    location: &str,
    inputs: Inputs,
) -> Result<(), TableError> {
    looked(table, location, move || inputs.check()).await
}

async fn looked<T: Send + 'static>(
    table: &str,
    location: &str,
    look: impl FnOnce() -> Result<T, InputError> + Send + 'static,
) -> Result<T, TableError> {
    let looked = tokio::task::spawn_blocking(look).await;
    let looked = looked.map_err(|error| TableError::BadFile {
        table: table.to_owned(),
        file: location.to_owned(),
        reason: error.to_string(),
    })?;
    Ok(looked?)
}
