//! A look at an object after it was written.

use object_store::path::Path;
use object_store::{Error, ObjectStoreExt, PutResult, Result};

use super::store::Store;

/// Checks that a store behind a network has an object as it was sent.
pub(super) async fn kept(store: &Store, path: &Path, bytes: u64, put: &PutResult) -> Result<()> {
    if !store.is_remote() {
        return Ok(());
    }
    let failed = |what: String| Error::Generic {
        store: "upload",
        source: format!(
            "{}: the store answered that it kept the object, {what}; it was not written",
            store.shown(path)
        )
        .into(),
    };
    let found = match store.objects().head(path).await {
        Ok(found) => found,
        Err(Error::NotFound { .. }) => {
            return Err(failed("and has none of that name".to_owned()));
        }
        Err(error) => return Err(error),
    };
    if found.size != bytes {
        let what = format!("sent were {bytes} bytes, and it has {}", found.size);
        return Err(failed(what));
    }
    match (&put.e_tag, &found.e_tag) {
        (Some(sent), Some(found)) if bare(sent) != bare(found) => Err(failed(format!(
            "its ETag was {sent} then, and is {found} now"
        ))),
        _ => Ok(()),
    }
}

/// Returns a tag without the marks that some answers have and others leave out.
fn bare(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"')
}
