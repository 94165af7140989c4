//! A table that is one plain Parquet file.

use super::{DataFile, LakeTable, Source};
use crate::meter::Meter;
use crate::reader::{FileReader, ReaderFactory};
use crate::store::{ByteStore, Location, StoreError};
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::arrow::parquet_to_arrow_schema;
use parquet::errors::ParquetError;
use protocol::TableVersion;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Why a Parquet file is not a table.
#[derive(Debug, thiserror::Error)]
pub enum ParquetTableError {
    /// Its length could not be learned.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its footer is not right.
    #[error("{location} is not a Parquet file that can be read: {source}")]
    Footer {
        /// The file.
        location: Location,
        /// What the reader says.
        source: ParquetError,
    },
}

/// Opens the Parquet file at `location`; reads its footer.
///
/// # Errors
/// [`ParquetTableError`] when it is not there or not Parquet.
pub async fn open(
    table: catalog::Name,
    location: Location,
    store: &dyn ByteStore,
    source: Source,
) -> Result<LakeTable, ParquetTableError> {
    let facts = store.facts(&location).await?;
    let readers = ReaderFactory {
        store: Arc::clone(&source.store),
        footers: Arc::default(),
        words: None,
        meter: Arc::new(Meter::default()),
    };
    let mut reader: FileReader = readers.open(location.clone(), facts.size_bytes);
    let footer = |source| ParquetTableError::Footer { location: location.clone(), source };
    let metadata = reader.get_metadata(None).await.map_err(footer)?;
    let file = metadata.file_metadata();
    let schema =
        parquet_to_arrow_schema(file.schema_descr(), file.key_value_metadata()).map_err(footer)?;
    let version = TableVersion {
        table,
        version: None,
        committed_at_us: facts.modified_us,
        n_files: 1,
        size_bytes: facts.size_bytes,
        stale_since_us: None,
    };
    let file =
        DataFile { location, size_bytes: facts.size_bytes, partition_values: BTreeMap::new() };
    Ok(LakeTable::of_files(version, schema.fields(), Vec::new(), vec![file], source))
}
