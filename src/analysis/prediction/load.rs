//! Load of a query on processors and a storage, from one execution with its bytes in memory.

use std::ops::Range;

/// One execution of a query with its bytes in memory.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Profile {
    pub(super) elapsed_ns: u64,
    /// Processors that all streams share, at least 1.
    pub(super) cores: f64,
    /// True if a stream that is done with a file takes the next one that none has begun, rather
    /// than one of its own.
    pub(super) shared_files: bool,
    /// Calls of each stream, in its order.
    pub(super) streams: Vec<Vec<Call>>,
}

/// A call of the store. Times are in nanoseconds since the start of the execution.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    pub(super) began_ns: u64,
    pub(super) ended_ns: u64,
    pub(super) request_bytes: Vec<u64>,
    pub(super) file: u64,
}

/// Load of a query on processors and a storage.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Load {
    pub(super) cores: f64,
    /// The order that was seen, then others in which the steps of each file are rotated. Chance
    /// decides whether streams ask at the same time or by turns, and that lasts.
    pub(super) orders: Vec<Order>,
    /// Work that is left when all streams have ended, in nanoseconds of one processor.
    pub(super) last_work: f64,
    /// Nanoseconds of a processor for each byte: while it arrives, and after its call.
    pub(super) taking_over: f64,
    pub(super) letting_go: f64,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Order {
    pub(super) streams: Vec<Stream>,
    /// Steps of the files that a stream takes when it is done with its own, in the order in which
    /// they were begun.
    pub(super) files: Vec<Vec<Step>>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stream {
    /// Work before the first call, in nanoseconds of one processor.
    pub(super) first_work: f64,
    /// Steps of its first file if files are shared, or else of all its files.
    pub(super) steps: Vec<Step>,
}

/// A call, then computation.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Step {
    /// Bytes of each request.
    pub(super) requests: Vec<f64>,
    /// Work after the call, in nanoseconds of one processor.
    pub(super) work: f64,
}

impl Step {
    pub(super) fn bytes(&self) -> f64 {
        self.requests.iter().sum()
    }
}

impl Load {
    /// Derives a load from the times between calls, in which streams computed. They were observed
    /// while all streams shared the processors: of k streams that computed at once, each got min(1,
    /// cores / k) of a processor, so that the work done between two times is the same for all that
    /// computed then.
    ///
    /// A profile does not say how long a stream computed after its last call. The stream whose last
    /// call was the last of all computed for the rest of the time. Each other stream computed for
    /// as long per byte of its last call as it did for its earlier bytes, or as all streams did if
    /// it has none.
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

    /// The same requests with `factor` times the work.
    pub(super) fn scaled(&self, factor: f64) -> Self {
        let mut load = self.clone();
        for order in &mut load.orders {
            for stream in &mut order.streams {
                stream.first_work *= factor;
            }
            let own = order.streams.iter_mut().map(|stream| &mut stream.steps);
            for step in own.chain(&mut order.files).flatten() {
                step.work *= factor;
            }
        }
        load.last_work *= factor;
        load.taking_over *= factor;
        load.letting_go *= factor;
        load
    }

    /// Bytes of every request.
    pub(super) fn all_requests(&self) -> impl Iterator<Item = &f64> {
        let seen = self.orders.iter().take(1).flat_map(Order::steps);
        seen.flat_map(|step| &step.requests)
    }

    pub(super) fn requests(&self) -> u64 {
        self.all_requests().count() as u64
    }

    pub(super) fn bytes(&self) -> u64 {
        self.all_requests().sum::<f64>() as u64
    }
}

/// Number of orders that are simulated.
const ORDERS: usize = 4;

impl Order {
    pub(super) fn steps(&self) -> impl Iterator<Item = &Step> {
        let own = self.streams.iter().flat_map(|stream| &stream.steps);
        own.chain(self.files.iter().flatten())
    }
}

/// Orders in which the steps of each file are rotated by different shares of their number. The
/// first is the one that was seen.
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
    // A lone stream meets no other.
    let orders = if seen.streams.len() > 1 { ORDERS } else { 1 };
    (0..orders).map(turned).collect()
}

/// Ranges of a stream's calls: one for each file, or one of all calls if files are not shared.
fn files_of(calls: &[Call], shared: bool) -> Vec<Range<usize>> {
    let mut start = 0;
    let same = |one: &Call, other: &Call| !shared || one.file == other.file;
    let files = calls.chunk_by(same).map(|calls| {
        start += calls.len();
        start - calls.len()..start
    });
    files.collect()
}

/// The calls, made consistent: within the execution, each after the one before.
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

/// End of each stream in nanoseconds. It is not before the beginning of the last file that any
/// stream may take.
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

/// Times in which a stream computed: before each of its calls, and after the last.
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

/// Work of a stream by each time if it had computed since the start.
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

    /// Work in a gap. The ends of the gap are among the times of the clock.
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
