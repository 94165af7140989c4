//! The Arrow schema that some writers keep beside Parquet's own, which is only a hint. Types that Arrow
//! has not here stop whoever takes them for known, so it is looked at before.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use datafusion::arrow::ipc::{
    self, DateUnit, Field, IntervalUnit, Precision, TimeUnit, Type, UnionMode, root_as_message,
};
use parquet::file::metadata::{FileMetaData, KeyValue};

/// Under this key the schema is kept.
pub const ARROW_SCHEMA: &str = "ARROW:schema";

/// The entries of a footer without a hint that cannot be followed; `None` when it can be, or there
/// is none.
pub fn without_foreign(file: &FileMetaData) -> Option<Vec<KeyValue>> {
    let entries = file.key_value_metadata()?;
    let is_foreign = |entry: &KeyValue| {
        entry.key == ARROW_SCHEMA && !entry.value.as_deref().is_some_and(is_known)
    };
    entries
        .iter()
        .any(is_foreign)
        .then(|| entries.iter().filter(|entry| !is_foreign(entry)).cloned().collect())
}

/// Whether every type in that hint is one that Arrow has here.
fn is_known(hint: &str) -> bool {
    let Ok(bytes) = BASE64_STANDARD.decode(hint) else { return false };
    let message = match bytes.strip_prefix(&[0xff; 4]) {
        Some(rest) if rest.len() > 4 => rest.get(4..).unwrap_or_default(),
        _ => bytes.as_slice(),
    };
    let Ok(message) = root_as_message(message) else { return false };
    let fields = message.header_as_schema().and_then(|schema| schema.fields());
    fields.is_some_and(|fields| fields.iter().all(is_known_field))
}

fn is_known_field(field: Field<'_>) -> bool {
    let children = || field.children().into_iter().flatten();
    let n_children = children().count();
    let is_key = field.dictionary().is_none_or(|it| it.indexType().is_some_and(is_whole));
    is_key && children().all(is_known_field) && is_known_type(field, n_children)
}

fn is_whole(int: ipc::Int<'_>) -> bool {
    matches!(int.bitWidth(), 8 | 16 | 32 | 64)
}

/// As `arrow_ipc::convert` takes them; it stops at all others.
fn is_known_type(field: Field<'_>, n_children: usize) -> bool {
    let is_unit = |unit: TimeUnit| {
        let units = [TimeUnit::SECOND, TimeUnit::MILLISECOND, TimeUnit::MICROSECOND];
        units.contains(&unit) || unit == TimeUnit::NANOSECOND
    };
    match field.type_type() {
        Type::Null | Type::Bool | Type::Binary | Type::BinaryView | Type::LargeBinary => true,
        Type::Utf8 | Type::Utf8View | Type::LargeUtf8 | Type::Struct_ => true,
        Type::Int => field.type_as_int().is_some_and(is_whole),
        Type::FixedSizeBinary => {
            field.type_as_fixed_size_binary().is_some_and(|it| it.byteWidth() >= 0)
        }
        Type::FloatingPoint => field.type_as_floating_point().is_some_and(|it| {
            [Precision::HALF, Precision::SINGLE, Precision::DOUBLE].contains(&it.precision())
        }),
        Type::Date => field
            .type_as_date()
            .is_some_and(|it| [DateUnit::DAY, DateUnit::MILLISECOND].contains(&it.unit())),
        Type::Time => field.type_as_time().is_some_and(|it| match it.bitWidth() {
            32 => [TimeUnit::SECOND, TimeUnit::MILLISECOND].contains(&it.unit()),
            64 => [TimeUnit::MICROSECOND, TimeUnit::NANOSECOND].contains(&it.unit()),
            _ => false,
        }),
        Type::Timestamp => field.type_as_timestamp().is_some_and(|it| is_unit(it.unit())),
        Type::Duration => field.type_as_duration().is_some_and(|it| is_unit(it.unit())),
        Type::Interval => field.type_as_interval().is_some_and(|it| {
            let units = [IntervalUnit::YEAR_MONTH, IntervalUnit::DAY_TIME];
            units.contains(&it.unit()) || it.unit() == IntervalUnit::MONTH_DAY_NANO
        }),
        Type::List | Type::LargeList | Type::ListView | Type::LargeListView => n_children == 1,
        Type::FixedSizeList => {
            n_children == 1 && field.type_as_fixed_size_list().is_some_and(|it| it.listSize() >= 0)
        }
        Type::Map => n_children == 1 && field.type_as_map().is_some(),
        Type::RunEndEncoded => n_children == 2,
        Type::Decimal => field.type_as_decimal().is_some_and(|it| {
            matches!(it.bitWidth(), 32 | 64 | 128 | 256)
                && u8::try_from(it.precision()).is_ok()
                && i8::try_from(it.scale()).is_ok()
        }),
        Type::Union => field.type_as_union().is_some_and(|it| {
            let ids: Option<Vec<i32>> = it.typeIds().map(|ids| ids.iter().collect());
            // Numbers that are there once each, and not below 0.
            let are_right = ids.is_none_or(|mut ids| {
                ids.sort_unstable();
                ids.dedup();
                ids.len() == n_children && ids.iter().all(|id| (0..128).contains(id))
            });
            [UnionMode::Dense, UnionMode::Sparse].contains(&it.mode()) && are_right
        }),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::arrow::datatypes::{self as arrow, DataType, Schema};
    use parquet::arrow::encode_arrow_schema;
    use std::sync::Arc;

    fn hint(data_type: DataType) -> String {
        encode_arrow_schema(&Schema::new(vec![arrow::Field::new("a", data_type, true)]))
    }

    #[test]
    fn the_types_of_arrow_are_known() {
        let item = |data_type| Arc::new(arrow::Field::new("item", data_type, true));
        for data_type in [
            DataType::Int8,
            DataType::UInt64,
            DataType::Float16,
            DataType::Utf8View,
            DataType::Date64,
            DataType::Time32(arrow::TimeUnit::Second),
            DataType::Timestamp(arrow::TimeUnit::Nanosecond, Some("UTC".into())),
            DataType::Duration(arrow::TimeUnit::Microsecond),
            DataType::Interval(arrow::IntervalUnit::MonthDayNano),
            DataType::Decimal128(38, 10),
            DataType::Decimal32(5, 2),
            DataType::FixedSizeBinary(16),
            DataType::List(item(DataType::Int32)),
            DataType::FixedSizeList(item(DataType::Float32), 3),
            DataType::Dictionary(Box::new(DataType::UInt8), Box::new(DataType::Utf8)),
            DataType::Struct(vec![item(DataType::Boolean)].into()),
        ] {
            assert!(is_known(&hint(data_type.clone())), "{data_type}");
        }
    }

    /// Every change of one byte: what is called known is taken without a stop.
    #[test]
    fn a_foreign_type_is_no_hint() {
        for data_type in [
            DataType::Int64,
            DataType::Time64(arrow::TimeUnit::Microsecond),
            DataType::Decimal128(38, 10),
            DataType::Interval(arrow::IntervalUnit::YearMonth),
            DataType::List(Arc::new(arrow::Field::new("item", DataType::Float64, true))),
            DataType::Dictionary(Box::new(DataType::UInt8), Box::new(DataType::Utf8)),
        ] {
            let bytes = BASE64_STANDARD.decode(hint(data_type)).unwrap();
            let mut n_foreign = 0;
            for at in 8..bytes.len() {
                for value in [0, 1, 3, 5, 7, 24, 27, 65, 127, 128, 255] {
                    let mut changed = bytes.clone();
                    changed[at] = value;
                    if !is_known(&BASE64_STANDARD.encode(&changed)) {
                        n_foreign += 1;
                        continue;
                    }
                    let schema =
                        root_as_message(&changed[8..]).unwrap().header_as_schema().unwrap();
                    let _taken = ipc::convert::fb_to_schema(schema);
                }
            }
            assert!(n_foreign > 0);
        }
        for rubbish in ["", "?", "AAAA", "/////wAAAAA="] {
            assert!(!is_known(rubbish), "{rubbish}");
        }
    }
}
