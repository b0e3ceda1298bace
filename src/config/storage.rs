//! The section `storage`: the place of the data, the way to it, and requests.

use std::path::PathBuf;

use serde_json::Value as Json;

use super::error::Problem;
use super::findings::Findings;
use super::key_path::KeyPath;
use super::leaf::{Leaf, SecretText, Span};
use super::model::{Connection, EndpointSpread, RequestSettings};
use super::raw::{OneOrMany, RawStorage, RawStorageOptions};
use crate::secret::Secret;

// DLIO's defaults: `ConfigArguments` in dlio_benchmark/utils/config.py.
const DEFAULT_DATA_FOLDER: &str = "./data/";
const DEFAULT_STORAGE_ROOT: &str = "./";

/// Kind of storage for local files that are read past the page cache.
pub(super) const DIRECT_FS: &str = "direct_fs";

/// Kind of storage whose root is a bucket.
const S3: &str = "s3";

/// Kinds of storage. All but the last are local files, wherever they are mounted from.
const KINDS: [&str; 4] = ["local_fs", "parallel_fs", DIRECT_FS, S3];

/// Smallest part of an upload that object stores take, in bytes, and the largest that S3 takes.
const PART_BYTES: std::ops::RangeInclusive<u64> = 5 << 20..=5 << 30;

/// Smallest size that requests are split to.
const SMALLEST_SPLIT_BYTES: u64 = 128;

/// Most requests at once. Each has a connection of its own.
const MOST_CONCURRENT: u64 = 4096;

/// Most attempts after the first.
const MOST_RETRIES: u64 = 1000;

/// Most row groups that are read ahead in each file.
const MOST_PREFETCHED: u64 = 1024;

/// Joins `storage_root` and `data_folder` as Python's `os.path.join` does, then removes a leading
/// `./` and a trailing `/`. With `storage_type: s3`, the root is a bucket and the folder is the
/// beginning of keys.
pub(super) fn data_folder(
    folder: Option<Leaf<String>>,
    storage: &mut RawStorage,
    findings: &mut Findings<'_>,
) -> String {
    let section = KeyPath::of(["storage"]);
    let root_path = section.key("storage_root");
    let kind = findings.take(&section.key("storage_type"), storage.storage_type.take());
    if let Some(kind) = kind.as_deref().filter(|kind| !KINDS.contains(kind)) {
        let message = format!(
            "`{kind}` is not a kind of storage; known: {}",
            KINDS.join(", ")
        );
        let hint = "the scheme of a URL in dataset.data_folder names any other store, as in gs://bucket/folder";
        findings.problems.push(Problem {
            hint: Some(hint.to_owned()),
            ..Problem::new(section.key("storage_type"), message)
        });
    }
    let root = findings.take_location(&root_path, storage.storage_root.take());
    let folder = findings.take_location(&KeyPath::of(["dataset", "data_folder"]), folder);
    let folder = folder.unwrap_or_else(|| DEFAULT_DATA_FOLDER.to_owned());
    if folder.contains("://") {
        if folder.starts_with("http") && folder.contains('?') {
            findings.problem(
                &KeyPath::of(["dataset", "data_folder"]),
                "has a query, and a signature is for one file; a folder has none",
            );
        }
        return tidy(&folder);
    }
    let is_bucket = kind.as_deref() == Some(S3);
    let root = match root {
        Some(root) if is_bucket && !root.contains("://") => {
            let is_path = ["/", "./", "../", "~"]
                .iter()
                .any(|it| root.starts_with(it));
            if is_path || root == "." {
                let message = format!(
                    "`{root}` is a path, and `storage_type: {S3}` has a bucket there; write its name"
                );
                findings.problem(&root_path, message);
            }
            format!("{S3}://{root}")
        }
        Some(root) => root,
        None => {
            if is_bucket {
                findings.problem(
                    &root_path,
                    format!(
                        "is left out, and `storage_type: {S3}` has a bucket there; write its name"
                    ),
                );
            }
            DEFAULT_STORAGE_ROOT.to_owned()
        }
    };
    let is_url = root.contains("://");
    let joined = match folder.starts_with('/') && !is_url {
        true => folder,
        false => {
            let below = match is_url {
                true => tidy(folder.trim_start_matches('/')),
                false => folder,
            };
            match (is_url, below.as_str()) {
                (true, ".") => root,
                _ => format!("{}/{below}", root.trim_end_matches('/')),
            }
        }
    };
    tidy(&joined)
}

fn tidy(path: &str) -> String {
    if path.ends_with("://") {
        return path.to_owned();
    }
    let absolute = path.starts_with('/');
    let mut rest = path.trim_end_matches('/');
    while let Some(shorter) = rest.strip_prefix("./") {
        rest = shorter.trim_start_matches('/');
    }
    match rest {
        "" if absolute => "/".to_owned(),
        "" => ".".to_owned(),
        rest => rest.to_owned(),
    }
}

/// Returns the size of the parts of uploads in bytes. Absent: the default.
pub(super) fn part_bytes(storage: &mut RawStorage, findings: &mut Findings<'_>) -> Option<u64> {
    let path = KeyPath::of(["storage", "part_size"]);
    let bytes = findings.take(&path, storage.part_size.take())?.0;
    if !PART_BYTES.contains(&bytes) {
        findings.problem(
            &path,
            format!("{bytes} bytes are no size of a part; object stores take 5 MiB to 5 GiB"),
        );
    }
    Some(bytes)
}

/// Returns the way in which ranges become requests.
pub(super) fn requests(storage: &mut RawStorage, findings: &mut Findings<'_>) -> RequestSettings {
    let path = KeyPath::of(["storage"]);
    let gap = findings.take(&path.key("coalesce_gap"), storage.coalesce_gap.take());
    let split = findings.take(&path.key("split_size"), storage.split_size.take());
    if let Some(bytes) = split.map(|it| it.0).filter(|it| *it < SMALLEST_SPLIT_BYTES) {
        findings.problem(
            &path.key("split_size"),
            format!("{bytes} is less than the {SMALLEST_SPLIT_BYTES} bytes that a request may be split to"),
        );
    }
    let footer = findings.take(&path.key("footer_prefetch"), storage.footer_prefetch.take());
    let whole = findings.take(&path.key("row_group_reads"), storage.row_group_reads.take());
    let concurrency = path.key("concurrency");
    let at_once = findings.take_count(&concurrency, storage.concurrency.take());
    let at_once = at_most(
        MOST_CONCURRENT,
        "requests at once",
        &concurrency,
        at_once,
        findings,
    );
    let prefetch = path.key("prefetch_row_groups");
    let ahead = findings.take(&prefetch, storage.prefetch_row_groups.take());
    let ahead = at_most(
        MOST_PREFETCHED,
        "row groups ahead",
        &prefetch,
        ahead,
        findings,
    );
    RequestSettings {
        coalesce_gap_bytes: gap.map(|bytes| bytes.0),
        split_bytes: split.map(|bytes| bytes.0),
        concurrency: at_once,
        footer_prefetch_bytes: footer.map(|bytes| bytes.0),
        row_group_reads: whole.unwrap_or(false),
        prefetch_row_groups: ahead.unwrap_or(0),
    }
}

fn at_most(
    most: u64,
    of: &str,
    path: &KeyPath,
    count: Option<u64>,
    findings: &mut Findings<'_>,
) -> Option<u32> {
    let count = count?;
    if count > most {
        findings.problem(
            path,
            format!("{count} is more than the {most} {of} that there may be"),
        );
    }
    Some(count.min(most) as u32)
}

/// Returns the retries after the first of so many attempts, no more than there may be.
fn retries_of(attempts: u64) -> u32 {
    (attempts - 1).min(MOST_RETRIES) as u32
}

/// Returns the way to stores other than this host's files. DLIO's keys count where ours are left
/// out.
pub(super) fn connection(storage: &mut RawStorage, findings: &mut Findings<'_>) -> Connection {
    let section = KeyPath::of(["storage"]);
    let own = storage.options.take().unwrap_or_default();
    let dlio = storage.storage_options.take().unwrap_or_default();
    let mut connection = options(own, &section.key("options"), findings);
    let theirs = options(dlio, &section.key("storage_options"), findings);
    let region = findings.take_text(&section.key("s3_region"), storage.s3_region.take());
    let endpoint = findings.take_endpoint(&section.key("s3_endpoint"), storage.s3_endpoint.take());
    let path_style = findings.take(
        &section.key("s3_force_path_style"),
        storage.s3_force_path_style.take(),
    );
    let attempts = findings.take_count(
        &section.key("s3_max_attempts"),
        storage.s3_max_attempts.take(),
    );
    connection.fill_from(theirs);
    connection.fill_from(Connection {
        endpoints: endpoint.into_iter().collect(),
        region,
        path_style,
        retries: attempts.map(retries_of),
        ..Connection::default()
    });
    let (own, dlio) = (section.key("endpoints"), section.key("endpoint_uris"));
    let several = match storage.endpoints.take() {
        Some(several) => endpoints(several, &own, findings),
        None => match storage.endpoint_uris.take() {
            Some(several) => endpoints(several, &dlio, findings),
            None => Vec::new(),
        },
    };
    if !several.is_empty() {
        connection.endpoints = several;
    }
    let by_rank = findings.take(
        &section.key("use_mpi_endpoint_distribution"),
        storage.use_mpi_endpoint_distribution.take(),
    );
    let spread = findings.take(
        &section.key("endpoint_spread"),
        storage.endpoint_spread.take(),
    );
    connection.spread = spread.unwrap_or(match by_rank {
        Some(true) => EndpointSpread::Rank,
        _ => EndpointSpread::Requests,
    });
    connection
}

/// Replaces options of stores such as `${AWS_ACCESS_KEY_ID}`, which other tools' files have, by the
/// variable of the environment, or leaves them out if there is none.
pub(super) fn expand_variables(tree: &mut Json) {
    for section in ["options", "storage_options"] {
        let options = tree.pointer_mut(&format!("/storage/{section}"));
        let Some(options) = options.and_then(Json::as_object_mut) else {
            continue;
        };
        for value in options.values_mut() {
            let name = value
                .as_str()
                .and_then(|it| it.strip_prefix("${")?.strip_suffix('}'));
            let is_name = |it: &str| {
                it.chars()
                    .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
            };
            if let Some(name) = name.filter(|it| is_name(it)) {
                *value = std::env::var(name).map_or(Json::Null, Json::from);
            }
        }
    }
}

fn endpoints(
    written: OneOrMany<Leaf<String>>,
    path: &KeyPath,
    findings: &mut Findings<'_>,
) -> Vec<String> {
    let mut endpoints = Vec::new();
    for (index, leaf) in written.into_vec().into_iter().enumerate() {
        let path = path.item(index, None);
        endpoints.extend(findings.take_endpoint(&path, Some(leaf)));
    }
    endpoints
}

impl Connection {
    /// Takes over what is absent here and present in another.
    fn fill_from(&mut self, other: Connection) {
        macro_rules! fill {
            ($($field:ident),+) => {$(
                if self.$field.is_none() {
                    self.$field = other.$field;
                }
            )+};
        }
        fill!(
            region,
            path_style,
            allow_http,
            profile,
            ca_file,
            connect_timeout,
            timeout,
            retries,
            retry_timeout,
            access_key_id,
            secret_access_key,
            session_token,
            account_name,
            account_key,
            sas_token,
            connection_string,
            service_account_file
        );
        if self.endpoints.is_empty() {
            self.endpoints = other.endpoints;
        }
        self.anonymous |= other.anonymous;
    }
}

/// Reads `options` or DLIO's `storage_options`.
fn options(mut raw: RawStorageOptions, path: &KeyPath, findings: &mut Findings<'_>) -> Connection {
    let endpoint = findings.take_endpoint(&path.key("endpoint_url"), raw.endpoint_url.take());
    let mut given = Vec::new();
    let mut secret = |key: &str, leaf: Option<Leaf<SecretText>>, findings: &mut Findings<'_>| {
        let secret = findings.take(&path.key(key), leaf)?.0;
        given.push(key.to_owned());
        Some(secret)
    };
    let secret_access_key = secret("secret_access_key", raw.secret_access_key.take(), findings);
    let session_token = secret("session_token", raw.session_token.take(), findings);
    let account_key = secret("account_key", raw.account_key.take(), findings);
    let sas_token = secret("sas_token", raw.sas_token.take(), findings);
    let connection_string = secret("connection_string", raw.connection_string.take(), findings);
    let id = findings.take_text(&path.key("access_key_id"), raw.access_key_id.take());
    let access_key_id = id.map(|id| {
        given.insert(0, "access_key_id".to_owned());
        Secret::name(id.trim())
    });
    if !given.is_empty() {
        findings.notes.push(format!(
            "`{path}` has credentials in the config ({}); they are used and shown nowhere, but whoever can read the file has \
             them: the environment or a profile is a better place",
            given.join(", ")
        ));
    }
    let mut text = |key: &str, leaf: Option<Leaf<String>>| findings.take_text(&path.key(key), leaf);
    let region = text("region", raw.region.take());
    let profile = text("profile", raw.profile.take());
    let ca_file = text("ca_file", raw.ca_file.take()).map(PathBuf::from);
    let account_name = text("account_name", raw.account_name.take());
    let service_account_file = text("service_account_file", raw.service_account_file.take());
    let mut flag = |key: &str, leaf: Option<Leaf<bool>>| findings.take(&path.key(key), leaf);
    let path_style = flag("path_style", raw.path_style.take());
    let forced = flag("s3_force_path_style", raw.s3_force_path_style.take());
    let allow_http = flag("allow_http", raw.allow_http.take());
    let anonymous = flag("anonymous", raw.anonymous.take());
    let retries = findings.take(&path.key("retries"), raw.retries.take());
    let retries = at_most(
        MOST_RETRIES,
        "retries",
        &path.key("retries"),
        retries,
        findings,
    );
    let attempts = findings.take_count(&path.key("s3_max_attempts"), raw.s3_max_attempts.take());
    let mut span =
        |key: &str, leaf: Option<Leaf<Span>>| findings.take(&path.key(key), leaf).map(|it| it.0);
    Connection {
        endpoints: endpoint.into_iter().collect(),
        region,
        path_style: path_style.or(forced),
        allow_http,
        anonymous: anonymous.unwrap_or(false),
        profile,
        ca_file,
        connect_timeout: span("connect_timeout", raw.connect_timeout.take()),
        timeout: span("timeout", raw.timeout.take()),
        retries: retries.or(attempts.map(retries_of)),
        retry_timeout: span("retry_timeout", raw.retry_timeout.take()),
        access_key_id,
        secret_access_key,
        session_token,
        account_name,
        account_key,
        sas_token,
        connection_string,
        service_account_file: service_account_file.map(PathBuf::from),
        spread: EndpointSpread::default(),
    }
}
