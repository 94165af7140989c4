//! Rows on the way into a table, judged: a query becomes one with the same rows and hidden columns,
//! one an expectation, that are true where a row breaks it.
//!
//! What one row alone can break is an expression. A relationship is a join with the distinct values
//! of the other table. Uniqueness comes last and looks only at rows that no other expectation sends
//! to quarantine, since those are no rows of the table; of several with one key the first in the
//! model's order stays when the expectation sends rows to quarantine, and each of them counts when it
//! warns or fails.

use super::check::common_type;
use super::existing::Target;
use super::predicate::{self, column};
use super::{Expectation, ExpectationRule, OnFailure, Rule, Sieve};
use crate::model::ModelName;
use crate::project::Place;
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::{JoinType, TableReference};
use datafusion::datasource::provider_as_source;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, cast, lit};
use datafusion::prelude::SessionContext;

/// What every hidden column of a judged query begins with.
const BROKEN: &str = "__broken_";

/// Rows that are on their way into a table, and what is expected of them.
pub(crate) struct Subject<'a> {
    /// The model's table.
    pub(crate) own: &'a ModelName,
    /// The columns of the query as they are stored, by name and in its order.
    pub(crate) schema: &'a SchemaRef,
    /// What must be true.
    pub(crate) expectations: &'a [Expectation],
    /// The columns of the table's order: it says which of several rows is the first.
    pub(crate) sort_by: &'a [String],
    /// What names a row for people; it may be empty.
    pub(crate) key: &'a [String],
    /// A boolean column: a row in which it is true removes its key, and nothing is expected of it.
    pub(crate) deleted: Option<&'a str>,
    /// A boolean column: a row in which it is not true is a state of the past, and nothing is expected of it.
    pub(crate) current: Option<&'a str>,
    /// What becomes of the rows that are there.
    pub(crate) target: Target<'a>,
}

impl Subject<'_> {
    /// `condition` for the rows of which something is expected.
    fn where_expected(&self, condition: Expr) -> Expr {
        let condition = match self.deleted {
            Some(deleted) => condition.and(column(deleted).is_not_true()),
            None => condition,
        };
        match self.current {
            Some(current) => condition.and(column(current).is_true()),
            None => condition,
        }
    }
}

/// A query whose rows are judged as they come.
pub(crate) struct Applied {
    /// The query. Hidden columns stand behind its own, and it may be sorted.
    pub(crate) plan: LogicalPlan,
    /// Takes the hidden columns away again.
    pub(crate) sieve: Sieve,
}

/// Expectations that cannot be applied.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApplyError {
    /// One does not fit the table.
    #[error("{rule}")]
    Rule {
        /// Where the model says it.
        place: Place,
        /// What is wrong.
        rule: ExpectationRule,
    },
    /// The query cannot be extended.
    #[error(transparent)]
    Engine(#[from] DataFusionError),
}

/// Judges the rows of `plan`; the other tables of relationships are defined in `ctx`.
///
/// Without an expectation the plan stays as it is. With one its columns are those of the subject's
/// schema, without qualifiers. The order of its rows is lost: sort the plan that is returned.
///
/// # Errors
/// [`ApplyError`] when an expectation does not fit, or the engine refuses the plan.
pub(crate) async fn apply(
    ctx: &SessionContext,
    plan: LogicalPlan,
    subject: &Subject<'_>,
) -> Result<Applied, ApplyError> {
    let mut judged = Judged::new(plan, subject)?;
    if subject.expectations.is_empty() {
        return Ok(Applied { plan: judged.plan, sieve: Sieve::new(subject, Vec::new()) });
    }
    judged.rows(ctx)?;
    judged.stale()?;
    for (idx, expectation) in subject.expectations.iter().enumerate() {
        if let Rule::Relationship { column, to, field } = &expectation.rule {
            judged.relationship(ctx, idx, column, to, field).await?;
        }
    }
    // Those that send rows away come first: what they send away is no twin for the others.
    for is_quarantine in [true, false] {
        for (idx, expectation) in subject.expectations.iter().enumerate() {
            if let Rule::Unique { columns } = &expectation.rule
                && is_quarantine == (expectation.on_failure == OnFailure::Quarantine)
                && !subject.target.implies_unique(columns)
            {
                match is_quarantine {
                    true => judged.first_of_key(idx, columns)?,
                    false => judged.alone(idx, columns)?,
                }
            }
        }
    }
    let flags = judged.flags.clone();
    let plan = judged.finish()?;
    Ok(Applied { plan, sieve: Sieve::new(subject, flags) })
}

/// Judges the rows of `table` as they are, and moves none.
///
/// # Errors
/// [`ApplyError`], also when the table cannot be read.
#[cfg(test)]
pub(crate) async fn judge(
    ctx: &SessionContext,
    table: std::sync::Arc<dyn datafusion::catalog::TableProvider>,
    subject: &Subject<'_>,
) -> Result<Vec<super::Outcome>, ApplyError> {
    let scan = LogicalPlanBuilder::scan("rows", provider_as_source(table), None)?.build()?;
    let Applied { plan, sieve } = apply(ctx, scan, subject).await?;
    let physical = ctx.state().create_physical_plan(&plan).await?;
    let rows = datafusion::physical_plan::execute_stream(physical, ctx.task_ctx())?;
    Ok(sieve.count(rows).await?)
}

/// A query on the way to being judged. Its columns are the subject's, then hidden ones.
pub(super) struct Judged<'a> {
    pub(super) subject: &'a Subject<'a>,
    pub(super) plan: LogicalPlan,
    /// The expectations that have a hidden column so far.
    flags: Vec<usize>,
}

impl<'a> Judged<'a> {
    fn new(plan: LogicalPlan, subject: &'a Subject<'a>) -> Result<Judged<'a>, DataFusionError> {
        let mut judged = Judged { subject, plan, flags: Vec::new() };
        if subject.expectations.is_empty() {
            return Ok(judged);
        }
        let mut columns = Vec::with_capacity(subject.schema.fields().len());
        for (own, stored) in judged.plan.schema().iter().zip(subject.schema.fields()) {
            let of = own.1.data_type();
            let own = Expr::from(own);
            let own =
                if of == stored.data_type() { own } else { cast(own, stored.data_type().clone()) };
            columns.push(own.alias(stored.name()));
        }
        judged.plan = LogicalPlanBuilder::new(judged.plan).project(columns)?.build()?;
        Ok(judged)
    }

    /// The query with one hidden column more for each of `columns`.
    pub(super) fn with(&mut self, columns: Vec<Expr>) -> Result<(), DataFusionError> {
        let plan = self.plan.clone();
        let all = plan.schema().iter().map(Expr::from).chain(columns).collect::<Vec<_>>();
        self.plan = LogicalPlanBuilder::new(plan).project(all)?.build()?;
        Ok(())
    }

    /// The query without the hidden columns that `is_kept` does not know.
    pub(super) fn keep(&mut self, is_kept: impl Fn(&str) -> bool) -> Result<(), DataFusionError> {
        let plan = self.plan.clone();
        let kept = plan.schema().iter().filter(|(_, field)| is_kept(field.name()));
        let kept = kept.map(Expr::from).collect::<Vec<_>>();
        self.plan = LogicalPlanBuilder::new(plan).project(kept)?.build()?;
        Ok(())
    }

    /// Names what is true of a row that breaks the expectation `idx`.
    pub(super) fn flag(&mut self, idx: usize, is_broken: Expr) -> Result<(), DataFusionError> {
        let is_broken = self.subject.where_expected(is_broken);
        self.with(vec![is_broken.alias(flag(idx))])?;
        self.flags.push(idx);
        Ok(())
    }

    /// Whether a row goes to quarantine, as far as it is judged.
    pub(super) fn is_refused(&self) -> Expr {
        let refusing = self.flags.iter().filter(|idx| {
            let expectation = self.subject.expectations.get(**idx);
            expectation.is_some_and(|found| found.on_failure == OnFailure::Quarantine)
        });
        refusing.map(|idx| column(&flag(*idx))).reduce(Expr::or).unwrap_or_else(|| lit(false))
    }

    /// Whether a row will be one of the table's.
    pub(super) fn is_stored(&self) -> Expr {
        let is_stored = self.is_current().and(self.is_refused().is_not_true());
        self.subject.where_expected(is_stored)
    }

    /// What one row alone can break, in one projection.
    fn rows(&mut self, ctx: &SessionContext) -> Result<(), ApplyError> {
        let state = ctx.state();
        let mut flags = Vec::new();
        for (idx, Expectation { rule, place, .. }) in self.subject.expectations.iter().enumerate() {
            let is_broken = predicate::is_broken(rule, self.subject.schema, &state)
                .map_err(|rule| ApplyError::Rule { place: *place, rule })?;
            let Some(is_broken) = is_broken else { continue };
            let is_broken = self.subject.where_expected(is_broken);
            flags.push(is_broken.alias(flag(idx)));
            self.flags.push(idx);
        }
        Ok(self.with(flags)?)
    }

    async fn relationship(
        &mut self,
        ctx: &SessionContext,
        idx: usize,
        name: &str,
        to: &ModelName,
        field: &str,
    ) -> Result<(), ApplyError> {
        let own = self.subject.schema;
        let of = own.field_with_name(name).map_err(DataFusionError::from)?.data_type();
        let common = |of_field: &DataType| {
            common_type(of, of_field).ok_or_else(|| {
                let reason = format!("{name:?} is {of} and {field:?} of {to} is {of_field}");
                DataFusionError::Plan(reason)
            })
        };
        let key = "__to";
        let (known, of) = match to == self.subject.own {
            true => {
                let of_field = own.field_with_name(field).map_err(DataFusionError::from)?;
                let of = common(of_field.data_type())?;
                (self.own_values(field, &of, key)?, of)
            }
            false => {
                let table = TableReference::partial(to.layer.as_str(), to.name.as_str());
                let provider = ctx.table_provider(table).await?;
                let scan = LogicalPlanBuilder::scan("to", provider_as_source(provider), None)?;
                let scan = scan.build()?;
                let found = scan.schema().qualified_field_with_unqualified_name(field)?;
                // The table may hold the values of a partition once each.
                let of_field = match found.1.data_type() {
                    DataType::Dictionary(_, values) => values.as_ref(),
                    of_field => of_field,
                };
                let of = common(of_field)?;
                (values(scan, field, &of, key)?, of)
            }
        };
        let known = LogicalPlanBuilder::new(known)
            .filter(column(key).is_not_null())?
            .distinct()?
            .build()?;
        // The values are the side that is kept in memory, whatever the engine knows of sizes.
        let left = vec![column(key)];
        self.join_behind(known, left, vec![cast(column(name), of)])?;
        let is_broken = column(name).is_not_null().and(column(key).is_null());
        self.flag(idx, is_broken)?;
        Ok(self.keep(|kept| kept != key)?)
    }

    /// The values that the column `field` of the model's own table will have.
    fn own_values(
        &self,
        field: &str,
        of: &DataType,
        key: &str,
    ) -> Result<LogicalPlan, DataFusionError> {
        let new = LogicalPlanBuilder::new(self.plan.clone()).filter(self.is_stored())?.build()?;
        let new = values(new, field, of, key)?;
        match self.kept_rows()? {
            None => Ok(new),
            Some(kept) => {
                let kept = values(kept, field, of, key)?;
                LogicalPlanBuilder::new(new).union(kept)?.build()
            }
        }
    }

    /// Joins rows of `found` to those of the query whose `right` is their `left`; no row of the query is lost,
    /// and none is doubled if `found` has no two rows of one key.
    pub(super) fn join_behind(
        &mut self,
        found: LogicalPlan,
        left: Vec<Expr>,
        right: Vec<Expr>,
    ) -> Result<(), DataFusionError> {
        let plan = self.plan.clone();
        let joined = LogicalPlanBuilder::new(found).join_with_expr_keys(
            plan.clone(),
            JoinType::Right,
            (left, right),
            None,
        )?;
        let found = joined.schema().fields().len() - plan.schema().fields().len();
        let columns: Vec<Expr> = joined.schema().iter().map(Expr::from).collect();
        let (found, own) = columns.split_at(found);
        let columns = own.iter().chain(found).cloned().collect::<Vec<_>>();
        self.plan = joined.project(columns)?.build()?;
        Ok(())
    }

    /// The subject's columns, then one flag an expectation that has one.
    fn finish(mut self) -> Result<LogicalPlan, DataFusionError> {
        let fields = self.subject.schema.fields().iter();
        let mut columns: Vec<Expr> = fields.map(|field| column(field.name())).collect();
        columns.extend(self.flags.iter().map(|idx| column(&flag(*idx))));
        self.plan = LogicalPlanBuilder::new(self.plan).project(columns)?.build()?;
        Ok(self.plan)
    }
}

fn flag(idx: usize) -> String {
    format!("{BROKEN}{idx}")
}

/// The column `field` of `plan` alone, as `key` of type `of`.
pub(super) fn values(
    plan: LogicalPlan,
    field: &str,
    of: &DataType,
    key: &str,
) -> Result<LogicalPlan, DataFusionError> {
    let found = plan.schema().qualified_field_with_unqualified_name(field)?;
    let value = Expr::from(found);
    let value = match value.get_type(plan.schema())? == *of {
        true => value,
        false => cast(value, of.clone()),
    };
    LogicalPlanBuilder::new(plan).project([value.alias(key)])?.build()
}
