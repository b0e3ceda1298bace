//! Made-up texts that replace others: of the same length and the same kinds of characters.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::random::SplitMix64;

/// Replaces letters by other letters of their case and digits by other digits. Other ASCII
/// characters stay. The letters follow from `seed` and never from the text, so nobody can find a
/// name by its mask.
pub(super) fn masked(text: &str, seed: u64) -> String {
    let mut random = SplitMix64::new(xxh3_64_with_seed(b"a mask", seed));
    let mut next = |count: u32| random.next_half_mixed() % count;
    text.chars()
        .map(|character| {
            let (from, count) = match character {
                '0'..='9' => ('0', 10),
                'a'..='z' => ('a', 26),
                'A'..='Z' => ('A', 26),
                _ if character.is_ascii() => return character,
                // Letters of equally many bytes in UTF-8: Latin, Hiragana, Linear B.
                _ => match character.len_utf8() {
                    2 => ('\u{e0}', 22),
                    3 => ('\u{3041}', 80),
                    _ => ('\u{10080}', 120),
                },
            };
            char::from_u32(from as u32 + next(count)).unwrap_or(from)
        })
        .collect()
}

/// Masks texts so that all masks differ. Another `column` gives other masks.
pub(super) fn all_masked(column: &str, texts: &[String]) -> Vec<String> {
    const TRIES: u64 = 256;
    let column = xxh3_64_with_seed(column.as_bytes(), 0);
    let mut known = std::collections::HashSet::new();
    let mut all = Vec::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        let seed = |number: u64| column ^ ((index as u64) << 32 | number);
        let tries = || (0..TRIES).map(|number| masked(text, seed(number)));
        // Texts of signs alone have no other form, and identify nobody.
        let has_form = text
            .chars()
            .any(|it| it.is_alphanumeric() || !it.is_ascii());
        let free = tries()
            .find(|masked| !known.contains(masked) && masked != text)
            // Short texts are soon used up, and may then become themselves.
            .or_else(|| tries().find(|masked| !known.contains(masked)))
            .filter(|_| has_form)
            .or_else(|| (!has_form && !known.contains(text)).then(|| text.clone()));
        let masked = free.unwrap_or_else(|| format!("v{index}"));
        known.insert(masked.clone());
        all.push(masked);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masked_texts_keep_length_case_and_signs() {
        let text = "Größe-42/a b@C.de \u{6771}\u{4eac} \u{1f600}";
        let masked = masked(text, 0);
        assert_eq!(masked.len(), text.len());
        assert_ne!(masked, text);
        for (masked, original) in masked.chars().zip(text.chars()) {
            assert_eq!(masked.is_ascii_digit(), original.is_ascii_digit());
            assert_eq!(masked.is_ascii_uppercase(), original.is_ascii_uppercase());
            assert_eq!(
                masked.is_ascii_punctuation(),
                original.is_ascii_punctuation()
            );
            if original.is_ascii_punctuation() || original == ' ' {
                assert_eq!(masked, original);
            }
        }
    }

    #[test]
    fn a_mask_says_nothing_of_the_name() {
        let names = |first: &str| vec![first.to_owned(), "Carol".to_owned()];
        assert_eq!(
            all_masked("a", &names("Alice")),
            all_masked("a", &names("Bobby"))
        );
        assert_ne!(
            all_masked("a", &names("Alice")),
            all_masked("b", &names("Alice"))
        );
    }

    #[test]
    fn nothing_and_signs_stay_as_they_are() {
        let texts = ["".to_owned(), "-".to_owned(), "a-b".to_owned()];
        let masked = all_masked("column", &texts);
        assert_eq!(masked[..2], texts[..2]);
        assert_ne!(masked[2], texts[2]);
    }

    #[test]
    fn names_stay_different_and_none_is_kept() {
        let digits: Vec<String> = (0..10).map(|digit| digit.to_string()).collect();
        let masked = all_masked("column", &digits);
        let different: std::collections::HashSet<_> = masked.iter().collect();
        assert_eq!(different.len(), 10);
        let kept = masked
            .iter()
            .zip(&digits)
            .filter(|(masked, own)| masked == own);
        // The last free digit may be the text's own.
        assert!(kept.count() <= 1 && masked.iter().all(|masked| digits.contains(masked)));
    }
}
