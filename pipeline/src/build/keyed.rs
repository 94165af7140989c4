//! One row a key: of those that a merge may take, the newest.
//!
//! A row that is refused for itself is no state of its key, so it must not stand in the place of another one:
//! such rows leave before the newest is looked for.
//!
//! A key that is removed leaves no row, and an older one may yet come. So removals are kept beside the table, with what
//! says when they were, and a row that is not newer than the removal of its key is not taken.

use super::judging::{Judging, order_of, quarantine_schema};
use super::{Build, BuildError, STATE_COLUMN};
use crate::expectation::{Expectation, OnFailure, Outcome as Judgement, Rule};
use crate::lake::{Output, Write};
use crate::model::{Materialization, Model};
use crate::plan::{
    Precedence, Scope, column_of, newest_of_key, not_removed, of_table, without_deleted,
};
use crate::spool::{Spool, SpoolWriter};
use arrow::array::AsArray;
use arrow::compute::filter_record_batch;
use datafusion::datasource::provider_as_source;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, lit};
use futures::StreamExt;
use std::sync::Arc;

/// The rows of a query on the way into a table.
pub(super) struct Keyed {
    /// One row a key, when the model merges; all rows otherwise.
    pub(super) plan: LogicalPlan,
    /// Rows that were refused for themselves.
    pub(super) refused: Vec<Spool>,
    /// What became of the expectations that refused them.
    pub(super) judgements: Vec<Judgement>,
    /// The keys that are removed, with what says when; `None` when the model does not compare times, so that whatever
    /// comes later is newer.
    pub(super) removed: Option<Spool>,
}

impl Build {
    /// The rows of `plan` that the table of `model` may take.
    pub(super) async fn keyed(
        &self,
        model: &Model,
        scope: &Scope,
        plan: LogicalPlan,
        write: &Write,
        number: i64,
    ) -> Result<Keyed, BuildError> {
        let mut keyed = Keyed { plan, refused: Vec::new(), judgements: Vec::new(), removed: None };
        let Materialization::Merge(merge) = &model.config.materialization else { return Ok(keyed) };
        let rules = model.config.expectations.iter().filter(|rule| refuses_alone(model, rule));
        let rules: Vec<Expectation> = rules.cloned().collect();
        if !rules.is_empty() {
            keyed = self.sift(model, scope, keyed.plan, &rules, write).await?;
        }
        let order = order_of(model, keyed.plan.schema().as_arrow());
        if order.is_by_arrival() {
            self.refuse_duplicates(model, scope, &keyed.plan, &merge.key).await?;
        } else {
            keyed.plan = newest_of_key(keyed.plan, &merge.key, &order)?;
            if let Some(deleted) = order.deleted() {
                let known = match write {
                    Write::Overwrite => None,
                    _ => self.removed_before(model, scope, &order, number).await?,
                };
                if let Some(known) = known {
                    keyed.plan = not_removed(keyed.plan, known, &merge.key, &order)?;
                }
                let names: Vec<&String> = merge.key.iter().chain(order.newest_by()).collect();
                let (rows, removed) = self.apart(model, scope, keyed.plan, deleted, &names).await?;
                let scan =
                    LogicalPlanBuilder::scan("rows", provider_as_source(rows.table()?), None)?;
                keyed.plan = scan.build()?;
                keyed.removed = Some(removed);
            }
        }
        if let (Write::Overwrite, Some(deleted)) = (write, &merge.deleted) {
            keyed.plan = without_deleted(keyed.plan, deleted)?;
        }
        Ok(keyed)
    }

    /// The keys that earlier builds removed from the table of `model`, each with its last removal.
    async fn removed_before(
        &self,
        model: &Model,
        scope: &Scope,
        order: &Precedence,
        number: i64,
    ) -> Result<Option<LogicalPlan>, BuildError> {
        let Materialization::Merge(merge) = &model.config.materialization else { return Ok(None) };
        let Some(table) = self.lake.open(&removed_location(model)).await? else { return Ok(None) };
        let table = table.provider(scope.ctx()).await?;
        let scan = LogicalPlanBuilder::scan("removed", provider_as_source(table), None)?;
        // A build that was cut off may have written some that it is about to write again.
        let state = column_of(scan.plan(), STATE_COLUMN)?;
        let mut names: Vec<&String> = merge.key.iter().chain(order.newest_by()).collect();
        names.sort_unstable();
        names.dedup();
        let columns: Result<Vec<Expr>, _> =
            names.iter().map(|name| column_of(scan.plan(), name)).collect();
        let plan = scan.filter(state.lt(lit(number)))?.project(columns?)?.build()?;
        let order = Precedence::new(plan.schema().as_arrow(), &merge.key, &merge.newest_by, None);
        Ok(Some(newest_of_key(plan, &merge.key, &order)?))
    }

    /// The rows of `plan`, and the columns `names` of those in which `deleted` is true.
    async fn apart(
        &self,
        model: &Model,
        scope: &Scope,
        plan: LogicalPlan,
        deleted: &str,
        names: &[&String],
    ) -> Result<(Spool, Spool), BuildError> {
        let schema = of_table(plan.schema()).map_err(|rule| model.broken(rule))?;
        let mut idxs: Vec<usize> = Vec::with_capacity(names.len());
        for name in names {
            idxs.push(schema.index_of(name).map_err(DataFusionError::from)?);
        }
        idxs.sort_unstable();
        idxs.dedup();
        let mut rows = SpoolWriter::new(&schema)?;
        let key_schema = Arc::new(schema.project(&idxs).map_err(DataFusionError::from)?);
        let mut removed = SpoolWriter::new(&key_schema)?;
        let stream = match scope.run(&plan).await {
            Ok(stream) => stream,
            Err(error) => return Err(self.explain(model, scope, &plan, &error).await),
        };
        let output = Output::new(Arc::clone(&schema), stream, Vec::new());
        let mut batches = output.batches();
        while let Some(batch) = batches.next().await {
            let batch = match (batch, output.take_error()) {
                (Ok(batch), _) => batch,
                (Err(_), Some(error)) => {
                    return Err(self.explain(model, scope, &plan, &error).await);
                }
                (Err(error), None) => return Err(error.into()),
            };
            rows.write(&batch)?;
            let is_removed = batch.column_by_name(deleted).and_then(|c| c.as_boolean_opt());
            if let Some(is_removed) = is_removed {
                let keys = batch.project(&idxs).map_err(DataFusionError::from)?;
                let keys = filter_record_batch(&keys, is_removed).map_err(DataFusionError::from)?;
                removed.write(&keys)?;
            }
        }
        Ok((rows.finish()?, removed.finish()?))
    }

    /// The rows of `plan` that break none of `rules`, and those that do.
    async fn sift(
        &self,
        model: &Model,
        scope: &Scope,
        plan: LogicalPlan,
        rules: &[Expectation],
        write: &Write,
    ) -> Result<Keyed, BuildError> {
        let schema = of_table(plan.schema()).map_err(|rule| model.broken(rule))?;
        let judging = Judging { rules, schema: &schema, write, table: None };
        let applied = self.expect(model, scope, plan, &judging).await?;
        let rows = match scope.run(&applied.plan).await {
            Ok(rows) => rows,
            Err(error) => return Err(self.explain(model, scope, &applied.plan, &error).await),
        };
        let quarantine = quarantine_schema(model, &schema);
        let (rows, mut sifted) = applied.sieve.pass(rows, &quarantine, &self.run_id)?;
        let output = Output::new(schema, rows, Vec::new());
        let refusing = async {
            let refused = sifted.kept_back().await;
            sifted.release();
            refused
        };
        let (taken, refused) = futures::join!(output.spool(), refusing);
        if let Some(error) = output.take_error() {
            return Err(self.explain(model, scope, &applied.plan, &error).await);
        }
        let scan = LogicalPlanBuilder::scan("rows", provider_as_source(taken?.table()?), None)?;
        Ok(Keyed {
            plan: scan.build()?,
            refused: refused.into_iter().collect(),
            judgements: sifted.outcomes(),
            removed: None,
        })
    }
}

/// Where the removed keys of the table of `model` lie.
pub(super) fn removed_location(model: &Model) -> String {
    format!("_lakefront/removed/{}", model.name.location())
}

/// Whether a row is refused for what it is, whatever other rows are.
fn refuses_alone(model: &Model, expectation: &Expectation) -> bool {
    expectation.on_failure == OnFailure::Quarantine
        && !matches!(expectation.rule, Rule::Unique { .. })
        && expectation.reads() != Some(&model.name)
}
