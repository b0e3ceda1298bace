//! Disks with too little room. These tests need root, to mount the disks.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::estimates::SMALL;
use crate::harness::Place;
use crate::sharing::{FILES, generate};

/// A file system of a few kilobytes, unmounted at the end.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: PathBuf, size: &str) -> SmallDisk {
        fs::create_dir_all(&at).unwrap();
        let disk = SmallDisk(at);
        disk.set("size=", size, &["-t", "tmpfs"]);
        disk
    }

    fn grow(&self, size: &str) {
        self.set("remount,size=", size, &[]);
    }

    fn set(&self, option: &str, size: &str, kind: &[&str]) {
        let mut mount = Command::new("mount");
        let mount = mount
            .args(kind)
            .args(["-o", &format!("{option}{size}"), "tmpfs"]);
        assert!(mount.arg(&self.0).status().unwrap().success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
#[ignore = "needs root, to mount a tmpfs"]
fn a_full_disk_is_an_error_and_what_is_whole_is_kept() {
    let place = Place::with(&FILES.replace("    partition_by: region\n", ""));
    generate(&place, &["--set", "dataset.compression=none"]).succeeds();
    let disk = SmallDisk::mount(place.path("disk"), "600k");
    let again = || {
        let set = [
            "--set",
            "dataset.data_folder=disk/out",
            "--set",
            "dataset.num_files_train=6",
        ];
        place
            .bench()
            .args(["generate", "--source", "data/train", "--yes"])
            .args(set)
            .run()
    };
    again().fails(1, &["disk/out/train/", "No space left on device"]);
    let kept = place.parquet("disk/out");
    assert!(!kept.is_empty() && !place.path("disk/out/_bench_manifest.json").exists());
    disk.grow("8m");
    let output = again().succeeds();
    assert!(
        output.stderr.contains("of an interrupted run"),
        "{}",
        output.stderr
    );
    let whole = place.parquet("disk/out");
    assert!(whole.len() == 6 && kept.iter().all(|(name, bytes)| whole[name] == *bytes));
}

#[test]
#[ignore = "needs root, to mount a tmpfs"]
fn what_may_fill_a_small_disk_is_refused_before_it_is_written() {
    let place = Place::with(SMALL);
    let disk = SmallDisk::mount(place.path("disk"), "400k");
    // The values of 200 rows take 12 kB. Their files, one block each, take twice the size of the
    // disk.
    let set = ["--yes", "--set", "dataset.data_folder=disk/out"];
    let output = generate(&place, &set);
    let written = place.path("disk/out").exists();
    drop(disk);
    output.fails(2, &["would be written below", "are free", "at most"]);
    assert!(!written);
}
