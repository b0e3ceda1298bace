//! An object store behind a network: its requests are counted, spread over endpoints, and their
//! errors name the object, the range and the cause.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use async_trait::async_trait;

use futures::stream::BoxStream;
use futures::{FutureExt, Stream, StreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetRange, GetResult, GetResultPayload, ListResult,
    MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions, PutPayload,
    PutResult, Result, UploadPart,
};

use super::guard::with_causes;
use super::wire_ledger::WireRequest;
use crate::secret::without_secrets;

/// A store behind a network.
#[derive(Debug)]
pub(super) struct RemoteObjects {
    /// Name of its kind in messages.
    pub(super) kind: &'static str,
    /// Scheme and host, without a slash at the end.
    pub(super) url: Arc<str>,
    /// Clients, one for each endpoint.
    pub(super) clients: Vec<Arc<dyn ObjectStore>>,
    /// Endpoint that takes all requests. Absent: each request goes to the next one.
    pub(super) fixed: Option<usize>,
    pub(super) next: AtomicUsize,
    /// True if the store takes no writes.
    pub(super) read_only: bool,
}

impl fmt::Display for RemoteObjects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

impl RemoteObjects {
    /// Returns the client of the endpoint whose turn it is.
    fn client(&self) -> &Arc<dyn ObjectStore> {
        let turn = match self.fixed {
            Some(fixed) => fixed,
            None => self.next.fetch_add(1, Ordering::Relaxed),
        };
        &self.clients[turn % self.clients.len()]
    }

    fn naming(&self, place: Option<&Path>, range: Option<&GetRange>) -> Naming {
        let place = place.map_or("", AsRef::as_ref);
        let range = range.map_or_else(String::new, |range| match range {
            GetRange::Bounded(range) => format!(", bytes {} to {}", range.start, range.end),
            GetRange::Offset(start) => format!(", bytes from {start} on"),
            GetRange::Suffix(bytes) => format!(", the last {bytes} bytes"),
        });
        Naming {
            kind: self.kind,
            place: format!("{}/{place}{range}", self.url),
        }
    }

    fn refuse_writes(&self, place: &Path) -> Result<()> {
        match self.read_only {
            true => Err(Error::NotSupported {
                source: format!("{}/{place}: a server of HTTP is only read", self.url).into(),
            }),
            false => Ok(()),
        }
    }

    /// Sends a request, and names it in its error.
    async fn sent<T>(&self, naming: Naming, work: impl Future<Output = Result<T>>) -> Result<T> {
        let request = WireRequest::begin();
        let done = request.scope(work).await;
        done.map_err(|error| naming.explain(error, &request))
    }
}

/// Name of a request in errors.
#[derive(Debug, Clone)]
struct Naming {
    kind: &'static str,
    place: String,
}

impl Naming {
    /// Rewords an error: the object, the range, the cause, and the attempts. Errors that callers
    /// tell apart stay of their kind.
    fn explain(&self, error: Error, request: &WireRequest) -> Error {
        let raw = with_causes(&error);
        let (attempts, said) = request.attempts();
        let mut cause = match &said {
            Some(said) => said.clone(),
            None => raw.clone(),
        };
        for tag in ["Code", "Message"] {
            if let Some(text) = in_tag(&raw, tag) {
                cause = format!("{cause}: {text}");
            }
        }
        if raw.contains("without LOCATION") {
            cause =
                format!("{cause}; the bucket may lie in another region than the configured one");
        }
        if attempts > 1 {
            cause = format!("{cause} (the last of {attempts} attempts)");
        }
        let text = without_secrets(&format!("{}: {cause}", self.place));
        let path = self.place.clone();
        let source = text.clone().into();
        match error {
            Error::NotFound { .. } => Error::NotFound { path, source },
            Error::AlreadyExists { .. } => Error::AlreadyExists { path, source },
            Error::Precondition { .. } => Error::Precondition { path, source },
            Error::NotModified { .. } => Error::NotModified { path, source },
            Error::NotSupported { .. } => Error::NotSupported { source },
            _ => Error::Generic {
                store: self.kind,
                source,
            },
        }
    }
}

/// Returns the text of the first element of this name in an answer's XML.
fn in_tag<'a>(text: &'a str, tag: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("<{tag}>"))?;
    let (inner, _) = rest.split_once(&format!("</{tag}>"))?;
    (!inner.is_empty()).then_some(inner)
}

/// A stream whose requests belong to one request.
struct RequestStream<T> {
    inner: BoxStream<'static, Result<T>>,
    request: Arc<WireRequest>,
    naming: Naming,
}

impl<T> RequestStream<T> {
    fn boxed(inner: BoxStream<'static, Result<T>>, naming: Naming) -> BoxStream<'static, Result<T>>
    where
        T: Send + 'static,
    {
        let request = WireRequest::begin();
        let stream = RequestStream {
            inner,
            request,
            naming,
        };
        StreamExt::boxed(stream)
    }
}

impl<T> Stream for RequestStream<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let request = Arc::clone(&self.request);
        let polled = request.sync_scope(|| self.inner.poll_next_unpin(context));
        polled.map(|item| item.map(|it| it.map_err(|error| self.naming.explain(error, &request))))
    }
}

#[async_trait]
impl ObjectStore for RemoteObjects {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        self.refuse_writes(location)?;
        let naming = self.naming(Some(location), None);
        let put = self.client().put_opts(location, payload, options);
        self.sent(naming, put).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.refuse_writes(location)?;
        let naming = self.naming(Some(location), None);
        let begun = self.client().put_multipart_opts(location, options);
        let inner = self.sent(naming.clone(), begun).await?;
        Ok(Box::new(RemoteUpload { inner, naming }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let naming = self.naming(Some(location), options.range.as_ref());
        let request = WireRequest::begin();
        let head = options.head;
        let is_range = matches!(options.range, Some(GetRange::Bounded(_)));
        let got = async {
            let mut found = self.client().get_opts(location, options).await?;
            if is_range {
                // The bytes of a range are needed together in any case.
                let (range, meta) = (found.range.clone(), found.meta.clone());
                let attributes = found.attributes.clone();
                let bytes = found.bytes().await?;
                found = GetResult {
                    payload: GetResultPayload::Stream(
                        futures::stream::once(async { Ok(bytes) }).boxed(),
                    ),
                    meta,
                    range,
                    attributes,
                };
            }
            Ok(found)
        };
        let found = request.scope(got).await;
        let mut found = found.map_err(|error| naming.explain(error, &request))?;
        if !is_range
            && !head
            && let GetResultPayload::Stream(inner) = found.payload
        {
            let stream = RequestStream {
                inner,
                request,
                naming,
            };
            found.payload = GetResultPayload::Stream(StreamExt::boxed(stream));
        }
        Ok(found)
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        if self.read_only {
            let url = Arc::clone(&self.url);
            return locations
                .map(move |place| {
                    Err(Error::NotSupported {
                        source: format!("{url}/{}: a server of HTTP is only read", place?).into(),
                    })
                })
                .boxed();
        }
        let deleted = self.client().delete_stream(locations);
        RequestStream::boxed(deleted, self.naming(None, None))
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        RequestStream::boxed(self.client().list(prefix), self.naming(prefix, None))
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let listed = self.client().list_with_offset(prefix, offset);
        RequestStream::boxed(listed, self.naming(prefix, None))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let naming = self.naming(prefix, None);
        let listed = self.client().list_with_delimiter(prefix);
        self.sent(naming, listed).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.refuse_writes(to)?;
        let naming = self.naming(Some(to), None);
        let copied = self.client().copy_opts(from, to, options);
        self.sent(naming, copied).await
    }
}

/// An upload whose errors name the object.
#[derive(Debug)]
struct RemoteUpload {
    inner: Box<dyn MultipartUpload>,
    naming: Naming,
}

#[async_trait]
impl MultipartUpload for RemoteUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let request = WireRequest::begin();
        let naming = self.naming.clone();
        let part = self.inner.put_part(data);
        async move {
            let put = request.scope(part).await;
            put.map_err(|error| naming.explain(error, &request))
        }
        .boxed()
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let request = WireRequest::begin();
        let done = request.scope(self.inner.complete()).await;
        done.map_err(|error| self.naming.explain(error, &request))
    }

    async fn abort(&mut self) -> Result<()> {
        let request = WireRequest::begin();
        let done = request.scope(self.inner.abort()).await;
        done.map_err(|error| self.naming.explain(error, &request))
    }
}
