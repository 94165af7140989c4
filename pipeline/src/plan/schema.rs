//! The schema of the table that a query makes, and the rows in it.

use crate::model::ModelRule;
use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use datafusion::catalog::TableProvider;
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::datasource::{ViewTable, provider_as_source};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{LogicalPlanBuilder, cast, lit};
use std::collections::HashSet;
use std::sync::Arc;

/// What a column's name may not hold in a Delta table without column mapping.
const FORBIDDEN: &[char] = &[' ', ',', ';', '{', '}', '(', ')', '\n', '\t', '='];

/// The schema of the table that a query of `schema` makes: the nearest types that Delta holds, and
/// every column nullable, so that a schema does not change with what the planner can prove.
///
/// # Errors
/// [`ModelRule::Column`] for a name or a type that has no place in a table.
pub(crate) fn of_table(schema: &DFSchema) -> Result<SchemaRef, ModelRule> {
    let mut seen = HashSet::new();
    let mut fields = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        let name = field.name();
        let refuse = |rule: &str| ModelRule::Column { column: name.clone(), rule: rule.to_owned() };
        if name.is_empty() || name.contains(FORBIDDEN) {
            return Err(refuse("cannot be a column's name, name it with `as`"));
        }
        if !seen.insert(name.to_lowercase()) {
            return Err(refuse("is there twice"));
        }
        let stored = stored_type(field.data_type()).ok_or_else(|| {
            let rule = match field.data_type() {
                DataType::Null => "is null in every row and has no type, cast it".to_owned(),
                other => format!("is of type {other}, which no Delta table holds, cast it"),
            };
            refuse(&rule)
        })?;
        fields.push(Field::new(name, stored, true));
    }
    Ok(Arc::new(Schema::new(fields)))
}

/// How the columns of a table differ from those that are `given`; `None` when they are the same.
pub(crate) fn difference(given: &Schema, table: &Schema) -> Option<String> {
    for field in given.fields() {
        let name = field.name();
        let Ok(found) = table.field_with_name(name) else {
            return Some(format!("column {name:?} is not there"));
        };
        let (wanted, found) = (stored_type(field.data_type()), stored_type(found.data_type()));
        if let (Some(wanted), Some(found)) = (wanted, found)
            && !wanted.equals_datatype(&found)
        {
            return Some(format!("column {name:?} is {found} and not {wanted}"));
        }
    }
    let more = table.fields().iter().find(|field| given.index_of(field.name()).is_err());
    more.map(|field| format!("column {:?} is there besides", field.name()))
}

/// The type in the lake of a column of type `of`; itself when the lake has none.
pub(crate) fn stored_as(of: &DataType) -> DataType {
    stored_type(of).unwrap_or_else(|| of.clone())
}

/// Whether each value of the type `old` is one of the type `new`.
pub(crate) fn widens(old: &DataType, new: &DataType) -> bool {
    use DataType::*;
    let whole_digits = |of: &DataType| match of {
        Int8 => Some((3, 0)),
        Int16 => Some((5, 0)),
        Int32 => Some((10, 0)),
        Int64 => Some((19, 0)),
        Decimal128(precision, scale) => {
            Some((i16::from(*precision) - i16::from(*scale), i16::from(*scale)))
        }
        _ => None,
    };
    match (old, new) {
        (Int8, Int16 | Int32 | Int64 | Float32 | Float64)
        | (Int16, Int32 | Int64 | Float32 | Float64)
        | (Int32, Int64 | Float64)
        | (Float32, Float64) => true,
        (_, Decimal128(_, _)) => match (whole_digits(old), whole_digits(new)) {
            (Some((old_whole, old_scale)), Some((whole, scale))) => {
                old_whole <= whole && old_scale <= scale
            }
            _ => false,
        },
        _ => old.equals_datatype(new),
    }
}

/// `rows` with the columns of `schema`, in its order: one that is not there is null, one of another type is cast.
///
/// # Errors
/// What the engine says.
pub(crate) fn fitted(
    rows: Arc<dyn TableProvider>,
    schema: &SchemaRef,
) -> Result<Arc<dyn TableProvider>, DataFusionError> {
    let there = rows.schema();
    if there.fields().len() == schema.fields().len()
        && there
            .fields()
            .iter()
            .zip(schema.fields())
            .all(|(a, b)| a.name() == b.name() && a.data_type() == b.data_type())
    {
        return Ok(rows);
    }
    let scan = LogicalPlanBuilder::scan("rows", provider_as_source(rows), None)?;
    let mut columns = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        let column = match there.field_with_name(field.name()) {
            Ok(found) if found.data_type() == field.data_type() => {
                super::column_of(scan.plan(), field.name())?
            }
            Ok(_) => cast(super::column_of(scan.plan(), field.name())?, field.data_type().clone()),
            Err(_) => lit(ScalarValue::try_new_null(field.data_type())?),
        };
        columns.push(column.alias(field.name()));
    }
    Ok(Arc::new(ViewTable::new(scan.project(columns)?.build()?, None)))
}

/// The type in the lake of a column of type `computed`.
fn stored_type(computed: &DataType) -> Option<DataType> {
    use DataType::*;
    Some(match computed {
        Boolean | Int8 | Int16 | Int32 | Int64 | Float32 | Float64 | Date32 => computed.clone(),
        UInt8 => Int16,
        UInt16 => Int32,
        UInt32 | UInt64 => Int64,
        Decimal32(precision, scale)
        | Decimal64(precision, scale)
        | Decimal128(precision, scale) => Decimal128(*precision, *scale),
        Utf8 | LargeUtf8 | Utf8View => Utf8,
        Binary | LargeBinary | BinaryView | FixedSizeBinary(_) => Binary,
        Timestamp(_, None) => Timestamp(TimeUnit::Microsecond, None),
        Timestamp(_, Some(_)) => Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        Dictionary(_, values) => stored_type(values)?,
        List(item) | LargeList(item) | ListView(item) => List(stored_field(item)?),
        Struct(fields) => Struct(fields.iter().map(stored_field).collect::<Option<Fields>>()?),
        _ => return None,
    })
}

fn stored_field(field: &Arc<Field>) -> Option<Arc<Field>> {
    Some(Arc::new(Field::new(field.name(), stored_type(field.data_type())?, true)))
}

/// `batch` with the types of `schema`; its columns are those of the schema, in order.
///
/// # Errors
/// When a value has no place in the column's type.
pub(crate) fn to_schema(
    batch: &RecordBatch,
    schema: &SchemaRef,
) -> Result<RecordBatch, DataFusionError> {
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    let columns = batch.columns().iter().zip(schema.fields()).map(|(column, field)| {
        if column.data_type() == field.data_type() {
            return Ok(Arc::clone(column));
        }
        cast_with_options(column, field.data_type(), &strict)
    });
    let columns = columns.collect::<Result<Vec<ArrayRef>, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)?)
}
