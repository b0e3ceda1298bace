//! Simulation of how long a query takes on a storage of some bandwidth and latency, from what its
//! streams compute and ask for.
//!
//! Both resources are shared fairly and without loss: cores among all that compute, bandwidth among
//! all requests under way.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::load::{Load, Order, Step, Stream};

/// A storage that is simulated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Storage {
    /// Bandwidth of all requests together; may be infinite.
    pub(super) bytes_per_s: f64,
    /// Time that each request waits before its bytes begin to arrive.
    pub(super) latency_ns: f64,
    /// Most requests of one call that are under way at once.
    pub(super) requests_per_call: usize,
}

impl Load {
    /// Fits the cost of bytes that are not in memory yet, so that the query takes `elapsed_ns` on a
    /// storage that takes no time. All calls together cost `in_calls_ns` while bytes arrive, or
    /// less if that alone would take too long. The rest of the cost comes after each call, as its
    /// bytes are cold and have to be given back. A query that takes longer without such a cost has
    /// none, and less work, as its profile was recorded while the host was slower.
    pub(super) fn fit(&mut self, elapsed_ns: f64, in_calls_ns: f64) {
        let bytes = self.all_requests().sum::<f64>();
        (self.taking_over, self.letting_go) = (0.0, 0.0);
        let own = self.without_storage();
        if bytes == 0.0 || own >= elapsed_ns {
            if own > 0.0 {
                *self = self.scaled(elapsed_ns / own);
            }
            return;
        }
        self.taking_over = (in_calls_ns / bytes).max(0.0);
        if self.without_storage() > elapsed_ns {
            let most = self.taking_over;
            self.bisect(elapsed_ns, most, |load, cost| load.taking_over = cost);
        } else {
            // All of the time of all processors would be more than enough.
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

    /// Time of the query in one of the orders, in nanoseconds.
    pub(super) fn time_in(&self, order: &Order, storage: &Storage) -> f64 {
        Simulation::of(self, order, *storage).run() + self.last_work
    }
}

/// A resource that its users share equally. Its progress is that of each user.
#[derive(Default)]
struct Shared {
    progress: f64,
    /// Progress at which each user is done, as bits, and the user. The bits of numbers that are not
    /// negative have the order of these numbers.
    users: BinaryHeap<Reverse<(u64, usize)>>,
}

impl Shared {
    fn add(&mut self, amount: f64, whose: usize) {
        if self.users.is_empty() {
            // Small numbers are more precise.
            self.progress = 0.0;
        }
        let done = self.progress + amount;
        self.users.push(Reverse((done.to_bits(), whose)));
    }

    /// Nanoseconds until the first user is done, if each gets on by `rate` per nanosecond. Infinite
    /// if there is no user.
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

    /// Removes the user that is done first, exactly now.
    fn finish(&mut self) -> Option<usize> {
        let Reverse((done, whose)) = self.users.pop()?;
        self.progress = self.progress.max(f64::from_bits(done));
        Some(whose)
    }
}

/// Progress of a stream.
#[derive(Clone)]
struct StreamProgress<'a> {
    /// Steps of the file that the stream reads.
    steps: &'a [Step],
    /// Number of calls for the file that have been made.
    step: usize,
    /// True while the stream waits for its call, false while it computes.
    calling: bool,
    /// Number of requests of the call that have been sent, and number of its parts that are not
    /// done.
    sent: usize,
    left: usize,
}

struct Simulation<'a> {
    load: &'a Load,
    storage: Storage,
    now_ns: f64,
    /// The user `stream` computes between calls. The user `stream + streams` takes over what a call
    /// brings.
    processors: Shared,
    link: Shared,
    /// Requests whose bytes have not begun to arrive: the time when they will, the stream, and the
    /// number of bytes. Times and numbers are bits.
    waiting: BinaryHeap<Reverse<(u64, usize, u64)>>,
    places: Vec<StreamProgress<'a>>,
    /// Files that no stream has begun.
    files: std::slice::Iter<'a, Vec<Step>>,
}

impl<'a> Simulation<'a> {
    fn of(load: &'a Load, order: &'a Order, storage: Storage) -> Self {
        let mut processors = Shared::default();
        for (index, stream) in order.streams.iter().enumerate() {
            processors.add(stream.first_work, index);
        }
        let place = |stream: &'a Stream| StreamProgress {
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

    /// The first byte of a request has come.
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
