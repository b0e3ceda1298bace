//! Text that must not be shown, such as passwords and signatures.

use std::fmt;
use std::sync::{Arc, LazyLock};

use parking_lot::Mutex;

/// Text in the place of a secret.
pub const REMOVED: &str = "<removed>";

/// Shortest secret that is looked for in messages, in bytes. A shorter one would also be found
/// where it is none.
const SHORTEST_BYTES: usize = 8;

/// Secrets that this process has learned, the longest first.
static KNOWN: LazyLock<Mutex<Vec<Arc<str>>>> = LazyLock::new(Mutex::default);

/// Text that must not be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Keeps the name of a key, which is shown nowhere, and is looked for in no message: such names
    /// may be words of everyday use.
    pub fn name(text: &str) -> Self {
        Secret(Arc::from(text))
    }

    /// Keeps a secret. [`without_secrets`] removes it from now on.
    pub fn new(text: &str) -> Self {
        let secret: Arc<str> = Arc::from(text);
        let mut known = KNOWN.lock();
        if text.len() >= SHORTEST_BYTES && !known.contains(&secret) {
            known.push(Arc::clone(&secret));
            known.sort_by_key(|it| std::cmp::Reverse(it.len()));
        }
        Secret(secret)
    }

    /// Returns the secret itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REMOVED)
    }
}

/// Returns a message without the secrets that this process has learned, where they stand as words
/// of their own. Libraries put them into their errors: URLs with passwords and signatures, and
/// headers.
pub fn without_secrets(message: &str) -> String {
    let known = KNOWN.lock();
    let found = known.iter().filter(|secret| message.contains(&***secret));
    found.fold(message.to_owned(), |text, secret| {
        let mut shown = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some(at) = rest.find(&**secret) {
            let (before, after) = (&rest[..at], &rest[at + secret.len()..]);
            let is_part = |neighbour: Option<char>| neighbour.is_some_and(char::is_alphanumeric);
            let is_word = !is_part(before.chars().next_back()) && !is_part(after.chars().next());
            shown.push_str(before);
            shown.push_str(match is_word {
                true => REMOVED,
                false => secret,
            });
            rest = after;
        }
        shown.push_str(rest);
        shown
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_in_no_message() {
        let secret = Secret::new("planted-in-a-test");
        let longer = Secret::new("planted-in-a-test-too");
        let message = format!("a {} b {} c", secret.reveal(), longer.reveal());
        assert_eq!(
            without_secrets(&message),
            format!("a {REMOVED} b {REMOVED} c")
        );
        assert_eq!(format!("{secret:?}"), REMOVED);
        let _ = Secret::new("a");
        assert_eq!(without_secrets("a word"), "a word");
        let _ = Secret::new("planted-part");
        assert_eq!(without_secrets("a planted-parts"), "a planted-parts");
    }
}
