//! Finds or writes the datasets of all variants.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::runtime::Runtime;

use super::error::{Failure, SessionError};
use super::estimate::writers;
use super::event::{Event, Observer};
use super::warning::Warning;
use crate::cancel::Cancel;
use crate::config::{Config, Encoding, Variant};
use crate::dataset::{
    DatasetError, DatasetPlan, FolderContent, KnownSource, Manifest, Share, SourceTable, ensure,
    find, place, place_checked,
};
use crate::files::first_damage;
use crate::observe::memory_bytes;
use crate::storage::Stores;
use crate::table::open_source;

/// Sources of datasets, by the names of the variants that read these.
pub type KnownSources = BTreeMap<String, KnownSource>;

/// The datasets of a config, each once, and the dataset that each variant reads.
pub struct Datasets {
    /// The stores that locations may name.
    pub stores: Stores,
    pub all: Vec<DatasetState>,
    /// Index into `all` for each variant; `None` for a variant without a dataset.
    pub of_variant: Vec<Option<usize>>,
    /// Warnings for the run record.
    pub warnings: Vec<Warning>,
}

/// A dataset's plan, and the part of it that exists.
#[derive(Debug)]
pub struct DatasetState {
    pub plan: DatasetPlan,
    pub found: FolderContent,
    /// True if this run wrote files of the dataset.
    pub written: bool,
}

impl DatasetState {
    /// Returns the manifest. `None` unless the dataset is this program's and complete.
    pub fn manifest(&self) -> Option<&Manifest> {
        match &self.found {
            FolderContent::Complete(manifest) => Some(manifest),
            FolderContent::ToWrite | FolderContent::Missing | FolderContent::External { .. } => {
                None
            }
        }
    }
}

impl Datasets {
    /// Returns the plans of all datasets of a config, each once.
    pub async fn plans(stores: &Stores, config: &Config) -> Result<Vec<DatasetPlan>, Failure> {
        let mut plans: Vec<DatasetPlan> = Vec::new();
        for plan in Datasets::placed(stores, config).await? {
            if !plans
                .iter()
                .any(|known| known.root == plan.root && known.id() == plan.id())
            {
                plans.push(plan);
            }
        }
        Ok(plans)
    }

    /// Returns a plan for each variant that has a dataset.
    async fn placed(stores: &Stores, config: &Config) -> Result<Vec<DatasetPlan>, Failure> {
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
                            let opened = open_source(stores, location, available / 4, unify).await;
                            let source = Arc::new(opened?);
                            sources.insert((location, unify), Arc::clone(&source));
                            Some(source)
                        }
                    }
                }
            };
            specs.push((dataset, source));
        }
        Ok(place(stores, &specs)?)
    }

    /// Places the datasets of all variants, and refuses those that are missing but must not be
    /// generated. Nothing is changed.
    pub async fn place(stores: &Stores, config: &Config) -> Result<Self, Failure> {
        Datasets::look(stores, config).await?.without_missing()
    }

    /// Places the datasets of all variants as another process did, which reported their `sources`.
    /// These are not looked at, as they may have changed since.
    pub fn place_again(
        stores: &Stores,
        config: &Config,
        sources: &KnownSources,
    ) -> Result<Self, Failure> {
        let mut specs = Vec::new();
        for variant in &config.variants {
            if let Some(dataset) = &variant.dataset {
                let source = dataset.source.as_ref();
                let source = source.map(|_| known_source(variant, sources));
                specs.push((dataset, source.transpose()?));
            }
        }
        Datasets::of(stores, config, place_checked(stores, &specs)?)?.without_missing()
    }

    /// Returns the sources that [`Datasets::place_again`] needs.
    pub fn known_sources(&self, config: &Config) -> KnownSources {
        let variants = config.variants.iter().zip(&self.of_variant);
        let known = variants.filter_map(|(variant, dataset)| {
            let plan = &self.all.get((*dataset)?)?.plan;
            let source = KnownSource::of(plan.source.as_ref()?, &plan.spec.layout);
            Some((variant.name.clone(), source))
        });
        known.collect()
    }

    /// Refuses datasets that are missing but must not be generated.
    fn without_missing(self) -> Result<Self, Failure> {
        let mut states = self.all.iter();
        match states.find(|state| matches!(state.found, FolderContent::Missing)) {
            Some(state) => {
                let folder = state.plan.root.to_string();
                Err(DatasetError::Missing { folder }.into())
            }
            None => Ok(self),
        }
    }

    /// Places the datasets of all variants, and looks for existing files. Nothing is changed.
    pub async fn look(stores: &Stores, config: &Config) -> Result<Self, Failure> {
        let plans = Datasets::placed(stores, config).await?;
        Datasets::of(stores, config, plans)
    }

    /// Looks for existing files of the datasets. There is one plan for each variant that has a
    /// dataset.
    fn of(stores: &Stores, config: &Config, plans: Vec<DatasetPlan>) -> Result<Self, Failure> {
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
            stores: stores.clone(),
            all,
            of_variant,
            warnings: Vec::new(),
        })
    }

    /// Returns losses and changes of columns and footers of sources, each sentence once.
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

    /// Returns the datasets that must still be written, wholly or in part.
    pub fn to_write(&self) -> impl Iterator<Item = &DatasetState> {
        self.all
            .iter()
            .filter(|state| matches!(state.found, FolderContent::ToWrite))
    }

    /// Shows the warnings. It is for verbs that keep no record of them.
    pub fn warn(&self, observer: &dyn Observer) {
        for warning in &self.warnings {
            observer.event(Event::Warning(warning));
        }
    }

    /// Writes what is missing, dataset by dataset, each on all cores.
    pub fn ensure(
        &mut self,
        runtime: &Runtime,
        share: Option<Share>,
        cancel: &Cancel,
        observer: &dyn Observer,
    ) -> Result<(), Failure> {
        let datasets = self.all.len();
        for (dataset, state) in self.all.iter_mut().enumerate() {
            let folder = state.plan.root.clone();
            match &state.found {
                // Their differences from the config are reported when they are opened.
                FolderContent::External { .. } if !state.plan.spec.generate => continue,
                FolderContent::External { .. } => {
                    self.warnings.push(Warning::FoundFiles { folder });
                    continue;
                }
                FolderContent::Complete(manifest) => {
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
                FolderContent::ToWrite | FolderContent::Missing => {}
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
                runtime.handle(),
                writers,
                share,
                cancel,
                &report,
            );
            let generated = generated.map_err(|error| located(error, &state.plan))?;
            match generated.files_written + generated.files_kept {
                // Another process has written it meanwhile.
                0 if generated.missing_ranks.is_empty() => observer.event(Event::Reused {
                    folder: &folder,
                    files: generated.manifest.files().count() as u64,
                    bytes: generated.manifest.file_bytes(),
                }),
                _ => observer.event(Event::Written {
                    dataset,
                    datasets,
                    folder: &folder,
                    files: generated.files_written,
                    kept: generated.files_kept,
                    bytes: generated.manifest.file_bytes(),
                    elapsed_ns: generated
                        .manifest
                        .write
                        .as_ref()
                        .map(|write| write.elapsed_ns),
                }),
            }
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
                    folder,
                    share.rank(),
                    share.world_size(),
                    ranks.join(", ")
                )));
                continue;
            }
            state.found = FolderContent::Complete(Box::new(generated.manifest));
        }
        Ok(())
    }
}

/// Returns a stand-in for the source of a variant's dataset.
fn known_source(variant: &Variant, sources: &KnownSources) -> Result<Arc<SourceTable>, Failure> {
    let known = sources.get(&variant.name).ok_or_else(|| {
        SessionError::Internal(format!(
            "nothing is known of the source of {:?}",
            variant.name
        ))
    })?;
    Ok(Arc::new(known.table()?))
}

/// Adds the file, the row group and the column of a source that cannot be read to an error, if
/// there is one.
fn located(error: DatasetError, plan: &DatasetPlan) -> DatasetError {
    let source = plan.source.as_ref().filter(|it| it.plain.is_some());
    match (&error, source) {
        (DatasetError::Source { .. } | DatasetError::Parquet { .. }, Some(source)) => {
            first_damage(&source.places).map_or(error, |what| DatasetError::Damaged { what })
        }
        _ => error,
    }
}

/// Names the columns for which a dictionary was requested, but in which the writer gave some up
/// because they became too large.
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
