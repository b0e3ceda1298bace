//! Workers that a command line names.

use std::sync::Arc;

use tokio::runtime::Runtime;

use super::arguments::WorkersArguments;
use super::exit::CommandError;
use crate::cancel::Cancel;
use crate::cluster::{ClientSecurity, Workers};

use crate::session::Failure;
use crate::storage::hostname;

/// Reaches the workers that the arguments name, and takes them for this process. `None` if they name
/// none.
pub(super) fn connect(
    runtime: &Runtime,
    arguments: &WorkersArguments,
    cancel: &Cancel,
) -> Result<Option<Arc<Workers>>, CommandError> {
    if arguments.workers.is_empty() {
        return Ok(None);
    }
    let security =
        ClientSecurity::read(arguments.token_file.as_deref(), arguments.tls_ca.as_deref())
            .map_err(Failure::from)?;
    let who = who();
    let connected = Workers::connect(&arguments.workers, security, &who);
    let connected = runtime.block_on(cancel.unless(connected));
    let connected = connected.map_err(Failure::from)?.map_err(Failure::from)?;
    Ok(Some(Arc::new(connected)))
}

/// This process, as workers name it in their logs.
pub(super) fn who() -> String {
    let user = std::env::var("USER").unwrap_or_else(|_| "somebody".to_owned());
    format!("{user} on {}, process {}", hostname(), std::process::id())
}
