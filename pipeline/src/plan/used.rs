//! Which columns of a table a query uses.

use super::reference;
use crate::model::Read;
use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::logical_expr::LogicalPlan;
use datafusion::optimizer::decorrelate_predicate_subquery::DecorrelatePredicateSubquery;
use datafusion::optimizer::optimize_projections::OptimizeProjections;
use datafusion::optimizer::scalar_subquery_to_join::ScalarSubqueryToJoin;
use datafusion::optimizer::{Optimizer, OptimizerContext};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The columns of `read`, a table of the columns `schema`, that `plan` uses. All of them when it cannot be known.
pub(crate) fn used_columns(
    plan: &LogicalPlan,
    read: &Read,
    schema: &SchemaRef,
) -> BTreeSet<String> {
    let all = || schema.fields().iter().map(|field| field.name().clone()).collect();
    // A subquery says what it uses once it is a join.
    let optimizer = Optimizer::with_rules(vec![
        Arc::new(DecorrelatePredicateSubquery::new()),
        Arc::new(ScalarSubqueryToJoin::new()),
        Arc::new(OptimizeProjections::new()),
    ]);
    let optimized = optimizer.optimize(plan.clone(), &OptimizerContext::new(), |_, _| {});
    let Ok(optimized) = optimized else { return all() };
    let wanted = reference(read);
    let mut used = BTreeSet::new();
    let visited = optimized.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node
            && (scan.table_name.schema(), scan.table_name.table())
                == (wanted.schema(), wanted.table())
        {
            used.extend(scan.projected_schema.fields().iter().map(|field| field.name().clone()));
            let filters = scan.filters.iter().flat_map(|filter| filter.column_refs());
            used.extend(filters.map(|column| column.name.clone()));
        }
        Ok(TreeNodeRecursion::Continue)
    });
    if visited.is_err() { all() } else { used }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::parse_read;
    use crate::plan::Planner;
    use arrow::datatypes::{DataType, Field, Schema};
    use datafusion::datasource::empty::EmptyTable;

    #[tokio::test]
    async fn only_what_a_query_uses_counts() {
        let field = |name: &str| Field::new(name, DataType::Int64, true);
        let schema = Arc::new(Schema::new(["a", "b", "c", "d"].map(field).to_vec()));
        let (t, u) = (parse_read("silver.t").unwrap(), parse_read("silver.u").unwrap());
        let check = async |sql: &str, expected: &[&str]| {
            let scope = Planner::new(64 << 20).unwrap().scope().unwrap();
            for read in [&t, &u] {
                let table = Arc::new(EmptyTable::new(Arc::clone(&schema)));
                scope.define(read, table).unwrap();
            }
            let plan = scope.ctx().sql(sql).await.unwrap().into_unoptimized_plan();
            let used: Vec<String> = used_columns(&plan, &t, &schema).into_iter().collect();
            assert_eq!(used, expected, "{sql}");
        };
        check("select a from silver.t", &["a"]).await;
        check("select * from silver.t", &["a", "b", "c", "d"]).await;
        check("select a from (select * from silver.t) where b > 1", &["a", "b"]).await;
        check("with x as (select * from silver.t) select sum(c) from x group by d", &["c", "d"])
            .await;
        check("select t.a from silver.t t join silver.u u on t.b = u.c", &["a", "b"]).await;
        check(
            "select a from silver.u where exists (select 1 from silver.t where t.c = u.a)",
            &["c"],
        )
        .await;
        check("select a from silver.u where a in (select b from silver.t)", &["b"]).await;
        check("select a, (select max(d) from silver.t) from silver.u", &["d"]).await;
        check("select a from silver.t union all select b from silver.t", &["a", "b"]).await;
        check("select count(*) from silver.t", &[]).await;
    }
}
