//! A Delta schema to an Arrow schema.

use crate::type_change;
use arrow_schema::{DataType, Field, Fields, Schema, TimeUnit};
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The key of a field's metadata under which a type is named that Arrow has not.
pub const TYPE_KEY: &str = "lakefront.type";

/// The type under [`TYPE_KEY`] of a field whose values in the files are variants: a group of
/// `metadata` and `value`, and of `typed_value` where they are shredded.
///
/// Source: Delta protocol, "Variant Data Type".
pub const VARIANT: &str = "variant";

/// Whether the values of `field` are variants, to be read as JSON text.
pub fn is_variant(field: &Field) -> bool {
    field.metadata().get(TYPE_KEY).is_some_and(|name| name == VARIANT)
}

/// Reads a table's `schemaString`: the columns in the table's order, partition columns among them.
///
/// | Delta | Arrow |
/// |---|---|
/// | `string`, with or without a collation | `Utf8` |
/// | `binary`, `boolean` | `Binary`, `Boolean` |
/// | `byte`, `short`, `integer`, `long` | `Int8`, `Int16`, `Int32`, `Int64` |
/// | `float`, `double` | `Float32`, `Float64` |
/// | `decimal(p,s)` | `Decimal128(p, s)` |
/// | `date` | `Date32` |
/// | `timestamp` | `Timestamp(µs, "UTC")` |
/// | `timestamp_ntz` | `Timestamp(µs)` without a zone |
/// | `void` | `Null`: the files have no such column |
/// | `variant` | `Utf8`, its field with [`TYPE_KEY`] [`VARIANT`] |
/// | `array` | `List`, its field named `element` |
/// | `map` | `Map`, its fields named `key_value`, `key`, `value` |
/// | `struct` | `Struct` |
///
/// A field's metadata is kept; a value that is not a string becomes its JSON text. So is that of
/// columns whose type has changed, which older files have in the older type; only changes to wider
/// types are read. `char` and `varchar` are strings with metadata.
///
/// # Errors
/// [`SchemaError`] names the field and the rule that it breaks.
///
/// Source: Delta protocol, "Schema Serialization Format".
pub fn arrow_schema(schema_string: &str) -> Result<Schema, SchemaError> {
    let root = Place::default();
    // serde_json stops at a depth of 128, which bounds the recursion below.
    let json: Value = serde_json::from_str(schema_string)
        .map_err(|source| root.error(SchemaRule::Json { source }))?;
    match data_type(&json, &root)? {
        DataType::Struct(fields) => Ok(Schema::new(fields)),
        _ => Err(root.error(SchemaRule::NotAStruct)),
    }
}

/// What is wrong in a schema, and where.
#[derive(Debug, thiserror::Error)]
#[error("{}{rule}", if column.is_empty() { String::new() } else { format!("column `{column}`: ") })]
pub struct SchemaError {
    /// The names from the outermost column inwards, with dots; empty for the schema as a whole.
    pub column: String,
    /// The rule that it breaks.
    #[source]
    pub rule: SchemaRule,
}

impl SchemaError {
    /// Whether the schema may be right and this crate lacks something.
    pub fn is_unsupported(&self) -> bool {
        matches!(self.rule, SchemaRule::UnsupportedType { .. } | SchemaRule::TypeChange { .. })
    }
}

/// The rules that a schema can break.
#[derive(Debug, thiserror::Error)]
pub enum SchemaRule {
    /// The metadata action has no schema.
    #[error("the metaData action has no schemaString")]
    Missing,
    /// Not JSON.
    #[error("schemaString is not JSON: {source}")]
    Json {
        /// What the JSON parser says.
        source: serde_json::Error,
    },
    /// A schema is a struct of columns.
    #[error("a schema is a struct")]
    NotAStruct,
    /// A property is absent or of another type.
    #[error("`{property}` is missing or not a {expected}")]
    Property {
        /// The property's name in the schema's JSON.
        property: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// A type that this crate does not know.
    #[error("type `{name}` is not supported")]
    UnsupportedType {
        /// The type's name in the schema's JSON.
        name: String,
    },
    /// A type whose values are not all values of the type that followed it.
    #[error("a change of type from `{from}` to `{to}` is not supported")]
    TypeChange {
        /// The type before.
        from: String,
        /// The type after.
        to: String,
    },
    /// Precision 1 to 38, scale 0 to the precision.
    #[error("`{name}` is not a decimal type: precision is 1 to 38, scale 0 to precision")]
    Decimal {
        /// The type's name in the schema's JSON.
        name: String,
    },
    /// Two columns of one struct differ at most in case.
    #[error("the name is there twice, case aside")]
    Duplicate,
    /// A table that maps columns has a physical name for each.
    #[error("column mapping needs a `delta.columnMapping.physicalName`")]
    PhysicalName,
    /// Two columns of one struct lie under one name in the files.
    #[error("another column has the physical name `{name}` too")]
    PhysicalNameTwice {
        /// The physical name.
        name: String,
    },
    /// A table that maps columns by id has an id for each.
    #[error("column mapping by id needs a `delta.columnMapping.id`")]
    FieldId,
    /// Two columns of the table have one id.
    #[error("another column has the field id {id} too")]
    FieldIdTwice {
        /// The id.
        id: i32,
    },
    /// A partition column is no column of the schema, or not of a primitive type.
    #[error("a partition column is a column of the schema with a primitive type")]
    PartitionColumn,
}

/// Where in the schema the reader is.
#[derive(Default)]
pub(crate) struct Place(Vec<String>);

impl Place {
    /// The place of the field `name` of what is here.
    pub fn inside(&self, name: &str) -> Place {
        let mut names = self.0.clone();
        names.push(name.to_owned());
        Place(names)
    }

    /// What is wrong here.
    pub fn error(&self, rule: SchemaRule) -> SchemaError {
        SchemaError { column: self.0.join("."), rule }
    }
}

fn data_type(json: &Value, place: &Place) -> Result<DataType, SchemaError> {
    match json {
        Value::String(name) => primitive(name, place),
        Value::Object(object) => nested(object, place),
        _ => Err(property(place, "type", "name or object")),
    }
}

/// The type of that name.
///
/// # Errors
/// [`SchemaError`] when there is none.
pub(crate) fn primitive(name: &str, place: &Place) -> Result<DataType, SchemaError> {
    Ok(match name {
        "string" | VARIANT => DataType::Utf8,
        "binary" => DataType::Binary,
        "boolean" => DataType::Boolean,
        "byte" => DataType::Int8,
        "short" => DataType::Int16,
        "integer" => DataType::Int32,
        "long" => DataType::Int64,
        "float" => DataType::Float32,
        "double" => DataType::Float64,
        "date" => DataType::Date32,
        "timestamp" => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        "timestamp_ntz" => DataType::Timestamp(TimeUnit::Microsecond, None),
        "void" => DataType::Null,
        "decimal" => DataType::Decimal128(10, 0),
        _ => match name.strip_prefix("decimal(").and_then(|rest| rest.strip_suffix(')')) {
            Some(digits) => decimal(digits)
                .ok_or_else(|| place.error(SchemaRule::Decimal { name: name.to_owned() }))?,
            None if name.starts_with("string collate ") => DataType::Utf8,
            None => {
                return Err(place.error(SchemaRule::UnsupportedType { name: name.to_owned() }));
            }
        },
    })
}

fn decimal(digits: &str) -> Option<DataType> {
    let (precision, scale) = digits.split_once(',')?;
    let precision: u8 = precision.trim().parse().ok()?;
    let scale: i8 = scale.trim().parse().ok()?;
    let fits = (1..=38).contains(&precision) && 0 <= scale && scale.unsigned_abs() <= precision;
    fits.then_some(DataType::Decimal128(precision, scale))
}

fn nested(object: &Map<String, Value>, place: &Place) -> Result<DataType, SchemaError> {
    let part = |key: &'static str, name: &str, nullable: bool| {
        let json = object.get(key).ok_or_else(|| property(place, key, "type"))?;
        field(name, json, nullable, HashMap::new(), &place.inside(name))
    };
    match object.get("type").and_then(Value::as_str) {
        Some("struct") => Ok(DataType::Struct(fields(object, place)?)),
        Some("array") => {
            let nullable = flag(object, "containsNull", place)?;
            Ok(DataType::List(Arc::new(part("elementType", "element", nullable)?)))
        }
        Some("map") => {
            let key = part("keyType", "key", false)?;
            let nullable = flag(object, "valueContainsNull", place)?;
            let value = part("valueType", "value", nullable)?;
            let entry = DataType::Struct(Fields::from(vec![key, value]));
            Ok(DataType::Map(Arc::new(Field::new("key_value", entry, false)), false))
        }
        Some(name) => Err(place.error(SchemaRule::UnsupportedType { name: name.to_owned() })),
        None => Err(property(place, "type", "name")),
    }
}

fn field(
    name: &str,
    json_type: &Value,
    nullable: bool,
    mut metadata: HashMap<String, String>,
    place: &Place,
) -> Result<Field, SchemaError> {
    let data_type = data_type(json_type, place)?;
    metadata.remove(TYPE_KEY);
    if json_type.as_str() == Some(VARIANT) {
        metadata.insert(TYPE_KEY.to_owned(), VARIANT.to_owned());
    }
    Ok(Field::new(name, data_type, nullable).with_metadata(metadata))
}

fn fields(object: &Map<String, Value>, place: &Place) -> Result<Fields, SchemaError> {
    let json = object.get("fields").and_then(Value::as_array);
    let json = json.ok_or_else(|| property(place, "fields", "list"))?;
    let mut names = HashSet::with_capacity(json.len());
    json.iter()
        .map(|json| {
            let json =
                json.as_object().ok_or_else(|| property(place, "fields", "list of objects"))?;
            let name = json.get("name").and_then(Value::as_str);
            let name = name.ok_or_else(|| property(place, "name", "string"))?;
            let place = place.inside(name);
            if !names.insert(name.to_lowercase()) {
                return Err(place.error(SchemaRule::Duplicate));
            }
            let json_type = json.get("type").ok_or_else(|| property(&place, "type", "type"))?;
            if let Some(metadata) = json.get("metadata").and_then(Value::as_object) {
                type_change::check(metadata, &place)?;
            }
            field(name, json_type, flag(json, "nullable", &place)?, metadata(json), &place)
        })
        .collect()
}

fn metadata(field: &Map<String, Value>) -> HashMap<String, String> {
    let entries = field.get("metadata").and_then(Value::as_object);
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    entries.into_iter().flatten().map(|(key, value)| (key.clone(), text(value))).collect()
}

fn flag(
    object: &Map<String, Value>,
    key: &'static str,
    place: &Place,
) -> Result<bool, SchemaError> {
    object.get(key).and_then(Value::as_bool).ok_or_else(|| property(place, key, "boolean"))
}

fn property(place: &Place, property: &'static str, expected: &'static str) -> SchemaError {
    place.error(SchemaRule::Property { property, expected })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The Arrow type of one nullable column `c`, as text.
    #[track_caller]
    fn check(json_type: &str, expected: Result<&str, &str>) {
        let schema = format!(
            r#"{{"type":"struct","fields":[{{"name":"c","type":{json_type},"nullable":true,"metadata":{{}}}}]}}"#
        );
        let found = arrow_schema(&schema).map(|schema| schema.field(0).data_type().to_string());
        let found = found.map_err(|error| error.to_string());
        assert_eq!(found, expected.map(str::to_owned).map_err(str::to_owned), "{json_type}");
    }

    #[test]
    fn types() {
        for (delta, arrow) in [
            ("string", "Utf8"),
            ("binary", "Binary"),
            ("boolean", "Boolean"),
            ("byte", "Int8"),
            ("short", "Int16"),
            ("integer", "Int32"),
            ("long", "Int64"),
            ("float", "Float32"),
            ("double", "Float64"),
            ("date", "Date32"),
            ("timestamp", "Timestamp(µs, \"UTC\")"),
            ("timestamp_ntz", "Timestamp(µs)"),
            ("void", "Null"),
            ("variant", "Utf8"),
            ("string collate UTF8_LCASE", "Utf8"),
            ("decimal(38,18)", "Decimal128(38, 18)"),
            ("decimal(5, 0)", "Decimal128(5, 0)"),
            ("decimal", "Decimal128(10, 0)"),
        ] {
            check(&format!("{delta:?}"), Ok(arrow));
        }
        check(
            r#"{"type":"array","elementType":"long","containsNull":false}"#,
            Ok("List(non-null Int64, field: 'element')"),
        );
        check(
            r#"{"type":"map","keyType":"string","valueType":{"type":"struct","fields":[]},"valueContainsNull":true}"#,
            Ok(
                "Map(\"key_value\": non-null Struct(\"key\": non-null Utf8, \"value\": Struct()), unsorted)",
            ),
        );
    }

    #[test]
    fn broken_types_are_named() {
        for name in ["geometry(OGC:CRS84)", "geography", "interval day to second", "char(3)"] {
            let text = format!("column `c`: type `{name}` is not supported");
            check(&format!("{name:?}"), Err(&text));
        }
        check("{\"type\":\"udt\"}", Err("column `c`: type `udt` is not supported"));
        for name in ["decimal(39,0)", "decimal(5,6)", "decimal(0,0)", "decimal(5,-1)", "decimal(x)"]
        {
            let rule = "is not a decimal type: precision is 1 to 38, scale 0 to precision";
            check(&format!("{name:?}"), Err(&format!("column `c`: `{name}` {rule}")));
        }
        check("7", Err("column `c`: `type` is missing or not a name or object"));
        check(
            r#"{"type":"array","elementType":"long"}"#,
            Err("column `c`: `containsNull` is missing or not a boolean"),
        );
        check(
            r#"{"type":"array","elementType":"geo","containsNull":true}"#,
            Err("column `c.element`: type `geo` is not supported"),
        );
        let deep = format!("{}\"long\"{}", "[".repeat(5000), "]".repeat(5000));
        assert!(arrow_schema(&deep).is_err());
        assert!(arrow_schema("\"long\"").is_err());
        assert!(arrow_schema("").is_err());
    }

    #[test]
    fn variants_are_marked_at_any_depth() {
        let list = r#"{"type":"array","elementType":"variant","containsNull":true}"#;
        let schema = arrow_schema(&format!(
            r#"{{"type":"struct","fields":[
                {{"name":"v","type":"variant","nullable":true,"metadata":{{}}}},
                {{"name":"s","type":"string","nullable":true,"metadata":{{"lakefront.type":"variant"}}}},
                {{"name":"l","type":{list},"nullable":true,"metadata":{{}}}},
                {{"name":"m","type":{{"type":"map","keyType":"string","valueType":{list},"valueContainsNull":true}},"nullable":true,"metadata":{{}}}}
            ]}}"#
        ));
        fn marked(field: &Field) -> String {
            let inner: String = match field.data_type() {
                DataType::List(inner) | DataType::Map(inner, _) => marked(inner),
                DataType::Struct(fields) => fields.iter().map(|field| marked(field)).collect(),
                _ => String::new(),
            };
            if is_variant(field) { format!("{} {inner}", field.name()) } else { inner }
        }
        let schema = schema.unwrap();
        let found = schema.fields().iter().map(|field| marked(field)).collect::<Vec<_>>();
        assert_eq!(found, ["v ", "", "element ", "element "]);
    }

    #[test]
    fn names_are_unique_and_metadata_is_kept() {
        let column = |name: &str| {
            format!(
                r#"{{"name":"{name}","type":"long","nullable":false,"metadata":{{"a":"x","b":7}}}}"#
            )
        };
        let schema = |a: &str, b: &str| {
            arrow_schema(&format!(r#"{{"type":"struct","fields":[{},{}]}}"#, column(a), column(b)))
        };
        let found = schema("a", "b").unwrap();
        assert!(!found.field(1).is_nullable());
        assert_eq!(found.field(1).metadata()["a"], "x");
        assert_eq!(found.field(1).metadata()["b"], "7");
        assert_eq!(
            schema("a", "A").unwrap_err().to_string(),
            "column `A`: the name is there twice, case aside"
        );
    }
}
