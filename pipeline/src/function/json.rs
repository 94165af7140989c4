//! `json_get_text(text, path)`: one value out of a text that holds JSON, as text.

use arrow::array::{Array, ArrayRef, AsArray, StringArray, StringBuilder};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};
use serde::Deserializer as _;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;
use std::sync::Arc;

/// `json_get_text(text, 'path.to.field') -> text`.
///
/// The parts of the path are the names of fields, or positions in lists from 0; a name with a dot cannot be
/// reached. The empty path is the whole. A string gives its contents; numbers, `true` and `false` give
/// themselves as they are written; objects and lists give their JSON as it is written. Null comes of a null
/// argument, of a text that is not JSON, of a path that leads nowhere, and of JSON's `null`. Of a field that is
/// there twice the last counts.
///
/// An amount stays exact, since no number is read as a double on the way.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct JsonGetText {
    signature: Signature,
}

impl JsonGetText {
    pub(super) fn new() -> JsonGetText {
        JsonGetText { signature: Signature::string(2, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for JsonGetText {
    fn name(&self) -> &str {
        "json_get_text"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[DataType]) -> Result<DataType, DataFusionError> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue, DataFusionError> {
        let [text, path] = args.args.as_slice() else {
            return Err(DataFusionError::Plan("json_get_text takes a text and a path".to_owned()));
        };
        let paths = match path {
            ColumnarValue::Scalar(path) => Paths::One(path.try_as_str().flatten().map(Path::of)),
            ColumnarValue::Array(paths) => Paths::Each(cast(paths, &DataType::Utf8)?),
        };
        match (text, &paths) {
            (ColumnarValue::Scalar(text), Paths::One(path)) => {
                let found = text.try_as_str().flatten().zip(path.as_ref());
                let value = found.and_then(|(text, path)| path.value_in(text));
                Ok(ColumnarValue::Scalar(ScalarValue::Utf8(value)))
            }
            _ => {
                let texts = cast(&text.to_array(args.number_rows)?, &DataType::Utf8)?;
                Ok(ColumnarValue::Array(Arc::new(paths.values_in(texts.as_string()))))
            }
        }
    }
}

/// Where to look in each row's text.
enum Paths<'p> {
    One(Option<Path<'p>>),
    Each(ArrayRef),
}

impl Paths<'_> {
    fn values_in(&self, texts: &StringArray) -> StringArray {
        let mut values = StringBuilder::with_capacity(texts.len(), 0);
        match self {
            Paths::One(path) => texts.iter().for_each(|text| {
                let found = text.zip(path.as_ref());
                values.append_option(found.and_then(|(text, path)| path.value_in(text)));
            }),
            Paths::Each(paths) => {
                for (text, path) in texts.iter().zip(paths.as_string::<i32>()) {
                    let found = text.zip(path.map(Path::of));
                    values.append_option(found.and_then(|(text, path)| path.value_in(text)));
                }
            }
        }
        values.finish()
    }
}

/// The parts of a path.
struct Path<'p>(Vec<&'p str>);

impl Path<'_> {
    fn of(text: &str) -> Path<'_> {
        Path(if text.is_empty() { Vec::new() } else { text.split('.').collect() })
    }

    fn value_in(&self, text: &str) -> Option<String> {
        // The whole text is read once, so that a text that is cut off has no values at all.
        let mut at: &RawValue = serde_json::from_str(text).ok()?;
        for part in &self.0 {
            let mut json = serde_json::Deserializer::from_str(at.get());
            at = json.deserialize_any(Step { part }).ok()??;
        }
        match at.get().as_bytes().first() {
            Some(b'"') => serde_json::from_str(at.get()).ok(),
            Some(b'n') => None,
            _ => Some(at.get().to_owned()),
        }
    }
}

/// Goes from a value to the field or the member that is called `part`. Everything else is passed over without
/// being kept, and without recursion: a text of a million brackets is only long.
struct Step<'p> {
    part: &'p str,
}

impl<'de> Visitor<'de> for Step<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(is_it) = fields.next_key_seed(IsName(self.part))? {
            if is_it {
                found = Some(fields.next_value()?);
            } else {
                fields.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let position: usize = self.part.parse().map_err(A::Error::custom)?;
        for _ in 0..position {
            if members.next_element::<IgnoredAny>()?.is_none() {
                return Ok(None);
            }
        }
        let found = members.next_element()?;
        while members.next_element::<IgnoredAny>()?.is_some() {}
        Ok(found)
    }
}

/// Whether a field's name is this one; escapes in it are resolved.
struct IsName<'p>(&'p str);

impl<'de> DeserializeSeed<'de> for IsName<'_> {
    type Value = bool;

    fn deserialize<D: serde::Deserializer<'de>>(self, name: D) -> Result<bool, D::Error> {
        name.deserialize_str(self)
    }
}

impl Visitor<'_> for IsName<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<bool, E> {
        Ok(name == self.0)
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::Planner;
    use arrow::util::display::array_value_to_string;
    use datafusion::common::cast::as_string_array;
    use datafusion::prelude::SessionContext;

    fn value(text: &str, path: &str) -> Option<String> {
        super::Path::of(path).value_in(text)
    }

    #[test]
    fn scalars_are_text_and_the_rest_is_json() {
        let order = r#" {"id": 7, "amount": 1299.10, "big": 12345678901234567890123, "e": 1e3, "ok": true, "no": false,
            "note": "a \"b\" \u00e9", "none": null, "empty": "", "by": {"id": "u1", "at": {"city": "Köln"}},
            "lines": [{"sku": "x"}, [1, 2], "three"], "a\u0062": "escaped", "twice": 1, "twice": 2, "0": "zero"} "#;
        let check = |path: &str, expected: Option<&str>| {
            assert_eq!(value(order, path).as_deref(), expected, "{path:?}");
        };
        check("id", Some("7"));
        check("amount", Some("1299.10"));
        check("big", Some("12345678901234567890123"));
        check("e", Some("1e3"));
        check("ok", Some("true"));
        check("no", Some("false"));
        check("note", Some("a \"b\" é"));
        check("empty", Some(""));
        check("by.id", Some("u1"));
        check("by.at.city", Some("Köln"));
        check("by", Some(r#"{"id": "u1", "at": {"city": "Köln"}}"#));
        check("lines.0.sku", Some("x"));
        check("lines.1", Some("[1, 2]"));
        check("lines.1.1", Some("2"));
        check("lines.2", Some("three"));
        check("ab", Some("escaped"));
        check("twice", Some("2"));
        check("0", Some("zero"));
        check("", Some(order.trim()));
        for nowhere in [
            "none", "ID", "id.x", "by.name", "by.", ".by", "lines.3", "lines.-1", "lines.x",
            "note.0",
        ] {
            check(nowhere, None);
        }
    }

    #[test]
    fn what_is_not_json_has_no_values() {
        for text in [
            "",
            " ",
            "{",
            r#"{"a": 1"#,
            r#"{"a": 1} x"#,
            r#"{"a": 1,}"#,
            "{a: 1}",
            "a",
            r#"{"b": "#,
        ] {
            assert_eq!(value(text, "a"), None, "{text:?}");
        }
        assert_eq!(value(r#""whole""#, "").as_deref(), Some("whole"));
        assert_eq!(value("null", ""), None);
        let depth = 200_000;
        let deep = format!(r#"{{"x": {}{}, "a": 1}}"#, "[".repeat(depth), "]".repeat(depth));
        assert_eq!(value(&deep, "a").as_deref(), Some("1"));
        assert_eq!(value(&deep, "x.0.0.0").map(|json| json.len()), Some(2 * (depth - 3)));
    }

    async fn answer(ctx: &SessionContext, sql: &str) -> Vec<Option<String>> {
        let batches = ctx.sql(sql).await.unwrap().collect().await.unwrap();
        let mut values = Vec::new();
        for batch in &batches {
            let column = as_string_array(batch.column(0)).unwrap();
            values.extend(column.iter().map(|value| value.map(str::to_owned)));
        }
        values
    }

    #[tokio::test]
    async fn models_know_it() {
        let scope = Planner::new(1 << 24).unwrap().scope().unwrap();
        let ctx = scope.ctx();
        let check = async |sql: &str, expected: &[Option<&str>]| {
            let found = answer(ctx, sql).await;
            let found: Vec<Option<&str>> = found.iter().map(Option::as_deref).collect();
            assert_eq!(found, expected, "{sql}");
        };
        let rows = r#"(values ('{"a": {"b": 1}}', 'a.b'), ('{"a": 2}', 'a'), (null, 'a'), ('{"a": 3}', null)) as t(j, p)"#;
        check(
            &format!("select json_get_text(j, p) from {rows}"),
            &[Some("1"), Some("2"), None, None],
        )
        .await;
        let first = &[Some(r#"{"b": 1}"#), Some("2"), None, Some("3")];
        check(&format!("select json_get_text(j, 'a') from {rows}"), first).await;
        check(&format!("select json_get_text(j, null) from {rows}"), &[None; 4]).await;
        check(r#"select json_get_text('{"a": "x"}', 'a')"#, &[Some("x")]).await;
        let by_path =
            r#"select json_get_text('{"a": 1, "a.b": 2}', p) from (values ('a'), ('a.b')) as t(p)"#;
        check(by_path, &[Some("1"), None]).await;
        let view =
            "select json_get_text(arrow_cast('[4]', 'Utf8View'), arrow_cast('0', 'LargeUtf8'))";
        check(view, &[Some("4")]).await;
        let cents = r#"select cast(json_get_text('{"c": "1299"}', 'c') as decimal(12, 2)) / 100"#;
        let batches = ctx.sql(cents).await.unwrap().collect().await.unwrap();
        assert!(array_value_to_string(batches[0].column(0), 0).unwrap().starts_with("12.99"));
        let wrong = ctx.sql("select json_get_text('{}')").await.unwrap_err().to_string();
        assert!(wrong.contains("json_get_text"), "{wrong}");
    }
}
