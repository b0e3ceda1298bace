//! What the user probably meant: the nearest known word to one that nobody knows.

/// The candidate with the fewest typing errors between it and `word`, where they are few enough to be a slip.
pub(super) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    // Counting typing errors takes time quadratic in the length, and no key is this long.
    if word.len() > 100 {
        return None;
    }
    let word = word.to_lowercase();
    let allowed = (word.chars().count() / 3).max(1);
    // One that goes on where the other ends is as near as a slip.
    let continues = |long: &str, short: &str| short.len() >= 4 && long.starts_with(short);
    candidates
        .into_iter()
        .map(|candidate| {
            let known = candidate.to_lowercase();
            if continues(&word, &known) || continues(&known, &word) {
                return (1, candidate);
            }
            (strsim::damerau_levenshtein(&word, &known), candidate)
        })
        .filter(|(distance, candidate)| {
            // A short word is near to every other short word; at least one letter must agree.
            *distance <= allowed && *distance < candidate.chars().count()
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// ` (did you mean `x`?)`, or nothing where no candidate is near.
pub(super) fn did_you_mean<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> String {
    nearest(word, candidates)
        .map(|candidate| format!(" (did you mean `{candidate}`?)"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_the_word_that_was_meant() {
        assert_eq!(nearest("zstdd", ["none", "zstd", "snappy"]), Some("zstd"));
        assert_eq!(nearest("ZSTD", ["none", "zstd"]), Some("zstd"));
        assert_eq!(
            nearest("row_group", ["row_group_size", "columns"]),
            Some("row_group_size")
        );
        assert_eq!(nearest("zstd:9", ["lz4", "zstd"]), Some("zstd"));
        assert_eq!(
            nearest("num_file_train", ["num_files_train", "format"]),
            Some("num_files_train")
        );
    }

    #[test]
    fn a_word_unlike_any_candidate_finds_none() {
        assert_eq!(nearest("bananas", ["none", "zstd"]), None);
        assert_eq!(nearest("a", ["b", "c"]), None);
        assert_eq!(did_you_mean("bananas", ["zstd"]), "");
    }
}
