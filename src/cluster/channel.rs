//! Connections to workers: with token and TLS, kept alive, their bytes counted, and their errors
//! with the worker's name.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use datafusion::arrow::array::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use datafusion_distributed::{
    ChannelResolver, CoordinatorToWorkerMsg, ExecuteTaskRequest, GetWorkerInfoRequest,
    GetWorkerInfoResponse, SetPlanRequest, WorkerChannel, WorkerToCoordinatorMsg, grpc,
};
use futures::StreamExt;
use futures::stream::BoxStream;
use http::header::AUTHORIZATION;
use http::{HeaderMap, Request};
use http_body::{Frame, SizeHint};
use parking_lot::Mutex;
use tokio::sync::watch;
use tonic::body::Body;
use tonic::transport::{Channel, Endpoint};
use tower::ServiceBuilder;
use url::Url;

use super::error::ClusterError;
use super::security::ClientSecurity;
use crate::storage::with_causes;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Time between two signs of life, and time within which one is answered. Together they are the
/// longest time until a host that has vanished, or a process that has stopped, is noticed.
pub(super) const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(2);
pub(super) const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(5);

/// Beginning of the context of errors that came from a worker.
const WORKER: &str = "worker ";

/// Connections to workers, each made when it is first needed.
#[derive(Debug, Default)]
pub(super) struct Channels {
    security: ClientSecurity,
    connected: Mutex<HashMap<Url, Channel>>,
}

impl Channels {
    pub(super) fn new(security: ClientSecurity) -> Self {
        Channels {
            security,
            connected: Mutex::default(),
        }
    }

    /// Returns the connection to a worker.
    ///
    /// # Errors
    ///
    /// The worker cannot be reached.
    pub(super) async fn channel(&self, url: &Url) -> Result<Channel, ClusterError> {
        let known = self.connected.lock().get(url).cloned();
        if let Some(channel) = known {
            return Ok(channel);
        }
        self.security.check(url)?;
        let unreachable = |reason: String| ClusterError::Unreachable {
            url: url.clone(),
            reason,
        };
        let endpoint = Endpoint::from_shared(url.to_string())
            .map_err(|error| unreachable(with_causes(&error)))?
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(KEEP_ALIVE_INTERVAL)
            .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
            .keep_alive_while_idle(true)
            .initial_stream_window_size(Some(WINDOW_BYTES))
            .initial_connection_window_size(Some(WINDOW_BYTES));
        let endpoint = match url.scheme() {
            "https" => endpoint
                .tls_config(self.security.tls())
                .map_err(|error| unreachable(with_causes(&error)))?,
            _ => endpoint,
        };
        let channel = endpoint
            .connect()
            .await
            .map_err(|error| unreachable(with_causes(&error)))?;
        self.connected.lock().insert(url.clone(), channel.clone());
        Ok(channel)
    }

    /// Adds the token to a request.
    pub(super) fn authorize(&self, headers: &mut HeaderMap) {
        if let Some(token) = self.security.token() {
            headers.insert(AUTHORIZATION, token);
        }
    }
}

/// Bytes that a receiver lets a sender be ahead of it.
pub(super) const WINDOW_BYTES: u32 = 8 << 20;

/// Connections for the plans of one measurement.
#[derive(Debug, Clone)]
pub(super) struct MeasuredChannels {
    pub(super) channels: Arc<Channels>,
    /// Bytes of results that this process received from workers.
    pub(super) received: Arc<AtomicU64>,
    /// Reason why a plan did not get to a worker. The engine itself would wait ten seconds for it,
    /// and then give another reason.
    pub(super) failure: watch::Sender<Option<String>>,
}

impl MeasuredChannels {
    pub(super) fn new(channels: &Arc<Channels>) -> Self {
        MeasuredChannels {
            channels: Arc::clone(channels),
            received: Arc::default(),
            failure: watch::Sender::new(None),
        }
    }
}

#[async_trait]
impl ChannelResolver for MeasuredChannels {
    async fn get_worker_client_for_url(
        &self,
        url: &Url,
    ) -> Result<Box<dyn WorkerChannel>, DataFusionError> {
        let channel = self.channels.channel(url).await;
        let channel = channel.map_err(|error| {
            self.failure.send_replace(Some(error.to_string()));
            DataFusionError::External(Box::new(error))
        })?;
        let channels = Arc::clone(&self.channels);
        let received = Arc::clone(&self.received);
        let service = ServiceBuilder::new()
            .map_request(move |mut request: Request<Body>| {
                channels.authorize(request.headers_mut());
                request
            })
            .map_response(move |response: http::Response<Body>| {
                let received = Arc::clone(&received);
                response.map(|body| Body::new(CountedBody { body, received }))
            })
            .service(channel);
        Ok(Box::new(NamedChannel {
            client: grpc::create_worker_client(grpc::BoxCloneSyncChannel::new(service)),
            url: url.clone(),
            failure: self.failure.clone(),
        }))
    }
}

/// A body whose bytes are counted when they arrive.
struct CountedBody {
    body: Body,
    received: Arc<AtomicU64>,
}

impl http_body::Body for CountedBody {
    type Data = Bytes;
    type Error = tonic::Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, tonic::Status>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
        {
            self.received
                .fetch_add(data.len() as u64, Ordering::Relaxed);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Names the worker that an error came from.
fn named(url: &Url, error: DataFusionError) -> DataFusionError {
    let name = format!("{WORKER}{url}");
    match workers_of(&error).first() {
        Some(known) if *known == name => error,
        _ => DataFusionError::Context(name, Box::new(error)),
    }
}

/// Names the worker that an error came from, and the one that it read from if the error began
/// there. `None` if it came from no worker.
pub fn worker_of(error: &DataFusionError) -> Option<String> {
    match workers_of(error).as_slice() {
        [] => None,
        [only] => Some((*only).to_owned()),
        [first, .., last] => Some(format!("{first}, which reads from {last}")),
    }
}

/// The workers that an error has come through, the last first.
fn workers_of(error: &DataFusionError) -> Vec<&str> {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    let mut found = Vec::new();
    while let Some(error) = next {
        if let Some(DataFusionError::Context(text, _)) = error.downcast_ref::<DataFusionError>()
            && text.starts_with(WORKER)
        {
            found.push(text.as_str());
        }
        next = error.source();
    }
    found
}

/// Words of errors that a broken connection causes.
const BROKEN: [&str; 8] = [
    "transport error",
    "h2 protocol error",
    "onnection",
    "roken pipe",
    "eep-alive",
    "cannot be reached",
    "operation was canceled",
    "unavailable",
];

/// True if an error may be that of a worker that is lost.
pub(super) fn may_be_a_loss(error: &DataFusionError) -> bool {
    let said = error.to_string();
    worker_of(error).is_some() && BROKEN.iter().any(|words| said.contains(words))
}

/// Says why a connection is over, in words for users.
pub(super) fn why_lost(error: &dyn std::error::Error) -> String {
    let said = with_causes(error);
    let has = |words: &str| said.contains(words);
    if has("eep-alive") || has("KeepAlive") {
        let seconds = (KEEP_ALIVE_INTERVAL + KEEP_ALIVE_TIMEOUT).as_secs();
        return format!("it has not answered for {seconds} s");
    }
    match has("h2 protocol error") || has("roken pipe") || has("connection") {
        true => "its connection has broken".to_owned(),
        false => said,
    }
}

/// A connection whose errors name the worker.
struct NamedChannel {
    client: Box<dyn WorkerChannel>,
    url: Url,
    failure: watch::Sender<Option<String>>,
}

#[async_trait]
impl WorkerChannel for NamedChannel {
    async fn coordinator_channel(
        &mut self,
        headers: HeaderMap,
        plan: SetPlanRequest,
        messages: BoxStream<'static, CoordinatorToWorkerMsg>,
        metrics: ExecutionPlanMetricsSet,
        context: &Arc<TaskContext>,
    ) -> Result<BoxStream<'static, Result<WorkerToCoordinatorMsg, DataFusionError>>, DataFusionError>
    {
        let url = self.url.clone();
        let stream = self
            .client
            .coordinator_channel(headers, plan, messages, metrics, context)
            .await;
        let stream = stream.map_err(|error| {
            let said = crate::engine::plain_message(&error);
            self.failure
                .send_replace(Some(format!("{WORKER}{url} takes no plan: {said}")));
            named(&url, error)
        })?;
        Ok(stream
            .map(move |message| message.map_err(|error| named(&url, error)))
            .boxed())
    }

    async fn execute_task(
        &mut self,
        headers: HeaderMap,
        request: ExecuteTaskRequest,
        metrics: ExecutionPlanMetricsSet,
        context: &Arc<TaskContext>,
    ) -> Result<Vec<BoxStream<'static, Result<RecordBatch, DataFusionError>>>, DataFusionError>
    {
        let url = self.url.clone();
        let streams = self
            .client
            .execute_task(headers, request, metrics, context)
            .await
            .map_err(|error| named(&url, error))?;
        let streams = streams.into_iter().map(|stream| {
            let url = url.clone();
            stream
                .map(move |batch| batch.map_err(|error| named(&url, error)))
                .boxed()
        });
        Ok(streams.collect())
    }

    async fn get_worker_info(
        &mut self,
        request: GetWorkerInfoRequest,
    ) -> Result<GetWorkerInfoResponse, DataFusionError> {
        let info = self.client.get_worker_info(request).await;
        info.map_err(|error| named(&self.url, error))
    }
}
