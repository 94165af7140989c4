//! The names and ids that a table's columns have in its files, where they differ from the table's.

use crate::schema::{Place, SchemaError, SchemaRule, TYPE_KEY};
use arrow_schema::{DataType, Field, FieldRef, Fields, Schema};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The key of a field's metadata under which its name in the files is.
pub(crate) const PHYSICAL_NAME: &str = "delta.columnMapping.physicalName";

/// The key of a field's metadata under which its id in the files is.
pub(crate) const FIELD_ID: &str = "delta.columnMapping.id";

/// The key of a field's metadata under which the ids of its elements, keys and values are.
const NESTED_IDS: &str = "delta.columnMapping.nested.ids";

/// The key of a field's metadata under which Parquet readers and writers of Arrow have its id.
const PARQUET_FIELD_ID: &str = "PARQUET:field_id";

/// How the columns of a table are found in its files.
///
/// Whatever the mode, partition values and statistics in the log are under physical names, and
/// [`crate::Metadata::partition_columns`] are logical ones.
///
/// Source: Delta protocol, "Column Mapping".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ColumnMapping {
    /// By their name in the table.
    #[default]
    None,
    /// By [`physical_name`].
    Name,
    /// By [`field_id`], which a Parquet file has at its columns. A file that has no ids at all has
    /// none of the columns.
    Id,
}

impl ColumnMapping {
    /// The mode that the property `delta.columnMapping.mode` names, in any case.
    pub(crate) fn parse(mode: &str) -> Option<ColumnMapping> {
        match mode.to_ascii_lowercase().as_str() {
            "none" => Some(ColumnMapping::None),
            "name" => Some(ColumnMapping::Name),
            "id" => Some(ColumnMapping::Id),
            _ => None,
        }
    }

    /// Checks what the mode needs of the fields of `schema`, and gives elements, keys and values
    /// their ids. Without a mode the metadata of one that was dropped goes, so that
    /// [`physical_name`] tells the truth.
    ///
    /// # Errors
    /// [`SchemaError`] names the column.
    pub(crate) fn apply(self, schema: &Schema) -> Result<Schema, SchemaError> {
        let mut ids = HashSet::new();
        let fields = self.fields(schema.fields(), &Place::default(), &mut ids)?;
        Ok(Schema::new_with_metadata(fields, schema.metadata().clone()))
    }

    fn fields(
        self,
        fields: &Fields,
        place: &Place,
        ids: &mut HashSet<i32>,
    ) -> Result<Fields, SchemaError> {
        let mut names = HashSet::with_capacity(fields.len());
        fields
            .iter()
            .map(|field| {
                let place = place.inside(field.name());
                let mut metadata = field.metadata().clone();
                match self {
                    ColumnMapping::None => {
                        metadata.retain(|key, _| {
                            ![PHYSICAL_NAME, FIELD_ID, NESTED_IDS].contains(&key.as_str())
                        });
                    }
                    ColumnMapping::Name | ColumnMapping::Id => {
                        let name = metadata.get(PHYSICAL_NAME).filter(|name| !name.is_empty());
                        let name = name.ok_or_else(|| place.error(SchemaRule::PhysicalName))?;
                        if !names.insert(name.clone()) {
                            let name = name.clone();
                            return Err(place.error(SchemaRule::PhysicalNameTwice { name }));
                        }
                    }
                }
                if self == ColumnMapping::Id {
                    let id = field_id(field).ok_or_else(|| place.error(SchemaRule::FieldId))?;
                    if !ids.insert(id) {
                        return Err(place.error(SchemaRule::FieldIdTwice { id }));
                    }
                }
                let nested_ids = metadata
                    .get(NESTED_IDS)
                    .and_then(|json| serde_json::from_str::<HashMap<String, Value>>(json).ok());
                let inner = Inner { ids: nested_ids.unwrap_or_default(), mapping: self };
                let path = metadata.get(PHYSICAL_NAME).map_or("", String::as_str);
                let data_type = inner.data_type(field.data_type(), path, &place, ids)?;
                let field = Field::new(field.name(), data_type, field.is_nullable());
                Ok(Arc::new(field.with_metadata(metadata)))
            })
            .collect()
    }
}

/// What lies within a field that has a name.
struct Inner {
    /// By path, from the physical name of the field inwards.
    ids: HashMap<String, Value>,
    mapping: ColumnMapping,
}

impl Inner {
    fn data_type(
        &self,
        data_type: &DataType,
        path: &str,
        place: &Place,
        ids: &mut HashSet<i32>,
    ) -> Result<DataType, SchemaError> {
        Ok(match data_type {
            DataType::Struct(fields) => DataType::Struct(self.mapping.fields(fields, place, ids)?),
            DataType::List(element) => DataType::List(self.part(element, path, place, ids)?),
            DataType::Map(entry, sorted) => {
                let DataType::Struct(parts) = entry.data_type() else {
                    return Ok(data_type.clone());
                };
                let parts = parts.iter().map(|part| self.part(part, path, place, ids));
                let parts: Fields = parts.collect::<Result<_, _>>()?;
                let entry = entry.as_ref().clone().with_data_type(DataType::Struct(parts));
                DataType::Map(Arc::new(entry), *sorted)
            }
            other => other.clone(),
        })
    }

    /// An element, a key or a value.
    fn part(
        &self,
        part: &FieldRef,
        path: &str,
        place: &Place,
        ids: &mut HashSet<i32>,
    ) -> Result<FieldRef, SchemaError> {
        let path = format!("{path}.{}", part.name());
        let data_type = self.data_type(part.data_type(), &path, &place.inside(part.name()), ids)?;
        let mut metadata = part.metadata().clone();
        metadata.extend(self.ids.get(&path).map(|id| (FIELD_ID.to_owned(), id.to_string())));
        Ok(Arc::new(part.as_ref().clone().with_data_type(data_type).with_metadata(metadata)))
    }
}

/// The name of a column of [`crate::Metadata::schema`], or of a field at any depth of it, in the
/// table's files, its partition values and its statistics. The field's own name where the table
/// maps no columns, and for the element, the key and the value of lists and maps.
pub fn physical_name(field: &Field) -> &str {
    field.metadata().get(PHYSICAL_NAME).map_or(field.name(), String::as_str)
}

/// The id of a column of [`crate::Metadata::schema`], or of a field at any depth of it, in the
/// table's files. `None` where the table maps no columns, or the table does not say.
pub fn field_id(field: &Field) -> Option<i32> {
    field.metadata().get(FIELD_ID)?.parse().ok()
}

/// The fields of `schema` as the table's files have them: under [`physical_name`] at every depth,
/// with [`field_id`] where Parquet looks for it, with [`crate::TYPE_KEY`], and without other
/// metadata. The order is kept, so that columns correspond by their index.
pub fn physical_schema(schema: &Schema) -> Schema {
    Schema::new(schema.fields().iter().map(physical_field).collect::<Fields>())
}

fn physical_field(field: &FieldRef) -> FieldRef {
    let data_type = match field.data_type() {
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(physical_field).collect()),
        DataType::List(element) => DataType::List(physical_field(element)),
        DataType::Map(entry, sorted) => DataType::Map(physical_field(entry), *sorted),
        other => other.clone(),
    };
    let id = field_id(field).map(|id| (PARQUET_FIELD_ID.to_owned(), id.to_string()));
    let type_name = field.metadata().get_key_value(TYPE_KEY);
    let type_name = type_name.map(|(key, name)| (key.clone(), name.clone()));
    let physical = Field::new(physical_name(field), data_type, field.is_nullable());
    Arc::new(physical.with_metadata(id.into_iter().chain(type_name).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arrow_schema;

    fn column(name: &str, json_type: &str, metadata: &str) -> String {
        format!(
            r#"{{"name":"{name}","type":{json_type},"nullable":true,"metadata":{{{metadata}}}}}"#
        )
    }

    fn mapped(name: &str, json_type: &str, id: i32) -> String {
        let metadata = format!(r#""{FIELD_ID}":{id},"{PHYSICAL_NAME}":"col-{id}""#);
        column(name, json_type, &metadata)
    }

    fn a_struct(fields: &[String]) -> String {
        format!(r#"{{"type":"struct","fields":[{}]}}"#, fields.join(","))
    }

    /// The names and ids in the files, or the error.
    #[track_caller]
    fn check(mapping: ColumnMapping, fields: &[String], expected: &str) {
        let schema = arrow_schema(&a_struct(fields)).unwrap();
        let found = match mapping.apply(&schema) {
            Err(error) => error.to_string(),
            Ok(schema) => names(physical_schema(&schema).fields()),
        };
        assert_eq!(found, expected);
    }

    fn names(fields: &Fields) -> String {
        let names = fields.iter().map(|field| {
            let id = field.metadata().get(PARQUET_FIELD_ID);
            let id = id.map(|id| format!("#{id}")).unwrap_or_default();
            let inner = match field.data_type() {
                DataType::Struct(fields) => format!("({})", names(fields)),
                DataType::List(field) | DataType::Map(field, _) => {
                    format!("[{}]", names(&Fields::from(vec![Arc::clone(field)])))
                }
                _ => String::new(),
            };
            format!("{}{id}{inner}", field.name())
        });
        names.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn names_in_the_files() {
        let fields =
            [mapped("a", "\"long\"", 1), mapped("s", &a_struct(&[mapped("a", "\"long\"", 3)]), 2)];
        check(ColumnMapping::None, &fields, "a s(a)");
        check(ColumnMapping::Name, &fields, "col-1#1 col-2#2(col-3#3)");
        check(ColumnMapping::Id, &fields, "col-1#1 col-2#2(col-3#3)");
        let inner = a_struct(&[mapped("x", "\"long\"", 7)]);
        let list = format!(r#"{{"type":"array","elementType":{inner},"containsNull":true}}"#);
        let map = format!(
            r#"{{"type":"map","keyType":"string","valueType":{list},"valueContainsNull":true}}"#
        );
        check(
            ColumnMapping::Name,
            &[mapped("m", &map, 1)],
            "col-1#1[key_value(key value[element(col-7#7)])]",
        );
        let ids = r#""col-1.key":2,"col-1.value":3,"col-1.value.element":4"#;
        let with_ids = mapped("m", &map, 1).replace(
            r#""metadata":{"delta.columnMapping.id":1"#,
            &format!(r#""metadata":{{"{NESTED_IDS}":{{{ids}}},"delta.columnMapping.id":1"#),
        );
        check(
            ColumnMapping::Id,
            &[with_ids],
            "col-1#1[key_value(key#2 value#3[element#4(col-7#7)])]",
        );
    }

    #[test]
    fn what_a_mode_needs() {
        let plain = [column("a", "\"long\"", "")];
        check(ColumnMapping::None, &plain, "a");
        let text = "column `a`: column mapping needs a `delta.columnMapping.physicalName`";
        check(ColumnMapping::Name, &plain, text);
        let inner = [mapped("s", &a_struct(&plain), 1)];
        let text = "column `s.a`: column mapping needs a `delta.columnMapping.physicalName`";
        check(ColumnMapping::Id, &inner, text);
        let twice = [mapped("a", "\"long\"", 1), mapped("b", "\"long\"", 1)];
        let text = "column `b`: another column has the physical name `col-1` too";
        check(ColumnMapping::Name, &twice, text);
        let no_id = [column("a", "\"long\"", &format!(r#""{PHYSICAL_NAME}":"a""#))];
        check(ColumnMapping::Name, &no_id, "a");
        let text = "column `a`: column mapping by id needs a `delta.columnMapping.id`";
        check(ColumnMapping::Id, &no_id, text);
        let inner = [mapped("a", &a_struct(&[mapped("b", "\"long\"", 1)]), 1)];
        check(ColumnMapping::Id, &inner, "column `a.b`: another column has the field id 1 too");
    }
}
