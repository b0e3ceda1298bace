//! Errors about workers.

use url::Url;

use crate::exit_class::ExitClass;

/// Error about a worker, which it names.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    #[error(
        "`{text}` is no URL of a worker: {reason}; http://HOST:PORT or https://HOST:PORT would do, or `cluster` alone for the workers of \
         `bench cluster up`"
    )]
    BadUrl { text: String, reason: String },
    #[error("worker {url} is named twice")]
    Twice { url: Url },
    #[error("worker {url} cannot be reached: {reason}")]
    Unreachable { url: Url, reason: String },
    #[error("worker {url} is another program: it is {theirs}, and this is {ours}")]
    OtherBuild {
        url: Url,
        theirs: String,
        ours: String,
    },
    #[error("worker {url}: {reason}")]
    Refused {
        url: Url,
        reason: String,
        /// True if the user's request is at fault.
        usage: bool,
    },
    #[error("worker {url} is lost: {reason}")]
    Lost { url: Url, reason: String },
    #[error(
        "worker {url} sees another file at {file}: {difference}; workers must see the files of this host, by a shared file system or an \
         object store"
    )]
    OtherFile {
        url: Url,
        file: String,
        difference: String,
    },
    #[error("workers cannot do this: {what}")]
    NotDistributed { what: String },
    #[error("{count} workers are asked for, and --workers names {named}")]
    TooFew { count: u32, named: usize },
    #[error("{what}: {reason}")]
    Security { what: String, reason: String },
    #[error("the address {address} cannot be listened on: {reason}")]
    Listen { address: String, reason: String },
    #[error("{reason}")]
    Planning { reason: String },
}

impl ClusterError {
    pub fn class(&self) -> ExitClass {
        match self {
            ClusterError::Lost { .. } | ClusterError::Planning { .. } => ExitClass::Failed,
            ClusterError::Refused { usage, .. } if !usage => ExitClass::Failed,
            ClusterError::BadUrl { .. }
            | ClusterError::Twice { .. }
            | ClusterError::Unreachable { .. }
            | ClusterError::OtherBuild { .. }
            | ClusterError::Refused { .. }
            | ClusterError::OtherFile { .. }
            | ClusterError::NotDistributed { .. }
            | ClusterError::TooFew { .. }
            | ClusterError::Security { .. }
            | ClusterError::Listen { .. } => ExitClass::Usage,
        }
    }

    /// Advice for the user.
    pub fn hint(&self) -> Option<String> {
        match self {
            ClusterError::Unreachable { reason, .. } if reason.contains("refused") => {
                Some("`bench worker --listen ADDRESS` starts one there".to_owned())
            }
            ClusterError::OtherBuild { .. } => {
                Some("install the same build of bench on all hosts".to_owned())
            }
            _ => None,
        }
    }
}
