//! What the log tells of a file's columns: bounds to skip files by, and, in DataFusion's form, rows,
//! nulls, and the bounds of integers and dates, which are exact in a log.

mod slack;

use datafusion::arrow::datatypes::{DataType, FieldRef, Schema, SchemaRef, TimeUnit};
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, ScalarValue, Statistics};
use datafusion::datasource::listing::PartitionedFile;
use delta_log::{Add, Stats, physical_name};
use std::sync::Arc;

/// What the log says of the file, if it can be read. It is an aid: without it the file is read.
pub fn parsed(add: &Add) -> Option<Stats> {
    add.stats().ok()?
}

fn path(own: &FieldRef) -> [String; 1] {
    [physical_name(own).to_owned()]
}

/// A value that no value of the column `own` is below, of the type that the log gives it.
pub fn lower_bound(stats: &Stats, own: &FieldRef) -> Option<ScalarValue> {
    slack::below(bound(own, stats.min_values.get(path(own).as_slice())?.get())?)
}

/// A value that no value of the column `own` is above.
pub fn upper_bound(stats: &Stats, own: &FieldRef) -> Option<ScalarValue> {
    slack::above(bound(own, stats.max_values.get(path(own).as_slice())?.get())?)
}

/// Nulls of the column `own`, as far as the count is sure. Where rows were deleted since, only none
/// and all are.
pub fn null_count(stats: &Stats, own: &FieldRef) -> Option<u64> {
    let count = *stats.null_count.get(path(own).as_slice())?;
    let is_sure = stats.tight_bounds || count == 0 || Some(count) == stats.num_records;
    is_sure.then_some(count)
}

/// The statistics of one file: the columns of `schema`, which the log has as `stored`, then the
/// partition columns, whose one value is `partition_values`. `None` when the log tells nothing.
pub fn of_add(
    add: &Add,
    schema: &SchemaRef,
    stored: &[FieldRef],
    partition_values: &[ScalarValue],
) -> Option<Arc<Statistics>> {
    let stats = parsed(add)?;
    let deleted = add.deletion_vector.as_ref().map_or(0, |vector| vector.cardinality);
    let n_rows = stats
        .num_records
        .and_then(|n| n.checked_sub(deleted))
        .and_then(|n| usize::try_from(n).ok());
    let is_exact = stats.tight_bounds && deleted == 0;
    let columns = schema.fields().iter().zip(stored).map(|(field, own)| {
        let known = |value: Option<ScalarValue>| {
            let is_exact = is_exact && value.as_ref().is_some_and(slack::is_exact);
            let value = value.and_then(|value| value.cast_to(field.data_type()).ok());
            value.map_or(Precision::Absent, |value| match is_exact {
                true => Precision::Exact(value),
                false => Precision::Inexact(value),
            })
        };
        let nulls = null_count(&stats, own).and_then(|n| usize::try_from(n).ok());
        ColumnStatistics {
            null_count: nulls.map_or(Precision::Absent, |n| match deleted {
                0 => Precision::Exact(n),
                _ => Precision::Inexact(n),
            }),
            min_value: known(lower_bound(&stats, own)),
            max_value: known(upper_bound(&stats, own)),
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
pub fn of_all(files: &[PartitionedFile], schema: &Schema) -> Statistics {
    let of_files: Option<Vec<&Statistics>> =
        files.iter().map(|file| file.statistics.as_deref()).collect();
    let merged = match of_files {
        Some(of_files) if !of_files.is_empty() => Statistics::try_merge_iter(of_files, schema).ok(),
        _ => None,
    };
    let mut merged = merged.unwrap_or_else(|| Statistics::new_unknown(schema));
    let size_bytes: u64 = files.iter().map(|file| file.object_meta.size).sum();
    merged.total_byte_size = Precision::Inexact(usize::try_from(size_bytes).unwrap_or(usize::MAX));
    merged
}

/// The bound `json` as a value of the column's type in the log.
fn bound(own: &FieldRef, json: &str) -> Option<ScalarValue> {
    let data_type = own.data_type();
    let text = match data_type {
        DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::Float32
        | DataType::Float64
        | DataType::Decimal128(..) => json.to_owned(),
        DataType::Utf8 if !super::variant::is_variant(own) => {
            return serde_json::from_str(json).ok().map(|text| ScalarValue::Utf8(Some(text)));
        }
        DataType::Date32 | DataType::Timestamp(TimeUnit::Microsecond, _) => {
            serde_json::from_str(json).ok()?
        }
        _ => return None,
    };
    let array = delta_log::partition_array(data_type, Some(&text)).ok()?;
    let value = ScalarValue::try_from_array(&array, 0).ok()?;
    (!value.is_null()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::arrow::datatypes::Field;

    #[test]
    fn bounds_are_values_of_the_column_or_unknown() {
        let check = |data_type: DataType, json: &str, expected: Option<ScalarValue>| {
            let own = Arc::new(Field::new("a", data_type, true));
            assert_eq!(bound(&own, json), expected, "{own} {json}");
        };
        let utc = || Some(Arc::from("UTC"));
        check(DataType::Int64, "-5", Some(ScalarValue::Int64(Some(-5))));
        check(DataType::Int8, "300", None);
        check(DataType::Int32, "1.5", None);
        check(DataType::Date32, "\"1970-01-02\"", Some(ScalarValue::Date32(Some(1))));
        check(DataType::Date32, "\"1970-02-30\"", None);
        check(DataType::Utf8, "\"a\"", Some(ScalarValue::Utf8(Some("a".to_owned()))));
        check(DataType::Utf8, "\"\"", Some(ScalarValue::Utf8(Some(String::new()))));
        check(DataType::Decimal128(12, 2), "1.25", Some(ScalarValue::Decimal128(Some(125), 12, 2)));
        check(
            DataType::Timestamp(TimeUnit::Microsecond, utc()),
            "\"1970-01-01T00:00:01.000Z\"",
            Some(ScalarValue::TimestampMicrosecond(Some(1_000_000), utc())),
        );
        check(DataType::Float64, "0.5", Some(ScalarValue::Float64(Some(0.5))));
        check(DataType::Float64, "\"NaN\"", None);
        check(DataType::Boolean, "true", None);
    }

    #[test]
    fn the_upper_bound_of_a_time_allows_for_what_was_cut_off() {
        let own: FieldRef =
            Arc::new(Field::new("t", DataType::Timestamp(TimeUnit::Microsecond, None), true));
        let stats = r#"{"maxValues":{"t":"1970-01-01T00:00:00.001"}}"#;
        let found = upper_bound(&Stats::parse(stats).unwrap(), &own);
        assert_eq!(found, Some(ScalarValue::TimestampMicrosecond(Some(1999), None)));
    }
}
