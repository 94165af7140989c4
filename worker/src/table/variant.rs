//! Variants as JSON text: whole ones, and ones that a writer shredded into typed columns.
//!
//! Source: Apache Parquet format, "Variant Binary Encoding" and "Variant Shredding".

mod binary;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use binary::{Names, Value, quoted};
use datafusion::arrow::array::{Array, ArrayRef, AsArray, BinaryArray, StringBuilder, StructArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Float64Type};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use std::sync::Arc;

/// How deep shredded columns nest at most.
const MAX_DEPTH: usize = 64;

/// Whether the table has a variant in this column.
pub fn is_variant(field: &Field) -> bool {
    delta_log::is_variant(field)
}

/// The variants of `array`, which is as a file has them, as JSON text.
///
/// # Errors
/// Arrow's, when they are not variants.
pub fn to_json(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let Some(variants) = array.as_struct_opt() else {
        return Err(malformed(&format!("a variant is a group, not {}", array.data_type())));
    };
    let Some(metadata) = variants.column_by_name("metadata") else {
        return Err(malformed("a variant has metadata"));
    };
    let metadata = cast(metadata, &DataType::Binary)?;
    let metadata = metadata.as_binary::<i32>();
    let shredded = Shredded::of(variants, MAX_DEPTH)?;
    let mut texts = StringBuilder::new();
    for row_idx in 0..variants.len() {
        if variants.is_null(row_idx) || metadata.is_null(row_idx) {
            texts.append_null();
            continue;
        }
        let names = Names::parse(metadata.value(row_idx)).map_err(broken)?;
        let mut json = String::new();
        match shredded.write(names, row_idx, &mut json)? {
            Written::Value => texts.append_value(&json),
            Written::Missing => texts.append_null(),
        }
    }
    Ok(Arc::new(texts.finish()))
}

fn broken(error: binary::VariantError) -> ArrowError {
    ArrowError::ExternalError(Box::new(error))
}

fn malformed(reason: &str) -> ArrowError {
    ArrowError::ParseError(format!("malformed variant: {reason}"))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    Value,
    Missing,
}

/// The pair `value`, `typed_value` of a variant or of a part of one.
struct Shredded {
    value: Option<ArrayRef>,
    typed: Option<Typed>,
}

/// A typed column.
enum Typed {
    Object { fields: Vec<(String, Shredded)>, rows: StructArray },
    List { items: Box<Shredded>, rows: ArrayRef },
    Leaf(ArrayRef),
}

impl Shredded {
    fn of(part: &StructArray, depth: usize) -> Result<Shredded, ArrowError> {
        let depth = depth.checked_sub(1).ok_or_else(|| malformed("it nests too deep"))?;
        let value = part.column_by_name("value").map(|value| cast(value, &DataType::Binary));
        let typed = match part.column_by_name("typed_value") {
            None => None,
            Some(typed) => Some(match typed.data_type() {
                DataType::Struct(fields) => {
                    let rows = typed.as_struct().clone();
                    let fields = fields
                        .iter()
                        .zip(rows.columns())
                        .map(|(field, column)| {
                            let part = column
                                .as_struct_opt()
                                .ok_or_else(|| malformed("a shredded field is a group"))?;
                            Ok((field.name().clone(), Shredded::of(part, depth)?))
                        })
                        .collect::<Result<Vec<_>, ArrowError>>()?;
                    Typed::Object { fields, rows }
                }
                DataType::List(item) | DataType::LargeList(item) => {
                    let rows = cast(typed, &DataType::List(Arc::clone(item)))?;
                    let items = rows.as_list::<i32>().values().as_struct_opt();
                    let items = items.ok_or_else(|| malformed("a shredded item is a group"))?;
                    Typed::List { items: Box::new(Shredded::of(items, depth)?), rows }
                }
                _ => Typed::Leaf(Arc::clone(typed)),
            }),
        };
        Ok(Shredded { value: value.transpose()?, typed })
    }

    fn binary(&self, row_idx: usize) -> Option<&[u8]> {
        let value: &BinaryArray = self.value.as_ref()?.as_binary_opt::<i32>()?;
        value.is_valid(row_idx).then(|| value.value(row_idx))
    }

    fn write(
        &self,
        names: Names<'_>,
        row_idx: usize,
        json: &mut String,
    ) -> Result<Written, ArrowError> {
        match &self.typed {
            Some(Typed::Leaf(leaf)) if leaf.is_valid(row_idx) => leaf_json(leaf, row_idx, json)?,
            Some(Typed::List { items, rows }) if rows.is_valid(row_idx) => {
                let offsets = rows.as_list::<i32>().value_offsets();
                let at = |idx: usize| {
                    offsets.get(idx).and_then(|offset| usize::try_from(*offset).ok()).unwrap_or(0)
                };
                json.push('[');
                for (item_idx, place) in (at(row_idx)..at(row_idx + 1)).enumerate() {
                    if item_idx > 0 {
                        json.push(',');
                    }
                    if items.write(names, place, json)? == Written::Missing {
                        json.push_str("null");
                    }
                }
                json.push(']');
            }
            Some(Typed::Object { fields, rows }) if rows.is_valid(row_idx) => {
                self.write_object(fields, names, row_idx, json)?;
            }
            _ => match self.binary(row_idx) {
                Some(value) => {
                    Value::new(names, value).write(json).map_err(broken)?;
                }
                None => return Ok(Written::Missing),
            },
        }
        Ok(Written::Value)
    }

    /// The shredded fields, and those that were left in the binary value.
    fn write_object(
        &self,
        fields: &[(String, Shredded)],
        names: Names<'_>,
        row_idx: usize,
        json: &mut String,
    ) -> Result<(), ArrowError> {
        json.push('{');
        let mut n_written = 0;
        let mut name_it = |json: &mut String, name: &str| {
            if n_written > 0 {
                json.push(',');
            }
            n_written += 1;
            json.push_str(&quoted(name));
            json.push(':');
        };
        for (name, part) in fields {
            let mut text = String::new();
            if part.write(names, row_idx, &mut text)? == Written::Value {
                name_it(json, name);
                json.push_str(&text);
            }
        }
        if let Some(value) = self.binary(row_idx) {
            for (name, value) in Value::new(names, value).fields().map_err(broken)? {
                name_it(json, name);
                value.write(json).map_err(broken)?;
            }
        }
        json.push('}');
        Ok(())
    }
}

/// A typed value as the JSON that it has inside of a variant.
fn leaf_json(leaf: &ArrayRef, row_idx: usize, json: &mut String) -> Result<(), ArrowError> {
    let options = FormatOptions::default();
    let text = || ArrayFormatter::try_new(leaf.as_ref(), &options)?.value(row_idx).try_to_string();
    match leaf.data_type() {
        DataType::Boolean
        | DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::Decimal32(..)
        | DataType::Decimal64(..)
        | DataType::Decimal128(..) => json.push_str(&text()?),
        DataType::Float32 | DataType::Float64 => {
            let value = cast(&leaf.slice(row_idx, 1), &DataType::Float64)?;
            let value = value.as_primitive::<Float64Type>().value(0);
            match value.is_finite() {
                true => json.push_str(&text()?),
                false => json.push_str("null"),
            }
        }
        DataType::Binary | DataType::BinaryView | DataType::LargeBinary => {
            let value = cast(&leaf.slice(row_idx, 1), &DataType::Binary)?;
            json.push_str(&quoted(&BASE64.encode(value.as_binary::<i32>().value(0))));
        }
        _ => json.push_str(&quoted(&text()?)),
    }
    Ok(())
}
