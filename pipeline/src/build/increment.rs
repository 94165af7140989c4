//! What is new in the inputs of a model, as rows to write.

use super::arrival::Arrivals;
use super::input::Input;
use super::judging::order_of;
use super::make::{Change, Found};
use super::{Build, BuildError};
use crate::lake::Write;
use crate::model::{Materialization, Model, ModelRule, Read};
use crate::plan::{DuplicateKey, Planned, Scope, fitted};
use datafusion::catalog::TableProvider;
use datafusion::logical_expr::LogicalPlan;
use std::collections::BTreeMap;
use std::sync::Arc;

impl Build {
    /// What is new, as rows to write; or why the table has to be made anew.
    pub(super) async fn increment(
        &self,
        model: &Model,
        inputs: &[Input],
        found: &Found,
    ) -> Result<Result<Change, String>, BuildError> {
        match &model.config.materialization {
            Materialization::Append(_) | Materialization::Merge(_) => {
                self.take_in(model, inputs, found).await
            }
            Materialization::Incremental { by } => self.buckets(model, inputs, by).await,
            Materialization::Snapshot { key, valid_from } => match &found.table {
                Some(table) => {
                    let scope = self.scope_of(model, inputs).await?;
                    let Planned { plan, .. } = scope.plan(model).await?;
                    self.refuse_duplicates(model, &scope, &plan, key).await?;
                    let mut known = table.provider(scope.ctx()).await?;
                    if let Some(given) = self.given(model) {
                        known = fitted(known, given)?;
                    }
                    let valid_from = valid_from.as_deref();
                    let plan = super::snapshot::next(known, plan, key, valid_from, self.at_us)?;
                    Ok(Ok(Change {
                        scope,
                        plan,
                        write: Write::Overwrite,
                        progress: BTreeMap::new(),
                        late: None,
                        arrivals: Arrivals::default(),
                    }))
                }
                None => Ok(Err("there was no table".to_owned())),
            },
            Materialization::Full | Materialization::View => {
                Ok(Err("what it reads has changed".to_owned()))
            }
        }
    }

    /// The query over the new rows of one input.
    async fn take_in(
        &self,
        model: &Model,
        inputs: &[Input],
        found: &Found,
    ) -> Result<Result<Change, String>, BuildError> {
        let scope = self.planner_of(model).scope()?;
        let drive = drive(model);
        let mut tables: BTreeMap<Read, Arc<dyn TableProvider>> = BTreeMap::new();
        let mut progress = BTreeMap::new();
        let mut late = None;
        let mut arrivals = Arrivals::default();
        for input in inputs {
            if Some(&input.read) != drive {
                tables.insert(input.read.clone(), input.all(&scope, self.at_us).await?);
                continue;
            }
            let taken = match self.taken(model, &scope, input).await? {
                Ok(taken) => taken,
                Err(reason) => return Ok(Err(reason)),
            };
            let (mut rows, mut read) = (taken.rows, taken.progress);
            arrivals = taken.arrivals;
            let before = input.before.as_ref();
            let streamed = self.streamed(model, &scope, input, Arc::clone(&rows), before).await?;
            if let Some(streamed) = streamed {
                rows = streamed.taken;
                read.stream = streamed.memory;
                late = Some(streamed.late);
                arrivals = Arrivals { n_below_mark: arrivals.n_below_mark, ..streamed.arrivals };
            }
            progress.insert(input.read.clone(), read);
            tables.insert(input.read.clone(), rows);
        }
        self.define(&scope, model, &tables).await?;
        let Planned { plan, .. } = scope.plan(model).await?;
        let (plan, write) = match &model.config.materialization {
            Materialization::Merge(merge) => {
                let is_of_database = inputs
                    .iter()
                    .any(|input| Some(&input.read) == drive && input.watermark().is_some());
                let order = order_of(model, plan.schema().as_arrow());
                let write = Write::Merge {
                    key: merge.key.clone(),
                    order: match (model.is_synced(), found.evolves || is_of_database) {
                        // The database says of each key what it is now, whatever it said before.
                        (true, _) => order.by_arrival(),
                        (false, true) => order.of_those_that_come(),
                        (false, false) => order,
                    },
                };
                (plan, write)
            }
            _ => (plan, Write::Append),
        };
        Ok(Ok(Change { scope, plan, write, progress, late, arrivals }))
    }

    pub(super) async fn refuse_duplicates(
        &self,
        model: &Model,
        scope: &Scope,
        plan: &LogicalPlan,
        key: &[String],
    ) -> Result<(), BuildError> {
        let found = DuplicateKey::find(scope, plan.clone(), key).await;
        let found = match found {
            Ok(found) => found,
            Err(error) => return Err(self.explain(model, scope, plan, &error).await),
        };
        match found {
            None => Ok(()),
            Some(DuplicateKey::Twice { key, n_rows }) => {
                let kind = model.config.materialization.kind();
                let rule = ModelRule::DuplicateKey { kind, key, n_rows };
                Err(model.misconfigured(model.place_of("key", ""), rule).into())
            }
            Some(DuplicateKey::Null { key }) => {
                let rule = ModelRule::NullKey { key };
                Err(model.misconfigured(model.place_of("key", ""), rule).into())
            }
        }
    }
}

/// The input whose new rows are taken; `None` when all inputs are alike.
pub(crate) fn drive(model: &Model) -> Option<&Read> {
    match &model.config.materialization {
        Materialization::Append(_) | Materialization::Merge(_) => {
            let only = || match model.reads.as_slice() {
                [at] => Some(&at.read),
                _ => None,
            };
            model.config.materialization.input().or_else(only)
        }
        _ => None,
    }
}
