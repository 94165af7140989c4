//! From what happened inside to what the page is told.

use crate::reader::Oversized;
use crate::store::StoreError;
use crate::table::{DeletionError, FileError};
use ::functions::ArithmeticError;
use catalog::Name;
use datafusion::arrow::error::ArrowError;
use datafusion::common::DataFusionError;
use parquet::errors::ParquetError;
use protocol::{ErrorCode, Failure, TableVersion};
use std::error::Error;

/// The failure that a store's error is on the wire.
pub fn of_store(error: &StoreError) -> Failure {
    Failure::new(error.code(), error.to_string())
}

/// The store's error that `error` comes from, if it does.
pub fn store_error(error: &DataFusionError) -> Option<&StoreError> {
    cause(error)
}

/// The failure that an error of a running plan is on the wire: that of the store if the store is
/// its cause, else what DataFusion makes of it.
pub fn of_plan(error: &DataFusionError) -> Failure {
    if let Some(store) = cause::<StoreError>(error) {
        return of_store(store);
    }
    let is_log = cause::<FileError>(error).is_some() || cause::<DeletionError>(error).is_some();
    let code = match error.find_root() {
        _ if is_log => ErrorCode::MalformedLog,
        // The measure's fault, or that of the numbers; the file is as it should be.
        _ if cause::<ArithmeticError>(error).is_some() => ErrorCode::Uncomputable,
        _ if cause::<Oversized>(error).is_some() => ErrorCode::OverBudget,
        DataFusionError::ParquetError(parquet) if is_encrypted(parquet) => {
            ErrorCode::UnsupportedFeature
        }
        // Neither the file's fault nor the engine's: the expression does not fit the values.
        DataFusionError::Execution(_) => ErrorCode::Uncomputable,
        DataFusionError::ArrowError(arrow, _) if is_computed(arrow) && !is_of_column(error) => {
            ErrorCode::Uncomputable
        }
        DataFusionError::ParquetError(_) | DataFusionError::ArrowError(..) => {
            ErrorCode::MalformedFile
        }
        DataFusionError::ResourcesExhausted(_) => ErrorCode::OverBudget,
        DataFusionError::SchemaError(..) | DataFusionError::Plan(_) => ErrorCode::InvalidCatalog,
        _ => ErrorCode::Internal,
    };
    let message = match code {
        // The cause says it all; what DataFusion puts around it says nothing to a reader.
        _ if let Some(cause) = cause::<FileError>(error) => cause.to_string(),
        _ if let Some(cause) = cause::<DeletionError>(error) => cause.to_string(),
        _ if let Some(cause) = cause::<ArithmeticError>(error) => cause.to_string(),
        ErrorCode::OverBudget => {
            let reason = error.strip_backtrace();
            format!("the answer needs more memory than the engine has: narrow the range ({reason})")
        }
        ErrorCode::Uncomputable => reason(error.find_root()),
        _ => error.strip_backtrace(),
    };
    Failure::new(code, message)
}

/// Whether a kernel says so of the values that it computes with, and not a decoder of what it reads.
fn is_computed(error: &ArrowError) -> bool {
    matches!(
        error,
        ArrowError::ArithmeticOverflow(_)
            | ArrowError::CastError(_)
            | ArrowError::ComputeError(_)
            | ArrowError::DivideByZero
            | ArrowError::ParseError(_)
    )
}

/// Whether `error` came of reading a column as the table's type, which names the column in a context.
fn is_of_column(error: &DataFusionError) -> bool {
    match error {
        DataFusionError::Context(..) => true,
        DataFusionError::Shared(error) => is_of_column(error),
        _ => false,
    }
}

/// What `error` says, without the words that name its type.
fn reason(error: &DataFusionError) -> String {
    let text = match error {
        DataFusionError::ArrowError(error, _) => error.to_string(),
        error => error.strip_backtrace(),
    };
    let wrapped = ["Execution error: ", "Arithmetic overflow: ", "Cast error: ", "Parser error: "];
    let found = wrapped.iter().find_map(|wrapped| text.strip_prefix(wrapped));
    found.unwrap_or(&text).to_owned()
}

/// Names the measures in a failure to compute them.
pub fn in_measures(failure: Failure, measures: &[Name]) -> Failure {
    let names: Vec<&str> = measures.iter().map(Name::as_str).collect();
    let message = format!("measure {}: {}", names.join(" or "), failure.message);
    Failure { message, ..failure }
}

/// Whether the file is refused because nobody here has its key.
pub fn is_encrypted(error: &ParquetError) -> bool {
    {
        let text = error.to_string();
        text.contains("encryption") || text.contains("encrypted")
    }
}

/// Names the tables in a failure of a decoder, which does not know what it decodes.
pub fn in_file(failure: Failure, tables: &[TableVersion]) -> Failure {
    let names: Vec<&str> = tables.iter().map(|table| table.table.as_str()).collect();
    let message = format!("a data file of table {}: {}", names.join(" or "), failure.message);
    Failure { message, ..failure }
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
