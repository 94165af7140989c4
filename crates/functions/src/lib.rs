//! SQL functions of Lakefront, for every DataFusion session of ours: the pipeline's and the browser
//! engine's. One implementation, so that a model and a measure say the same. Not here: functions that
//! DataFusion has and that answer alike on every platform.

mod approx_distinct;
mod filter;
pub mod measure;
#[cfg(test)]
mod session;
pub mod text;
mod window_funnel;

pub use approx_distinct::{ApproxDistinct, DistinctError};
pub use window_funnel::{FunnelError, WindowFunnel};

use datafusion::logical_expr::AggregateUDF;
use std::sync::Arc;

/// The aggregates, to be registered in a session after DataFusion's own ones: those of the same name
/// replace them.
pub fn aggregates() -> Vec<Arc<AggregateUDF>> {
    vec![
        Arc::new(AggregateUDF::from(ApproxDistinct::new())),
        Arc::new(AggregateUDF::from(WindowFunnel::new())),
    ]
}
