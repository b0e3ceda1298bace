//! How long a query takes on a storage of some bandwidth and latency: a simulation of what its streams compute and ask for.
//!
//! Both resources are shared fairly and without loss: cores among all that compute, bandwidth among all requests under way.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

/// One execution of a query with its bytes in memory.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Profile {
    pub(super) elapsed_ns: u64,
    /// Processors that all streams shared, at least 1.
    pub(super) cores: f64,
    /// Whether a stream that is done with a file takes the next one that none has begun, rather than one of its own.
    pub(super) shared_files: bool,
    /// What each asked for, in its order.
    pub(super) streams: Vec<Vec<Call>>,
}

/// Times are in nanoseconds since the start of the execution.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    pub(super) began_ns: u64,
    pub(super) ended_ns: u64,
    pub(super) request_bytes: Vec<u64>,
    pub(super) file: u64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Storage {
    /// Of all requests together; may be infinite.
    pub(super) bytes_per_s: f64,
    /// Of each request, before its bytes begin to arrive.
    pub(super) latency_ns: f64,
    /// Most requests of one call that are under way at once.
    pub(super) requests_per_call: usize,
}

/// What a query does to a processor and a storage.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Load {
    cores: f64,
    /// What was seen, then with the steps of each file in other orders: whether streams happen to ask at the same time or by turns
    /// depends on chance, and lasts.
    orders: Vec<Order>,
    /// What is left to compute when all streams have ended, in nanoseconds of one processor.
    last_work: f64,
    /// Nanoseconds of a processor for each byte: while it arrives, and in what is computed after the call.
    taking_over: f64,
    letting_go: f64,
}

#[derive(Debug, Clone, PartialEq)]
struct Order {
    streams: Vec<Stream>,
    /// Files that a stream takes when it is done with its own, in the order in which they were begun.
    files: Vec<Vec<Step>>,
}

#[derive(Debug, Clone, PartialEq)]
struct Stream {
    /// Before the first call, in nanoseconds of one processor.
    first_work: f64,
    /// Of the first file where files are shared, else of all.
    steps: Vec<Step>,
}

/// A call, then computing.
#[derive(Debug, Clone, PartialEq)]
struct Step {
    requests: Vec<f64>,
    /// Nanoseconds of one processor.
    work: f64,
}

impl Step {
    fn bytes(&self) -> f64 {
        self.requests.iter().sum()
    }
}

impl Load {
    /// From the times between calls, in which streams computed. They were observed while all streams shared the processors: with k
    /// streams computing at once, each got min(1, cores / k) of one, so that the work done between two times is the same for all who
    /// computed then.
    ///
    /// What a stream did after its last call is not recorded. The one whose last call was the last of all had the rest of the time; each
    /// other as long for each byte of its last call as it, or all, took for those before.
    pub(super) fn of(profile: &Profile) -> Self {
        let elapsed = profile.elapsed_ns;
        let cores = profile.cores.max(1.0);
        let streams: Vec<Vec<Call>> = profile
            .streams
            .iter()
            .map(|it| in_order(it, elapsed))
            .collect();
        let files: Vec<Vec<Range<usize>>> = streams
            .iter()
            .map(|calls| files_of(calls, profile.shared_files))
            .collect();
        let tails = tails(&streams, &files, elapsed);
        let gaps: Vec<Vec<(u64, u64)>> = streams
            .iter()
            .zip(&tails)
            .map(|(calls, tail)| gaps(calls, *tail))
            .collect();
        let clock = Clock::of(gaps.iter().flatten(), cores);
        let last = tails.iter().copied().max().unwrap_or(0);
        let mut seen = Vec::with_capacity(streams.len());
        let mut later: Vec<(u64, Vec<Step>)> = Vec::new();
        for ((calls, gaps), files) in streams.iter().zip(&gaps).zip(files) {
            let (before, after) = gaps.split_first().unwrap_or((&(0, 0), &[]));
            let step = |(call, gap): (&Call, &(u64, u64))| Step {
                requests: call.request_bytes.iter().map(|it| *it as f64).collect(),
                work: clock.work(*gap),
            };
            let steps: Vec<Step> = calls.iter().zip(after).map(step).collect();
            let mut files = files.into_iter();
            seen.push(Stream {
                first_work: clock.work(*before),
                steps: files.next().map_or(Vec::new(), |it| steps[it].to_vec()),
            });
            later.extend(files.map(|it| (calls[it.start].began_ns, steps[it].to_vec())));
        }
        later.sort_by_key(|(began, _)| *began);
        let seen = Order {
            streams: seen,
            files: later.into_iter().map(|(_, steps)| steps).collect(),
        };
        Load {
            cores,
            orders: orders(&seen),
            last_work: (elapsed - last) as f64,
            taking_over: 0.0,
            letting_go: 0.0,
        }
    }

    fn all_requests(&self) -> impl Iterator<Item = &f64> {
        let seen = self.orders.iter().take(1).flat_map(Order::steps);
        seen.flat_map(|step| &step.requests)
    }

    pub(super) fn requests(&self) -> u64 {
        self.all_requests().count() as u64
    }

    pub(super) fn bytes(&self) -> u64 {
        self.all_requests().sum::<f64>() as u64
    }

    /// Makes it take this long, in nanoseconds, where the storage takes no time, by what bytes cost that are not in memory yet: all calls
    /// together `in_calls_ns` while they arrive, and the rest after each call, for which they are cold and have to be given back. It takes no
    /// less than it does without that.
    pub(super) fn fit(&mut self, elapsed_ns: f64, in_calls_ns: f64) {
        let bytes = self.all_requests().sum::<f64>();
        (self.taking_over, self.letting_go) = (0.0, 0.0);
        if bytes == 0.0 || self.without_storage() >= elapsed_ns {
            return;
        }
        self.taking_over = (in_calls_ns / bytes).max(0.0);
        if self.without_storage() > elapsed_ns {
            let most = self.taking_over;
            self.bisect(elapsed_ns, most, |load, cost| load.taking_over = cost);
        } else {
            // If all of the time of all processors went into it, it would be more than enough.
            let most = self.cores * elapsed_ns / bytes;
            self.bisect(elapsed_ns, most, |load, cost| load.letting_go = cost);
        }
    }

    fn bisect(&mut self, elapsed_ns: f64, most: f64, set: fn(&mut Load, f64)) {
        let (mut low, mut high) = (0.0, most);
        for _ in 0..30 {
            let middle = (low + high) / 2.0;
            set(self, middle);
            if self.without_storage() < elapsed_ns {
                low = middle;
            } else {
                high = middle;
            }
        }
    }

    fn without_storage(&self) -> f64 {
        self.time_ns(&Storage {
            bytes_per_s: f64::INFINITY,
            latency_ns: 0.0,
            requests_per_call: usize::MAX,
        })
    }

    /// Time of the query, in nanoseconds: the mean over the orders.
    pub(super) fn time_ns(&self, storage: &Storage) -> f64 {
        let times = self.orders.iter().map(|it| self.time_in(it, storage));
        times.sum::<f64>() / self.orders.len().max(1) as f64
    }

    fn time_in(&self, order: &Order, storage: &Storage) -> f64 {
        Simulation::of(self, order, *storage).run() + self.last_work
    }
}

/// Orders that are simulated.
const ORDERS: usize = 4;

impl Order {
    fn steps(&self) -> impl Iterator<Item = &Step> {
        let own = self.streams.iter().flat_map(|stream| &stream.steps);
        own.chain(self.files.iter().flatten())
    }
}

/// The steps of each file turned by different shares of their number.
fn orders(seen: &Order) -> Vec<Order> {
    let turned = |order: usize| {
        let mut turned = seen.clone();
        let own = turned.streams.iter_mut().map(|stream| &mut stream.steps);
        for (index, steps) in own.chain(&mut turned.files).enumerate() {
            if !steps.is_empty() {
                let by = steps.len() * order * (index + 1) / ORDERS % steps.len();
                steps.rotate_left(by);
            }
        }
        turned
    };
    // A stream alone meets no other.
    let orders = if seen.streams.len() > 1 { ORDERS } else { 1 };
    (0..orders).map(turned).collect()
}

/// The calls of a stream for each file, or all of them where it has no choice of files.
fn files_of(calls: &[Call], shared: bool) -> Vec<Range<usize>> {
    let mut start = 0;
    let same = |one: &Call, other: &Call| !shared || one.file == other.file;
    let files = calls.chunk_by(same).map(|calls| {
        start += calls.len();
        start - calls.len()..start
    });
    files.collect()
}

/// The calls that can have been: within the time, each after the one before.
fn in_order(calls: &[Call], elapsed: u64) -> Vec<Call> {
    let mut before = 0;
    let calls = calls.iter().map(|call| {
        let began_ns = call.began_ns.clamp(before, elapsed.max(before));
        let ended_ns = call.ended_ns.clamp(began_ns, elapsed.max(began_ns));
        before = ended_ns;
        Call {
            began_ns,
            ended_ns,
            request_bytes: call.request_bytes.clone(),
            file: call.file,
        }
    });
    calls.collect()
}

fn bytes_of(call: &Call) -> f64 {
    call.request_bytes.iter().map(|bytes| *bytes as f64).sum()
}

/// When each stream ended: not before the last of the files that any may take was begun.
fn tails(streams: &[Vec<Call>], files: &[Vec<Range<usize>>], elapsed: u64) -> Vec<u64> {
    let begun = |(calls, files): (&Vec<Call>, &Vec<Range<usize>>)| {
        let last = files.iter().skip(1).next_back();
        last.map_or(0, |it| calls[it.start].began_ns)
    };
    let last_begun = streams.iter().zip(files).map(begun).max().unwrap_or(0);
    let last_ends: Vec<u64> = streams
        .iter()
        .map(|calls| calls.last().map_or(0, |it| it.ended_ns))
        .collect();
    let last_of_all = (0..streams.len()).max_by_key(|index| last_ends[*index]);
    let between = |calls: &[Call]| {
        calls.windows(2).fold((0.0, 0.0), |(time, bytes), two| {
            let gap = two[1].began_ns - two[0].ended_ns;
            (time + gap as f64, bytes + bytes_of(&two[0]))
        })
    };
    let (time, bytes) = streams
        .iter()
        .map(|calls| between(calls))
        .fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    let rate_of_all = (bytes > 0.0).then(|| time / bytes);
    let tail = |(index, calls): (usize, &Vec<Call>)| {
        let Some(last) = calls.last().filter(|_| last_of_all != Some(index)) else {
            return elapsed;
        };
        let (time, bytes) = between(calls);
        let rate = if bytes > 0.0 {
            Some(time / bytes)
        } else {
            rate_of_all
        };
        let Some(rate) = rate else { return elapsed };
        let tail = (rate * bytes_of(last)).min(elapsed as f64) as u64;
        last.ended_ns
            .saturating_add(tail)
            .max(last_begun)
            .min(elapsed)
    };
    streams.iter().enumerate().map(tail).collect()
}

/// When a stream computed: before each of its calls, and after the last.
fn gaps(calls: &[Call], end: u64) -> Vec<(u64, u64)> {
    let mut from = 0;
    let mut gaps: Vec<(u64, u64)> = Vec::with_capacity(calls.len() + 1);
    for call in calls {
        gaps.push((from, call.began_ns));
        from = call.ended_ns;
    }
    gaps.push((from, end.max(from)));
    gaps
}

/// How much each of those who compute has done by a time, had it computed since the start.
struct Clock {
    /// Times, and the work by then.
    at: Vec<(u64, f64)>,
}

impl Clock {
    fn of<'a>(gaps: impl Iterator<Item = &'a (u64, u64)>, cores: f64) -> Self {
        let mut changes: Vec<(u64, i64)> = gaps
            .filter(|(start, end)| start < end)
            .flat_map(|(start, end)| [(*start, 1), (*end, -1)])
            .collect();
        changes.sort_unstable();
        let (mut computing, mut before, mut work) = (0_i64, 0, 0.0);
        let mut at = vec![(0, 0.0)];
        for (time, change) in changes {
            let rate = (cores / computing.max(1) as f64).min(1.0);
            work += (time - before) as f64 * rate;
            at.push((time, work));
            before = time;
            computing += change;
        }
        Clock { at }
    }

    /// Of a gap: its ends are among the times.
    fn work(&self, (start, end): (u64, u64)) -> f64 {
        let by = |time: u64| {
            let index = self.at.partition_point(|(known, _)| *known < time);
            self.at
                .get(index)
                .or(self.at.last())
                .map_or(0.0, |(_, work)| *work)
        };
        if start < end {
            by(end) - by(start)
        } else {
            0.0
        }
    }
}

/// A resource that those who use it share equally: its own time goes on as fast as each of them gets on.
#[derive(Default)]
struct Shared {
    progress: f64,
    /// The progress at which each is done, and whose it is. Of numbers that are not negative, the bits are in their order.
    users: BinaryHeap<Reverse<(u64, usize)>>,
}

impl Shared {
    fn add(&mut self, amount: f64, whose: usize) {
        if self.users.is_empty() {
            // Small numbers are precise ones.
            self.progress = 0.0;
        }
        let done = self.progress + amount;
        self.users.push(Reverse((done.to_bits(), whose)));
    }

    /// How long until the first is done, when each gets on by `rate` per nanosecond.
    fn next_ns(&self, rate: f64) -> f64 {
        let next = self.users.peek();
        next.map_or(f64::INFINITY, |Reverse((done, _))| {
            ((f64::from_bits(*done) - self.progress) / rate).max(0.0)
        })
    }

    fn go_on(&mut self, elapsed_ns: f64, rate: f64) {
        if !self.users.is_empty() {
            self.progress += elapsed_ns * rate;
        }
    }

    /// The first is done, exactly now.
    fn finish(&mut self) -> Option<usize> {
        let Reverse((done, whose)) = self.users.pop()?;
        self.progress = self.progress.max(f64::from_bits(done));
        Some(whose)
    }
}

/// Where a stream is.
#[derive(Clone)]
struct Place<'a> {
    /// Of the file that it reads.
    steps: &'a [Step],
    /// Calls of it that have been made.
    step: usize,
    /// Whether it waits for its call rather than computes.
    calling: bool,
    /// Requests of the call that have been sent, and parts of it that are not done.
    sent: usize,
    left: usize,
}

struct Simulation<'a> {
    load: &'a Load,
    storage: Storage,
    now_ns: f64,
    /// Computation between calls is of `stream`, taking over what a call brings of `stream + streams`.
    processors: Shared,
    link: Shared,
    /// Requests whose bytes have not begun to arrive: when they will, whose, and how many bytes, as bits.
    waiting: BinaryHeap<Reverse<(u64, usize, u64)>>,
    places: Vec<Place<'a>>,
    /// Files that no stream has begun.
    files: std::slice::Iter<'a, Vec<Step>>,
}

impl<'a> Simulation<'a> {
    fn of(load: &'a Load, order: &'a Order, storage: Storage) -> Self {
        let mut processors = Shared::default();
        for (index, stream) in order.streams.iter().enumerate() {
            processors.add(stream.first_work, index);
        }
        let place = |stream: &'a Stream| Place {
            steps: &stream.steps,
            step: 0,
            calling: false,
            sent: 0,
            left: 0,
        };
        Simulation {
            load,
            storage,
            now_ns: 0.0,
            processors,
            link: Shared::default(),
            waiting: BinaryHeap::new(),
            places: order.streams.iter().map(place).collect(),
            files: order.files.iter(),
        }
    }

    fn run(mut self) -> f64 {
        loop {
            let computing = self.processors.users.len() as f64;
            let of_processors = (self.load.cores / computing.max(1.0)).min(1.0);
            let arriving = self.link.users.len() as f64;
            let of_link = self.storage.bytes_per_s / 1e9 / arriving.max(1.0);
            let computed = self.processors.next_ns(of_processors);
            let arrived = self.link.next_ns(of_link);
            let begun = self
                .waiting
                .peek()
                .map_or(f64::INFINITY, |Reverse((due, ..))| {
                    (f64::from_bits(*due) - self.now_ns).max(0.0)
                });
            let elapsed = computed.min(arrived).min(begun);
            if !elapsed.is_finite() {
                return self.now_ns;
            }
            self.now_ns += elapsed;
            self.processors.go_on(elapsed, of_processors);
            self.link.go_on(elapsed, of_link);
            if begun == elapsed {
                if let Some(Reverse((_, stream, bytes))) = self.waiting.pop() {
                    self.arrive(stream, f64::from_bits(bytes));
                }
            } else if arrived == elapsed {
                if let Some(stream) = self.link.finish() {
                    self.request_done(stream);
                }
            } else if let Some(whose) = self.processors.finish() {
                match whose.checked_sub(self.places.len()) {
                    Some(stream) => self.part_done(stream),
                    None => self.computed(whose),
                }
            }
        }
    }

    /// A stream has computed, and makes its next call, if there is one.
    fn computed(&mut self, stream: usize) {
        let place = &mut self.places[stream];
        if place.step == place.steps.len() && place.step > 0 {
            let next = self.files.next();
            (place.steps, place.step) = (next.map_or(&[][..], Vec::as_slice), 0);
        }
        let Some(step) = place.steps.get(place.step) else {
            return;
        };
        let at_once = step
            .requests
            .len()
            .min(self.storage.requests_per_call.max(1));
        let taking_over = self.load.taking_over * step.bytes();
        let parts = step.requests.len() + usize::from(taking_over > 0.0);
        (place.calling, place.sent, place.left) = (true, at_once, parts);
        if parts == 0 {
            return self.call_done(stream);
        }
        if taking_over > 0.0 {
            self.processors.add(taking_over, stream + self.places.len());
        }
        for bytes in &step.requests[..at_once] {
            self.send(stream, *bytes);
        }
    }

    fn send(&mut self, stream: usize, bytes: f64) {
        let due = self.now_ns + self.storage.latency_ns.max(0.0);
        self.waiting
            .push(Reverse((due.to_bits(), stream, bytes.to_bits())));
    }

    /// The first byte of a request.
    fn arrive(&mut self, stream: usize, bytes: f64) {
        if self.storage.bytes_per_s.is_finite() && bytes > 0.0 {
            self.link.add(bytes, stream);
        } else {
            self.request_done(stream);
        }
    }

    fn request_done(&mut self, stream: usize) {
        let place = &mut self.places[stream];
        let step = place.steps.get(place.step);
        let next = step.and_then(|step| step.requests.get(place.sent));
        if let Some(bytes) = next.copied() {
            place.sent += 1;
            self.send(stream, bytes);
        }
        self.part_done(stream);
    }

    fn part_done(&mut self, stream: usize) {
        let place = &mut self.places[stream];
        place.left = place.left.saturating_sub(1);
        if place.calling && place.left == 0 {
            self.call_done(stream);
        }
    }

    fn call_done(&mut self, stream: usize) {
        let place = &mut self.places[stream];
        place.calling = false;
        if let Some(step) = place.steps.get(place.step) {
            place.step += 1;
            let work = step.work + self.load.letting_go * step.bytes();
            self.processors.add(work, stream);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    const MS: u64 = 1_000_000;

    fn call(began_ms: u64, requests: &[u64]) -> Call {
        Call {
            began_ns: began_ms * MS,
            ended_ns: began_ms * MS,
            request_bytes: requests.to_vec(),
            file: 0,
        }
    }

    fn load(elapsed_ms: u64, cores: f64, streams: Vec<Vec<Call>>) -> Load {
        Load::of(&Profile {
            elapsed_ns: elapsed_ms * MS,
            cores,
            shared_files: false,
            streams,
        })
    }

    fn storage(bytes_per_s: f64, latency_ms: f64) -> Storage {
        Storage {
            bytes_per_s,
            latency_ns: latency_ms * 1e6,
            requests_per_call: 10,
        }
    }

    fn ms(load: &Load, storage: &Storage) -> f64 {
        (load.time_ns(storage) / 1e6 * 1000.0).round() / 1000.0
    }

    /// 1 MB at 1 GB/s takes 1 ms.
    const MB: u64 = 1_000_000;

    #[test]
    fn one_stream_takes_its_computing_and_for_each_call_latency_and_transfer() {
        let load = load(10, 2.0, vec![vec![call(2, &[MB]), call(6, &[3 * MB])]]);
        assert_eq!(ms(&load, &storage(1e9, 0.5)), 10.0 + 0.5 + 1.0 + 0.5 + 3.0);
        assert_eq!((load.requests(), load.bytes()), (2, 4 * MB));
    }

    #[test]
    fn streams_share_the_bandwidth() {
        let one = || vec![call(0, &[MB])];
        let load = load(5, 2.0, vec![one(), one()]);
        assert_eq!(ms(&load, &storage(1e9, 0.0)), 5.0 + 2.0);
    }

    /// Both computed for 10 ms of wall time on one core, which is 5 ms of work each: alone, it takes 5 ms.
    #[test]
    fn streams_share_the_processors() {
        let load = load(10, 1.0, vec![vec![call(10, &[MB])], vec![call(10, &[])]]);
        assert_eq!(ms(&load, &storage(1e9, 0.0)), 11.0);
        let early = vec![call(0, &[10 * MB]), call(10, &[])];
        let load = load_of_two_on_one_core(early);
        // The first waits for 10 ms, and meanwhile the second has the core to itself and needs 5 ms; then the first needs 5.
        assert_eq!(ms(&load, &storage(1e9, 0.0)), 15.0);
    }

    fn load_of_two_on_one_core(first: Vec<Call>) -> Load {
        load(10, 1.0, vec![first, vec![call(10, &[])]])
    }

    #[test]
    fn requests_of_a_call_wait_together_and_no_more_than_so_many_at_once() {
        let load = load(0, 2.0, vec![vec![call(0, &[0; 25])]]);
        assert_eq!(ms(&load, &storage(1e9, 4.0)), 12.0);
    }

    #[test]
    fn a_query_that_asks_for_nothing_takes_what_it_took() {
        for streams in [vec![], vec![vec![]], vec![vec![], vec![]]] {
            let load = load(7, 1.0, streams);
            assert_eq!(ms(&load, &storage(1.0, 100.0)), 7.0);
        }
    }

    /// The first stream's last call has 1 MB, and its first of 1 MB was followed by 2 ms: it ended at 4 + 2 ms.
    #[test]
    fn what_a_stream_did_after_its_last_call_is_taken_from_what_it_did_before() {
        let first = vec![call(2, &[MB]), call(4, &[MB])];
        let second = vec![call(9, &[0])];
        let load = load(10, 2.0, vec![first, second]);
        let last = |stream: usize| load.orders[0].streams[stream].steps.last().unwrap().work;
        assert_eq!((last(0), last(1), load.last_work), (2e6, 1e6, 0.0));
        // 100 ms for each MB: the first ends after 2 + 100 + 2 + 100 + 2 ms.
        assert_eq!(ms(&load, &storage(1e7, 0.0)), 206.0);
    }

    /// From memory, the first stream happened to read three of four files of two calls each. With a latency of 10 ms it has not yet
    /// asked for its second when the other one is done with its first.
    #[test]
    fn a_stream_takes_the_next_file_when_it_is_done_with_one() {
        let file = |file: u64, began_ms: u64| {
            [0, 1].map(|at| Call {
                file,
                ..call(began_ms + at, &[0])
            })
        };
        let first = [file(0, 0), file(2, 2), file(3, 4)].concat();
        let second = [call(0, &[0]), call(5, &[0])];
        let second = second.map(|call| Call { file: 1, ..call }).to_vec();
        let mut profile = Profile {
            elapsed_ns: 6 * MS,
            cores: 2.0,
            shared_files: true,
            streams: vec![first, second],
        };
        let slow = storage(1e9, 10.0);
        let shared = Load::of(&profile);
        profile.shared_files = false;
        let apart = Load::of(&profile);
        for load in [&shared, &apart] {
            assert_eq!((ms(load, &storage(1e9, 0.0)), load.requests()), (6.0, 8));
        }
        assert_eq!(apart.time_in(&apart.orders[0], &slow), 66e6);
        assert_eq!(shared.time_in(&shared.orders[0], &slow), 48e6);
    }

    #[test]
    fn what_bytes_cost_is_fitted_and_hides_behind_a_slow_storage_as_far_as_it_is_spent_in_calls() {
        let mut load = load(10, 2.0, vec![vec![call(0, &[10 * MB])]]);
        load.fit(16e6, 4e6);
        assert_eq!(ms(&load, &storage(f64::INFINITY, 0.0)), 16.0);
        assert_eq!(ms(&load, &storage(10e9, 0.0)), 16.0);
        assert_eq!(ms(&load, &storage(1e9, 0.0)), 22.0);
        // More than there is room for is cut, and what is faster than the profile is as fast.
        load.fit(12e6, 4e6);
        assert_eq!(ms(&load, &storage(f64::INFINITY, 0.0)), 12.0);
        assert_eq!(ms(&load, &storage(1e9, 0.0)), 20.0);
        load.fit(9e6, 4e6);
        assert_eq!((load.taking_over, load.letting_go), (0.0, 0.0));
    }

    fn random_profile() -> impl Strategy<Value = Profile> {
        let call = (0..3 * MS, prop::collection::vec(0..2 * MB, 0..4), 0..2_u64);
        let stream = prop::collection::vec(call, 0..8);
        let streams = prop::collection::vec(stream, 1..5);
        (streams, 1..5_u32, 0..2 * MS, any::<bool>()).prop_map(
            |(streams, cores, tail, shared_files)| {
                let mut elapsed_ns = 0;
                let streams = streams
                    .into_iter()
                    .map(|calls| {
                        let mut at = 0;
                        let calls = calls.into_iter().map(|(gap, request_bytes, file)| {
                            at += gap;
                            Call {
                                began_ns: at,
                                ended_ns: at,
                                request_bytes,
                                file,
                            }
                        });
                        let calls: Vec<Call> = calls.collect();
                        elapsed_ns = elapsed_ns.max(at);
                        calls
                    })
                    .collect();
                Profile {
                    elapsed_ns: elapsed_ns + tail,
                    cores: f64::from(cores),
                    shared_files,
                    streams,
                }
            },
        )
    }

    proptest! {
        #[test]
        fn a_storage_that_answers_at_once_gives_the_time_of_the_profile(profile in random_profile()) {
            let load = Load::of(&profile);
            let time = load.time_in(&load.orders[0], &storage(f64::INFINITY, 0.0));
            prop_assert!((time - profile.elapsed_ns as f64).abs() <= 1e-6 * time + 1.0, "{time} {profile:?}");
        }

        #[test]
        fn no_time_is_below_that_of_the_bytes_or_of_the_work(profile in random_profile(), bandwidth in 1e6..1e11_f64, latency in 0.0..5.0_f64) {
            let load = Load::of(&profile);
            let time = load.time_ns(&storage(bandwidth, latency));
            let order = &load.orders[0];
            let work = order.streams.iter().map(|it| it.first_work).chain(order.steps().map(|it| it.work)).sum::<f64>();
            let bytes = load.all_requests().sum::<f64>();
            prop_assert!(time >= (bytes / bandwidth * 1e9 - 1.0).max(work / load.cores - 1.0), "{time}");
            // And none is above that of doing one thing after the other.
            let latencies = load.requests() as f64 * latency * 1e6;
            prop_assert!(time <= work + load.last_work + bytes / bandwidth * 1e9 + latencies + 1.0, "{time}");
        }

        #[test]
        fn twice_the_times_at_half_the_bandwidth_are_twice_the_time(profile in random_profile()) {
            let mut twice = profile.clone();
            twice.elapsed_ns *= 2;
            for call in twice.streams.iter_mut().flatten() {
                call.began_ns *= 2;
                call.ended_ns *= 2;
            }
            let one = Load::of(&profile).time_ns(&storage(1e9, 1.0));
            let two = Load::of(&twice).time_ns(&storage(0.5e9, 2.0));
            prop_assert!((two - 2.0 * one).abs() <= 1e-6 * two + 4.0, "{one} {two}");
        }

        #[test]
        fn one_stream_is_never_faster_on_a_slower_storage(profile in random_profile(), bandwidth in 1e6..1e11_f64, latency in 0.0..5.0_f64) {
            let profile = Profile { streams: profile.streams.into_iter().take(1).collect(), ..profile };
            let load = Load::of(&profile);
            let time = load.time_ns(&storage(bandwidth, latency));
            prop_assert!(load.time_ns(&storage(bandwidth / 2.0, latency)) >= time);
            prop_assert!(load.time_ns(&storage(bandwidth, latency + 1.0)) >= time);
        }

        #[test]
        fn whatever_a_file_holds_comes_to_an_end(
            elapsed_ns in any::<u64>(),
            cores in any::<f64>(),
            streams in prop::collection::vec(
                prop::collection::vec((any::<u64>(), any::<u64>(), prop::collection::vec(any::<u64>(), 0..3), 0..3_u64), 0..5),
                0..4,
            ),
            shared_files in any::<bool>(),
        ) {
            let call = |(began_ns, ended_ns, request_bytes, file)| Call { began_ns, ended_ns, request_bytes, file };
            let streams = streams.into_iter().map(|calls| calls.into_iter().map(call).collect()).collect();
            let mut load = Load::of(&Profile { elapsed_ns, cores, shared_files, streams });
            load.fit(1e9, 1e8);
            let time = load.time_ns(&storage(1e9, 1.0));
            prop_assert!(time.is_finite() && time >= 0.0, "{time}");
        }
    }

    #[rstest]
    #[case(100_000)]
    fn many_requests_are_simulated_one_after_the_other(#[case] calls: u64) {
        let calls = |_| {
            (0..calls / 10)
                .map(|at| Call {
                    began_ns: at * 100,
                    ended_ns: at * 100,
                    request_bytes: vec![1000, 2000],
                    file: at,
                })
                .collect()
        };
        let load = Load::of(&Profile {
            elapsed_ns: 10 * MS,
            cores: 2.0,
            shared_files: true,
            streams: (0..10).map(calls).collect(),
        });
        let expected_ns = load.bytes() as f64;
        assert!(load.time_ns(&storage(1e9, 0.0)) >= expected_ns);
    }
}
