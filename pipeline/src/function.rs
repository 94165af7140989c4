//! The functions that models have beside those of DataFusion. They are pure: a value depends on the
//! arguments alone.

mod json;

use datafusion::error::DataFusionError;
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::ScalarUDF;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Makes every function known to `registry`.
///
/// # Errors
/// When `registry` takes no functions.
pub(crate) fn register(registry: &mut dyn FunctionRegistry) -> Result<(), DataFusionError> {
    for function in all() {
        registry.register_udf(function)?;
    }
    Ok(())
}

fn all() -> Vec<Arc<ScalarUDF>> {
    vec![Arc::new(ScalarUDF::from(json::JsonGetText::new()))]
}

/// The names of what is ours, also where another engine has a function of the same name.
pub(crate) fn own_names() -> BTreeSet<String> {
    let scalars = all();
    let aggregates = functions::aggregates();
    let of_scalars =
        scalars.iter().flat_map(|f| f.aliases().iter().map(String::as_str).chain([f.name()]));
    let of_aggregates =
        aggregates.iter().flat_map(|f| f.aliases().iter().map(String::as_str).chain([f.name()]));
    of_scalars.chain(of_aggregates).map(str::to_lowercase).collect()
}
