//! Keeps secrets out of records and messages.

use serde_json::Value;

const REMOVED: &str = "<removed>";

/// The tree without secret storage options, and without the user information and queries of URLs.
pub(super) fn tree(mut tree: Value) -> Value {
    if let Some(options) = tree
        .pointer_mut("/storage/storage_options")
        .and_then(Value::as_object_mut)
    {
        for (name, value) in options {
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

fn strip_urls(value: &mut Value) {
    match value {
        Value::String(text) => *text = url(text),
        Value::Array(items) => items.iter_mut().for_each(strip_urls),
        Value::Object(map) => map.values_mut().for_each(strip_urls),
        _ => {}
    }
}

/// `s3://user:password@bucket/a?signature=x` -> `s3://bucket/a`. A text that is no URL stays as it is.
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
