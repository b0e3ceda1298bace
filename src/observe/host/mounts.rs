//! Mounts of this process, and the file systems that hold folders, from /proc/self/mountinfo
//! (proc_pid_mountinfo(5)).

use std::path::{Path, PathBuf};

use crate::record::FileSystem;

/// Word that replaces a secret.
const HIDDEN: &str = "<hidden>";

/// Parts of the names of options whose values may be secret, or name a person.
const SECRET_NAMES: [&str; 7] = ["pass", "secret", "key", "cred", "token", "sas", "user"];

/// One mount, as the kernel reports it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mount {
    /// Folder inside the file system that is mounted.
    pub(crate) root: PathBuf,
    pub(crate) point: PathBuf,
    pub(crate) fs_type: String,
    device: String,
    /// Options of the mount, then of its file system; each once.
    pub(crate) options: Vec<String>,
}

/// Parses the mounts of a mountinfo text, in the order of mounting. Malformed lines are left out.
pub(crate) fn mounts(mountinfo: &str) -> Vec<Mount> {
    mountinfo.lines().filter_map(mount).collect()
}

/// Parses `id parent device root point options [tags...] - type source options`.
fn mount(line: &str) -> Option<Mount> {
    let (left, right) = line.split_once(" - ")?;
    let mut left = left.split(' ').skip(3);
    let (root, point) = (left.next()?, left.next()?);
    let mount_options = left.next()?;
    let mut right = right.split(' ');
    let (fs_type, device) = (right.next()?, right.next()?);
    let super_options = right.next().unwrap_or_default();
    let mut options = Vec::new();
    // Commas within values are escaped, so the split comes first.
    for option in mount_options.split(',').chain(super_options.split(',')) {
        let option = unescape(option);
        if !option.is_empty() && !options.contains(&option) {
            options.push(option);
        }
    }
    Some(Mount {
        root: unescape(root).into(),
        point: unescape(point).into(),
        fs_type: unescape(fs_type),
        device: unescape(device),
        options,
    })
}

/// Replaces the kernel's octal escapes such as `\040` by the bytes they stand for.
fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        match tail {
            [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', ..] if first == b'\\' => {
                bytes.push(((a - b'0') << 6) | ((b - b'0') << 3) | (c - b'0'));
                rest = &tail[3..];
            }
            _ => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Returns the file system that contains `folder`, which need not exist yet.
pub(crate) fn file_system(folder: &Path, mounts: &[Mount]) -> Option<FileSystem> {
    let absolute = std::path::absolute(folder).ok()?;
    let existing = absolute
        .ancestors()
        .find_map(|ancestor| ancestor.canonicalize().ok())?;
    let mount = holding(&existing, mounts)?;
    Some(FileSystem {
        path: folder.display().to_string(),
        mount_point: mount.point.display().to_string(),
        fs_type: mount.fs_type.clone(),
        device: without_secrets(&mount.device),
        options: mount
            .options
            .iter()
            .map(|option| hide_value(option))
            .collect(),
    })
}

/// Returns the mount with the longest mount point that contains the path. Among equal ones it is
/// the last, which covers the others.
fn holding<'a>(path: &Path, mounts: &'a [Mount]) -> Option<&'a Mount> {
    mounts
        .iter()
        .filter(|mount| path.starts_with(&mount.point))
        .max_by_key(|mount| mount.point.as_os_str().len())
}

fn hide_value(option: &str) -> String {
    let Some((name, _)) = option.split_once('=') else {
        return option.to_owned();
    };
    let lower = name.to_lowercase();
    if SECRET_NAMES.iter().any(|part| lower.contains(part)) {
        format!("{name}={HIDDEN}")
    } else {
        option.to_owned()
    }
}

/// Removes the user from a device such as `scheme://user:password@host/path`, `user@host:/path` or
/// `user@host.name=/path`, and any query. If an `@` leaves in doubt which part is the user, all but
/// the scheme is hidden.
fn without_secrets(device: &str) -> String {
    let start = match device.find("://") {
        Some(scheme) => scheme + 3,
        None if device.starts_with("//") => 2,
        None => 0,
    };
    let (scheme, rest) = device.split_at(start);
    let without_query = |text: &str| text.split('?').next().unwrap_or_default().to_owned();
    let Some(last_at) = rest.rfind('@') else {
        return scheme.to_owned() + &without_query(rest);
    };
    let host_end = if start > 0 {
        rest.find(['/', '?', '#']).or(Some(rest.len()))
    } else {
        let colon = rest[last_at..].find(':').map(|colon| last_at + colon);
        rest.find(":/").or_else(|| rest.find("=/")).or(colon)
    };
    match host_end {
        Some(end) if last_at < end => scheme.to_owned() + &without_query(&rest[last_at + 1..]),
        // A snapshot such as tank/data@monday.
        None if !rest.contains(':') => without_query(rest),
        _ => scheme.to_owned() + HIDDEN,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const DEBIAN: &str = r"22 27 0:21 / /proc rw,nosuid,relatime shared:13 - proc proc rw
27 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,errors=remount-ro
40 27 254:2 / /data rw,noatime shared:2 master:3 - xfs /dev/vdb rw,noquota
41 27 0:50 /sub /data rw,relatime - btrfs /dev/vdc rw,ssd,subvol=/sub
42 27 0:51 / /my\040disk\134x rw - cifs //bob:pw@nas/share rw,username=bob,PassWord=a\054b,vers=3.0
";

    #[test]
    fn the_longest_mount_point_holds_a_path() {
        let mounts = mounts(DEBIAN);
        let point = |path| holding(Path::new(path), &mounts).unwrap().point.clone();
        assert_eq!(mounts.len(), 5);
        assert_eq!(point("/home/x"), Path::new("/"));
        assert_eq!(point("/data/x"), Path::new("/data"));
        assert_eq!(point("/database"), Path::new("/"));
        assert_eq!(point(r"/my disk\x/y"), Path::new(r"/my disk\x"));
    }

    #[test]
    fn the_last_of_two_mounts_at_one_point_wins() {
        let mounts = mounts(DEBIAN);
        let mount = holding(Path::new("/data"), &mounts).unwrap();
        assert_eq!(mount.fs_type, "btrfs");
        assert_eq!(mount.root, Path::new("/sub"));
    }

    #[test]
    fn options_come_once_from_the_mount_and_its_file_system() {
        let options = &mounts(DEBIAN)[1].options;
        assert_eq!(options, &["rw", "relatime", "errors=remount-ro"]);
    }

    #[test]
    fn values_of_secret_options_are_hidden_and_others_are_kept() {
        let mounts = mounts(DEBIAN);
        let hidden: Vec<_> = mounts[4]
            .options
            .iter()
            .map(|one| hide_value(one))
            .collect();
        assert_eq!(
            hidden,
            ["rw", "username=<hidden>", "PassWord=<hidden>", "vers=3.0"]
        );
        for name in [
            "sas",
            "aws_secret",
            "sse_key",
            "credentials",
            "token",
            "passwd",
            "user_id",
        ] {
            assert_eq!(
                hide_value(&format!("{name}=a=b")),
                format!("{name}=<hidden>")
            );
        }
        assert_eq!(hide_value("userxattr"), "userxattr");
    }

    #[test]
    fn devices_lose_users_and_queries() {
        for (device, shown) in [
            ("/dev/vda1", "/dev/vda1"),
            ("nas:/export/data", "nas:/export/data"),
            ("tank/data@monday", "tank/data@monday"),
            ("nas:/export?x=1", "nas:/export"),
            ("bob@nas:/export", "nas:/export"),
            ("bob:p@w@nas:/export", "nas:/export"),
            ("bob@nas:", "nas:"),
            ("admin@f00d.fs=/", "f00d.fs=/"),
            ("//bob:pw@nas/share", "//nas/share"),
            (
                "https://bob:p%40w@nas:8080/dav?sig=a",
                "https://nas:8080/dav",
            ),
            ("s3://key:secret@bucket", "s3://bucket"),
            ("s3://bucket/a?sig=b", "s3://bucket/a"),
        ] {
            assert_eq!(without_secrets(device), shown);
        }
    }

    #[test]
    fn devices_with_an_at_sign_in_doubt_are_hidden() {
        for (device, shown) in [
            ("https://bob:p/w@nas/dav", "https://<hidden>"),
            ("https://bob:p?w@nas/dav", "https://<hidden>"),
            ("https://nas/dav?sig=a@b", "https://<hidden>"),
            ("bob:/pw@nas:/export", "<hidden>"),
            ("bob:pw@nas", "<hidden>"),
            ("bob@nas:/a@b", "<hidden>"),
        ] {
            assert_eq!(without_secrets(device), shown);
        }
    }

    #[test]
    fn odd_lines_and_escapes_are_survived() {
        assert_eq!(mounts(""), []);
        assert_eq!(
            mounts("a b c\n - \n1 2 3 / - ext4\n1 2 3 / /x rw - ext4"),
            []
        );
        assert_eq!(mounts("1 2 3 / /x rw - ext4 ")[0].device, "");
        assert_eq!(unescape(r"a\04"), r"a\04");
        assert_eq!(unescape(r"a\999\"), r"a\999\");
        assert_eq!(unescape(r"\303\244\011"), "ä\t");
        assert_eq!(unescape(r"\377"), "\u{fffd}");
        for device in ["", "@", "//", "://", "://@", "@:", "?", "ä@ö:/ü"] {
            without_secrets(device);
        }
    }

    #[test]
    fn a_folder_that_is_not_there_yet_is_held_by_its_parent() {
        let found = file_system(Path::new("/no such folder/x"), &mounts(DEBIAN)).unwrap();
        assert_eq!(found.path, "/no such folder/x");
        assert_eq!(found.mount_point, "/");
        assert_eq!(found.device, "/dev/vda1");
        assert_eq!(file_system(Path::new("/"), &[]), None);
    }
}
