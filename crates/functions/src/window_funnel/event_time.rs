//! The time column: whole numbers of its own unit.

use super::FunnelError;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::buffer::ScalarBuffer;
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, TimeUnit as ArrowUnit, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};

/// What one step of a time column is. Zones do not matter: a timestamp with one is an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimeUnit {
    Day,
    Second,
    Millisecond,
    Microsecond,
    Nanosecond,
}

impl TimeUnit {
    /// The unit of a column of the type.
    ///
    /// # Errors
    /// [`FunnelError::TimeType`] when it is neither a timestamp nor a date.
    pub(super) fn of(data_type: &DataType) -> Result<TimeUnit, FunnelError> {
        Ok(match data_type {
            DataType::Date32 => TimeUnit::Day,
            DataType::Timestamp(ArrowUnit::Second, _) => TimeUnit::Second,
            DataType::Date64 | DataType::Timestamp(ArrowUnit::Millisecond, _) => {
                TimeUnit::Millisecond
            }
            DataType::Timestamp(ArrowUnit::Microsecond, _) => TimeUnit::Microsecond,
            DataType::Timestamp(ArrowUnit::Nanosecond, _) => TimeUnit::Nanosecond,
            found => return Err(FunnelError::TimeType { found: found.clone() }),
        })
    }

    /// Its length. A day has 24 hours: dates are midnights of one zone without changes of the clock.
    pub(super) fn nanos(self) -> u128 {
        match self {
            TimeUnit::Day => 86_400_000_000_000,
            TimeUnit::Second => 1_000_000_000,
            TimeUnit::Millisecond => 1_000_000,
            TimeUnit::Microsecond => 1_000,
            TimeUnit::Nanosecond => 1,
        }
    }
}

/// The times of a column, in its unit; what stands at its nulls means nothing.
///
/// # Errors
/// [`FunnelError::TimeType`] when it is neither a timestamp nor a date.
pub(super) fn times(column: &ArrayRef) -> Result<ScalarBuffer<i64>, FunnelError> {
    Ok(match column.data_type() {
        DataType::Date32 => {
            column.as_primitive::<Date32Type>().values().iter().map(|day| i64::from(*day)).collect()
        }
        DataType::Date64 => column.as_primitive::<Date64Type>().values().clone(),
        DataType::Timestamp(unit, _) => match unit {
            ArrowUnit::Second => column.as_primitive::<TimestampSecondType>().values().clone(),
            ArrowUnit::Millisecond => {
                column.as_primitive::<TimestampMillisecondType>().values().clone()
            }
            ArrowUnit::Microsecond => {
                column.as_primitive::<TimestampMicrosecondType>().values().clone()
            }
            ArrowUnit::Nanosecond => {
                column.as_primitive::<TimestampNanosecondType>().values().clone()
            }
        },
        found => return Err(FunnelError::TimeType { found: found.clone() }),
    })
}
