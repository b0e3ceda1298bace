//! The server of a worker: plans and results of the distributed engine, and requests of the
//! coordinator beside them, on one port.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, State};
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::post;
use bytes::Bytes;
use datafusion::error::DataFusionError;
use datafusion::execution::SessionState;
use datafusion_distributed::{DistributedExt, Worker as EngineWorker, WorkerQueryContext};
use futures::future::BoxFuture;
use futures::{Stream, StreamExt};
use http::header::AUTHORIZATION;
use http::{HeaderMap, Request, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tonic::Status;
use tonic::server::NamedService;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic::transport::server::{TcpConnectInfo, TcpIncoming, TlsConnectInfo};
use tower::Service;

use super::channel::{Channels, KEEP_ALIVE_INTERVAL, KEEP_ALIVE_TIMEOUT, WINDOW_BYTES};
use super::error::ClusterError;
use super::message::{
    BeginRequest, EndRequest, EndedExecutions, LeaseRequest, MEASUREMENT, OpenRequest, Refused,
};
use super::scan_node::ScanCodec;
use super::security::{ClientSecurity, TlsFiles, same_secret};
use super::worker::{Worker, WorkerSettings};
use crate::storage::{hostname, with_causes};

/// Most streams that one coordinator or worker has with this one at once. Each task of a query
/// holds one for as long as the query runs, and one for its rows.
const MOST_STREAMS: u32 = 1 << 16;

/// Largest body of a request that is no plan, however small plans must be.
const LEAST_REQUEST_BYTES: usize = 1 << 20;

/// Most characters of a coordinator's name that are kept.
const MOST_OF_A_NAME: usize = 200;

/// Longest time for the beginning of TLS.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);

/// Time between two signs of life of a lease.
const BEAT: Duration = Duration::from_secs(1);

/// Notes of what a worker is asked for, and by whom.
pub type Log = Arc<dyn Fn(&str) + Send + Sync>;

/// A worker that listens.
pub struct ListeningWorker {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<TlsFiles>,
    state: Arc<Served>,
}

struct Served {
    worker: Worker,
    security: ClientSecurity,
    log: Log,
}

impl ListeningWorker {
    /// Checks the settings, and listens.
    ///
    /// # Errors
    ///
    /// A root that does not exist, an address that cannot be listened on, or one that other hosts
    /// reach although there is no token.
    pub async fn bind(
        address: SocketAddr,
        settings: WorkerSettings,
        security: ClientSecurity,
        tls: Option<TlsFiles>,
        log: Log,
    ) -> Result<Self, ClusterError> {
        if !address.ip().is_loopback() && !security.has_token() {
            return Err(ClusterError::Security {
                what: format!("--listen {address}"),
                reason: format!(
                    "other hosts reach it, and whoever reaches a worker can read its files; give all hosts one token, by --token-file \
                     or {}",
                    super::security::TOKEN_VARIABLE
                ),
            });
        }
        if let Some(files) = &tls {
            let read = Server::builder().tls_config(files.server()?);
            read.map_err(|error| ClusterError::Security {
                what: format!(
                    "--tls-cert {} and --tls-key {}",
                    files.certificate.display(),
                    files.key.display()
                ),
                reason: with_causes(&error),
            })?;
        }
        let channels = Arc::new(Channels::new(security.clone()));
        let worker = Worker::new(settings, channels)?;
        let failed = |error: std::io::Error| ClusterError::Listen {
            address: address.to_string(),
            reason: error.to_string(),
        };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        Ok(ListeningWorker {
            address: listener.local_addr().map_err(failed)?,
            listener,
            tls,
            state: Arc::new(Served {
                worker,
                security,
                log,
            }),
        })
    }

    /// The URL by which others reach the worker.
    pub fn url(&self) -> String {
        let address = match self.address.ip().is_unspecified() {
            true => format!("{}:{}", hostname(), self.address.port()),
            false => self.address.to_string(),
        };
        let scheme = match self.tls {
            Some(_) => "https",
            None => "http",
        };
        format!("{scheme}://{address}")
    }

    /// Places below which the worker reads.
    pub fn roots(&self) -> &[String] {
        &self.state.worker.facts().roots
    }

    /// Serves until the process ends.
    ///
    /// # Errors
    ///
    /// Certificates that do not fit, or a network that fails.
    pub async fn serve(self) -> Result<(), ClusterError> {
        let failed = |error: tonic::transport::Error| ClusterError::Listen {
            address: self.address.to_string(),
            reason: with_causes(&error),
        };
        let mut server = Server::builder()
            .http2_keepalive_interval(Some(KEEP_ALIVE_INTERVAL))
            .http2_keepalive_timeout(Some(KEEP_ALIVE_TIMEOUT))
            .initial_stream_window_size(Some(WINDOW_BYTES))
            .initial_connection_window_size(Some(WINDOW_BYTES))
            .max_concurrent_streams(Some(MOST_STREAMS));
        if let Some(files) = &self.tls {
            let tls = files.server()?.timeout(HANDSHAKE_TIMEOUT);
            server = server.tls_config(tls).map_err(failed)?;
        }
        let incoming = TcpIncoming::from(self.listener).with_nodelay(Some(true));
        let routes = Routes::from(router(&self.state));
        server
            .add_routes(routes)
            .serve_with_incoming(incoming)
            .await
            .map_err(failed)
    }
}

fn router(state: &Arc<Served>) -> Router {
    let bytes = state.worker.settings().message_bytes;
    let engine = engine_worker(Arc::clone(state))
        .into_worker_server()
        .max_decoding_message_size(bytes)
        .max_encoding_message_size(bytes);
    let control = Router::new()
        .route("/bench/facts", post(facts))
        .route("/bench/lease", post(lease))
        .route("/bench/open", post(open))
        .route("/bench/begin", post(begin))
        .route("/bench/prepare", post(prepare))
        .route("/bench/end", post(end))
        .route("/bench/generate", post(generate))
        .layer(DefaultBodyLimit::max(bytes.max(LEAST_REQUEST_BYTES)))
        .with_state(Arc::clone(state));
    let plans = state.worker.settings().plans.clone();
    Routes::from(control)
        .add_service(OnRuntime {
            service: engine,
            runtime: plans,
        })
        .into_axum_router()
        .layer(axum::middleware::from_fn_with_state(
            Arc::clone(state),
            admitted,
        ))
}

/// Service whose calls run on a runtime of their own, with all that they spawn. A join can compute
/// for minutes without giving its thread back, and must not keep the worker from saying that it is
/// alive, or from seeing that its coordinator is gone.
#[derive(Clone)]
struct OnRuntime<S> {
    service: S,
    runtime: Handle,
}

impl<S: NamedService> NamedService for OnRuntime<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<Request<tonic::body::Body>> for OnRuntime<S>
where
    S: Service<Request<tonic::body::Body>, Response = Response<tonic::body::Body>>,
    S: Clone + Send + 'static,
    S::Error: Send,
    S::Future: Send,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, request: Request<tonic::body::Body>) -> Self::Future {
        let mut calls = JoinSet::new();
        // The future must be made there, too: the engine spawns while it makes it.
        let mut service = self.service.clone();
        calls.spawn_on(async move { service.call(request).await }, &self.runtime);
        Box::pin(async move {
            match calls.join_next().await {
                Some(Ok(answer)) => answer,
                Some(Err(error)) if error.is_panic() => {
                    std::panic::resume_unwind(error.into_panic())
                }
                _ => Ok(Status::cancelled("the worker is about to end").into_http()),
            }
        })
    }
}

/// The distributed engine's own worker: it runs plans of measurements that are under way, in their
/// sessions, and no others.
fn engine_worker(state: Arc<Served>) -> EngineWorker {
    let build = move |context: WorkerQueryContext| {
        let state = Arc::clone(&state);
        async move {
            session_of(&state, context).inspect_err(|error| {
                (state.log)(&format!(
                    "refused a plan: {}",
                    crate::engine::plain_message(error)
                ));
            })
        }
    };
    EngineWorker::from_session_builder(build).with_version(crate::observe::build_name())
}

fn session_of(
    state: &Served,
    context: WorkerQueryContext,
) -> Result<SessionState, DataFusionError> {
    let named = context.headers.get(MEASUREMENT);
    let named = named.and_then(|named| named.to_str().ok()).unwrap_or("");
    let Some(measuring) = state.worker.measuring(named) else {
        return Err(DataFusionError::Plan(
            "a plan belongs to a measurement, and this one to none that is under way".to_owned(),
        ));
    };
    let mut builder = context.builder;
    if let Some(config) = builder.config() {
        let options = measuring.context.copied_config();
        let own = config.options_mut();
        own.execution = options.options().execution.clone();
        own.optimizer = options.options().optimizer.clone();
    }
    // Workers that read from others name the same measurement.
    let mut headers = HeaderMap::new();
    if let Some(value) = context.headers.get(MEASUREMENT) {
        headers.insert(MEASUREMENT, value.clone());
    }
    let codec = ScanCodec {
        sums: Some(Arc::clone(&measuring.sums)),
    };
    Ok(builder
        .with_runtime_env(measuring.context.runtime_env())
        .with_distributed_user_codec(codec)
        .with_distributed_channel_resolver(measuring.channels.clone())
        .with_distributed_passthrough_headers(headers)?
        .build())
}

/// Lets requests with the right token through.
async fn admitted(
    State(state): State<Arc<Served>>,
    request: Request<Body>,
    next: Next,
) -> Response<Body> {
    let given = request.headers().get(AUTHORIZATION);
    let admitted = match state.security.token() {
        None => true,
        Some(wanted) => given.is_some_and(|it| same_secret(it.as_bytes(), wanted.as_bytes())),
    };
    if admitted {
        return next.run(request).await;
    }
    let from = peer(&request);
    let path = request.uri().path();
    (state.log)(&format!("refused {from}: wrong or no token, for {path}"));
    if path.starts_with("/bench/") {
        return refusal(Refused {
            reason: format!(
                "it wants its token, and got {}; --token-file and {} give one",
                if given.is_some() { "another" } else { "none" },
                super::security::TOKEN_VARIABLE
            ),
            usage: true,
        });
    }
    tonic::Status::unauthenticated("wrong or no token").into_http()
}

fn peer(request: &Request<Body>) -> String {
    let extensions = request.extensions();
    let plain = extensions.get::<TcpConnectInfo>();
    let tls = extensions.get::<TlsConnectInfo<TcpConnectInfo>>();
    let address = plain.or_else(|| tls.map(TlsConnectInfo::get_ref));
    let address = address.and_then(TcpConnectInfo::remote_addr);
    address.map_or_else(|| "an unknown address".to_owned(), |it| it.to_string())
}

fn refusal(refused: Refused) -> Response<Body> {
    let text = serde_json::to_vec(&refused).unwrap_or_default();
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = StatusCode::CONFLICT;
    response
}

/// Reads a request, and answers with what the work returns.
async fn answered<Q, A>(
    body: Bytes,
    work: impl AsyncFnOnce(Q) -> Result<A, Refused>,
) -> Response<Body>
where
    Q: DeserializeOwned,
    A: Serialize,
{
    let request = match serde_json::from_slice(&body) {
        Ok(request) => request,
        Err(error) => {
            return refusal(Refused {
                reason: format!("it does not understand the request: {error}"),
                usage: true,
            });
        }
    };
    match work(request).await {
        Err(refused) => refusal(refused),
        Ok(answer) => match serde_json::to_vec(&answer) {
            Ok(text) => Response::new(Body::from(text)),
            Err(error) => refusal(Refused {
                reason: error.to_string(),
                usage: false,
            }),
        },
    }
}

async fn facts(State(state): State<Arc<Served>>) -> Response<Body> {
    answered(Bytes::from_static(b"null"), async |(): ()| {
        Ok(state.worker.facts().clone())
    })
    .await
}

/// Gives the worker to a coordinator. The answer goes on until one of them goes away.
async fn lease(State(state): State<Arc<Served>>, request: Request<Body>) -> Response<Body> {
    let from = peer(&request);
    let body = axum::body::to_bytes(request.into_body(), LEAST_REQUEST_BYTES).await;
    let request = body
        .ok()
        .and_then(|body| serde_json::from_slice::<LeaseRequest>(&body).ok());
    let Some(LeaseRequest { lease, who }) = request else {
        return refusal(Refused {
            reason: "it does not understand the request".to_owned(),
            usage: true,
        });
    };
    let who: String = who.chars().take(MOST_OF_A_NAME).collect();
    let who = format!("{who} at {from}");
    let idle = state.worker.idle().await;
    if let Err(refused) = idle.and_then(|()| state.worker.take(lease, &who)) {
        (state.log)(&format!("refused {who}: {}", refused.reason));
        return refusal(refused);
    }
    (state.log)(&format!("works for {who}"));
    let held = Held { state, lease, who };
    Response::new(Body::from_stream(beats(held)))
}

/// A lease that is held for as long as this value exists.
struct Held {
    state: Arc<Served>,
    lease: u64,
    who: String,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.state.worker.release(self.lease);
        (self.state.log)(&format!("no longer works for {}", self.who));
    }
}

/// Signs of life, the first at once.
fn beats(held: Held) -> impl Stream<Item = Result<Bytes, Infallible>> + Send {
    let beats = futures::stream::unfold(tokio::time::interval(BEAT), |mut interval| async {
        interval.tick().await;
        Some((Bytes::from_static(b"\n"), interval))
    });
    beats.map(move |beat| {
        let _ = &held;
        Ok(beat)
    })
}

async fn open(State(state): State<Arc<Served>>, body: Bytes) -> Response<Body> {
    answered(body, async |request: OpenRequest| {
        let what: Vec<String> = request
            .tables
            .iter()
            .filter_map(|share| {
                let first = share.files.first()?;
                let (files, location) = (share.files.len(), &first.location);
                Some(format!("{} ({files} files, {location} first)", share.table))
            })
            .collect();
        let who = state.worker.who(request.lease);
        let opened = state.worker.open(request).await;
        match &opened {
            Ok(_) => (state.log)(&format!("opened {} for {who}", what.join(", "))),
            Err(refused) => {
                (state.log)(&format!("refused to open for {who}: {}", refused.reason));
            }
        }
        opened
    })
    .await
}

async fn begin(State(state): State<Arc<Served>>, body: Bytes) -> Response<Body> {
    answered(body, async |request: BeginRequest| {
        state.worker.begin(request).await
    })
    .await
}

async fn prepare(State(state): State<Arc<Served>>, body: Bytes) -> Response<Body> {
    answered(body, async |ended: EndedExecutions| {
        state.worker.prepare(ended).await
    })
    .await
}

async fn end(State(state): State<Arc<Served>>, body: Bytes) -> Response<Body> {
    answered(body, async |request: EndRequest| {
        state.worker.end(request).await
    })
    .await
}

/// Begins a job that writes. The answer goes on until the job is done, or the coordinator goes
/// away.
async fn generate(State(state): State<Arc<Served>>, body: Bytes) -> Response<Body> {
    let begun = match serde_json::from_slice(&body) {
        Ok(request) => state.worker.generate(request),
        Err(error) => Err(Refused {
            reason: format!("it does not understand the request: {error}"),
            usage: true,
        }),
    };
    match begun {
        Err(refused) => {
            (state.log)(&format!("refused to write: {}", refused.reason));
            refusal(refused)
        }
        Ok(lines) => {
            (state.log)("writes files of a dataset");
            let lines = futures::stream::unfold(lines, |mut lines| async {
                let line = lines.recv().await?;
                Some((Ok::<_, Infallible>(line), lines))
            });
            Response::new(Body::from_stream(lines))
        }
    }
}
