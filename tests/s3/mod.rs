//! An S3 server for tests and benchmarks: s3s speaks the protocol, and memory keeps the objects.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::type_complexity
)]

pub mod faults;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use bytes::{Bytes, BytesMut};
use futures::TryStreamExt;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use s3s::auth::SimpleAuth;
use s3s::dto::*;
use s3s::service::S3ServiceBuilder;
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};
use tokio::net::TcpListener;

/// Credentials that the server takes. They are fake.
pub const ACCESS_KEY: &str = "AKIDEXAMPLE";
pub const SECRET_KEY: &str = "planted-secret-of-the-test-server";

/// Most keys of one page of a listing, as in S3.
const PAGE: usize = 1000;

/// A running server. It ends with the process.
#[derive(Clone)]
pub struct S3Server {
    pub address: SocketAddr,
    pub memory: Arc<Memory>,
}

impl S3Server {
    /// Starts a server on loopback, on threads of its own.
    pub fn start() -> Self {
        S3Server::start_on(0)
    }

    pub fn start_on(port: u16) -> Self {
        let memory = Arc::new(Memory::default());
        let mut builder = S3ServiceBuilder::new(Shared(Arc::clone(&memory)));
        builder.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let service = builder.build();
        let listener = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let work = move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::from_std(listener).unwrap();
                loop {
                    let Ok((socket, _)) = listener.accept().await else {
                        continue;
                    };
                    let _ = socket.set_nodelay(true);
                    let service = service.clone();
                    tokio::spawn(async move {
                        let server = hyper::server::conn::http1::Builder::new();
                        let _ = server.serve_connection(TokioIo::new(socket), service).await;
                    });
                }
            });
        };
        std::thread::Builder::new()
            .name("s3-server".to_owned())
            .spawn(work)
            .unwrap();
        S3Server { address, memory }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Names of all objects of a bucket, without the bucket.
    pub fn keys(&self) -> Vec<String> {
        self.memory.objects.lock().keys().cloned().collect()
    }

    pub fn object(&self, key: &str) -> Option<Bytes> {
        let objects = self.memory.objects.lock();
        objects.get(key).map(|object| object.bytes.clone())
    }
}

#[derive(Clone)]
pub struct StoredObject {
    pub bytes: Bytes,
    tag: String,
    at: SystemTime,
}

/// The objects of all buckets, by `bucket/key`.
#[derive(Default)]
pub struct Memory {
    pub objects: Mutex<BTreeMap<String, StoredObject>>,
    /// Uploads that are under way, by id, with their parts by number.
    pub uploads: Mutex<BTreeMap<String, BTreeMap<i32, (Bytes, String)>>>,
    /// Sizes of the parts of the completed uploads.
    pub parts: Mutex<BTreeMap<String, Vec<usize>>>,
    next: AtomicU64,
    pub gets: AtomicU64,
    pub lists: AtomicU64,
    pub heads: AtomicU64,
    /// One PUT in so many answers 200 and keeps nothing. None for 0.
    pub lost_every: AtomicU64,
    puts: AtomicU64,
}

impl Memory {
    fn id(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// True if this PUT is to be lost.
    fn loses(&self) -> bool {
        let every = self.lost_every.load(Ordering::Relaxed);
        let put = self.puts.fetch_add(1, Ordering::Relaxed) + 1;
        every > 0 && put.is_multiple_of(every)
    }

    pub fn keep(&self, key: String, bytes: Bytes) -> ETag {
        let tag = format!("{:032x}", self.id());
        if !self.loses() {
            let object = StoredObject {
                bytes,
                tag: tag.clone(),
                at: SystemTime::now(),
            };
            self.objects.lock().insert(key, object);
        }
        ETag::Strong(tag)
    }

    fn find(&self, bucket: &str, key: &str) -> S3Result<StoredObject> {
        let objects = self.objects.lock();
        let found = objects.get(&format!("{bucket}/{key}")).cloned();
        found.ok_or_else(|| s3_error!(NoSuchKey))
    }
}

/// Collects a body that is known to have about so many bytes.
async fn collect(body: Option<StreamingBlob>, length: Option<i64>) -> S3Result<Bytes> {
    let Some(body) = body else {
        return Ok(Bytes::new());
    };
    let length = length.and_then(|it| usize::try_from(it).ok());
    let room = BytesMut::with_capacity(length.unwrap_or(0));
    let all = body.try_fold(room, |mut all, more| async move {
        all.extend_from_slice(&more);
        Ok(all)
    });
    let all = all.await.map_err(|_| s3_error!(IncompleteBody))?;
    Ok(all.freeze())
}

struct Shared(Arc<Memory>);

#[async_trait::async_trait]
impl S3 for Shared {
    async fn get_object(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let input = request.input;
        self.0.gets.fetch_add(1, Ordering::Relaxed);
        let object = self.0.find(&input.bucket, &input.key)?;
        if let Some(ETagCondition::ETag(wanted)) = &input.if_match
            && wanted.value() != object.tag
        {
            return Err(s3_error!(PreconditionFailed));
        }
        let size = object.bytes.len() as u64;
        let (range, content_range) = match input.range {
            None => (0..size, None),
            Some(range) => {
                let range = range.check(size)?;
                let shown = format!("bytes {}-{}/{size}", range.start, range.end - 1);
                (range, Some(shown))
            }
        };
        let bytes = object.bytes.slice(range.start as usize..range.end as usize);
        Ok(S3Response::new(GetObjectOutput {
            content_length: Some(bytes.len() as i64),
            content_range,
            e_tag: Some(ETag::Strong(object.tag)),
            last_modified: Some(object.at.into()),
            body: Some(s3s::Body::from(bytes).into()),
            ..Default::default()
        }))
    }

    async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        self.0.heads.fetch_add(1, Ordering::Relaxed);
        let object = self.0.find(&request.input.bucket, &request.input.key)?;
        Ok(S3Response::new(HeadObjectOutput {
            content_length: Some(object.bytes.len() as i64),
            e_tag: Some(ETag::Strong(object.tag)),
            last_modified: Some(object.at.into()),
            ..Default::default()
        }))
    }

    async fn put_object(
        &self,
        request: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        let input = request.input;
        let key = format!("{}/{}", input.bucket, input.key);
        let bytes = collect(input.body, input.content_length).await?;
        if input.if_none_match.is_some() && self.0.objects.lock().contains_key(&key) {
            return Err(s3_error!(PreconditionFailed));
        }
        if let Some(ETagCondition::ETag(wanted)) = &input.if_match {
            let found = self.0.objects.lock().get(&key).map(|it| it.tag.clone());
            if found.as_deref() != Some(wanted.value()) {
                return Err(s3_error!(PreconditionFailed));
            }
        }
        let e_tag = Some(self.0.keep(key, bytes));
        Ok(S3Response::new(PutObjectOutput {
            e_tag,
            ..Default::default()
        }))
    }

    async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        let key = format!("{}/{}", request.input.bucket, request.input.key);
        self.0.objects.lock().remove(&key);
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }

    async fn delete_objects(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let input = request.input;
        let mut deleted = Vec::new();
        for object in input.delete.objects {
            let key = format!("{}/{}", input.bucket, object.key);
            self.0.objects.lock().remove(&key);
            deleted.push(DeletedObject {
                key: Some(object.key),
                ..Default::default()
            });
        }
        Ok(S3Response::new(DeleteObjectsOutput {
            deleted: Some(deleted),
            ..Default::default()
        }))
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = request.input;
        self.0.lists.fetch_add(1, Ordering::Relaxed);
        let bucket = format!("{}/", input.bucket);
        let prefix = input.prefix.clone().unwrap_or_default();
        let after = input
            .continuation_token
            .clone()
            .or(input.start_after.clone());
        let start = match &after {
            Some(after) => Bound::Excluded(format!("{bucket}{after}")),
            None => Bound::Included(format!("{bucket}{prefix}")),
        };
        let most = input.max_keys.map_or(PAGE, |it| it as usize).min(PAGE);
        let mut contents: Vec<Object> = Vec::new();
        let mut folders: Vec<String> = Vec::new();
        let mut last = None;
        let mut is_truncated = false;
        let objects = self.0.objects.lock();
        for (name, object) in objects.range((start, Bound::Unbounded)) {
            let Some(key) = name.strip_prefix(&bucket) else {
                break;
            };
            let Some(below) = key.strip_prefix(&prefix) else {
                match key > prefix.as_str() {
                    true => break,
                    false => continue,
                }
            };
            let folder = input.delimiter.as_deref().and_then(|delimiter| {
                let (folder, _) = below.split_once(delimiter)?;
                Some(format!("{prefix}{folder}{delimiter}"))
            });
            if folder.is_some() && folder.as_ref() == folders.last() {
                last = Some(key.to_owned());
                continue;
            }
            if contents.len() + folders.len() == most {
                is_truncated = true;
                break;
            }
            last = Some(key.to_owned());
            match folder {
                Some(folder) => folders.push(folder),
                None => contents.push(Object {
                    key: Some(key.to_owned()),
                    size: Some(object.bytes.len() as i64),
                    e_tag: Some(ETag::Strong(object.tag.clone())),
                    last_modified: Some(object.at.into()),
                    ..Default::default()
                }),
            }
        }
        let prefixes = folders.into_iter().map(|folder| CommonPrefix {
            prefix: Some(folder),
        });
        let prefixes: Vec<CommonPrefix> = prefixes.collect();
        Ok(S3Response::new(ListObjectsV2Output {
            key_count: Some((contents.len() + prefixes.len()) as i32),
            contents: Some(contents),
            common_prefixes: Some(prefixes),
            name: Some(input.bucket),
            prefix: input.prefix,
            is_truncated: Some(is_truncated),
            next_continuation_token: last.filter(|_| is_truncated),
            max_keys: Some(most as i32),
            ..Default::default()
        }))
    }

    async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let id = self.0.id().to_string();
        self.0.uploads.lock().insert(id.clone(), BTreeMap::new());
        Ok(S3Response::new(CreateMultipartUploadOutput {
            bucket: Some(request.input.bucket),
            key: Some(request.input.key),
            upload_id: Some(id),
            ..Default::default()
        }))
    }

    async fn upload_part(
        &self,
        request: S3Request<UploadPartInput>,
    ) -> S3Result<S3Response<UploadPartOutput>> {
        let input = request.input;
        let bytes = collect(input.body, input.content_length).await?;
        let tag = format!("{:032x}", self.0.id());
        let mut uploads = self.0.uploads.lock();
        let upload = uploads.get_mut(&input.upload_id);
        let upload = upload.ok_or_else(|| s3_error!(NoSuchUpload))?;
        upload.insert(input.part_number, (bytes, tag.clone()));
        Ok(S3Response::new(UploadPartOutput {
            e_tag: Some(ETag::Strong(tag)),
            ..Default::default()
        }))
    }

    async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let input = request.input;
        let parts = self.0.uploads.lock().remove(&input.upload_id);
        let parts = parts.ok_or_else(|| s3_error!(NoSuchUpload))?;
        let sizes: Vec<usize> = parts.values().map(|part| part.0.len()).collect();
        let too_small = sizes.iter().rev().skip(1).any(|size| *size < 5 << 20);
        if too_small {
            return Err(s3_error!(EntityTooSmall));
        }
        let mut all = BytesMut::with_capacity(sizes.iter().sum());
        for (bytes, _) in parts.values() {
            all.extend_from_slice(bytes);
        }
        let key = format!("{}/{}", input.bucket, input.key);
        self.0.parts.lock().insert(key.clone(), sizes);
        let e_tag = Some(self.0.keep(key, all.freeze()));
        Ok(S3Response::new(CompleteMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            e_tag,
            ..Default::default()
        }))
    }

    async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        self.0.uploads.lock().remove(&request.input.upload_id);
        Ok(S3Response::new(AbortMultipartUploadOutput::default()))
    }
}

impl S3Server {
    /// Starts a plain server of HTTP with the same objects, which answers GET and HEAD alone, as a
    /// store does for URLs that are signed for reading. Returns its URL.
    pub fn plain(&self) -> String {
        use http::{HeaderValue, Method, Response, StatusCode};
        use http_body_util::Full;

        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let memory = Arc::clone(&self.memory);
        let answer = move |request: http::Request<hyper::body::Incoming>| {
            let key = request.uri().path().trim_start_matches('/');
            let key = percent_encoding::percent_decode_str(key).decode_utf8_lossy();
            let object = memory.objects.lock().get(&*key).cloned();
            let is_signed = request
                .uri()
                .query()
                .is_some_and(|it| it.contains("Signature"));
            let allowed = match *request.method() {
                Method::GET => true,
                // A signature is for one method.
                Method::HEAD => !is_signed,
                _ => false,
            };
            let status = |status: StatusCode| {
                Response::builder()
                    .status(status)
                    .body(Full::new(Bytes::new()))
            };
            let (Some(object), true) = (object, allowed) else {
                let found = match allowed {
                    true => StatusCode::NOT_FOUND,
                    false => StatusCode::FORBIDDEN,
                };
                return status(found);
            };
            let range = request
                .headers()
                .get("range")
                .and_then(|it| it.to_str().ok());
            let ends = range.and_then(|it| it.strip_prefix("bytes=")?.split_once('-'));
            let ends = ends.and_then(|(first, last)| {
                Some((first.parse::<usize>().ok()?, last.parse::<usize>().ok()?))
            });
            let size = object.bytes.len();
            let mut builder = Response::builder()
                .header("etag", format!("\"{}\"", object.tag))
                .header("last-modified", "Wed, 21 Oct 2026 07:28:00 GMT");
            let bytes = match ends {
                Some((first, last)) => {
                    let last = last.min(size - 1);
                    let shown = format!("bytes {first}-{last}/{size}");
                    builder = builder
                        .status(StatusCode::PARTIAL_CONTENT)
                        .header("content-range", HeaderValue::from_str(&shown).unwrap());
                    object.bytes.slice(first..=last)
                }
                None => object.bytes.clone(),
            };
            builder = builder.header("content-length", bytes.len());
            builder.body(Full::new(bytes))
        };
        let work = move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::from_std(listener).unwrap();
                let answer = Arc::new(answer);
                while let Ok((socket, _)) = listener.accept().await {
                    let answer = Arc::clone(&answer);
                    let service = hyper::service::service_fn(move |request| {
                        let answered = answer(request);
                        async move { answered }
                    });
                    tokio::spawn(async move {
                        let server = hyper::server::conn::http1::Builder::new();
                        let _ = server.serve_connection(TokioIo::new(socket), service).await;
                    });
                }
            });
        };
        std::thread::spawn(work);
        url
    }
}
