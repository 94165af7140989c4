//! Slowly changing rows: every state that a row had, with the time in which it was valid.
//!
//! To the query's columns come `valid_from`, `valid_to` (null while it is valid) and `is_current`. A row whose key
//! is not in the query any more ends at the time of the build.
//!
//! The times of a key's states never overlap and never run backwards, whatever the source's clock or the build's says:
//! a state begins no earlier than the state before it began or ended, and a state without a time begins with the build
//! that finds it. A state that is over before it began is empty: it ends where it begins.

use crate::plan::column_of;
use arrow::datatypes::{DataType, Field, TimeUnit};
use datafusion::catalog::TableProvider;
use datafusion::common::{JoinType, ScalarValue};
use datafusion::datasource::provider_as_source;
use datafusion::error::DataFusionError;
use datafusion::functions::core::expr_fn::{coalesce, greatest};
use datafusion::functions_aggregate::min_max::max;
use datafusion::logical_expr::{
    Expr, LogicalPlan, LogicalPlanBuilder, Operator, binary_expr, cast, col, lit, not,
};
use std::sync::Arc;

const VALID_FROM: &str = "valid_from";
const VALID_TO: &str = "valid_to";
pub(super) const IS_CURRENT: &str = "is_current";
const COLUMNS: [&str; 3] = [VALID_FROM, VALID_TO, IS_CURRENT];

/// The last moment that is known of a key.
const LAST: &str = "__last";

const NEW: &str = "new";
const OLD: &str = "old";

/// The columns that a snapshot adds.
pub(crate) fn fields() -> [Field; 3] {
    [
        Field::new(VALID_FROM, time_type(), true),
        Field::new(VALID_TO, time_type(), true),
        Field::new(IS_CURRENT, DataType::Boolean, true),
    ]
}

/// The first state of every row of `query`.
pub(super) fn first(
    query: LogicalPlan,
    valid_from: Option<&str>,
    at_us: i64,
) -> Result<LogicalPlan, DataFusionError> {
    let mut columns: Vec<Expr> = query.schema().iter().map(Expr::from).collect();
    columns.push(since(&query, valid_from, at_us)?.alias(VALID_FROM));
    columns.push(lit(ScalarValue::try_new_null(&time_type())?).alias(VALID_TO));
    columns.push(lit(true).alias(IS_CURRENT));
    LogicalPlanBuilder::new(query).project(columns)?.build()
}

/// The states after those in `known`, when the rows are those of `query`.
pub(super) fn next(
    known: Arc<dyn TableProvider>,
    query: LogicalPlan,
    key: &[String],
    valid_from: Option<&str>,
    at_us: i64,
) -> Result<LogicalPlan, DataFusionError> {
    let names: Vec<String> =
        query.schema().fields().iter().map(|field| field.name().clone()).collect();
    let scan = || LogicalPlanBuilder::scan(OLD, provider_as_source(Arc::clone(&known)), None);
    let current = scan()?.filter(col(of(OLD, IS_CURRENT)))?.build()?;
    let ended = scan()?.filter(not(col(of(OLD, IS_CURRENT))))?;
    let fresh = first(query, valid_from, at_us)?;
    let fresh = not_before(fresh, scan()?, key)?;
    let fresh = LogicalPlanBuilder::new(fresh).alias(NEW)?.build()?;

    let on = |side: &str| key.iter().map(|name| of(side, name)).collect::<Vec<_>>();
    let compared =
        names.iter().filter(|name| !key.contains(name) && valid_from != Some(name.as_str()));
    let differs = compared
        .map(|name| {
            let (old, new) = (col(of(OLD, name)), col(of(NEW, name)));
            binary_expr(old, Operator::IsDistinctFrom, new)
        })
        .reduce(Expr::or)
        .unwrap_or_else(|| lit(false));
    let has_new = col(of(NEW, IS_CURRENT)).is_not_null();
    let has_old = col(of(OLD, IS_CURRENT)).is_not_null();

    // Rows that are current: as they were, or ended.
    let is_over = has_new.clone().is_false().or(differs.clone());
    let over_at = coalesce(vec![col(of(NEW, VALID_FROM)), at(at_us)]);
    let over_at = greatest(vec![over_at, col(of(OLD, VALID_FROM))]);
    let mut kept = columns(OLD, &names);
    kept.push(col(of(OLD, VALID_FROM)).alias(VALID_FROM));
    kept.push(
        datafusion::logical_expr::when(is_over.clone(), over_at)
            .otherwise(lit(ScalarValue::try_new_null(&time_type())?))?
            .alias(VALID_TO),
    );
    kept.push(not(is_over).alias(IS_CURRENT));
    let kept = LogicalPlanBuilder::new(current.clone())
        .join(fresh.clone(), JoinType::Left, (on(OLD), on(NEW)), None)?
        .project(kept)?
        .build()?;

    // States that are new.
    let mut begun = columns(NEW, &names);
    begun.extend(COLUMNS.map(|name| col(of(NEW, name)).alias(name)));
    let begun = LogicalPlanBuilder::new(fresh)
        .join(current, JoinType::Left, (on(NEW), on(OLD)), None)?
        .filter(has_old.is_false().or(differs))?
        .project(begun)?
        .build()?;

    let mut history = columns(OLD, &names);
    history.extend(COLUMNS.map(|name| col(of(OLD, name)).alias(name)));
    ended.project(history)?.union(kept)?.union(begun)?.build()
}

/// The states of `fresh`, none of which begins before a state of its key in `known` began or ended.
fn not_before(
    fresh: LogicalPlan,
    known: LogicalPlanBuilder,
    key: &[String],
) -> Result<LogicalPlan, DataFusionError> {
    let last = greatest(vec![col(of(OLD, VALID_FROM)), col(of(OLD, VALID_TO))]);
    let keys: Vec<Expr> = key.iter().map(|name| col(of(OLD, name))).collect();
    let mut last_of_key: Vec<Expr> =
        key.iter().map(|name| col(of(OLD, name)).alias(last_name(name).name)).collect();
    last_of_key.push(col(LAST));
    let known =
        known.aggregate(keys, vec![max(last).alias(LAST)])?.project(last_of_key)?.build()?;
    let mut columns = Vec::with_capacity(fresh.schema().fields().len());
    for (qualifier, field) in fresh.schema().iter() {
        let column = Expr::from((qualifier, field));
        columns.push(match field.name() == VALID_FROM {
            true => greatest(vec![column, col(LAST)]).alias(VALID_FROM),
            false => column,
        });
    }
    let mut on = Vec::with_capacity(key.len());
    for name in key {
        on.push(column_of(&fresh, name)?);
    }
    let last_keys = key.iter().map(|name| col(last_name(name))).collect();
    let joined = LogicalPlanBuilder::new(fresh);
    joined
        .join_with_expr_keys(known, JoinType::Left, (on, last_keys), None)?
        .project(columns)?
        .build()
}

fn last_name(key: &str) -> datafusion::common::Column {
    datafusion::common::Column::new_unqualified(format!("__last_{key}"))
}

fn columns(side: &str, names: &[String]) -> Vec<Expr> {
    names.iter().map(|name| col(of(side, name)).alias(name)).collect()
}

fn of(side: &str, name: &str) -> datafusion::common::Column {
    datafusion::common::Column::new(Some(side), name)
}

/// Since when a row of `query` is as it is.
fn since(
    query: &LogicalPlan,
    valid_from: Option<&str>,
    at_us: i64,
) -> Result<Expr, DataFusionError> {
    match valid_from {
        Some(column) => Ok(coalesce(vec![cast(column_of(query, column)?, time_type()), at(at_us)])),
        None => Ok(at(at_us)),
    }
}

fn at(at_us: i64) -> Expr {
    lit(ScalarValue::TimestampMicrosecond(Some(at_us), Some("UTC".into())))
}

fn time_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Planner;
    use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, TimestampMicrosecondArray};
    use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
    use datafusion::datasource::MemTable;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// What a source says of each key at one build: a value, and since when.
    type Day = BTreeMap<i64, (i64, Option<i64>)>;

    /// Key, value, from, to, whether it is current.
    type State = (i64, i64, Option<i64>, Option<i64>, bool);

    fn rows(day: &Day) -> Arc<dyn TableProvider> {
        let times: TimestampMicrosecondArray = day.values().map(|(_, at)| *at).collect();
        let columns: [(&str, ArrayRef); 3] = [
            ("k", Arc::new(day.keys().copied().collect::<Int64Array>())),
            ("v", Arc::new(day.values().map(|(value, _)| *value).collect::<Int64Array>())),
            ("t", Arc::new(times)),
        ];
        let batch = RecordBatch::try_from_iter_with_nullable(
            columns.into_iter().map(|(name, column)| (name, column, true)),
        );
        let batch = batch.unwrap();
        Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]]).unwrap())
    }

    async fn history(days: &[(i64, Day)], valid_from: Option<&str>) -> Vec<Vec<State>> {
        let scope = Planner::new(64 << 20).unwrap().scope().unwrap();
        let mut known: Option<Arc<dyn TableProvider>> = None;
        let mut histories = Vec::new();
        for (at_us, day) in days {
            let query = LogicalPlanBuilder::scan("q", provider_as_source(rows(day)), None);
            let query = query.unwrap().build().unwrap();
            let plan = match known {
                None => first(query, valid_from, *at_us).unwrap(),
                Some(known) => next(known, query, &["k".to_owned()], valid_from, *at_us).unwrap(),
            };
            let batches = scope.rows(&plan).await.unwrap();
            let mut states = Vec::new();
            for batch in &batches {
                for row_idx in 0..batch.num_rows() {
                    let number = |name: &str| {
                        batch
                            .column_by_name(name)
                            .unwrap()
                            .as_primitive::<Int64Type>()
                            .value(row_idx)
                    };
                    let time = |name: &str| {
                        let column = batch.column_by_name(name).unwrap();
                        let column = column.as_primitive::<TimestampMicrosecondType>();
                        arrow::array::Array::is_valid(column, row_idx)
                            .then(|| column.value(row_idx))
                    };
                    let current = batch.column_by_name(IS_CURRENT).unwrap().as_boolean();
                    states.push((
                        number("k"),
                        number("v"),
                        time(VALID_FROM),
                        time(VALID_TO),
                        current.value(row_idx),
                    ));
                }
            }
            states.sort();
            histories.push(states);
            let schema = Arc::new(plan.schema().as_arrow().clone());
            let table = MemTable::try_new(schema, vec![batches]).unwrap();
            known = Some(Arc::new(table));
        }
        histories
    }

    fn day() -> impl Strategy<Value = Day> {
        let row = (0_i64..3, prop::option::weighted(0.8, 0_i64..20));
        prop::collection::btree_map(0_i64..3, row, 0..4)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn at_each_moment_a_key_has_one_state_at_most(
            days in prop::collection::vec((0_i64..20, day()), 1..7),
            is_dated in any::<bool>(),
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let histories = runtime.block_on(history(&days, is_dated.then_some("t")));
            for ((_, day), states) in days.iter().zip(&histories) {
                for (key, _, from, to, is_current) in states {
                    let from = from.unwrap();
                    prop_assert!(to.is_none_or(|to| from <= to), "{key}: {states:?}");
                    prop_assert_eq!(to.is_none(), *is_current);
                }
                // What is current is what the source says.
                let current: BTreeMap<i64, i64> = states
                    .iter()
                    .filter(|state| state.4)
                    .map(|(key, value, _, _, _)| (*key, *value))
                    .collect();
                let said: BTreeMap<i64, i64> =
                    day.iter().map(|(key, (value, _))| (*key, *value)).collect();
                prop_assert_eq!(current, said);
                for key in 0..3 {
                    let mut intervals: Vec<(i64, i64)> = states
                        .iter()
                        .filter(|state| state.0 == key)
                        .map(|(_, _, from, to, _)| (from.unwrap(), to.unwrap_or(i64::MAX)))
                        .collect();
                    intervals.sort_unstable();
                    for pair in intervals.windows(2) {
                        prop_assert!(pair[0].1 <= pair[1].0, "{key}: {states:?}");
                    }
                }
            }
            // A state that is over stays as it is.
            for pair in histories.windows(2) {
                for state in pair[0].iter().filter(|state| !state.4) {
                    prop_assert!(pair[1].contains(state), "{state:?} is not in {:?}", pair[1]);
                }
            }
        }
    }
}
