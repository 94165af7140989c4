//! The footer of one Parquet file, with its page index.

use crate::meter::Meter;
use crate::store::cached::CachedStore;
use crate::store::{Location, StoreError};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use parquet::arrow::async_reader::MetadataFetch;
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};
use protocol::{ErrorCode, Failure};
use std::ops::Range;
use std::sync::Arc;

/// What the first read at a file's end asks for.
const TAIL_BYTES: u64 = 32 * 1024;

/// After the footer come its length and the magic bytes.
const END_BYTES: u64 = 8;

/// A footer and how long it is.
#[derive(Debug)]
pub struct Footer {
    /// What it says.
    pub metadata: ParquetMetaData,
    /// Its length, without what follows it.
    pub size_bytes: u64,
}

/// Reads the footer of the file at `location`, which has `size_bytes`; counted on `meter`.
///
/// # Errors
/// A [`Failure`]: the bytes do not come, or they are no footer.
pub async fn read(
    location: &Location,
    size_bytes: u64,
    store: &Arc<CachedStore>,
    meter: &Arc<Meter>,
) -> Result<Footer, Failure> {
    let malformed = |reason: String| {
        let message = format!("{location} is not a Parquet file that can be read: {reason}");
        Failure::new(ErrorCode::MalformedFile, message)
    };
    if size_bytes < END_BYTES {
        return Err(malformed(format!("it has {size_bytes} bytes, fewer than an empty one")));
    }
    let mut tail = Tail { location, size_bytes, store, meter };
    let end = tail.fetch(size_bytes.saturating_sub(TAIL_BYTES)..size_bytes);
    let end = end.await.map_err(|error| of_parquet(error, malformed))?;
    let length = end
        .last_chunk::<8>()
        .map(|[a, b, c, d, ..]| u64::from(u32::from_le_bytes([*a, *b, *c, *d])))
        .unwrap_or_default();
    let reader = ParquetMetaDataReader::new()
        .with_prefetch_hint(Some(TAIL_BYTES.min(size_bytes) as usize))
        .with_page_index_policy(PageIndexPolicy::Optional);
    let loaded = reader.load_and_finish(tail, size_bytes).await;
    let metadata = loaded.map_err(|error| of_parquet(error, malformed))?;
    // A hint that stops who follows it is left out; all else is shown as it is.
    let metadata = crate::footer::without_foreign_hint(metadata);
    Ok(Footer { metadata, size_bytes: length })
}

fn of_parquet(error: ParquetError, malformed: impl Fn(String) -> Failure) -> Failure {
    match error {
        ParquetError::External(source) => match source.downcast_ref::<StoreError>() {
            Some(store) => crate::failure::of_store(store),
            None => malformed(source.to_string()),
        },
        error => malformed(error.to_string()),
    }
}

/// The footer's way to the bytes.
struct Tail<'a> {
    location: &'a Location,
    size_bytes: u64,
    store: &'a Arc<CachedStore>,
    meter: &'a Arc<Meter>,
}

impl MetadataFetch for Tail<'_> {
    fn fetch(&mut self, range: Range<u64>) -> BoxFuture<'_, ParquetResult<Bytes>> {
        async move {
            // Refused before anything is fetched or allocated for it.
            if range.start > range.end || range.end > self.size_bytes {
                let reason = format!(
                    "it points to bytes {}..{} of {}",
                    range.start, range.end, self.size_bytes
                );
                return Err(ParquetError::General(reason));
            }
            let fetched = self.store.get_ranges(self.location, &[range], self.meter).await;
            let bytes = fetched.map_err(|error| ParquetError::External(Box::new(error)))?;
            Ok(bytes.into_iter().next().unwrap_or_default())
        }
        .boxed()
    }
}
