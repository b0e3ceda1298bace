//! Templates of text: `user-{zipf:6}`.

use crate::config::model::TemplatePart;
use crate::suggest::did_you_mean;

/// The placeholders, each with its default width in characters. Numbers that count are padded to
/// the width.
const PLACEHOLDERS: [(&str, u64); 8] = [
    ("row", 0),
    ("uniform", 0),
    ("zipf", 0),
    ("word", 0),
    ("hex", 8),
    ("digits", 8),
    ("letters", 8),
    ("uuid", 0),
];

/// Largest width of a placeholder, in characters.
const WIDEST: u64 = 1 << 20;

/// Splits a template into its parts. `{{` and `}}` stand for a brace.
///
/// # Errors
///
/// A message that names the unknown or unfinished placeholder.
pub(super) fn parse(text: &str) -> Result<Vec<TemplatePart>, String> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        literal.push_str(before);
        if let Some(after) = from.strip_prefix("{{") {
            literal.push('{');
            rest = after;
        } else if let Some(after) = from.strip_prefix("}}") {
            literal.push('}');
            rest = after;
        } else if from.starts_with('}') {
            return Err("has a `}` without its `{`; write `}}` for a brace".to_owned());
        } else {
            let Some((inside, after)) = from.get(1..).and_then(|from| from.split_once('}')) else {
                return Err("has a `{` without its `}`; write `{{` for a brace".to_owned());
            };
            if !literal.is_empty() {
                parts.push(TemplatePart::Text(std::mem::take(&mut literal)));
            }
            parts.push(placeholder(inside)?);
            rest = after;
        }
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        parts.push(TemplatePart::Text(literal));
    }
    if parts
        .iter()
        .all(|part| matches!(part, TemplatePart::Text(_)))
    {
        return Err(
            "has no placeholder, so every value would be one; write `kind: constant`".to_owned(),
        );
    }
    Ok(parts)
}

fn placeholder(inside: &str) -> Result<TemplatePart, String> {
    let (name, width) = match inside.split_once(':') {
        Some((name, width)) => (name.trim(), Some(width.trim())),
        None => (inside.trim(), None),
    };
    let known = PLACEHOLDERS.iter().map(|(known, _)| *known);
    let Some((_, default)) = PLACEHOLDERS.iter().find(|(known, _)| *known == name) else {
        let near = did_you_mean(name, known.clone());
        let known: Vec<&str> = known.collect();
        return Err(format!(
            "has `{{{inside}}}`, which is not a placeholder; known: {}{near}",
            known.join(", ")
        ));
    };
    let width = match width {
        None => *default,
        Some(_) if ["word", "uuid"].contains(&name) => {
            return Err(format!("has `{{{inside}}}`; `{name}` takes no width"));
        }
        Some(width) => width
            .parse()
            .ok()
            .filter(|width| (1..=WIDEST).contains(width))
            .ok_or_else(|| {
                format!("has `{{{inside}}}`; a width is a number of characters, 1 to {WIDEST}")
            })?,
    };
    Ok(match name {
        "row" => TemplatePart::Row(width),
        "uniform" => TemplatePart::Uniform(width),
        "zipf" => TemplatePart::Zipf(width),
        "word" => TemplatePart::Word,
        "hex" => TemplatePart::Hex(width),
        "digits" => TemplatePart::Digits(width),
        "letters" => TemplatePart::Letters(width),
        _ => TemplatePart::Uuid,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn text_and_placeholders_alternate() {
        let text = |text: &str| TemplatePart::Text(text.to_owned());
        assert_eq!(
            parse("https://{word}.example/{{{zipf:6}}}?id={uuid}").unwrap(),
            [
                text("https://"),
                TemplatePart::Word,
                text(".example/{"),
                TemplatePart::Zipf(6),
                text("}?id="),
                TemplatePart::Uuid
            ]
        );
        assert_eq!(parse("{hex}").unwrap(), [TemplatePart::Hex(8)]);
    }

    #[rstest]
    #[case("user-{zip}", "did you mean `zipf`?")]
    #[case("user-{zipf", "without its `}`")]
    #[case("user}", "without its `{`")]
    #[case("user", "write `kind: constant`")]
    #[case("{hex:0}", "1 to 1048576")]
    #[case("{hex:many}", "1 to 1048576")]
    #[case("{uuid:3}", "takes no width")]
    fn what_is_no_template_is_refused(#[case] text: &str, #[case] expected: &str) {
        let message = parse(text).unwrap_err();
        assert!(message.contains(expected), "{message}");
    }
}
