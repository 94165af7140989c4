//! The schema of the table that a query makes, and the rows in it.

use crate::model::ModelRule;
use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use arrow::util::display::array_value_to_string;
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

/// A value that is another one in the column that should hold it.
#[derive(Debug, thiserror::Error)]
#[error(
    "column {column:?} is {to} in the table and has {value} of type {from} in a row, which would be {becomes} there; cast it in the query"
)]
pub(crate) struct ChangedValue {
    /// The column.
    pub(crate) column: String,
    /// The value, as text.
    pub(crate) value: String,
    /// What the table would hold instead, as text.
    pub(crate) becomes: String,
    /// The type of the value.
    pub(crate) from: DataType,
    /// The type of the column.
    pub(crate) to: DataType,
}

/// `batch` with the types of `schema`; its columns are those of the schema, in order.
///
/// # Errors
/// When a value has no place in the column's type; [`ChangedValue`] when it would be another one there.
pub(crate) fn to_schema(
    batch: &RecordBatch,
    schema: &SchemaRef,
) -> Result<RecordBatch, DataFusionError> {
    let columns = batch.columns().iter().zip(schema.fields());
    let columns = columns.map(|(column, field)| stored(column, field));
    let columns = columns.collect::<Result<Vec<ArrayRef>, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)?)
}

/// `column` as values of `field`, each the same as before.
fn stored(column: &ArrayRef, field: &Field) -> Result<ArrayRef, DataFusionError> {
    let (from, to) = (column.data_type(), field.data_type());
    if from == to {
        return Ok(Arc::clone(column));
    }
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    let cast = cast_with_options(column, to, &strict)?;
    if keeps_values(from, to) {
        return Ok(cast);
    }
    // A number has lost a digit, and a time its end, when the way back leads to another one.
    let back = cast_with_options(&cast, from, &strict)?;
    if back.to_data() == column.to_data() {
        return Ok(cast);
    }
    let differs =
        |row_idx: &usize| back.slice(*row_idx, 1).to_data() != column.slice(*row_idx, 1).to_data();
    let Some(row_idx) = (0..column.len()).find(differs) else { return Ok(cast) };
    let changed = ChangedValue {
        column: field.name().clone(),
        value: array_value_to_string(column, row_idx)?,
        becomes: array_value_to_string(&cast, row_idx)?,
        from: from.clone(),
        to: to.clone(),
    };
    Err(DataFusionError::External(Box::new(changed)))
}

/// Whether a strict cast gives the same values, whatever they are.
pub(super) fn keeps_values(from: &DataType, to: &DataType) -> bool {
    use DataType::*;
    match (from, to) {
        (Dictionary(_, values), to) => values.as_ref() == to || keeps_values(values, to),
        (Utf8 | LargeUtf8 | Utf8View, Utf8) => true,
        (Binary | LargeBinary | BinaryView | FixedSizeBinary(_), Binary) => true,
        (from, to) if from == to => true,
        (from, to) if from.is_integer() && (to.is_integer() || to.is_decimal()) => true,
        (Decimal128(_, from), Decimal128(_, to)) => from <= to,
        (Float32, Float64) | (Date32, Timestamp(..)) => true,
        (Timestamp(unit, _), Timestamp(TimeUnit::Microsecond, _)) => *unit != TimeUnit::Nanosecond,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::*;

    /// What becomes of `values` in a column of type `to`: the texts of the values, or the error.
    fn stored_as(values: ArrayRef, to: &DataType) -> Result<Vec<String>, String> {
        let batch = RecordBatch::try_from_iter([("x", values)]).unwrap();
        let schema = Arc::new(Schema::new(vec![Field::new("x", to.clone(), true)]));
        let batch = to_schema(&batch, &schema).map_err(|error| error.to_string())?;
        let column = batch.column(0);
        Ok((0..batch.num_rows()).map(|i| array_value_to_string(column, i).unwrap()).collect())
    }

    #[test]
    fn a_value_is_the_same_in_the_table_or_it_is_refused() {
        let check = |values: ArrayRef, to: DataType, expected: Result<&[&str], &str>| match (
            stored_as(values, &to),
            expected,
        ) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected),
            (Err(found), Err(expected)) => {
                assert!(found.contains(expected), "{found:?} should contain {expected:?}");
            }
            (found, expected) => panic!("{found:?} should be {expected:?}"),
        };
        let money = |values: Vec<Option<i128>>, scale| -> ArrayRef {
            let values = Decimal128Array::from(values);
            Arc::new(values.with_precision_and_scale(10, scale).unwrap())
        };
        let ns =
            |values: Vec<i64>| -> ArrayRef { Arc::new(TimestampNanosecondArray::from(values)) };
        let us = DataType::Timestamp(TimeUnit::Microsecond, None);
        check(money(vec![Some(1200), None], 2), DataType::Int64, Ok(&["12", ""]));
        check(
            money(vec![Some(1200), None, Some(1275)], 2),
            DataType::Int64,
            Err(
                "column \"x\" is Int64 in the table and has 12.75 of type Decimal128(10, 2) in a row, which would be",
            ),
        );
        check(money(vec![Some(12345)], 4), DataType::Decimal128(10, 2), Err("has 1.2345 of type"));
        check(money(vec![Some(12300)], 4), DataType::Decimal128(10, 2), Ok(&["1.23"]));
        check(
            Arc::new(Float64Array::from(vec![7.5])),
            DataType::Int64,
            Err("has 7.5 of type Float64"),
        );
        check(Arc::new(Float64Array::from(vec![7.0])), DataType::Int64, Ok(&["7"]));
        check(Arc::new(Float64Array::from(vec![0.1])), DataType::Float32, Err("has 0.1 of type"));
        check(Arc::new(UInt64Array::from(vec![7])), DataType::Int64, Ok(&["7"]));
        check(
            Arc::new(UInt64Array::from(vec![u64::MAX])),
            DataType::Int64,
            Err("18446744073709551615"),
        );
        check(ns(vec![1_000]), us.clone(), Ok(&["1970-01-01T00:00:00.000001"]));
        check(ns(vec![1_001]), us.clone(), Err("has 1970-01-01T00:00:00.000001001 of type"));
        check(ns(vec![-1]), us.clone(), Err("has 1969-12-31T23:59:59.999999999 of type"));
        check(
            Arc::new(TimestampMicrosecondArray::from(vec![84_600_000_000])),
            DataType::Date32,
            Err("has 1970-01-01T23:30:00 of type"),
        );
        let texts: DictionaryArray<arrow::datatypes::Int32Type> =
            vec![Some("a"), None].into_iter().collect();
        check(Arc::new(texts), DataType::Utf8, Ok(&["a", ""]));
        let lists = |values: Vec<u64>| -> ArrayRef {
            let items = vec![Some(values.into_iter().map(Some).collect::<Vec<_>>())];
            Arc::new(ListArray::from_iter_primitive::<arrow::datatypes::UInt64Type, _, _>(items))
        };
        let of = |item| DataType::List(Arc::new(Field::new("item", item, true)));
        check(lists(vec![1, 2]), of(DataType::Int64), Ok(&["[1, 2]"]));
        check(lists(vec![300]), of(DataType::Int8), Err(""));
    }
}
