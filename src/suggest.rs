//! Suggests the known word that is nearest to an unknown one.

/// Longest word that is compared, in bytes. Counting typing errors takes time quadratic in the
/// length, and no name is this long.
const LONGEST_WORD_BYTES: usize = 100;

/// Fewest bytes of a word to be near to another word that begins with it.
const SHORTEST_BEGINNING_BYTES: usize = 3;

/// Returns the candidate that was probably meant by `word`, ignoring case. At most a third of the
/// letters are typing errors (Damerau and Levenshtein's), or one of the two begins with the other.
/// The first of several that are equally near is returned.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > LONGEST_WORD_BYTES {
        return None;
    }
    let word = word.to_lowercase();
    let allowed = (word.chars().count() / 3).max(1);
    let begins = |long: &str, short: &str| {
        short.len() >= SHORTEST_BEGINNING_BYTES && long.starts_with(short)
    };
    candidates
        .into_iter()
        .map(|candidate| {
            let known = candidate.to_lowercase();
            // If one continues the other, it is as near as one typing error, whatever follows.
            if begins(&word, &known) || begins(&known, &word) {
                return (1, candidate);
            }
            (strsim::damerau_levenshtein(&word, &known), candidate)
        })
        .filter(|(errors, candidate)| {
            // A short word is near to every other short word, so at least one letter must agree.
            *errors <= allowed && *errors < candidate.chars().count()
        })
        .min_by_key(|(errors, _)| *errors)
        .map(|(_, candidate)| candidate)
}

/// Returns the candidate with the fewest typing errors, the first of several, if there are at most
/// `errors`. It is for words of a small grammar, whose beginnings say little.
pub fn nearest_within(
    word: &str,
    candidates: impl IntoIterator<Item = &'static str>,
    errors: usize,
) -> Option<&'static str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(found, _)| *found <= errors)
        .min_by_key(|(found, _)| *found)
        .map(|(_, candidate)| candidate)
}

/// Returns ` (did you mean `x`?)`, to be appended to a message. Empty if no candidate is near.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
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
    fn of_two_that_go_on_the_first_is_taken() {
        let known = ["num_files_train", "num_files_eval"];
        assert_eq!(nearest("num_files", known), Some("num_files_train"));
        assert_eq!(nearest("top", ["full_scan", "top_k"]), Some("top_k"));
    }

    #[test]
    fn a_word_unlike_any_candidate_finds_none() {
        assert_eq!(nearest("bananas", ["none", "zstd"]), None);
        assert_eq!(nearest("a", ["b", "c"]), None);
        assert_eq!(did_you_mean("bananas", ["zstd"]), "");
    }

    #[test]
    fn a_limit_of_errors_holds_and_the_first_of_equals_is_taken() {
        let known = ["rows", "rods"];
        assert_eq!(nearest_within("rowz", known, 1), Some("rows"));
        assert_eq!(nearest_within("roos", known, 1), Some("rows"));
        assert_eq!(nearest_within("columns", known, 2), None);
    }
}
