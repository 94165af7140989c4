//! The SQL functions that measures may use. A function that is not named here is not in the module
//! that a browser loads, nor are the writers of files, which a reader never needs.

use datafusion::execution::SessionStateBuilder;
use datafusion::functions_aggregate as aggregate;
use datafusion::logical_expr::AggregateUDF;
use std::sync::Arc;

/// Adds the scalar functions of DataFusion's core, date, mathematical and text packages, and the
/// aggregates. Ours come on top, `sum` among them.
pub fn register(builder: SessionStateBuilder) -> SessionStateBuilder {
    use datafusion::execution::SessionStateDefaults as Defaults;
    builder
        .with_expr_planners(Defaults::default_expr_planners())
        .with_scalar_functions(Defaults::default_scalar_functions())
        .with_aggregate_functions(aggregates())
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
