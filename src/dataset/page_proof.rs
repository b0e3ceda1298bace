//! Proof: compares the pages of a written file with the layout.

use std::sync::Arc;

use object_store::ObjectStore;
use object_store::path::Path;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};

use super::DatasetError;
use super::properties::write_batch;
use crate::config::{Layout, Statistics};
use crate::files::{PageFacts, has_bounds, may_lack_bounds, pages_of, root_of};

/// Tolerance for a page's size above its limit and the values of one batch: a factor and a number
/// of bytes. The writer only estimates the size.
const ESTIMATE_SLACK: f64 = 1.1;
const ESTIMATE_SLACK_BYTES: f64 = 4096.0;

/// Compares the pages of a file's first row group with the layout. All files of a dataset are
/// written with the same properties, so one file suffices.
pub(crate) async fn prove_pages(
    store: &Arc<dyn ObjectStore>,
    object: &Path,
    path: &str,
    metadata: &ParquetMetaData,
    layout: &Layout,
) -> Result<(), DatasetError> {
    let Some(row_group) = metadata.row_groups().first() else {
        return Ok(());
    };
    let rows = u64::try_from(row_group.num_rows()).unwrap_or(0);
    for chunk in row_group.columns() {
        let pages = pages_of(store, object, path, chunk, rows).await?;
        if let Some((what, found, wanted)) = difference(&pages, chunk, layout) {
            return Err(DatasetError::NotAsAsked {
                file: path.to_owned(),
                row_group: 0,
                column: Some(chunk.column_path().string()),
                what,
                found,
                wanted,
            });
        }
    }
    Ok(())
}

fn difference(
    pages: &[PageFacts],
    chunk: &ColumnChunkMetaData,
    layout: &Layout,
) -> Option<(&'static str, String, String)> {
    let asked = layout.chunk_of(root_of(chunk));
    // Values that the writer encodes between two checks of a page's size. If a nullable column has
    // either all values or none, the writer takes as many at once as a page may have rows. For
    // lists it takes whole rows, however long.
    let batch = match chunk.column_descr().max_def_level() {
        0 => write_batch(layout),
        _ => layout.data_page_rows,
    };
    let flat = chunk.column_descr().max_rep_level() == 0;
    for page in pages.iter().filter(|page| !page.is_dictionary) {
        if page.version != layout.writer_version {
            return Some((
                "the version of a data page",
                page.version.to_string(),
                layout.writer_version.to_string(),
            ));
        }
        // The writer checks a page's size after each batch.
        let most = layout.data_page_rows.saturating_add(batch);
        if flat && page.values >= most {
            return Some((
                "the number of rows of a data page",
                page.values.to_string(),
                format!("{} or hardly more", layout.data_page_rows),
            ));
        }
        let before_last_batch =
            page.bytes as f64 * (1.0 - batch as f64 / page.values.max(1) as f64);
        let limit = asked.data_page_bytes as f64 * ESTIMATE_SLACK + ESTIMATE_SLACK_BYTES;
        if flat && before_last_batch > limit {
            return Some((
                "the size of a data page in bytes",
                page.bytes.to_string(),
                format!("{} or hardly more", asked.data_page_bytes),
            ));
        }
        let wanted = asked.statistics == Statistics::Page;
        // Missing statistics are no difference here, as not every page has values that can be
        // compared.
        if page.has_statistics && !wanted {
            return Some((
                "the statistics of a data page",
                "there".to_owned(),
                "missing".to_owned(),
            ));
        }
    }
    let wanted = asked.statistics == Statistics::Page;
    let lacks = !has_bounds(chunk) && may_lack_bounds(chunk);
    if wanted && !lacks && !pages.iter().any(|page| page.has_statistics) {
        return Some((
            "the statistics of data pages",
            "missing".to_owned(),
            "there".to_owned(),
        ));
    }
    let dictionary = pages.iter().find(|page| page.is_dictionary && flat);
    if let Some(dictionary) = dictionary {
        let last_batch = batch as f64 * dictionary.bytes as f64 / dictionary.values.max(1) as f64;
        let limit = asked.dictionary_page_bytes as f64 * ESTIMATE_SLACK + ESTIMATE_SLACK_BYTES;
        if dictionary.bytes as f64 - last_batch > limit {
            return Some((
                "the size of a dictionary page in bytes",
                dictionary.bytes.to_string(),
                format!("{} or hardly more", asked.dictionary_page_bytes),
            ));
        }
    }
    None
}
