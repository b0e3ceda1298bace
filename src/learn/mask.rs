//! Texts that stand in for others: as long, of the same kinds of characters, and made up.

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Letters become other letters of their case, digits other digits; what is neither stays. `salt` tells apart what would
/// become the same.
pub(super) fn masked(text: &str, salt: u64) -> String {
    let mut word = xxh3_64_with_seed(text.as_bytes(), salt);
    let mut next = |count: u32| {
        // SplitMix64's step and a part of its mixer do for names.
        word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        ((mixed >> 32) % u64::from(count)) as u32
    };
    text.chars()
        .map(|character| {
            let (from, count) = match character {
                '0'..='9' => ('0', 10),
                'a'..='z' => ('a', 26),
                'A'..='Z' => ('A', 26),
                _ if character.is_ascii() => return character,
                // Letters of as many bytes in UTF-8: Latin, Hiragana, Linear B.
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

/// As many texts, masked, and all different.
pub(super) fn all_masked(texts: &[String]) -> Vec<String> {
    const TRIES: u64 = 64;
    let mut known = std::collections::HashSet::new();
    texts
        .iter()
        .enumerate()
        .map(|(index, text)| {
            let free = (0..TRIES)
                .map(|salt| masked(text, salt))
                .find(|masked| !known.contains(masked) && !texts.contains(masked));
            // Short texts are soon used up.
            let masked = free.unwrap_or_else(|| format!("v{index}"));
            known.insert(masked.clone());
            masked
        })
        .collect()
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
    fn names_stay_different_and_none_is_kept() {
        let digits: Vec<String> = (0..10).map(|digit| digit.to_string()).collect();
        let masked = all_masked(&digits);
        let different: std::collections::HashSet<_> = masked.iter().collect();
        assert_eq!(different.len(), 10);
        assert!(masked.iter().all(|masked| !digits.contains(masked)));
    }
}
