//! From what happened inside to what the page is told.

use crate::store::StoreError;
use datafusion::common::DataFusionError;
use protocol::{ErrorCode, Failure};
use std::error::Error;

/// The failure that a store's error is on the wire.
pub fn of_store(error: &StoreError) -> Failure {
    Failure::new(error.code(), error.to_string())
}

/// The failure that an error of a running plan is on the wire: that of the store if the store is
/// its cause, else what DataFusion makes of it.
pub fn of_plan(error: &DataFusionError) -> Failure {
    if let Some(store) = cause::<StoreError>(error) {
        return of_store(store);
    }
    let code = match error.find_root() {
        DataFusionError::ParquetError(_) | DataFusionError::ArrowError(..) => {
            ErrorCode::MalformedFile
        }
        DataFusionError::ResourcesExhausted(_) => ErrorCode::OverBudget,
        DataFusionError::SchemaError(..) | DataFusionError::Plan(_) => ErrorCode::InvalidCatalog,
        _ => ErrorCode::Internal,
    };
    let message = match code {
        ErrorCode::OverBudget => {
            format!("the answer needs more memory than the engine has: narrow the range ({error})")
        }
        _ => error.strip_backtrace(),
    };
    Failure::new(code, message)
}

fn cause<'e, E: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        // DataFusion shares errors through `Arc`, Parquet boxes them; `source` leads through both.
        next = error.source();
    }
    None
}
