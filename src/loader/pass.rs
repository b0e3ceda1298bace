//! One pass over the rows: readers and loops of all accelerators of this process, observed.

use std::collections::BTreeSet;
use std::ops::Range;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use datafusion::execution::TaskContext;
use futures::FutureExt;
use futures::future::try_join_all;
use object_store::path::Path;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::accelerator::{StepBarrier, Steps, run_steps};
use super::batches::EpochBatches;
use super::compute::ComputationTimes;
use super::on_demand::{Lookups, RowGroupSource, SampleReader};
use super::order::{Batching, EpochKey, RowOrder, Unit, deal, units};
use super::readers::{Ended, Filler, RawUnit, Segment};
use super::tensors::TensorPlan;
use crate::config::{Computation, PageCache, ReadMode, Tensors};
use crate::engine::{OrderedScan, ScanPiece, clear_caches, plan};
use crate::measure::{Cell, MeasureError, Measurement};
use crate::observe::{
    Observation, cores, give_memory_back, memory_bytes, reset_peak, resident_bytes,
};
use crate::record::{EngineCache, Lane, RowGroupCacheFigures};
use crate::storage::{ByteSource, Call, FileLayout, Trace};

/// A table that loops read, with everything that does not change between epochs.
pub struct TrainingTable {
    pub cell: Cell,
    /// Units of each file.
    units: Vec<Vec<Unit>>,
    /// Files and their numbers of row groups.
    files: Arc<Vec<(Path, usize)>>,
    file_bytes: Vec<u64>,
    layouts: Vec<Arc<FileLayout>>,
    columns: Vec<String>,
    tensors: Arc<TensorPlan>,
    access: ReadMode,
    /// True if files are so small and so many that they are read by a source of their own.
    pub(crate) small_files: bool,
}

/// Files that are so many and so small, in the mean, are read by a source of their own.
const MANY_FILES: usize = 1000;
const SMALL_FILE_BYTES: u64 = 64 << 10;

/// Settings of a pass.
#[derive(Debug, Clone)]
pub struct Pass {
    pub lane: Lane,
    pub key: EpochKey,
    /// Accelerators of all processes, and those of this one.
    pub world: u64,
    pub local: Range<u64>,
    pub barrier: bool,
    pub batch_rows: u64,
    pub drop_last: bool,
    /// Most steps of each accelerator.
    pub steps: Option<u64>,
    pub prefetched: u64,
    pub readers: u64,
    pub shuffles_files: bool,
    /// Rows that are shuffled together. Absent if rows are not shuffled.
    pub window: Option<u64>,
    pub kept_row_groups: usize,
    pub computation: Computation,
}

/// Share of an accelerator in a pass.
#[derive(Debug, Clone)]
pub struct RowShare {
    pub accelerator: u64,
    units: Vec<Unit>,
    pub batching: Batching,
    /// Steps that the accelerator takes.
    pub steps: u64,
}

impl RowShare {
    fn new(accelerator: u64, units: Vec<Unit>, pass: &Pass) -> Self {
        let rows = units.iter().map(|unit| unit.rows).sum();
        let batching = Batching::new(rows, pass.batch_rows, pass.drop_last);
        RowShare {
            accelerator,
            units,
            batching,
            steps: batching.batches.min(pass.steps.unwrap_or(u64::MAX)),
        }
    }
}

/// Outcome of a pass.
pub struct PassOutcome {
    /// Steps of each share.
    pub steps: Vec<Steps>,
    pub observation: Observation,
    /// Most memory that was resident in this process meanwhile.
    pub peak_bytes: Option<u64>,
    pub nulls: u64,
    /// Absent unless samples were looked up by index.
    pub lookups: Option<RowGroupCacheFigures>,
    /// Time from the start of the readers to the end of the last loop.
    pub elapsed: Duration,
    /// Batches of each share, for tests.
    #[cfg(test)]
    pub(crate) seen: Vec<Arc<EpochBatches>>,
}

/// Readers of an accelerator if the config names no number: the cores, shared out among the
/// accelerators of this host.
pub fn usual_readers(accelerators: u64) -> u64 {
    (cores() as u64 / accelerators.max(1)).max(1)
}

/// Rows that the engine returns at once: those of a batch, or more if these are short.
pub fn engine_rows(batch_rows: u64, row_bytes: u64) -> u64 {
    const ENOUGH_BYTES: u64 = 1 << 20;
    const MOST_ROWS: u64 = 8192;
    batch_rows.clamp(
        (ENOUGH_BYTES / row_bytes.max(1)).clamp(1, MOST_ROWS),
        MOST_ROWS,
    )
}

impl TrainingTable {
    /// Plans the cell's scan, and takes the files apart into units.
    pub async fn new(cell: Cell, access: ReadMode, tensors: Tensors) -> Result<Self, MeasureError> {
        let planned = plan(&cell.context, &cell.scenario.sql).await?;
        let scan = OrderedScan::of(&planned.physical)?;
        let schema = planned.physical.schema();
        let mut files = Vec::new();
        let mut layouts = Vec::new();
        for table in &cell.tables {
            layouts.extend(table.layouts.iter().cloned());
            let counts = table.layouts.iter().map(|it| it.row_group_rows.len());
            files.extend(table.objects.iter().cloned().zip(counts));
        }
        let rows = layouts.iter().map(|it| it.row_group_rows.as_slice());
        // The files have the table's columns and no others.
        let are_alike = cell.tables.iter().all(|table| {
            let fields = table.file_schema.fields();
            let is_alike = |layout: &Arc<FileLayout>| {
                layout
                    .columns
                    .iter()
                    .eq(fields.iter().map(|field| field.name()))
            };
            table.layouts.iter().all(is_alike)
        });
        let is_small = cell.file_bytes() / (files.len() as u64).max(1) <= SMALL_FILE_BYTES;
        let file_bytes: Vec<u64> = files.iter().map(|(file, _)| scan.bytes_of(file)).collect();
        let small_files = files.len() >= MANY_FILES
            && is_small
            && are_alike
            && !cell.reader().unify_schemas
            && scan.of_small_files(1).is_ok();
        if small_files {
            // Their footers are read with their rows, and would take more memory than these.
            clear_caches(&cell.context);
        }
        Ok(TrainingTable {
            small_files,
            units: units(rows, access == ReadMode::WholeFile),
            file_bytes,
            files: Arc::new(files),
            layouts,
            columns: schema
                .fields()
                .iter()
                .map(|field| field.name().clone())
                .collect(),
            tensors: Arc::new(TensorPlan::new(&schema, tensors)),
            access,
            cell,
        })
    }

    /// Bytes of a row in all matrices of a batch.
    pub fn row_bytes(&self) -> u64 {
        self.tensors.row_bytes() as u64
    }

    pub fn rows(&self) -> u64 {
        self.units.iter().flatten().map(|unit| unit.rows).sum()
    }

    pub fn files(&self) -> u64 {
        self.files.len() as u64
    }

    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Number of row groups with rows, or of files where a reader holds a whole one: an accelerator
    /// has at least one of them.
    pub fn units(&self) -> u64 {
        let all = self.units.iter().flatten();
        all.filter(|unit| unit.rows > 0).count() as u64
    }

    /// Returns the shares of this process's accelerators.
    pub fn shares(&self, pass: &Pass) -> Vec<RowShare> {
        let local = pass.local.clone();
        let dealt = deal(
            &self.units,
            pass.key,
            pass.shuffles_files,
            pass.world,
            local.clone(),
        );
        local
            .zip(dealt)
            .map(|(accelerator, units)| RowShare::new(accelerator, units, pass))
            .collect()
    }

    /// Keeps the first units of each share, as many as its steps take and as fit into a quarter of
    /// the available memory, and lets the lane `compute` hold their bytes.
    pub fn hold_in_memory(&mut self, shares: Vec<RowShare>, pass: &Pass) -> Vec<RowShare> {
        let (_, available) = memory_bytes();
        let room = available / 4 / (shares.len() as u64).max(1);
        let (mut trace, mut kept) = (Trace::default(), Vec::new());
        let mut files = BTreeSet::new();
        for share in shares {
            let wanted = share.steps.saturating_mul(pass.batch_rows);
            let (mut bytes, mut rows) = (0_u64, 0_u64);
            let (mut units, mut calls) = (Vec::new(), Vec::new());
            for unit in share.units {
                let mut raw = self.raw(&unit);
                if self.small_files {
                    // They are read as a whole.
                    raw.row_groups = vec![vec![0..self.file_bytes[unit.file as usize]]];
                }
                let ranges = raw.row_groups.iter().flatten();
                let more: u64 = ranges.map(|range| range.end - range.start).sum();
                let makes_a_step = rows >= pass.batch_rows;
                if rows >= wanted || makes_a_step && bytes + more > room {
                    break;
                }
                bytes += more;
                rows += unit.rows;
                files.insert(unit.file);
                calls.extend(raw.row_groups.into_iter().map(|ranges| Call {
                    file: trace.files.len(),
                    ranges: ranges.into_iter().map(|it| (it.start, it.end)).collect(),
                }));
                trace.files.push(raw.file);
                units.push(unit);
            }
            trace.streams.push(calls);
            kept.push(RowShare::new(share.accelerator, units, pass));
        }
        if self.cell.reader().engine_cache == EngineCache::Fresh && !self.small_files {
            self.add_footers(&files, &mut trace);
        }
        self.cell.hold(trace);
        kept
    }

    /// Adds the ends of files, where footers are, which the engine reads in each pass.
    fn add_footers(&self, files: &BTreeSet<u32>, trace: &mut Trace) {
        const FOOTER_BYTES: u64 = 512 << 10;
        let mut calls = Vec::new();
        for file in files {
            let (place, bytes) = (*file as usize, self.file_bytes[*file as usize]);
            calls.push(Call {
                file: trace.files.len(),
                ranges: vec![(bytes.saturating_sub(FOOTER_BYTES), bytes)],
            });
            trace.files.push(self.files[place].0.clone());
        }
        trace.streams.push(calls);
    }

    /// Returns the byte ranges of a unit's columns.
    fn raw(&self, unit: &Unit) -> RawUnit {
        let file = unit.file as usize;
        let layout = &self.layouts[file];
        let row_groups = unit.row_groups.clone();
        RawUnit {
            file: self.files[file].0.clone(),
            row_groups: row_groups
                .map(|it| layout.ranges_of(it, &self.columns))
                .collect(),
        }
    }

    /// Makes a pass: brings the caches into their state, starts the readers and the loops, and
    /// waits for the loops to end. If it is dropped before, all of them stop.
    pub async fn pass(
        &self,
        pass: &Pass,
        shares: &[RowShare],
    ) -> Result<PassOutcome, MeasureError> {
        let source = match self.cell.source(pass.lane).await? {
            // Nothing waits for a device, if the files are in the page cache.
            ByteSource::Store if self.reads_inline() => ByteSource::Inline,
            source => source,
        };
        let measurement = self.cell.measurement(&source)?;
        let mut watch = self.cell.watch_here(&source, &measurement.ledger).await?;
        let mut work = RunningPass {
            readers: JoinSet::new(),
            batches: Vec::new(),
            barrier: (pass.barrier && shares.len() > 1).then(|| StepBarrier::new(shares.len())),
            stop: Arc::default(),
            lookups: Arc::default(),
        };
        let mut ready = Vec::new();
        for share in shares {
            ready.push(
                self.readers(pass, share, &measurement, &work.lookups)
                    .await?,
            );
        }
        if self.small_files {
            // Opening and planning so many files takes more memory than reading them.
            give_memory_back().await;
        }
        reset_peak();
        let start = watch.start();
        let started = Instant::now();
        let mut loops = Vec::new();
        for ((batches, readers), share) in ready.into_iter().zip(shares) {
            for reader in readers {
                let batches = Arc::clone(&batches);
                work.readers.spawn(supervised(reader, batches));
            }
            let times = ComputationTimes::new(pass.computation, pass.key.times(share.accelerator));
            let (sender, receiver) = oneshot::channel();
            let (in_loop, barrier) = (Arc::clone(&batches), work.barrier.clone());
            let stop = Arc::clone(&work.stop);
            work.batches.push(batches);
            let spawned = std::thread::Builder::new()
                .name(format!("accelerator {}", share.accelerator))
                .spawn(move || {
                    let done = run_steps(&in_loop, times, barrier.as_deref(), started, &stop);
                    // Nobody listens if the pass was dropped.
                    let _ = sender.send(done);
                });
            spawned.map_err(|error| MeasureError::defect(format!("no thread starts: {error}")))?;
            loops.push(receiver);
        }
        // The first error ends the pass, whichever loop has it.
        let loops = loops.into_iter().map(|done| async move {
            let done = done.await;
            done.map_err(|_| MeasureError::defect("a loop panicked".to_owned()))?
        });
        let steps: Vec<Steps> = try_join_all(loops).await?;
        let elapsed = started.elapsed();
        watch.stop(&start, elapsed);
        let peak_bytes = resident_bytes().map(|(_, peak)| peak);
        let nulls = work
            .batches
            .iter()
            .map(|it| it.nulls.load(Ordering::Relaxed))
            .sum();
        let lookups = (self.access == ReadMode::OnDemand).then(|| RowGroupCacheFigures {
            hits: work.lookups.hits.load(Ordering::Relaxed),
            misses: work.lookups.misses.load(Ordering::Relaxed),
        });
        #[cfg(test)]
        let seen = work.batches.clone();
        drop(work);
        let mut observation = watch.end();
        if self.small_files {
            observation.figures.cache.engine = EngineCache::Fresh;
        }
        let missed = measurement.store.missed().ranges();
        if missed > 0 && observation.void.is_none() {
            observation.void = Some(format!("{missed} ranges were not in memory"));
        }
        Ok(PassOutcome {
            steps,
            observation,
            peak_bytes,
            nulls,
            lookups,
            elapsed,
            #[cfg(test)]
            seen,
        })
    }

    fn reads_inline(&self) -> bool {
        let is_warm = self.cell.reader().cache == PageCache::Warm;
        self.small_files && is_warm && self.cell.store().is_local()
    }

    /// Plans the scan in a measurement.
    async fn scan(&self, measurement: &Measurement) -> Result<OrderedScan, MeasureError> {
        let planned = plan(&measurement.context, &self.cell.scenario.sql).await?;
        let scan = OrderedScan::of(&planned.physical)?;
        if !self.small_files {
            return Ok(scan);
        }
        scan.of_small_files(measurement.context.copied_config().batch_size())
            .map_err(|_| MeasureError::defect("the scan of small files has changed".to_owned()))
    }

    /// Prepares the readers of a share.
    async fn readers(
        &self,
        pass: &Pass,
        share: &RowShare,
        measurement: &Measurement,
        lookups: &Arc<Lookups>,
    ) -> Result<(Arc<EpochBatches>, Vec<UnstartedReader>), MeasureError> {
        let rows = share.batching.rows;
        let order = RowOrder::new(pass.key, share.accelerator, rows, pass.window);
        let largest = share.units.iter().map(|unit| unit.rows).max().unwrap_or(0);
        let shuffled = match order.is_sequential() {
            true => 0,
            false => order.window(),
        };
        let in_work = match self.access {
            // Whole files are held outside of batches until there is room.
            ReadMode::WholeFile => shuffled,
            ReadMode::RowGroup => shuffled.saturating_add(pass.readers.saturating_mul(largest)),
            ReadMode::OnDemand => pass.readers.saturating_mul(pass.batch_rows),
        };
        let is_raw = pass.lane == Lane::Storage;
        let tensors = match is_raw {
            true => Arc::new(TensorPlan::empty()),
            false => Arc::clone(&self.tensors),
        };
        let batches = Arc::new(EpochBatches::new(
            tensors,
            share.batching,
            share.steps,
            pass.prefetched,
            in_work.min(rows),
        ));
        let readers = usize::try_from(pass.readers).unwrap_or(usize::MAX);
        let filler = || Filler {
            batches: Arc::clone(&batches),
            order,
        };
        if self.access == ReadMode::OnDemand {
            let all = self
                .sample_readers(pass, share, measurement, lookups, filler)
                .await?;
            return Ok((batches, all));
        }
        let mut lanes: Vec<Vec<(Segment, &Unit)>> =
            vec![Vec::new(); readers.min(share.units.len())];
        let (mut first, count) = (0, lanes.len().max(1));
        let needed = share.steps.saturating_mul(share.batching.batch_rows);
        for (index, unit) in share.units.iter().enumerate() {
            if order.first_place(first) >= needed {
                // All rows from here on are in no batch that the loop takes.
                break;
            }
            let segment = Segment {
                first,
                rows: unit.rows,
            };
            lanes[index % count].push((segment, unit));
            first += unit.rows;
        }
        lanes.retain(|lane| !lane.is_empty());
        if is_raw {
            let all = lanes.into_iter().map(|lane| {
                let (filler, objects) = (filler(), Arc::clone(measurement.store.objects()));
                let segments = lane.into_iter();
                let segments: Vec<_> = segments
                    .map(|(segment, unit)| (segment, self.raw(unit)))
                    .collect();
                async move { filler.read_raw(&objects, &segments).await }.boxed()
            });
            return Ok((Arc::clone(&batches), all.collect()));
        }
        let scan = self.scan(measurement).await?;
        let pieces: Vec<_> = lanes.iter().map(|lane| self.pieces(lane)).collect();
        let scan = scan.in_order(&pieces)?;
        let context: Arc<TaskContext> = measurement.context.task_ctx();
        let whole = self.access == ReadMode::WholeFile;
        let mut all: Vec<UnstartedReader> = Vec::new();
        for (index, lane) in lanes.iter().enumerate() {
            let stream = scan.execute(index, Arc::clone(&context));
            let stream = stream.map_err(|error| MeasureError::execution(&error))?;
            let segments: Vec<Segment> = lane.iter().map(|(segment, _)| *segment).collect();
            let filler = filler();
            all.push(async move { filler.fill(stream, &segments, whole).await }.boxed());
        }
        Ok((batches, all))
    }

    /// Joins units of one file that follow each other in a lane, so that the file is opened once.
    fn pieces(&self, lane: &[(Segment, &Unit)]) -> Vec<ScanPiece<'_>> {
        let mut pieces: Vec<(u32, ScanPiece<'_>)> = Vec::new();
        for (_, unit) in lane {
            let continued = pieces.last_mut().filter(|(file, piece)| {
                let last = piece.read.last().copied();
                *file == unit.file && last.is_some_and(|last| last < unit.row_groups.start)
            });
            match continued {
                Some((_, piece)) => piece.read.extend(unit.row_groups.clone()),
                None => {
                    let (file, row_groups) = &self.files[unit.file as usize];
                    let piece = ScanPiece {
                        file,
                        row_groups: *row_groups,
                        read: unit.row_groups.clone().collect(),
                    };
                    pieces.push((unit.file, piece));
                }
            }
        }
        pieces.into_iter().map(|(_, piece)| piece).collect()
    }

    async fn sample_readers(
        &self,
        pass: &Pass,
        share: &RowShare,
        measurement: &Measurement,
        lookups: &Arc<Lookups>,
        filler: impl Fn() -> Filler,
    ) -> Result<Vec<UnstartedReader>, MeasureError> {
        let units = Arc::new(share.units.clone());
        let mut next = 0;
        let starts = units.iter().map(|unit| {
            let start = next;
            next += unit.rows;
            start
        });
        let starts: Arc<Vec<u64>> = Arc::new(starts.collect());
        let scan = Arc::new(self.scan(measurement).await?);
        let raw = match pass.lane {
            Lane::Storage => share.units.iter().map(|unit| self.raw(unit)).collect(),
            Lane::EndToEnd | Lane::Compute => Vec::new(),
        };
        let raw = Arc::new(raw);
        let readers = pass.readers.min(share.steps).max(1);
        let all = (0..readers).map(|first| {
            let reader = SampleReader {
                filler: filler(),
                units: Arc::clone(&units),
                starts: Arc::clone(&starts),
                source: match pass.lane {
                    Lane::Storage => RowGroupSource::Raw {
                        objects: Arc::clone(measurement.store.objects()),
                        units: Arc::clone(&raw),
                    },
                    Lane::EndToEnd | Lane::Compute => RowGroupSource::Decoded {
                        scan: Arc::clone(&scan),
                        context: measurement.context.task_ctx(),
                        files: Arc::clone(&self.files),
                    },
                },
                kept: pass.kept_row_groups,
                lookups: Arc::clone(lookups),
            };
            async move { reader.fill(first, readers).await }.boxed()
        });
        Ok(all.collect())
    }
}

/// A reader that has not started.
type UnstartedReader = futures::future::BoxFuture<'static, Result<(), Ended>>;

/// Runs a reader. Its error, or its panic, ends the loop.
async fn supervised(reader: UnstartedReader, batches: Arc<EpochBatches>) {
    match AssertUnwindSafe(reader).catch_unwind().await {
        Ok(Ok(()) | Err(Ended::Closed)) => {}
        Ok(Err(Ended::Failed(error))) => batches.fail(error),
        Err(_) => batches.fail(MeasureError::defect("a reader panicked".to_owned())),
    }
}

/// Readers and loops of a pass. They stop when it is dropped.
struct RunningPass {
    readers: JoinSet<()>,
    batches: Vec<Arc<EpochBatches>>,
    barrier: Option<Arc<StepBarrier>>,
    stop: Arc<AtomicBool>,
    lookups: Arc<Lookups>,
}

impl Drop for RunningPass {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.barrier.iter().for_each(|barrier| barrier.stop());
        self.batches.iter().for_each(|batches| batches.close());
        self.readers.abort_all();
    }
}
