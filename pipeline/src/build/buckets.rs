//! Incremental models: the buckets that changed rows touch, computed again.

use super::input::{Fresh, Input};
use super::make::Change;
use super::{Build, BuildError};
use crate::lake::Write;
use crate::model::{Model, Read};
use crate::plan::{Planned, Scope, column_of};
use datafusion::catalog::TableProvider;
use datafusion::common::{Column, ScalarValue};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, lit};
use std::collections::BTreeMap;
use std::sync::Arc;

/// When more buckets are touched than this, the table is made anew instead.
const MAX_BUCKETS: usize = 10_000;

impl Build {
    /// What has to be written for the rows that changed; or why the table has to be made anew.
    ///
    /// The query over the changed rows of one input, with the others whole, says which buckets they touch. The
    /// query over everything, restricted to these, gives their new rows. When several inputs have changed, the
    /// table is made anew.
    pub(super) async fn buckets(
        &self,
        model: &Model,
        inputs: &[Input],
        by: &str,
    ) -> Result<Result<Change, String>, BuildError> {
        if inputs.iter().filter(|input| input.is_new()).count() > 1 {
            // A row that went from one and a row that went from another may have met in a bucket that neither
            // meets in any more.
            return Ok(Err("several tables that it reads have changed at once".to_owned()));
        }
        let mut touched: Vec<ScalarValue> = Vec::new();
        for changed in inputs.iter().filter(|input| input.is_new()) {
            let scope = self.planner.scope()?;
            let mut tables: BTreeMap<Read, Arc<dyn TableProvider>> = BTreeMap::new();
            for input in inputs {
                let table = if input.read == changed.read {
                    match input.touched(&scope).await? {
                        Fresh::Rows(rows) => rows,
                        Fresh::Unknown(reason) => return Ok(Err(reason)),
                    }
                } else {
                    input.whole(&scope, self.at_us).await?
                };
                tables.insert(input.read.clone(), table);
            }
            self.define(&scope, model, &tables).await?;
            let Planned { plan, .. } = scope.plan(model).await?;
            match self.values(model, &scope, plan, by).await? {
                Some(values) => touched.extend(values),
                None => return Ok(Err(format!("more than {MAX_BUCKETS} buckets have changed"))),
            }
        }
        touched.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
        touched.dedup();
        if touched.len() > MAX_BUCKETS {
            return Ok(Err(format!("more than {MAX_BUCKETS} buckets have changed")));
        }
        let scope = self.scope_of(model, inputs).await?;
        let Planned { plan, .. } = scope.plan(model).await?;
        let column = column_of(&plan, by)?;
        let plan = LogicalPlanBuilder::new(plan).filter(among(column, &touched))?.build()?;
        let write = Write::Replace(among(Expr::Column(Column::new_unqualified(by)), &touched));
        Ok(Ok(Change { scope, plan, write, marks: BTreeMap::new(), late: None }))
    }

    /// The values of `by` in the rows of `plan`; `None` when they are too many.
    async fn values(
        &self,
        model: &Model,
        scope: &Scope,
        plan: LogicalPlan,
        by: &str,
    ) -> Result<Option<Vec<ScalarValue>>, BuildError> {
        let column = column_of(&plan, by)?;
        let distinct = LogicalPlanBuilder::new(plan)
            .aggregate(vec![column], Vec::<Expr>::new())?
            .limit(0, Some(MAX_BUCKETS + 1))?
            .build()?;
        let batches = match scope.rows(&distinct).await {
            Ok(batches) => batches,
            Err(error) => return Err(self.explain(model, scope, &distinct, &error).await),
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
    let known: Vec<Expr> = values.iter().filter(|v| !v.is_null()).cloned().map(lit).collect();
    let has_null = known.len() < values.len();
    let among = match known.is_empty() {
        true => lit(false),
        false => column.clone().in_list(known, false),
    };
    if has_null { among.or(column.is_null()) } else { among }
}
