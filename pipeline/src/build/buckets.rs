//! Incremental models: the buckets that changed rows touch, computed again.

use super::arrival::Arrivals;
use super::input::{Input, Touched};
use super::make::Change;
use super::{Build, BuildError};
use crate::expectation::zeros;
use crate::lake::Write;
use crate::model::Model;
use crate::plan::{Changed, Planned, Scope, Touch, column_of, reference, touched};
use datafusion::common::{Column, ScalarValue};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, lit};
use std::collections::BTreeMap;

/// When more buckets are touched than this, the table is made anew instead.
const MAX_BUCKETS: usize = 10_000;

impl Build {
    /// What has to be written for the rows that changed; or why the table has to be made anew.
    ///
    /// The changed rows of the inputs say which buckets they can touch. The query over everything, restricted to
    /// these, gives their new rows.
    pub(super) async fn buckets(
        &self,
        model: &Model,
        inputs: &[Input],
        by: &str,
    ) -> Result<Result<Change, String>, BuildError> {
        let scope = self.scope_of(model, inputs).await?;
        let Planned { plan, .. } = scope.plan(model).await?;
        let mut changed = Vec::new();
        for input in inputs.iter().filter(|input| input.is_new()) {
            match input.touched(&scope).await? {
                Touched::Rows { before, rows } => {
                    changed.push(Changed { table: reference(&input.read), before, rows });
                }
                Touched::Unknown(reason) => return Ok(Err(reason)),
            }
        }
        let queries = match touched(&scope.ctx().state().optimize(&plan)?, &changed, by)? {
            Touch::Queries(queries) => queries,
            Touch::Unknown(reason) => return Ok(Err(reason)),
        };
        let mut touched: Vec<ScalarValue> = Vec::new();
        for query in queries {
            match self.values(model, &scope, query).await? {
                Some(values) => touched.extend(values),
                None => return Ok(Err(format!("more than {MAX_BUCKETS} buckets have changed"))),
            }
        }
        touched.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
        touched.dedup();
        if touched.len() > MAX_BUCKETS {
            return Ok(Err(format!("more than {MAX_BUCKETS} buckets have changed")));
        }
        let column = column_of(&plan, by)?;
        let plan = LogicalPlanBuilder::new(plan).filter(among(column, &touched))?.build()?;
        let write = Write::Replace(among(Expr::Column(Column::new_unqualified(by)), &touched));
        let (progress, arrivals) = (BTreeMap::new(), Arrivals::default());
        Ok(Ok(Change { scope, plan, write, progress, late: None, arrivals }))
    }

    /// The values that `query` gives; `None` when they are too many.
    async fn values(
        &self,
        model: &Model,
        scope: &Scope,
        query: LogicalPlan,
    ) -> Result<Option<Vec<ScalarValue>>, BuildError> {
        let query = LogicalPlanBuilder::new(query).limit(0, Some(MAX_BUCKETS + 1))?.build()?;
        let batches = match scope.rows(&query).await {
            Ok(batches) => batches,
            Err(error) => return Err(self.explain(model, scope, &query, &error).await),
        };
        let mut values = Vec::new();
        for batch in &batches {
            for row_idx in 0..batch.num_rows() {
                values.push(ScalarValue::try_from_array(batch.column(0), row_idx)?);
            }
        }
        Ok((values.len() <= MAX_BUCKETS).then_some(values))
    }
}

/// Whether `column` is one of `values`, null among them.
fn among(column: Expr, values: &[ScalarValue]) -> Expr {
    let has_null = values.iter().any(ScalarValue::is_null);
    // -0.0 and 0.0 are one bucket, and the engine compares them as two values.
    let known = values.iter().filter(|value| !value.is_null()).cloned().flat_map(zeros);
    let known: Vec<Expr> = known.map(lit).collect();
    let among = match known.is_empty() {
        true => lit(false),
        false => column.clone().in_list(known, false),
    };
    if has_null { among.or(column.is_null()) } else { among }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::prelude::SessionContext;

    #[tokio::test]
    async fn every_row_of_a_bucket_is_among_its_rows() {
        let check = async |rows: &str, values: &[ScalarValue], expected: i64| {
            let ctx = SessionContext::new();
            let sql = format!("select x from (values {rows}) as v (x)");
            let frame = ctx.sql(&sql).await.unwrap();
            let column = Expr::Column(Column::new_unqualified("x"));
            let found = frame.filter(among(column, values)).unwrap().count().await.unwrap();
            assert_eq!(i64::try_from(found).unwrap(), expected, "{rows} {values:?}");
        };
        let double = |value: f64| ScalarValue::from(value);
        let zeros = "(cast('0.0' as double)), (cast('-0.0' as double)), (1.5), (null)";
        check(zeros, &[double(0.0)], 2).await;
        check(zeros, &[double(-0.0)], 2).await;
        check(zeros, &[double(-0.0), double(0.0), double(1.5)], 3).await;
        check(zeros, &[ScalarValue::Float64(None)], 1).await;
        check(zeros, &[ScalarValue::Float64(None), double(0.0)], 3).await;
        check(zeros, &[], 0).await;
        check("('a'), ('b'), (null)", &[ScalarValue::from("a")], 1).await;
    }
}
