//! A question for rows of one table to a plan.

use super::column;
use datafusion::arrow::array::StringArray;
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{DataType, Field, TimeUnit};
use datafusion::common::ScalarValue;
use datafusion::datasource::{TableProvider, provider_as_source};
use datafusion::error::DataFusionError;
use datafusion::functions::string::expr_fn::{contains, lower};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast, lit};
use delta_log::COMMIT_VERSION;
use protocol::{Comparison, Condition, RowsSpec};
use std::collections::HashMap;
use std::sync::Arc;

/// Why a question for rows has no plan.
#[derive(Debug, thiserror::Error)]
pub enum RowsError {
    /// A column that the table lacks.
    #[error("the table has no column {column:?}")]
    Unknown {
        /// The column.
        column: String,
    },
    /// Two columns of one name, of which a question cannot say which it means.
    #[error("column {column:?} is there twice, at {first} and {second} of the table's columns")]
    Twice {
        /// The name.
        column: String,
        /// The place of the first of them, counted from 1.
        first: usize,
        /// The place of the second.
        second: usize,
    },
    /// A value that is none of the column's type.
    #[error("column {column:?}: {value:?} is not a value of type {data_type}")]
    Value {
        /// The column.
        column: String,
        /// The text.
        value: String,
        /// The column's type.
        data_type: DataType,
    },
    /// A comparison that the column's type does not know.
    #[error("column {column:?}: values of type {data_type} cannot be compared")]
    Incomparable {
        /// The column.
        column: String,
        /// The column's type.
        data_type: DataType,
    },
    /// DataFusion's reason.
    #[error(transparent)]
    Plan(#[from] DataFusionError),
}

/// Plans `spec` over `table`. The plan's columns are those asked for, in that order.
///
/// # Errors
/// [`RowsError`], which names what does not fit.
pub fn lower_rows(
    table: Arc<dyn TableProvider>,
    spec: &RowsSpec,
) -> Result<LogicalPlan, RowsError> {
    let schema = table.schema();
    let mut places = HashMap::new();
    for (idx, field) in schema.fields().iter().enumerate() {
        if let Some(first) = places.insert(field.name().as_str(), idx + 1) {
            return Err(RowsError::Twice { column: field.name().clone(), first, second: idx + 1 });
        }
    }
    let field = |name: &str| {
        schema.field_with_name(name).map_err(|_| RowsError::Unknown { column: name.to_owned() })
    };
    let mut plan = LogicalPlanBuilder::scan("rows", provider_as_source(table), None)?;
    for condition in &spec.conditions {
        plan = plan.filter(predicate(field(&condition.column)?, condition)?)?;
    }
    if !spec.columns.is_empty() {
        let columns = spec.columns.iter().map(|name| Ok(column(field(name)?.name())));
        plan = plan.project(columns.collect::<Result<Vec<Expr>, RowsError>>()?)?;
    }
    if let Some(limit) = spec.limit {
        plan = plan.limit(0, Some(usize::try_from(limit).unwrap_or(usize::MAX)))?;
    }
    Ok(plan.build()?)
}

/// Plans the changes of a table, recorded ones and those that follow from files, by version.
///
/// # Errors
/// DataFusion's, when the two have not the same columns.
pub fn lower_changes(
    recorded: Arc<dyn TableProvider>,
    implied: Arc<dyn TableProvider>,
) -> Result<LogicalPlan, DataFusionError> {
    let implied = LogicalPlanBuilder::scan("implied", provider_as_source(implied), None)?;
    LogicalPlanBuilder::scan("recorded", provider_as_source(recorded), None)?
        .union(implied.build()?)?
        .sort([column(COMMIT_VERSION).sort(true, false)])?
        .build()
}

fn predicate(field: &Field, condition: &Condition) -> Result<Expr, RowsError> {
    let it = column(field.name());
    match condition.is {
        Comparison::Null => return Ok(it.is_null()),
        Comparison::NotNull => return Ok(it.is_not_null()),
        _ if field.data_type().is_nested() => {
            return Err(RowsError::Incomparable {
                column: field.name().clone(),
                data_type: field.data_type().clone(),
            });
        }
        Comparison::Contains => {
            let text = lower(cast(it, DataType::Utf8));
            return Ok(contains(text, lit(condition.value.to_lowercase())));
        }
        _ => {}
    }
    let literal = |value: ScalarValue| Expr::Literal(value, None);
    let values = values(field, &condition.value)?;
    let first =
        || values.first().cloned().map(literal).ok_or_else(|| refused(field, &condition.value));
    Ok(match condition.is {
        Comparison::Equal => it.in_list(values.into_iter().map(literal).collect(), false),
        Comparison::NotEqual => it.in_list(values.into_iter().map(literal).collect(), true),
        Comparison::Less => it.lt(first()?),
        Comparison::AtMost => it.lt_eq(first()?),
        Comparison::Greater => it.gt(first()?),
        _ => it.gt_eq(first()?),
    })
}

fn refused(field: &Field, text: &str) -> RowsError {
    RowsError::Value {
        column: field.name().clone(),
        value: text.to_owned(),
        data_type: field.data_type().clone(),
    }
}

/// The values of the column's type that `text` can mean, the likeliest first. Bytes are shown in hex,
/// and many of them are a text that nobody declared; a UUID is written with dashes or without.
fn values(field: &Field, text: &str) -> Result<Vec<ScalarValue>, RowsError> {
    let refused = || refused(field, text);
    let as_written = text.as_bytes().to_vec();
    let bytes = || match bytes_of_hex(text) {
        Some(bytes) if bytes == as_written => vec![bytes],
        Some(bytes) => vec![bytes, as_written.clone()],
        None => vec![as_written.clone()],
    };
    let values: Vec<ScalarValue> = match field.data_type() {
        DataType::Binary => bytes().into_iter().map(|b| ScalarValue::Binary(Some(b))).collect(),
        DataType::LargeBinary => {
            bytes().into_iter().map(|b| ScalarValue::LargeBinary(Some(b))).collect()
        }
        DataType::BinaryView => {
            bytes().into_iter().map(|b| ScalarValue::BinaryView(Some(b))).collect()
        }
        DataType::FixedSizeBinary(length) => {
            let fits = |b: &Vec<u8>| i32::try_from(b.len()) == Ok(*length);
            let fixed = |b| ScalarValue::FixedSizeBinary(*length, Some(b));
            bytes().into_iter().filter(fits).map(fixed).collect()
        }
        DataType::Duration(unit) => {
            let count = Some(count_of_duration(text, *unit).ok_or_else(refused)?);
            vec![match unit {
                TimeUnit::Second => ScalarValue::DurationSecond(count),
                TimeUnit::Millisecond => ScalarValue::DurationMillisecond(count),
                TimeUnit::Microsecond => ScalarValue::DurationMicrosecond(count),
                TimeUnit::Nanosecond => ScalarValue::DurationNanosecond(count),
            }]
        }
        of => {
            let strict = CastOptions { safe: false, ..CastOptions::default() };
            let array = cast_with_options(&StringArray::from(vec![text]), of, &strict)
                .map_err(|_| refused())?;
            vec![ScalarValue::try_from_array(&array, 0)?]
        }
    };
    if values.is_empty() { Err(refused()) } else { Ok(values) }
}

/// The duration that `text` is, as it is shown: `PT1.5S`, `-PT90S` or `P0D`.
fn count_of_duration(text: &str, unit: TimeUnit) -> Option<i64> {
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    if text == "P0D" {
        return Some(0);
    }
    let seconds = text.strip_prefix("PT")?.strip_suffix('S')?;
    let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
    let n_digits = match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 3,
        TimeUnit::Microsecond => 6,
        TimeUnit::Nanosecond => 9,
    };
    let digits = fraction.trim_end_matches('0');
    let is_number = [whole, digits].iter().all(|part| part.bytes().all(|b| b.is_ascii_digit()));
    if !is_number || digits.len() > n_digits {
        return None;
    }
    let count: i64 = format!("{whole}{digits:0<n_digits$}").parse().ok()?;
    count.checked_mul(sign)
}

/// The bytes that `text` is in hex, dashes between them or not.
fn bytes_of_hex(text: &str) -> Option<Vec<u8>> {
    let text = text.strip_prefix("0x").unwrap_or(text);
    let digits: Vec<u8> = text
        .chars()
        .filter(|c| *c != '-')
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    let pairs = digits.chunks(2).map(|pair| match pair {
        [high, low] => Some(high << 4 | low),
        _ => None,
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::arrow::array::{
        ArrayRef, BinaryArray, DurationMicrosecondArray, FixedSizeBinaryArray, Int64Array,
        IntervalMonthDayNanoArray, RecordBatch,
    };
    use datafusion::arrow::datatypes::IntervalMonthDayNano;
    use datafusion::datasource::MemTable;
    use datafusion::prelude::SessionContext;
    use protocol::{RowForm, TableAt};

    fn spec(column: &str, is: Comparison, value: &str) -> RowsSpec {
        let condition = Condition { column: column.into(), is, value: value.into() };
        RowsSpec {
            table: TableAt { location: "t".into(), at: protocol::At::Newest },
            columns: vec!["n".into()],
            conditions: vec![condition],
            limit: None,
            form: RowForm::Typed,
        }
    }

    fn table() -> Arc<dyn TableProvider> {
        let uuid: Vec<u8> = (1..=16).collect();
        let zero = vec![0; 16];
        let ids = FixedSizeBinaryArray::try_from_iter([uuid, zero].into_iter()).unwrap();
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("n", Arc::new(Int64Array::from(vec![1, 2]))),
            ("id", Arc::new(ids)),
            ("bytes", Arc::new(BinaryArray::from(vec![b"north".as_slice(), &[0xca, 0xfe]]))),
            (
                "every",
                Arc::new(IntervalMonthDayNanoArray::from(vec![
                    IntervalMonthDayNano::new(1, 2, 0),
                    IntervalMonthDayNano::new(0, 0, 1),
                ])),
            ),
            ("took", Arc::new(DurationMicrosecondArray::from(vec![1_500_000, 0]))),
        ];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]]).unwrap())
    }

    fn found(spec: &RowsSpec) -> Result<Vec<i64>, String> {
        let plan = lower_rows(table(), spec).map_err(|error| error.to_string())?;
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let batches = runtime.block_on(async {
            let frame = SessionContext::new().execute_logical_plan(plan).await?;
            frame.collect().await
        });
        let batches = batches.map_err(|error| error.to_string())?;
        let column = |batch: &RecordBatch| {
            batch.column(0).as_any().downcast_ref::<Int64Array>().unwrap().values().to_vec()
        };
        Ok(batches.iter().flat_map(column).collect())
    }

    #[test]
    fn a_value_is_found_as_it_is_written_and_as_it_is_shown() {
        use Comparison::{Equal, Greater, NotEqual};
        let check = |column: &str, is: Comparison, value: &str, expected: Result<&[i64], &str>| {
            let found = found(&spec(column, is, value));
            match (&found, expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{value}"),
                (Err(found), Err(part)) => assert!(found.contains(part), "{found}"),
                _ => panic!("{column} {value}: {found:?}, not {expected:?}"),
            }
        };
        check("id", Equal, "01020304-0506-0708-090a-0b0c0d0e0f10", Ok(&[1]));
        check("id", Equal, "0102030405060708090A0B0C0D0E0F10", Ok(&[1]));
        check("id", NotEqual, "01020304-0506-0708-090a-0b0c0d0e0f10", Ok(&[2]));
        check("id", Equal, "0102", Err("\"0102\" is not a value of type FixedSizeBinary(16)"));
        check("bytes", Equal, "north", Ok(&[1]));
        check("bytes", Equal, "6e6f727468", Ok(&[1]));
        check("bytes", Equal, "0xCAFE", Ok(&[2]));
        check("bytes", Greater, "6e6f", Ok(&[1, 2]));
        check("took", Equal, "PT1.5S", Ok(&[1]));
        check("took", NotEqual, "PT1.500S", Ok(&[2]));
        check("took", Greater, "PT1S", Ok(&[1]));
        check("took", Equal, "P0D", Ok(&[2]));
        check("took", Equal, "PT1.0000001S", Err("is not a value of type Duration"));
        check("every", Equal, "1 mons 2 days", Ok(&[1]));
        check("every", Greater, "1 mons", Ok(&[1]));
        check("n", Equal, "2", Ok(&[2]));
        check("n", Equal, "two", Err("\"two\" is not a value of type Int64"));
    }

    #[test]
    fn two_columns_of_one_name_are_named() {
        let id = Field::new("id", DataType::Int64, true);
        let other = Field::new("n", DataType::Int64, true);
        let schema =
            Arc::new(datafusion::arrow::datatypes::Schema::new(vec![id.clone(), other, id]));
        let table = Arc::new(datafusion::datasource::empty::EmptyTable::new(schema));
        let refused = lower_rows(table, &spec("id", Comparison::Null, "")).unwrap_err().to_string();
        assert_eq!(refused, "column \"id\" is there twice, at 1 and 3 of the table's columns");
    }
}
