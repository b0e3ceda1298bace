//! Places on this host and in a store, which must behave alike.

use object_store::memory::InMemory;

use std::io::ErrorKind;
use std::sync::Arc;

use crate::storage::{Entry, EntryKind, Location, Store, Stores};

/// A folder of this host and a place in a store, which must behave alike.
fn places() -> (tempfile::TempDir, [Location; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let memory = Store::of("memory://test", Arc::new(InMemory::new())).unwrap();
    let stores = Stores::default().with(memory);
    let local = stores.location(&folder.path().join("data").display().to_string());
    let places = [
        local.unwrap(),
        stores.location("memory://test/data").unwrap(),
    ];
    (folder, places)
}

#[test]
fn files_are_written_read_listed_and_removed_alike() {
    let (_folder, places) = places();
    for place in places {
        assert!(!place.exists() && place.entries().unwrap().is_empty());
        place.create_folder().unwrap();
        let file = place.join("note");
        assert_eq!(
            (file.read(10).unwrap(), file.bytes().unwrap()),
            (None, None)
        );
        file.write(b"one".to_vec()).unwrap();
        file.write(b"two".to_vec()).unwrap();
        assert_eq!(file.read(3).unwrap().unwrap(), "two");
        assert_eq!(file.bytes().unwrap(), Some(3));
        assert_eq!(file.range(1..3).unwrap(), "wo");
        let kind = file.read(2).unwrap_err().kind();
        assert_eq!(kind, ErrorKind::FileTooLarge, "{place}");
        place.join("below").create_folder().unwrap();
        place.join("below/x").write(Vec::new()).unwrap();
        let mut entries = place.entries().unwrap();
        entries.sort_by(|left, right| left.name.cmp(&right.name));
        let entry = |name: &str, kind| Entry {
            name: name.to_owned(),
            kind,
        };
        let expected = [
            entry("below", EntryKind::Folder),
            entry("note", EntryKind::File),
        ];
        assert_eq!(entries, expected);
        assert!(place.is_folder() && !file.is_folder());
        assert_eq!(file.kind().unwrap(), Some(EntryKind::File));
        file.remove().unwrap();
        file.remove().unwrap();
        assert_eq!(file.kind().unwrap(), None);
        assert!(!file.exists() && place.exists());
        place.sync().unwrap();
    }
}

#[test]
fn a_name_is_claimed_by_one_at_a_time() {
    let (_folder, places) = places();
    for place in places {
        place.create_folder().unwrap();
        let lock = place.join("lock");
        let held = lock.claim(false, &|| true).unwrap().unwrap();
        assert!(lock.claim(false, &|| true).unwrap().is_none(), "{place}");
        drop(held);
        let held = lock.claim(false, &|| false).unwrap().unwrap();
        held.remove();
        assert!(!lock.exists(), "{place}");
        let next = lock.claim(false, &|| true).unwrap();
        assert!(next.is_some(), "{place}");
    }
}

#[test]
fn parts_of_names_are_joined_and_taken_apart_alike() {
    let (folder, places) = places();
    for place in &places {
        let below = place.join("train/a=b%20c");
        assert_eq!(below.name(), "a=b%20c");
        let parent = below.parent().unwrap();
        assert_eq!(
            (parent.name().as_str(), &parent),
            ("train", &place.join("train"))
        );
        assert!(below.object().unwrap().as_ref().ends_with("train/a=b%20c"));
        let again = Location::of_object(place.store(), &below.object().unwrap());
        assert_eq!((&again, again.to_string()), (&below, below.to_string()));
    }
    assert_eq!(places[1].join("x").to_string(), "memory://test/data/x");
    assert_eq!(places[1].local(), None);
    assert_eq!(
        places[0].local(),
        Some(folder.path().join("data").as_path())
    );
}

#[test]
fn a_url_of_no_known_store_is_refused_by_name() {
    let error = Stores::default().location("sftp://host/key").unwrap_err();
    assert!(error.to_string().contains("sftp://host/key"), "{error}");
}
