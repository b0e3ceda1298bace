//! Text that must not be shown, such as passwords and signatures.

use std::fmt;
use std::sync::{Arc, LazyLock};

use parking_lot::Mutex;

/// Text in the place of a secret.
pub const REMOVED: &str = "<removed>";

/// Shortest secret that is looked for in messages, in bytes. A shorter one would also be found
/// where it is none.
const SHORTEST_BYTES: usize = 4;

/// Secrets that this process has learned, the longest first.
static KNOWN: LazyLock<Mutex<Vec<Arc<str>>>> = LazyLock::new(Mutex::default);

/// Text that must not be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<str>);

impl Secret {
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

/// Returns a message without the secrets that this process has learned. Libraries put them into
/// their errors: URLs with passwords and signatures, and headers.
pub fn without_secrets(message: &str) -> String {
    let known = KNOWN.lock();
    let found = known.iter().filter(|secret| message.contains(&***secret));
    found.fold(message.to_owned(), |text, secret| {
        text.replace(&**secret, REMOVED)
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
    }
}
