//! The rows that are in a table before a write, and which of them stay.

use super::Rule;
use super::apply::Judged;
use super::predicate::column;
use crate::plan::Precedence;
use datafusion::catalog::TableProvider;
use datafusion::common::{Column, JoinType};
use datafusion::datasource::provider_as_source;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, lit};
use std::sync::Arc;

/// What is true of a new row that loses against the row of its key.
const STALE: &str = "__stale";

/// What becomes of the rows that are in the table.
#[derive(Clone)]
pub(crate) enum Target<'a> {
    /// They go: the new rows are the table.
    Whole,
    /// They stay.
    Added(Arc<dyn TableProvider>),
    /// Those for which it is true go.
    Replaced {
        /// The table as it is.
        table: Arc<dyn TableProvider>,
        /// Over its columns.
        replaced: Expr,
    },
    /// Those with the key of a new row go, unless they are newer. No two new rows have one key.
    Merged {
        /// The table as it is; `None` when the new rows are the table.
        table: Option<Arc<dyn TableProvider>>,
        /// What names a row.
        key: &'a [String],
        /// Which of two rows of a key stays.
        order: &'a Precedence,
    },
}

impl Target<'_> {
    /// Whether no two rows can have the same values of `columns`, whatever they are.
    pub(super) fn implies_unique(&self, columns: &[String]) -> bool {
        match self {
            Target::Merged { key, .. } => {
                !key.is_empty() && key.iter().all(|name| columns.contains(name))
            }
            _ => false,
        }
    }

    fn table(&self) -> Option<&Arc<dyn TableProvider>> {
        match self {
            Target::Whole => None,
            Target::Added(table) | Target::Replaced { table, .. } => Some(table),
            Target::Merged { table, .. } => table.as_ref(),
        }
    }
}

/// The name under which a join sees the column `name` of a row that is there.
pub(super) fn old(name: &str) -> String {
    format!("__old_{name}")
}

/// What the name begins with under which a join sees a column of a new row.
pub(super) const NEW: &str = "__new_";

/// The name under which a join sees the column `name` of a new row.
pub(super) fn new(name: &str) -> String {
    format!("{NEW}{name}")
}

/// `names` of `plan`'s columns, called `rename` of their names.
pub(super) fn renamed(
    plan: LogicalPlan,
    names: &[&str],
    rename: fn(&str) -> String,
) -> Result<LogicalPlan, DataFusionError> {
    let mut columns = Vec::with_capacity(names.len());
    for name in names {
        let found = plan.schema().qualified_field_with_unqualified_name(name)?;
        columns.push(Expr::from(found).alias(rename(name)));
    }
    LogicalPlanBuilder::new(plan).project(columns)?.build()
}

impl Judged<'_> {
    /// Whether a new row takes the place of the row of its key.
    pub(super) fn is_current(&self) -> Expr {
        match self.plan.schema().has_column(&Column::new_unqualified(STALE)) {
            true => column(STALE).is_not_true(),
            false => lit(true),
        }
    }

    /// Marks rows that lose against the row of their key: they will not be in the table.
    pub(super) fn stale(&mut self) -> Result<(), DataFusionError> {
        let Target::Merged { table: Some(_), key, order } = &self.subject.target else {
            return Ok(());
        };
        let is_asked = self.subject.expectations.iter().any(|asked| match &asked.rule {
            Rule::Unique { columns } => !self.subject.target.implies_unique(columns),
            Rule::Relationship { to, .. } => to == self.subject.own,
            _ => false,
        });
        let Some(known) = self.rows_that_are_there()? else { return Ok(()) };
        if order.is_by_arrival() || !is_asked {
            return Ok(());
        }
        let mut there: Vec<&str> = key.iter().chain(order.columns()).map(String::as_str).collect();
        there.sort_unstable();
        there.dedup();
        let mut comes = there.clone();
        comes.extend(order.deleted());
        let incoming = renamed(self.plan.clone(), &comes, new)?;
        let known = renamed(known, &there, old)?;
        let on = key.iter().map(|name| column(&new(name)).eq(column(&old(name))));
        let newer = order.takes_place(|name| column(&old(name)), |name| column(&new(name)));
        let loses = newer.is_not_true();
        let lost =
            LogicalPlanBuilder::new(incoming).join_on(known, JoinType::Inner, on.chain([loses]))?;
        let keys: Vec<Expr> = key.iter().map(|name| column(&new(name))).collect();
        let mut columns = keys.clone();
        columns.push(lit(true).alias(STALE));
        let lost = lost.project(columns)?.distinct()?.build()?;
        let own = key.iter().map(|name| column(name)).collect();
        self.join_behind(lost, keys, own)?;
        self.keep(|name| !name.starts_with(NEW))
    }

    /// The table as it is, less what is replaced whatever the new rows are; `None` when the new rows are the table.
    pub(super) fn rows_that_are_there(&self) -> Result<Option<LogicalPlan>, DataFusionError> {
        let target = &self.subject.target;
        let Some(table) = target.table() else { return Ok(None) };
        let scan =
            LogicalPlanBuilder::scan("existing", provider_as_source(Arc::clone(table)), None)?;
        let scan = match target {
            Target::Replaced { replaced, .. } => scan.filter(replaced.clone().is_not_true())?,
            _ => scan,
        };
        scan.build().map(Some)
    }

    /// The rows that stay in the table when all new rows that are judged to be stored are; `None` when there
    /// are none.
    pub(super) fn kept_rows(&self) -> Result<Option<LogicalPlan>, DataFusionError> {
        self.without_keys_of(self.is_current().and(self.is_refused().is_not_true()))
    }

    /// The rows that stay in the table whichever new rows are stored, except those whose key is removed.
    pub(super) fn rows_that_may_stay(&self) -> Result<Option<LogicalPlan>, DataFusionError> {
        match self.subject.deleted {
            Some(deleted) => self.without_keys_of(self.is_current().and(column(deleted).is_true())),
            None => self.rows_that_are_there(),
        }
    }

    /// The rows that are there without those of the keys of the new rows for which `replaces` is true.
    fn without_keys_of(&self, replaces: Expr) -> Result<Option<LogicalPlan>, DataFusionError> {
        let Some(known) = self.rows_that_are_there()? else { return Ok(None) };
        let Target::Merged { key, .. } = &self.subject.target else { return Ok(Some(known)) };
        let names: Vec<&str> = key.iter().map(String::as_str).collect();
        let replacing = LogicalPlanBuilder::new(self.plan.clone()).filter(replaces)?.build()?;
        let replacing = renamed(replacing, &names, new)?;
        let mut own = Vec::with_capacity(key.len());
        for name in names {
            own.push(Expr::from(known.schema().qualified_field_with_unqualified_name(name)?));
        }
        let keys = key.iter().map(|name| column(&new(name))).collect();
        let join = LogicalPlanBuilder::new(replacing);
        join.join_with_expr_keys(known, JoinType::RightAnti, (keys, own), None)?.build().map(Some)
    }
}
