//! Keeps secrets out of records and messages.

use serde_json::Value;

use super::key_path::KeyPath;

use crate::secret::{REMOVED, Secret};

/// Schemes of URLs that locations may have, in the spellings of several tools.
pub(super) const SCHEMES: [&str; 12] = [
    "file", "s3", "s3a", "gs", "gcs", "az", "azure", "adl", "abfs", "abfss", "https", "http",
];

/// Sections with options of stores, some of which are secret.
const OPTIONS: [&str; 3] = [
    "/storage/options",
    "/storage/storage_options",
    "/reader/storage_options",
];

/// Parts of the names of secret options.
const SECRET_NAMES: [&str; 7] = [
    "key",
    "secret",
    "token",
    "password",
    "credential",
    "signature",
    "connection_string",
];

/// Options whose names look secret, and whose values are names of files.
const NO_SECRETS: [&str; 1] = ["service_account_file"];

fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    !NO_SECRETS.contains(&name.as_str()) && SECRET_NAMES.iter().any(|word| name.contains(word))
}

/// Returns the tree without secret storage options and without the user information and queries of
/// URLs.
pub(super) fn tree(mut tree: Value) -> Value {
    for place in OPTIONS {
        let options = tree.pointer_mut(place).and_then(Value::as_object_mut);
        for (_, value) in options.into_iter().flatten().filter(|it| is_secret(it.0)) {
            *value = Value::from(REMOVED);
        }
    }
    strip_urls(&mut tree);
    tree
}

/// True if a value at this place may be secret.
pub(super) fn may_be_secret(path: &KeyPath) -> bool {
    let path = path.to_string();
    path.contains("storage") && path.contains("options")
}

/// Learns the secrets of a tree: secret storage options, and the user information and queries of
/// URLs. No message shows them from now on.
pub(super) fn learn(tree: &Value) {
    for place in OPTIONS {
        let options = tree.pointer(place).and_then(Value::as_object);
        let options = options.into_iter().flatten();
        for (_, value) in options.filter(|it| is_secret(it.0) && it.0 != "access_key_id") {
            match value {
                Value::String(text) => drop(Secret::new(text)),
                Value::Number(number) => drop(Secret::new(&number.to_string())),
                _ => {}
            }
        }
    }
    learn_urls(tree);
}

fn learn_urls(value: &Value) {
    match value {
        Value::String(text) => learn_url(text),
        Value::Array(items) => items.iter().for_each(learn_urls),
        Value::Object(map) => map.values().for_each(learn_urls),
        _ => {}
    }
}

/// Learns the secrets of a URL.
fn learn_url(text: &str) {
    let Some((scheme, rest)) = text.split_once("://").filter(|it| SCHEMES.contains(&it.0)) else {
        return;
    };
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if let Some((user, _)) = authority.rsplit_once('@')
        && !scheme.starts_with("abfs")
    {
        drop(Secret::new(user));
        if let Some((_, password)) = user.split_once(':') {
            drop(Secret::new(password));
        }
    }
    if let Some((_, query)) = query_of(scheme, path) {
        drop(Secret::new(query));
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            let name = name.to_lowercase();
            if is_secret(&name) || name.contains("sig") {
                drop(Secret::new(value));
            }
        }
    }
}

/// Returns an argument of the command line, such as `storage.storage_options.key=x` or
/// `t=s3://user:password@bucket/a`, without the parts that `tree` removes. All values of storage
/// options are removed.
pub fn argument(text: &str) -> String {
    let (flag, rest) = ["--set=", "--params=", "--sweep=", "--table=", "--source="]
        .iter()
        .find_map(|flag| Some((*flag, text.strip_prefix(flag)?)))
        .unwrap_or(("", text));
    match rest.split_once('=') {
        Some((name, value)) if hides_secrets(name, value) => format!("{flag}{name}={REMOVED}"),
        Some((name, value)) => format!("{flag}{name}={}", url(value)),
        None => url(text),
    }
}

/// True if an argument sets a secret option of a store, or several options at once.
fn hides_secrets(name: &str, value: &str) -> bool {
    if !name.contains("storage") {
        return false;
    }
    match name.rsplit_once("options.") {
        Some((_, option)) => is_secret(option),
        None => value.contains("options") || name.ends_with("options"),
    }
}

/// Splits a URL's path from its query. `None` if it has none: elsewhere than with servers, `?` is a
/// wildcard, unless what follows looks like a signature.
fn query_of<'a>(scheme: &str, path: &'a str) -> Option<(&'a str, &'a str)> {
    if scheme.starts_with("http") {
        return path.split_once(['?', '#']);
    }
    let (path, query) = path.split_once('?').filter(|_| scheme != "file")?;
    (query.contains('=') && !query.contains('/')).then_some((path, query))
}

fn strip_urls(value: &mut Value) {
    match value {
        Value::String(text) => *text = url(text),
        Value::Array(items) => items.iter_mut().for_each(strip_urls),
        Value::Object(map) => map.values_mut().for_each(strip_urls),
        _ => {}
    }
}

/// Removes secrets from the URLs in a text: `s3://user:password@bucket/a?signature=x` ->
/// `s3://bucket/a`. Other text stays unchanged.
pub fn url(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, scheme, after)) = next_url(rest) {
        let end = after.find(ENDS).unwrap_or(after.len());
        let (own, others) = after.split_at(end);
        shown.push_str(before);
        shown.push_str(scheme);
        shown.push_str("://");
        shown.push_str(&without_user_and_query(scheme, own));
        rest = others;
    }
    shown.push_str(rest);
    shown
}

/// Characters that end a URL within a text, such as a list.
const ENDS: [char; 9] = [' ', ',', '\'', '"', ']', '}', ')', '\n', '\t'];

/// Splits a text before the next URL of a known scheme, or of any with a user: what stands before
/// it, the scheme, and what follows `://`.
fn next_url(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let at = from + text[from..].find("://")?;
        let start = text[..at]
            .rfind(|c: char| !is_of_scheme(c))
            .map_or(0, |before| {
                before + text[before..].chars().next().map_or(1, char::len_utf8)
            });
        let scheme = &text[start..at];
        if SCHEMES.contains(&scheme) || scheme.len() > 1 && text[at..].contains('@') {
            return Some((&text[..start], scheme, &text[at + 3..]));
        }
        from = at + 3;
    }
}

fn is_of_scheme(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')
}

fn without_user_and_query(scheme: &str, rest: &str) -> String {
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    // Azure writes `container@account` there. A password may have an `@`, and in careless hands a
    // `/`.
    let host = match rest.rsplit_once('@') {
        Some((user, _)) if !scheme.starts_with("abfs") && user.contains(':') => {
            let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
            return without_user_and_query(scheme, host);
        }
        _ => match authority.rsplit_once('@') {
            Some((_, host)) if !scheme.starts_with("abfs") => host,
            _ => authority,
        },
    };
    let path = query_of(scheme, path).map_or(path, |(path, _)| path);
    format!("{host}{path}")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case("s3://user:pass@bucket/a?sig=1", "s3://bucket/a")]
    #[case("s3://bucket/part-?/x=1/a.parquet", "s3://bucket/part-?/x=1/a.parquet")]
    #[case(
        "abfss://box@account.dfs.core.windows.net/a",
        "abfss://box@account.dfs.core.windows.net/a"
    )]
    #[case("https://user:pass@host/a?sig=1", "https://host/a")]
    #[case("https://host?token=1", "https://host")]
    #[case("file:///data/part-?.parquet", "file:///data/part-?.parquet")]
    #[case("data/hits/*.parquet", "data/hits/*.parquet")]
    #[case("SELECT 'a://b?c'", "SELECT 'a://b?c'")]
    fn urls_lose_user_information_and_query(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(url(text), expected);
    }

    #[rstest]
    #[case(
        "storage.storage_options.key=x",
        "storage.storage_options.key=<removed>"
    )]
    #[case(
        "--set=++workload.storage={storage_options: {key: x}}",
        "--set=++workload.storage=<removed>"
    )]
    #[case(
        "--params=storage.storage_options.key=x",
        "--params=storage.storage_options.key=<removed>"
    )]
    #[case("storage.options.timeout=3s", "storage.options.timeout=3s")]
    #[case("storage.options={timeout: 3s}", "storage.options=<removed>")]
    #[case("--table=t=s3://u:p@b/a?sig=1", "--table=t=s3://b/a")]
    #[case("t=s3://u:p@b/a", "t=s3://b/a")]
    #[case(
        "dataset.data_folder=data/x,https://u:p@h/b?sig=1",
        "dataset.data_folder=data/x,https://h/b"
    )]
    #[case(
        "storage.endpoints=[http://u:p@a, http://u:q@b:9]",
        "storage.endpoints=[http://a, http://b:9]"
    )]
    #[case("--source=t=https://u:p@h/a?sig=1", "--source=t=https://h/a")]
    #[case("--source=t=https://u:p@ss@h/a", "--source=t=https://h/a")]
    #[case("SELECT a FROM t WHERE b = 'c'", "SELECT a FROM t WHERE b = 'c'")]
    #[case("dataset.seed=3", "dataset.seed=3")]
    fn arguments_lose_the_secrets_that_configs_lose(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(argument(text), expected);
    }

    #[test]
    fn secret_storage_options_are_removed_wherever_their_name_gives_them_away() {
        let before = json!({"storage": {"storage_options": {
            "access_key_id": "a", "SECRET_access": "b", "session_token": "c", "password": "d", "region": "eu"}}});
        let after = json!({"storage": {"storage_options": {
            "access_key_id": REMOVED, "SECRET_access": REMOVED, "session_token": REMOVED, "password": REMOVED,
            "region": "eu"}}});
        assert_eq!(tree(before), after);
    }
}
