//! What is expected of a model's rows: what it needs to be judged, and what is said of the outcome.

use super::{Build, BuildError, Event, snapshot};
use crate::check;
use crate::expectation::{
    self, Applied, ApplyError, Expectation, OnFailure, Outcome as Judgement, Subject, Target,
};
use crate::lake::{LakeTable, Write};
use crate::model::{ConfigRule, Materialization, Model, Read};
use crate::plan::{Precedence, Scope};
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::TableReference;
use datafusion::logical_expr::LogicalPlan;
use std::sync::{Arc, PoisonError};

/// By what rows are judged, and where they go.
pub(super) struct Judging<'j> {
    pub(super) rules: &'j [Expectation],
    /// The query's columns as they are stored.
    pub(super) schema: &'j SchemaRef,
    pub(super) write: &'j Write,
    /// The table as it is.
    pub(super) table: Option<&'j LakeTable>,
}

impl Build {
    /// The query of `model` with what its rows are to be judged by.
    pub(super) async fn expect(
        &self,
        model: &Model,
        scope: &Scope,
        plan: LogicalPlan,
        judging: &Judging<'_>,
    ) -> Result<Applied, BuildError> {
        let Judging { rules, schema, write, table } = judging;
        let key = key_of(model);
        let order = match write {
            Write::Merge { order, .. } => order.clone(),
            _ => order_of(model, schema),
        };
        let subject = Subject {
            own: &model.name,
            schema,
            expectations: rules,
            sort_by: &model.config.layout.sort_by,
            key: &key,
            // A removed key need not be right, also when the table is made whole and it leaves later.
            deleted: match &model.config.materialization {
                Materialization::Merge(merge) => merge
                    .deleted
                    .as_deref()
                    .filter(|deleted| schema.field_with_name(deleted).is_ok()),
                _ => None,
            },
            // What was true once is not judged by what is expected now.
            current: match &model.config.materialization {
                Materialization::Snapshot { .. } => Some(snapshot::IS_CURRENT),
                _ => None,
            },
            target: target(model, scope, write, *table, &order).await?,
        };
        self.define_related(model, scope).await?;
        let applied = expectation::apply(scope.ctx(), plan, &subject).await;
        applied.map_err(|error| match error {
            ApplyError::Rule { place, rule } => {
                model.misconfigured(place, ConfigRule::from(rule).into()).into()
            }
            ApplyError::Engine(error) => error.into(),
        })
    }

    /// Makes `scope` see the tables that the expectations of `model` look into and its query does not.
    async fn define_related(&self, model: &Model, scope: &Scope) -> Result<(), BuildError> {
        for expectation in &model.config.expectations {
            let Some(name) = expectation.reads().filter(|name| **name != model.name) else {
                continue;
            };
            let reference = TableReference::partial(name.layer.as_str(), name.name.as_str());
            if scope.ctx().table_exist(reference)? {
                continue;
            }
            let table = self.table(model, name).await?.provider(scope.ctx()).await?;
            scope.define(&Read::Model(name.clone()), table)?;
        }
        Ok(())
    }

    /// Keeps what became of the expectations of `model`, and says which warn.
    pub(super) fn judged(&self, model: &Model, judgements: Vec<Judgement>) {
        for judgement in &judgements {
            let is_warning =
                judgement.n_failed > 0 && judgement.expectation.on_failure != OnFailure::Fail;
            if is_warning {
                let goes = match judgement.expectation.on_failure {
                    OnFailure::Quarantine => ", and go to quarantine",
                    _ => "",
                };
                // One example says enough here; the run's table has more.
                let mut brief = judgement.clone();
                brief.examples.truncate(1);
                let reason = format!("{brief}{goes}");
                self.tell(Event::Warned { model: model.name.clone(), reason });
            }
        }
        let mut kept = self.judgements.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(model.name.clone(), judgements);
    }
}

/// What becomes of the rows that are in the table of `model`.
async fn target<'m>(
    model: &'m Model,
    scope: &Scope,
    write: &Write,
    table: Option<&LakeTable>,
    order: &'m Precedence,
) -> Result<Target<'m>, BuildError> {
    let provider = match (write, table, model.config.expectations.is_empty()) {
        (Write::Overwrite, _, _) | (_, None, _) | (_, _, true) => None,
        (_, Some(table), false) => Some(table.provider(scope.ctx()).await?),
    };
    Ok(match (&model.config.materialization, write, provider) {
        (Materialization::Merge(merge), _, table) => {
            Target::Merged { table, key: &merge.key, order }
        }
        (_, Write::Append, Some(table)) => Target::Added(table),
        (_, Write::Replace(replaced), Some(table)) => {
            Target::Replaced { table, replaced: replaced.clone() }
        }
        _ => Target::Whole,
    })
}

/// The columns of the rows that `model` refuses, when its query's are `schema`.
pub(super) fn quarantine_schema(model: &Model, schema: &SchemaRef) -> SchemaRef {
    let stored = match &model.config.materialization {
        // Its columns are in the query already.
        Materialization::Snapshot { .. } => Arc::clone(schema),
        _ => check::stored_schema(model, schema),
    };
    expectation::quarantine_schema(&stored)
}

/// Which of two rows of a key stays in the table of `model`, whose query has the columns `schema`.
pub(super) fn order_of(model: &Model, schema: &Schema) -> Precedence {
    match &model.config.materialization {
        Materialization::Merge(merge) => {
            Precedence::new(schema, &merge.key, &merge.newest_by, merge.deleted.as_deref())
        }
        _ => Precedence::default(),
    }
}

/// The columns that name a row of the table.
pub(super) fn key_of(model: &Model) -> Vec<String> {
    match &model.config.materialization {
        Materialization::Merge(merge) => merge.key.clone(),
        _ => Vec::new(),
    }
}
