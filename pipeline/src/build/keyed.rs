//! One row a key: of those that a merge may take, the newest.
//!
//! A row that is refused for itself is no state of its key, so it must not stand in the place of another one:
//! such rows leave before the newest is looked for.

use super::judging::{Judging, quarantine_schema};
use super::{Build, BuildError};
use crate::expectation::{Expectation, OnFailure, Outcome as Judgement, Rule};
use crate::lake::{Output, Write};
use crate::model::{Materialization, Model};
use crate::plan::{Scope, newest_of_key, of_table, without_deleted};
use crate::spool::Spool;
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};

/// The rows of a query on the way into a table.
pub(super) struct Keyed {
    /// One row a key, when the model merges; all rows otherwise.
    pub(super) plan: LogicalPlan,
    /// Rows that were refused for themselves.
    pub(super) refused: Vec<Spool>,
    /// What became of the expectations that refused them.
    pub(super) judgements: Vec<Judgement>,
}

impl Build {
    /// The rows of `plan` that the table of `model` may take.
    pub(super) async fn keyed(
        &self,
        model: &Model,
        scope: &Scope,
        plan: LogicalPlan,
        write: &Write,
    ) -> Result<Keyed, BuildError> {
        let mut keyed = Keyed { plan, refused: Vec::new(), judgements: Vec::new() };
        let Materialization::Merge(merge) = &model.config.materialization else { return Ok(keyed) };
        let rules = model.config.expectations.iter().filter(|rule| refuses_alone(model, rule));
        let rules: Vec<Expectation> = rules.cloned().collect();
        if !rules.is_empty() {
            keyed = self.sift(model, scope, keyed.plan, &rules, write).await?;
        }
        if merge.newest_by.is_empty() {
            self.refuse_duplicates(model, scope, &keyed.plan, &merge.key).await?;
        } else {
            keyed.plan = newest_of_key(keyed.plan, &merge.key, &merge.newest_by)?;
        }
        if let (Write::Overwrite, Some(deleted)) = (write, &merge.deleted) {
            keyed.plan = without_deleted(keyed.plan, deleted)?;
        }
        Ok(keyed)
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
        })
    }
}

/// Whether a row is refused for what it is, whatever other rows are.
fn refuses_alone(model: &Model, expectation: &Expectation) -> bool {
    expectation.on_failure == OnFailure::Quarantine
        && !matches!(expectation.rule, Rule::Unique { .. })
        && expectation.reads() != Some(&model.name)
}
