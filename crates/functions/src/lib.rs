//! SQL functions of Lakefront, for every DataFusion session of ours: the pipeline's and the browser
//! engine's. One implementation, so that a model and a measure say the same. Not here: functions that
//! DataFusion has and that answer alike on every platform.

mod approx_distinct;
mod arithmetic;
mod exact_sum;
mod filter;
#[cfg(test)]
mod session;
mod time;
mod window_funnel;

pub use approx_distinct::{ApproxDistinct, DistinctError};
pub use arithmetic::{ArithmeticError, CheckedArithmetic};
pub use exact_sum::ExactSum;
pub use time::{
    DateTrunc, MicrosecondCasts, MicrosecondFunctions, MicrosecondTypes, OneMoment, date_trunc,
};
pub use window_funnel::{FunnelError, WindowFunnel};

use datafusion::error::Result;
use datafusion::execution::{FunctionRegistry, SessionState, SessionStateBuilder};
use datafusion::logical_expr::{AggregateUDF, ScalarUDF};
use std::sync::Arc;

/// Makes `state` plan and compute as all of ours do: with our functions, arithmetic that does not wrap around, and times
/// in microseconds.
///
/// # Errors
/// DataFusion's, for a state that takes no functions.
pub fn install(state: SessionState) -> Result<SessionState> {
    let builder = SessionStateBuilder::new_from_existing(state);
    let mut state = builder
        .with_type_planner(Arc::new(MicrosecondTypes))
        .with_analyzer_rule(Arc::new(MicrosecondCasts))
        .build();
    for aggregate in aggregates() {
        state.register_udaf(aggregate)?;
    }
    for scalar in scalars() {
        state.register_udf(scalar)?;
    }
    state.register_function_rewrite(Arc::new(CheckedArithmetic))?;
    state.register_function_rewrite(Arc::new(MicrosecondFunctions))?;
    Ok(state)
}

/// The functions of single rows that replace DataFusion's own ones.
pub fn scalars() -> Vec<Arc<ScalarUDF>> {
    vec![Arc::new(ScalarUDF::from(DateTrunc::new()))]
}

/// The aggregates, to be registered in a session after DataFusion's own ones: those of the same name
/// replace them.
pub fn aggregates() -> Vec<Arc<AggregateUDF>> {
    vec![
        Arc::new(AggregateUDF::from(ApproxDistinct::new())),
        Arc::new(AggregateUDF::from(ExactSum::new())),
        Arc::new(AggregateUDF::from(WindowFunnel::new())),
    ]
}
