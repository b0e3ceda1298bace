//! Workers that a command line names.

use std::sync::Arc;

use tokio::runtime::Runtime;

use super::arguments::WorkersArguments;
use super::cluster::{self, Cluster};
use super::exit::CommandError;
use crate::cancel::Cancel;
use crate::cluster::{ClientSecurity, Workers};

use crate::session::Failure;
use crate::storage::hostname;

/// Reaches the workers that the arguments name, and takes them for this process. `None` if they
/// name none.
pub(super) fn connect(
    runtime: &Runtime,
    arguments: &WorkersArguments,
    cancel: &Cancel,
) -> Result<Option<Arc<Workers>>, CommandError> {
    if arguments.workers.is_empty() {
        return Ok(None);
    }
    let (urls, security) = named(arguments)?;
    let who = who();
    let connected = Workers::connect(&urls, security, &who);
    let connected = runtime.block_on(cancel.unless(connected));
    let connected = connected.map_err(Failure::from)?.map_err(Failure::from)?;
    Ok(Some(Arc::new(connected)))
}

/// URLs of the workers, and what this process needs to reach them.
pub(super) fn named(
    arguments: &WorkersArguments,
) -> Result<(Vec<String>, ClientSecurity), CommandError> {
    let cluster = match arguments.workers.as_slice() {
        [name] if name == cluster::NAME => Some(Cluster::of_working_folder()?),
        _ => None,
    };
    let own = cluster.as_ref().and_then(|it| it.token_file.clone());
    let token_file = arguments.token_file.clone().or(own);
    let security = ClientSecurity::read(
        token_file.as_deref(),
        arguments.tls_ca.as_deref(),
        // The network of a cluster's namespaces is this host's own.
        arguments.plaintext || cluster.is_some(),
    );
    let urls = cluster.map_or_else(|| arguments.workers.clone(), |it| it.urls());
    Ok((urls, security.map_err(Failure::from)?))
}

/// This process, as workers name it in their logs.
pub(super) fn who() -> String {
    let user = std::env::var("USER").unwrap_or_else(|_| "somebody".to_owned());
    format!("{user} on {}, process {}", hostname(), std::process::id())
}
