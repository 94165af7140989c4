//! The types that a column had before: older files hold their values.

use crate::schema::{Place, SchemaError, SchemaRule, primitive};
use arrow_schema::{DataType, TimeUnit};
use serde_json::{Map, Value};

/// The key of a field's metadata under which the changes of its type are.
const TYPE_CHANGES: &str = "delta.typeChanges";

/// Checks that the values of all types that a field had are values of the type it has.
///
/// # Errors
/// [`SchemaError`] names the change that this crate does not know, or what is missing of it.
///
/// Source: Delta protocol, "Type Widening".
pub(crate) fn check(metadata: &Map<String, Value>, place: &Place) -> Result<(), SchemaError> {
    let Some(changes) = metadata.get(TYPE_CHANGES) else { return Ok(()) };
    let property = |property, expected| place.error(SchemaRule::Property { property, expected });
    let changes = changes.as_array().ok_or_else(|| property(TYPE_CHANGES, "list"))?;
    for change in changes {
        let name = |key: &'static str| {
            let name = change.get(key).and_then(Value::as_str);
            name.ok_or_else(|| property(key, "name of a type"))
        };
        let (from, to) = (name("fromType")?, name("toType")?);
        if !is_widening(&primitive(from, place)?, &primitive(to, place)?) {
            return Err(
                place.error(SchemaRule::TypeChange { from: from.to_owned(), to: to.to_owned() })
            );
        }
    }
    Ok(())
}

/// Whether each value of `from` is one of `to`.
fn is_widening(from: &DataType, to: &DataType) -> bool {
    use DataType::{Date32, Decimal128, Float32, Float64, Int8, Int16, Int32, Int64, Timestamp};
    match (from, to) {
        (Int8, Int16 | Int32 | Int64 | Float64)
        | (Int16, Int32 | Int64 | Float64)
        | (Int32, Int64 | Float64)
        | (Float32, Float64)
        | (Date32, Timestamp(TimeUnit::Microsecond, None)) => true,
        (Decimal128(precision, scale), Decimal128(to_precision, to_scale)) => {
            to_scale >= scale && digits(*to_precision, *to_scale) >= digits(*precision, *scale)
        }
        (Int8, Decimal128(precision, scale)) => digits(*precision, *scale) >= 3,
        (Int16, Decimal128(precision, scale)) => digits(*precision, *scale) >= 5,
        (Int32, Decimal128(precision, scale)) => digits(*precision, *scale) >= 10,
        (Int64, Decimal128(precision, scale)) => digits(*precision, *scale) >= 19,
        _ => from == to,
    }
}

/// The digits before the point.
fn digits(precision: u8, scale: i8) -> i16 {
    i16::from(precision) - i16::from(scale)
}

#[cfg(test)]
mod tests {
    use super::TYPE_CHANGES;
    use crate::arrow_schema;

    #[track_caller]
    fn check(from: &str, to: &str, expected: Result<(), &str>) {
        let change = format!(r#"{{"fromType":"{from}","toType":"{to}","tableVersion":2}}"#);
        check_changes(to, &format!("[{change}]"), expected);
    }

    #[track_caller]
    fn check_changes(json_type: &str, changes: &str, expected: Result<(), &str>) {
        let schema = format!(
            r#"{{"type":"struct","fields":[{{"name":"c","type":"{json_type}","nullable":true,"metadata":{{"delta.typeChanges":{changes}}}}}]}}"#
        );
        let found = arrow_schema(&schema).map(|schema| {
            assert!(schema.field(0).metadata().contains_key(TYPE_CHANGES), "the changes are kept");
        });
        let expected = expected.map_err(|text| format!("column `c`: {text}"));
        assert_eq!(found.map_err(|error| error.to_string()), expected, "{json_type} {changes}");
    }

    #[test]
    fn what_is_wider() {
        for (from, to) in [
            ("byte", "short"),
            ("byte", "long"),
            ("byte", "double"),
            ("short", "integer"),
            ("integer", "long"),
            ("integer", "double"),
            ("float", "double"),
            ("date", "timestamp_ntz"),
            ("decimal(5,2)", "decimal(7,2)"),
            ("decimal(5,2)", "decimal(7,4)"),
            ("byte", "decimal(4,1)"),
            ("short", "decimal(6,1)"),
            ("integer", "decimal(10,0)"),
            ("long", "decimal(20,1)"),
            ("long", "long"),
        ] {
            check(from, to, Ok(()));
        }
    }

    #[test]
    fn what_is_not() {
        for (from, to) in [
            ("long", "double"),
            ("long", "integer"),
            ("double", "float"),
            ("date", "timestamp"),
            ("decimal(5,2)", "decimal(6,4)"),
            ("decimal(5,2)", "decimal(6,1)"),
            ("integer", "decimal(10,1)"),
            ("string", "long"),
        ] {
            let text = format!("a change of type from `{from}` to `{to}` is not supported");
            check(from, to, Err(&text));
        }
        check_changes("long", "[]", Ok(()));
        check_changes("long", "7", Err("`delta.typeChanges` is missing or not a list"));
        check_changes("long", "[{}]", Err("`fromType` is missing or not a name of a type"));
        check("quantum", "long", Err("type `quantum` is not supported"));
    }
}
