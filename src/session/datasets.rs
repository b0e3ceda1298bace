//! Makes sure that the datasets of all variants are there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use object_store::ObjectStore;
use tokio::runtime::Runtime;

use super::error::RunError;
use super::estimate::{Estimate, Free, blocks_of, bounded, by_file_system, estimate};
use super::event::{Event, Observer};
use crate::config::{Config, Encoding, Variant};
use crate::dataset::{
    Cancel, DatasetError, DatasetPlan, Found, KnownSource, Manifest, Share, SourceTable, ensure,
    find, place, place_checked,
};
use crate::measure::{cores, memory_bytes};
use crate::storage::{CountingStore, local_store};
use crate::table::{first_damage, open_source};
use crate::units;

/// Writing more than this asks for consent, and so does more than half of the free space.
const LARGE_BYTES: u64 = 10_000_000_000;

/// The sources that datasets were written from, by the names of the variants that read these.
pub type KnownSources = BTreeMap<String, KnownSource>;

/// The datasets of a config, each once, and which variant reads which.
pub struct Datasets {
    pub store: Arc<CountingStore>,
    pub all: Vec<DatasetState>,
    /// Index into `all` for each variant; none for a variant without a dataset.
    pub of_variant: Vec<Option<usize>>,
    /// What makes figures less than they could be, for the run record.
    pub warnings: Vec<String>,
}

/// A dataset's plan and what of it is there.
#[derive(Debug)]
pub struct DatasetState {
    pub plan: DatasetPlan,
    pub found: Found,
    /// Whether this run wrote files of it.
    pub written: bool,
}

impl DatasetState {
    /// The manifest, where the dataset is this program's and complete.
    pub fn manifest(&self) -> Option<&Manifest> {
        match &self.found {
            Found::Complete(manifest) => Some(manifest),
            Found::ToWrite | Found::Missing | Found::External { .. } => None,
        }
    }
}

impl Datasets {
    /// The plans of all datasets of a config, each once.
    pub async fn plans(config: &Config) -> Result<Vec<DatasetPlan>, RunError> {
        let mut plans: Vec<DatasetPlan> = Vec::new();
        for plan in Datasets::placed(config, &local_store()).await? {
            if !plans
                .iter()
                .any(|known| known.root == plan.root && known.id() == plan.id())
            {
                plans.push(plan);
            }
        }
        Ok(plans)
    }

    /// A plan for each variant that has a dataset.
    async fn placed(
        config: &Config,
        store: &Arc<CountingStore>,
    ) -> Result<Vec<DatasetPlan>, RunError> {
        let mut sources: BTreeMap<(&str, bool), Arc<SourceTable>> = BTreeMap::new();
        let mut specs = Vec::new();
        for variant in &config.variants {
            let Some(dataset) = &variant.dataset else {
                continue;
            };
            let source = match &dataset.source {
                None => None,
                Some(location) => {
                    match sources.get(&(location.as_str(), variant.reader.unify_schemas)) {
                        Some(source) => Some(Arc::clone(source)),
                        None => {
                            let (_, available) = memory_bytes();
                            let unify = variant.reader.unify_schemas;
                            let opened = open_source(store, location, available / 4, unify).await;
                            let source = Arc::new(opened.map_err(|source| RunError::Table {
                                variant: None,
                                source,
                            })?);
                            sources.insert((location, unify), Arc::clone(&source));
                            Some(source)
                        }
                    }
                }
            };
            specs.push((dataset, source));
        }
        Ok(place(&specs)?)
    }

    /// Places the datasets of all variants, and refuses those that are missing and not to be generated. Nothing is changed.
    pub async fn place(config: &Config) -> Result<Self, RunError> {
        Datasets::look(config).await?.without_missing()
    }

    /// Places the datasets of all variants as the process did that tells of their `sources`, none
    /// of which is looked at: they may have changed since.
    pub fn place_again(config: &Config, sources: &KnownSources) -> Result<Self, RunError> {
        let mut specs = Vec::new();
        for variant in &config.variants {
            if let Some(dataset) = &variant.dataset {
                let source = dataset.source.as_ref();
                let source = source.map(|_| known_source(variant, sources));
                specs.push((dataset, source.transpose()?));
            }
        }
        Datasets::of(config, local_store(), place_checked(&specs)?)?.without_missing()
    }

    /// What [`Datasets::place_again`] goes by.
    pub fn known_sources(&self, config: &Config) -> KnownSources {
        let variants = config.variants.iter().zip(&self.of_variant);
        let known = variants.filter_map(|(variant, dataset)| {
            let plan = &self.all.get((*dataset)?)?.plan;
            let source = KnownSource::of(plan.source.as_ref()?, &plan.spec.layout);
            Some((variant.name.clone(), source))
        });
        known.collect()
    }

    /// Refuses datasets that are missing and not to be generated.
    fn without_missing(self) -> Result<Self, RunError> {
        let mut states = self.all.iter();
        match states.find(|state| matches!(state.found, Found::Missing)) {
            Some(state) => {
                let folder = state.plan.root.display().to_string();
                Err(DatasetError::Missing { folder }.into())
            }
            None => Ok(self),
        }
    }

    /// Places the datasets of all variants, and looks at what is there. Nothing is changed.
    pub async fn look(config: &Config) -> Result<Self, RunError> {
        let store = local_store();
        let plans = Datasets::placed(config, &store).await?;
        Datasets::of(config, store, plans)
    }

    /// Looks at what is there of the datasets, whose plans come one for each variant that has one.
    fn of(
        config: &Config,
        store: Arc<CountingStore>,
        plans: Vec<DatasetPlan>,
    ) -> Result<Self, RunError> {
        let mut plans = plans.into_iter();
        let mut all: Vec<DatasetState> = Vec::new();
        let mut of_variant = Vec::with_capacity(config.variants.len());
        for variant in &config.variants {
            let Some(plan) = variant.dataset.as_ref().and_then(|_| plans.next()) else {
                of_variant.push(None);
                continue;
            };
            let same =
                |state: &DatasetState| state.plan.root == plan.root && state.plan.id() == plan.id();
            let index = match all.iter().position(same) {
                Some(index) => index,
                None => {
                    let found = find(&plan)?;
                    all.push(DatasetState {
                        plan,
                        found,
                        written: false,
                    });
                    all.len() - 1
                }
            };
            of_variant.push(Some(index));
        }
        Ok(Datasets {
            store,
            all,
            of_variant,
            warnings: Vec::new(),
        })
    }

    /// What columns and footers of sources lose or change, each sentence once.
    pub fn source_notes(&self) -> BTreeSet<String> {
        let mut notes = BTreeSet::new();
        for state in &self.all {
            if let Some(source) = &state.plan.source {
                notes.extend(source.notes.iter().cloned());
                notes.extend(source.dropped_key_values(&state.plan.spec.layout));
            }
        }
        notes
    }

    /// The datasets that are still to be written, wholly or in part.
    pub fn to_write(&self) -> impl Iterator<Item = &DatasetState> {
        self.all
            .iter()
            .filter(|state| matches!(state.found, Found::ToWrite))
    }

    /// Refuses to write what a disk may not be able to hold, and what is large without consent: more
    /// than 10 GB, or more than half of the free space. What it cannot hold by the best guess, or by
    /// the number of files, is refused whatever was agreed to.
    pub fn ask_consent(&self, yes: bool) -> Result<(), RunError> {
        for state in self.to_write() {
            writers(&state.plan)?;
        }
        let disks = by_file_system(self.to_write(), |state| state.plan.root.as_path());
        disks
            .iter()
            .try_for_each(|states| ask_consent_for(states, yes))
    }

    /// Tells of the warnings, for who keeps no record that has them.
    pub fn warn(&self, observer: &dyn Observer) {
        for text in &self.warnings {
            observer.event(Event::Warning(text));
        }
    }

    /// Writes what is missing, dataset by dataset, each on all cores.
    pub fn ensure(
        &mut self,
        runtime: &Runtime,
        share: Option<Share>,
        cancel: &Cancel,
        observer: &dyn Observer,
    ) -> Result<(), RunError> {
        let datasets = self.all.len();
        let store: Arc<dyn ObjectStore> = Arc::clone(&self.store) as Arc<dyn ObjectStore>;
        for (dataset, state) in self.all.iter_mut().enumerate() {
            let folder = state.plan.root.clone();
            match &state.found {
                // How they differ from the config is told when they are opened.
                Found::External { .. } if !state.plan.spec.generate => continue,
                Found::External { .. } => {
                    let text = format!(
                        "{}: these files were there before; they are read as they are, and the config's codec, row groups, \
                         seed and other layout keys say nothing about them; to generate instead, name another dataset.data_folder",
                        folder.display()
                    );
                    self.warnings.push(text);
                    continue;
                }
                Found::Complete(manifest) => {
                    let files = manifest.files().count() as u64;
                    observer.event(Event::Reused {
                        folder: &folder,
                        files,
                        bytes: manifest.file_bytes(),
                    });
                    for text in manifest.shortfalls.sentences() {
                        observer.event(Event::Note(&text));
                    }
                    continue;
                }
                Found::ToWrite | Found::Missing => {}
            }
            let writers = writers(&state.plan)?;
            observer.event(Event::Begun {
                folder: &folder,
                writers,
                row_group_bytes: state.plan.expected_row_group_bytes()?,
            });
            let report = |progress| {
                observer.event(Event::Writing {
                    dataset,
                    datasets,
                    folder: &folder,
                    progress,
                })
            };
            let generated = ensure(
                &state.plan,
                &store,
                runtime.handle(),
                writers,
                share,
                cancel,
                &report,
            );
            let generated = generated.map_err(|error| located(error, &state.plan))?;
            observer.event(Event::Written {
                dataset,
                datasets,
                folder: &folder,
                files: generated.files_written,
                kept: generated.files_kept,
                bytes: generated.manifest.file_bytes(),
                elapsed_ns: generated.manifest.write.map(|write| write.elapsed_ns),
            });
            if generated.short_of_threads {
                observer.event(Event::Note(
                    "the limits of this host (ulimit -u, ulimit -v) let fewer writers start, so that it took longer than it need; that \
                     time is not kept",
                ));
            }
            let shortfalls = generated.manifest.shortfalls.sentences().into_iter();
            for text in shortfalls.chain(fallbacks(&state.plan, &generated.manifest)) {
                observer.event(Event::Note(&text));
            }
            state.written = generated.files_written > 0;
            if let Some(share) = share.filter(|_| !generated.missing_ranks.is_empty()) {
                let ranks: Vec<String> =
                    generated.missing_ranks.iter().map(u64::to_string).collect();
                observer.event(Event::Note(&format!(
                    "{}: the files of rank {} of {} are there; missing are those of rank {}",
                    folder.display(),
                    share.rank(),
                    share.world_size(),
                    ranks.join(", ")
                )));
                continue;
            }
            state.found = Found::Complete(Box::new(generated.manifest));
        }
        Ok(())
    }
}

/// What stands for the source of a variant's dataset.
fn known_source(variant: &Variant, sources: &KnownSources) -> Result<Arc<SourceTable>, RunError> {
    let known = sources.get(&variant.name).ok_or_else(|| {
        RunError::Internal(format!(
            "nothing is known of the source of {:?}",
            variant.name
        ))
    })?;
    Ok(Arc::new(known.table()?))
}

/// The same error, with the file, the row group and the column of a source that cannot be read,
/// where there is one.
fn located(error: DatasetError, plan: &DatasetPlan) -> DatasetError {
    let source = plan.source.as_ref().filter(|it| it.plain.is_some());
    match (&error, source) {
        (DatasetError::Source { .. } | DatasetError::Parquet { .. }, Some(source)) => {
            first_damage(&source.paths).map_or(error, |what| DatasetError::Damaged { what })
        }
        _ => error,
    }
}

/// The columns that a dictionary was asked for, and in which the writer gave some up for being too large.
fn fallbacks(plan: &DatasetPlan, manifest: &Manifest) -> Option<String> {
    let columns: Vec<String> = manifest
        .columns
        .iter()
        .filter(|column| {
            let layout = plan.spec.layout.chunk_of(&column.name);
            layout.encoding == Encoding::Dictionary && column.fallback_chunks > 0
        })
        .map(|column| {
            format!(
                "{} ({} of {} chunks)",
                column.name, column.fallback_chunks, column.chunks
            )
        })
        .collect();
    (!columns.is_empty()).then(|| {
        format!(
            "dictionaries grew beyond dictionary_page_bytes, so that the writer fell back to other encodings: {}",
            columns.join(", ")
        )
    })
}

/// Writers that a dataset can have: one per core, and no more than have room for a row group each in half of the
/// available memory.
pub fn writers(plan: &DatasetPlan) -> Result<usize, RunError> {
    let (_, available) = memory_bytes();
    let row_group = plan.expected_row_group_bytes()?.max(1);
    if available == 0 {
        return Ok(cores());
    }
    match usize::try_from(available / 2 / row_group) {
        Ok(0) => Err(RunError::Memory {
            reason: format!(
                "a row group of this dataset takes about {} of memory, {} are available",
                units::bytes(row_group),
                units::bytes(available)
            ),
        }),
        Ok(fitting) => Ok(fitting.min(cores())),
        Err(_) => Ok(cores()),
    }
}

/// As [`Datasets::ask_consent`], for datasets on one file system.
fn ask_consent_for(states: &[&DatasetState], yes: bool) -> Result<(), RunError> {
    let Some(first) = states.first() else {
        return Ok(());
    };
    let folder = &first.plan.root;
    let most = together(states, bounded)?;
    let free = Free::of(folder);
    // What an interrupted writing has left is there already.
    let there: u64 = states.iter().map(|state| blocks_of(&state.plan.root)).sum();
    let half = free.map_or(u64::MAX, |free| free.bytes / 2);
    let is_large = most.values.max(most.most_blocks()) > LARGE_BYTES || most.most_blocks() > half;
    let fits = free
        .is_none_or(|free| free.has_room(most.most_blocks().saturating_sub(there), most.inodes()));
    if fits && (yes || !is_large) {
        return Ok(());
    }
    let all = together(states, estimate)?;
    let left = free.map_or_else(String::new, |free| {
        format!(", where {} are free", free.in_words())
    });
    let reason = format!(
        "{} would be written below {}{left}",
        all.in_words(),
        folder.display()
    );
    let likely = all.likely_blocks().saturating_sub(there);
    match free {
        Some(free) if there == 0 && !free.has_inodes(all.inodes()) => {
            let inodes = units::count(all.inodes());
            let reason = format!("{reason}; it takes {inodes} inodes");
            Err(RunError::Full { reason })
        }
        Some(free) if likely > free.bytes => Err(RunError::Full { reason }),
        _ if yes => Ok(()),
        _ if !fits => Err(RunError::Consent {
            reason: format!("{reason}; it may fill the disk"),
        }),
        _ => Err(RunError::Consent { reason }),
    }
}

/// What datasets will take together.
fn together(
    states: &[&DatasetState],
    of_one: impl Fn(&DatasetPlan) -> Result<Estimate, RunError>,
) -> Result<Estimate, RunError> {
    let all = states.iter().map(|state| of_one(&state.plan));
    let all: Vec<Estimate> = all.collect::<Result<_, _>>()?;
    Ok(Estimate::sum(all.iter()))
}
