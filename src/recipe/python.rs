//! Literals and calls in Python.

/// A string literal.
pub(super) fn text(text: &str) -> String {
    let mut shown = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => shown.extend(['\\', character]),
            '\n' => shown.push_str("\\n"),
            character if character.is_control() => {
                shown.push_str(&format!("\\x{:02x}", u32::from(character)));
            }
            // Nobody sees these, and some turn the text around.
            character if !character.is_ascii() && !character.is_alphanumeric() => {
                shown.push_str(&match u32::from(character) {
                    code @ ..=0xffff => format!("\\u{code:04x}"),
                    code => format!("\\U{code:08x}"),
                });
            }
            character => shown.push(character),
        }
    }
    shown.push('"');
    shown
}

pub(super) fn boolean(value: bool) -> &'static str {
    match value {
        true => "True",
        false => "False",
    }
}

pub(super) fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}

pub(super) fn dictionary(entries: impl Iterator<Item = (String, String)>) -> String {
    let entries = entries.map(|(key, value)| format!("{}: {value}", text(&key)));
    format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
}

/// A call with an argument per line.
pub(super) fn call(function: &str, arguments: &[String]) -> String {
    let arguments: Vec<String> = arguments.iter().map(|it| format!("    {it},\n")).collect();
    format!("{function}(\n{})\n", arguments.concat())
}
