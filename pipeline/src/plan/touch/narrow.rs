//! A query over the changed rows of one place, from which nothing that may differ is lost.

use super::{Changed, changed_in, join};
use datafusion::common::DFSchema;
use datafusion::datasource::provider_as_source;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::utils::{conjunction, split_conjunction};
use datafusion::logical_expr::{
    Aggregate, Expr, Filter, LogicalPlan, LogicalPlanBuilder, TableScan, Window,
};
use std::sync::Arc;

/// Why there is no such query.
pub(super) enum Stop {
    /// It cannot be said which rows differ.
    Unknown(String),
    /// The engine failed.
    Engine(DataFusionError),
}

impl From<DataFusionError> for Stop {
    fn from(error: DataFusionError) -> Stop {
        Stop::Engine(error)
    }
}

/// A part of the query above the place.
pub(super) struct Narrowed {
    /// Its rows are at least those that a change at the place can make, unmake or change, as far as the trusted
    /// columns tell them apart.
    pub(super) plan: LogicalPlan,
    /// Of each column whether its values are those of the real rows, before or after the change. Others follow
    /// from more rows than the changed ones.
    pub(super) trusted: Vec<bool>,
}

/// The way up from one place where a changed table is read.
pub(super) struct Narrowing<'c> {
    changed: &'c [Changed],
    /// Which place, counted down the plan from 0.
    place: usize,
    n_seen: usize,
}

impl<'c> Narrowing<'c> {
    pub(super) fn new(changed: &'c [Changed], place: usize) -> Narrowing<'c> {
        Narrowing { changed, place, n_seen: 0 }
    }

    /// `plan` over the changed rows of the place; `None` when the place is not in it.
    pub(super) fn narrow(&mut self, plan: &LogicalPlan) -> Result<Option<Narrowed>, Stop> {
        match plan {
            LogicalPlan::TableScan(scan) => self.scan(scan),
            LogicalPlan::Join(of) => join::narrow(self, of),
            LogicalPlan::Union(union) => {
                for input in &union.inputs {
                    if let Some(input) = self.narrow(input)? {
                        return renamed(input, &union.schema).map(Some);
                    }
                }
                Ok(None)
            }
            _ => match plan.inputs().as_slice() {
                [input] => match self.narrow(input)? {
                    Some(input) => above(plan, input).map(Some),
                    None => Ok(None),
                },
                inputs => {
                    for input in inputs {
                        if self.narrow(input)?.is_some() {
                            return Err(unknown(plan));
                        }
                    }
                    Ok(None)
                }
            },
        }
    }

    fn scan(&mut self, scan: &TableScan) -> Result<Option<Narrowed>, Stop> {
        let Some(changed) = changed_in(self.changed, scan) else { return Ok(None) };
        self.n_seen += 1;
        if self.n_seen - 1 != self.place {
            return Ok(None);
        }
        if scan.fetch.is_some() {
            return Err(Stop::Unknown("it has a limit".to_owned()));
        }
        let source = provider_as_source(Arc::clone(&changed.rows));
        let plan = LogicalPlan::TableScan(TableScan { source, ..scan.clone() });
        let trusted = vec![true; plan.schema().fields().len()];
        Ok(Some(Narrowed { plan, trusted }))
    }
}

fn unknown(plan: &LogicalPlan) -> Stop {
    let text = plan.display().to_string();
    let node = text.split([':', ' ']).next().unwrap_or_default();
    Stop::Unknown(format!("it has a {node}"))
}

/// A node with one input, above what was narrowed.
fn above(plan: &LogicalPlan, input: Narrowed) -> Result<Narrowed, Stop> {
    match plan {
        LogicalPlan::Filter(filter) => kept(filter, input),
        LogicalPlan::Projection(projection) => {
            let trusts = |expr: &Expr| input.trusts(expr);
            let trusted = projection.expr.iter().map(trusts).collect();
            over(plan, input, trusted)
        }
        LogicalPlan::SubqueryAlias(_) => {
            let trusted = input.trusted.clone();
            over(plan, input, trusted)
        }
        // Neither order nor repetition changes which values there are.
        LogicalPlan::Sort(sort) if sort.fetch.is_none() => Ok(input),
        LogicalPlan::Repartition(_)
        | LogicalPlan::Distinct(datafusion::logical_expr::Distinct::All(_)) => Ok(input),
        LogicalPlan::Sort(_) | LogicalPlan::Limit(_) => {
            Err(Stop::Unknown("it has a limit".to_owned()))
        }
        LogicalPlan::Aggregate(aggregate) => grouped(plan, aggregate, input),
        LogicalPlan::Window(window) => windowed(plan, window, input),
        _ => Err(unknown(plan)),
    }
}

fn over(plan: &LogicalPlan, input: Narrowed, trusted: Vec<bool>) -> Result<Narrowed, Stop> {
    let plan = plan.with_new_exprs(plan.expressions(), vec![input.plan])?;
    Ok(Narrowed { plan, trusted })
}

/// A filter, without the conditions on what is not trusted.
fn kept(filter: &Filter, input: Narrowed) -> Result<Narrowed, Stop> {
    let conditions = split_conjunction(&filter.predicate);
    let conditions = conditions.into_iter().filter(|condition| input.trusts(condition)).cloned();
    let plan = match conjunction(conditions) {
        Some(condition) => LogicalPlan::Filter(Filter::try_new(condition, Arc::new(input.plan))?),
        None => input.plan,
    };
    Ok(Narrowed { plan, trusted: input.trusted })
}

/// A changed row changes its whole group, so that only what names the group can be trusted.
fn grouped(plan: &LogicalPlan, aggregate: &Aggregate, input: Narrowed) -> Result<Narrowed, Stop> {
    if aggregate.group_expr.iter().any(|expr| matches!(expr, Expr::GroupingSet(_))) {
        return Err(Stop::Unknown("it has grouping sets".to_owned()));
    }
    let mut trusted: Vec<bool> =
        aggregate.group_expr.iter().map(|expr| input.trusts(expr)).collect();
    trusted.resize(aggregate.schema.fields().len(), false);
    over(plan, input, trusted)
}

/// A changed row changes all rows of its partition, so that only what names the partition can be trusted.
fn windowed(plan: &LogicalPlan, window: &Window, input: Narrowed) -> Result<Narrowed, Stop> {
    let names_partition = |idx: usize| {
        let column = Expr::Column(input.plan.schema().columns().swap_remove(idx));
        window.window_expr.iter().all(|expr| match expr.clone().unalias() {
            Expr::WindowFunction(function) => function.params.partition_by.contains(&column),
            _ => false,
        })
    };
    let mut trusted: Vec<bool> = input
        .trusted
        .iter()
        .enumerate()
        .map(|(idx, is_trusted)| *is_trusted && names_partition(idx))
        .collect();
    trusted.resize(window.schema.fields().len(), false);
    over(plan, input, trusted)
}

/// The rows of one part of a union under the union's names.
fn renamed(input: Narrowed, schema: &DFSchema) -> Result<Narrowed, Stop> {
    let names = schema.iter().zip(input.plan.schema().columns());
    let columns = names.map(|((qualifier, field), column)| {
        Expr::Column(column).alias_qualified(qualifier.cloned(), field.name())
    });
    let columns: Vec<Expr> = columns.collect();
    let plan = LogicalPlanBuilder::new(input.plan).project(columns)?.build()?;
    Ok(Narrowed { plan, trusted: input.trusted })
}

impl Narrowed {
    /// Whether the value of `expr` is that of the real rows.
    pub(super) fn trusts(&self, expr: &Expr) -> bool {
        is_trusted(expr, self.plan.schema(), &self.trusted)
    }
}

/// Whether `expr` reads only columns of `schema` that are trusted, and others.
pub(super) fn is_trusted(expr: &Expr, schema: &DFSchema, trusted: &[bool]) -> bool {
    !expr.is_volatile()
        && expr.column_refs().into_iter().all(|column| match schema.index_of_column(column) {
            Ok(idx) => trusted.get(idx) == Some(&true),
            Err(_) => false,
        })
}
