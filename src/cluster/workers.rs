//! A coordinator's workers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use datafusion::prelude::SessionContext;
use futures::future::{select_all, try_join_all};
use http::Request;
use http_body_util::{BodyExt, Full, Limited};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tonic::body::Body;
use tower::{Service, ServiceExt};
use url::{Host, Url};

use super::channel::{Channels, MeasuredChannels, why_lost};
use super::error::ClusterError;
use super::message::{LeaseRequest, Refused, WorkerFacts};
use super::placement::distributed;
use super::security::ClientSecurity;
use crate::observe::{build_name, space_of_processes};
use crate::record::WorkerRecord;

/// Fewest tasks of a stage. The engine would run a stage of one task in the coordinator.
const FEWEST_TASKS: usize = 2;

/// Workers that are reached, of the right build, and that work for this process alone.
#[derive(Debug)]
pub struct Workers {
    links: Vec<Link>,
    pub(super) channels: Arc<Channels>,
    pub(super) lease: u64,
    next: AtomicU64,
}

/// A worker, and the connection by which it is held.
#[derive(Debug)]
struct Link {
    url: Url,
    facts: WorkerFacts,
    /// Reason why the worker is lost, once it is.
    lost: watch::Receiver<Option<String>>,
    held: JoinHandle<()>,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.held.abort();
    }
}

impl Workers {
    /// Reaches workers, checks their builds, and takes them for this process alone. `who` names
    /// this process in their logs.
    ///
    /// # Errors
    ///
    /// The first worker that cannot be reached, has another build, wants another token, or works
    /// for somebody else.
    pub async fn connect(
        urls: &[String],
        security: ClientSecurity,
        who: &str,
    ) -> Result<Self, ClusterError> {
        let urls = parsed(urls)?;
        let channels = Arc::new(Channels::new(security));
        let lease = getrandom::u64().map_err(|error| ClusterError::Planning {
            reason: error.to_string(),
        })?;
        let facts = try_join_all(urls.iter().map(|url| checked(&channels, url))).await?;
        for (number, one) in facts.iter().enumerate() {
            if facts[..number]
                .iter()
                .any(|other| other.instance == one.instance)
            {
                let url = urls[number].clone();
                return Err(ClusterError::Twice { url });
            }
        }
        let found = urls.iter().zip(facts);
        let links = found.map(|found| link(&channels, found, lease, who));
        Ok(Workers {
            links: try_join_all(links).await?,
            channels,
            lease,
            next: AtomicU64::new(1),
        })
    }

    /// Number of the workers.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.links.len()
    }

    pub fn urls(&self) -> impl Iterator<Item = &Url> {
        self.links.iter().map(|link| &link.url)
    }

    /// Describes the workers.
    pub fn records(&self) -> impl Iterator<Item = WorkerRecord> {
        self.links.iter().map(|link| WorkerRecord {
            url: link.url.to_string(),
            host: link.facts.host.clone(),
            pid: link.facts.pid,
            system: link.facts.system.clone(),
            roots: link.facts.roots.clone(),
            memory_limit_bytes: link.facts.memory_limit_bytes,
            lost: None,
        })
    }

    /// Numbers of the processes of workers on this host.
    pub fn processes_here(&self) -> Vec<u32> {
        let here = space_of_processes();
        let facts = self.links.iter().map(|link| &link.facts);
        let local = facts.filter(|facts| !here.is_empty() && facts.processes == here);
        local.map(|facts| facts.pid).collect()
    }

    /// Tasks of each stage, the same for all numbers of workers, so that they run one plan.
    pub fn tasks(&self) -> usize {
        self.links.len().max(FEWEST_TASKS)
    }

    /// Fewest cores of a worker. A task has as many partitions on every worker.
    pub fn cores(&self) -> u64 {
        let cores = self.links.iter().map(|link| link.facts.system.cores);
        cores.min().unwrap_or(1).max(1)
    }

    /// Returns a number that has not been used for this lease.
    pub(super) fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn url(&self, worker: usize) -> &Url {
        &self.links[worker].url
    }

    /// Makes a session whose plans run on some workers, under a measurement's name.
    pub(super) fn session(
        &self,
        context: &SessionContext,
        members: &[usize],
        measurement: &str,
        channels: MeasuredChannels,
    ) -> Result<SessionContext, ClusterError> {
        let urls: Vec<Url> = members.iter().map(|it| self.url(*it).clone()).collect();
        let made = distributed(context, &urls, self.tasks(), measurement, channels);
        made.map_err(|error| ClusterError::Planning {
            reason: crate::engine::plain_message(&error),
        })
    }

    /// Waits until one of some workers is lost.
    pub(super) async fn lost(&self, members: &[usize]) -> ClusterError {
        let waits = members.iter().map(|worker| {
            let link = &self.links[*worker];
            Box::pin(async move {
                let mut lost = link.lost.clone();
                let reason = match lost.wait_for(Option::is_some).await {
                    Ok(reason) => reason.clone().unwrap_or_default(),
                    Err(_) => "its connection has ended".to_owned(),
                };
                ClusterError::Lost {
                    url: link.url.clone(),
                    reason,
                }
            })
        });
        select_all(waits).await.0
    }

    /// Sends a request to a worker, and returns the body of its answer.
    pub(super) async fn send(
        &self,
        worker: usize,
        path: &str,
        request: &impl Serialize,
    ) -> Result<Body, ClusterError> {
        send(&self.channels, self.url(worker), path, request).await
    }

    /// Sends a request to a worker, and returns its answer.
    pub(super) async fn ask<A: DeserializeOwned>(
        &self,
        worker: usize,
        path: &str,
        request: &impl Serialize,
    ) -> Result<A, ClusterError> {
        let url = self.url(worker);
        let body = self.send(worker, path, request).await?;
        let bytes = limited(body, url).await?;
        serde_json::from_slice(&bytes).map_err(|error| not_understood(url, &error))
    }
}

fn parsed(urls: &[String]) -> Result<Vec<Url>, ClusterError> {
    let mut all: Vec<Url> = Vec::new();
    for text in urls {
        let bad = |reason: &str| ClusterError::BadUrl {
            text: crate::config::without_secrets_of_urls(text),
            reason: reason.to_owned(),
        };
        let url = Url::parse(text.trim()).map_err(|error| bad(&error.to_string()))?;
        if !["http", "https"].contains(&url.scheme()) || url.host_str().is_none() {
            return Err(bad("it is of another kind"));
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(bad("something comes after host and port"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad("it has a user or a password; workers know a token"));
        }
        if url.port_or_known_default().is_none_or(|port| port == 0) {
            return Err(bad("its port is missing"));
        }
        let unspecified = match url.host() {
            Some(Host::Ipv4(address)) => address.is_unspecified(),
            Some(Host::Ipv6(address)) => address.is_unspecified(),
            _ => false,
        };
        if unspecified {
            return Err(bad(
                "no host has that address, by which workers are to reach each other",
            ));
        }
        if all.contains(&url) {
            return Err(ClusterError::Twice { url });
        }
        all.push(url);
    }
    match all.is_empty() {
        true => Err(ClusterError::BadUrl {
            text: String::new(),
            reason: "it is empty".to_owned(),
        }),
        false => Ok(all),
    }
}

async fn checked(channels: &Channels, url: &Url) -> Result<WorkerFacts, ClusterError> {
    let asked = async {
        let body = send(channels, url, "/bench/facts", &()).await?;
        limited(body, url).await
    };
    let bytes = asked.await.map_err(|error| match error {
        // It was never there.
        ClusterError::Lost { url, reason } => ClusterError::Unreachable {
            reason: format!(
                "it does not answer as a worker does ({reason}); workers with certificates have https:// URLs, others http://"
            ),
            url,
        },
        other => other,
    })?;
    // Another build may describe itself in another way, but for this.
    #[derive(serde::Deserialize)]
    struct Named {
        build: String,
    }
    let named: Named =
        serde_json::from_slice(&bytes).map_err(|error| not_understood(url, &error))?;
    let ours = build_name();
    if named.build != ours {
        return Err(ClusterError::OtherBuild {
            url: url.clone(),
            theirs: named.build,
            ours,
        });
    }
    serde_json::from_slice(&bytes).map_err(|error| not_understood(url, &error))
}

fn not_understood(url: &Url, error: &serde_json::Error) -> ClusterError {
    ClusterError::Refused {
        url: url.clone(),
        reason: format!("its answer is not that of a worker: {error}"),
        usage: true,
    }
}

async fn link(
    channels: &Arc<Channels>,
    (url, facts): (&Url, WorkerFacts),
    lease: u64,
    who: &str,
) -> Result<Link, ClusterError> {
    let request = LeaseRequest {
        lease,
        who: who.to_owned(),
    };
    let mut body = send(channels, url, "/bench/lease", &request).await?;
    let (lose, lost) = watch::channel(None);
    let held = tokio::spawn(async move {
        let reason = loop {
            match body.frame().await {
                Some(Ok(_)) => {}
                Some(Err(error)) => break why_lost(&error),
                None => break "it has ended".to_owned(),
            }
        };
        lose.send_replace(Some(reason));
        // Whoever waits later must find the reason.
        std::future::pending::<()>().await;
    });
    Ok(Link {
        url: url.clone(),
        facts,
        lost,
        held,
    })
}

/// Largest answer to a request: a report names each file that was read.
const MOST_ANSWERED_BYTES: usize = 256 << 20;

/// Reads the rest of an answer.
async fn limited(body: Body, url: &Url) -> Result<Bytes, ClusterError> {
    let whole = Limited::new(body, MOST_ANSWERED_BYTES).collect().await;
    let whole = whole.map_err(|error| ClusterError::Lost {
        url: url.clone(),
        reason: why_lost(error.as_ref()),
    })?;
    Ok(whole.to_bytes())
}

/// Sends a request, and returns the body of the answer.
async fn send(
    channels: &Channels,
    url: &Url,
    path: &str,
    request: &impl Serialize,
) -> Result<Body, ClusterError> {
    let mut channel = channels.channel(url).await?;
    let lost = |error: tonic::transport::Error| ClusterError::Lost {
        url: url.clone(),
        reason: why_lost(&error),
    };
    let text = serde_json::to_vec(request).map_err(|error| ClusterError::Planning {
        reason: error.to_string(),
    })?;
    let body = Body::new(Full::new(Bytes::from(text)).map_err(|never| match never {}));
    let mut request = Request::post(path)
        .body(body)
        .map_err(|error| ClusterError::Planning {
            reason: error.to_string(),
        })?;
    channels.authorize(request.headers_mut());
    let channel = channel.ready().await.map_err(lost)?;
    let response = channel.call(request).await.map_err(lost)?;
    let (head, body) = response.into_parts();
    if head.status.is_success() {
        return Ok(body);
    }
    let bytes = limited(body, url).await?;
    let (reason, usage) = match serde_json::from_slice::<Refused>(&bytes) {
        Ok(refused) => (refused.reason, refused.usage),
        Err(_) => (format!("it answers {}", head.status), true),
    };
    Err(ClusterError::Refused {
        url: url.clone(),
        reason,
        usage,
    })
}
