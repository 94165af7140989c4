//! Rows on their way into tables: the model's own, and those of the rows that it does not take.

use super::input::Input;
use super::judging::{Judging, key_of, quarantine_schema};
use super::keyed::{Keyed, removed_location};
use super::make::{Change, Found};
use super::{Build, BuildError};
use crate::expectation::Expectation;
use crate::lake::{Commit, LakeTable, Output, Write};
use crate::model::{Layout, Model, ModelRule};
use crate::plan::{Scope, fitted, of_table, sorted};
use crate::rejection;
use crate::spool::Spool;
use crate::state::{self, ModelState};
use datafusion::common::Column;
use datafusion::datasource::provider_as_source;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, lit};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// How often the number of rows is told while a model runs.
const ROWS_EVERY: Duration = Duration::from_millis(200);

/// The column of rows that were not taken with the number of the state that they belong to.
pub(crate) const STATE_COLUMN: &str = "_state";

impl Build {
    /// Writes `change` as the next state of the table of `model`; `late` are rows that came too late.
    pub(super) async fn commit(
        &self,
        model: &Model,
        found: Found,
        inputs: &[Input],
        change: Change,
    ) -> Result<LakeTable, BuildError> {
        let location = model.name.location();
        let Change { scope, plan, write, progress, late, arrivals } = change;
        let number =
            found.table.as_ref().and_then(LakeTable::number).map_or(0, |number| number + 1);
        let Keyed { plan, mut refused, mut judgements, removed } =
            self.keyed(model, &scope, plan, &write, number).await?;
        let schema = of_table(plan.schema()).map_err(|rule| model.broken(rule))?;
        let table = found.table.as_ref();
        let rules: Vec<Expectation> = model
            .config
            .expectations
            .iter()
            .filter(|rule| judgements.iter().all(|done| done.expectation != **rule))
            .cloned()
            .collect();
        let judging = Judging { rules: &rules, schema: &schema, write: &write, table };
        let applied = self.expect(model, &scope, plan, &judging).await?;
        let (plan, sieve) = (applied.plan, applied.sieve);
        let plan = match write {
            Write::Merge { .. } => plan,
            _ => sorted(plan, &model.config.layout.sort_by)?,
        };
        let is_whole = matches!(write, Write::Overwrite);
        let retained = match is_whole {
            true => BTreeSet::new(),
            false => self.retained(model, table).await?,
        };
        let kept_columns = match (retained.is_empty(), table) {
            (false, Some(table)) => Some(self.lake.columns(table).await?),
            _ => None,
        };
        let (state, metadata) = self.state_after(model, inputs, progress, &write, retained);
        let commit = Commit { number, state: None, metadata };
        let stream = match scope.run(&plan).await {
            Ok(stream) => stream,
            Err(error) => return Err(self.explain(model, &scope, &plan, &error).await),
        };
        let quarantine = quarantine_schema(model, &schema);
        let (stream, mut sifted) = sieve.pass(stream, &quarantine, &self.run_id)?;
        let output = Output::partitioned(
            Arc::clone(&schema),
            stream,
            key_of(model),
            model.config.layout.partition_by.clone(),
        );
        self.lock.check().await?;
        let state = state::write(self.lake.root(), &location, number, &state).await?;
        let own = Commit { state: Some(state), ..commit.clone() };
        if let (Some(name), Some(late)) = (model.late(), late) {
            self.put_aside(&name.location(), &[late], is_whole, &commit).await?;
        }
        if let Some(removed) = removed {
            let location = removed_location(model);
            let is_there = self.lake.open(&location).await?.is_some();
            if is_there || removed.n_rows() > 0 {
                self.put_aside(&location, &[removed], is_whole, &commit).await?;
            }
        }
        if let (Some(name), false, false) = (model.quarantine(), sifted.holds(), refused.is_empty())
        {
            // Nothing holds the end of the rows back, so these are safe before the first is written.
            self.put_aside(&name.location(), &refused, is_whole, &commit).await?;
        }
        let written = {
            let layout = &model.config.layout;
            let writing = async {
                let rows = match write {
                    // It is read more than once.
                    Write::Merge { .. } => output.spool().await?.table()?,
                    _ => match &kept_columns {
                        Some(columns) => fitted(output.provider()?, columns)?,
                        None => output.provider()?,
                    },
                };
                let table = self.lake.write(&location, found.table, layout, rows, write, &own);
                Ok::<_, BuildError>(table.await?)
            };
            tokio::pin!(writing);
            let aside = async {
                if let (Some(name), Some(kept_back)) =
                    (model.quarantine(), sifted.kept_back().await)
                {
                    refused.push(kept_back);
                    self.put_aside(&name.location(), &refused, is_whole, &commit).await?;
                }
                sifted.release();
                Ok::<_, BuildError>(())
            };
            tokio::pin!(aside);
            let mut is_aside = false;
            loop {
                tokio::select! {
                    written = &mut writing => break written,
                    put = &mut aside, if !is_aside => {
                        put?;
                        is_aside = true;
                    }
                    () = tokio::time::sleep(ROWS_EVERY) => {
                        self.tell(super::Event::Rows {
                            model: model.name.clone(),
                            n_rows: output.n_rows(),
                        });
                    }
                }
            }
        };
        self.tell(super::Event::Rows { model: model.name.clone(), n_rows: output.n_rows() });
        judgements.extend(sifted.outcomes());
        if let Some(broken) = sifted.broken() {
            self.judged(model, judgements);
            return Err(model.broken(ModelRule::Refused { reason: broken.to_string() }).into());
        }
        if let Some(column) = output.null_key() {
            let rule = ModelRule::NullKey { key: format!("{column} = null") };
            return Err(model.misconfigured(model.place_of("key", &column), rule).into());
        }
        match output.take_error() {
            Some(error) => Err(self.explain(model, &scope, &plan, &error).await),
            None => {
                self.warn(model, inputs);
                self.tell_arrivals(model, &arrivals);
                self.judged(model, judgements);
                let written = written?;
                state::forget_old(self.lake.root(), &location, state).await;
                Ok(written)
            }
        }
    }

    /// What `table` was made of; `None` when a build did not make it.
    pub(super) async fn state_of(
        &self,
        table: &LakeTable,
        location: &str,
    ) -> Result<Option<ModelState>, BuildError> {
        Ok(match table.state().await? {
            Some(name) => Some(state::read(self.lake.root(), location, name).await?),
            None => None,
        })
    }

    /// Adds rows that a model does not take to the table at `location`. They bear the number of the state, so that a
    /// build that ended between this commit and the model's own is not counted twice.
    async fn put_aside(
        &self,
        location: &str,
        rows: &[Spool],
        is_whole: bool,
        commit: &Commit,
    ) -> Result<(), BuildError> {
        let before = self.lake.open(location).await?;
        let is_whole = is_whole || before.is_none();
        let was_begun = before
            .as_ref()
            .and_then(LakeTable::number)
            .is_some_and(|number| number >= commit.number);
        let n_rows: u64 = rows.iter().map(Spool::n_rows).sum();
        if n_rows == 0 && !is_whole && !was_begun {
            return Ok(());
        }
        let write = if is_whole {
            Write::Overwrite
        } else if was_begun {
            let column = Expr::Column(Column::new_unqualified(STATE_COLUMN));
            Write::Replace(column.gt_eq(lit(commit.number)))
        } else {
            Write::Append
        };
        let scope = self.planner.scope()?;
        let mut scans = Vec::with_capacity(rows.len());
        for spool in rows {
            scans.push(LogicalPlanBuilder::scan("rows", provider_as_source(spool.table()?), None)?);
        }
        let mut scans = scans.into_iter();
        let Some(mut scan) = scans.next() else { return Ok(()) };
        for other in scans {
            scan = scan.union(other.build()?)?;
        }
        let mut columns: Vec<Expr> = scan.schema().iter().map(Expr::from).collect();
        columns.push(lit(commit.number).alias(STATE_COLUMN));
        let plan = scan.project(columns)?.build()?;
        let schema = of_table(plan.schema()).map_err(|rule| {
            BuildError::Engine(DataFusionError::Plan(format!("{location}: {rule}")))
        })?;
        let output = Output::new(schema, scope.run(&plan).await?, Vec::new());
        let rows = output.provider()?;
        self.lake.write(location, before, &Layout::default(), rows, write, commit).await?;
        Ok(())
    }

    /// What `error` means for the author of `model`.
    pub(super) async fn explain(
        &self,
        model: &Model,
        scope: &Scope,
        plan: &LogicalPlan,
        error: &DataFusionError,
    ) -> BuildError {
        rejection::explain(scope, model, plan, error).await.into()
    }
}
