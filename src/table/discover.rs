//! Finds the files of a table.

use std::path::Path;

use object_store::ObjectMeta;

use super::error::TableError;
use super::formats::Format;
use super::partitions::with_partitions;
use super::table_files::{TableFile, TableFiles};
use crate::config::without_secrets_of_urls;
use crate::dataset::{DatasetPlan, Manifest, is_parquet};
use crate::record::Origin;
use crate::storage::{ListingError, Location, Stores, list, would_list};
use crate::units;

/// Returns the tables of a complete dataset, without listing its folder.
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
                    let place = plan.root.join(&file.path);
                    let object = ObjectMeta {
                        location: place.object()?,
                        // The files of a dataset never change once its manifest exists.
                        last_modified: chrono::DateTime::UNIX_EPOCH,
                        size: file.bytes,
                        e_tag: None,
                        version: None,
                    };
                    Ok(TableFile {
                        place,
                        object,
                        partition: file.partition.clone(),
                        identity: Some(plan.identity(&file.path)),
                    })
                })
                .collect::<Result<_, TableError>>()?;
            Ok(TableFiles {
                name: table.name.clone(),
                location: plan.root.to_string(),
                origin: Origin::Generated,
                partition_by: manifest.partition_by.clone(),
                partition_types: plan
                    .partition_fields()
                    .iter()
                    .map(|field| field.data_type().clone())
                    .collect(),
                files,
                cautions: Vec::new(),
            })
        })
        .collect()
}

/// Returns the tables of a dataset's folder whose files are read as they are. Each table has the
/// number of files that the config states, the first ones by path, as DLIO takes them.
pub async fn existing_tables(
    stores: &Stores,
    plan: &DatasetPlan,
) -> Result<Vec<TableFiles>, TableError> {
    let mut tables = external_tables(stores, &plan.root).await?;
    let spec = &plan.spec;
    if spec.source.is_some() {
        return Ok(tables);
    }
    let train = spec.names_files.then_some(spec.train);
    for (name, key, split) in [
        ("train", "num_files_train", train),
        ("valid", "num_files_eval", spec.valid),
    ] {
        let Some(split) = split else { continue };
        match tables.iter_mut().find(|table| table.name == name) {
            Some(table) => keep_first(table, split.files, key)?,
            None => {
                return Err(TableError::TooFewFiles {
                    table: name.to_owned(),
                    location: plan.root.join(name).to_string(),
                    found: 0,
                    wanted: split.files,
                    key,
                });
            }
        }
    }
    Ok(tables)
}

/// Keeps the first files of a table by their whole paths, byte by byte.
fn keep_first(table: &mut TableFiles, wanted: u64, key: &'static str) -> Result<(), TableError> {
    let found = table.files.len() as u64;
    if found < wanted {
        return Err(TableError::TooFewFiles {
            table: table.name.clone(),
            location: table.location.clone(),
            found,
            wanted,
            key,
        });
    }
    if found == wanted {
        return Ok(());
    }
    table
        .files
        .sort_by_cached_key(|file| file.place.to_string());
    table
        .files
        .truncate(usize::try_from(wanted).unwrap_or(usize::MAX));
    table
        .files
        .sort_by(|left, right| left.place.cmp(&right.place));
    table.cautions.push(format!(
        "{} has {} Parquet files, of which the first {}, sorted by path, are read, as `dataset.{key}` says",
        table.location,
        units::count(found),
        units::count(wanted)
    ));
    Ok(())
}

/// Returns the tables of a `data_folder` that this program did not write: its folders `train` and
/// `valid`. A folder without these is the table `train` itself.
async fn external_tables(stores: &Stores, root: &Location) -> Result<Vec<TableFiles>, TableError> {
    let mut tables = Vec::new();
    for name in ["train", "valid"] {
        let folder = root.join(name);
        if folder.is_folder() {
            match discover(stores, name, &folder.to_string()).await {
                // DLIO makes both folders, and leaves the one without files empty.
                Err(TableError::Empty { .. }) => {}
                found => tables.push(found?),
            }
        }
    }
    if tables.is_empty() {
        tables.push(discover(stores, "train", &root.to_string()).await?);
    }
    Ok(tables)
}

/// Finds the files behind a path, a glob or a file:// URL. In a folder these are the `*.parquet`
/// files at any depth, except below names that begin with `.` or `_`. `key=value` folders on the
/// way become partition columns.
///
/// # Errors
///
/// There are no such files, or one of them cannot be opened by its name.
pub async fn discover(
    stores: &Stores,
    table: &str,
    location: &str,
) -> Result<TableFiles, TableError> {
    let failed = |source| match source {
        ListingError::Storage(source) => TableError::Storage(source),
        ListingError::NotFound => TableError::NotFound {
            table: table.to_owned(),
            location: location.to_owned(),
        },
        ListingError::Bad { path, reason } => TableError::BadFile {
            table: table.to_owned(),
            file: path.display().to_string(),
            reason,
        },
        source @ (ListingError::BadPattern { .. } | ListingError::Unlisted { .. }) => {
            TableError::Listing {
                table: table.to_owned(),
                location: location.to_owned(),
                source,
            }
        }
    };
    let is_text = |place: &Location| Format::of(Path::new(&place.name())).is_some();
    if stores
        .location(location)
        .is_ok_and(|place| place.store().is_remote() && is_text(&place))
    {
        return Err(TableError::BadFile {
            table: table.to_owned(),
            file: without_secrets_of_urls(location),
            reason: "CSV, JSON and Arrow files are read from this host alone; copy it to a folder"
                .to_owned(),
        });
    }
    let (stores, named) = (stores.clone(), location.to_owned());
    let listing = tokio::task::spawn_blocking(move || list(&stores, &named, &is_parquet))
        .await
        .map_err(|error| TableError::BadFile {
            table: table.to_owned(),
            file: location.to_owned(),
            reason: error.to_string(),
        })?
        .map_err(failed)?;
    if listing.files.is_empty() {
        return Err(TableError::Empty {
            table: table.to_owned(),
            location: location.to_owned(),
            others: in_words(&listing.others),
        });
    }
    let cautions = listing.base.local().and_then(kept_by).into_iter().collect();
    let (partition_by, files) = with_partitions(table, &listing.base, listing.files)?;
    Ok(TableFiles {
        name: table.to_owned(),
        location: without_secrets_of_urls(location),
        origin: Origin::External,
        partition_by,
        partition_types: Vec::new(),
        files,
        cautions,
    })
}

/// True if a file that does not exist yet would belong to a table.
pub fn would_be_of_table(location: &str, file: &Path) -> bool {
    would_list(location, file, &is_parquet)
}

/// True if a file that does not exist yet would belong to a source. If a source is not Parquet,
/// files of text and of Arrow belong to it, too.
pub fn would_be_of_source(location: &str, file: &Path) -> bool {
    let has_text = Format::of_location(&Stores::default(), location).is_some();
    let is_wanted = |name: &Path| is_parquet(name) || has_text && Format::of(name).is_some();
    would_list(location, file, &is_wanted)
}

/// Names files that are not read, as a part of a sentence. Empty if there are none.
fn in_words(others: &[Location]) -> String {
    let name = Location::name;
    match others {
        [] => String::new(),
        [only] => format!("; it holds {}", name(only)),
        [first, others @ ..] => format!("; it holds {} and {} more", name(first), others.len()),
    }
}

/// Folders above the named one in which a table format's lists are looked for.
const FOLDERS_ABOVE: usize = 3;

/// Returns a caution if a folder, or one above it, belongs to a table format that keeps a list of
/// its files elsewhere.
fn kept_by(named: &Path) -> Option<String> {
    let of = |folder: &Path| {
        if folder.join(".hoodie").is_dir() {
            return Some(("Hudi", ".hoodie".to_owned()));
        }
        if folder.join("_delta_log").is_dir() {
            return Some(("Delta", "_delta_log".to_owned()));
        }
        let entries = std::fs::read_dir(folder.join("metadata")).ok()?;
        let mut names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let name = names.find(|name| name.ends_with(".metadata.json"))?;
        Some(("Iceberg", format!("metadata/{name}")))
    };
    let mut folders = named.ancestors().take(1 + FOLDERS_ABOVE);
    let (folder, (format, mark)) = folders.find_map(|it| Some((it, of(it)?)))?;
    Some(format!(
        "{} is the folder of a table of {format} (it has {mark}): its Parquet files are read as they lie, also those that \
         the table no longer holds",
        folder.display()
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use rstest::rstest;
    use tempfile::TempDir;

    use std::path::PathBuf;

    use super::*;

    const BASE: &str = "/data";

    /// Files at these places below the base. None of them is looked at.
    fn partitioned(places: &[&str]) -> Result<(Vec<String>, Vec<TableFile>), TableError> {
        let base = Location::of_file(PathBuf::from(BASE));
        let files = places.iter().map(|name| {
            let place = base.join(name);
            let object = ObjectMeta {
                location: place.object().unwrap(),
                last_modified: chrono::DateTime::UNIX_EPOCH,
                size: 0,
                e_tag: None,
                version: None,
            };
            (place, object)
        });
        with_partitions("t", &base, files.collect())
    }

    fn table(places: &[&str]) -> TableFiles {
        TableFiles {
            name: "t".to_owned(),
            location: BASE.to_owned(),
            origin: Origin::External,
            partition_by: Vec::new(),
            partition_types: Vec::new(),
            files: partitioned(places).unwrap().1,
            cautions: Vec::new(),
        }
    }

    #[test]
    fn folders_on_the_way_to_a_file_are_partitions_outermost_first() {
        let places = [
            "year=2024/other/city=Z%C3%BCrich/a.parquet",
            "year=__HIVE_DEFAULT_PARTITION__/city=x=y/b=c.parquet",
        ];
        let (keys, files) = partitioned(&places).unwrap();
        assert_eq!(keys, ["year", "city"]);
        let value = |text: &str| Some(text.to_owned());
        assert_eq!(files[0].partition, [value("2024"), value("Zürich")]);
        assert_eq!(files[1].partition, [None, value("x=y")]);
        let (keys, files) = partitioned(&["a.parquet", "b/c.parquet"]).unwrap();
        assert!(keys.is_empty() && files.iter().all(|file| file.partition.is_empty()));
    }

    #[test]
    fn files_under_other_keys_are_named_with_the_first() {
        let error = partitioned(&["a=1/x.parquet", "b=1/y.parquet"]).unwrap_err();
        let TableError::MixedPartitions {
            file,
            found,
            first,
            expected,
            ..
        } = error
        else {
            panic!("{error}");
        };
        assert_eq!((found.as_str(), expected.as_str()), ("b", "a"));
        assert!(file.ends_with("y.parquet") && first.ends_with("x.parquet"));
    }

    #[test]
    fn a_key_that_comes_twice_on_the_way_is_refused() {
        let error = partitioned(&["a=1/b=2/a=3/x.parquet"]).unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, TableError::BadFile { .. }), "{text}");
        assert!(text.contains("are named `a=...`"), "{text}");
    }

    #[test]
    fn the_first_files_are_those_of_the_least_paths_byte_by_byte() {
        let mut kept = table(&["a/x.parquet", "a-b/x.parquet", "c.parquet"]);
        keep_first(&mut kept, 1, "num_files_train").unwrap();
        let paths: Vec<String> = kept
            .files
            .iter()
            .map(|file| file.place.to_string())
            .collect();
        assert_eq!(paths, ["/data/a-b/x.parquet"]);
        let caution = "/data has 3 Parquet files, of which the first 1, sorted by path, are read, \
                       as `dataset.num_files_train` says";
        assert_eq!(kept.cautions, [caution]);
    }

    #[test]
    fn as_many_files_as_there_are_need_no_caution_and_more_are_refused() {
        let mut kept = table(&["b.parquet", "a.parquet"]);
        keep_first(&mut kept, 2, "num_files_train").unwrap();
        assert_eq!((kept.files.len(), kept.cautions.len()), (2, 0));
        let error = keep_first(&mut kept, 3, "num_files_train").unwrap_err();
        let is_told = matches!(
            error,
            TableError::TooFewFiles {
                found: 2,
                wanted: 3,
                ..
            }
        );
        assert!(is_told, "{error}");
    }

    #[rstest]
    #[case(&[], "")]
    #[case(&["x/a.csv"], "; it holds a.csv")]
    #[case(&["x/a.csv", "b", "c"], "; it holds a.csv and 2 more")]
    fn other_files_are_named_by_the_first(#[case] others: &[&str], #[case] expected: &str) {
        let others = others.iter();
        let others: Vec<Location> = others
            .map(|other| Location::of_file(PathBuf::from(other)))
            .collect();
        assert_eq!(in_words(&others), expected);
    }

    #[rstest]
    #[case(".hoodie/x", "", Some("Hudi (it has .hoodie)"))]
    #[case("_delta_log/x", "", Some("Delta (it has _delta_log)"))]
    #[case(
        "metadata/v1.metadata.json",
        "",
        Some("Iceberg (it has metadata/v1.metadata.json)")
    )]
    #[case("_delta_log/x", "a/b/c", Some("Delta (it has _delta_log)"))]
    #[case("_delta_log/x", "a/b/c/d", None)]
    #[case("metadata/notes.json", "", None)]
    fn folders_of_table_formats_are_told_by_their_marks(
        #[case] mark: &str,
        #[case] named: &str,
        #[case] expected: Option<&str>,
    ) {
        let root = TempDir::new().unwrap();
        let mark = root.path().join(mark);
        std::fs::create_dir_all(mark.parent().unwrap()).unwrap();
        std::fs::write(mark, "").unwrap();
        let folder = match named {
            "" => root.path().to_owned(),
            named => root.path().join(named),
        };
        let caution = kept_by(&folder);
        let beginning = expected.map(|words| {
            let root = root.path().display();
            format!("{root} is the folder of a table of {words}: ")
        });
        match (caution, beginning) {
            (Some(caution), Some(beginning)) => {
                assert!(caution.starts_with(&beginning), "{caution}")
            }
            (caution, beginning) => assert_eq!(caution, beginning),
        }
    }
}
