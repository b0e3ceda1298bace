//! Prints a config as YAML: for reading it back unchanged, and for people to edit.

use serde_json::{Value as Json, json};

use super::interpolate;
use super::leaf::flag_of;

/// Placeholder for the list of columns until that is written.
const COLUMNS_HERE: &str = "__columns__";

/// Returns a resolved config as YAML. Reading it gives the same config.
pub fn to_yaml(resolved: &serde_json::Value) -> Result<String, String> {
    let mut resolved = resolved.clone();
    interpolate::escape(&mut resolved);
    serde_yaml::to_string(&resolved).map_err(|error| error.to_string())
}

/// Returns a config as YAML that people can edit: each column on a line of its own, as in the
/// configs that ship. Fails if there is no list of columns.
pub fn to_config_text(config: &Json) -> Result<String, String> {
    let mut config = config.clone();
    let columns = config
        .pointer_mut("/dataset/parquet")
        .and_then(Json::as_object_mut)
        .and_then(|parquet| parquet.insert("columns".to_owned(), json!(COLUMNS_HERE)));
    let Some(mut columns @ Json::Array(_)) = columns else {
        return Err("it has no list of columns".to_owned());
    };
    interpolate::escape(&mut columns);
    let mut lines = String::new();
    for column in columns.as_array().into_iter().flatten() {
        lines.push_str("\n    - ");
        flow(column, &mut lines)?;
    }
    Ok(to_yaml(&config)?.replacen(&format!(" {COLUMNS_HERE}"), &lines, 1))
}

/// Appends a value in YAML's flow style: like JSON, but with spaces and with unquoted keys.
fn flow(value: &Json, text: &mut String) -> Result<(), String> {
    match value {
        Json::Object(keys) if !keys.is_empty() => {
            for (index, (key, value)) in keys.iter().enumerate() {
                text.push_str(if index == 0 { "{ " } else { ", " });
                text.push_str(key);
                text.push_str(": ");
                flow(value, text)?;
            }
            text.push_str(" }");
        }
        Json::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push_str(", ");
                }
                flow(item, text)?;
            }
            text.push(']');
        }
        Json::String(plain) if is_plain(plain) => text.push_str(plain),
        other => {
            let json = serde_json::to_string(other).map_err(|error| error.to_string())?;
            for character in json.chars() {
                // JSON allows these characters in its strings, YAML only as escapes.
                match character {
                    '\u{7f}'..='\u{9f}'
                    | '\u{2028}'
                    | '\u{2029}'
                    | '\u{feff}'
                    | '\u{fffe}'
                    | '\u{ffff}' => {
                        text.push_str(&format!("\\u{:04x}", u32::from(character)));
                    }
                    character => text.push(character),
                }
            }
        }
    }
    Ok(())
}

/// Returns true if YAML reads an unquoted text as that text: it begins with a letter, consists of
/// letters, digits and `_`, and is not a special word of YAML 1.1.
fn is_plain(text: &str) -> bool {
    const WORDS: [&str; 4] = ["null", "nan", "inf", "infinity"];
    let named = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    named && flag_of(text).is_none() && !WORDS.contains(&text.to_ascii_lowercase().as_str())
}
