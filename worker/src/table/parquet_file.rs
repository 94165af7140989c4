//! A table that is one plain Parquet file.

use super::{DataFile, LakeTable, Source};
use crate::failure;
use crate::meter::Meter;
use crate::reader::{FileReader, Footers, ReaderFactory};
use crate::store::{ByteStore, Location, StoreError};
use datafusion::arrow::array::timezone::Tz;
use datafusion::arrow::datatypes::{DataType, FieldRef, Fields, IntervalUnit, TimeUnit};
use datafusion::datasource::physical_plan::parquet::Int96Coercer;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::arrow::parquet_to_arrow_schema;
use parquet::errors::ParquetError;
use protocol::{ErrorCode, Failure, TableVersion};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Why a Parquet file is not a table.
#[derive(Debug, thiserror::Error)]
pub enum ParquetTableError {
    /// Its length could not be learned.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Two of its columns have one name.
    #[error("{location}: two columns are called {column:?}, so neither can be asked for")]
    Twice {
        /// The file.
        location: Location,
        /// The name.
        column: String,
    },
    /// Its footer is not right.
    #[error("{location} is not a Parquet file that can be read: {source}")]
    Footer {
        /// The file.
        location: Location,
        /// What the reader says.
        source: ParquetError,
    },
}

impl ParquetTableError {
    /// Whether there is no such file.
    pub fn is_absent(&self) -> bool {
        matches!(
            self,
            ParquetTableError::Store(StoreError::Absent { .. } | StoreError::Forbidden { .. })
        )
    }

    /// The failure that the page is told.
    pub fn into_failure(self) -> Failure {
        match &self {
            ParquetTableError::Store(store) => failure::of_store(store),
            ParquetTableError::Twice { .. } => {
                Failure::new(ErrorCode::MalformedFile, self.to_string())
            }
            ParquetTableError::Footer { source, .. } => {
                let code = match failure::is_encrypted(source) {
                    true => ErrorCode::UnsupportedFeature,
                    false => ErrorCode::MalformedFile,
                };
                Failure::new(code, self.to_string())
            }
        }
    }
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
    let location = location.with_identity(facts.identity());
    let footers = Footers::within(source.store.budget());
    let FileFields { fields, needs_words } =
        fields(&location, facts.size_bytes, &source, &footers).await?;
    let version = TableVersion {
        table,
        version: None,
        committed_at_us: facts.modified_us,
        n_files: 1,
        size_bytes: facts.size_bytes,
        stale_since_us: None,
    };
    let (size_bytes, partition_values) = (facts.size_bytes, BTreeMap::new());
    let file = DataFile { location, size_bytes, partition_values, rows: None };
    let table = LakeTable::of_files(version, &fields, Vec::new(), vec![file], source);
    Ok(match needs_words {
        true => table.with_words(fields),
        false => table.with_footers(footers),
    })
}

/// The columns of a file as its table has them.
#[derive(Debug, Clone)]
pub struct FileFields {
    /// The columns.
    pub fields: Fields,
    /// Whether the file's own types are others, so that its footer is put in the table's words.
    pub needs_words: bool,
}

/// The columns of the file at `location`, from its footer, which is kept in `footers`. Times in the old 96-bit form are taken to
/// the microsecond: their nanoseconds do not fit where their years do.
///
/// # Errors
/// [`ParquetTableError`] when it is not there or not Parquet.
pub async fn fields(
    location: &Location,
    size_bytes: u64,
    source: &Source,
    footers: &Arc<Footers>,
) -> Result<FileFields, ParquetTableError> {
    let readers = ReaderFactory {
        store: Arc::clone(&source.store),
        footers: Arc::clone(footers),
        words: None,
        meter: Arc::new(Meter::default()),
    };
    let mut reader: FileReader = readers.open(location.clone(), size_bytes);
    let broken = |source: ParquetError| match cause_in_store(&source) {
        Some(error) => ParquetTableError::Store(error),
        None => ParquetTableError::Footer { location: location.clone(), source },
    };
    let metadata = reader.get_metadata(None).await.map_err(broken)?;
    let file = metadata.file_metadata();
    let schema =
        parquet_to_arrow_schema(file.schema_descr(), file.key_value_metadata()).map_err(broken)?;
    let coarse = Int96Coercer::new(file.schema_descr(), &schema, &TimeUnit::Microsecond).coerce();
    let found = coarse.unwrap_or(schema).fields().clone();
    let mut names = BTreeSet::new();
    if let Some(field) = found.iter().find(|field| !names.insert(field.name())) {
        let (location, column) = (location.clone(), field.name().clone());
        return Err(ParquetTableError::Twice { location, column });
    }
    let fields: Fields = found.iter().map(readable).collect();
    let needs_words = fields != found;
    Ok(FileFields { fields, needs_words })
}

/// The column in types that are read without loss: intervals have months beside days and
/// milliseconds, and an instant whose zone nobody knows here is shown in UTC.
fn readable(field: &FieldRef) -> FieldRef {
    let data_type = match field.data_type() {
        DataType::Interval(_) => DataType::Interval(IntervalUnit::MonthDayNano),
        DataType::Timestamp(unit, Some(zone)) if zone.parse::<Tz>().is_err() => {
            DataType::Timestamp(*unit, Some(Arc::from("UTC")))
        }
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(readable).collect()),
        DataType::List(item) => DataType::List(readable(item)),
        DataType::LargeList(item) => DataType::LargeList(readable(item)),
        DataType::FixedSizeList(item, size) => DataType::FixedSizeList(readable(item), *size),
        DataType::Map(entry, is_sorted) => DataType::Map(readable(entry), *is_sorted),
        _ => return Arc::clone(field),
    };
    Arc::new(field.as_ref().clone().with_data_type(data_type))
}

fn cause_in_store(error: &ParquetError) -> Option<StoreError> {
    match error {
        ParquetError::External(source) => source.downcast_ref::<StoreError>().cloned(),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
