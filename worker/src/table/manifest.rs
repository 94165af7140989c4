//! A table that is a list of Parquet files: JSON beside them, since a browser cannot list a folder.
//!
//! `{"files": [{"path": "year=2024/a.parquet", "size": 1234}]}`; paths are relative to the list or
//! absolute URLs, and a size that is not there is asked for. Folders named `key=value` are partition
//! columns, as in Hive. The columns are those of all files together; a file that lacks some has nulls.

use super::parquet_file::{self, FileFields, ParquetTableError};
use super::union::{self, UnionError};
use super::{DataFile, LakeTable, Source};
use crate::failure;
use crate::reader::Footers;
use crate::store::{ByteStore, Location, StoreError};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::common::ScalarValue;
use futures::stream::{self, StreamExt, TryStreamExt};
use percent_encoding::percent_decode_str;
use protocol::{ErrorCode, Failure, TableVersion};
use query::Date;
use serde::Deserialize;
use std::sync::Arc;

/// What Hive writes in place of a null.
const HIVE_NULL: &str = "__HIVE_DEFAULT_PARTITION__";

/// So many sizes are asked for at once.
const MAX_FLYING: usize = 8;

/// Why a list of files is not a table.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// Bytes did not come.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Not the JSON of such a list.
    #[error("{location} is not a list of files: {source}")]
    Json {
        /// The list.
        location: Location,
        /// What the JSON parser says.
        source: serde_json::Error,
    },
    /// A list of nothing has no columns.
    #[error("{location} lists no file, so the table's columns are unknown")]
    Empty {
        /// The list.
        location: Location,
    },
    /// A path that leads out of the folder.
    #[error("{location}: path {path:?} leads out of its folder")]
    Outside {
        /// The list.
        location: Location,
        /// The path.
        path: String,
    },
    /// Two files that do not lie in folders of the same keys.
    #[error("{location}: {path:?} lies in folders {found:?}, the first file in {expected:?}")]
    Uneven {
        /// The list.
        location: Location,
        /// The file.
        path: String,
        /// The keys of its folders.
        found: Vec<String>,
        /// Those of the first file's.
        expected: Vec<String>,
    },
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] ParquetTableError),
    /// The columns of a file do not go with those of the files before it.
    #[error("{location}, {source}")]
    Misfit {
        /// The file.
        location: Location,
        /// Why.
        source: UnionError,
    },
}

impl ManifestError {
    /// The failure that the page is told.
    pub fn into_failure(self) -> Failure {
        match self {
            ManifestError::Store(error) => failure::of_store(&error),
            ManifestError::File(error) => error.into_failure(),
            other => Failure::new(ErrorCode::MalformedFile, other.to_string()),
        }
    }

    /// Whether the list itself is not there.
    pub fn is_absent(&self) -> bool {
        matches!(
            self,
            ManifestError::Store(StoreError::Absent { .. } | StoreError::Forbidden { .. })
        )
    }
}

#[derive(Deserialize)]
struct ListJson {
    files: Vec<FileJson>,
}

#[derive(Deserialize)]
struct FileJson {
    path: String,
    size: Option<u64>,
}

/// Opens the table that the list at `location` describes; reads the list and the files' footers.
///
/// # Errors
/// [`ManifestError`] names the list, the rule and the file.
pub async fn open(
    table: catalog::Name,
    location: Location,
    store: &dyn ByteStore,
    source: Source,
) -> Result<LakeTable, ManifestError> {
    let bytes = store.get(&location).await?;
    let list: ListJson = serde_json::from_slice(&bytes)
        .map_err(|source| ManifestError::Json { location: location.clone(), source })?;
    let folders: Vec<Vec<(String, Option<String>)>> =
        list.files.iter().map(|file| folders_of(&file.path)).collect();
    let keys = |folders: &[(String, Option<String>)]| -> Vec<String> {
        folders.iter().map(|(key, _)| key.clone()).collect()
    };
    let Some(expected) = folders.first().map(|first| keys(first)) else {
        return Err(ManifestError::Empty { location });
    };
    for (file, folders) in list.files.iter().zip(&folders) {
        let found = keys(folders);
        if found != expected {
            let path = file.path.clone();
            return Err(ManifestError::Uneven { location, path, found, expected });
        }
    }
    let partitions = partitions(&expected, &folders);
    let sized = stream::iter(list.files.iter().map(|file| place(&location, file, store)));
    let sized: Vec<(Location, u64)> = sized.buffered(MAX_FLYING).try_collect().await?;
    let files: Vec<DataFile> = sized
        .into_iter()
        .enumerate()
        .map(|(file_idx, (location, size_bytes))| DataFile {
            location,
            size_bytes,
            partition_values: partitions
                .iter()
                .filter_map(|(field, values)| {
                    Some((field.name().clone(), values.get(file_idx)?.clone()))
                })
                .collect(),
            rows: None,
        })
        .collect();
    let footers = Footers::within(source.store.budget());
    let reads = files
        .iter()
        .map(|file| parquet_file::fields(&file.location, file.size_bytes, &source, &footers));
    let of_files: Vec<FileFields> = stream::iter(reads).buffered(MAX_FLYING).try_collect().await?;
    let mut fields = Fields::empty();
    for (file, of_file) in files.iter().zip(&of_files) {
        fields = union::with_file(&fields, &of_file.fields)
            .map_err(|source| ManifestError::Misfit { location: file.location.clone(), source })?;
    }
    let has_all_names =
        |of_file: &Fields| of_file.iter().all(|field| fields.find(field.name()).is_some());
    let needs_words = of_files.iter().any(|file| file.needs_words || !has_all_names(&file.fields));
    let version = TableVersion {
        table,
        version: None,
        committed_at_us: None,
        n_files: files.len() as u64,
        size_bytes: files.iter().map(|file| file.size_bytes).sum(),
        stale_since_us: None,
    };
    let partition_fields = partitions.into_iter().map(|(field, _)| field).collect();
    let table = LakeTable::of_files(version, &fields, partition_fields, files, source);
    Ok(match needs_words {
        // Footers are kept in the table's words.
        true => table.with_words(fields),
        false => table.with_footers(footers),
    })
}

async fn place(
    list: &Location,
    file: &FileJson,
    store: &dyn ByteStore,
) -> Result<(Location, u64), ManifestError> {
    let folder = match list.as_str().rsplit_once('/') {
        Some((folder, _)) => Location::new(folder),
        None => Location::new(""),
    };
    let is_inside = !file.path.starts_with('/') && file.path.split('/').all(|part| part != "..");
    if !is_inside {
        return Err(ManifestError::Outside { location: list.clone(), path: file.path.clone() });
    }
    let place = match folder.as_str() {
        "" => Location::new(file.path.as_str()),
        _ => folder.join(&file.path),
    };
    let size_bytes = match file.size {
        Some(size_bytes) => size_bytes,
        None => store.facts(&place).await?.size_bytes,
    };
    Ok((place, size_bytes))
}

/// The folders named `key=value` on the way to a file, outermost first.
fn folders_of(path: &str) -> Vec<(String, Option<String>)> {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let parts = path.split('/');
    parts
        .filter_map(|part| part.split_once('='))
        .filter(|(key, _)| !key.is_empty())
        .map(|(key, value)| (decoded(key), (value != HIVE_NULL).then(|| decoded(value))))
        .collect()
}

/// The partition columns: whole numbers and days where all values are such, else text.
fn partitions(
    keys: &[String],
    folders: &[Vec<(String, Option<String>)>],
) -> Vec<(FieldRef, Vec<ScalarValue>)> {
    keys.iter()
        .enumerate()
        .map(|(key_idx, key)| {
            let texts: Vec<Option<&str>> = folders
                .iter()
                .map(|folders| folders.get(key_idx).and_then(|(_, value)| value.as_deref()))
                .collect();
            let all = |is: fn(&str) -> bool| {
                texts.iter().flatten().next().is_some() && texts.iter().flatten().all(|t| is(t))
            };
            let data_type = if all(|text| text.parse::<i64>().is_ok_and(|n| n.to_string() == text))
            {
                DataType::Int64
            } else if all(|text| text.parse::<Date>().is_ok()) {
                DataType::Date32
            } else {
                DataType::Utf8View
            };
            let values = texts.iter().map(|text| value(*text, &data_type)).collect();
            (Arc::new(Field::new(key, data_type.clone(), true)) as FieldRef, values)
        })
        .collect()
}

fn value(text: Option<&str>, data_type: &DataType) -> ScalarValue {
    match data_type {
        DataType::Int64 => ScalarValue::Int64(text.and_then(|text| text.parse().ok())),
        DataType::Date32 => {
            let date: Option<Date> = text.and_then(|text| text.parse().ok());
            ScalarValue::Date32(date.map(Date::days))
        }
        _ => ScalarValue::Utf8View(text.map(str::to_owned)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{batch, newest, parquet, rows};
    use crate::lake::{DEFAULT_MEMORY_BYTES, Lake};
    use crate::store::MemoryStore;
    use datafusion::arrow::array::{
        ArrayRef, Float64Array, Int32Array, Int64Array, NullArray, StringArray,
    };
    use protocol::{Comparison, Condition};

    #[track_caller]
    fn check(paths: &[&str], expected: &str) {
        let folders: Vec<_> = paths.iter().map(|path| folders_of(path)).collect();
        let keys: Vec<String> = folders[0].iter().map(|(key, _)| key.clone()).collect();
        let found = partitions(&keys, &folders)
            .into_iter()
            .map(|(field, values)| {
                let values: Vec<String> = values.iter().map(ToString::to_string).collect();
                format!("{} {} {}", field.name(), field.data_type(), values.join(","))
            })
            .collect::<Vec<_>>();
        assert_eq!(found.join("; "), expected, "{paths:?}");
    }

    #[test]
    fn folders_are_partition_columns() {
        check(&["a.parquet"], "");
        check(&["y=2024/m=1/a", "y=2025/m=12/b"], "y Int64 2024,2025; m Int64 1,12");
        check(&["y=2024/a", "y=07/b"], "y Utf8View 2024,07");
        check(&["d=2024-01-31/a", "d=__HIVE_DEFAULT_PARTITION__/b"], "d Date32 2024-01-31,NULL");
        check(&["c=S%C3%A3o%20Paulo/a"], "c Utf8View São Paulo");
        check(&["c=__HIVE_DEFAULT_PARTITION__/a"], "c Utf8View NULL");
    }

    /// The rows of a folder of these files, or what is said in their place.
    async fn folder(files: &[Vec<(&str, ArrayRef)>], conditions: Vec<Condition>) -> String {
        let files_store = MemoryStore::default();
        let mut list = Vec::new();
        for (file_idx, columns) in files.iter().enumerate() {
            let path = format!("m={file_idx}/a.parquet");
            let bytes = parquet(&batch(columns.clone()));
            list.push(serde_json::json!({"path": path, "size": bytes.len()}));
            files_store.put(format!("t/{path}"), bytes);
        }
        let list = serde_json::json!({"files": list});
        files_store.put("t/_files.json", list.to_string());
        let lake = Lake::new(Arc::new(files_store), DEFAULT_MEMORY_BYTES).unwrap();
        match rows(&lake, newest("t/_files.json"), conditions).await {
            Ok(rows) => rows.join(", "),
            Err(failure) => failure.message,
        }
    }

    #[tokio::test]
    async fn a_folder_has_the_columns_of_all_its_files() {
        let long = |values: &[i64]| Arc::new(Int64Array::from(values.to_vec())) as ArrayRef;
        let int = |values: &[i32]| Arc::new(Int32Array::from(values.to_vec())) as ArrayRef;
        let text = |values: &[&str]| Arc::new(StringArray::from(values.to_vec())) as ArrayRef;
        let double = |values: &[f64]| Arc::new(Float64Array::from(values.to_vec())) as ArrayRef;
        let nulls = |n_rows: usize| Arc::new(NullArray::new(n_rows)) as ArrayRef;
        let all = Vec::new;
        let evolved = [
            vec![("Amount", int(&[4])), ("coupon", nulls(1))],
            vec![("amount", long(&[3_000_000_000])), ("coupon", text(&["a"])), ("b", int(&[7]))],
        ];
        assert_eq!(folder(&evolved, all()).await, "4|null|null|0, 3000000000|a|7|1");
        let above = |column: &str, value: &str| {
            let (column, value) = (column.to_owned(), value.to_owned());
            vec![Condition { column, is: Comparison::Greater, value }]
        };
        let files = [vec![("n", int(&[1, 5]))], vec![("N", long(&[2, i64::MAX]))]];
        assert_eq!(folder(&files, above("n", "3")).await, format!("5|0, {}|1", i64::MAX));
        assert_eq!(folder(&files, above("n", "3000000000")).await, format!("{}|1", i64::MAX));
        // Whole numbers with nulls are doubles where they come from pandas.
        let pandas = [vec![("n", long(&[1]))], vec![("n", double(&[1.5]))]];
        assert_eq!(folder(&pandas, all()).await, "1.0|0, 1.5|1");
        let lossy = [vec![("n", long(&[i64::MAX]))], vec![("n", double(&[1.5]))]];
        let said = folder(&lossy, all()).await;
        assert!(said.contains("column n") && said.contains("more digits"), "{said}");
        let misfit = [vec![("n", text(&["x"]))], vec![("n", double(&[1.5]))]];
        assert_eq!(
            folder(&misfit, all()).await,
            "t/m=1/a.parquet, column n is Float64, and Utf8 in the files before it: no type holds both"
        );
    }
}
