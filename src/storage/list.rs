//! Lists the files that a location names, in any store.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use object_store::ObjectMeta;

use super::listing::{
    GLOB_CHARACTERS, LocalListing, is_visible_name, list_local, matches_parts, parts_of,
};
use super::listing_error::ListingError;
use super::location::Location;
use super::stores::Stores;

/// The files that a location names.
#[derive(Debug)]
pub struct Listing {
    /// Folder below which the folders of a file's name count: the location, or the start of a
    /// pattern.
    pub base: Location,
    /// Files in the order of their names, each with the store's facts about it.
    pub files: Vec<(Location, ObjectMeta)>,
    /// Some of the other visible files below a folder that was named.
    pub others: Vec<Location>,
}

/// Lists a location as a user wrote it. A file stands for itself. A folder stands for the wanted
/// files at any depth, except below names that begin with `.` or `_`. A pattern stands for the
/// files that it matches, and for the wanted files of the folders that it matches. `is_wanted`
/// looks at a file's name.
///
/// # Errors
///
/// Nothing exists there, or a file that was named cannot be opened by its name.
pub fn list(
    stores: &Stores,
    location: &str,
    is_wanted: &dyn Fn(&Path) -> bool,
) -> Result<Listing, ListingError> {
    let place = stores.location(location)?;
    if place.local().is_none() {
        return list_objects(&place, is_wanted);
    }
    let LocalListing {
        base,
        files,
        others,
    } = list_local(location, is_wanted)?;
    let files = files.into_iter().map(|(path, found)| {
        let place = Location::of_file(path);
        let object = object_of(&place, &found)?;
        Ok((place, object))
    });
    Ok(Listing {
        base: Location::of_file(base),
        files: files.collect::<Result<_, ListingError>>()?,
        others: others.into_iter().map(Location::of_file).collect(),
    })
}

/// Describes a file of this host as an object.
fn object_of(place: &Location, found: &Metadata) -> Result<ObjectMeta, ListingError> {
    // Seconds that are no date, which only a wrong clock gives, become the epoch.
    let modified = chrono::DateTime::from_timestamp(
        found.mtime(),
        u32::try_from(found.mtime_nsec()).unwrap_or(0),
    );
    Ok(ObjectMeta {
        location: place.object()?,
        last_modified: modified.unwrap_or_default(),
        size: found.len(),
        e_tag: None,
        version: None,
    })
}

/// Lists a place in a store without folders. The objects below a name are those whose names begin
/// with it.
fn list_objects(
    place: &Location,
    is_wanted: &dyn Fn(&Path) -> bool,
) -> Result<Listing, ListingError> {
    let failed = |error: std::io::Error| ListingError::Unlisted {
        location: place.to_string(),
        reason: error.to_string(),
    };
    let is_root = place.name_in_store().is_empty();
    let named = match is_root {
        true => None,
        false => place.head().map_err(failed)?,
    };
    if let Some(object) = named {
        return Ok(Listing {
            base: place.clone(),
            files: vec![(place.clone(), object)],
            others: Vec::new(),
        });
    }
    let pattern = place.name_in_store();
    let literal = pattern
        .split('/')
        .take_while(|part| !part.contains(GLOB_CHARACTERS))
        .count();
    let is_pattern = literal < pattern.split('/').count();
    let base = match is_pattern {
        false => place.clone(),
        true => {
            let parts: Vec<&str> = pattern.split('/').take(literal).collect();
            Location::named(place.store(), &parts.join("/"))
        }
    };
    let pattern = Path::new(&pattern);
    let pattern = match is_pattern {
        false => Vec::new(),
        true => parts_of(pattern).split_off(literal),
    };
    let mut listing = Listing {
        base: base.clone(),
        files: Vec::new(),
        others: Vec::new(),
    };
    let found = base.objects_below().map_err(failed)?;
    if found.is_empty() {
        return Err(ListingError::NotFound);
    }
    for object in found {
        let place = Location::of_object(base.store(), &object.location);
        let Some(below) = place.below(&base) else {
            continue;
        };
        let parts = parts_of(Path::new(&below));
        let in_folder = |passed: usize| {
            matches_parts(&pattern, &parts[..passed])
                && parts[passed..].iter().all(|part| is_visible_name(part))
        };
        let is_in_folder = (0..parts.len()).any(in_folder);
        let is_named = is_pattern && matches_parts(&pattern, &parts);
        let name = place.name();
        if is_named || is_in_folder && is_wanted(Path::new(&name)) {
            listing.files.push((place, object));
        } else if is_in_folder {
            listing.others.push(place);
        }
    }
    listing.files.sort_by(|left, right| left.0.cmp(&right.0));
    Ok(listing)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use object_store::memory::InMemory;

    use super::*;
    use crate::storage::Store;

    #[test]
    fn objects_are_listed_as_files_are() {
        let folder = tempfile::tempdir().unwrap();
        let memory = Store::of("memory://test", Arc::new(InMemory::new())).unwrap();
        let stores = Stores::default().with(memory);
        let names = [
            "train/a.parquet",
            "train/a-b/x.parquet",
            "train/a/x.parquet",
            "train/p=1/b.parquet",
            "train/_c.parquet",
            "train/.hidden/d.parquet",
            "train/readme.md",
            "valid/e.parquet",
        ];
        let roots = [
            folder.path().display().to_string(),
            "memory://test/data".to_owned(),
        ];
        let is_wanted = |name: &Path| name.extension().is_some_and(|it| it == "parquet");
        let mut found = Vec::new();
        for root in roots {
            let root_place = stores.location(&root).unwrap();
            for name in names {
                let file = root_place.join(name);
                file.parent().unwrap().create_folder().unwrap();
                file.write(vec![7; name.len()]).unwrap();
            }
            let listed = |text: &str| match list(&stores, &format!("{root}/{text}"), &is_wanted) {
                Err(error) => error.to_string(),
                Ok(listing) => {
                    let files = listing.files.iter();
                    let names: Vec<String> = files
                        .map(|(file, object)| {
                            let below = file.below(&root_place).unwrap();
                            format!("{below} {}", object.size)
                        })
                        .collect();
                    let base = listing.base.below(&root_place);
                    format!("{names:?} {} below {base:?}", listing.others.len())
                }
            };
            let texts = [
                "train",
                "train/a.parquet",
                "train/_c.parquet",
                "*/*.parquet",
                "**/b.parquet",
                "train/p=*",
                "t*",
                "none",
            ];
            found.push(texts.map(listed));
        }
        assert_eq!(found[0], found[1]);
        assert!(found[0][0].starts_with(r#"["train/a/x.parquet 17", "train/a-b/x.parquet 19", "train/a.parquet 15", "train/p=1/b.parquet 19"] 1"#));
        assert_eq!(found[0][7], "no such file or folder");
    }
}
