//! URLs of places in object stores, in the spellings of several tools.

use percent_encoding::percent_decode_str;

use crate::secret::Secret;

/// Kind of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StoreKind {
    S3,
    Google,
    Azure,
    /// Files behind a server of HTTP, which are only read.
    Http,
}

impl StoreKind {
    /// Returns the kind's name in messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            StoreKind::S3 => "S3",
            StoreKind::Google => "Google Cloud Storage",
            StoreKind::Azure => "Azure",
            StoreKind::Http => "HTTP",
        }
    }
}

/// A URL of a place in a store, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) kind: StoreKind,
    /// Scheme and host, without user and password, by which records and the engine know the store.
    pub(super) store: String,
    /// The bucket, the container, or the server's host and port.
    pub(super) bucket: String,
    /// Azure's account, where the URL names it.
    pub(super) account: Option<String>,
    /// User and password of a server of HTTP.
    pub(super) user: Option<(String, Secret)>,
    /// Name of the place within the store.
    pub(super) key: String,
    /// Query of a URL of HTTP, which may be a signature.
    pub(super) query: Option<Secret>,
}

impl Address {
    /// Parses a URL.
    ///
    /// # Errors
    ///
    /// The reason in words.
    pub(super) fn parse(url: &str) -> Result<Self, String> {
        let (scheme, rest) = url.split_once("://").ok_or("it is no URL")?;
        let kind = match scheme {
            "s3" | "s3a" => StoreKind::S3,
            "gs" | "gcs" => StoreKind::Google,
            "az" | "azure" | "adl" | "abfs" | "abfss" => StoreKind::Azure,
            "http" | "https" => StoreKind::Http,
            _ => return Err(format!("`{scheme}` is the scheme of no known store")),
        };
        if kind == StoreKind::Http {
            return Address::of_server(url);
        }
        let (authority, key) = rest.split_once('/').unwrap_or((rest, ""));
        let (bucket, account) = match authority.split_once('@') {
            Some((container, host)) if scheme.starts_with("abfs") => {
                let account = host.split('.').next().unwrap_or_default();
                (container, Some(account.to_owned()))
            }
            Some((_, bucket)) => {
                return Err(format!(
                    "a URL of {} has no user before its bucket `{bucket}`; credentials come from the environment, a profile or \
                     storage.options",
                    kind.name()
                ));
            }
            // The way in which records name a container of an account: no container has a dot.
            None if kind == StoreKind::Azure => match authority.split_once('.') {
                Some((container, account)) => (container, Some(account.to_owned())),
                None => (authority, None),
            },
            None => (authority, None),
        };
        if let Some((_, query)) = key.split_once('?')
            && query.contains('=')
            && !query.contains('/')
        {
            return Err(format!(
                "a URL of {} has no query; a pre-signed URL begins with https://",
                kind.name()
            ));
        }
        let is_name = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.');
        if bucket.contains(':') {
            return Err(
                "it has a user, a password or a port before the first `/`, where the bucket stands alone".to_owned(),
            );
        }
        if bucket.is_empty() || !bucket.chars().all(is_name) {
            return Err(format!(
                "`{bucket}` is not the name of a bucket, which has letters, digits, `-`, `_` and `.` alone"
            ));
        }
        let scheme = match kind {
            StoreKind::S3 => "s3",
            StoreKind::Google => "gs",
            StoreKind::Azure | StoreKind::Http => "az",
        };
        Ok(Address {
            kind,
            store: match &account {
                Some(account) => format!("{scheme}://{bucket}.{account}"),
                None => format!("{scheme}://{bucket}"),
            },
            bucket: bucket.to_owned(),
            account,
            user: None,
            key: key.trim_matches('/').to_owned(),
            query: None,
        })
    }

    fn of_server(text: &str) -> Result<Self, String> {
        let url = url::Url::parse(text).map_err(|error| error.to_string())?;
        let host = url.host_str().filter(|it| !it.is_empty());
        let host = host.ok_or("it names no server")?;
        let bucket = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let decoded = |text: &str| {
            let decoded = percent_decode_str(text).decode_utf8();
            decoded.map_or_else(|_| text.to_owned(), |it| it.into_owned())
        };
        let user = (!url.username().is_empty()).then(|| {
            let password = url.password().unwrap_or_default();
            (decoded(url.username()), Secret::new(&decoded(password)))
        });
        Ok(Address {
            kind: StoreKind::Http,
            store: format!("{}://{bucket}", url.scheme()),
            bucket,
            account: None,
            user,
            key: decoded(url.path()).trim_matches('/').to_owned(),
            query: url.query().map(Secret::new),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("s3://bucket/a/b.parquet", StoreKind::S3, "s3://bucket", "a/b.parquet")]
    #[case("s3a://bucket/a/", StoreKind::S3, "s3://bucket", "a")]
    #[case("s3://bucket", StoreKind::S3, "s3://bucket", "")]
    #[case("gcs://bucket/a", StoreKind::Google, "gs://bucket", "a")]
    #[case("gs://bucket/a?b", StoreKind::Google, "gs://bucket", "a?b")]
    #[case("az://box/a", StoreKind::Azure, "az://box", "a")]
    #[case("az://box.account/a", StoreKind::Azure, "az://box.account", "a")]
    #[case(
        "abfss://box@account.dfs.core.windows.net/a",
        StoreKind::Azure,
        "az://box.account",
        "a"
    )]
    #[case(
        "http://host:8080/a%20b/c.parquet",
        StoreKind::Http,
        "http://host:8080",
        "a b/c.parquet"
    )]
    #[case(
        "https://me:secret@host/a?sig=planted",
        StoreKind::Http,
        "https://host",
        "a"
    )]
    fn urls_are_taken_apart(
        #[case] url: &str,
        #[case] kind: StoreKind,
        #[case] store: &str,
        #[case] key: &str,
    ) {
        let address = Address::parse(url).unwrap();
        assert_eq!(address.kind, kind);
        assert_eq!((&*address.store, &*address.key), (store, key));
    }

    #[test]
    fn users_and_signatures_are_kept_apart() {
        let address = Address::parse("https://me:sec%20ret@host/a?sig=planted").unwrap();
        let (user, password) = address.user.unwrap();
        assert_eq!((&*user, password.reveal()), ("me", "sec ret"));
        assert_eq!(address.query.unwrap().reveal(), "sig=planted");
        let azure = Address::parse("abfs://box@account.dfs.core.windows.net/a").unwrap();
        assert_eq!(
            (azure.bucket.as_str(), azure.account.unwrap().as_str()),
            ("box", "account")
        );
    }

    #[rstest]
    #[case("s3://me:secret@bucket/a", "has no user before its bucket `bucket`")]
    #[case(
        "s3://bucket/a?sig=secret",
        "has no query; a pre-signed URL begins with https://"
    )]
    #[case("s3:///a", "`` is not the name of a bucket")]
    #[case("s3://my bucket/a", "`my bucket` is not the name")]
    #[case("ftp://host/a", "`ftp` is the scheme of no known store")]
    #[case("http:///", "empty host")]
    fn what_is_no_place_is_refused(#[case] url: &str, #[case] words: &str) {
        let reason = Address::parse(url).unwrap_err();
        assert!(
            reason.contains(words) && !reason.contains("secret"),
            "{reason}"
        );
    }
}
