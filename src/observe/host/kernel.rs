//! Reads small texts and numbers that the kernel reports about itself. Absent or malformed ones are
//! `None`.
//!
//! Each field is read by itself: the crate procfs (0.18) refuses a whole file if one of many fields
//! is absent or malformed, ends values of /proc/cpuinfo at a colon, and keeps neither the order of
//! mount options nor a device that is called "none".

use std::fs;
use std::path::Path;

/// Reads a text of /proc or /sys. Bytes that are not UTF-8 are replaced.
pub(crate) fn read_text(path: impl AsRef<Path>) -> Option<String> {
    let bytes = fs::read(path).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Reads a text of one line, without the space around it. `None` if it is empty.
pub(crate) fn read_line(path: impl AsRef<Path>) -> Option<String> {
    let text = read_text(path)?;
    let line = text.trim();
    (!line.is_empty()).then(|| line.to_owned())
}

/// Reads the line `file` of each /sys/devices/system/cpu/cpu* that has it.
pub(crate) fn read_per_core(file: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir("/sys/devices/system/cpu") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter(|entry| is_core(&entry.file_name().to_string_lossy()))
        .filter_map(|entry| read_line(entry.path().join(file)))
        .collect()
}

fn is_core(folder: &str) -> bool {
    folder
        .strip_prefix("cpu")
        .is_some_and(|number| number.parse::<u32>().is_ok())
}

/// Returns a value of sysconf(3), such as `libc::_SC_PAGESIZE`.
pub(crate) fn sysconf(name: libc::c_int) -> Option<u64> {
    // SAFETY: it takes a number and gives a number; unknown names give -1.
    let value = unsafe { libc::sysconf(name) };
    u64::try_from(value).ok().filter(|value| *value > 0)
}

/// Parses a list of cores such as "0-3,8" (cpuset(7), "List format") to ranges, ends included.
pub(crate) fn core_ranges(list: &str) -> Option<Vec<(u64, u64)>> {
    list.trim()
        .split(',')
        .map(|part| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            Some((first.parse().ok()?, last.parse().ok()?))
        })
        .collect()
}

/// Counts the cores that are in both lists.
pub(crate) fn common_cores(left: &[(u64, u64)], right: &[(u64, u64)]) -> u64 {
    let common = |a: &(u64, u64), b: &(u64, u64)| {
        let (first, last) = (a.0.max(b.0), a.1.min(b.1));
        last.checked_sub(first)
            .map_or(0, |steps| steps.saturating_add(1))
    };
    left.iter()
        .flat_map(|a| right.iter().map(move |b| common(a, b)))
        .fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn core_lists_are_single_cores_and_ranges() {
        assert_eq!(core_ranges("0\n"), Some(vec![(0, 0)]));
        assert_eq!(core_ranges("0-3,8\n"), Some(vec![(0, 3), (8, 8)]));
        assert_eq!(core_ranges(""), None);
        assert_eq!(core_ranges("0-,x"), None);
    }

    #[test]
    fn cores_that_are_allowed_but_not_there_do_not_count() {
        assert_eq!(common_cores(&[(0, 127)], &[(0, 3), (8, 9)]), 6);
        assert_eq!(common_cores(&[(4, 7)], &[(0, 3)]), 0);
        assert_eq!(common_cores(&[(0, u64::MAX)], &[(0, u64::MAX)]), u64::MAX);
    }

    #[test]
    fn only_numbered_folders_are_cores() {
        assert!(is_core("cpu0") && is_core("cpu127"));
        assert!(!is_core("cpufreq") && !is_core("cpu") && !is_core("online"));
    }

    #[test]
    fn files_that_are_not_there_are_none() {
        assert_eq!(read_text("/proc/no such file"), None);
        assert_eq!(sysconf(-1), None);
    }
}
