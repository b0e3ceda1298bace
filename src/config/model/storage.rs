//! Settings of stores: how they are reached, and how they are asked.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

use crate::secret::Secret;

/// The way to stores other than the files of this host. What is absent comes from the environment,
/// or is the client's default. Secrets, files and addresses are not sent to workers: whoever sent
/// them could make a worker read other files, or give its own credentials to another server.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Connection {
    /// URLs of a store's servers, which all serve the same objects. Empty: the usual one of the
    /// store's kind.
    #[serde(skip)]
    pub endpoints: Vec<String>,
    /// Choice of the endpoint for a request, if there are several.
    pub spread: EndpointSpread,
    pub region: Option<String>,
    /// True if the bucket is a part of the path, false if it is a part of the host's name. Absent:
    /// true if there is an endpoint.
    pub path_style: Option<bool>,
    /// True if requests may go without encryption.
    #[serde(skip)]
    pub allow_http: Option<bool>,
    /// True if requests are not signed.
    pub anonymous: bool,
    /// Profile in the files of AWS's tools.
    #[serde(skip)]
    pub profile: Option<String>,
    /// File of the certificates that a server's own is checked with, in PEM.
    #[serde(skip)]
    pub ca_file: Option<PathBuf>,
    pub connect_timeout: Option<Duration>,
    /// Longest time without a byte.
    pub timeout: Option<Duration>,
    /// Attempts after the first.
    pub retries: Option<u32>,
    /// Longest time from the first attempt to the last.
    pub retry_timeout: Option<Duration>,
    #[serde(skip)]
    pub access_key_id: Option<Secret>,
    #[serde(skip)]
    pub secret_access_key: Option<Secret>,
    #[serde(skip)]
    pub session_token: Option<Secret>,
    /// Azure's name of the account.
    pub account_name: Option<String>,
    #[serde(skip)]
    pub account_key: Option<Secret>,
    #[serde(skip)]
    pub sas_token: Option<Secret>,
    #[serde(skip)]
    pub connection_string: Option<Secret>,
    /// File with the key of a service account of Google.
    #[serde(skip)]
    pub service_account_file: Option<PathBuf>,
}

impl Connection {
    /// Returns the keys of `storage.options` that the config gives and that are not sent to
    /// workers.
    pub fn kept_from_workers(&self) -> Vec<&'static str> {
        let given = [
            ("endpoint_url", !self.endpoints.is_empty()),
            ("allow_http", self.allow_http.is_some()),
            ("profile", self.profile.is_some()),
            ("ca_file", self.ca_file.is_some()),
            ("service_account_file", self.service_account_file.is_some()),
            ("access_key_id", self.access_key_id.is_some()),
            ("secret_access_key", self.secret_access_key.is_some()),
            ("session_token", self.session_token.is_some()),
            ("account_key", self.account_key.is_some()),
            ("sas_token", self.sas_token.is_some()),
            ("connection_string", self.connection_string.is_some()),
        ];
        let given = given.into_iter().filter(|(_, given)| *given);
        given.map(|(key, _)| key).collect()
    }

    /// True if the text is the URL of a server that objects can be asked of.
    pub fn is_endpoint(text: &str) -> bool {
        url::Url::parse(text).is_ok_and(|url| {
            ["http", "https"].contains(&url.scheme())
                && url.host_str().is_some_and(|host| !host.is_empty())
        })
    }
}

/// Choice of one of several endpoints.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, IntoStaticStr, VariantArray, Serialize, Deserialize,
)]
#[strum(serialize_all = "snake_case")]
pub enum EndpointSpread {
    /// Each request goes to the next one.
    #[default]
    Requests,
    /// All requests of a process go to one: that of its rank, counted from 0, modulo their number.
    Rank,
}

/// The way in which ranges that the engine asks for become requests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestSettings {
    /// Largest gap between two ranges that become one request, in bytes. Absent: that of the store,
    /// which is 1 MiB for object stores; files of this host are asked for each range.
    pub coalesce_gap_bytes: Option<u64>,
    /// Largest size of a request, in bytes. Larger ones become several at once. Absent: no limit.
    pub split_bytes: Option<u64>,
    /// Most requests that are under way at once. Absent: ten for each call of the engine.
    pub concurrency: Option<u32>,
    /// Bytes at the end of a file that are read at first, for the sake of its footer. Absent: the
    /// engine's default.
    pub footer_prefetch_bytes: Option<u64>,
    /// True if a whole row group is read wherever the engine wants a part of it.
    pub row_group_reads: bool,
    /// Row groups that are read ahead of the engine in each file.
    pub prefetch_row_groups: u32,
}

impl RequestSettings {
    /// True if requests for column chunks are those that the store makes by itself.
    pub fn are_usual(&self) -> bool {
        RequestSettings {
            footer_prefetch_bytes: None,
            ..*self
        } == RequestSettings::default()
    }
}
