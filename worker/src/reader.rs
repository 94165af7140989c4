//! Reads Parquet files for DataFusion out of a byte store: the footer once, then the ranges that the
//! scan asks for.

use crate::footer;
use crate::meter::Meter;
use crate::store::budget::{Budget, Shrink};
use crate::store::cached::CachedStore;
use crate::store::{ByteStore, Location, StoreError};
use crate::table::Words;
use bytes::Bytes;
use datafusion::common::{DataFusionError, Result as DataFusionResult};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::ParquetFileReaderFactory;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::FutureExt;
use futures::future::BoxFuture;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::{AsyncFileReader, MetadataFetch};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// What one column of one row group may unpack to, in bytes. Writers aim at row groups of 128 MB.
const MAX_CHUNK_BYTES: i64 = 1 << 30;

/// A part of a file that unpacks to more than the engine takes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{location}, column {column}: {packed} bytes unpack to {unpacked}, above {MAX_CHUNK_BYTES}"
)]
pub struct Oversized {
    /// The file.
    pub location: Location,
    /// The column, with dots.
    pub column: String,
    /// Its bytes in the file.
    pub packed: i64,
    /// Its bytes in memory, as the footer says.
    pub unpacked: i64,
}

/// How many columns a file is taken to have of which nothing is known.
const UNKNOWN_COLUMNS: usize = 30;

/// What the footers of one table may take in memory, in bytes.
const MAX_FOOTER_BYTES: u64 = 64 << 20;

/// Footers of one table's files, which never change, in the table's words. The one that was not used
/// for longest goes first, also when the engine needs the memory for something else.
#[derive(Debug)]
pub struct Footers {
    budget: Arc<Budget>,
    held: Mutex<HeldFooters>,
}

#[derive(Debug, Default)]
struct HeldFooters {
    by_location: HashMap<Location, HeldFooter>,
    /// When each was last used.
    by_use: BTreeMap<u64, Location>,
    n_uses: u64,
    size_bytes: u64,
    /// The longest that was read, page index included, in bytes of the file.
    longest_bytes: u64,
}

#[derive(Debug)]
struct HeldFooter {
    footer: Arc<ParquetMetaData>,
    last_use: u64,
    size_bytes: u64,
}

impl HeldFooters {
    fn touch(&mut self, location: &Location) -> Option<Arc<ParquetMetaData>> {
        let held = self.by_location.get_mut(location)?;
        self.n_uses += 1;
        self.by_use.remove(&held.last_use);
        held.last_use = self.n_uses;
        self.by_use.insert(self.n_uses, location.clone());
        Some(Arc::clone(&held.footer))
    }

    /// Drops a footer; what it took.
    fn remove(&mut self, location: &Location) -> u64 {
        let Some(gone) = self.by_location.remove(location) else { return 0 };
        self.by_use.remove(&gone.last_use);
        self.size_bytes -= gone.size_bytes;
        gone.size_bytes
    }

    /// Drops the footer that was not used for longest; what it took.
    fn evict(&mut self) -> Option<u64> {
        let (_, location) = self.by_use.first_key_value()?;
        let location = location.clone();
        Some(self.remove(&location))
    }
}

impl Footers {
    /// No footers yet; those that come take from `budget`.
    pub fn within(budget: &Arc<Budget>) -> Arc<Footers> {
        let footers = Arc::new(Footers { budget: Arc::clone(budget), held: Mutex::default() });
        let holder: Weak<Footers> = Arc::downgrade(&footers);
        budget.register(holder);
        footers
    }

    fn held(&self) -> MutexGuard<'_, HeldFooters> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, location: &Location) -> Option<Arc<ParquetMetaData>> {
        self.held().touch(location)
    }

    /// Drops the footer of a file that has another content by now.
    fn forget(&self, location: &Location) {
        let freed_bytes = self.held().remove(location);
        self.budget.give_back(freed_bytes);
    }

    /// How much of a file's end to read for its footer: as much as the longest one so far took.
    fn tail_bytes(&self, words: Option<&Words>) -> u64 {
        match self.held().longest_bytes {
            0 => footer::guessed_tail(words.map_or(UNKNOWN_COLUMNS, |words| words.fields.len())),
            longest_bytes => longest_bytes,
        }
    }

    fn keep(&self, location: &Location, footer: &Arc<ParquetMetaData>, file_bytes: u64) {
        self.forget(location);
        let size_bytes = footer.memory_size() as u64;
        let has_room = self.budget.try_take(size_bytes) || {
            self.budget.shrink(size_bytes);
            self.budget.try_take(size_bytes)
        };
        let mut held = self.held();
        held.longest_bytes = held.longest_bytes.max(footer::tail(footer, file_bytes));
        if !has_room {
            return;
        }
        held.n_uses += 1;
        held.size_bytes += size_bytes;
        let last_use = held.n_uses;
        held.by_use.insert(last_use, location.clone());
        let footer = Arc::clone(footer);
        held.by_location.insert(location.clone(), HeldFooter { footer, last_use, size_bytes });
        while held.size_bytes > MAX_FOOTER_BYTES
            && let Some(freed_bytes) = held.evict()
        {
            self.budget.give_back(freed_bytes);
        }
    }
}

impl Shrink for Footers {
    fn shrink(&self, n_bytes: u64) -> u64 {
        let mut held = self.held();
        let mut freed_bytes = 0;
        while freed_bytes < n_bytes
            && let Some(n_bytes) = held.evict()
        {
            freed_bytes += n_bytes;
        }
        self.budget.give_back(freed_bytes);
        freed_bytes
    }
}

impl Drop for Footers {
    fn drop(&mut self) {
        let held = self.held.get_mut().unwrap_or_else(PoisonError::into_inner);
        self.budget.give_back(held.size_bytes);
    }
}

/// Makes a reader for each file of a scan, counting on one question's meter.
#[derive(Debug)]
pub struct ReaderFactory {
    /// Where the bytes come from.
    pub store: Arc<CachedStore>,
    /// Footers that were read before.
    pub footers: Arc<Footers>,
    /// The table's names for what is in the files; `None` where the files' own names hold.
    pub words: Option<Arc<Words>>,
    /// The question's counters.
    pub meter: Arc<Meter>,
}

impl ReaderFactory {
    /// A reader of the file at `location`, which has `size_bytes`.
    pub fn open(&self, location: Location, size_bytes: u64) -> FileReader {
        FileReader {
            location,
            size_bytes,
            store: Arc::clone(&self.store),
            footers: Arc::clone(&self.footers),
            words: self.words.clone(),
            meter: Arc::clone(&self.meter),
        }
    }
}

impl ParquetFileReaderFactory for ReaderFactory {
    fn create_reader(
        &self,
        _partition_idx: usize,
        file: PartitionedFile,
        _metadata_size_hint: Option<usize>,
        _metrics: &ExecutionPlanMetricsSet,
    ) -> DataFusionResult<Box<dyn AsyncFileReader + Send>> {
        let location = file.extension::<Location>().cloned().ok_or_else(|| {
            DataFusionError::Internal(format!("file {} has no location", file.path()))
        })?;
        Ok(Box::new(self.open(location, file.object_meta.size)))
    }
}

/// One Parquet file of known size.
#[derive(Debug)]
pub struct FileReader {
    /// The file.
    pub location: Location,
    /// Its size, as the log or the server tells.
    pub size_bytes: u64,
    /// Where the bytes come from.
    pub store: Arc<CachedStore>,
    footers: Arc<Footers>,
    words: Option<Arc<Words>>,
    /// The question's counters.
    pub meter: Arc<Meter>,
}

impl AsyncFileReader for FileReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, ParquetResult<Bytes>> {
        async move {
            let bytes = self.get_byte_ranges(vec![range]).await?;
            Ok(bytes.into_iter().next().unwrap_or_default())
        }
        .boxed()
    }

    fn get_byte_ranges(
        &mut self,
        ranges: Vec<Range<u64>>,
    ) -> BoxFuture<'_, ParquetResult<Vec<Bytes>>> {
        async move {
            self.check(&ranges)?;
            self.check_sizes(&ranges)?;
            self.meter.share_the_thread().await;
            let fetched = self.store.get_ranges(&self.location, &ranges, &self.meter).await;
            if let Err(StoreError::Changed { .. }) = fetched {
                // Its bytes are forgotten, and so is what they were read by.
                self.footers.forget(&self.location);
            }
            fetched.map_err(external)
        }
        .boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, ParquetResult<Arc<ParquetMetaData>>> {
        async move {
            self.meter.add_file(self.location.as_str());
            if let Some(footer) = self.footers.get(&self.location) {
                return Ok(footer);
            }
            let tail_bytes = self.footers.tail_bytes(self.words.as_deref());
            // The page index is read with the footer, whatever this scan wants, since the footer is
            // kept for all later scans.
            let reader = ParquetMetaDataReader::new()
                .with_prefetch_hint(Some(tail_bytes.min(self.size_bytes) as usize))
                .with_metadata_options(options.map(|options| options.metadata_options().clone()))
                .with_page_index_policy(PageIndexPolicy::Optional);
            let size_bytes = self.size_bytes;
            let loaded = reader.load_and_finish(Tail(self), size_bytes).await;
            let checked = loaded.and_then(|footer| {
                let footer = footer::mended(footer);
                footer::check(&footer, size_bytes)?;
                Ok(footer)
            });
            let named = checked.and_then(|footer| match &self.words {
                Some(words) => words.put(footer),
                None => Ok(footer),
            });
            let footer = match named {
                Ok(footer) => Arc::new(footer),
                Err(error) => return Err(self.explained(error).await),
            };
            self.footers.keep(&self.location, &footer, size_bytes);
            Ok(footer)
        }
        .boxed()
    }
}

impl FileReader {
    /// Why the footer could not be read: where the file has another size than its table says,
    /// that is why.
    async fn explained(&self, error: ParquetError) -> ParquetError {
        let is_of_bytes = match &error {
            ParquetError::External(source) => matches!(
                source.downcast_ref::<StoreError>(),
                Some(StoreError::WrongBytes { .. } | StoreError::NoRanges { .. })
            ),
            _ => true,
        };
        if is_of_bytes
            && let Ok(facts) = self.store.facts(&self.location).await
            && facts.size_bytes != self.size_bytes
        {
            let (location, said, found) = (&self.location, self.size_bytes, facts.size_bytes);
            let text = format!("{location}: the log says {said} bytes, the file has {found}");
            return ParquetError::General(text);
        }
        match error {
            ParquetError::External(source) => ParquetError::External(source),
            error => ParquetError::General(format!("{}: {error}", self.location)),
        }
    }

    /// Refuses ranges beyond the file before anything is fetched or allocated for them.
    fn check(&self, ranges: &[Range<u64>]) -> ParquetResult<()> {
        match ranges.iter().find(|range| range.start > range.end || range.end > self.size_bytes) {
            None => Ok(()),
            Some(range) => Err(ParquetError::General(format!(
                "{}: bytes {}..{} are not within its {} bytes",
                self.location, range.start, range.end, self.size_bytes
            ))),
        }
    }
}

impl FileReader {
    /// Refuses column chunks that unpack to more than the engine takes, before they are fetched.
    fn check_sizes(&self, ranges: &[Range<u64>]) -> ParquetResult<()> {
        let Some(footer) = self.footers.get(&self.location) else { return Ok(()) };
        let chunks = footer.row_groups().iter().flat_map(|group| group.columns());
        let mut oversized = chunks.filter(|chunk| chunk.uncompressed_size() > MAX_CHUNK_BYTES);
        let hit = oversized.find(|chunk| {
            let bytes = footer::chunk_bytes(chunk).unwrap_or_default();
            ranges.iter().any(|range| range.start < bytes.end && bytes.start < range.end)
        });
        match hit {
            None => Ok(()),
            Some(chunk) => Err(ParquetError::External(Box::new(Oversized {
                location: self.location.clone(),
                column: chunk.column_path().string(),
                packed: chunk.compressed_size(),
                unpacked: chunk.uncompressed_size(),
            }))),
        }
    }
}

/// The footer's way to the bytes.
struct Tail<'a>(&'a mut FileReader);

impl MetadataFetch for Tail<'_> {
    fn fetch(&mut self, range: Range<u64>) -> BoxFuture<'_, ParquetResult<Bytes>> {
        self.0.get_bytes(range)
    }
}

fn external(error: StoreError) -> ParquetError {
    ParquetError::External(Box::new(error))
}
