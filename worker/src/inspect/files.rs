//! The data files of a table, a page at a time.

use super::counted::Counted;
use super::state::State;
use super::{cost, cut, footer};
use crate::lake::Lake;
use crate::meter::Meter;
use datafusion::arrow::datatypes::{DataType, Field};
use delta_log::{Add, Snapshot, physical_name};
use protocol::{ColumnBounds, Failure, FileDescription, Files, TableAt};
use std::sync::Arc;
use web_time::Instant;

/// More files than this are not told at once.
const MAX_FILES: u32 = 500;

/// Of more columns than this, no bounds are told of one file.
const MAX_BOUNDS: usize = 200;

impl Lake {
    /// At most `limit` (and at most 500) data files of `table` from the `offset`th on, in the
    /// table's order, with what the log says of them.
    ///
    /// # Errors
    /// A [`Failure`], as those of [`Lake::describe`].
    pub async fn files(&self, table: &TableAt, offset: u64, limit: u32) -> Result<Files, Failure> {
        let started = Instant::now();
        let meter = Arc::new(Meter::default());
        let store = Counted::new(Arc::clone(self.store()), Arc::clone(&meter));
        let mut page = match self.state_of(table, &store).await? {
            State::Log(snapshot) => {
                let columns = Column::all(&snapshot);
                let offset = usize::try_from(offset).unwrap_or(usize::MAX);
                let adds = snapshot.adds.iter().skip(offset);
                let files = adds.take(limit.min(MAX_FILES) as usize);
                Files {
                    n_files: snapshot.adds.len() as u64,
                    largest_bytes: snapshot.adds.iter().map(|a| a.size_bytes).max().unwrap_or(0),
                    files: files.map(|add| describe(&snapshot, &columns, add)).collect(),
                    cost: protocol::Cost::default(),
                }
            }
            State::File(file) => {
                let ranges = &self.source().store;
                let footer = footer::read(&file.location, file.size_bytes, ranges, &meter).await?;
                let n_rows = footer.metadata.file_metadata().num_rows();
                let described = FileDescription {
                    path: file.location.as_str().to_owned(),
                    size_bytes: file.size_bytes,
                    modified_us: file.modified_us,
                    partition_values: Default::default(),
                    n_rows: u64::try_from(n_rows).ok(),
                    n_deleted_rows: 0,
                    columns: Vec::new(),
                };
                let is_wanted = offset == 0 && limit > 0;
                Files {
                    n_files: 1,
                    largest_bytes: file.size_bytes,
                    files: is_wanted.then_some(described).into_iter().collect(),
                    cost: protocol::Cost::default(),
                }
            }
        };
        page.cost = cost(&meter, started);
        Ok(page)
    }
}

/// The rows of the table, those deleted not among them; `None` unless every file says how many.
pub fn n_rows(snapshot: &Snapshot) -> Option<u64> {
    snapshot.adds.iter().try_fold(0_u64, |sum, add| {
        let deleted = add.deletion_vector.as_ref().map_or(0, |vector| vector.cardinality);
        sum.checked_add(add.num_records()?.checked_sub(deleted)?)
    })
}

/// A leaf column that has bounds in the log, under both of its names.
struct Column {
    logical: String,
    physical: Vec<String>,
}

impl Column {
    /// The columns of the table's files, in its order, those of structs one by one.
    fn all(snapshot: &Snapshot) -> Vec<Column> {
        let mut columns = Vec::new();
        for field in snapshot.metadata.file_fields() {
            gather(field, "", &[], &mut columns);
        }
        columns
    }
}

fn gather(field: &Field, logical: &str, physical: &[String], columns: &mut Vec<Column>) {
    let logical = match logical {
        "" => field.name().clone(),
        outer => format!("{outer}.{}", field.name()),
    };
    let mut path = physical.to_vec();
    path.push(physical_name(field).to_owned());
    match field.data_type() {
        DataType::Struct(fields) => {
            for field in fields {
                gather(field, &logical, &path, columns);
            }
        }
        _ => columns.push(Column { logical, physical: path }),
    }
}

fn describe(snapshot: &Snapshot, columns: &[Column], add: &Add) -> FileDescription {
    let stats = add.stats().ok().flatten().unwrap_or_default();
    let text = |bound: Option<&str>| bound.map(plain);
    let bounds = columns.iter().filter_map(|column| {
        let path = column.physical.as_slice();
        let bounds = ColumnBounds {
            column: column.logical.clone(),
            min: text(stats.min_values.get(path).map(|bound| bound.get())),
            max: text(stats.max_values.get(path).map(|bound| bound.get())),
            n_nulls: stats.null_count.get(path).copied(),
        };
        let says = bounds.min.is_some() || bounds.max.is_some() || bounds.n_nulls.is_some();
        says.then_some(bounds)
    });
    let values = snapshot.metadata.partition_fields().map(|field| {
        let value = add.partition_value(physical_name(field)).map(str::to_owned);
        (field.name().clone(), value.filter(|text| !text.is_empty()))
    });
    FileDescription {
        path: add.path.as_str().to_owned(),
        size_bytes: add.size_bytes,
        modified_us: add.modification_time_ms.checked_mul(1000).filter(|us| *us > 0),
        partition_values: values.collect(),
        n_rows: stats.num_records,
        n_deleted_rows: add.deletion_vector.as_ref().map_or(0, |vector| vector.cardinality),
        columns: bounds.take(MAX_BOUNDS).collect(),
    }
}

/// A bound as it is read: a text without its quotes, all else as it stands.
fn plain(json: &str) -> String {
    match serde_json::from_str::<String>(json) {
        Ok(text) => cut(&text),
        Err(_) => cut(json),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_lose_their_quotes_and_no_digit() {
        let check = |json: &str, expected: &str| assert_eq!(plain(json), expected);
        check("\"são \\\"p\\\"\"", "são \"p\"");
        check("12345678901234567890.120", "12345678901234567890.120");
        check("true", "true");
        check("[1]", "[1]");
    }
}
