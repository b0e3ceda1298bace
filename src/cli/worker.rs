//! `bench worker`.

use std::net::{SocketAddr, ToSocketAddrs};
use std::process::ExitCode;
use std::sync::Arc;

use super::arguments::WorkerArguments;
use super::exit::CommandError;
use super::generate_share;
use super::interrupt::cancel_on_interrupt;
use super::print;
use super::stdout::show_text;
use super::threads::{leave, runtime};
use crate::cluster::{
    ClientSecurity, ClusterError, ListeningWorker, Panics, TlsFiles, WorkerSettings,
};
use crate::session::Failure;
use crate::storage::hostname;

pub(super) fn worker(arguments: &WorkerArguments) -> Result<ExitCode, CommandError> {
    let cancel = cancel_on_interrupt()?;
    let address = address(&arguments.listen)?;
    let tls = tls(arguments, address).map_err(Failure::from)?;
    let authority = arguments.tls_ca.clone();
    let authority = authority.or_else(|| tls.as_ref().and_then(|tls| tls.authority.clone()));
    let security = ClientSecurity::read(
        arguments.token_file.as_deref(),
        authority.as_deref(),
        arguments.plaintext,
    )
    .map_err(Failure::from)?;
    let (runtime, plans) = (runtime()?, runtime()?);
    let settings = WorkerSettings {
        plans: plans.handle().clone(),
        roots: match arguments.allow.as_slice() {
            [] => vec![".".to_owned()],
            roots => roots.to_vec(),
        },
        memory_limit_bytes: arguments.memory_limit,
        message_bytes: usize::try_from(arguments.max_message).unwrap_or(usize::MAX),
        drop_caches: arguments.drop_caches,
        panics: Panics::of_process(),
        generate: arguments.generate.then(generate_share::hook),
    };
    let served = runtime.block_on(cancel.unless(async {
        let log: crate::cluster::Log = Arc::new(|text| {
            let time = chrono::Utc::now().format("%Y-%m-%dT%H:%M:%SZ");
            print::line(&format!("{time} {text}"));
        });
        let worker = ListeningWorker::bind(address, settings, security, tls, log).await?;
        print::line(&format!("reads below {}", worker.roots().join(", ")));
        // Scripts wait for this line.
        show_text(&format!("{}\n", worker.url()))?;
        worker.serve().await.map_err(Error::Cluster)
    }));
    leave(plans);
    leave(runtime);
    match served.map_err(Failure::from)? {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(Error::Cluster(error)) => Err(Failure::from(error).into()),
        Err(Error::Command(error)) => Err(error),
    }
}

enum Error {
    Cluster(ClusterError),
    Command(CommandError),
}

impl From<ClusterError> for Error {
    fn from(error: ClusterError) -> Self {
        Error::Cluster(error)
    }
}

impl From<CommandError> for Error {
    fn from(error: CommandError) -> Self {
        Error::Command(error)
    }
}

/// The address of `HOST:PORT`.
fn address(text: &str) -> Result<SocketAddr, CommandError> {
    let found = text.to_socket_addrs();
    let bad = |reason: String| {
        CommandError::Usage(format!(
            "--listen {text}: {reason}; HOST:PORT would do, as 127.0.0.1:7000"
        ))
    };
    let mut found = found.map_err(|error| bad(error.to_string()))?;
    found
        .next()
        .ok_or_else(|| bad("the host has no address".to_owned()))
}

/// Files for TLS. A worker that other hosts reach has them, unless it is told to go without.
fn tls(arguments: &WorkerArguments, address: SocketAddr) -> Result<Option<TlsFiles>, ClusterError> {
    if let Some((certificate, key)) = arguments.tls_cert.as_ref().zip(arguments.tls_key.as_ref()) {
        return Ok(Some(TlsFiles {
            certificate: certificate.clone(),
            key: key.clone(),
            authority: arguments.tls_ca.clone(),
        }));
    }
    if let Some(folder) = &arguments.tls_generate {
        let mut names = arguments.tls_name.clone();
        if names.is_empty() {
            names = vec![hostname(), "localhost".to_owned(), "127.0.0.1".to_owned()];
            if !address.ip().is_unspecified() {
                names.push(address.ip().to_string());
            }
        }
        return TlsFiles::generated(folder, &names).map(Some);
    }
    if !address.ip().is_loopback() && !arguments.plaintext {
        return Err(ClusterError::Security {
            what: format!("--listen {address}"),
            reason: "other hosts reach it, and what they send could be read on its way; give certificates by --tls-cert and --tls-key, \
                     let them be made by --tls-generate FOLDER, or say --plaintext on a network that nobody else is on"
                .to_owned(),
        });
    }
    Ok(None)
}
