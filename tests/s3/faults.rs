//! A proxy on loopback before a server, which spoils some of its answers.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use nix::sys::socket::{setsockopt, sockopt};
use parking_lot::Mutex;

use super::S3Server;

/// Way in which an answer is spoilt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    SlowDown,
    ServerError,
    /// The connection ends before anything is answered.
    Refused,
    /// The connection is reset in the middle of a body.
    Reset,
    /// Nothing is answered until the client gives up.
    Stall,
    /// Nothing more comes in the middle of a body.
    StallInBody,
    /// A body in chunks, of which the last is missing, though it ends as it should.
    ShortChunked,
    /// A body that is shorter than the range, with a length that says so.
    ShortBody,
    /// A range beside the one that was asked for.
    WrongRange,
    /// The whole object, with 200.
    Whole,
    /// An error in XML, with 200.
    ErrorWith200,
    /// A body that comes in small pieces.
    Slow,
    /// Another ETag than the object has.
    OtherTag,
}

pub const RETRIED: [Fault; 12] = [
    Fault::SlowDown,
    Fault::ServerError,
    Fault::Refused,
    Fault::Reset,
    Fault::Stall,
    Fault::StallInBody,
    Fault::ShortChunked,
    Fault::ShortBody,
    Fault::WrongRange,
    Fault::Whole,
    Fault::ErrorWith200,
    Fault::Slow,
];

/// Chooses the requests whose answers are spoilt.
#[derive(Default)]
pub struct FaultPlan {
    /// One GET of a range in so many is spoilt. None for 0.
    pub every: AtomicU64,
    /// Faults that take turns.
    pub faults: Mutex<Vec<Fault>>,
    seed: AtomicU64,
    pub injected: Mutex<Vec<Fault>>,
    /// Part of the names of the objects that are spoilt.
    pub only: Mutex<String>,
    /// Connections that are reset as soon as they are made, from now on: a server that too many
    /// clients connect to at once.
    pub storm: AtomicU64,
    /// True if all requests are spoilt, not only those for ranges.
    pub all_requests: AtomicBool,
}

impl FaultPlan {
    pub fn set(&self, every: u64, seed: u64, faults: &[Fault]) {
        *self.faults.lock() = faults.to_vec();
        self.seed.store(seed, Ordering::SeqCst);
        self.injected.lock().clear();
        self.every.store(every, Ordering::SeqCst);
    }

    fn next(&self, is_range: bool, path: &str) -> Option<Fault> {
        if !path.contains(self.only.lock().as_str()) {
            return None;
        }
        let every = self.every.load(Ordering::SeqCst);
        if every == 0 || !(is_range || self.all_requests.load(Ordering::SeqCst)) {
            return None;
        }
        // A linear congruential generator, whose upper bits decide.
        let drawn = self
            .seed
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |seed| {
                Some(
                    seed.wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1_442_695_040_888_963_407),
                )
            })
            .unwrap();
        let faults = self.faults.lock();
        if faults.is_empty() || !(drawn >> 33).is_multiple_of(every) {
            return None;
        }
        let mut injected = self.injected.lock();
        let fault = faults[injected.len() % faults.len()];
        injected.push(fault);
        Some(fault)
    }
}

/// A running proxy. It ends with the process.
pub struct FaultProxy {
    pub address: SocketAddr,
    pub plan: Arc<FaultPlan>,
}

impl FaultProxy {
    pub fn before(server: &S3Server) -> Self {
        let server = server.clone();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let plan = Arc::new(FaultPlan::default());
        let shared = Arc::clone(&plan);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let storm = &shared.storm;
                let more = |left: u64| left.checked_sub(1);
                if storm
                    .fetch_update(Ordering::SeqCst, Ordering::SeqCst, more)
                    .is_ok()
                {
                    reset(&client);
                    continue;
                }
                let (plan, server) = (Arc::clone(&shared), server.clone());
                std::thread::spawn(move || {
                    let _ = serve(client, &server, &plan);
                });
            }
        });
        FaultProxy { address, plan }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Head and body of a message.
struct Message {
    /// The first line and the headers, each without its line end.
    lines: Vec<String>,
    body: Vec<u8>,
}

impl Message {
    /// Reads a message. `None` at the end of the connection. The answer to a HEAD has no body.
    fn read(stream: &mut impl BufRead, has_body: bool) -> std::io::Result<Option<Message>> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line)? == 0 {
                return Ok(None);
            }
            let line = line.trim_end().to_owned();
            if line.is_empty() {
                break;
            }
            lines.push(line);
        }
        let mut message = Message {
            lines,
            body: Vec::new(),
        };
        if message.header("transfer-encoding").is_some() && has_body {
            loop {
                let mut size = String::new();
                stream.read_line(&mut size)?;
                let size = usize::from_str_radix(size.trim(), 16).map_err(std::io::Error::other)?;
                let mut chunk = vec![0; size + 2];
                stream.read_exact(&mut chunk)?;
                if size == 0 {
                    break;
                }
                message.body.extend_from_slice(&chunk[..size]);
            }
            message
                .lines
                .retain(|it| !it.to_lowercase().starts_with("transfer-encoding"));
            message
                .lines
                .push(format!("content-length: {}", message.body.len()));
        } else if let (Some(length), true) = (message.header("content-length"), has_body) {
            let mut body = vec![0; length.parse().map_err(std::io::Error::other)?];
            stream.read_exact(&mut body)?;
            message.body = body;
        }
        Ok(Some(message))
    }

    fn header(&self, name: &str) -> Option<String> {
        self.lines[1..].iter().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name)
                .then(|| value.trim().to_owned())
        })
    }

    fn set(&mut self, name: &str, value: &str) {
        self.lines.retain(|line| {
            let key = line.split(':').next().unwrap_or_default();
            !key.eq_ignore_ascii_case(name)
        });
        self.lines.push(format!("{name}: {value}"));
    }

    fn head(&self) -> Vec<u8> {
        format!("{}\r\n\r\n", self.lines.join("\r\n")).into_bytes()
    }

    fn send(&self, stream: &mut impl Write) -> std::io::Result<()> {
        stream.write_all(&self.head())?;
        stream.write_all(&self.body)
    }
}

fn answer(status: &str, body: &str) -> Message {
    Message {
        lines: vec![
            format!("HTTP/1.1 {status}"),
            format!("content-length: {}", body.len()),
            "content-type: application/xml".to_owned(),
        ],
        body: body.as_bytes().to_vec(),
    }
}

/// Ends a connection so that the client sees a reset.
fn reset(stream: &TcpStream) {
    let linger = libc::linger {
        l_onoff: 1,
        l_linger: 0,
    };
    let _ = setsockopt(&stream.as_fd(), sockopt::Linger, &linger);
}

/// Waits until the client closes its side.
fn until_closed(stream: &mut TcpStream) {
    let mut byte = [0];
    while !matches!(stream.read(&mut byte), Ok(0)) {
        if let Err(error) = stream.peek(&mut byte)
            && error.kind() != ErrorKind::Interrupted
        {
            break;
        }
    }
}

fn serve(mut client: TcpStream, server: &S3Server, plan: &FaultPlan) -> std::io::Result<()> {
    client.set_nodelay(true)?;
    let mut requests = BufReader::new(client.try_clone()?);
    let mut upstream = TcpStream::connect(server.address)?;
    upstream.set_nodelay(true)?;
    let mut answers = BufReader::new(upstream.try_clone()?);
    while let Some(request) = Message::read(&mut requests, true)? {
        let range = request.header("range");
        let is_get = request.lines[0].starts_with("GET ");
        let fault = plan.next(range.is_some() && is_get, &request.lines[0]);
        match fault {
            Some(Fault::SlowDown) => {
                let text = "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>";
                answer("503 Slow Down", text).send(&mut client)?;
                continue;
            }
            Some(Fault::ServerError) => {
                let text = "<Error><Code>InternalError</Code><Message>We met an internal error.</Message></Error>";
                answer("500 Internal Server Error", text).send(&mut client)?;
                continue;
            }
            Some(Fault::ErrorWith200) => {
                let text = "<Error><Code>InternalError</Code></Error>";
                answer("200 OK", text).send(&mut client)?;
                continue;
            }
            Some(Fault::Refused) => {
                reset(&client);
                return Ok(());
            }
            Some(Fault::Stall) => {
                until_closed(&mut client);
                return Ok(());
            }
            _ => {}
        }
        request.send(&mut upstream)?;
        let has_body = !request.lines[0].starts_with("HEAD ");
        let Some(mut found) = Message::read(&mut answers, has_body)? else {
            return Ok(());
        };
        let half = found.body.len() / 2;
        // Requests are signed with their ranges, so that another one cannot be sent on.
        let path = request.lines[0].split(' ').nth(1).unwrap_or_default();
        let key = path
            .split('?')
            .next()
            .unwrap_or_default()
            .trim_start_matches('/');
        let object = server.object(&percent_encoding::percent_decode_str(key).decode_utf8_lossy());
        let (object, range) = (object.unwrap_or_default(), range.as_deref().and_then(ends));
        match fault {
            Some(Fault::Reset) => {
                client.write_all(&found.head())?;
                client.write_all(&found.body[..half])?;
                client.flush()?;
                // What was sent arrives before the reset.
                std::thread::sleep(Duration::from_millis(20));
                reset(&client);
                return Ok(());
            }
            Some(Fault::StallInBody) => {
                client.write_all(&found.head())?;
                client.write_all(&found.body[..half])?;
                until_closed(&mut client);
                return Ok(());
            }
            Some(Fault::ShortChunked) => {
                found
                    .lines
                    .retain(|it| !it.to_lowercase().starts_with("content-length"));
                found.set("transfer-encoding", "chunked");
                client.write_all(&found.head())?;
                client.write_all(format!("{half:x}\r\n").as_bytes())?;
                client.write_all(&found.body[..half])?;
                client.write_all(b"\r\n0\r\n\r\n")?;
            }
            Some(Fault::ShortBody) => {
                found.body.truncate(half);
                found.set("content-length", &half.to_string());
                found.send(&mut client)?;
            }
            Some(Fault::Slow) => {
                client.write_all(&found.head())?;
                for piece in found.body.chunks((found.body.len() / 5).max(1)) {
                    client.write_all(piece)?;
                    client.flush()?;
                    std::thread::sleep(Duration::from_millis(5));
                }
            }
            Some(Fault::Whole) => {
                found.lines[0] = "HTTP/1.1 200 OK".to_owned();
                found
                    .lines
                    .retain(|it| !it.to_lowercase().starts_with("content-range"));
                found.set("content-length", &object.len().to_string());
                found.body = object.to_vec();
                found.send(&mut client)?;
            }
            Some(Fault::WrongRange) => {
                if let Some((first, last)) = range {
                    let first = first.saturating_sub(1);
                    let last = (last.saturating_sub(1)).max(first);
                    found.body = object[first..=last].to_vec();
                    let shown = format!("bytes {first}-{last}/{}", object.len());
                    found.set("content-range", &shown);
                    found.set("content-length", &found.body.len().to_string());
                }
                found.send(&mut client)?;
            }
            Some(Fault::OtherTag) => {
                found.set("etag", "\"00000000000000000000000000000bad\"");
                found.send(&mut client)?;
            }
            _ => found.send(&mut client)?,
        }
    }
    let _ = client.shutdown(Shutdown::Both);
    Ok(())
}

/// First and last byte of a range.
fn ends(range: &str) -> Option<(usize, usize)> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()?))
}
