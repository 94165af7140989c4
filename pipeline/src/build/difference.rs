//! What is different between two sets of rows, of which each row may be there several times.

use crate::plan::{Scope, column_of};
use crate::spool::{Spool, SpoolWriter};
use arrow::array::{Array, Int64Array, RecordBatch, UInt64Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::{DataType, Schema};
use datafusion::catalog::TableProvider;
use datafusion::datasource::provider_as_source;
use datafusion::error::DataFusionError;
use datafusion::functions_aggregate::sum::sum;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast, col, lit};
use futures::StreamExt;
use std::sync::Arc;

/// The column that counts a row: one for each time that it came, less one for each time that it went.
const COUNT: &str = "__n";

/// The rows that are there more often than before.
pub(super) struct Difference {
    /// Each as often as it came more often than it went.
    pub(super) rows: Spool,
    /// How many rows went more often than they came.
    pub(super) n_gone: u64,
}

/// The rows of `came` without those of `went`, by those columns that a table of the columns `known` has, too. Another
/// column does not tell rows apart, and is not in the result; one of another type is as one of another name.
///
/// # Errors
/// What the engine says.
pub(super) async fn difference(
    scope: &Scope,
    came: Option<Arc<dyn TableProvider>>,
    went: Arc<dyn TableProvider>,
    known: &Schema,
) -> Result<Difference, DataFusionError> {
    let columns = shared(&went.schema(), known);
    let went = counted(went, &columns, -1)?;
    let all = match came {
        Some(came) => LogicalPlanBuilder::new(counted(came, &columns, 1)?).union(went)?.build()?,
        None => went,
    };
    let same: Vec<Expr> =
        columns.iter().map(|(name, _)| column_of(&all, name)).collect::<Result<_, _>>()?;
    let count = sum(column_of(&all, COUNT)?).alias(COUNT);
    let plan = LogicalPlanBuilder::new(all)
        .aggregate(same, vec![count])?
        .filter(col(COUNT).not_eq(lit(0_i64)))?
        .build()?;
    let fields = plan.schema().as_arrow().fields();
    let own = Arc::new(Schema::new(fields[..fields.len().saturating_sub(1)].to_vec()));
    let mut rows = SpoolWriter::new(&own)?;
    let mut n_gone = 0;
    let mut batches = scope.run(&plan).await?;
    while let Some(batch) = batches.next().await {
        let batch = batch?;
        let (counts, batch) = apart(&batch)?;
        let mut taken = Vec::new();
        for (row_idx, count) in counts.iter().enumerate() {
            let count = count.unwrap_or_default();
            match u64::try_from(count) {
                Ok(count) => taken.extend((0..count).map(|_| row_idx as u64)),
                Err(_) => n_gone += count.unsigned_abs(),
            }
        }
        let taken = take_record_batch(&batch, &UInt64Array::from(taken))?;
        rows.write(&RecordBatch::try_new(Arc::clone(&own), taken.columns().to_vec())?)?;
    }
    Ok(Difference { rows: rows.finish()?, n_gone })
}

/// The columns that both have with one type, in the order of `first`. A value that is kept in a dictionary, as those
/// of partitions are, is of the value's type.
fn shared(first: &Schema, second: &Schema) -> Vec<(String, DataType)> {
    let columns = first.fields().iter().filter_map(|field| {
        let other = second.field_with_name(field.name()).ok()?;
        let (of, other) = (plain(field.data_type()), plain(other.data_type()));
        of.equals_datatype(other).then(|| (field.name().clone(), of.clone()))
    });
    columns.collect()
}

fn plain(of: &DataType) -> &DataType {
    match of {
        DataType::Dictionary(_, values) => values,
        of => of,
    }
}

fn counted(
    rows: Arc<dyn TableProvider>,
    columns: &[(String, DataType)],
    count: i64,
) -> Result<LogicalPlan, DataFusionError> {
    let scan = LogicalPlanBuilder::scan("rows", provider_as_source(rows), None)?;
    let mut own = Vec::with_capacity(columns.len() + 1);
    for (name, of) in columns {
        own.push(cast(column_of(scan.plan(), name)?, of.clone()).alias(name));
    }
    own.push(lit(count).alias(COUNT));
    scan.project(own)?.build()
}

/// The last column of `batch`, and the others.
fn apart(batch: &RecordBatch) -> Result<(Int64Array, RecordBatch), DataFusionError> {
    let n_columns = batch.num_columns().saturating_sub(1);
    let counts = batch.columns().get(n_columns);
    let counts = counts.and_then(|column| column.as_any().downcast_ref::<Int64Array>().cloned());
    let counts =
        counts.ok_or_else(|| DataFusionError::Internal("counts are no numbers".to_owned()))?;
    Ok((counts, batch.project(&(0..n_columns).collect::<Vec<_>>())?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Planner;
    use arrow::datatypes::Field;
    use arrow::util::display::array_value_to_string;
    use datafusion::datasource::ViewTable;

    async fn check(came: Option<&str>, went: &str, expected: &[&str], n_gone: u64) {
        let known = ["a", "b"].map(|name| Field::new(name, of(name), true));
        let known = Schema::new(known.to_vec());
        let scope = Planner::new(64 << 20).unwrap().scope().unwrap();
        let table = async |sql: &str| -> Arc<dyn TableProvider> {
            let frame = scope.ctx().sql(sql).await.unwrap();
            let view = ViewTable::new(frame.into_unoptimized_plan(), None);
            let view: Arc<dyn TableProvider> = Arc::new(view);
            view
        };
        let came_table = match came {
            Some(sql) => Some(table(sql).await),
            None => None,
        };
        let found = difference(&scope, came_table, table(went).await, &known).await.unwrap();
        let frame = scope.ctx().read_table(found.rows.table().unwrap()).unwrap();
        let mut rows = Vec::new();
        for batch in frame.collect().await.unwrap() {
            for row_idx in 0..batch.num_rows() {
                let texts = batch.columns().iter();
                let texts = texts.map(|column| array_value_to_string(column, row_idx).unwrap());
                rows.push(texts.collect::<Vec<_>>().join("|"));
            }
        }
        rows.sort();
        assert_eq!(
            (rows, found.n_gone),
            (expected.iter().map(|r| (*r).to_owned()).collect(), n_gone)
        );
    }

    #[tokio::test]
    async fn rows_are_counted() {
        let of = |values: &str| format!("select * from (values {values}) as t (a, b)");
        let rows = of("(1, 'x'), (1, 'x'), (2, null), (null, 'y')");
        check(Some(&rows), &rows, &[], 0).await;
        check(Some(&rows), &of("(1, 'x'), (null, 'y')"), &["1|x", "2|"], 0).await;
        check(Some(&of("(1, 'x')")), &rows, &[], 3).await;
        check(Some(&of("(1, 'z')")), &of("(1, 'x')"), &["1|z"], 1).await;
        check(None, &of("(1, 'x')"), &[], 1).await;
    }

    fn of(name: &str) -> DataType {
        if name == "a" { DataType::Int64 } else { DataType::Utf8 }
    }

    #[tokio::test]
    async fn a_column_that_came_tells_nothing_apart() {
        let came = "select * from (values (1, 'x', 5), (2, 'y', 6)) as t (a, b, c)";
        let went = "select * from (values (1, 'x', null)) as t (a, b, c)";
        check(Some(came), went, &["2|y"], 0).await;
        check(Some(went), came, &[], 1).await;
    }
}
