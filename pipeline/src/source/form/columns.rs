//! The columns of a source as they are written: names, types, and what a file without a column means.

use crate::source::FolderSource;
use crate::source::typed_rows::{Column, Missing};
use serde_json::Value;

/// The columns in the order in which they are written: `name: type`, or `name: { type: text, missing: null }`.
///
/// # Errors
/// What is wrong with one, to stand behind "columns".
pub(super) fn typed(columns: &Value, rescue: Option<&str>) -> Result<Vec<Column>, String> {
    let map = columns
        .as_object()
        .filter(|map| !map.is_empty())
        .ok_or("are a map of names and types: `{ name: type, ... }`")?;
    let mut typed = Vec::with_capacity(map.len());
    for (name, form) in map {
        if FolderSource::AUDIT.contains(&name.as_str()) || rescue == Some(name) {
            return Err(format!("have {name:?}, which is added by itself"));
        }
        let (of, missing) = match form {
            Value::Object(form) => {
                if let Some(key) =
                    form.keys().find(|key| !["type", "missing"].contains(&key.as_str()))
                {
                    return Err(format!(
                        "have {name:?} with `{key}`, and a column has `type` and `missing`"
                    ));
                }
                let missing = match form.get("missing") {
                    None => Missing::Refused,
                    Some(Value::Null) => Missing::Null,
                    Some(Value::String(text)) if text.eq_ignore_ascii_case("null") => Missing::Null,
                    Some(other) => {
                        return Err(format!(
                            "have {name:?} with `missing: {other}`, which is null or left out"
                        ));
                    }
                };
                (form.get("type").and_then(Value::as_str), missing)
            }
            form => (form.as_str(), Missing::Refused),
        };
        let of = of.ok_or_else(|| format!("have {name:?} without a type"))?;
        let of = of.parse().map_err(|error| format!("have {name:?}: {error}"))?;
        typed.push(Column { name: name.clone(), of, missing });
    }
    Ok(typed)
}
