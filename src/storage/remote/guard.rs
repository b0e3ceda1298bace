//! The wrapper of the HTTP client of a store. It counts attempts, and lets no answer through that
//! is not what was asked for: object_store checks the range of the first answer only, and no
//! lengths.

use std::collections::HashMap;
use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{
    ACCEPT_RANGES, AUTHORIZATION, CONTENT_LENGTH, CONTENT_RANGE, ETAG, HeaderMap, HeaderName, RANGE,
};
use http::{Method, StatusCode};
use http_body::{Body, Frame};
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
    HttpResponseBody, HttpService, SpawnService,
};
use object_store::{ClientConfigKey, ClientOptions, Result};
use parking_lot::Mutex;
use percent_encoding::percent_decode_str;
use reqwest::redirect::Policy;
use tokio::time::{Instant, Sleep, sleep_until};

use super::runtime::handle;
use super::wire_ledger::{Attempt, Endpoint, Fault};
use crate::secret::Secret;

/// Slowest rate at which a body may arrive or be sent, in bytes per second. With it, every wait has
/// an end.
const SLOWEST_BYTES_PER_S: f64 = 16.0 * 1024.0;

/// Most connections that are kept for later requests.
const MOST_IDLE: usize = 1024;

/// ETags of the objects of a store by path, as the last look at each, or the first read, gave them.
pub(super) type KnownTags = Arc<Mutex<HashMap<String, Bytes>>>;

/// Queries of pre-signed URLs, by path.
pub(super) type SignedQueries = Arc<Mutex<HashMap<String, Secret>>>;

/// Connects HTTP clients that count and check.
#[derive(Debug, Clone)]
pub(super) struct GuardedConnector {
    pub(super) endpoint: Endpoint,
    /// Longest time without a byte.
    pub(super) patience: Duration,
    pub(super) tags: KnownTags,
    pub(super) queries: SignedQueries,
    /// True for a server of HTTP, which may not know ranges.
    pub(super) needs_ranges: bool,
    pub(super) connect_patience: Duration,
    /// Certificates that a server's own is checked with besides those of the system.
    pub(super) certificates: Arc<Vec<reqwest::Certificate>>,
    /// User and password of a server of HTTP, as its header has them.
    pub(super) authorization: Option<Secret>,
}

impl HttpConnector for GuardedConnector {
    fn connect(&self, options: &ClientOptions) -> Result<HttpClient> {
        let failed = |error: reqwest::Error| object_store::Error::Generic {
            store: "network",
            source: with_causes(&error).into(),
        };
        let allows_http = options.get_config_value(&ClientConfigKey::AllowHttp);
        let mut builder = reqwest::Client::builder()
            .connect_timeout(self.connect_patience)
            .pool_max_idle_per_host(MOST_IDLE)
            .https_only(allows_http.as_deref() != Some("true"))
            .http1_only()
            .user_agent(concat!("parquet-bench/", env!("CARGO_PKG_VERSION")))
            // A signature is for one host, and a session token goes to no other.
            .redirect(match self.authorization.is_none() && self.needs_ranges {
                true => Policy::default(),
                false => Policy::none(),
            });
        for certificate in self.certificates.iter() {
            builder = builder.add_root_certificate(certificate.clone());
        }
        let client = builder.build().map_err(failed)?;
        Ok(HttpClient::new(GuardedService {
            inner: HttpClient::new(SpawnService::new(client, handle()?)),
            with: self.clone(),
        }))
    }
}

#[derive(Debug)]
struct GuardedService {
    inner: HttpClient,
    with: GuardedConnector,
}

/// Reason why an answer is refused.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Refusal(String);

fn refused(kind: HttpErrorKind, said: &str) -> HttpError {
    HttpError::new(kind, Refusal(said.to_owned()))
}

/// Range of bytes that a request asks for: its first and its last byte.
fn range_of(headers: &HeaderMap) -> Option<(u64, u64)> {
    let range = text_of(headers, RANGE)?.strip_prefix("bytes=")?;
    let (first, last) = range.split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()?))
}

fn text_of(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

fn length_of(headers: &HeaderMap) -> Option<u64> {
    text_of(headers, CONTENT_LENGTH)?.parse().ok()
}

impl GuardedService {
    /// Longest time that a body of so many bytes may take.
    fn deadline(&self, bytes: u64) -> Instant {
        let slowest = Duration::from_secs_f64(bytes as f64 / SLOWEST_BYTES_PER_S);
        Instant::now() + self.with.patience + slowest
    }

    /// Reads sizes by a range, where a URL is signed for GET alone, and appends its signature.
    fn signed(&self, request: &mut HttpRequest) -> bool {
        let path = request.uri().path().to_owned();
        let decoded = percent_decode_str(&path).decode_utf8_lossy();
        let query = self.with.queries.lock().get(&*decoded).cloned();
        let Some(query) = query else {
            return false;
        };
        let mut parts = request.uri().clone().into_parts();
        let signed = format!("{path}?{}", query.reveal()).parse();
        parts.path_and_query = signed.ok().or(parts.path_and_query);
        if let Ok(uri) = http::Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
        let asks_for_size = request.method() == Method::HEAD;
        if asks_for_size {
            *request.method_mut() = Method::GET;
            let first = http::HeaderValue::from_static("bytes=0-0");
            request.headers_mut().insert(RANGE, first);
        }
        asks_for_size
    }

    /// Refuses an answer to a request for a range that is not that range, or is of another version
    /// of the object than the last one that was looked at.
    fn check(
        &self,
        path: &str,
        (first, last): (u64, u64),
        answer: &HttpResponse,
    ) -> Result<(), (Fault, HttpError)> {
        let again = |fault, said: String| Err((fault, refused(HttpErrorKind::Interrupted, &said)));
        let never = |said: String| Err((Fault::Other, refused(HttpErrorKind::Unknown, &said)));
        if let Some((known, found)) = self.other_tag(path, answer) {
            return never(format!(
                "it was replaced while it was read: its ETag was {known} and is {found}"
            ));
        }
        let status = answer.status();
        let found = text_of(answer.headers(), CONTENT_RANGE).unwrap_or("no range");
        if status != StatusCode::PARTIAL_CONTENT {
            let ranges = text_of(answer.headers(), ACCEPT_RANGES);
            if self.with.needs_ranges && ranges.is_none_or(|it| it != "bytes") {
                return never("the server does not serve ranges of files".to_owned());
            }
        }
        let size = found
            .rsplit_once('/')
            .and_then(|it| it.1.parse::<u64>().ok());
        if let Some(size) = size.filter(|size| *size <= last) {
            return never(format!("it ends after {size} bytes"));
        }
        if status != StatusCode::PARTIAL_CONTENT
            || !found.starts_with(&format!("bytes {first}-{last}/"))
        {
            return again(
                Fault::WrongRange,
                format!(
                    "asked for the bytes {first} to {last}, got {} with {found}",
                    status.as_u16()
                ),
            );
        }
        let wanted = length_between(first, last);
        match length_of(answer.headers()) {
            Some(length) if length != wanted => again(
                Fault::ShortBody,
                format!("asked for {wanted} bytes, got an answer with a length of {length}"),
            ),
            _ => Ok(()),
        }
    }

    /// Returns the known tag of an object and that of an answer, if they differ. The first tag of
    /// an object becomes known.
    fn other_tag(&self, path: &str, answer: &HttpResponse) -> Option<(String, String)> {
        let tag = answer.headers().get(ETAG)?.as_bytes();
        let mut tags = self.with.tags.lock();
        match tags.get(path) {
            Some(known) if known != tag => {
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                Some((text(known), text(tag)))
            }
            Some(_) => None,
            None => {
                tags.insert(path.to_owned(), Bytes::copy_from_slice(tag));
                None
            }
        }
    }

    /// Makes the tag of an answer the known one of an object.
    fn learn_tag(&self, path: &str, answer: &HttpResponse) {
        if let Some(tag) = answer.headers().get(ETAG) {
            let tag = Bytes::copy_from_slice(tag.as_bytes());
            self.with.tags.lock().insert(path.to_owned(), tag);
        }
    }
}

/// Number of the bytes from the first to the last. Zero for the rest of a body that was complete.
fn length_between(first: u64, last: u64) -> u64 {
    (last + 1).saturating_sub(first)
}

#[async_trait]
impl HttpService for GuardedService {
    async fn call(&self, mut request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let asks_for_size = self.signed(&mut request);
        if let Some(authorization) = &self.with.authorization
            && let Ok(mut value) = http::HeaderValue::from_str(authorization.reveal())
        {
            value.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        let is_head = request.method() == Method::HEAD;
        let reads = is_head || request.method() == Method::GET;
        let range = range_of(request.headers());
        let path = request.uri().path().to_owned();
        let sent = length_of(request.headers()).unwrap_or(0);
        // Puts and removals may be made twice.
        let query = request.uri().query().unwrap_or_default();
        let repeats = request.method() == Method::PUT || query == "delete";
        if !reads {
            // A new version of the object has a new tag.
            self.with.tags.lock().remove(&path);
        }
        let attempt = Attempt::begin(&self.with.endpoint);
        let answer = tokio::time::timeout_at(self.deadline(sent), self.inner.execute(request));
        let answer = match answer.await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                let said = match error.kind() {
                    HttpErrorKind::Connect => {
                        let cause = root_cause(&error);
                        format!("no connection to {}: {cause}", self.with.endpoint.url)
                    }
                    _ => with_causes(&error),
                };
                attempt.failed(fault_of(&error), said.clone());
                return Err(match error.kind() {
                    HttpErrorKind::Interrupted | HttpErrorKind::Timeout if repeats => {
                        refused(HttpErrorKind::Request, &said)
                    }
                    _ => error,
                });
            }
            Err(_) => {
                let said = format!("no answer within {:?}", self.with.patience);
                attempt.failed(Fault::Timeout, said.clone());
                return Err(match repeats {
                    true => refused(HttpErrorKind::Request, &said),
                    false => refused(HttpErrorKind::Timeout, &said),
                });
            }
        };
        let status = answer.status();
        let mut wanted = None;
        if !status.is_success() {
            attempt.failed(fault_of_status(status), said_of(status));
        } else {
            attempt.answered();
            if is_head || asks_for_size {
                self.learn_tag(&path, &answer);
            } else if let Some((first, last)) = range {
                if let Err((fault, error)) = self.check(&path, (first, last), &answer) {
                    attempt.failed(fault, with_causes(&error));
                    return Err(error);
                }
                wanted = Some(length_between(first, last));
            } else if reads {
                wanted = length_of(answer.headers());
            }
        }
        let (mut parts, body) = answer.into_parts();
        if let Some(length) = wanted.filter(|_| range.is_some()) {
            // Left out of answers in chunks. The body has to have that length in any case.
            let length = http::HeaderValue::from(length);
            parts.headers.entry(CONTENT_LENGTH).or_insert(length);
        }
        if asks_for_size && status.is_success() {
            sized_by_range(&mut parts);
        }
        let body = GuardedBody {
            inner: body,
            left: wanted,
            patience: self.with.patience,
            silence: Box::pin(sleep_until(Instant::now() + self.with.patience)),
            deadline: self.deadline(wanted.unwrap_or(LARGEST_LISTING_BYTES)),
            succeeds: status.is_success(),
            attempt: Some(match status.is_success() {
                true => attempt,
                // The client keeps the answer while it waits for its next attempt.
                false => attempt.landed(),
            }),
        };
        Ok(HttpResponse::from_parts(parts, HttpResponseBody::new(body)))
    }
}

/// Largest body that is expected where no length is known: a page of a listing.
const LARGEST_LISTING_BYTES: u64 = 8 << 20;

/// Turns the answer to a request for the first byte into one to a request for the size.
fn sized_by_range(parts: &mut http::response::Parts) {
    let range = text_of(&parts.headers, CONTENT_RANGE);
    let size = range.and_then(|range| range.rsplit_once('/'));
    let size = size.and_then(|(_, size)| http::HeaderValue::from_str(size).ok());
    parts.headers.remove(CONTENT_RANGE);
    parts.status = StatusCode::OK;
    if let Some(size) = size {
        parts.headers.insert(CONTENT_LENGTH, size);
    }
}

/// The body of an answer. It ends with an error if it is shorter or longer than it has to be, or
/// too slow.
struct GuardedBody {
    inner: HttpResponseBody,
    /// Bytes that are still to come. Absent if the length is not known.
    left: Option<u64>,
    patience: Duration,
    /// Time without a byte after which the body counts as stalled.
    silence: Pin<Box<Sleep>>,
    deadline: Instant,
    /// False if the body describes an error.
    succeeds: bool,
    /// Absent once the body has ended.
    attempt: Option<Attempt>,
}

impl GuardedBody {
    /// Ends the body with an error.
    fn fail(&mut self, fault: Fault, kind: HttpErrorKind, said: &str) -> HttpError {
        if let Some(attempt) = self.attempt.take() {
            attempt.failed(fault, said.to_owned());
        }
        refused(kind, said)
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Polled>> {
        match Pin::new(&mut self.inner).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                let bytes = frame.data_ref().map_or(0, |data| data.len() as u64);
                if let Some(attempt) = &self.attempt {
                    attempt.received(bytes);
                }
                match self.left {
                    Some(left) if bytes > left => {
                        let said = format!("got {} bytes more than asked for", bytes - left);
                        return Poll::Ready(Some(Err(self.fail(
                            Fault::WrongRange,
                            HttpErrorKind::Interrupted,
                            &said,
                        ))));
                    }
                    Some(left) => self.left = Some(left - bytes),
                    None => {}
                }
                let next = (Instant::now() + self.patience).min(self.deadline);
                self.silence.as_mut().reset(next);
                Poll::Ready(Some(Ok(frame)))
            }
            // A client would ask for the rest, which is empty.
            Poll::Ready(Some(Err(_))) if self.left == Some(0) => {
                if let Some(attempt) = self.attempt.take() {
                    attempt.complete();
                }
                Poll::Ready(None)
            }
            Poll::Ready(Some(Err(error))) => {
                if let Some(attempt) = self.attempt.take() {
                    attempt.failed(fault_of(&error), with_causes(&error));
                }
                Poll::Ready(Some(Err(error)))
            }
            Poll::Ready(None) => match self.left {
                Some(left) if left > 0 => {
                    let said = format!("the body ended {left} bytes early");
                    Poll::Ready(Some(Err(self.fail(
                        Fault::ShortBody,
                        HttpErrorKind::Interrupted,
                        &said,
                    ))))
                }
                _ => {
                    let attempt = self.attempt.take();
                    if let Some(attempt) = attempt.filter(|_| self.succeeds) {
                        attempt.complete();
                    }
                    Poll::Ready(None)
                }
            },
            Poll::Pending => {
                ready!(self.silence.as_mut().poll(context));
                let said = match Instant::now() >= self.deadline {
                    true => "the body came too slowly".to_owned(),
                    false => format!("no further byte within {:?}", self.patience),
                };
                Poll::Ready(Some(Err(self.fail(
                    Fault::Timeout,
                    HttpErrorKind::Timeout,
                    &said,
                ))))
            }
        }
    }
}

type Polled = Result<Frame<Bytes>, HttpError>;

impl Body for GuardedBody {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        match self.attempt {
            Some(_) => self.poll(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.attempt.is_none()
    }
}

fn fault_of(error: &HttpError) -> Fault {
    match error.kind() {
        HttpErrorKind::Connect => Fault::Connect,
        HttpErrorKind::Timeout => Fault::Timeout,
        HttpErrorKind::Request | HttpErrorKind::Interrupted => Fault::Reset,
        // A body that breaks off is an error of its decoding.
        HttpErrorKind::Decode => Fault::ShortBody,
        _ => Fault::Other,
    }
}

fn fault_of_status(status: StatusCode) -> Fault {
    match status {
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => Fault::SlowDown,
        StatusCode::REQUEST_TIMEOUT => Fault::ServerError,
        status if status.is_server_error() => Fault::ServerError,
        _ => Fault::Other,
    }
}

fn said_of(status: StatusCode) -> String {
    let reason = status.canonical_reason().unwrap_or("an unknown status");
    let code = status.as_u16();
    let hint = match code {
        403 => ": the key, its rights, or the name of the bucket may be wrong",
        501 => ": it lacks what was asked for (writing needs `If-None-Match`)",
        300..400 => {
            ": it sends requests elsewhere, and signed ones go to no other host; the endpoint or the region may be wrong"
        }
        _ => "",
    };
    format!("the store answered {code} ({reason}){hint}")
}

/// Returns the innermost cause of an error.
fn root_cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// Returns an error with its causes, each said once.
pub fn with_causes(error: &dyn Error) -> String {
    let mut said = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_said = cause.to_string();
        if !said.contains(&cause_said) {
            said = format!("{said}: {cause_said}");
        }
        source = cause.source();
    }
    said
}
