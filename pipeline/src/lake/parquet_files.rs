//! The columns of Parquet files of the lake that no model makes: of one file, or of a folder with a list of its
//! files (`_files.json`), which `lakefront files` writes. Only footers are read.
//!
//! The columns of a folder are those of all of its files, by name without regard to case, and those of its folders
//! named `key=value`.

use super::{Lake, LakeError};
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};
use parquet::arrow::parquet_to_arrow_schema;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaDataReader;
use serde::Deserialize;
use std::sync::Arc;

/// The list of its files in a folder of Parquet files.
const LIST_NAME: &str = "_files.json";

/// So much of the end of a file is read at first: most footers are within.
const TAIL_BYTES: u64 = 64 << 10;

/// What a Hive folder has in its name for null.
const HIVE_NULL: &str = "__HIVE_DEFAULT_PARTITION__";

/// Files that are not one table.
#[derive(Debug, thiserror::Error)]
enum FilesError {
    #[error(
        "{list} is not there, and a browser cannot list a folder: `lakefront files FOLDER` writes it"
    )]
    NoList { list: String },
    #[error("{list} is not a list of files: {source}")]
    Json { list: String, source: serde_json::Error },
    #[error("{list} lists no file, so the columns of the table are not known")]
    Empty { list: String },
    #[error(
        "{path} is listed in {list} and not there; `lakefront files FOLDER` writes the list anew"
    )]
    Gone { path: String, list: String },
    #[error("{path}: {source}")]
    Footer { path: String, source: ParquetError },
    #[error(
        "column {column:?} is {found} in {path} and {expected} in the files before, and no type holds both"
    )]
    Types { column: String, path: String, found: DataType, expected: DataType },
}

#[derive(Deserialize)]
struct ListJson {
    files: Vec<FileJson>,
}

#[derive(Deserialize)]
struct FileJson {
    path: String,
}

impl Lake {
    /// The columns of the Parquet file at `location`, or of the files that are listed in the folder there; `None`
    /// when there is neither.
    ///
    /// # Errors
    /// [`LakeError`] when a footer or the list cannot be read, there are files and no list, or a column has types
    /// that do not fit each other.
    pub(crate) async fn parquet_schema(
        &self,
        location: &str,
    ) -> Result<Option<SchemaRef>, LakeError> {
        let location = location.trim_end_matches('/');
        let failed = |error: FilesError| self.failed(location, "cannot be read", error.into());
        if !location.ends_with(".json")
            && let Some(fields) = self.fields_of(location).await?
        {
            return Ok(Some(Arc::new(Schema::new(fields))));
        }
        let (folder, list) = match location.strip_suffix(".json") {
            Some(_) => {
                (location.rsplit_once('/').map_or("", |(folder, _)| folder), location.to_owned())
            }
            None => (location, format!("{location}/{LIST_NAME}")),
        };
        let Some(bytes) = self.root().get(&list).await? else {
            let files = self.root().list(location).await?;
            let is_parquet = |path: &String| path.to_lowercase().ends_with(".parquet");
            return match files.iter().any(is_parquet) {
                true => Err(failed(FilesError::NoList { list })),
                false => Ok(None),
            };
        };
        let listed: ListJson = serde_json::from_slice(&bytes)
            .map_err(|source| failed(FilesError::Json { list: list.clone(), source }))?;
        let mut columns = Columns::default();
        for FileJson { path } in &listed.files {
            let place = if folder.is_empty() { path.clone() } else { format!("{folder}/{path}") };
            let Some(fields) = self.fields_of(&place).await? else {
                return Err(failed(FilesError::Gone { path: place, list }));
            };
            columns.add(&place, &fields).map_err(failed)?;
        }
        if listed.files.is_empty() {
            return Err(failed(FilesError::Empty { list }));
        }
        columns.add_folders(&listed.files);
        Ok(Some(Arc::new(Schema::new(columns.fields))))
    }

    /// The columns of the Parquet file at `path`; `None` when there is no such file.
    async fn fields_of(&self, path: &str) -> Result<Option<Fields>, LakeError> {
        let failed = |source: ParquetError| {
            let error = FilesError::Footer { path: path.to_owned(), source };
            self.failed(path, "its footer cannot be read", error.into())
        };
        let mut n_bytes = TAIL_BYTES;
        loop {
            let Some((tail, size_bytes)) = self.root().tail(path, n_bytes).await? else {
                return Ok(None);
            };
            let mut reader = ParquetMetaDataReader::new();
            match reader.try_parse_sized(&tail, size_bytes) {
                Ok(()) => {
                    let metadata = reader.finish().map_err(failed)?;
                    // The schema that a writer of Arrow put beside it would bring dictionaries back.
                    let descriptor = metadata.file_metadata().schema_descr();
                    let schema = parquet_to_arrow_schema(descriptor, None).map_err(failed)?;
                    return Ok(Some(schema.fields().clone()));
                }
                Err(ParquetError::NeedMoreData(needed)) if needed as u64 > n_bytes => {
                    n_bytes = needed as u64;
                }
                Err(source) => return Err(failed(source)),
            }
        }
    }
}

/// The columns of the files so far, in the order in which they came first.
#[derive(Default)]
struct Columns {
    fields: Vec<FieldRef>,
}

impl Columns {
    /// Adds the columns of the file at `path`.
    fn add(&mut self, path: &str, fields: &Fields) -> Result<(), FilesError> {
        for field in fields {
            let name = field.name().to_lowercase();
            let known = self.fields.iter_mut().find(|known| known.name().to_lowercase() == name);
            let Some(known) = known else {
                self.fields.push(Arc::new(field.as_ref().clone().with_nullable(true)));
                continue;
            };
            let Some(both) = wider(known.data_type(), field.data_type()) else {
                return Err(FilesError::Types {
                    column: field.name().clone(),
                    path: path.to_owned(),
                    found: field.data_type().clone(),
                    expected: known.data_type().clone(),
                });
            };
            *known = Arc::new(known.as_ref().clone().with_data_type(both));
        }
        Ok(())
    }

    /// Adds the columns of folders named `key=value`: whole numbers and days where all values are such, else text.
    fn add_folders(&mut self, files: &[FileJson]) {
        let values = |path: &str| -> Vec<(String, Option<String>)> {
            let parts = path.split('/').filter_map(|part| part.split_once('='));
            let value = |value: &str| (value != HIVE_NULL).then(|| value.to_owned());
            parts
                .filter(|(key, _)| !key.is_empty())
                .map(|(k, v)| (k.to_owned(), value(v)))
                .collect()
        };
        let of_files: Vec<_> = files.iter().map(|file| values(&file.path)).collect();
        for (idx, (key, _)) in of_files.first().into_iter().flatten().enumerate() {
            let texts: Vec<&str> =
                of_files.iter().filter_map(|values| values.get(idx)?.1.as_deref()).collect();
            let all = |is: fn(&str) -> bool| !texts.is_empty() && texts.iter().all(|text| is(text));
            let of = if all(|text| text.parse::<i64>().is_ok_and(|n| n.to_string() == text)) {
                DataType::Int64
            } else if all(|text| {
                text.parse::<chrono::NaiveDate>().is_ok_and(|d| d.to_string() == text)
            }) {
                DataType::Date32
            } else {
                DataType::Utf8
            };
            self.fields.push(Arc::new(Field::new(key, of, true)));
        }
    }
}

/// The type that holds all values of both; `None` when there is none.
fn wider(a: &DataType, b: &DataType) -> Option<DataType> {
    use DataType::*;
    let width = |of: &DataType| match of {
        Int8 => Some(1),
        Int16 => Some(2),
        Int32 => Some(4),
        Int64 => Some(8),
        _ => None,
    };
    match (a, b) {
        (a, b) if a == b => Some(a.clone()),
        (Null, other) | (other, Null) => Some(other.clone()),
        (Float32, Float64) | (Float64, Float32) => Some(Float64),
        (Float64, int) | (int, Float64) if width(int).is_some_and(|bytes| bytes <= 4) => {
            Some(Float64)
        }
        (Utf8 | LargeUtf8 | Utf8View, Utf8 | LargeUtf8 | Utf8View) => Some(Utf8),
        (Decimal128(p, s), Decimal128(q, t)) => {
            let scale = (*s).max(*t);
            let whole = (i16::from(*p) - i16::from(*s)).max(i16::from(*q) - i16::from(*t));
            let precision = u8::try_from(whole + i16::from(scale)).ok()?;
            (precision <= 38).then_some(Decimal128(precision, scale))
        }
        (Timestamp(_, zone), Timestamp(_, other)) if zone == other => {
            Some(Timestamp(arrow::datatypes::TimeUnit::Microsecond, zone.clone()))
        }
        (a, b) => match (width(a)?, width(b)?) {
            (of_a, of_b) if of_a >= of_b => Some(a.clone()),
            _ => Some(b.clone()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_of_a_folder_are_those_of_all_files() {
        let fields = |columns: &[(&str, DataType)]| -> Fields {
            columns.iter().map(|(name, of)| Field::new(*name, of.clone(), false)).collect()
        };
        let check = |files: &[&[(&str, DataType)]], expected: &str| {
            let mut columns = Columns::default();
            let added: Result<(), FilesError> = files
                .iter()
                .enumerate()
                .try_for_each(|(idx, file)| columns.add(&format!("{idx}.parquet"), &fields(file)));
            let found = match added {
                Ok(()) => {
                    let text = |field: &FieldRef| format!("{} {}", field.name(), field.data_type());
                    columns.fields.iter().map(text).collect::<Vec<_>>().join(", ")
                }
                Err(error) => error.to_string(),
            };
            assert_eq!(found, expected);
        };
        use DataType::*;
        check(
            &[&[("Amount", Int32)], &[("amount", Int64), ("channel", Utf8)]],
            "Amount Int64, channel Utf8",
        );
        check(&[&[("coupon", Null)], &[("coupon", Utf8)]], "coupon Utf8");
        check(&[&[("n", Float64)], &[("n", Int32)]], "n Float64");
        check(&[&[("p", Decimal128(10, 2))], &[("p", Decimal128(9, 4))]], "p Decimal128(12, 4)");
        check(
            &[&[("n", Int64)], &[("n", Utf8)]],
            "column \"n\" is Utf8 in 1.parquet and Int64 in the files before, and no type holds both",
        );
    }

    #[test]
    fn folders_are_columns() {
        let check = |paths: &[&str], expected: &str| {
            let files: Vec<FileJson> =
                paths.iter().map(|path| FileJson { path: (*path).to_owned() }).collect();
            let mut columns = Columns::default();
            columns.add_folders(&files);
            let text = |field: &FieldRef| format!("{} {}", field.name(), field.data_type());
            let found: Vec<String> = columns.fields.iter().map(text).collect();
            assert_eq!(found.join(", "), expected);
        };
        check(&["a.parquet"], "");
        check(&["y=2024/m=01/a.parquet", "y=2025/m=02/b.parquet"], "y Int64, m Utf8");
        check(&["d=2024-01-01/a.parquet", "d=__HIVE_DEFAULT_PARTITION__/b.parquet"], "d Date32");
        check(&["country=DE/a.parquet"], "country Utf8");
    }
}
