//! The functions that models have beside those of DataFusion. They are pure: a value depends on the
//! arguments alone.

mod json;

use datafusion::error::DataFusionError;
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::ScalarUDF;
use std::sync::Arc;

/// Makes every function known to `registry`.
///
/// # Errors
/// When `registry` takes no functions.
pub(crate) fn register(registry: &mut dyn FunctionRegistry) -> Result<(), DataFusionError> {
    registry.register_udf(Arc::new(ScalarUDF::from(json::JsonGetText::new())))?;
    Ok(())
}
