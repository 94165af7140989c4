//! Rows with the same key: the first that stays, or all of them.

use super::apply::Judged;
use super::existing::{NEW, Target, new, old, renamed};
use super::predicate::column;
use datafusion::common::JoinType;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::DataFusionError;
use datafusion::functions_aggregate::count::count_all;
use datafusion::functions_window::lead_lag::{lag, lead};
use datafusion::logical_expr::{
    Expr, ExprFunctionExt, LogicalPlan, LogicalPlanBuilder, Operator, binary_expr, lit, when,
};

const COUNT: &str = "__count";
const HIT: &str = "__hit";

fn key(name: &str) -> String {
    format!("__key_{name}")
}

fn before(name: &str) -> String {
    format!("__before_{name}")
}

fn after(name: &str) -> String {
    format!("__after_{name}")
}

impl Judged<'_> {
    /// Flags every row but the first of those with the same values of `columns`, and all of them where
    /// the table has the values in a row that may stay.
    pub(super) fn first_of_key(
        &mut self,
        idx: usize,
        columns: &[String],
    ) -> Result<(), DataFusionError> {
        let is_known = self.join_known(columns, Certain::No)?;
        let is_free = match &is_known {
            Some(is_known) => self.is_stored().and(is_known.clone().is_not_true()),
            None => self.is_stored(),
        };
        let first = self.order_of_rows(columns);
        let is_next = self.same_as_neighbour(columns, is_free, first, &[Neighbour::Before])?;
        let is_broken = match is_known {
            Some(is_known) => is_known.and(self.is_stored()).or(is_next),
            None => is_next,
        };
        self.flag_alone(idx, is_broken)
    }

    /// Flags every row that has the values of `columns` in common with another of the table.
    pub(super) fn alone(&mut self, idx: usize, columns: &[String]) -> Result<(), DataFusionError> {
        let shared = self.shared(columns)?;
        let is_repeatable = is_repeatable(&self.plan)?;
        let is_known = self.join_known(columns, Certain::Yes)?;
        let is_shared = match is_repeatable {
            true => self.join_shared(shared, columns)?,
            false => {
                let is_stored = self.is_stored();
                let neighbours = [Neighbour::Before, Neighbour::After];
                self.same_as_neighbour(columns, is_stored, Vec::new(), &neighbours)?
            }
        };
        let is_broken = match is_known {
            Some(is_known) => is_known.and(self.is_stored()).or(is_shared),
            None => is_shared,
        };
        self.flag_alone(idx, is_broken)
    }

    fn flag_alone(&mut self, idx: usize, is_broken: Expr) -> Result<(), DataFusionError> {
        self.flag(idx, is_broken.is_true())?;
        let hidden = ["__key_", "__before_", "__after_", HIT];
        self.keep(|name| !hidden.iter().any(|prefix| name.starts_with(prefix)))
    }

    /// The columns that put rows of one key in order: the table's order, then all others, so that the same
    /// rows give the same first row.
    fn order_of_rows(&self, columns: &[String]) -> Vec<Expr> {
        let named = self.subject.sort_by.iter().map(String::as_str);
        let fields = self.subject.schema.fields().iter();
        let others = fields
            .filter(|field| !field.data_type().is_nested())
            .map(|field| field.name().as_str());
        let mut order: Vec<&str> = Vec::new();
        for name in named.chain(others) {
            if !columns.iter().any(|column| column == name) && !order.contains(&name) {
                order.push(name);
            }
        }
        order.into_iter().map(column).collect()
    }

    /// Whether a row for which `is_meant` is true has the values of `columns` of a neighbour for which it is true
    /// too, when rows are in the order of these columns and then of `order`.
    ///
    /// One order over all rows: a window for each key costs many times as much where most keys have one row.
    fn same_as_neighbour(
        &mut self,
        columns: &[String],
        is_meant: Expr,
        order: Vec<Expr>,
        neighbours: &[Neighbour],
    ) -> Result<Expr, DataFusionError> {
        let mut keys = Vec::with_capacity(columns.len());
        for name in columns {
            keys.push(when(is_meant.clone(), column(name)).end()?.alias(key(name)));
        }
        self.with(keys)?;
        let order: Vec<_> = columns
            .iter()
            .map(|name| column(&key(name)))
            .chain(order)
            .map(|part| part.sort(true, false))
            .collect();
        let mut windows = Vec::new();
        let mut is_same = lit(false);
        for neighbour in neighbours {
            let mut is_same_here = lit(true);
            for name in columns {
                let (shifted, called) = match neighbour {
                    Neighbour::Before => (lag(column(&key(name)), Some(1), None), before(name)),
                    Neighbour::After => (lead(column(&key(name)), Some(1), None), after(name)),
                };
                windows.push(shifted.order_by(order.clone()).build()?.alias(&called));
                is_same_here = is_same_here.and(column(&key(name)).eq(column(&called)));
            }
            is_same = is_same.or(is_same_here.is_true());
        }
        let plan = self.plan.clone();
        self.plan = LogicalPlanBuilder::new(plan).window(windows)?.build()?;
        Ok(is_same)
    }

    /// The keys that several rows have.
    fn shared(&self, columns: &[String]) -> Result<LogicalPlan, DataFusionError> {
        let is_there = |name: &String| column(name).is_not_null();
        let is_whole = columns.iter().map(is_there).reduce(Expr::and).unwrap_or_else(|| lit(false));
        let keys: Vec<Expr> = columns.iter().map(|name| column(name).alias(key(name))).collect();
        let named: Vec<Expr> = columns.iter().map(|name| column(&key(name))).collect();
        LogicalPlanBuilder::new(self.plan.clone())
            .filter(self.is_stored().and(is_whole))?
            .project(keys)?
            .aggregate(named.clone(), vec![count_all().alias(COUNT)])?
            .filter(column(COUNT).gt(lit(1_i64)))?
            .project(named)?
            .build()
    }

    /// Joins keys that several rows have. The query runs twice, over few columns the first time: that is a
    /// fraction of what an order of all rows costs.
    fn join_shared(
        &mut self,
        shared: LogicalPlan,
        columns: &[String],
    ) -> Result<Expr, DataFusionError> {
        let named: Vec<Expr> = columns.iter().map(|name| column(&key(name))).collect();
        let own = columns.iter().map(|name| column(name)).collect();
        let found = named.first().cloned().unwrap_or_else(|| lit(false));
        self.join_behind(shared, named, own)?;
        Ok(found.is_not_null().and(self.is_stored()))
    }

    /// Joins what is true of rows whose values of `columns` a row has that stays in the table.
    fn join_known(
        &mut self,
        columns: &[String],
        certain: Certain,
    ) -> Result<Option<Expr>, DataFusionError> {
        let merged: &[String] = match &self.subject.target {
            Target::Merged { key, .. } => key,
            _ => &[],
        };
        // Whether a row that is there is replaced depends on which new rows are refused, and this one may be
        // refused: a row of another key is taken to stay.
        let by_other_key = certain == Certain::No && !merged.is_empty();
        let known = match by_other_key {
            true => self.rows_that_may_stay()?,
            false => self.kept_rows()?,
        };
        let Some(known) = known else { return Ok(None) };
        let mut names: Vec<&str> = columns.iter().map(String::as_str).collect();
        if by_other_key {
            names.extend(
                merged.iter().map(String::as_str).filter(|name| !columns.iter().any(|c| c == name)),
            );
        }
        let incoming =
            LogicalPlanBuilder::new(self.plan.clone()).filter(self.is_stored())?.build()?;
        let incoming = LogicalPlanBuilder::new(renamed(incoming, &names, new)?).distinct()?;
        let known = renamed(known, &names, old)?;
        let mut on: Vec<Expr> =
            columns.iter().map(|name| column(&new(name)).eq(column(&old(name)))).collect();
        if by_other_key {
            let other =
                merged.iter().map(|name| is_distinct(column(&new(name)), column(&old(name))));
            on.extend(other.reduce(Expr::or));
        }
        let keys: Vec<Expr> = names.iter().map(|name| column(&new(name))).collect();
        let mut found = keys.clone();
        found.push(lit(true).alias(HIT));
        let hits =
            incoming.join_on(known, JoinType::Inner, on)?.project(found)?.distinct()?.build()?;
        let own = names.iter().map(|name| column(name)).collect();
        self.join_behind(hits, keys, own)?;
        let hit = column(HIT).is_true();
        self.keep(|name| !name.starts_with(NEW))?;
        Ok(Some(hit))
    }
}

/// Whether it is known which rows of the table are replaced.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Certain {
    Yes,
    No,
}

#[derive(Clone, Copy)]
enum Neighbour {
    Before,
    After,
}

fn is_distinct(a: Expr, b: Expr) -> Expr {
    binary_expr(a, Operator::IsDistinctFrom, b)
}

/// Whether a query gives the same rows when it runs again.
fn is_repeatable(plan: &LogicalPlan) -> Result<bool, DataFusionError> {
    let mut is_repeatable = true;
    plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expr| {
            is_repeatable &= !expr.is_volatile();
            Ok(TreeNodeRecursion::Continue)
        })
    })?;
    Ok(is_repeatable)
}
