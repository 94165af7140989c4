//! Forms that may be written in more than one shape: a word or a map, one column or a list.

use super::*;

impl<'de> Deserialize<'de> for ColumnForms {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ColumnForms, D::Error> {
        struct Map;

        impl<'de> Visitor<'de> for Map {
            type Value = ColumnForms;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("columns by name, such as `order_id: { expect: [not_null] }`")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ColumnForms, A::Error> {
                let mut columns = Vec::new();
                while let Some((name, form)) = map.next_entry::<String, Option<ColumnForm>>()? {
                    columns.push((name, form.unwrap_or_default()));
                }
                Ok(ColumnForms(columns))
            }
        }

        deserializer.deserialize_map(Map)
    }
}

impl<'de> Deserialize<'de> for Form {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Form, D::Error> {
        struct WordOrMap;

        impl<'de> Visitor<'de> for WordOrMap {
            type Value = Form;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "an expectation: one of {KINDS}")
            }

            fn visit_str<E: Error>(self, word: &str) -> Result<Form, E> {
                Ok(Form::Word(word.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Form, A::Error> {
                let form = MapForm::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Form::Map(Box::new(form)))
            }
        }

        deserializer.deserialize_any(WordOrMap)
    }
}

impl<'de> Deserialize<'de> for Columns {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Columns, D::Error> {
        struct OneOrMany;

        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Columns;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a column, a list of columns, or `true` at a column")
            }

            fn visit_bool<E: Error>(self, is_here: bool) -> Result<Columns, E> {
                match is_here {
                    true => Ok(Columns::Here),
                    false => Err(E::custom("an expectation that is `false` is left out instead")),
                }
            }

            fn visit_str<E: Error>(self, column: &str) -> Result<Columns, E> {
                Ok(Columns::Named(vec![column.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Columns, A::Error> {
                let mut columns = Vec::new();
                while let Some(column) = seq.next_element()? {
                    columns.push(column);
                }
                Ok(Columns::Named(columns))
            }
        }

        deserializer.deserialize_any(OneOrMany)
    }
}

impl<'de> Deserialize<'de> for AcceptedForm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<AcceptedForm, D::Error> {
        struct ListOrMap;

        impl<'de> Visitor<'de> for ListOrMap {
            type Value = AcceptedForm;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of values, or `column` and `values`")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<AcceptedForm, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = seq.next_element()? {
                    values.push(value);
                }
                Ok(AcceptedForm(AcceptedMap { column: None, values }))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<AcceptedForm, A::Error> {
                AcceptedMap::deserialize(MapAccessDeserializer::new(map)).map(AcceptedForm)
            }
        }

        deserializer.deserialize_any(ListOrMap)
    }
}
