//! The casts of a plan, without nanoseconds.

use arrow::datatypes::{DataType, FieldRef, TimeUnit};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Cast, Expr, LogicalPlan, TryCast, Union};
use datafusion::optimizer::AnalyzerRule;
use datafusion::optimizer::analyzer::type_coercion::TypeCoercion;
use std::sync::Arc;

/// Makes casts to nanoseconds casts to microseconds, and coerces the types again; it follows DataFusion's coercion, which
/// compares a day with a time in nanoseconds.
#[derive(Debug)]
pub struct MicrosecondCasts;

impl AnalyzerRule for MicrosecondCasts {
    fn name(&self) -> &str {
        "microsecond_casts"
    }

    fn analyze(&self, plan: LogicalPlan, config: &ConfigOptions) -> Result<LogicalPlan> {
        let plan = plan.transform_up_with_subqueries(|plan| {
            let names = NamePreserver::new(&plan);
            plan.map_expressions(|expr| {
                let name = names.save(&expr);
                let expr = expr.transform_up(|expr| Ok(coarser(expr)))?;
                Ok(expr.update_data(|expr| name.restore(expr)))
            })?
            .map_data(LogicalPlan::recompute_schema)?
            .transform_data(union_of)
        })?;
        match plan.transformed {
            true => TypeCoercion::new().analyze(plan.data, config),
            false => Ok(plan.data),
        }
    }
}

/// The field of microseconds for one of nanoseconds.
fn in_micros(field: &FieldRef) -> Option<FieldRef> {
    match field.data_type() {
        DataType::Timestamp(TimeUnit::Nanosecond, zone) => {
            let of = DataType::Timestamp(TimeUnit::Microsecond, zone.clone());
            Some(Arc::new(field.as_ref().clone().with_data_type(of)))
        }
        _ => None,
    }
}

/// A union keeps the types that it was made with, also when those of its inputs have changed.
fn union_of(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let LogicalPlan::Union(Union { inputs, schema }) = plan else {
        return Ok(Transformed::no(plan));
    };
    if !schema.fields().iter().any(|field| in_micros(field).is_some()) {
        return Ok(Transformed::no(LogicalPlan::Union(Union { inputs, schema })));
    }
    let fields = schema.iter().map(|(qualifier, field)| {
        (qualifier.cloned(), in_micros(field).unwrap_or_else(|| Arc::clone(field)))
    });
    let coarser = DFSchema::new_with_metadata(fields.collect(), schema.metadata().clone())?;
    Ok(Transformed::yes(LogicalPlan::Union(Union { inputs, schema: Arc::new(coarser) })))
}

fn coarser(expr: Expr) -> Transformed<Expr> {
    match expr {
        Expr::Cast(Cast { expr, field }) => match in_micros(&field) {
            Some(field) => Transformed::yes(Expr::Cast(Cast { expr, field })),
            None => Transformed::no(Expr::Cast(Cast { expr, field })),
        },
        Expr::TryCast(TryCast { expr, field }) => match in_micros(&field) {
            Some(field) => Transformed::yes(Expr::TryCast(TryCast { expr, field })),
            None => Transformed::no(Expr::TryCast(TryCast { expr, field })),
        },
        other => Transformed::no(other),
    }
}
