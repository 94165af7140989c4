//! The session in which measures are planned: the functions that they may use, and how their text is read. A
//! function that is not named here is not in the module that a browser loads.

use datafusion::error::Result;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::functions as scalar;
use datafusion::functions_aggregate as aggregate;
use datafusion::functions_window::planner::WindowFunctionPlanner;
use datafusion::logical_expr::planner::ExprPlanner;
use datafusion::logical_expr::{AggregateUDF, ScalarUDF};
use std::sync::Arc;

/// A session of `builder` with the functions that measures may use: the scalar ones of DataFusion's core, date,
/// mathematical and text packages, the aggregates named here, and ours on top, `sum` among them. Names of columns are taken as they are
/// written.
///
/// # Errors
/// DataFusion's, which does not come for a state that takes functions.
pub fn session(mut builder: SessionStateBuilder) -> Result<SessionState> {
    let config = builder.config().get_or_insert_default();
    config.options_mut().sql_parser.enable_ident_normalization = false;
    let builder = builder
        .with_expr_planners(planners())
        .with_scalar_functions(scalars())
        .with_aggregate_functions(aggregates());
    crate::install(builder.build())
}

fn planners() -> Vec<Arc<dyn ExprPlanner>> {
    vec![
        Arc::new(scalar::core::planner::CoreFunctionPlanner::default()),
        Arc::new(scalar::datetime::planner::DatetimeFunctionPlanner),
        Arc::new(aggregate::planner::AggregateFunctionPlanner),
        Arc::new(WindowFunctionPlanner),
    ]
}

fn scalars() -> Vec<Arc<ScalarUDF>> {
    let packages = [
        scalar::core::functions(),
        scalar::datetime::functions(),
        scalar::math::functions(),
        scalar::string::functions(),
    ];
    packages.concat()
}

fn aggregates() -> Vec<Arc<AggregateUDF>> {
    vec![
        aggregate::average::avg_udaf(),
        aggregate::count::count_udaf(),
        aggregate::median::median_udaf(),
        aggregate::min_max::max_udaf(),
        aggregate::min_max::min_udaf(),
        aggregate::stddev::stddev_udaf(),
        aggregate::stddev::stddev_pop_udaf(),
        aggregate::variance::var_pop_udaf(),
        aggregate::variance::var_samp_udaf(),
    ]
}
