//! Times of the years 0001 to 9999. DataFusion's `timestamp` counts nanoseconds, which end in the years 1677 and 2262; a
//! lake counts microseconds, and so does everything that is planned with what is here.
//!
//! A session needs all three: [`MicrosecondTypes`] for the types in a text, [`MicrosecondFunctions`] for functions that
//! give nanoseconds, [`MicrosecondCasts`] for the casts that the planner adds.

mod casts;
mod rewrite;
mod trunc;

pub use casts::MicrosecondCasts;
pub use rewrite::{MicrosecondFunctions, OneMoment};
pub use trunc::{DateTrunc, date_trunc};

use arrow::datatypes::{DataType, Field, FieldRef, TimeUnit};
use datafusion::error::Result;
use datafusion::logical_expr::planner::TypePlanner;
use datafusion::sql::sqlparser::ast::DataType as SqlType;
use std::sync::Arc;

/// The SQL type `timestamp`, also `timestamp(9)`, as microseconds; those with a time zone are in UTC and have none.
#[derive(Debug)]
pub struct MicrosecondTypes;

impl TypePlanner for MicrosecondTypes {
    fn plan_type_field(&self, sql_type: &SqlType) -> Result<Option<FieldRef>> {
        Ok(match sql_type {
            SqlType::Timestamp(None | Some(9), _) | SqlType::Datetime(None | Some(6)) => {
                let of = DataType::Timestamp(TimeUnit::Microsecond, None);
                Some(Arc::new(Field::new("", of, true)))
            }
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests;
