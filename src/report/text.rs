//! Text from users and files, made harmless to a terminal and to a reader's eyes.

/// Longest name in a table or sentence, and longest text that came with a record, in characters.
const LONGEST_NAME: usize = 60;
const LONGEST_PASSAGE: usize = 600;

/// The text with a code, such as `\u{1b}` or `\n`, in place of every character that moves a cursor,
/// starts an escape sequence, hides text or turns the direction of writing.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_invisible(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// A text of at most 60 characters, with invisible ones as codes. A longer one has an ellipsis in
/// the middle.
pub(super) fn name(text: &str) -> String {
    shortened(visible(text), LONGEST_NAME)
}

/// A name in backticks, for a sentence in which it could be taken for a word: `none`.
pub(super) fn quoted(text: &str) -> String {
    // A backtick of its own would end the name.
    format!("`{}`", name(text).replace('`', "'"))
}

/// The first `most` names one after the other, and the number of the others.
pub(super) fn listed(names: &[String], most: usize) -> String {
    let shown = names[..names.len().min(most)].join(", ");
    match names.len().saturating_sub(most) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Someone else's text for a sentence or a line: at most 600 characters, with invisible ones as
/// codes.
pub(super) fn passage(text: &str) -> String {
    shortened(visible(text), LONGEST_PASSAGE)
}

fn shortened(shown: String, longest: usize) -> String {
    let length = shown.chars().count();
    if length <= longest {
        return shown;
    }
    // Names that are alike often differ at their end.
    let (start, end) = (longest / 2, longest - longest / 2 - 1);
    let after = shown.chars().skip(length - end);
    shown
        .chars()
        .take(start)
        .chain(['…'])
        .chain(after)
        .collect()
}

/// JSON with the same meaning, in which JSON's own escapes stand for the characters that
/// [`visible`] replaces.
pub(super) fn visible_json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    let mut units = [0; 2];
    for character in json.chars() {
        // Line ends belong to the layout: those of strings are escaped already.
        if character != '\n' && is_invisible(character) {
            for unit in character.encode_utf16(&mut units) {
                shown.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Returns true for controls, and for characters that Unicode calls default-ignorable or
/// bidirectional formatting (UAX 9, UTS 39).
fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("zstd(3), Größe 日本 🦀", "zstd(3), Größe 日本 🦀")]
    #[case("a\x1b[31mred\x07", "a\\u{1b}[31mred\\u{7}")]
    #[case("two\r\nlines\t", "two\\r\\nlines\\t")]
    #[case("\u{9b}31m\u{7f}", "\\u{9b}31m\\u{7f}")]
    #[case("gpj\u{202e}exe", "gpj\\u{202e}exe")]
    #[case("no\u{200b}thing\u{feff}", "no\\u{200b}thing\\u{feff}")]
    fn what_cannot_be_seen_is_shown_as_its_code(#[case] text: &str, #[case] shown: &str) {
        assert_eq!(visible(text), shown);
    }

    #[test]
    fn json_with_escapes_says_the_same() {
        let text = "a\x1b\u{9b}\u{7f}\u{202e}\u{e0001}\n é🦀\"\\";
        let json = serde_json::to_string_pretty(&[text]).unwrap();
        let shown = visible_json(&json);
        assert_eq!(serde_json::from_str::<[String; 1]>(&shown).unwrap(), [text]);
        assert_eq!(
            shown,
            "[\n  \"a\\u001b\\u009b\\u007f\\u202e\\udb40\\udc01\\n é🦀\\\"\\\\\"\n]"
        );
    }

    #[test]
    fn long_names_have_an_ellipsis_in_the_middle() {
        assert_eq!(name(&"é".repeat(60)), "é".repeat(60));
        let long = format!("{}{}", "é".repeat(10_000), "z");
        let shown = format!("{}…{}z", "é".repeat(30), "é".repeat(28));
        assert_eq!((name(&long), shown.chars().count()), (shown, 60));
    }
}
