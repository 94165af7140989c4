//! A typed question to a DataFusion plan. The only place where plans are made of questions, and the
//! only one that quotes identifiers: columns are named as values, never glued into text.

mod bucket;
pub mod rows;

use catalog::{Catalog, Dimension, DimensionKind, Measure, Name, Reach, Table};
use datafusion::common::{Column, JoinType, ScalarValue};
use datafusion::datasource::{TableProvider, provider_as_source};
use datafusion::error::DataFusionError;
use datafusion::execution::SessionState;
use datafusion::functions_aggregate::count::count_udaf;
use datafusion::logical_expr::expr::WindowFunction;
use datafusion::logical_expr::{
    Expr, LogicalPlan, LogicalPlanBuilder, SortExpr, WindowFunctionDefinition, lit,
};
use functions::measure;
use query::{Clause, Condition, Date, Grain, N_GROUPS, Order, QuerySpec};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a question is lowered against.
pub struct Scope<'a> {
    /// The names.
    pub catalog: &'a Catalog,
    /// The opened tables, by their names in the catalog.
    pub tables: &'a BTreeMap<Name, Arc<dyn TableProvider>>,
    /// Functions and options.
    pub state: &'a SessionState,
}

/// Why a question has no plan.
#[derive(Debug, thiserror::Error)]
pub enum LowerError {
    /// A question without a measure.
    #[error("a question needs at least one measure")]
    NoMeasure,
    /// A name that the catalog has not.
    #[error("{what} {name} is not in the catalog")]
    Unknown {
        /// What kind of thing.
        what: &'static str,
        /// The name.
        name: Name,
    },
    /// Measures of two tables in one question.
    #[error("measure {measure} is of table {table}, not of {expected}: ask two questions")]
    TwoTables {
        /// The measure.
        measure: Name,
        /// Its table.
        table: Name,
        /// The table of the first measure.
        expected: Name,
    },
    /// A grouping by a dimension that the table lacks.
    #[error("table {table} has no dimension {dimension} to group by")]
    NotGroupable {
        /// The table.
        table: Name,
        /// The dimension.
        dimension: Name,
    },
    /// A clause on a dimension that neither the table nor one linked to it has.
    #[error("table {table} cannot be filtered by {dimension}: no table linked to it has that")]
    NotFilterable {
        /// The table.
        table: Name,
        /// The dimension.
        dimension: Name,
    },
    /// A condition that does not fit the dimension's kind, or a grain on one that is no date.
    #[error("dimension {dimension}: {reason}")]
    WrongKind {
        /// The dimension.
        dimension: Name,
        /// Which rule.
        reason: &'static str,
    },
    /// A limit of nothing.
    #[error("a limit is at least 1")]
    NoRows,
    /// The catalog's expression or column does not fit the table.
    #[error("table {table}, {what}: {source}")]
    Misfit {
        /// The table.
        table: Name,
        /// Which measure or dimension.
        what: String,
        /// DataFusion's reason.
        source: Box<DataFusionError>,
    },
}

/// Plans `spec`. The columns of the plan are those that [`QuerySpec`] promises.
///
/// # Errors
/// [`LowerError`], which names what does not fit.
pub fn lower(scope: &Scope<'_>, spec: &QuerySpec) -> Result<LogicalPlan, LowerError> {
    let (table, measures) = resolve_measures(scope.catalog, spec)?;
    if spec.limit == Some(0) {
        return Err(LowerError::NoRows);
    }
    let misfit = |what: &str| {
        let (table, what) = (table.name.clone(), what.to_owned());
        move |source| LowerError::Misfit { table, what, source: Box::new(source) }
    };
    let filtered = filter(scope, table, spec.selection.clauses())?;
    let groups = spec
        .group_by
        .iter()
        .map(|group| group_expr(table, &group.dimension, group.grain))
        .collect::<Result<Vec<Expr>, LowerError>>()?;
    let mut aggregates = Vec::new();
    let mut outputs: Vec<Expr> =
        spec.group_by.iter().map(|group| column(group.dimension.as_str())).collect();
    for measure in &measures {
        let what = format!("measure {}", measure.name);
        let prefix = format!("measure {}", measure.name);
        let parsed = measure::parse(scope.state, filtered.schema(), &measure.expr, &prefix)
            .map_err(misfit(&what))?;
        aggregates.extend(parsed.aggregates);
        outputs.push(parsed.output.alias(measure.name.as_str()));
    }
    finish(filtered, spec, groups, aggregates, outputs).map_err(misfit("its plan"))
}

fn finish(
    filtered: LogicalPlanBuilder,
    spec: &QuerySpec,
    groups: Vec<Expr>,
    aggregates: Vec<Expr>,
    mut outputs: Vec<Expr>,
) -> Result<LogicalPlan, DataFusionError> {
    let mut plan = filtered.aggregate(groups, aggregates)?;
    if spec.limit.is_some() {
        let n_groups = WindowFunction::new(
            WindowFunctionDefinition::AggregateUDF(count_udaf()),
            vec![lit(1_i64)],
        );
        plan = plan.window([Expr::from(n_groups).alias(N_GROUPS)])?;
        outputs.push(column(N_GROUPS));
    }
    plan = plan.project(outputs)?;
    let by_group =
        spec.group_by.iter().map(|group| column(group.dimension.as_str()).sort(true, false));
    let order: Vec<SortExpr> = match (spec.order, spec.measures.first()) {
        (Order::LargestFirst, Some(measure)) => {
            [column(measure.as_str()).sort(false, false)].into_iter().chain(by_group).collect()
        }
        _ => by_group.collect(),
    };
    if !spec.group_by.is_empty() {
        plan = plan.sort(order)?;
    }
    if let Some(limit) = spec.limit {
        plan = plan.limit(0, Some(limit as usize))?;
    }
    plan.build()
}

/// The smallest and the largest value of the date column `column_name` of a table up to the day
/// `until`, as `first` and `last`.
///
/// # Errors
/// DataFusion's, when there is no such column.
pub fn extent(
    table: Arc<dyn TableProvider>,
    column_name: &str,
    until: Option<Date>,
) -> Result<LogicalPlan, DataFusionError> {
    use datafusion::functions_aggregate::expr_fn::{max, min};
    let mut plan = LogicalPlanBuilder::scan("extent", provider_as_source(table), None)?;
    if let Some(until) = until {
        plan = plan.filter(column(column_name).lt_eq(day(until)))?;
    }
    plan.aggregate(
        Vec::<Expr>::new(),
        [min(column(column_name)).alias("first"), max(column(column_name)).alias("last")],
    )?
    .build()
}

fn resolve_measures<'c>(
    catalog: &'c Catalog,
    spec: &QuerySpec,
) -> Result<(&'c Table, Vec<&'c Measure>), LowerError> {
    let first = spec.measures.first().ok_or(LowerError::NoMeasure)?;
    let unknown = |name: &Name| LowerError::Unknown { what: "measure", name: name.clone() };
    let (table, _) = catalog.measure(first).ok_or_else(|| unknown(first))?;
    let mut measures = Vec::new();
    for name in &spec.measures {
        let (its_table, measure) = catalog.measure(name).ok_or_else(|| unknown(name))?;
        if its_table.name != table.name {
            return Err(LowerError::TwoTables {
                measure: name.clone(),
                table: its_table.name.clone(),
                expected: table.name.clone(),
            });
        }
        measures.push(measure);
    }
    Ok((table, measures))
}

fn scan(scope: &Scope<'_>, table: &Table) -> Result<LogicalPlanBuilder, LowerError> {
    let provider = scope
        .tables
        .get(&table.name)
        .ok_or_else(|| LowerError::Unknown { what: "table", name: table.name.clone() })?;
    let source = provider_as_source(Arc::clone(provider));
    LogicalPlanBuilder::scan(table.name.as_str(), source, None).map_err(|source| {
        LowerError::Misfit {
            table: table.name.clone(),
            what: "its scan".to_owned(),
            source: Box::new(source),
        }
    })
}

/// The rows of `table` that satisfy every clause: those on its own dimensions directly, each other
/// one by a semi join with a linked table that has the dimension.
fn filter(
    scope: &Scope<'_>,
    table: &Table,
    clauses: &[Clause],
) -> Result<LogicalPlanBuilder, LowerError> {
    let mut plan = filter_own(scan(scope, table)?, table, clauses)?;
    let mut linked: BTreeMap<&Name, (Link<'_>, Vec<Clause>)> = BTreeMap::new();
    for clause in clauses {
        match scope.catalog.reach(table, &clause.dimension) {
            Some(Reach::Own(_)) => {}
            Some(Reach::Linked { table: other, here, there }) => {
                let link = Link { table: other, here, there };
                let (_, its) = linked.entry(&other.name).or_insert_with(|| (link, Vec::new()));
                its.push(clause.clone());
            }
            None => {
                let (table, dimension) = (table.name.clone(), clause.dimension.clone());
                return Err(LowerError::NotFilterable { table, dimension });
            }
        }
    }
    for (link, clauses) in linked.values() {
        let misfit = |source| LowerError::Misfit {
            table: table.name.clone(),
            what: format!("its link to {}", link.table.name),
            source: Box::new(source),
        };
        let keys = filter_own(scan(scope, link.table)?, link.table, clauses)?
            .project([column(link.there).alias("linked key")])
            .and_then(LogicalPlanBuilder::build)
            .map_err(misfit)?;
        let here = Column::new_unqualified(link.here);
        let on = (vec![here], vec![Column::new_unqualified("linked key")]);
        plan = plan.join(keys, JoinType::LeftSemi, on, None).map_err(misfit)?;
    }
    Ok(plan)
}

/// A table whose rows choose among those of another, and the columns of both that must agree.
struct Link<'c> {
    table: &'c Table,
    here: &'c str,
    there: &'c str,
}

fn filter_own(
    plan: LogicalPlanBuilder,
    table: &Table,
    clauses: &[Clause],
) -> Result<LogicalPlanBuilder, LowerError> {
    let mut plan = plan;
    for clause in clauses {
        let Some(dimension) = table.dimension(&clause.dimension) else { continue };
        let predicate = predicate(dimension, &clause.condition)?;
        plan = plan.filter(predicate).map_err(|source| LowerError::Misfit {
            table: table.name.clone(),
            what: format!("dimension {}", dimension.name),
            source: Box::new(source),
        })?;
    }
    Ok(plan)
}

fn predicate(dimension: &Dimension, condition: &Condition) -> Result<Expr, LowerError> {
    let wrong = |reason| Err(LowerError::WrongKind { dimension: dimension.name.clone(), reason });
    let value = column(&dimension.column);
    match (condition, dimension.kind) {
        (Condition::Within(range), DimensionKind::Date) => {
            Ok(value.between(day(range.first), day(range.last)))
        }
        (Condition::OneOf(values), DimensionKind::Category) => {
            let texts: Vec<Expr> = values.iter().flatten().map(|text| lit(text.as_str())).collect();
            let in_list = match texts.is_empty() {
                true => lit(false),
                false => value.clone().in_list(texts, false),
            };
            Ok(match values.iter().any(Option::is_none) {
                true => in_list.or(value.is_null()),
                false => in_list,
            })
        }
        (Condition::Within(_), DimensionKind::Category) => wrong("a range needs a date"),
        (Condition::OneOf(_), DimensionKind::Date) => wrong("a date is filtered by a range"),
    }
}

fn group_expr(table: &Table, name: &Name, grain: Option<Grain>) -> Result<Expr, LowerError> {
    let dimension = table.dimension(name).ok_or_else(|| LowerError::NotGroupable {
        table: table.name.clone(),
        dimension: name.clone(),
    })?;
    let value = column(&dimension.column);
    let group = match (grain, dimension.kind) {
        (None | Some(Grain::Day), DimensionKind::Date) | (None, DimensionKind::Category) => value,
        (Some(grain), DimensionKind::Date) => bucket::first_day(grain, value),
        (Some(_), DimensionKind::Category) => {
            let reason = "a grain needs a date";
            return Err(LowerError::WrongKind { dimension: name.clone(), reason });
        }
    };
    Ok(group.alias(name.as_str()))
}

fn day(day: Date) -> Expr {
    Expr::Literal(ScalarValue::Date32(Some(day.days())), None)
}

/// A column by its exact name; nothing in it is parsed.
fn column(name: &str) -> Expr {
    Expr::Column(Column::new_unqualified(name))
}
