//! Values of a file brought to the types of its table: columns that came later, types that grew,
//! nested fields in another order, variants as JSON text.

use super::rename::INTERVAL_BYTES;
use super::variant;
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, IntervalMonthDayNanoArray, ListArray, MapArray, RecordBatch,
    StructArray, new_null_array,
};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{
    DataType, Field, FieldRef, Fields, IntervalMonthDayNano, IntervalUnit, Schema, SchemaRef,
};
use datafusion::arrow::error::ArrowError;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{CastExpr, Column, Literal};
use datafusion::physical_expr_adapter::{PhysicalExprAdapter, PhysicalExprAdapterFactory};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Makes an adapter for each file of a scan.
#[derive(Debug)]
pub struct AlignFactory;

impl PhysicalExprAdapterFactory for AlignFactory {
    fn create(
        &self,
        logical_file_schema: SchemaRef,
        physical_file_schema: SchemaRef,
    ) -> Result<Arc<dyn PhysicalExprAdapter>> {
        Ok(Arc::new(Aligner { table: logical_file_schema, file: physical_file_schema }))
    }
}

/// Rewrites expressions over a table's columns to expressions over those of one file.
#[derive(Debug)]
struct Aligner {
    table: SchemaRef,
    file: SchemaRef,
}

impl PhysicalExprAdapter for Aligner {
    fn rewrite(&self, expr: Arc<dyn PhysicalExpr>) -> Result<Arc<dyn PhysicalExpr>> {
        expr.transform(|expr| match expr.downcast_ref::<Column>() {
            Some(column) => Ok(Transformed::yes(self.column(column)?)),
            None => Ok(Transformed::no(expr)),
        })
        .data()
    }
}

impl Aligner {
    fn column(&self, column: &Column) -> Result<Arc<dyn PhysicalExpr>> {
        let Ok(wanted) = self.table.field_with_name(column.name()) else {
            return Ok(Arc::new(Column::new_with_schema(column.name(), &self.file)?));
        };
        let Ok(file_idx) = self.file.index_of(column.name()) else {
            return Ok(Arc::new(Literal::new(ScalarValue::try_from(wanted.data_type())?)));
        };
        let found = self.file.field(file_idx);
        if found.data_type().is_null() {
            return Ok(Arc::new(Literal::new(ScalarValue::try_from(wanted.data_type())?)));
        }
        let place: Arc<dyn PhysicalExpr> = Arc::new(Column::new(column.name(), file_idx));
        if found.data_type() == wanted.data_type() {
            return Ok(place);
        }
        if is_cast(found.data_type(), wanted.data_type()) {
            // A plain cast, which row groups and pages can be skipped through.
            let target = Arc::new(Field::new(wanted.name(), wanted.data_type().clone(), true));
            return Ok(Arc::new(CastExpr::new_with_target_field(place, target, None)));
        }
        Ok(Arc::new(AlignExpr { place, target: Arc::new(wanted.clone()) }))
    }
}

/// Whether a value may be another one after it was cast.
fn may_lose_digits(found: &DataType, wanted: &DataType) -> bool {
    matches!((found, wanted), (DataType::Int64 | DataType::UInt64, DataType::Float64))
}

/// Whether a cast of Arrow's brings values of the one type to the other, and nothing is lost.
fn is_cast(found: &DataType, wanted: &DataType) -> bool {
    let is_interval = matches!(wanted, DataType::Interval(_));
    is_flat(found) && is_flat(wanted) && !may_lose_digits(found, wanted) && !is_interval
}

fn is_flat(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => is_flat(values),
        other => !other.is_nested(),
    }
}

/// A column of a file as a value of the table's type.
#[derive(Debug, Clone, Eq)]
struct AlignExpr {
    place: Arc<dyn PhysicalExpr>,
    target: FieldRef,
}

// By hand: a derived comparison would move the place out of its `Arc`.
impl PartialEq for AlignExpr {
    fn eq(&self, other: &AlignExpr) -> bool {
        self.place.eq(&other.place) && self.target == other.target
    }
}

impl Hash for AlignExpr {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.place.hash(state);
        self.target.hash(state);
    }
}

impl fmt::Display for AlignExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} as {}", self.place, self.target.data_type())
    }
}

impl PhysicalExpr for AlignExpr {
    fn return_field(&self, _input_schema: &Schema) -> Result<FieldRef> {
        Ok(Arc::clone(&self.target))
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        let array = self.place.evaluate(batch)?.into_array(batch.num_rows())?;
        let aligned = align(&array, &self.target).map_err(|error| {
            let name = self.target.name();
            DataFusionError::ArrowError(Box::new(error), None).context(format!("column {name}"))
        })?;
        Ok(ColumnarValue::Array(aligned))
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.place]
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn PhysicalExpr>>,
    ) -> Result<Arc<dyn PhysicalExpr>> {
        match children.as_slice() {
            [place] => Ok(Arc::new(AlignExpr {
                place: Arc::clone(place),
                target: Arc::clone(&self.target),
            })),
            _ => Err(DataFusionError::Internal("a column has one place in a file".to_owned())),
        }
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// `array` as values of the type of `target`. Fields of structs are found by their names, those
/// that the file lacks are null.
///
/// # Errors
/// Arrow's, when a value does not fit.
pub fn align(array: &ArrayRef, target: &Field) -> Result<ArrayRef, ArrowError> {
    if variant::is_variant(target) {
        return variant::to_json(array);
    }
    let wanted = target.data_type();
    if array.data_type() == wanted {
        return Ok(Arc::clone(array));
    }
    match (array.data_type(), wanted) {
        (DataType::Struct(_), DataType::Struct(fields)) => align_struct(array.as_struct(), fields),
        (DataType::List(_), DataType::List(item)) => {
            let list = array.as_list::<i32>();
            let values = align(list.values(), item)?;
            let offsets = list.offsets().clone();
            Ok(Arc::new(ListArray::try_new(
                Arc::clone(item),
                offsets,
                values,
                list.nulls().cloned(),
            )?))
        }
        (DataType::LargeList(item) | DataType::FixedSizeList(item, _), DataType::List(_)) => {
            let list = DataType::List(Arc::clone(item));
            align(&strict_cast(array, &list)?, target)
        }
        (DataType::Map(_, _), DataType::Map(entry, is_sorted)) => {
            let map = array.as_map();
            let DataType::Struct(fields) = entry.data_type() else {
                return strict_cast(array, wanted);
            };
            let entries = map.entries();
            let columns = entries
                .columns()
                .iter()
                .zip(fields.iter())
                .map(|(column, field)| align(column, field))
                .collect::<Result<Vec<ArrayRef>, ArrowError>>()?;
            let entries = StructArray::try_new(fields.clone(), columns, None)?;
            let offsets = map.offsets().clone();
            Ok(Arc::new(MapArray::try_new(
                Arc::clone(entry),
                offsets,
                entries,
                map.nulls().cloned(),
                *is_sorted,
            )?))
        }
        (
            DataType::FixedSizeBinary(INTERVAL_BYTES),
            DataType::Interval(IntervalUnit::MonthDayNano),
        ) => intervals(array),
        (found, _) if may_lose_digits(found, wanted) => {
            let cast = strict_cast(array, wanted)?;
            // A number that does not fit comes back as a null.
            let back = cast_with_options(&cast, found, &CastOptions::default())?;
            match back.to_data() == array.to_data() {
                true => Ok(cast),
                false => Err(ArrowError::CastError(format!(
                    "a whole number of type {found} has more digits than {wanted} holds"
                ))),
            }
        }
        _ => strict_cast(array, wanted),
    }
}

/// Intervals of Parquet: months, days and milliseconds, each 32 bits without a sign.
fn intervals(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let found = array.as_fixed_size_binary().iter().map(|bytes| {
        let Some((&[months, days, ms], _)) = bytes
            .map(|bytes| bytes.as_chunks::<4>().0)
            .and_then(|parts| parts.split_first_chunk::<3>())
        else {
            return Ok(None);
        };
        let whole = |bytes: [u8; 4]| i32::try_from(u32::from_le_bytes(bytes));
        match (whole(months), whole(days)) {
            (Ok(months), Ok(days)) => {
                let nanos = i64::from(u32::from_le_bytes(ms)) * 1_000_000;
                Ok(Some(IntervalMonthDayNano::new(months, days, nanos)))
            }
            _ => Err(ArrowError::CastError(
                "an interval has more than 2^31 - 1 months or days".to_owned(),
            )),
        }
    });
    let found = found.collect::<Result<Vec<Option<IntervalMonthDayNano>>, ArrowError>>()?;
    Ok(Arc::new(IntervalMonthDayNanoArray::from(found)))
}

fn align_struct(array: &StructArray, fields: &Fields) -> Result<ArrayRef, ArrowError> {
    if array.is_empty() {
        return Ok(new_null_array(&DataType::Struct(fields.clone()), 0));
    }
    let columns = fields
        .iter()
        .map(|field| match array.column_by_name(field.name()) {
            Some(column) => align(column, field),
            None => Ok(new_null_array(field.data_type(), array.len())),
        })
        .collect::<Result<Vec<ArrayRef>, ArrowError>>()?;
    let length = array.len();
    let nulls = array.nulls().cloned();
    let aligned = StructArray::try_new_with_length(fields.clone(), columns, nulls, length)?;
    Ok(Arc::new(aligned))
}

fn strict_cast(array: &ArrayRef, wanted: &DataType) -> Result<ArrayRef, ArrowError> {
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(array, wanted, &strict)
}
