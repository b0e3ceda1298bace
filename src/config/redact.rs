//! Keeps secrets out of records and messages.

use serde_json::Value;

const REMOVED: &str = "<removed>";

/// Returns the tree without secret storage options and without the user information and queries of
/// URLs.
pub(super) fn tree(mut tree: Value) -> Value {
    for place in ["/storage/storage_options", "/reader/storage_options"] {
        let options = tree.pointer_mut(place).and_then(Value::as_object_mut);
        for (name, value) in options.into_iter().flatten() {
            let name = name.to_lowercase();
            if ["key", "secret", "token", "password"]
                .iter()
                .any(|word| name.contains(word))
            {
                *value = Value::from(REMOVED);
            }
        }
    }
    strip_urls(&mut tree);
    tree
}

/// Returns an argument of the command line, such as `storage.storage_options.key=x` or
/// `t=s3://user:password@bucket/a`, without the parts that `tree` removes. All values of storage
/// options are removed.
pub fn argument(text: &str) -> String {
    let (flag, rest) = ["--set=", "--params=", "--sweep=", "--table="]
        .iter()
        .find_map(|flag| Some((*flag, text.strip_prefix(flag)?)))
        .unwrap_or(("", text));
    match rest.split_once('=') {
        Some((name, _)) if rest.contains("storage_options") => format!("{flag}{name}={REMOVED}"),
        Some((name, value)) => format!("{flag}{name}={}", url(value)),
        None => url(text),
    }
}

fn strip_urls(value: &mut Value) {
    match value {
        Value::String(text) => *text = url(text),
        Value::Array(items) => items.iter_mut().for_each(strip_urls),
        Value::Object(map) => map.values_mut().for_each(strip_urls),
        _ => {}
    }
}

/// Removes secrets from a URL: `s3://user:password@bucket/a?signature=x` -> `s3://bucket/a`. A text
/// that is no URL stays unchanged.
pub(super) fn url(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    let is_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    if scheme.is_empty() || !scheme.chars().all(is_scheme) {
        return text.to_owned();
    }
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    // A local path has no query, and `?` in it is a wildcard.
    let path = if scheme == "file" {
        path
    } else {
        path.split(['?', '#']).next().unwrap_or_default()
    };
    format!("{scheme}://{host}{path}")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case("s3://user:pass@bucket/a?sig=1", "s3://bucket/a")]
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
    #[case("--table=t=s3://u:p@b/a?sig=1", "--table=t=s3://b/a")]
    #[case("t=s3://u:p@b/a", "t=s3://b/a")]
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
