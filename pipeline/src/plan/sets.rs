//! `except` and `intersect` as SQL has them: with `all` a row is there as often as it should be, and both sides have the
//! type that holds the values of either.
//!
//! The planner makes a join of them that gives each row of the left side or none of its repetitions, in the types of that
//! side.

use arrow::datatypes::DataType;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{Column, JoinType, NullEquality, Result, plan_err};
use datafusion::functions_window::row_number::row_number_udwf;
use datafusion::logical_expr::binary::type_union_coercion;
use datafusion::logical_expr::expr::{WindowFunction, WindowFunctionParams};
use datafusion::logical_expr::{
    Distinct, Expr, Join, LogicalPlan, LogicalPlanBuilder, WindowFrame, WindowFunctionDefinition,
    cast,
};
use std::sync::Arc;

/// Which repetition of a row it is.
const REPETITION: &str = "__repetition";

/// `plan`, as it was planned from a text and analyzed, with the set operations that are meant; the types above them may
/// have to be analyzed again.
pub(super) fn meant(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    plan.transform_up_with_subqueries(|plan| {
        let found = match plan {
            LogicalPlan::Join(join) if is_set_operation(&join) => set_operation(join)?,
            other => Transformed::no(other),
        };
        found.map_data(LogicalPlan::recompute_schema)
    })
}

/// Whether `join` is an `except` or `intersect`: before the optimizer nothing else compares all columns of both sides
/// with nulls that are equal.
fn is_set_operation(join: &Join) -> bool {
    let (left, right) = (join.left.schema().columns(), join.right.schema().columns());
    matches!(join.join_type, JoinType::LeftAnti | JoinType::LeftSemi)
        && join.null_equality == NullEquality::NullEqualsNull
        && join.filter.is_none()
        && left.iter().all(|column| column.name != REPETITION)
        && join.on.len() == left.len()
        && join.on.len() == right.len()
        && join.on.iter().zip(left.iter().zip(&right)).all(|(on, (left, right))| {
            column_in(&on.0) == Some(left) && column_in(&on.1) == Some(right)
        })
}

/// The column that `key` is; the analyzer casts keys of other types to one that they have in common.
fn column_in(key: &Expr) -> Option<&Column> {
    match key {
        Expr::Column(column) => Some(column),
        Expr::Cast(cast) => column_in(&cast.expr),
        _ => None,
    }
}

fn set_operation(join: Join) -> Result<Transformed<LogicalPlan>> {
    let types = common_types(&join)?;
    let right = Arc::unwrap_or_clone(Arc::clone(&join.right));
    if let LogicalPlan::Distinct(Distinct::All(input)) = join.left.as_ref() {
        let left = LogicalPlan::clone(input);
        if has_types(&left, &types) && has_types(&right, &types) {
            return Ok(Transformed::no(LogicalPlan::Join(join)));
        }
        let left = LogicalPlanBuilder::new(with_types(left, &types)?).distinct()?.build()?;
        return Ok(Transformed::yes(joined(left, with_types(right, &types)?, join.join_type)?));
    }
    let left = with_types(LogicalPlan::clone(&join.left), &types)?;
    let columns: Vec<Expr> = left.schema().iter().map(Expr::from).collect();
    let right = numbered(with_types(right, &types)?)?;
    let plan = joined(numbered(left)?, right, join.join_type)?;
    Ok(Transformed::yes(LogicalPlanBuilder::new(plan).project(columns)?.build()?))
}

fn common_types(join: &Join) -> Result<Vec<DataType>> {
    let sides = join.left.schema().fields().iter().zip(join.right.schema().fields());
    let common = sides.map(|(left, right)| {
        match type_union_coercion(left.data_type(), right.data_type()) {
            Some(common) => Ok(common),
            None => plan_err!(
                "column {:?} is {} on the one side of `except` or `intersect` and {} on the other, cast it",
                left.name(),
                left.data_type(),
                right.data_type()
            ),
        }
    });
    common.collect()
}

fn has_types(plan: &LogicalPlan, types: &[DataType]) -> bool {
    plan.schema().fields().iter().map(|field| field.data_type()).eq(types)
}

fn with_types(plan: LogicalPlan, types: &[DataType]) -> Result<LogicalPlan> {
    if has_types(&plan, types) {
        return Ok(plan);
    }
    let columns = plan.schema().iter().zip(types).map(|((qualifier, field), of)| {
        cast(Expr::from((qualifier, field)), of.clone())
            .alias_qualified(qualifier.cloned(), field.name())
    });
    let columns: Vec<Expr> = columns.collect();
    LogicalPlanBuilder::new(plan).project(columns)?.build()
}

/// The rows of `plan` with the number of each among those that are equal to it.
fn numbered(plan: LogicalPlan) -> Result<LogicalPlan> {
    let columns: Vec<Expr> = plan.schema().iter().map(Expr::from).collect();
    let number = Expr::WindowFunction(Box::new(WindowFunction {
        fun: WindowFunctionDefinition::WindowUDF(row_number_udwf()),
        params: WindowFunctionParams {
            args: Vec::new(),
            partition_by: columns,
            order_by: Vec::new(),
            window_frame: WindowFrame::new(None),
            filter: None,
            null_treatment: None,
            distinct: false,
        },
    }));
    LogicalPlanBuilder::new(plan).window([number.alias(REPETITION)])?.build()
}

fn joined(left: LogicalPlan, right: LogicalPlan, join_type: JoinType) -> Result<LogicalPlan> {
    let keys = (left.schema().columns(), right.schema().columns());
    LogicalPlanBuilder::new(left)
        .join_detailed(right, join_type, keys, None, NullEquality::NullEqualsNull)?
        .build()
}

#[cfg(test)]
mod tests {
    use crate::plan::{Planner, typed};
    use arrow::util::display::array_value_to_string;

    #[tokio::test]
    async fn a_row_is_there_as_often_as_it_should_be() {
        let check = async |sql: &str, expected: &str| {
            let scope = Planner::new(64 << 20).unwrap().scope().unwrap();
            let state = scope.ctx().state();
            let plan = state.create_logical_plan(sql).await.unwrap();
            let plan = typed(&state, plan).unwrap();
            // A plan is analyzed again wherever it is read.
            let plan = typed(&state, plan).unwrap();
            let mut found = Vec::new();
            for batch in scope.rows(&plan).await.unwrap() {
                for row_idx in 0..batch.num_rows() {
                    let cells = batch.columns().iter().map(|c| array_value_to_string(c, row_idx));
                    found.push(cells.collect::<Result<Vec<String>, _>>().unwrap().join(" "));
                }
            }
            found.sort();
            assert_eq!(found.join(", "), expected, "{sql}");
        };
        let rows = |values: &str| format!("select * from (values {values}) as v (x)");
        let (twice, once) = (rows("(1), (1), (2), (null), (null)"), rows("(1), (null)"));
        check(&format!("{twice} except all {once}"), ", 1, 2").await;
        check(&format!("{once} except all {twice}"), "").await;
        check(&format!("{twice} intersect all {twice}"), ", , 1, 1, 2").await;
        check(&format!("{twice} intersect all {once}"), ", 1").await;
        check(&format!("{twice} except {once}"), "2").await;
        check(&format!("{twice} intersect {once}"), ", 1").await;
        check(&format!("{twice} except all {once} except all {once}"), "2").await;
        check(&format!("{once} union all ({twice} except all {once})"), ", , 1, 1, 2").await;
        check("select 7 as x except select 7.5", "7.0").await;
        check("select 7 as x intersect select cast(7 as decimal(4, 1))", "7.0").await;
        check("select x + 0.5 from (select 7 as x except all select 6.5)", "7.5").await;
        check("select 1 as x, 'a' as y except all select 1, 'b'", "1 a").await;
        check("select count(*) from (select 1 as x except all select 2)", "1").await;
    }
}
