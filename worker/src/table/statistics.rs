//! What the log tells of a file's columns, in DataFusion's form: rows, nulls, and the bounds of
//! integers and dates, which are exact in a log. Texts are cut short there, and other types are
//! rounded by some writers, so their bounds are left unknown.

use super::DataFile;
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, ScalarValue, Statistics};
use delta_log::Add;
use query::Date;
use std::sync::Arc;

/// The statistics of one file: the columns of `file_schema`, then the partition columns, whose one
/// value is `partition_values`. `None` when the log tells nothing that can be read.
pub fn of_add(
    add: &Add,
    file_schema: &SchemaRef,
    partition_values: &[ScalarValue],
) -> Option<Arc<Statistics>> {
    let stats = add.stats().ok()??;
    let n_rows = stats.num_records.and_then(|n| usize::try_from(n).ok());
    let columns = file_schema.fields().iter().map(|field| {
        let path = [field.name().clone()];
        let bound = |text: Option<&str>| {
            text.and_then(|text| scalar(field.data_type(), text)).map_or(
                Precision::Absent,
                |value| match stats.tight_bounds {
                    true => Precision::Exact(value),
                    false => Precision::Inexact(value),
                },
            )
        };
        ColumnStatistics {
            null_count: stats
                .null_count
                .get(path.as_slice())
                .and_then(|n| usize::try_from(*n).ok())
                .map_or(Precision::Absent, Precision::Exact),
            min_value: bound(stats.min_values.get(path.as_slice()).map(|value| value.get())),
            max_value: bound(stats.max_values.get(path.as_slice()).map(|value| value.get())),
            ..ColumnStatistics::new_unknown()
        }
    });
    let partitions = partition_values.iter().map(|value| match value.is_null() {
        true => ColumnStatistics {
            null_count: n_rows.map_or(Precision::Absent, Precision::Exact),
            ..ColumnStatistics::new_unknown()
        },
        false => ColumnStatistics {
            null_count: Precision::Exact(0),
            min_value: Precision::Exact(value.clone()),
            max_value: Precision::Exact(value.clone()),
            ..ColumnStatistics::new_unknown()
        },
    });
    Some(Arc::new(Statistics {
        num_rows: n_rows.map_or(Precision::Absent, Precision::Exact),
        total_byte_size: Precision::Absent,
        column_statistics: columns.chain(partitions).collect(),
    }))
}

/// The statistics of all `files` together.
pub fn of_all(files: &[DataFile], schema: &SchemaRef) -> Statistics {
    let of_files: Option<Vec<&Statistics>> =
        files.iter().map(|file| file.statistics.as_deref()).collect();
    let merged = match of_files {
        Some(of_files) if !of_files.is_empty() => {
            Statistics::try_merge_iter(of_files, schema.as_ref()).ok()
        }
        _ => None,
    };
    let mut merged = merged.unwrap_or_else(|| Statistics::new_unknown(schema));
    let size_bytes: u64 = files.iter().map(|file| file.size_bytes).sum();
    merged.total_byte_size = Precision::Inexact(usize::try_from(size_bytes).unwrap_or(usize::MAX));
    merged
}

/// The bound `json` of a column of `data_type`, where bounds of that type are exact.
fn scalar(data_type: &DataType, json: &str) -> Option<ScalarValue> {
    match data_type {
        DataType::Int8 => json.parse().ok().map(|value| ScalarValue::Int8(Some(value))),
        DataType::Int16 => json.parse().ok().map(|value| ScalarValue::Int16(Some(value))),
        DataType::Int32 => json.parse().ok().map(|value| ScalarValue::Int32(Some(value))),
        DataType::Int64 => json.parse().ok().map(|value| ScalarValue::Int64(Some(value))),
        DataType::Date32 => {
            let text: String = serde_json::from_str(json).ok()?;
            let date: Date = text.parse().ok()?;
            Some(ScalarValue::Date32(Some(date.days())))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_of_integers_and_dates_are_read_and_others_are_unknown() {
        let check = |data_type: DataType, json: &str, expected: Option<ScalarValue>| {
            assert_eq!(scalar(&data_type, json), expected, "{data_type} {json}");
        };
        check(DataType::Int64, "-5", Some(ScalarValue::Int64(Some(-5))));
        check(DataType::Int8, "300", None);
        check(DataType::Int32, "1.5", None);
        check(DataType::Date32, "\"1970-01-02\"", Some(ScalarValue::Date32(Some(1))));
        check(DataType::Date32, "\"1970-02-30\"", None);
        check(DataType::Utf8, "\"a\"", None);
        check(DataType::Decimal128(12, 2), "1.25", None);
    }
}
