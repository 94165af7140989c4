//! Types and columns in Delta's words.

use datafusion::arrow::datatypes::{DataType, Field, FieldRef, TimeUnit};
use delta_log::physical_name;
use protocol::ColumnDescription;

/// The type of `field` as a Delta schema names it; what Delta lacks, as Arrow does.
pub fn type_text(field: &Field) -> String {
    if delta_log::is_variant(field) {
        return "variant".to_owned();
    }
    of_type(field.data_type())
}

fn of_type(data_type: &DataType) -> String {
    let name = match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "string",
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => "binary",
        DataType::Boolean => "boolean",
        DataType::Int8 => "byte",
        DataType::Int16 => "short",
        DataType::Int32 => "integer",
        DataType::Int64 => "long",
        DataType::UInt8 => "unsigned byte",
        DataType::UInt16 => "unsigned short",
        DataType::UInt32 => "unsigned integer",
        DataType::UInt64 => "unsigned long",
        DataType::Float16 => "half",
        DataType::Float32 => "float",
        DataType::Float64 => "double",
        DataType::Date32 | DataType::Date64 => "date",
        DataType::Time32(_) | DataType::Time64(_) => "time",
        DataType::Timestamp(TimeUnit::Nanosecond, Some(_)) => "timestamp(ns)",
        DataType::Timestamp(TimeUnit::Nanosecond, None) => "timestamp_ntz(ns)",
        DataType::Timestamp(_, Some(_)) => "timestamp",
        DataType::Timestamp(_, None) => "timestamp_ntz",
        DataType::Interval(_) | DataType::Duration(_) => "interval",
        DataType::Null => "void",
        DataType::FixedSizeBinary(n_bytes) => return format!("binary({n_bytes})"),
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => return format!("decimal({precision},{scale})"),
        DataType::Dictionary(_, values) => return of_type(values),
        DataType::List(element)
        | DataType::LargeList(element)
        | DataType::ListView(element)
        | DataType::LargeListView(element)
        | DataType::FixedSizeList(element, _) => return format!("array<{}>", type_text(element)),
        DataType::Struct(fields) => {
            let fields = fields.iter().map(|f| format!("{}:{}", f.name(), type_text(f)));
            return format!("struct<{}>", fields.collect::<Vec<_>>().join(","));
        }
        DataType::Map(entry, _) => {
            let parts: Vec<String> = parts(entry.data_type()).map(|f| type_text(f)).collect();
            return format!("map<{}>", parts.join(","));
        }
        other => return other.to_string(),
    };
    name.to_owned()
}

/// A column and all that is within it.
pub fn column(field: &Field, is_partition: Partition) -> ColumnDescription {
    let physical = physical_name(field);
    ColumnDescription {
        name: field.name().clone(),
        type_text: type_text(field),
        nullable: field.is_nullable(),
        is_partition: is_partition == Partition::Yes,
        comment: field.metadata().get("comment").filter(|text| !text.is_empty()).cloned(),
        physical_name: (physical != field.name()).then(|| physical.to_owned()),
        fields: within(field.data_type()).map(|field| column(field, Partition::No)).collect(),
    }
}

/// Whether a column's values are in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Partition {
    /// In the log.
    Yes,
    /// In the files.
    No,
}

fn within(data_type: &DataType) -> Box<dyn Iterator<Item = &FieldRef> + '_> {
    match data_type {
        DataType::Struct(fields) => Box::new(fields.iter()),
        DataType::List(element)
        | DataType::LargeList(element)
        | DataType::FixedSizeList(element, _) => Box::new(std::iter::once(element)),
        DataType::Map(entry, _) => Box::new(parts(entry.data_type())),
        _ => Box::new(std::iter::empty()),
    }
}

fn parts(entry: &DataType) -> impl Iterator<Item = &FieldRef> {
    match entry {
        DataType::Struct(fields) => fields.iter(),
        _ => [].iter(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = r#"{"type":"struct","fields":[
        {"name":"id","type":"long","nullable":false,"metadata":{"comment":"the key"}},
        {"name":"price","type":"decimal(12,2)","nullable":true,"metadata":{}},
        {"name":"at","type":"timestamp","nullable":true,"metadata":{}},
        {"name":"local","type":"timestamp_ntz","nullable":true,"metadata":{}},
        {"name":"tags","type":{"type":"array","elementType":{"type":"struct","fields":[
            {"name":"a","type":"integer","nullable":true,"metadata":{}}]},"containsNull":true},
            "nullable":true,"metadata":{}},
        {"name":"m","type":{"type":"map","keyType":"string","valueType":"binary",
            "valueContainsNull":true},"nullable":true,"metadata":{}}]}"#;

    #[test]
    fn a_delta_schema_is_said_in_its_own_words() {
        let schema = delta_log::arrow_schema(SCHEMA).unwrap();
        let texts: Vec<String> = schema.fields().iter().map(|field| type_text(field)).collect();
        let expected = [
            "long",
            "decimal(12,2)",
            "timestamp",
            "timestamp_ntz",
            "array<struct<a:integer>>",
            "map<string,binary>",
        ];
        assert_eq!(texts, expected);
    }

    #[test]
    fn what_is_within_a_column_is_described_too() {
        let schema = delta_log::arrow_schema(SCHEMA).unwrap();
        let check = |idx: usize, expected: &[&str]| {
            let described = column(schema.field(idx), Partition::No);
            let mut names = Vec::new();
            let mut todo = vec![&described];
            while let Some(next) = todo.pop() {
                names.push(format!("{}:{}", next.name, next.type_text));
                todo.extend(next.fields.iter().rev());
            }
            assert_eq!(names, expected);
        };
        check(0, &["id:long"]);
        check(4, &["tags:array<struct<a:integer>>", "element:struct<a:integer>", "a:integer"]);
        check(5, &["m:map<string,binary>", "key:string", "value:binary"]);
        let id = column(schema.field(0), Partition::Yes);
        assert_eq!((id.comment.as_deref(), id.nullable), (Some("the key"), false));
        assert!(id.is_partition);
    }

    #[test]
    fn types_of_plain_files() {
        let check = |data_type: DataType, expected: &str| assert_eq!(of_type(&data_type), expected);
        check(DataType::UInt32, "unsigned integer");
        check(DataType::FixedSizeBinary(16), "binary(16)");
        check(DataType::Timestamp(TimeUnit::Nanosecond, None), "timestamp_ntz(ns)");
        check(DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)), "string");
    }
}
