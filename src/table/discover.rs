//! Which files a table has.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::TryStreamExt;
use object_store::local::LocalFileSystem;
use object_store::{ObjectMeta, ObjectStore};

use super::{TableError, TableFile, TableFiles};
use crate::dataset::{DatasetPlan, Manifest, decode_partition_value, is_parquet};
use crate::record::Origin;
use crate::storage::{local_path, object_path};

const GLOB_CHARACTERS: [char; 3] = ['*', '?', '['];

/// The tables of a dataset that is complete, without listing its folder.
pub fn from_manifest(
    plan: &DatasetPlan,
    manifest: &Manifest,
) -> Result<Vec<TableFiles>, TableError> {
    manifest
        .tables
        .iter()
        .map(|table| {
            let files = table
                .files
                .iter()
                .map(|file| {
                    let path = plan.root.join(&file.path);
                    let object = ObjectMeta {
                        location: object_path(&path)?,
                        // Files of a dataset never change once its manifest is there.
                        last_modified: chrono::DateTime::UNIX_EPOCH,
                        size: file.bytes,
                        e_tag: None,
                        version: None,
                    };
                    Ok(TableFile {
                        path,
                        object,
                        partition: file.partition.clone(),
                    })
                })
                .collect::<Result<_, TableError>>()?;
            Ok(TableFiles {
                name: table.name.clone(),
                location: plan.root.display().to_string(),
                origin: Origin::Generated,
                partition_by: manifest.partition_by.clone(),
                partition_types: plan
                    .partition_fields()
                    .iter()
                    .map(|field| field.data_type().clone())
                    .collect(),
                files,
            })
        })
        .collect()
}

/// The tables of a `data_folder` that this program did not write: `train` and `valid` are its folders of these names; a
/// folder without them is `train` itself.
pub async fn external_tables(
    store: &Arc<dyn ObjectStore>,
    root: &Path,
) -> Result<Vec<TableFiles>, TableError> {
    let mut tables = Vec::new();
    for name in ["train", "valid"] {
        let folder = root.join(name);
        if folder.is_dir() {
            match discover(store, name, &folder.display().to_string()).await {
                // DLIO makes both folders, and leaves the one without files empty.
                Err(TableError::Empty { .. }) => {}
                found => tables.push(found?),
            }
        }
    }
    if tables.is_empty() {
        tables.push(discover(store, "train", &root.display().to_string()).await?);
    }
    Ok(tables)
}

/// The files behind a path, a glob or a file:// URL. In a folder these are the `*.parquet` files at any depth, except
/// below names that begin with `.` or `_`; `key=value` folders on the way become partition columns.
pub async fn discover(
    store: &Arc<dyn ObjectStore>,
    table: &str,
    location: &str,
) -> Result<TableFiles, TableError> {
    let path = local_path(location)?;
    let not_found = || TableError::NotFound {
        table: table.to_owned(),
        location: location.to_owned(),
    };
    let empty = || TableError::Empty {
        table: table.to_owned(),
        location: location.to_owned(),
    };
    let bad = |reason| TableError::BadFile {
        table: table.to_owned(),
        file: location.to_owned(),
        reason,
    };
    let (base, mut objects) = match std::fs::metadata(&path) {
        Ok(metadata) if metadata.is_dir() => {
            let found = list(store, table, &path).await?;
            let found = found
                .into_iter()
                .filter(|(file, _)| is_visible_parquet(&path, file))
                .collect();
            (path.clone(), found)
        }
        // Opening a pipe waits for a writer that may never come.
        Ok(metadata) if !metadata.is_file() => {
            return Err(bad("it is neither a file nor a folder".to_owned()));
        }
        Ok(_) => {
            let object =
                object_store::ObjectStoreExt::head(store.as_ref(), &object_path(&path)?).await;
            let source = |source| TableError::Listing {
                table: table.to_owned(),
                location: location.to_owned(),
                source,
            };
            (path.clone(), vec![(path.clone(), object.map_err(source)?)])
        }
        Err(_) if location.contains(GLOB_CHARACTERS) => {
            let base = literal_base(&path);
            if !base.is_dir() {
                return Err(not_found());
            }
            let found = matching(store, table, location, &path, &base).await?;
            (base, found)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(not_found()),
        Err(error) => return Err(bad(error.to_string())),
    };
    if objects.is_empty() {
        return Err(empty());
    }
    objects.sort_by(|left: &(PathBuf, ObjectMeta), right| left.0.cmp(&right.0));
    let (partition_by, files) = with_partitions(table, &base, objects)?;
    Ok(TableFiles {
        name: table.to_owned(),
        location: location.to_owned(),
        origin: Origin::External,
        partition_by,
        partition_types: Vec::new(),
        files,
    })
}

/// The part of a pattern before its first special character, up to a folder.
fn literal_base(pattern: &Path) -> PathBuf {
    pattern
        .components()
        .take_while(|part| !part.as_os_str().to_string_lossy().contains(GLOB_CHARACTERS))
        .collect()
}

/// The files that a pattern matches; where it matches folders only, the files that each of them has as a table. Nothing
/// beside the pattern's own way is looked at.
async fn matching(
    store: &Arc<dyn ObjectStore>,
    table: &str,
    location: &str,
    pattern: &Path,
    base: &Path,
) -> Result<Vec<(PathBuf, ObjectMeta)>, TableError> {
    let options = glob::MatchOptions {
        require_literal_separator: true,
        ..glob::MatchOptions::new()
    };
    let paths: Vec<PathBuf> = glob::glob_with(&pattern.to_string_lossy(), options)
        .map_err(|error| TableError::BadPattern {
            table: table.to_owned(),
            location: location.to_owned(),
            reason: error.to_string(),
        })?
        .collect::<Result<_, _>>()
        .map_err(|error| TableError::BadFile {
            table: table.to_owned(),
            file: error.path().display().to_string(),
            reason: error.error().to_string(),
        })?;
    let mut found = Vec::new();
    for path in paths.iter().filter(|path| path.is_file()) {
        let object = object_store::ObjectStoreExt::head(store.as_ref(), &object_path(path)?)
            .await
            .map_err(|source| TableError::Listing {
                table: table.to_owned(),
                location: path.display().to_string(),
                source,
            })?;
        found.push((path.clone(), object));
    }
    if !found.is_empty() {
        return Ok(found);
    }
    for folder in paths.iter().filter(|path| path.is_dir()) {
        let below = list(store, table, folder).await?;
        found.extend(
            below
                .into_iter()
                .filter(|(file, _)| is_visible_parquet(base, file)),
        );
    }
    // `**` matches a folder and the folders below it.
    found.sort_by(|left, right| left.0.cmp(&right.0));
    found.dedup_by(|left, right| left.0 == right.0);
    Ok(found)
}

async fn list(
    store: &Arc<dyn ObjectStore>,
    table: &str,
    folder: &Path,
) -> Result<Vec<(PathBuf, ObjectMeta)>, TableError> {
    let prefix = object_path(folder)?;
    let objects: Vec<ObjectMeta> =
        store
            .list(Some(&prefix))
            .try_collect()
            .await
            .map_err(|source| TableError::Listing {
                table: table.to_owned(),
                location: folder.display().to_string(),
                source,
            })?;
    let file_system = LocalFileSystem::new();
    objects
        .into_iter()
        .map(|object| {
            // The object path holds names as they are on disk: `%2F` in one is these three characters.
            match file_system.path_to_filesystem(&object.location) {
                Ok(path) => Ok((path, object)),
                Err(error) => Err(TableError::BadFile {
                    table: table.to_owned(),
                    file: format!("/{}", object.location),
                    reason: format!("its name cannot be a path: {error}"),
                }),
            }
        })
        .collect()
}

fn is_visible_parquet(folder: &Path, file: &Path) -> bool {
    let below = file.strip_prefix(folder).unwrap_or(file);
    let hidden = below.components().any(|part| {
        let name = part.as_os_str().to_string_lossy();
        // A partition column may begin with an underscore.
        (name.starts_with('.') || name.starts_with('_')) && !name.contains('=')
    });
    !hidden && is_parquet(below)
}

/// Reads `key=value` folders below `base`. All files of a table lie under the same keys.
fn with_partitions(
    table: &str,
    base: &Path,
    objects: Vec<(PathBuf, ObjectMeta)>,
) -> Result<(Vec<String>, Vec<TableFile>), TableError> {
    let mut expected: Option<(Vec<String>, PathBuf)> = None;
    let mut files = Vec::with_capacity(objects.len());
    for (path, object) in objects {
        let folder = path
            .strip_prefix(base)
            .ok()
            .and_then(Path::parent)
            .unwrap_or(Path::new(""));
        let (keys, partition): (Vec<String>, Vec<Option<String>>) = folder
            .components()
            .filter_map(|part| {
                let part = part.as_os_str().to_str()?;
                let (key, value) = part.split_once('=')?;
                Some((decode_partition_value(key)?, decode_partition_value(value)))
            })
            .unzip();
        let (known, first) = expected.get_or_insert_with(|| (keys.clone(), path.clone()));
        if *known != keys {
            return Err(TableError::MixedPartitions {
                table: table.to_owned(),
                file: path.display().to_string(),
                found: keys.join(", "),
                first: first.display().to_string(),
                expected: known.join(", "),
            });
        }
        files.push(TableFile {
            path,
            object,
            partition,
        });
    }
    Ok((expected.map(|(keys, _)| keys).unwrap_or_default(), files))
}
